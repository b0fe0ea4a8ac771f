//! All sequences of what can happen to a solver's stake, on the real pallets.
//!
//! # What is covered
//!
//! - The real calls and hooks of staking, market and disputes, dispatched as extrinsics are, on real storage. Each
//!   state is a snapshot of the storage; states that are the same are visited once.
//! - With a claimed task: {bond, unbond a part or all that is free, withdraw, accuse by two accounts, answer,
//!   expire, finalise, take the claim back, bid, assign, report a missed deadline, blocks pass} in every order up to a
//!   length. Blocks pass to the next block in which something is due, or to the block before it: between two such
//!   blocks nothing can tell them apart. Once with a chain that acts by itself, once with full blocks, where only
//!   calls do.
//! - Of these {unbond, withdraw, accuse, answer, expire (which slashes), finalise, blocks pass} alone, to greater
//!   lengths in the slice that the test suite runs.
//! - Without a market in between: {bond, unbond, withdraw, deregister, lock, release, slash} in every order.
//! - After each step a second set of books, kept from the events alone, is compared with the real ones, money is
//!   counted to the unit, and all three pallets' `try_state` must hold. A refused call must change nothing.
//!
//! # What is not
//!
//! More than one solver, two tasks and three games at a time; claims of a part; verdicts of the referee (every
//! conviction here is by silence: what follows from a conviction does not depend on its fault).
#![allow(missing_docs, reason = "a test")]

mod ledger;
mod life;
mod penalties;
mod runtime;
#[path = "../../../../primitives/dispute-game/tests/exhaustive/search.rs"]
mod search;
mod setup;

use life::{Action, Life};
use runtime::{CHALLENGER, RIVAL};
use search::explore;

/// Length of the sequences: of the slice for the test suite, or with `ASSAY_MODELS=full`.
fn length(slice: usize, full: usize) -> usize {
	match std::env::var("ASSAY_MODELS").is_ok_and(|form| form == "full") {
		true => full,
		false => slice,
	}
}

fn holds(name: &str, model: &Life, length: usize) {
	let report = explore(model, length);
	println!("MODEL stake {name} length={length} {report}");
	assert!(report.violation.is_none(), "{name}: {}", report.violation.unwrap_or_default());
}

fn life(busy: bool) -> Life {
	use Action::*;
	let actions = vec![
		Bond,
		Unbond(Some(150)),
		Unbond(None),
		Withdraw,
		Open(CHALLENGER),
		Open(RIVAL),
		Answer,
		Expire,
		Finalise(0),
		Finalise(1),
		TakeBack,
		Bid(0),
		Bid(1),
		Assign(0),
		Assign(1),
		Report(1),
		Pass(true),
		Pass(false),
	];
	Life { actions, busy, claimed: true }
}

/// What the solver and its accusers do about one claim, and time.
fn core(busy: bool) -> Life {
	use Action::*;
	let actions = vec![
		Unbond(Some(150)),
		Unbond(None),
		Withdraw,
		Open(CHALLENGER),
		Answer,
		Expire,
		Finalise(0),
		Pass(true),
		Pass(false),
	];
	Life { actions, busy, claimed: true }
}

#[test]
fn stake_should_answer_for_one_claim_when_calls_interleave() {
	holds("one claim", &core(false), length(6, 8));
	holds("one claim, full blocks", &core(true), length(6, 8));
}

#[test]
fn stake_should_answer_for_claims_when_chain_acts_by_itself() {
	holds("claims", &life(false), length(4, 8));
}

#[test]
fn stake_should_answer_for_claims_when_blocks_are_full() {
	holds("claims, full blocks", &life(true), length(4, 8));
}

#[test]
fn stake_should_balance_when_market_does_anything() {
	use Action::*;
	let actions = vec![
		Bond,
		Unbond(Some(150)),
		Unbond(None),
		Withdraw,
		Deregister,
		Lock(7, 300),
		Lock(8, 250),
		Lock(9, 50),
		Release(7),
		Release(9),
		Slash(7, 1),
		Slash(8, 2),
		Pass(true),
		Pass(false),
	];
	holds("books", &Life { actions, busy: false, claimed: false }, length(5, 8));
}
