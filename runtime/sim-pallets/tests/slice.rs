//! A slice of what `scripts/sim.sh --pallets` plays, small enough for every change.

use std::process::Command;

/// The output of a run from this seed.
fn played(seed: &str, games: &str, threads: &str) -> String {
	let run = Command::new(env!("CARGO_BIN_EXE_assay-sim-pallets"))
		.args(["--games", games, "--seed", seed, "--threads", threads])
		.output()
		.expect("the binary was built for this test");
	let output = String::from_utf8(run.stdout).expect("the output is text");
	assert!(run.status.success(), "{output}");
	output
}

/// The word after this one, on whatever line.
fn word_after<'a>(output: &'a str, word: &str) -> &'a str {
	let mut words = output.split_whitespace().skip_while(|found| *found != word);
	words.nth(1).expect("the output has the word")
}

#[test]
fn truth_should_win_on_the_pallets_when_adversaries_try_everything() {
	let output = played("1", "600", "2");
	let last = output.lines().last().expect("there is output");
	assert!(last.starts_with("SIM games=") && last.contains(" wrong=0 late=0 "), "{last}");
}

#[test]
fn digest_should_not_change_when_threads_do() {
	let digests = ["1", "2"].map(|threads| {
		let output = played("77", "150", threads);
		word_after(&output, "digest").to_owned()
	});
	assert_eq!(digests[0], digests[1]);
}

#[test]
fn wrong_executors_should_run_out_of_bonds_and_stall_nothing_when_they_dispute_every_claim() {
	let run = Command::new(env!("CARGO_BIN_EXE_assay-sim-pallets"))
		.args(["--wrong-executor", "--seed", "1"])
		.output()
		.expect("the binary was built for this test");
	let output = String::from_utf8(run.stdout).expect("the output is text");
	assert!(run.status.success(), "{output}");
	let figure = |name: &str| -> f64 {
		let word = output.split_whitespace().find_map(|word| word.strip_prefix(name));
		word.and_then(|value| value.parse().ok()).expect("the line has the figure")
	};
	assert_eq!(figure("paid=") + figure("fallen="), figure("claims="), "{output}");
	assert!(figure("late=") == 0.0 && figure("false_games=") > 20.0, "{output}");
	// No claim waits longer than one clock of a game that was opened in the last block of its window.
	assert!(figure("worst_delay=") <= 300.0, "{output}");
	// Each of four has less left than a bond of about five tokens.
	assert!(figure("left=") < 20.0, "{output}");
}
