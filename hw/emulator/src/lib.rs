//! An emulated E1.
