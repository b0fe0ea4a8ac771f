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
//! - Per block, the honest side's move may be held back, at most `budget` blocks, in a row or not. Its agent
//!   crashes, once or as often as the budget allows, before or after its move was sent, is down up to two blocks, and is
//!   restored from the bytes on the chain. One re-org undoes up to three blocks; the undone moves come
//!   back at any time, or not at all, mixed with others, while the agent is blind for as long. In the full form all of
//!   these meet, in every order, at every depth, with published and with withheld lists and with an honest defender.
//! - Time passes block by block, with small clocks. Expiry is served in the block of the deadline or in the next.
//!
//! # What is not
//!
//! Several games at a time, accounts, fees and bonds (the pallets' tests and the stake model); toys larger
//! than these; a re-org after which the game's id is another; two re-orgs; openings of an adversary in later
//! blocks than the first; censorship beyond the budget, of which crashes and blindness are part, except where
//! [`honest_should_lose_when_held_back_beyond_its_clock`] shows that the budget matters.
//! The disturbed form lets the adversary choose among few moves at each turn, the wide form among all.
//! Without `ASSAY_MODELS=full` (`scripts/models.sh`) all of this is a slice: one block of censorship and of a re-org, and
//! fewer levels and lies.
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
use bounds::{disturbed, full, wide, Bounds, Disturbance, ALL, SLIGHT};
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

/// The honest side as challenger against lists that are published or withheld, or as defender.
#[derive(Clone, Copy, Debug)]
enum Part {
	Accuse,
	Search,
	Defend,
}

fn play(form: &str, depth: u32, kind: &str, part: Part, bounds: Bounds) {
	let toy = toy(depth);
	let lie = lies(&toy).into_iter().find_map(|(name, lie)| (name == kind).then_some(lie));
	let lie = lie.expect("there is such a lie");
	let set = match part {
		Part::Accuse => Scenario::accuse(&toy, lie, false, bounds),
		Part::Search => Scenario::accuse(&toy, lie, true, bounds),
		Part::Defend => Scenario::defend(&toy, lie, bounds),
	};
	holds(&format!("{form} depth={depth} {kind} {part:?}"), set);
}

/// Most turns of the honest side in a quiet game, the opening not counted.
fn turns(depth: u32, part: Part) -> u32 {
	match (part, depth) {
		(Part::Accuse, _) => 7,
		(Part::Search, 1) => 7,
		(Part::Search, 2) => 8,
		(Part::Search, _) => 11,
		(Part::Defend, 1) => 5,
		(Part::Defend, 2) => 6,
		(Part::Defend, _) => 8,
	}
}

fn disturb(depth: u32, part: Part, disturbance: Disturbance) {
	// There is no block to look for at the first level.
	let kind = if depth == 1 { "tile" } else { "block" };
	play(disturbance.name, depth, kind, part, disturbed(turns(depth, part), disturbance));
}

fn try_every_move(depth: u32, kind: &str, part: Part) {
	play("wide", depth, kind, part, wide(turns(depth, part)));
}

const PARTS: [Part; 3] = [Part::Accuse, Part::Search, Part::Defend];

#[test]
fn truth_should_win_when_adversary_tries_every_move() {
	if !full() {
		(1..=4).for_each(|depth| try_every_move(depth, "block", Part::Accuse));
		(1..=2).for_each(|depth| try_every_move(depth, "block", Part::Search));
		return try_every_move(1, "block", Part::Defend);
	}
	let kinds = ["tile", "slot", "input", "state", "output", "letter", "partial"];
	for part in PARTS {
		(1..=4).for_each(|depth| try_every_move(depth, "block", part));
		kinds.iter().for_each(|kind| try_every_move(4, kind, part));
	}
}

/// Crash, re-org and censorship, each alone and with the others.
#[test]
fn truth_should_win_when_disturbed() {
	if !full() {
		[1, 2, 4].iter().for_each(|depth| disturb(*depth, Part::Accuse, SLIGHT));
		[1, 4].iter().for_each(|depth| disturb(*depth, Part::Search, SLIGHT));
		return disturb(1, Part::Defend, SLIGHT);
	}
	for part in PARTS {
		(1..=4).for_each(|depth| disturb(depth, part, ALL));
	}
}

/// A budget is no budget if more of it did no harm.
#[test]
fn honest_should_lose_when_held_back_beyond_its_clock() {
	let toy = toy(4);
	let bounds = disturbed(8, Disturbance { reorg: 0, down: 0, ..ALL });
	let bounds = Bounds { budget: 12, ..bounds };
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
