//! Plays disputes by the million against every known attack.
//!
//! Games are played on a virtual chain: `assay_dispute_game::testing::sim` says how, and what is checked.
//!
//! Everything follows from the seed: the digest of a run is the same for the same code, seed and number
//! of games, on any number of threads.

mod args;
mod output;
mod run;
mod search;
mod virtual_chain;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
	let args = args::Args::parse();
	if args.list {
		output::list();
		return ExitCode::SUCCESS;
	}
	let wanted = match args.wanted() {
		Ok(wanted) => wanted,
		Err(why) => {
			eprintln!("error: {why}");
			return ExitCode::from(2);
		},
	};
	if args.search {
		return search::search(&args, &wanted);
	}
	let run = virtual_chain::run(&args, &wanted);
	output::table(&run.tally);
	output::faults(&args, &wanted, &run.tally);
	output::summary(&run);
	ExitCode::from(u8::from(!run.is_clean()))
}
