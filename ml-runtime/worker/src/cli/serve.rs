//! `serve`: one job for a node, over standard input and output.

use std::io::{stdin, stdout};

use assay_worker::Honest;

use super::{fault::Fault, Common};

/// Do one job for a node, which speaks over standard input and output. Nodes start it themselves.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(common: &Common) -> Result<(), Fault> {
	assay_worker::log_to_stderr();
	let served = assay_worker::serve(common.kernels()?, Honest, stdin().lock(), stdout());
	served.map_err(|error| Fault::Machine { message: error.to_string() })
}
