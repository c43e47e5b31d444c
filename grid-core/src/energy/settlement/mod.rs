//! From shared energy to statements.
