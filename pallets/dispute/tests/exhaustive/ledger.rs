//! What the stake of one solver must be, told by the events alone, and compared with the real books.

use std::collections::{BTreeMap, BTreeSet};

use assay_dispute_game::Outcome;
use assay_primitives::{Fault, TaskId};
use pallet_compute_staking::{Event as Stake, HoldReason};
use pallet_dispute::{Event as Game, GameId};
use pallet_task_market::Event as Task;
use polkadot_sdk::{frame_support::traits::fungible::InspectHold, frame_system};

use crate::{penalties::PENALTIES, runtime::*};

/// The books of the model.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Ledger {
	bonded: u64,
	/// Amounts on their way out, and when that began.
	leaving: Vec<(u64, u64)>,
	locks: BTreeMap<TaskId, u64>,
	/// Last block for challenges, of claimed tasks.
	windows: BTreeMap<TaskId, u64>,
	pub(crate) games: BTreeMap<GameId, TaskId>,
	/// Tasks whose solver was convicted and must be punished before anything else happens.
	convicted: BTreeSet<TaskId>,
	burned: u64,
}

impl Ledger {
	fn locked(&self) -> u64 {
		self.locks.values().sum()
	}

	fn leaving(&self) -> u64 {
		self.leaving.iter().map(|(amount, _)| amount).sum()
	}

	fn is_accused(&self, task: TaskId) -> bool {
		self.games.values().any(|accused| *accused == task)
	}

	/// Last block for challenges of a claim.
	pub(crate) fn window(&self, task: TaskId) -> Option<u64> {
		self.windows.get(&task).copied()
	}

	/// Games about a claim.
	pub(crate) fn games_about(&self, task: TaskId) -> usize {
		self.games.values().filter(|accused| **accused == task).count()
	}

	/// Takes in what has happened since the last time.
	pub(crate) fn read(&mut self) {
		for record in System::events() {
			match record.event {
				RuntimeEvent::Staking(event) => self.stake(event),
				RuntimeEvent::Market(event) => self.task(event),
				RuntimeEvent::Dispute(event) => self.game(event),
				_ => (),
			}
		}
		System::reset_events();
		assert!(self.convicted.is_empty(), "an accused escaped: {:?}", self.convicted);
	}

	fn stake(&mut self, event: Stake<Test>) {
		let now = System::block_number();
		match event {
			Stake::Bonded { amount, bonded, .. } => {
				self.bonded += amount;
				assert_eq!(bonded, self.bonded, "bonded stake differs");
			},
			Stake::UnbondingStarted { amount, due, .. } => {
				assert!(amount <= self.bonded - self.locked(), "stake left while locked");
				assert_eq!(due, now + UNBONDING, "stake leaves at another time");
				self.bonded -= amount;
				self.leaving.push((amount, now));
			},
			Stake::Withdrawn { amount, .. } => {
				let (due, rest): (Vec<_>, Vec<_>) =
					self.leaving.iter().copied().partition(|(_, asked)| asked + UNBONDING <= now);
				let sum: u64 = due.iter().map(|(amount, _)| amount).sum();
				assert_eq!(amount, sum, "withdrawn: something else than what is due");
				self.leaving = rest;
			},
			Stake::Locked { task, amount, .. } => {
				assert!(self.locked() + amount <= self.bonded, "one unit behind two tasks");
				assert!(self.locks.insert(task, amount).is_none(), "two locks of one task");
			},
			Stake::Released { task, amount, .. } => {
				assert!(!self.is_accused(task), "released while accused");
				assert_eq!(self.locks.remove(&task), Some(amount), "released: not the lock");
			},
			Stake::Slashed { task, fault, amount, paid, burned, released, .. } => {
				let lock = self.locks.remove(&task).expect("slashed twice for one offence");
				assert_eq!(amount + released, lock, "slashed: more or less than the lock");
				assert_eq!(paid + burned, amount, "slashed stake was lost or made");
				self.bonded = self.bonded.checked_sub(amount).expect("slashed more than bonded");
				self.burned += burned;
				if fault == Fault::Fraud {
					assert_eq!(amount, lock, "a fraud kept some of its stake");
					self.convicted.remove(&task);
				}
				if fault == Fault::Withdrawal {
					let least = PENALTIES.withdrawal.mul_floor(lock);
					assert!(amount >= least, "a claim was taken back for less than its price");
				}
			},
			_ => (),
		}
	}

	fn task(&mut self, event: Task<Test>) {
		match event {
			Task::ClaimSubmitted { task, until, .. } => {
				self.windows.insert(task, until);
			},
			Task::TaskReopened { task, .. }
			| Task::TaskFailed { task, .. }
			| Task::ClaimConvicted { task, .. } => {
				self.windows.remove(&task);
			},
			Task::GameClosed { task, until, .. } => {
				let before = self.windows.insert(task, until);
				assert!(before.is_some_and(|before| before <= until), "a window shrank");
				let full = self.games_about(task) + 1 == PLACES;
				let whole = System::block_number() + WINDOW;
				assert!(!full || until >= whole, "others were kept from accusing");
			},
			Task::TaskFinalised { task, fee, .. } => {
				assert!(!self.is_accused(task), "final while accused");
				let until = self.windows.remove(&task).expect("final without a claim");
				assert!(System::block_number() > until, "final within the window");
				self.burned += fee;
			},
			_ => (),
		}
	}

	fn game(&mut self, event: Game<Test>) {
		match event {
			Game::GameOpened { game, task, .. } => {
				self.games.insert(game, task);
			},
			Game::GameClosed { game, .. } => {
				self.games.remove(&game);
			},
			Game::GameResolved { game, task, outcome, .. } => {
				self.games.remove(&game);
				if matches!(outcome, Outcome::Convicted(_)) {
					self.convicted.insert(task);
				}
			},
			Game::BondSlashed { burned, .. } => self.burned += burned,
			_ => (),
		}
	}

	/// Compares with the real books and checks all of them.
	pub(crate) fn check(&self) {
		let row = pallet_compute_staking::Solvers::<Test>::get(SOLVER);
		let row = row.map_or((0, 0, 0), |row| (row.bonded, row.locked, row.held()));
		let own = (self.bonded, self.locked(), self.bonded + self.leaving());
		assert_eq!(row, own, "the books differ: bonded, locked, held");
		let held = Balances::balance_on_hold(&HoldReason::Stake.into(), &SOLVER);
		assert_eq!(held, self.bonded + self.leaving(), "stake on hold differs");
		let issuance = Balances::total_issuance();
		assert_eq!(issuance, 4 * PURSE - self.burned, "money was lost or made");
		let sum: u64 = frame_system::Account::<Test>::iter()
			.map(|(_, account)| account.data.free + account.data.reserved)
			.sum();
		assert_eq!(sum, issuance, "accounts and issuance differ");
		Staking::do_try_state().expect("staking is consistent");
		Dispute::do_try_state().expect("disputes are consistent");
		Market::do_try_state().expect("the market is consistent");
	}
}
