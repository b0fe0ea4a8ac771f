//! Tasks come and go and leave nothing: whatever becomes of them, the state is as large as before.

use assay_dispute_game::Side;
use assay_primitives::{Assurance, HardwareClass, TaskId, Terms};
use assay_runtime::{constants::ASY, Runtime, RuntimeCall};
use assay_runtime_fuzzer::{
	block,
	command::Origin,
	generate::{move_call, opening_call, post_call},
	genesis,
	library::{library, Kind, Script, Segment, Style},
	people::Person,
	store::Store,
};
use pallet_compute_staking::Call as Stake;
use pallet_dispute::{Disputes, GameId, NextGame};
use pallet_task_market::{Call as Market, NextTask, Tasks};
use polkadot_sdk::{
	frame_support::storage::StoragePrefixedMap, pallet_balances, sp_io::hashing::twox_128,
	sp_runtime::traits::Dispatchable,
};
use std::sync::Arc;

const REQUESTER: Person = 1;
const SOLVER: Person = 2;
const CHALLENGER: Person = 5;

const BIDDING: u32 = 5;
const TRAINING: u32 = 10;
const CHALLENGE: u32 = 20;
/// Longer than any clock of a game about such a task.
const CLOCK: u32 = 700;

struct Chain {
	store: Store,
	slot: u64,
}

impl Chain {
	fn new() -> Self {
		let store = Store::new(genesis::rows().clone());
		let mut chain = Self { store, slot: block::FIRST_SLOT };
		chain.begin(1);
		let register =
			Stake::register { hardware: HardwareClass::Cpu, metadata: Default::default() };
		chain.call(SOLVER, register);
		chain.call(SOLVER, Stake::bond { amount: 5_000_000 * ASY });
		chain
	}

	fn begin(&mut self, ahead: u32) {
		self.slot += 1;
		let slot = self.slot;
		let begun = self.store.with(|| block::begin(ahead, slot));
		assert_eq!(begun, Ok(Ok(())));
		self.store.with(block::take_events);
		self.store.settle();
	}

	fn skip(&mut self, ahead: u32) {
		self.store.with(block::end);
		self.begin(ahead);
	}

	fn call(&mut self, who: Person, call: impl Into<RuntimeCall>) {
		let call = call.into();
		let done = self.store.with(|| call.clone().dispatch(Origin::Signed(who).runtime()));
		assert!(done.is_ok(), "{done:?}: {call:?}");
		self.store.with(block::take_events);
	}

	/// Posts a task and gives it to the solver.
	fn assigned(&mut self, kind: Kind) -> TaskId {
		let task = self.store.with(NextTask::<Runtime>::get);
		let terms = Terms {
			reward: 10 * ASY,
			bidding: BIDDING,
			training: TRAINING,
			heartbeat: TRAINING,
			challenge: CHALLENGE,
			assurance: Assurance::Challenge,
			hardware: None,
		};
		self.call(REQUESTER, post_call(kind, terms, Default::default()));
		self.bid(task);
		task
	}

	fn bid(&mut self, task: TaskId) {
		self.call(SOLVER, Market::place_bid { task, price: 5 * ASY });
		self.skip(BIDDING + 1);
	}

	fn claimed(&mut self, kind: Kind, variant: usize) -> TaskId {
		let task = self.assigned(kind);
		let segment = whole(kind);
		let variant = &segment.variants[variant];
		let beat = Market::heartbeat { task, states: 1, root: variant.prefix(1) };
		self.call(SOLVER, beat);
		let (claim, ends) = (variant.claim, variant.ends.clone());
		self.call(SOLVER, Market::submit_claim { task, claim, ends });
		task
	}

	fn open(&mut self, task: TaskId, script: &Script) -> GameId {
		let game = self.store.with(NextGame::<Runtime>::get);
		let call = opening_call(task, &script.moves[0]).expect("the first move opens");
		self.call(CHALLENGER, call);
		game
	}

	fn play(&mut self, task: TaskId, script: &Script) {
		let game = self.open(task, script);
		for play in &script.moves[1..] {
			let stored = self.store.with(|| Disputes::<Runtime>::get(game)).expect("it is open");
			let who = match play.kind().side() {
				Side::Challenger => CHALLENGER,
				Side::Defender => SOLVER,
			};
			let call = move_call(game, stored.game.position(), play).expect("there is a call");
			self.call(who, call);
		}
	}

	fn paid(&mut self, task: TaskId) {
		self.skip(CHALLENGE + 1);
		self.call(REQUESTER, Market::remove_receipt { task });
	}

	/// Rows and bytes of what tasks, games, stakes and holds consist of.
	fn rows(&self) -> (usize, usize) {
		let pallets = [&b"TaskMarket"[..], b"Dispute", b"ComputeStaking"];
		let holds = pallet_balances::Holds::<Runtime>::final_prefix();
		let mut prefixes = pallets.map(|pallet| twox_128(pallet).to_vec()).to_vec();
		prefixes.push(holds.to_vec());
		let rows = self.store.rows().iter();
		let ours = rows.filter(|(key, _)| prefixes.iter().any(|prefix| key.starts_with(prefix)));
		ours.fold((0, 0), |(rows, bytes), (key, row)| (rows + 1, bytes + key.len() + row.len()))
	}
}

fn whole(kind: Kind) -> Arc<Segment> {
	let task = &library().whole(kind).task;
	library().segment(kind, task.first_step, task.steps)
}

fn script(kind: Kind, claim: usize, challenger: usize, withheld: bool) -> Arc<Script> {
	let style = Style { claim, challenger, withheld, late: false };
	library().script(kind, &whole(kind), style).expect("there is something to say")
}

/// One task for each way to end.
fn lives(chain: &mut Chain, kind: Kind) {
	let task = chain.claimed(kind, 0);
	chain.paid(task);
	for withheld in [false, true] {
		let task = chain.claimed(kind, 1);
		chain.play(task, &script(kind, 1, 0, withheld));
	}
	let task = chain.claimed(kind, 0);
	chain.play(task, &script(kind, 0, 1, false));
	chain.paid(task);
	let task = chain.claimed(kind, 0);
	chain.open(task, &script(kind, 0, 1, false));
	chain.skip(CLOCK);
	assert!(!chain.store.with(|| Tasks::<Runtime>::contains_key(task)), "silence convicts");
	let task = chain.assigned(kind);
	for _ in 0..2 {
		chain.skip(TRAINING + 1);
		chain.bid(task);
	}
	chain.skip(TRAINING + 1);
	assert!(!chain.store.with(|| Tasks::<Runtime>::contains_key(task)), "three attempts failed");
	let task = chain.claimed(kind, 1);
	chain.open(task, &script(kind, 1, 0, false));
	chain.call(SOLVER, Market::withdraw_claim { task });
	chain.skip(BIDDING + 1);
	let task = chain.claimed(kind, 1);
	chain.call(SOLVER, Market::withdraw_claim { task });
	chain.call(REQUESTER, Market::cancel_task { task });
}

/// Tasks in one round of [`lives`].
const ROUND: u32 = 8;

fn state_stays(tasks: u32) {
	let mut chain = Chain::new();
	lives(&mut chain, 0);
	// So that nothing that happens once, such as a first receipt, is counted.
	chain.skip(2);
	let before = chain.rows();
	for round in 0..tasks.div_ceil(ROUND) {
		lives(&mut chain, (round % 3) as Kind);
		chain.skip(2);
		assert_eq!(chain.rows(), before, "after round {round}");
	}
	let made = chain.store.with(NextTask::<Runtime>::get);
	assert!(made >= tasks);
}

#[test]
fn state_should_be_as_large_as_before_when_tasks_have_ended() {
	state_stays(240);
}

#[test]
#[ignore = "takes minutes: 100,000 tasks"]
fn state_should_be_as_large_as_before_when_very_many_tasks_have_ended() {
	state_stays(100_000);
}
