//! The command line of Assay: prepares tasks, trains and evaluates on this machine, and serves a node.
//!
//! `assay-worker --help` teaches it. Exit codes: 0 done, 2 wrong usage, 3 refused input, 4 a fault of
//! this machine, 5 a check that found a difference.

mod cli;

fn main() -> std::process::ExitCode {
	cli::main()
}
