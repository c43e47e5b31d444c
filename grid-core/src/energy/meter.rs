//! From what a register shows to what was used between two looks at it.
