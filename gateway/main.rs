//! The `isthmus` program.
fn main() {}
