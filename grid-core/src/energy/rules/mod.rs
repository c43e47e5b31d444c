//! The laws by which communities share, one file each.
