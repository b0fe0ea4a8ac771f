//! The simulator can be seen to fail: each planted fault is found, by the check that is there for it.

use super::simulation::simulate;
use crate::{
	testing::sim::{named_strategy, Planted, Tally, Wanted},
	PhaseKind,
};

/// Matches with a planted fault.
const MATCHES: u64 = 60;

fn plant(planted: Planted, strategy: &str) -> Tally {
	let strategy = Some(named_strategy(strategy).expect("a strategy"));
	let planted = Some(planted);
	simulate(0..MATCHES, &Wanted { strategy, planted, ..Wanted::default() })
}

/// The check that finds the fault, whenever one does.
fn is_found(planted: Planted, strategy: &str, by: &str) {
	let tally = plant(planted, strategy);
	assert!(tally.total().wrong > 0, "{planted:?} is not found");
	for fault in &tally.faults {
		assert_eq!(fault.what, by, "{planted:?}, seed {}", fault.seed);
	}
}

#[test]
fn nothing_should_be_found_when_nothing_is_planted() {
	for strategy in ["believer", "heavy", "withhold", "cap"] {
		let strategy = named_strategy(strategy);
		let tally = simulate(0..MATCHES, &Wanted { strategy, ..Wanted::default() });
		assert_eq!((tally.total().wrong, tally.late), (0, 0));
	}
}

#[test]
fn silence_should_be_found_when_the_honest_side_skips_a_phase() {
	let silence = "the honest side lost by silence within its budget";
	for kind in [PhaseKind::Steps, PhaseKind::Step, PhaseKind::Trace, PhaseKind::Tile] {
		is_found(Planted::Mute(kind), "believer", silence);
	}
	is_found(Planted::Mute(PhaseKind::Opening), "ask", silence);
	is_found(Planted::Mute(PhaseKind::Bisect), "questions", silence);
	is_found(Planted::Mute(PhaseKind::Pick), "withhold", silence);
}

#[test]
fn silence_should_be_found_when_the_honest_side_replays_too_late() {
	let silence = "the honest side lost by silence within its budget";
	is_found(Planted::Late, "believer", silence);
	is_found(Planted::Late, "heavy", silence);
}

#[test]
fn accusation_should_be_found_when_the_claim_is_right() {
	is_found(Planted::Eager, "believer", "the honest challenger accuses a right claim");
}

#[test]
fn mistakes_should_be_found_when_the_honest_side_computes_another_thing() {
	assert!(plant(Planted::Mistaken, "believer").total().wrong > 0);
}

#[test]
fn books_should_show_it_when_money_leaks() {
	is_found(Planted::Minted, "cap", "money was made or lost");
	is_found(Planted::Kept, "absent", "what is on hold is not what claims and games hold");
	is_found(Planted::Unpaid, "cap", "the honest side did not get what it is owed");
}

#[test]
fn mistakes_should_be_found_when_damaged_files_are_believed() {
	assert!(plant(Planted::Trusting, "believer").total().wrong > 0);
}

#[test]
fn stake_should_be_missed_when_it_is_not_locked() {
	is_found(Planted::Unlocked, "unbond-race", "money was made or lost");
}

#[test]
fn finality_should_be_found_broken_when_blocks_are_final_too_early() {
	is_found(Planted::Hasty, "believer", "what was final is undone");
}

#[test]
fn lateness_should_be_counted_when_games_outlast_their_bound() {
	assert!(plant(Planted::Slow, "do-nothing").late > 0);
}
