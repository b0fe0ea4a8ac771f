//! Plays disputes by the million against every known attack.
//!
//! Games are played on a virtual chain: `assay_dispute_game::testing::sim` says how, and what is checked.
//!
//! Everything follows from the seed: the digest of a run is the same for the same code, seed and number
//! of games, on any number of threads.

mod curves;
mod search;
mod single;
mod virtual_chain;

use assay_sim::{args::Args, output};
use clap::Parser;
use std::{path::PathBuf, process::ExitCode};

/// Plays disputes against every known attack. Ends with one line that starts with `SIM`: `worst_time` is
/// in blocks, `worst_griefing` what an adversary lost for each unit that the honest side spent.
#[derive(Clone, Debug, Parser)]
#[command(name = "sim.sh", version)]
struct Command {
	#[command(flatten)]
	args: Args,
	/// Breed strategies that gain more or lose less than the known ones. Ends with a line that starts with
	/// `SEARCH`: `best_profit` is what a coalition gained at most, in tokens, `self_slash_lost` what part of
	/// a stake it lost at least by convicting itself
	#[arg(long, conflicts_with = "strategy")]
	search: bool,
	/// Search, with so many games each, for some values of each of the terms: bonds, shares, places and clocks.
	/// Prints a line that starts with `CURVE` for each
	#[arg(long, conflicts_with_all = ["strategy", "search"])]
	curves: bool,
	/// Other terms than the runtime's, as those that `--curves` names: `--term clock=600`
	#[arg(long, value_name = "NAME=VALUE", conflicts_with = "curves")]
	term: Vec<String>,
	/// Play the matches of this file instead, as a run writes them where they go wrong
	#[arg(long, value_name = "FILE", conflicts_with_all = ["search", "curves"])]
	scenario: Option<PathBuf>,
}

fn main() -> ExitCode {
	let Command { args, search, curves, term, scenario } = Command::parse();
	if let Some(file) = scenario {
		return single::play_file(&file);
	}
	let mut wanted = match output::wanted(&args) {
		Ok(wanted) => wanted,
		Err(code) => return code,
	};
	for term in &term {
		if let Err(error) = curves::set(&mut wanted.terms, term) {
			eprintln!("error: {error}");
			return ExitCode::from(2);
		}
	}
	if curves {
		return curves::curves(&args, &wanted);
	}
	if search {
		return search::search(&args, &wanted);
	}
	let run = virtual_chain::run(&args, &wanted);
	let again = |fault: &_| {
		let (again, smallest) =
			(output::again(&args, fault, &wanted), single::smallest(fault, &wanted));
		format!("{again}\n{smallest}")
	};
	output::run(&run, again)
}
