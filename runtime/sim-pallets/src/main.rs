//! The same adversaries against the pallets of the real runtime.
//!
//! Every call is dispatched with a signed origin on the storage that the preset `development` begins with,
//! every block begins with the hooks of all pallets, and every game is about a real training program whose
//! tiles the real referee judges. The honest side is the runtime's off-chain worker; only its executor, who
//! finds moves by the production strategy, is one that remembers them, and transactions are not signed.
//!
//! A **round** is one chain with a few dozen claims on it at once. Checked are, at the end of each: right
//! claims were paid and wrong ones fell; the honest side got its bonds back and exactly what it is owed;
//! all games ended in time; the total issuance fell by exactly what events say was burned; and every
//! invariant of our pallets holds.

mod books;
mod claim;
mod content;
mod foe;
mod genesis;
mod honest;
mod lore;
mod people;
mod round;
mod wrong_executor;

use assay_dispute_game::testing::sim::{Tally, Wanted};
use assay_sim::{
	args::Args,
	output,
	run::{self, caught, Run},
};
use clap::Parser;
use honest::Node;
use std::process::ExitCode;

/// Rounds that a thread plays before it reports.
const BATCH: u64 = 2;

/// Plays disputes against every known attack on the pallets of the real runtime. Ends with one line that
/// starts with `SIM`: `worst_time` is in blocks, `worst_griefing` what an adversary lost for each unit that
/// the honest side spent.
#[derive(Clone, Debug, Parser)]
#[command(name = "sim.sh --pallets", version)]
struct Command {
	#[command(flatten)]
	args: Args,
	/// Instead: a quarter of the challengers run a wrong executor and dispute every claim by the honest
	/// rules, until they have no money left. Ends with a line that starts with `WRONG-EXECUTOR`.
	#[arg(long)]
	wrong_executor: bool,
}

fn main() -> ExitCode {
	let Command { args, wrong_executor } = Command::parse();
	if wrong_executor {
		return mistaken(args.seed);
	}
	let wanted = match output::wanted(&args) {
		Ok(wanted) => wanted,
		Err(code) => return code,
	};
	let run = play(&args, &wanted);
	output::run(&run, |fault| {
		output::again(&args, fault, &wanted).replacen("sim.sh", "sim.sh --pallets", 1)
	})
}

/// Plays the scene of the wrong executors.
fn mistaken(seed: u64) -> ExitCode {
	match caught(|| wrong_executor::run(seed, &Node::new())) {
		Ok(Ok(summary)) => {
			println!("{}", summary.line(seed));
			ExitCode::SUCCESS
		},
		Ok(Err(what)) | Err(what) => {
			println!("WRONG seed {seed}: {what}");
			ExitCode::FAILURE
		},
	}
}

/// Plays rounds on all cores until there were enough games.
fn play(args: &Args, wanted: &Wanted) -> Run {
	run::run(args, BATCH, Node::new, |node, first, count| {
		let mut tally = Tally::default();
		for seed in (0..count).map(|offset| first.wrapping_add(offset)) {
			match caught(|| round::play(seed, wanted, node)) {
				Ok(played) => tally.add(played),
				Err(panic) => {
					let strategy = wanted.strategy.map_or("?", |strategy| strategy.name);
					tally.count(seed, Err(run::fault(seed, strategy, panic)));
				},
			}
		}
		tally
	})
}
