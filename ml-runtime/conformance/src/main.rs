//! The command line of the suite: `assay-conformance --help` teaches it.

mod cli;

fn main() -> std::process::ExitCode {
	cli::main()
}
