//! The model: real calls on real storage.

use assay_primitives::{Fault, Slash, Stakes};
use pallet_compute_staking::Call as Stake;
use pallet_dispute::{Call as Game, Disputes};
use pallet_task_market::Call as Task;
use polkadot_sdk::{
	frame_support::{
		dispatch::GetDispatchInfo, storage::with_storage_layer, traits::UnfilteredDispatchable,
	},
	sp_core::storage::Storage,
	sp_runtime::DispatchResult,
	sp_state_machine::BasicExternalities,
};

use crate::{
	ledger::Ledger,
	runtime::*,
	search::{digest, Model, Step},
	setup,
};

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
	/// The solver bonds 100.
	Bond,
	/// The solver unbonds so much, all that is free where it is `None`.
	Unbond(Option<u64>),
	/// The solver takes out what is due.
	Withdraw,
	/// The solver leaves.
	Deregister,
	/// Somebody accuses the claim of the first task.
	Open(u64),
	/// The solver answers in the first game that waits for it.
	Answer,
	/// Somebody ends every game whose clock has run out.
	Expire,
	/// Somebody finalises this task.
	Finalise(u32),
	/// The solver takes its claim back.
	TakeBack,
	/// The solver bids for this task.
	Bid(u32),
	/// Somebody has this task assigned, which locks stake.
	Assign(u32),
	/// Somebody reports the missed deadline of this task.
	Report(u32),
	/// Blocks pass until something is due; with `false`, until the block before.
	Pass(bool),
	/// The market locks so much for this task.
	Lock(u32, u64),
	/// The market releases a lock.
	Release(u32),
	/// The market slashes this part of a lock, with payouts.
	Slash(u32, u64),
}

impl Action {
	fn name(self) -> Step {
		match self {
			Self::Bond => ("bond", 0),
			Self::Unbond(amount) => ("unbond", u8::from(amount.is_none())),
			Self::Withdraw => ("withdraw", 0),
			Self::Deregister => ("deregister", 0),
			Self::Open(who) => ("open", who as u8),
			Self::Answer => ("answer", 0),
			Self::Expire => ("expire", 0),
			Self::Finalise(task) => ("finalise", task as u8),
			Self::TakeBack => ("take back", 0),
			Self::Bid(task) => ("bid", task as u8),
			Self::Assign(task) => ("assign", task as u8),
			Self::Report(task) => ("report", task as u8),
			Self::Pass(due) => ("pass", u8::from(due)),
			Self::Lock(task, _) => ("lock", task as u8),
			Self::Release(task) => ("release", task as u8),
			Self::Slash(task, _) => ("slash", task as u8),
		}
	}

	fn run(self) -> DispatchResult {
		let unlocked = || Staking::standing(&SOLVER).map_or(0, |standing| standing.free);
		match self {
			Self::Bond => match Staking::solver(SOLVER).is_some_and(|row| row.bonded > 0) {
				true => call(SOLVER, Stake::bond_extra { amount: 100 }),
				false => call(SOLVER, Stake::bond { amount: 100 }),
			},
			Self::Unbond(amount) => {
				call(SOLVER, Stake::unbond { amount: amount.unwrap_or_else(unlocked) })
			},
			Self::Withdraw => call(SOLVER, Stake::withdraw_unbonded {}),
			Self::Deregister => call(SOLVER, Stake::deregister {}),
			Self::Open(who) => call(who, Game::open_withheld { task: 0 }),
			Self::Answer => match setup::answer() {
				Some(answer) => call(SOLVER, answer),
				None => Ok(()),
			},
			Self::Expire => {
				let mut games: Vec<_> = Disputes::<Test>::iter_keys().collect();
				games.sort();
				games.into_iter().for_each(|game| {
					// One conviction closes the other games of its task.
					let _ = call(NOBODY, Game::expire { game });
				});
				Ok(())
			},
			Self::Finalise(task) => call(NOBODY, Task::finalise { task }),
			Self::TakeBack => call(SOLVER, Task::withdraw_claim { task: 0 }),
			Self::Bid(task) => call(SOLVER, Task::place_bid { task, price: 150 }),
			Self::Assign(task) => call(NOBODY, Task::assign { task }),
			Self::Report(task) => call(NOBODY, Task::report_missed_deadline { task }),
			Self::Pass(due) => pass(due),
			Self::Lock(task, amount) => Staking::lock(task, &SOLVER, amount),
			Self::Release(task) => Staking::release(task, &SOLVER, true),
			Self::Slash(task, part) => slash(task, part),
		}
	}
}

fn call(who: u64, call: impl Into<RuntimeCall>) -> DispatchResult {
	let call: RuntimeCall = call.into();
	let most = call.get_dispatch_info().call_weight;
	let done = call.dispatch_bypass_filter(RuntimeOrigin::signed(who));
	let used = done.map_err(|error| error.error)?.actual_weight;
	assert!(used.is_none_or(|used| used.all_lte(most)), "a call was heavier than it said");
	Ok(())
}

fn slash(task: u32, part: u64) -> DispatchResult {
	let lock = Staking::locked(task, &SOLVER).unwrap_or(100);
	let payouts = vec![(REQUESTER, lock / 4), (NOBODY, 5), (CHALLENGER, lock / 4)];
	let payouts = payouts.try_into().expect("three are not too many");
	let fault = if part == 1 { Fault::Fraud } else { Fault::MissedDeadline };
	let order = Slash { amount: lock / part, payouts, fault };
	with_storage_layer(|| Staking::slash(task, &SOLVER, order)).map(drop)
}

/// The next blocks in which something becomes possible or impossible.
fn next_due() -> Option<u64> {
	let now = System::block_number();
	let mut blocks = Vec::new();
	for row in pallet_compute_staking::Solvers::<Test>::iter_values() {
		blocks.extend(row.unbonding.iter().map(|chunk| chunk.due));
	}
	for task in TASKS {
		// Deadlines are the last block of something.
		blocks.extend(Market::task(task).map(|task| task.deadline + 1));
	}
	for dispute in Disputes::<Test>::iter_values() {
		blocks.extend(dispute.game.deadline().map(u64::from));
	}
	blocks.into_iter().filter(|block| *block > now).min()
}

fn pass(due: bool) -> DispatchResult {
	let block = next_due().unwrap_or(System::block_number() + 1);
	run_to(if due { block } else { (block - 1).max(System::block_number()) });
	Ok(())
}

/// The chain, and what the model knows of it.
pub(crate) struct State {
	storage: Storage,
	ledger: Ledger,
}

/// Which things can happen, and whether the chain acts by itself.
pub(crate) struct Life {
	/// What can happen.
	pub(crate) actions: Vec<Action>,
	/// Whether blocks are full, so that only calls make anything happen.
	pub(crate) busy: bool,
	/// Whether a task is claimed at the beginning; else there is none.
	pub(crate) claimed: bool,
}

/// Says what was being done when something panicked.
struct Doing(Action);

impl Drop for Doing {
	fn drop(&mut self) {
		if std::thread::panicking() {
			eprintln!("while doing {:?}", self.0);
		}
	}
}

fn on<R>(storage: Storage, act: impl FnOnce() -> R) -> (R, Storage) {
	let mut chain = BasicExternalities::new(storage);
	let result = chain.execute_with(act);
	(result, chain.into_storages())
}

impl Life {
	/// What comes of an action; `None` where it is refused or changes nothing.
	fn after(&self, state: &State, action: Action) -> Option<State> {
		let _doing = Doing(action);
		let mut ledger = state.ledger.clone();
		let (window, games) = (ledger.window(0), ledger.games_about(0));
		let (done, storage) = on(state.storage.clone(), || {
			let open = matches!(action, Action::Open(_));
			let due = window.is_some_and(|until| System::block_number() <= until);
			let done = action.run();
			let must = open && due && games < PLACES;
			assert!(!must || done.is_ok(), "a claim could not be accused: {done:?}");
			assert!(!open || done.is_err() || must, "a claim was accused too late or too often");
			ledger.read();
			done
		});
		let same = storage.top == state.storage.top;
		assert!(same || done.is_ok(), "a refused call changed something");
		(!same).then_some(State { storage, ledger })
	}
}

impl Model for Life {
	type State = State;

	fn root(&self) -> State {
		TickWeight::set(Plenty::get());
		let mut ledger = Ledger::default();
		let (_, storage) = on(setup::genesis(), || {
			setup::begin(self.claimed);
			ledger.read();
		});
		State { storage, ledger }
	}

	fn verify(&self, state: &State) {
		on(state.storage.clone(), || state.ledger.check());
	}

	fn next(&self, state: &State) -> Vec<(Step, State)> {
		TickWeight::set(if self.busy { Default::default() } else { Plenty::get() });
		let next = |action: &Action| Some((action.name(), self.after(state, *action)?));
		self.actions.iter().filter_map(next).collect()
	}

	fn key(&self, state: &State) -> u128 {
		digest(&(&state.storage.top, &state.ledger))
	}

	/// The length of a sequence ends it.
	fn ended(&self, _: &State) -> bool {
		true
	}
}
