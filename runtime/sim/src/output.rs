//! What is printed.

use crate::{
	args::Args,
	run::{caught, quietly, Run},
};
use assay_dispute_game::testing::sim::{shrink, Library, Tally, Wanted, Without, STRATEGIES};

/// Faults that are shrunk and shown.
const SHOWN: usize = 5;

/// All strategies and what they try.
pub(crate) fn list() {
	for strategy in STRATEGIES {
		let known = strategy.known.map(|why| format!(" [wins: {why}]")).unwrap_or_default();
		println!("{:28} {}{known}", strategy.name, strategy.tries);
	}
}

/// What an adversary lost for each unit that the honest side spent; in hundredths.
fn ratio(hundredths: i64) -> String {
	match hundredths {
		i64::MAX => "-".into(),
		hundredths => format!("{:.2}", hundredths as f64 / 100.0),
	}
}

/// A line for each strategy.
pub(crate) fn table(tally: &Tally) {
	println!(
		"{:28} {:>10} {:>10} {:>7} {:>8} {:>10} {:>10}",
		"strategy", "matches", "games", "wrong", "longest", "griefing", "worst"
	);
	for (line, strategy) in tally.lines.iter().zip(STRATEGIES) {
		if line.matches > 0 {
			let all = if line.cost > 0 { line.loss * 100 / line.cost } else { i64::MAX };
			println!(
				"{:28} {:>10} {:>10} {:>7} {:>8} {:>10} {:>10}",
				strategy.name,
				line.matches,
				line.games,
				line.wrong,
				line.longest,
				ratio(all),
				ratio(line.griefing)
			);
		}
	}
	println!("{} moves, digest {:016x}", tally.moves, tally.trace);
}

/// The first faults, each with the command that plays it again, as small as it gets.
pub(crate) fn faults(args: &Args, wanted: &Wanted, tally: &Tally) {
	let mut library = Library::default();
	for fault in tally.faults.iter().take(SHOWN) {
		let smaller = || caught(|| shrink(fault, wanted, &mut library)).unwrap_or(*wanted);
		let small = quietly(smaller);
		let strategy = args.strategy.as_ref().map(|name| format!(" --strategy {name}"));
		let adversaries = small.adversaries.map(|count| format!(" --adversaries {count}"));
		println!("WRONG seed {} ({}): {}", fault.seed, fault.strategy, fault.what);
		println!(
			"  scripts/sim.sh --games 1 --seed {}{}{}{}",
			fault.seed,
			strategy.unwrap_or_default(),
			adversaries.unwrap_or_default(),
			left_out(&small.without)
		);
	}
}

fn left_out(without: &Without) -> String {
	let parts = [
		(without.censorship, "censorship"),
		(without.forks, "forks"),
		(without.crashes, "crashes"),
		(without.replays, "replays"),
	];
	let names: Vec<&str> = parts.iter().filter(|(out, _)| *out).map(|(_, name)| *name).collect();
	if names.is_empty() {
		String::new()
	} else {
		format!(" --without {}", names.join(","))
	}
}

/// The line that a run ends with.
pub(crate) fn summary(run: &Run) {
	let total = run.tally.total();
	let per_second = total.games as f64 / run.time.as_secs_f64();
	println!(
		"SIM games={} wrong={} late={} worst_time={} worst_griefing={} games_per_s={per_second:.0}",
		total.games,
		total.wrong,
		run.tally.late,
		total.longest,
		ratio(total.griefing)
	);
}
