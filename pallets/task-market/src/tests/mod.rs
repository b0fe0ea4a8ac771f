//! One file per call, and one per group of the disputes' requests.

mod agenda;
mod amounts;
mod assign;
mod cancel_task;
mod claims;
mod constants;
mod finalise;
mod heartbeat;
mod indices;
mod parts;
mod place_bid;
mod post_task;
mod program;
mod random_walk;
mod refunds;
mod remove_receipt;
mod report_missed_deadline;
mod submit_claim;
mod views;
mod withdraw_bid;
mod withdraw_claim;

pub(crate) use assay_commitment::{list, state_of_slots, ListTag, Root};
pub(crate) use assay_ops::{Binary, Broadcast, DType, Node, Op, Program, Slot, ValueType};
pub(crate) use assay_primitives::{
	Assurance, Claim, ClaimEnds, Claims, HardwareClass, Heartbeat, Slashed, Stakes, TaskId,
	TaskPhase, Terms, Verdict, Work,
};
pub(crate) use polkadot_sdk::{
	frame_support::{assert_noop, assert_ok, BoundedVec},
	sp_runtime::DispatchResult,
};

pub(crate) use crate::mock::*;
pub(crate) use crate::{
	Agenda, Bids, Config, Error, Event, Heartbeats, HoldReason, NextTask, Pallet, Receipts, Tasks,
};

pub(crate) const ONE: u32 = 0x3F80_0000;

fn matrix(rows: u32, cols: u32) -> ValueType {
	ValueType { dtype: DType::F32, rows, cols }
}

pub(crate) fn node(op: Op, inputs: &[u16]) -> Node {
	Node { op, inputs: BoundedVec::truncate_from(inputs.to_vec()) }
}

/// A program that adds 1 to each of four parameters; its loss is their sum. 16 operations a step.
pub(crate) fn program() -> Program {
	let nodes = vec![
		node(Op::State { slot: 0 }, &[]),
		node(Op::Fill { bits: ONE, rows: 1, cols: 4 }, &[]),
		node(Op::Binary(Binary::Add, Broadcast::None), &[0, 1]),
		node(Op::RowSum, &[2]),
	];
	let slots = vec![Slot { ty: matrix(1, 4), next: 2, parameter: true }];
	Program {
		opset: assay_ops::OPSET_VERSION,
		batch: 2,
		nodes: BoundedVec::truncate_from(nodes),
		slots: BoundedVec::truncate_from(slots),
		loss: 3,
	}
}

/// Ten steps with a state after every two: six states; least reward 160.
pub(crate) fn work() -> Work {
	Work {
		data_root: [1; 32],
		records: 100,
		record_size: 16,
		first_step: 0,
		init_root: state_of_slots(0, &[7; 32]),
		init_slots: [7; 32],
		seed: [3; 32],
		steps: 10,
		stride: 2,
	}
}

pub(crate) fn terms() -> Terms<u64, u64> {
	Terms {
		reward: 1_000,
		bidding: 5,
		training: 50,
		heartbeat: 10,
		challenge: 8,
		assurance: Assurance::Challenge,
		hardware: None,
	}
}

/// Slots of the state after so many steps.
fn slots(step: u32) -> Root {
	[step as u8 + 7; 32]
}

/// The states of a claim to the first `steps` steps of some work.
fn states(work: &Work, steps: u32) -> Vec<Root> {
	let part = work.part(steps).unwrap();
	let step = |index| part.step_of_state(index).unwrap();
	let state = |step: u32| state_of_slots(step.into(), &slots(step));
	(0..part.states().unwrap()).map(|index| state(step(index))).collect()
}

/// A claim to the first `steps` steps of some work.
pub(crate) fn claim_to(work: &Work, steps: u32) -> Claim {
	let states = states(work, steps);
	Claim {
		root: list::root(ListTag::States, &states),
		states: states.len() as u32,
		final_state: *states.last().unwrap(),
		artifact_root: slots(work.first_step + steps),
		steps,
	}
}

/// The ends of that claim.
pub(crate) fn ends_to(work: &Work, steps: u32) -> ClaimEnds {
	let states = states(work, steps);
	let path = |index| list::prove(ListTag::States, &states, index).unwrap();
	ClaimEnds { first: path(0), last: path(states.len() as u32 - 1) }
}

/// The claim to the whole task.
pub(crate) fn claim() -> Claim {
	claim_to(&work(), work().steps)
}

/// [`SOLVER`] claims the whole task.
pub(crate) fn submit(id: TaskId) -> DispatchResult {
	Market::submit_claim(signed(SOLVER), id, claim(), ends_to(&work(), work().steps))
}

pub(crate) fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

/// Posts a task of [`REQUESTER`].
pub(crate) fn post() -> TaskId {
	let id = NextTask::<Test>::get();
	let program = Box::new(program());
	assert_ok!(Market::post_task(signed(REQUESTER), program, work(), terms(), Default::default()));
	id
}

pub(crate) fn register(who: u64, stake: u64) {
	assert_ok!(Staking::register(signed(who), HardwareClass::Cpu, Default::default()));
	assert_ok!(Staking::bond(signed(who), stake));
}

/// Posts at block 1 and assigns to [`SOLVER`] for 800 at block 7, with the last block for the claim 57
/// and the first heartbeat due at 17.
pub(crate) fn assigned() -> TaskId {
	let id = post();
	register(SOLVER, 10_000);
	assert_ok!(Market::place_bid(signed(SOLVER), id, 800));
	run_to(7);
	assert_eq!(Market::phase_of(id), Some(TaskPhase::Assigned));
	take_events();
	id
}

/// As [`assigned`], and claimed at block 8, with the last block for challenges 16.
pub(crate) fn claimed() -> TaskId {
	let id = assigned();
	run_to(8);
	assert_ok!(submit(id));
	assert_eq!(Market::phase_of(id), Some(TaskPhase::Claimed));
	take_events();
	id
}

pub(crate) fn held(reason: HoldReason, who: u64) -> u64 {
	use polkadot_sdk::frame_support::traits::fungible::InspectHold;
	Balances::balance_on_hold(&reason.into(), &who)
}

pub(crate) fn free(who: u64) -> u64 {
	Balances::free_balance(who)
}
