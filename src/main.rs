//! The `soquete` program.
fn main() {}
