//! Worst cases of the calls, of the agenda and of the disputes' requests.
#![allow(
	clippy::unwrap_used,
	clippy::expect_used,
	reason = "benchmarks stop at the first surprise"
)]

use alloc::{boxed::Box, vec, vec::Vec};

use assay_commitment::{list, shape::TreeHash, state_of_slots, ListTag, Path, Root};
use assay_ops::{Binary, Broadcast, DType, Node, Op, Program, Slot, ValueType, MAX_NODES};
use assay_primitives::{
	Assurance, Claim, ClaimEnds, Claims, Heartbeat, Stakes, TaskId, Terms, Verdict, Work,
};
use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		Get,
	},
	BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use polkadot_sdk::frame_benchmarking::v2::*;
use sp_runtime::traits::{Bounded, One, SaturatedConversion, Saturating};

use crate::{
	frame_support, frame_system, sp_runtime, Agenda, Allowed, BalanceOf, Bid, Bids, Call, Config,
	Heartbeats, Job, NextTask, Pallet, Receipts, SpecOf, Stage, Task, TaskOf, Tasks, MAX_ALLOWED,
	MAX_BIDS, MAX_HEARTBEATS,
};

fn node(op: Op, inputs: &[u16]) -> Node {
	Node { op, inputs: BoundedVec::truncate_from(inputs.to_vec()) }
}

/// A program with `leaves` nodes and slots, as cheap per node as can be.
fn program(leaves: u32) -> Program {
	let ty = ValueType { dtype: DType::F32, rows: 1, cols: 1 };
	let mut nodes = vec![node(Op::State { slot: 0 }, &[])];
	for _ in 2..leaves.max(3) {
		nodes.push(node(Op::Binary(Binary::Add, Broadcast::None), &[0, 0]));
	}
	Program {
		opset: assay_ops::OPSET_VERSION,
		batch: 1,
		nodes: BoundedVec::truncate_from(nodes),
		slots: BoundedVec::truncate_from(vec![Slot { ty, next: 1, parameter: true }]),
		loss: 1,
	}
}

fn fund<T: Config>(who: &T::AccountId) {
	let amount = BalanceOf::<T>::max_value() / 1_000_000u32.into();
	T::Currency::set_balance(who, amount);
}

fn funded<T: Config>(name: &'static str, index: u32) -> T::AccountId {
	let who = account::<T::AccountId>(name, index, 0);
	fund::<T>(&who);
	who
}

fn work<T: Config>() -> Work {
	Work {
		data_root: [1; 32],
		records: 1,
		record_size: 4,
		first_step: 0,
		init_root: state_of_slots(0, &[7; 32]),
		init_slots: [7; 32],
		seed: [3; 32],
		steps: longest::<T>().saturating_sub(1),
		stride: 1,
	}
}

fn terms<T: Config>() -> Terms<BalanceOf<T>, BlockNumberFor<T>> {
	let limits = T::Limits::get();
	Terms {
		reward: reward::<T>(),
		bidding: limits.window_min,
		training: limits.window_min,
		heartbeat: limits.window_min,
		challenge: limits.challenge_min,
		assurance: Assurance::Challenge,
		hardware: None,
	}
}

/// The largest admitted number of leaves that is `leaves`, or that halved often enough: a runtime may
/// admit shorter programs only, and then longer ones cost nothing.
fn admitted<T: Config>(mut leaves: u32) -> u32 {
	while Pallet::<T>::admit(&program(leaves), 4).is_err() {
		leaves = leaves.saturating_div(2);
	}
	leaves
}

/// Enough for the longest of the benchmarked programs, and to exist on.
fn reward<T: Config>() -> BalanceOf<T> {
	let longest = program(admitted::<T>(MAX_NODES));
	let info = Pallet::<T>::admit(&longest, 4).expect("just admitted");
	let least = Pallet::<T>::min_reward(&info, 1).max(T::Currency::minimum_balance());
	least.saturating_mul(10u32.into())
}

/// States of a list that is as long as this runtime admits, or nearly so: a power of two.
fn longest<T: Config>() -> u32 {
	T::Limits::get().states.checked_ilog2().map_or(1, |levels| 1u32.wrapping_shl(levels))
}

/// A subtree of the lower half of the longest list, its first or its last leaf `state`: its hash, and the
/// siblings on the way to it, innermost first.
fn half<T: Config>(state: &Root, is_first: bool) -> (Root, Vec<Root>) {
	let tag = ListTag::States;
	let siblings: Vec<Root> = (1..longest::<T>().ilog2()).map(|_| [9; 32]).collect();
	let hash = siblings.iter().fold(tag.leaf(state), |hash, sibling| match is_first {
		true => tag.node(&hash, sibling, false),
		false => tag.node(sibling, &hash, false),
	});
	(hash, siblings)
}

/// The longest claim, to `steps` steps of [`work`], and its ends.
fn longest_claim<T: Config>(steps: u32) -> (Claim, ClaimEnds) {
	let artifact_root = [6; 32];
	let final_state = state_of_slots(steps.into(), &artifact_root);
	let (left, mut first) = half::<T>(&work::<T>().init_root, true);
	let (right, mut last) = half::<T>(&final_state, false);
	first.push(right);
	last.push(left);
	last.reverse();
	let path = |siblings: Vec<Root>| Path { siblings: BoundedVec::truncate_from(siblings) };
	let ends = ClaimEnds { first: path(first), last: path(last) };
	let whole = ListTag::States.node(&left, &right, true);
	let root = list::top(ListTag::States, longest::<T>(), &whole);
	(Claim { root, states: longest::<T>(), final_state, artifact_root, steps }, ends)
}

fn a_claim<T: Config>() -> (Claim, ClaimEnds) {
	longest_claim::<T>(work::<T>().steps)
}

/// Posts a task that only the benchmark's accounts may bid for.
fn posted<T: Config>() -> (T::AccountId, TaskId) {
	let requester = funded::<T>("requester", 0);
	let id = NextTask::<T>::get();
	let allowed: Vec<_> = (0..MAX_ALLOWED).map(|i| account("solver", i, 0)).collect();
	Pallet::<T>::do_post_task(
		requester.clone(),
		Box::new(program(3)),
		work::<T>(),
		terms::<T>(),
		Allowed::truncate_from(allowed),
	)
	.expect("a task within the limits");
	(requester, id)
}

fn with_bids<T: Config>(id: TaskId, count: u32) {
	let price = reward::<T>();
	for index in 0..count {
		let solver = funded::<T>("solver", index);
		let stake = Pallet::<T>::stake_for(price, price);
		T::Stakes::set_up_solver(&solver, stake);
		T::Stakes::lock(id, &solver, stake).expect("just bonded");
		let bid = Bid { solver, price };
		Bids::<T>::mutate(id, |bids| bids.try_push(bid)).expect("fewer than the most");
	}
}

/// Lets the deadline of the task pass.
fn pass_deadline<T: Config>(id: TaskId) {
	let deadline = Tasks::<T>::get(id).expect("live").deadline();
	frame_system::Pallet::<T>::set_block_number(deadline.saturating_add(One::one()));
}

/// Fills every bucket from `from` on that a search reads, but the last one.
fn crowd_agenda<T: Config>(from: BlockNumberFor<T>) {
	let full: Vec<TaskId> = (0..T::AgendaSize::get()).map(|i| u32::MAX.saturating_sub(i)).collect();
	let mut block = from;
	for _ in 1..T::AgendaSearch::get() {
		Agenda::<T>::insert(block, BoundedVec::truncate_from(full.clone()));
		block.saturating_inc();
	}
}

/// As [`crowd_agenda`], for a deadline that many blocks from now.
fn crowd_after<T: Config>(blocks: BlockNumberFor<T>) {
	let deadline = Pallet::<T>::now().saturating_add(blocks);
	crowd_agenda::<T>(deadline.saturating_add(One::one()));
}

fn running<T: Config>() -> (T::AccountId, TaskId) {
	let (_, id) = posted::<T>();
	with_bids::<T>(id, 1);
	pass_deadline::<T>(id);
	Pallet::<T>::do_assign(id).expect("one eligible bid");
	let beats = (0..MAX_HEARTBEATS).map(|states| Heartbeat { states, root: [9; 32] }).collect();
	Heartbeats::<T>::insert(id, BoundedVec::truncate_from(beats));
	(account("solver", 0, 0), id)
}

fn claimed<T: Config>() -> (T::AccountId, TaskId) {
	let (solver, id) = running::<T>();
	let (claim, ends) = a_claim::<T>();
	Pallet::<T>::do_submit_claim(solver.clone(), id, claim, &ends).expect("in time");
	(solver, id)
}

/// A task of `solver` with this spec and this claim, inside its challenge window.
pub(crate) fn set_up_claim<T: Config>(
	solver: &T::AccountId,
	spec: SpecOf<T>,
	claim: Claim,
) -> TaskId {
	let requester = funded::<T>("requester", 1);
	let price = spec.terms.reward;
	let stake = Pallet::<T>::stake_for(price, price);
	T::Stakes::set_up_solver(solver, stake);
	let id = NextTask::<T>::mutate(|next| core::mem::replace(next, next.saturating_add(1)));
	T::Stakes::lock(id, solver, stake).expect("just bonded");
	let escrow = price.saturating_add(Pallet::<T>::fee_on(price));
	let deposit = Pallet::<T>::task_deposit();
	Pallet::<T>::fund(&requester, escrow, deposit).expect("funded");
	let first = Heartbeat { states: 1, root: claim.root };
	Heartbeats::<T>::insert(id, BoundedVec::truncate_from(vec![first]));
	let penalties = T::Penalties::get();
	let job = Job { solver: solver.clone(), price, stake, penalties };
	let until = Pallet::<T>::now().saturating_add(spec.terms.challenge);
	let stage = Stage::Claimed { job, claim, until, games: 0 };
	let allowed = Allowed::default();
	let task: TaskOf<T> =
		Task { requester, spec, allowed, attempt: 0, escrow, deposit, stage, agenda: None };
	Pallet::<T>::store_and_schedule(id, task);
	id
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn post_task(n: Linear<3, { MAX_NODES }>) {
		let requester: T::AccountId = whitelisted_caller();
		fund::<T>(&requester);
		let allowed: Vec<_> = (0..MAX_ALLOWED).map(|i| account("solver", i, 0)).collect();
		crowd_after::<T>(T::Limits::get().window_min);
		let program = Box::new(program(admitted::<T>(n)));
		let allowed = Allowed::truncate_from(allowed);
		#[extrinsic_call]
		_(RawOrigin::Signed(requester), program, work::<T>(), terms::<T>(), allowed);
		assert!(Tasks::<T>::contains_key(0));
	}

	#[benchmark]
	fn cancel_task() {
		let (requester, id) = posted::<T>();
		with_bids::<T>(id, MAX_BIDS);
		#[extrinsic_call]
		_(RawOrigin::Signed(requester), id);
		assert!(!Tasks::<T>::contains_key(id));
	}

	#[benchmark]
	fn place_bid() {
		let (_, id) = posted::<T>();
		with_bids::<T>(id, MAX_BIDS);
		let solver: T::AccountId = account("solver", 0, 0);
		let price = reward::<T>().saturating_sub(One::one());
		#[extrinsic_call]
		_(RawOrigin::Signed(solver), id, price);
		assert!(Bids::<T>::get(id).iter().any(|bid| bid.price == price));
	}

	#[benchmark]
	fn withdraw_bid() {
		let (_, id) = posted::<T>();
		with_bids::<T>(id, MAX_BIDS);
		let solver: T::AccountId = account("solver", 0, 0);
		#[extrinsic_call]
		_(RawOrigin::Signed(solver), id);
		assert!(!Bids::<T>::get(id).is_full());
	}

	#[benchmark]
	fn assign() {
		let (_, id) = posted::<T>();
		with_bids::<T>(id, MAX_BIDS);
		pass_deadline::<T>(id);
		crowd_after::<T>(T::Limits::get().window_min);
		#[extrinsic_call]
		_(RawOrigin::Signed(funded::<T>("anyone", 0)), id);
		assert!(!Bids::<T>::contains_key(id));
	}

	#[benchmark]
	fn heartbeat() {
		let (solver, id) = running::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(solver), id, 2, [7; 32]);
		assert_eq!(Heartbeats::<T>::get(id).last().map(|beat| beat.states), Some(2));
	}

	#[benchmark]
	fn submit_claim() {
		let (solver, id) = running::<T>();
		crowd_after::<T>(T::Limits::get().challenge_min);
		let (handed, ends) = a_claim::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(solver), id, handed, ends);
		assert!(Pallet::<T>::claim(id).is_some());
	}

	#[benchmark]
	fn finalise() {
		let (_, id) = claimed::<T>();
		pass_deadline::<T>(id);
		#[extrinsic_call]
		_(RawOrigin::Signed(funded::<T>("anyone", 0)), id);
		assert!(Receipts::<T>::contains_key(id));
	}

	#[benchmark]
	fn finalise_part() {
		let (_, id) = claimed::<T>();
		Tasks::<T>::mutate(id, |task| {
			let Some(task) = task else { return };
			task.spec.work.steps = work::<T>().steps.saturating_mul(2);
		});
		pass_deadline::<T>(id);
		crowd_after::<T>(T::Limits::get().window_min);
		#[block]
		{
			Pallet::<T>::do_finalise(id).expect("the window is over");
		}
		assert!(!Receipts::<T>::contains_key(id));
	}

	#[benchmark]
	fn report_missed_deadline() {
		let (_, id) = running::<T>();
		pass_deadline::<T>(id);
		crowd_after::<T>(T::Limits::get().window_min);
		#[extrinsic_call]
		_(RawOrigin::Signed(funded::<T>("anyone", 0)), id);
		assert!(!Heartbeats::<T>::contains_key(id));
	}

	#[benchmark]
	fn withdraw_claim() {
		let (solver, id) = claimed::<T>();
		crowd_after::<T>(T::Limits::get().window_min);
		#[extrinsic_call]
		_(RawOrigin::Signed(solver), id);
		assert!(Pallet::<T>::claim(id).is_none());
	}

	#[benchmark]
	fn remove_receipt() {
		let (_, id) = claimed::<T>();
		pass_deadline::<T>(id);
		Pallet::<T>::do_finalise(id).unwrap();
		#[extrinsic_call]
		_(RawOrigin::Signed(account("requester", 0, 0)), id);
		assert!(!Receipts::<T>::contains_key(id));
	}

	#[benchmark]
	fn claim() {
		let (_, id) = claimed::<T>();
		let (seen, root);
		#[block]
		{
			seen = Pallet::<T>::claim(id);
			root = Pallet::<T>::heartbeat_root(id, 0);
		}
		assert!(seen.is_some() && root.is_some());
	}

	#[benchmark]
	fn game_opened() {
		let (_, id) = claimed::<T>();
		#[block]
		{
			Pallet::<T>::game_opened(id).unwrap();
		}
		assert_eq!(Tasks::<T>::get(id).map(|task| task.games()), Some(1));
	}

	#[benchmark]
	fn convict() {
		let (_, id) = claimed::<T>();
		Pallet::<T>::game_opened(id).unwrap();
		let challenger = funded::<T>("challenger", 0);
		let cost = BalanceOf::<T>::max_value();
		#[block]
		{
			Pallet::<T>::convict(id, Verdict::WrongTile, &challenger, cost).unwrap();
		}
		assert!(!Tasks::<T>::contains_key(id));
	}

	#[benchmark]
	fn acquit() {
		let (_, id) = claimed::<T>();
		Pallet::<T>::game_opened(id).unwrap();
		crowd_after::<T>(T::Limits::get().challenge_min);
		#[block]
		{
			Pallet::<T>::acquit(id, true).unwrap();
		}
		assert_eq!(Tasks::<T>::get(id).map(|task| task.games()), Some(0));
	}

	#[benchmark]
	fn tick_base() {
		let now: BlockNumberFor<T> = 1u32.into();
		#[block]
		{
			Pallet::<T>::tick(now);
		}
		assert!(NextTask::<T>::get().saturated_into::<u32>() == 0);
	}

	#[benchmark]
	fn tick_bucket() {
		crowd_agenda::<T>(1u32.into());
		let bucket;
		#[block]
		{
			bucket = Agenda::<T>::take(BlockNumberFor::<T>::one());
		}
		assert!(bucket.len() <= T::AgendaSize::get() as usize);
	}

	#[benchmark]
	fn tick_task() {
		let (_, id) = running::<T>();
		let block = Tasks::<T>::get(id).and_then(|task| task.agenda).unwrap();
		Agenda::<T>::remove(block);
		crowd_after::<T>(T::Limits::get().window_min);
		#[block]
		{
			Pallet::<T>::look(id);
		}
		assert!(Tasks::<T>::get(id).and_then(|task| task.agenda).is_some());
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::bench_ext(), crate::mock::Test);
}
