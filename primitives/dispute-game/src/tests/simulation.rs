//! A slice of the simulation: every strategy.

use alloc::{boxed::Box, collections::BTreeSet, string::String, vec::Vec};

use crate::testing::{
	sim::{play, Deed, Fault, Library, Strategy, Tally, Wanted, FEATURES, STRATEGIES},
	Rng,
};

/// Matches of the slice.
const MATCHES: u64 = 10_000;

/// Most blocks of a game that was alone about its claim: both clocks, with replays, and the agenda's slack.
const LONGEST_ALONE: u32 = 2 * (300 + 50) + 64;
/// Most blocks of a game beside 31 others.
const LONGEST: u32 = 2 * (300 + 50 * 32) + 64;

/// What an attack is to cost for each hundred of harm.
const HARM: i64 = 1_000;

pub(super) fn simulate(seeds: impl Iterator<Item = u64>, wanted: &Wanted) -> Tally {
	let (mut tally, mut library) = (Tally::default(), Library::default());
	for seed in seeds {
		tally.count(seed, play(seed, wanted, &mut library));
	}
	tally
}

#[test]
fn truth_should_win_in_time_when_adversaries_try_everything() {
	let tally = simulate(0..MATCHES, &Wanted::default());
	let none: &[Fault] = &[];
	assert_eq!((tally.faults.as_slice(), tally.late), (none, 0));
	let total = tally.total();
	assert!(total.games >= 20_000, "{} games", total.games);
	assert!(total.longest_alone <= LONGEST_ALONE, "{} blocks", total.longest_alone);
	assert!(total.longest <= LONGEST, "{} blocks", total.longest);
	assert!(total.griefing >= HARM, "{} for each hundred", total.griefing);
	let met = [
		Deed::AttackedSeveralClaims,
		Deed::MetRightClaims,
		Deed::WentBackInJournal,
		Deed::LetItWait,
		Deed::Flooded,
		Deed::ReorgedWhileDown,
		Deed::CrashedInFork,
		Deed::ForkedAgain,
		Deed::DamagedFiles,
	];
	assert!(total.deeds.have(&met), "{:?}", total.deeds);
	for (line, strategy) in tally.lines.iter().zip(STRATEGIES) {
		assert_eq!(line.games == 0, strategy.known.is_some(), "{}", strategy.name);
	}
}

#[test]
fn truth_should_win_and_attacks_cost_ten_times_their_harm_when_strategies_are_bred() {
	let (mut library, mut rng) = (Library::default(), Rng(1));
	for seed in 0..2_000 {
		let parent = &STRATEGIES[rng.below(STRATEGIES.len() as u32) as usize];
		let bred = match seed % 3 {
			0 => Strategy::any(&mut rng),
			1 => parent.bent(&mut rng),
			_ => parent.cross(&Strategy::any(&mut rng), &mut rng),
		};
		let strategy: &'static Strategy = Box::leak(Box::new(bred));
		let wanted = Wanted { strategy: Some(strategy), ..Wanted::default() };
		let report = play(seed, &wanted, &mut library);
		let report = report.unwrap_or_else(|fault| panic!("{fault:?}: {}", bred.features()));
		let cheap = report.games > 0 && report.loss < 10 * report.cost;
		assert!(!cheap && report.late == 0, "seed {seed}, {}: {report:?}", bred.features());
		assert!(report.games == 0 || report.loss > 0, "seed {seed}, {}", bred.features());
	}
}

#[test]
fn every_feature_should_be_bred_when_strategies_are_drawn() {
	let mut rng = Rng(7);
	let described: Vec<String> = (0..200).map(|_| Strategy::any(&mut rng).features()).collect();
	let words = described.iter().flat_map(|text| text.split(' '));
	let names: BTreeSet<&str> = words.filter_map(|word| Some(word.split_once('=')?.0)).collect();
	assert_eq!(names.len(), FEATURES as usize, "{names:?}");
}

#[test]
fn trace_should_be_the_same_when_the_seed_is() {
	let seeds = || (0..400).map(|seed| seed * 977);
	let [one, two] = [(); 2].map(|()| simulate(seeds(), &Wanted::default()));
	assert_eq!(one, two);
	let other = simulate(seeds().map(|seed| seed + 1), &Wanted::default());
	assert_ne!(one.trace, other.trace);
}
