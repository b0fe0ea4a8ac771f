//! Workers that lie, one lie per file, for tests and demos.
fn main() {}
