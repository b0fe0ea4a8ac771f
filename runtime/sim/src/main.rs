//! Plays disputes by the million against every known attack.
//!
//! Without `--pallets` games are played on a virtual chain: `assay_dispute_game::testing::sim` says how,
//! and what is checked. With it they are played through the calls of the real runtime ([`pallets`]).
//!
//! Everything follows from the seed: the digest of a run is the same for the same code, seed and number
//! of games, on any number of threads.

mod args;
mod output;
#[cfg(feature = "pallets")]
mod pallets;
mod run;
mod virtual_chain;

use assay_dispute_game::testing::sim::Wanted;
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
	let run =
		if args.pallets { on_pallets(&args, &wanted) } else { virtual_chain::run(&args, &wanted) };
	output::table(&run.tally);
	output::faults(&args, &wanted, &run.tally);
	output::summary(&run);
	ExitCode::from(u8::from(!run.is_clean()))
}

#[cfg(feature = "pallets")]
fn on_pallets(args: &args::Args, wanted: &Wanted) -> run::Run {
	pallets::run(args, wanted)
}

#[cfg(not(feature = "pallets"))]
fn on_pallets(args: &args::Args, wanted: &Wanted) -> run::Run {
	// The command line has refused the option.
	virtual_chain::run(args, wanted)
}
