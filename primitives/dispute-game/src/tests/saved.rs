//! Matches as text.

use crate::testing::sim::{named_strategy, shrink, Library, Saved, Scenario, Wanted, STRATEGIES};
use alloc::vec::Vec;

/// Matches that have gone wrong once.
const REGRESSIONS: &str = include_str!("../testing/sim/regressions.txt");

#[test]
fn truth_should_win_when_a_match_has_gone_wrong_before() {
	let saved = Saved::read(REGRESSIONS).expect("the file is in the format");
	let scenarios = saved.scenarios().expect("the file is in the format");
	assert!(!scenarios.is_empty());
	for scenario in scenarios {
		let played = scenario.play();
		assert!(played.is_ok(), "{}: {played:?}", scenario.write());
	}
}

#[test]
fn match_should_come_to_the_same_when_it_is_written_and_read() {
	let mut library = Library::default();
	for seed in 0..120 {
		let strategy = &STRATEGIES[seed as usize % STRATEGIES.len()];
		let wanted = Wanted { strategy: Some(strategy), ..Wanted::default() };
		let scenario = Scenario::draw(seed, &wanted, &mut library);
		let text = scenario.write();
		let saved = Saved::read(&text).unwrap();
		let scenarios = saved.scenarios().unwrap();
		let [again] = scenarios.as_slice() else { panic!("{text}") };
		assert_eq!(again.write(), text);
		let (one, other) = (scenario.play().unwrap(), again.play().unwrap());
		assert_eq!((one.trace, one.loss), (other.trace, other.loss), "{text}");
	}
}

#[test]
fn text_should_be_refused_when_it_is_no_match() {
	let text = |line: &str| alloc::format!("match seed=1\ntask steps=2\n{line}");
	let refused = |line: &str| match Saved::read(&text(line)) {
		Ok(saved) => saved.scenarios().is_err(),
		Err(_) => true,
	};
	assert!(Saved::read("strategy noise=1").is_err());
	let lines =
		["liar lie:1", "liar tile:1", "strategy noise=x", "strategy foo=1", "claim", "word"];
	let accepted: Vec<_> = lines.into_iter().filter(|line| !refused(line)).collect();
	assert!(accepted.is_empty(), "{accepted:?}");
}

#[test]
fn match_should_keep_only_what_it_needs_when_it_is_shrunk() {
	let mut library = Library::default();
	let strategy = named_strategy("everything");
	let wanted = Wanted { strategy, ..Wanted::default() };
	let scenario = Scenario::draw(3, &wanted, &mut library);
	let asks = |scenario: &Scenario<'_>| scenario.write().contains("withholds=true");
	let smallest = shrink(&scenario, asks);
	let text = smallest.write();
	let strategy = text.lines().find(|line| line.starts_with("strategy"));
	assert_eq!(strategy, Some("strategy name=everything withholds=true"));
	assert_eq!(text.lines().filter(|line| line.starts_with("claim")).count(), 1);
}
