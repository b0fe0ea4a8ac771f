//! From one wrong bit to the money: whole games on the real runtime, to the last unit.

mod common;

use assay_case::testing::{mlp, Lie, MLP};
use assay_dispute_game::{Fault, MoveKind, Outcome};
use assay_primitives::TaskId;
use assay_runtime::{Balance, Balances, Dispute, Runtime, System};
use common::{people::*, table::*};
use pallet_task_market::{Receipts, Tasks};
use MoveKind::*;

/// The last step of the task of these tests, in which all lies are.
const LAST: u32 = 2;

/// One flipped bit in the output of a node; a high one, so that the rounding of what follows from it
/// does not hide it.
fn one_bit(node: u32) -> Vec<Lie> {
	vec![Lie::Output { step: LAST, node, word: 0, bit: 30 }]
}

/// One flipped bit in a partial sum, which may round away. A slot lies too, so that the claim differs.
fn one_partial(block: u32) -> Vec<Lie> {
	let partial = Lie::Partial { step: LAST, node: MLP.hidden, tile: 0, block };
	vec![partial, Lie::Slot { step: LAST, slot: 0 }]
}

/// Money of requester, solver and challenger, and all there is.
fn purses() -> [Balance; 4] {
	[money(REQUESTER), money(SOLVER), money(CHALLENGER), Balances::total_issuance()]
}

/// An honest challenger convicts a claim with these lies in these moves, and everyone gets exactly
/// what the market's penalties say.
#[track_caller]
fn convict(stride: u32, lies: Vec<Lie>, moves: &[MoveKind]) {
	started().execute_with(|| {
		let [requester, solver, challenger, issuance] = purses();
		let table = Table::with_liar(&mlp(LAST + 1, stride), lies);
		assert_eq!(table.play(), moves);
		let (outcome, cost, _) = resolution(&take_events());
		assert_eq!(outcome, Outcome::Convicted(Fault::Tile));
		let (quarter, tenth) = (STAKE / 4, STAKE / 10);
		let cost = cost.min(STAKE / 20);
		assert!(cost > 0, "moves are worth something");
		let expected = [
			requester + quarter,
			solver - STAKE,
			challenger + tenth + cost,
			issuance - (STAKE - quarter - tenth - cost),
		];
		assert_eq!(purses(), expected);
		assert!(!Tasks::<Runtime>::contains_key(table.task));
		assert_eq!((held(REQUESTER), held(CHALLENGER)), (0, 0));
		leave(SOLVER);
		assert_eq!(held(SOLVER), 0);
	});
}

/// An honest claim is accused of these lies in these moves. The solver gets its cost out of the bond,
/// the rest burns, and the claim becomes final.
#[track_caller]
fn acquit(stride: u32, lies: Vec<Lie>, moves: &[MoveKind]) {
	started().execute_with(|| {
		let [requester, solver, challenger, issuance] = purses();
		let table = Table::with_accuser(&mlp(LAST + 1, stride), lies);
		let bond = Dispute::bond_for(table.task).expect("there is a claim");
		assert_eq!(table.play(), moves);
		let (outcome, _, cost) = resolution(&take_events());
		assert_eq!(outcome, Outcome::Acquitted);
		let paid = cost.min(bond / 2);
		assert!(paid > 0, "moves are worth something");
		let expected = [requester, solver + paid, challenger - bond, issuance - (bond - paid)];
		assert_eq!(purses(), expected);
		assert_eq!(held(CHALLENGER), 0);
		finish(table.task);
		let fee = PRICE / 100;
		let expected = [
			requester - PRICE - fee,
			solver + paid + PRICE,
			challenger - bond,
			issuance - (bond - paid) - fee,
		];
		assert_eq!(purses(), expected);
		leave(SOLVER);
		assert_eq!([REQUESTER, SOLVER, CHALLENGER].map(held), [0; 3]);
	});
}

/// The challenge window passes, the chain pays, and the requester clears its receipt.
fn finish(task: TaskId) {
	run_to(System::block_number() + CHALLENGE + 1);
	assert!(Receipts::<Runtime>::contains_key(task));
	ok(REQUESTER, pallet_task_market::Call::remove_receipt { task });
}

#[test]
fn liar_should_lose_its_stake_when_one_bit_of_the_forward_pass_is_wrong() {
	convict(1, one_bit(MLP.relu), &[Open, PostTrace, PickTile]);
	convict(3, one_bit(MLP.relu), &[Open, PostSteps, PickStep, PostTrace, PickTile]);
}

#[test]
fn liar_should_lose_its_stake_when_one_bit_of_the_backward_pass_is_wrong() {
	convict(1, one_bit(MLP.gradient), &[Open, PostTrace, PickTile]);
	convict(3, one_bit(MLP.gradient), &[Open, PostSteps, PickStep, PostTrace, PickTile]);
}

#[test]
fn liar_should_lose_its_stake_when_one_bit_of_the_optimiser_is_wrong() {
	convict(1, one_bit(MLP.update), &[Open, PostTrace, PickTile]);
	convict(3, one_bit(MLP.update), &[Open, PostSteps, PickStep, PostTrace, PickTile]);
}

#[test]
fn liar_should_lose_its_stake_when_one_partial_of_a_long_reduction_is_wrong() {
	let ending = [PostTrace, PickTile, PostPartials, PickBlock];
	for block in [0, 1] {
		convict(1, one_partial(block), &[&[Open][..], &ending].concat());
		convict(3, one_partial(block), &[&[Open, PostSteps, PickStep][..], &ending].concat());
	}
}

#[test]
fn accuser_should_lose_its_bond_when_the_claim_is_right() {
	for node in [MLP.relu, MLP.gradient, MLP.update] {
		acquit(1, one_bit(node), &[Open, PostTrace, PickTile]);
	}
	acquit(3, one_bit(MLP.update), &[Open, PostSteps, PickStep, PostTrace, PickTile]);
}

#[test]
fn accuser_should_lose_its_bond_when_a_long_reduction_is_right() {
	let moves = [Open, PostTrace, PickTile, PostPartials, PickBlock];
	acquit(1, one_partial(1), &moves);
}
