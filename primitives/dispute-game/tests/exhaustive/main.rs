//! Every interleaving of two sides, a third account, censorship, a crash and a re-org around the real
//! game, to the end of every path.
//!
//! # What is covered
//!
//! - The real `Game` (`open`, `apply`, `timeout`) and the real strategy of the honest side, on a toy task of one to
//!   four levels: stride, step, tile, block; published and withheld lists; each kind of lie.
//! - Three parties: the honest side; the adversary, which plays the other side in any block of its clock,
//!   by a strategy, wrongly or not at all; a third account, which makes for the honest side the moves that
//!   anyone may make, with right and with wrong evidence. In every state every earlier move is repeated
//!   by both sides, every move of the adversary is tried for the other side and, once it is too late, for its own.
//! - Per block, the honest side's move may be held back: at most `streak` blocks one after the other,
//!   `budget` in all. Its agent crashes at most once, before or after its move was sent, is down up to two blocks,
//!   and is restored from the bytes on the chain. One re-org undoes up to three blocks; the undone moves come
//!   back in any order, at any time, or not at all, mixed with others, while the agent is blind for as long.
//! - Time passes block by block, with small clocks. Expiry is served in the block of the deadline or in the next.
//!
//! # What is not
//!
//! Several games at a time, accounts, fees and bonds (the pallets' tests and the stake model); toys larger
//! than these; a re-org after which the game's id is another; two crashes or re-orgs; censorship beyond
//! the budget, except where [`honest_should_lose_when_held_back_beyond_its_clock`] shows that the budget matters.
//! The disturbed form lets the adversary choose among few moves at each turn, the wide form among all.
#![allow(missing_docs, reason = "a test")]

mod board;
mod bounds;
mod invariants;
mod moves;
mod scenario;
mod search;
mod world;

use assay_dispute_game::Side;
use board::Rules;
use bounds::{disturbed, wide, Bounds};
use scenario::{lies, toy, Scenario};
use search::{explore, Report};

/// Explores a scenario to the end and prints what was found.
fn explored(name: &str, set: Scenario) -> Report {
	let report = explore(&Rules::new(set), usize::MAX);
	println!("MODEL clock {name} {report}");
	report
}

fn holds(name: &str, set: Scenario) {
	let report = explored(name, set);
	assert!(report.violation.is_none(), "{name}: {}", report.violation.unwrap_or_default());
	assert!(report.ends > 0, "{name}: no path has an end");
}

fn all(form: &str, depth: u32, bounds: impl Fn() -> Bounds, kinds: &[&str]) {
	let toy = toy(depth);
	for (kind, lie) in lies(&toy).into_iter().filter(|(kind, _)| kinds.contains(kind)) {
		for (word, withheld) in [("published", false), ("withheld", true)] {
			let name = format!("{form} depth={depth} accuse {kind} {word}");
			holds(&name, Scenario::accuse(&toy, lie.clone(), withheld, bounds()));
		}
		let name = format!("{form} depth={depth} defend {kind}");
		holds(&name, Scenario::defend(&toy, lie, bounds()));
	}
}

#[test]
fn truth_should_win_when_adversary_tries_every_move() {
	for depth in 1..=4 {
		all("wide", depth, wide, &["block"]);
	}
	all("wide", 4, wide, &["slot", "input", "state", "output", "letter", "partial"]);
}

#[test]
fn truth_should_win_when_disturbed_at_depth_1() {
	all("disturbed", 1, disturbed, &["tile"]);
}

#[test]
fn truth_should_win_when_disturbed_at_depth_2() {
	all("disturbed", 2, disturbed, &["block"]);
}

#[test]
fn truth_should_win_when_disturbed_at_depth_3() {
	all("disturbed", 3, disturbed, &["slot"]);
}

#[test]
fn truth_should_win_when_disturbed_at_depth_4() {
	all("disturbed", 4, disturbed, &["block"]);
}

/// A budget is no budget if more of it did no harm.
#[test]
fn honest_should_lose_when_held_back_beyond_its_clock() {
	let toy = toy(4);
	let bounds = Bounds { streak: 12, budget: 12, reorg: 0, down: 0, ..disturbed() };
	let (_, lie) = lies(&toy).swap_remove(1);
	for honest in [Side::Challenger, Side::Defender] {
		let set = match honest {
			Side::Challenger => Scenario::accuse(&toy, lie.clone(), false, bounds),
			Side::Defender => Scenario::defend(&toy, lie.clone(), bounds),
		};
		let found = explored("beyond the budget", set).violation.expect("the honest side loses");
		assert!(found.contains("the truth lost"), "{found}");
	}
}
