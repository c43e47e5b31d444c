//! What looks wrong in readings, by name.
