//! What was issued cannot be changed unseen.
