//! The command line.

use assay_dispute_game::testing::sim::{named_strategy, Terms, Wanted, Without};
use clap::ValueEnum;
use std::num::NonZeroUsize;

/// What can be left out of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
	/// Censored blocks, and blocks that are filled for money.
	Censorship,
	/// Re-orgs.
	Forks,
	/// Crashes of the honest agent, and damage to its files.
	Crashes,
	/// The time that replays take.
	Replays,
	/// Claims but the first.
	Others,
}

/// What is played, and how much of it.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
	/// Games to play, at least.
	#[arg(long, default_value_t = 100_000)]
	pub games: u64,
	/// Seed of the first match; the next ones follow.
	#[arg(long, default_value_t = 1)]
	pub seed: u64,
	/// One strategy instead of all that are not known to win.
	#[arg(long)]
	pub strategy: Option<String>,
	/// Accounts of the adversary, instead of what the seed says.
	#[arg(long)]
	pub adversaries: Option<u32>,
	/// Leave something out.
	#[arg(long, value_delimiter = ',')]
	pub without: Vec<Part>,
	/// Threads; one for each core if not given.
	#[arg(long)]
	threads: Option<NonZeroUsize>,
	/// List the strategies, and play nothing.
	#[arg(long)]
	pub list: bool,
}

impl Args {
	/// What is wanted of every match.
	pub fn wanted(&self) -> Result<Wanted, String> {
		let strategy = match &self.strategy {
			None => None,
			Some(name) => Some(
				named_strategy(name).ok_or(format!("no strategy is called {name}; see --list"))?,
			),
		};
		let without = |part| self.without.contains(&part);
		let without = Without {
			censorship: without(Part::Censorship),
			forks: without(Part::Forks),
			crashes: without(Part::Crashes),
			replays: without(Part::Replays),
			others: without(Part::Others),
		};
		let terms = Terms::default();
		Ok(Wanted { strategy, adversaries: self.adversaries, without, terms, planted: None })
	}

	/// How many threads play.
	pub fn threads(&self) -> usize {
		let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
		self.threads.map_or_else(cores, NonZeroUsize::get)
	}
}
