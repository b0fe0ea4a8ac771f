//! Worker: one job at a time, no keys, no network.
fn main() {}
