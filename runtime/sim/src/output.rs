//! What is printed.

use crate::{
	args::Args,
	bounds::{ratio, Worst, HARM},
	run::Run,
};
use assay_dispute_game::testing::sim::{Fault, Tally, Wanted, Without, STRATEGIES};
use std::process::ExitCode;

/// Faults that are shrunk and shown.
const SHOWN: usize = 5;

/// What is wanted of every match; how the process ends where there is nothing to play.
pub fn wanted(args: &Args) -> Result<Wanted, ExitCode> {
	if args.list {
		list();
		return Err(ExitCode::SUCCESS);
	}
	args.wanted().map_err(|why| {
		eprintln!("error: {why}");
		ExitCode::from(2)
	})
}

/// What a run came to; `again` is the command that plays a fault again.
pub fn run(run: &Run, again: impl Fn(&Fault) -> String) -> ExitCode {
	table(&run.tally);
	faults(&run.tally, &again);
	cheap(&run.tally, &again);
	let worst = Worst { griefing: run.tally.total().griefing, ..Worst::default() };
	let held = worst.hold();
	summary(run);
	ExitCode::from(u8::from(!run.is_clean() || !held))
}

/// All strategies and what they try.
fn list() {
	for strategy in STRATEGIES {
		let known = strategy.known.map(|why| format!(" [wins: {why}]")).unwrap_or_default();
		println!("{:28} {}{known}", strategy.name, strategy.tries);
	}
}

/// A line for each strategy.
fn table(tally: &Tally) {
	println!(
		"{:28} {:>10} {:>10} {:>7} {:>8} {:>8} {:>10} {:>10} {:>8}",
		"strategy", "matches", "games", "wrong", "longest", "alone", "griefing", "worst", "tips"
	);
	for (line, strategy) in tally.lines.iter().zip(STRATEGIES) {
		if line.matches > 0 {
			let all = if line.cost > 0 { line.loss * 100 / line.cost } else { i64::MAX };
			println!(
				"{:28} {:>10} {:>10} {:>7} {:>8} {:>8} {:>10} {:>10} {:>8.2}",
				strategy.name,
				line.matches,
				line.games,
				line.wrong,
				line.longest,
				line.longest_alone,
				ratio(all),
				ratio(line.griefing),
				line.tips as f64 / 1e6
			);
		}
	}
	println!("{} moves, digest {:016x}", tally.moves, tally.trace);
}

/// Strategies by which harm cost less than it should, each with the command that plays the cheapest match again.
fn cheap(tally: &Tally, again: impl Fn(&Fault) -> String) {
	for (line, strategy) in tally.lines.iter().zip(STRATEGIES) {
		if line.griefing < HARM {
			let (strategy, seed) = (strategy.name, line.cheapest);
			let what = format!("{} lost for each unit of harm", ratio(line.griefing));
			println!("CHEAP seed {seed} ({strategy}): {what}");
			println!("  {}", again(&Fault { seed, strategy, what }));
		}
	}
}

/// The first faults, each with the command that plays it again.
fn faults(tally: &Tally, again: impl Fn(&Fault) -> String) {
	for fault in tally.faults.iter().take(SHOWN) {
		println!("WRONG seed {} ({}): {}", fault.seed, fault.strategy, fault.what);
		println!("  {}", again(fault));
	}
}

/// The command that plays a fault again.
pub fn again(args: &Args, fault: &Fault, wanted: &Wanted) -> String {
	let strategy = args.strategy.as_ref().map(|name| format!(" --strategy {name}"));
	let adversaries = wanted.adversaries.map(|count| format!(" --adversaries {count}"));
	format!(
		"scripts/sim.sh --games 1 --seed {}{}{}{}",
		fault.seed,
		strategy.unwrap_or_default(),
		adversaries.unwrap_or_default(),
		left_out(&wanted.without)
	)
}

fn left_out(without: &Without) -> String {
	let parts = [
		(without.censorship, "censorship"),
		(without.forks, "forks"),
		(without.crashes, "crashes"),
		(without.replays, "replays"),
		(without.others, "others"),
	];
	let names: Vec<&str> = parts.iter().filter(|(out, _)| *out).map(|(_, name)| *name).collect();
	if names.is_empty() {
		String::new()
	} else {
		format!(" --without {}", names.join(","))
	}
}

/// The line that a run ends with.
fn summary(run: &Run) {
	let total = run.tally.total();
	let per_second = total.games as f64 / run.time.as_secs_f64();
	println!(
		"SIM games={} wrong={} late={} worst_time={} worst_time_alone={} worst_griefing={} \
		games_per_s={per_second:.0}",
		total.games,
		total.wrong,
		run.tally.late,
		total.longest,
		total.longest_alone,
		ratio(total.griefing)
	);
}
