//! Workers that lie, one lie per file, for tests and demos.
//!
//! Everything but the lie is the honest worker: `assay_worker::serve` with its
//! [`Kernels`](assay_worker::Kernels) or its [`Behaviour`](assay_worker::Behaviour) bent in one place.
//! A node whose executor is this binary is a dishonest node that is otherwise up to date.

mod bit_flip;
mod lies;
mod plan;

use std::{
	io,
	process::ExitCode,
	sync::{Arc, OnceLock},
	thread,
};

use assay_worker::{log_to_stderr, serve, Behaviour, CpuKernels, Honest};
use clap::{Parser, ValueEnum};

use bit_flip::BitFlip;
use plan::Plan;

/// A worker that lies. Speaks the worker protocol over standard input and output.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
	/// What it lies about.
	#[arg(long, value_enum)]
	lie: Kind,
	/// The step that is computed wrongly (or after which it falls silent, or that it accuses), counted
	/// from 0 [default: the middle one].
	#[arg(long)]
	step: Option<u64>,
	/// The node of the program whose output is changed [default: what the lie says].
	#[arg(long)]
	node: Option<u16>,
	/// With `withhold`: publish the list of states all the same. Hosts that insist on it take no
	/// training without.
	#[arg(long)]
	publish_claim: bool,
	/// Threads that compute [default: one for each processor].
	#[arg(long)]
	threads: Option<usize>,
	/// Takes no effect: other workers are started with this word.
	#[arg(hide = true)]
	command: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
	/// Does not lie: the control of an experiment.
	Honest,
	/// Changes one bit in the forward pass of one step and goes on consistently.
	Forward,
	/// Changes one bit of a parameter's gradient in one step and goes on consistently.
	Backward,
	/// Changes one bit of a parameter as the optimiser of one step leaves it.
	Optimiser,
	/// Stops making progress after some steps, answers pings, and never finishes.
	Silent,
	/// Trains as `forward` does and publishes no list, so that it must be asked on the chain.
	Withhold,
	/// Trains as `forward` does; in a dispute, invents the state after the first step of the stride.
	Steps,
	/// Trains as `forward` does; in a dispute, says that a parameter entered the step as another tensor.
	Trace,
	/// Changes one bit of a long reduction; in a dispute, posts partials that end in the wrong tile.
	Partials,
	/// Trains honestly, but finds fault with every claim and disputes it.
	Accuse,
}

impl Options {
	fn serve(&self) -> Result<(), String> {
		let plan = Arc::new(Plan::new(self.step, self.node));
		match self.lie {
			Kind::Honest => self.serve_as(&plan, Honest),
			Kind::Forward => self.serve_as(&plan, lies::Forward(plan.clone())),
			Kind::Backward => self.serve_as(&plan, lies::Backward(plan.clone())),
			Kind::Optimiser => self.serve_as(&plan, lies::Optimiser(plan.clone())),
			Kind::Silent => self.serve_as(&plan, lies::Silent(plan.clone())),
			Kind::Withhold => {
				let publish_claim = self.publish_claim;
				self.serve_as(&plan, lies::Withhold { plan: plan.clone(), publish_claim })
			},
			Kind::Steps => self.serve_as(&plan, lies::Steps(plan.clone())),
			Kind::Trace => {
				self.serve_as(&plan, lies::Trace { plan: plan.clone(), reader: OnceLock::new() })
			},
			Kind::Partials => self.serve_as(&plan, lies::Partials(plan.clone())),
			Kind::Accuse => self.serve_as(&plan, lies::Accuse(plan.clone())),
		}
	}

	fn serve_as(&self, plan: &Arc<Plan>, lie: impl Behaviour) -> Result<(), String> {
		let processors = || thread::available_parallelism().map_or(1, usize::from);
		let kernels = CpuKernels::new(self.threads.unwrap_or_else(processors))
			.map_err(|error| error.to_string())?;
		let kernels = BitFlip { kernels, plan: plan.clone() };
		serve(kernels, lie, io::stdin().lock(), io::stdout()).map_err(|error| error.to_string())
	}
}

fn main() -> ExitCode {
	log_to_stderr();
	match Options::parse().serve() {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("error: {error}");
			ExitCode::FAILURE
		},
	}
}
