//! What is missing, filled in and marked.
