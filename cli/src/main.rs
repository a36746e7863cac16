//! The command line of `civis`.
fn main() {}
