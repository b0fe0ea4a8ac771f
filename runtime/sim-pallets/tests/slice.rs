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
