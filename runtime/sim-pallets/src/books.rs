//! What events say, and whether the books agree.

use crate::people::held;
use assay_dispute_game::Effect;
use assay_primitives::TaskId;
use assay_runtime::{
	AccountId, Balance, Balances, BlockNumber, ComputeStaking, Dispute, Runtime, RuntimeEvent,
	System, TaskMarket,
};
use pallet_compute_staking::Event as StakeEvent;
use pallet_dispute::{Event as GameEvent, GameId};
use pallet_task_market::Event as TaskEvent;
use polkadot_sdk::{frame_system, pallet_balances};
use std::collections::{HashMap, HashSet};

/// Blocks that the agenda may be late.
const AGENDA_DELAY: BlockNumber = 64;

/// A game that is open.
pub(crate) struct Open {
	pub(crate) task: TaskId,
	challenger: AccountId,
	opened: BlockNumber,
	/// Games about the same claim that were open.
	others: u32,
	/// Worth of each side's moves, but for replays.
	spent: [Balance; 2],
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
	/// The solver was paid.
	Paid(Balance),
	/// It was convicted by this challenger.
	Convicted(AccountId),
	/// It was taken back.
	Withdrawn,
}

/// What events have told.
#[derive(Default)]
pub(crate) struct Story {
	pub(crate) games: HashMap<GameId, Open>,
	/// Tasks in whose games something has happened since this was emptied.
	pub(crate) stirred: Vec<TaskId>,
	pub(crate) fates: HashMap<TaskId, Fate>,
	/// The task of the game that ended last: the event of a lost bond follows.
	resolved: Option<TaskId>,
	/// What solvers got out of the bonds of those who lost: by task.
	pub(crate) refunds: HashMap<TaskId, Balance>,
	/// Bonds that were lost, by task.
	pub(crate) bonds: HashMap<TaskId, Balance>,
	/// Worth of the moves of solvers, by task.
	pub(crate) defended: HashMap<TaskId, Balance>,
	/// Worth of the moves of challengers.
	pub(crate) accused: HashMap<AccountId, Balance>,
	/// What the challengers of a withdrawn claim were paid, and the loss, by task.
	pub(crate) lost_stake: HashMap<TaskId, Balance>,
	/// Games that ended, by task.
	pub(crate) counts: HashMap<TaskId, Count>,
	pub(crate) burned: Balance,
	/// Challengers that lost a bond.
	pub(crate) losers: HashSet<AccountId>,
	/// Digest of all moves.
	pub(crate) digest: u64,
}

/// What the games of a claim came to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
	pub(crate) games: u32,
	pub(crate) late: u32,
	pub(crate) longest: BlockNumber,
	/// Of games that were alone about the claim when they were opened.
	pub(crate) longest_alone: BlockNumber,
	pub(crate) moves: u32,
}

/// Worth of a move of so many bytes, without a replay.
fn worth(bytes: u32) -> Balance {
	let tariff = <Runtime as pallet_dispute::Config>::Tariff::get();
	tariff.per_move + tariff.per_byte * Balance::from(bytes)
}

/// Most blocks of a game beside so many others about the same claim.
fn longest(others: u32) -> BlockNumber {
	let rules = <Runtime as pallet_dispute::Config>::Clock::get();
	2 * (rules.base + rules.replay_max * (others + 1)) + AGENDA_DELAY
}

impl Story {
	/// Reads the events of a block.
	pub(crate) fn read(&mut self, events: Vec<RuntimeEvent>) {
		for event in events {
			match event {
				RuntimeEvent::Dispute(event) => self.game(event),
				RuntimeEvent::TaskMarket(event) => self.task(event),
				RuntimeEvent::ComputeStaking(StakeEvent::Slashed {
					task, amount, burned, ..
				}) => {
					self.burned += burned;
					*self.lost_stake.entry(task).or_default() += amount;
				},
				_ => (),
			}
		}
	}

	fn game(&mut self, event: GameEvent<Runtime>) {
		match event {
			GameEvent::GameOpened { game, task, challenger, .. } => {
				let opened = System::block_number();
				let others = self.games.values().filter(|open| open.task == task).count() as u32;
				let spent = [0; 2];
				self.games.insert(game, Open { task, challenger, opened, others, spent });
				self.stirred.push(task);
			},
			GameEvent::Moved { game, kind, side, bytes, position, effect, .. } => {
				if let Some(open) = self.games.get_mut(&game) {
					open.spent[side as usize] += worth(bytes);
				}
				let word = u64::from_le_bytes(position[..8].try_into().expect("eight bytes"));
				self.digest = self.digest.rotate_left(5) ^ word ^ (kind as u64);
				if let (Some(open), Effect::Turn { .. }) = (self.games.get(&game), effect) {
					self.stirred.push(open.task);
					self.counts.entry(open.task).or_default().moves += 1;
				}
			},
			GameEvent::GameResolved { game, task, challenger_cost, solver_cost, .. } => {
				self.resolved = Some(task);
				*self.defended.entry(task).or_default() += solver_cost;
				if let Some(open) = self.games.get(&game) {
					let who = open.challenger.clone();
					*self.accused.entry(who).or_default() += challenger_cost;
				}
				self.close(game, task);
			},
			// Nobody is told what the moves of a game that was closed were worth.
			GameEvent::GameClosed { game, task } => {
				if let Some(Open { challenger, spent: [accusing, defending], .. }) =
					self.games.get(&game)
				{
					*self.defended.entry(task).or_default() += defending;
					*self.accused.entry(challenger.clone()).or_default() += accusing;
				}
				self.close(game, task);
			},
			GameEvent::BondSlashed { challenger, paid, burned, .. } => {
				self.burned += burned;
				self.losers.insert(challenger);
				if let Some(task) = self.resolved {
					*self.refunds.entry(task).or_default() += paid;
					*self.bonds.entry(task).or_default() += paid + burned;
				}
			},
			_ => (),
		}
	}

	fn close(&mut self, game: GameId, task: TaskId) {
		self.stirred.push(task);
		let count = self.counts.entry(task).or_default();
		count.games += 1;
		if let Some(Open { opened, others, .. }) = self.games.remove(&game) {
			let lasted = System::block_number() - opened;
			count.longest = count.longest.max(lasted);
			if others == 0 {
				count.longest_alone = count.longest_alone.max(lasted);
			}
			count.late += u32::from(lasted > longest(others));
		}
	}

	fn task(&mut self, event: TaskEvent<Runtime>) {
		match event {
			TaskEvent::TaskFinalised { task, paid, fee, .. } => {
				self.burned += fee;
				self.fates.insert(task, Fate::Paid(paid));
			},
			TaskEvent::ClaimConvicted { task, challenger, .. } => {
				self.fates.insert(task, Fate::Convicted(challenger));
			},
			TaskEvent::ClaimWithdrawn { task, .. } => {
				self.fates.insert(task, Fate::Withdrawn);
			},
			_ => (),
		}
	}
}

/// Whether the books agree: each pallet's invariants, and that accounts and issuance do.
pub(crate) fn check_books() -> Result<(), String> {
	ComputeStaking::do_try_state().map_err(|error| format!("staking: {error:?}"))?;
	TaskMarket::do_try_state().map_err(|error| format!("market: {error:?}"))?;
	Dispute::do_try_state().map_err(|error| format!("dispute: {error:?}"))?;
	let accounts = frame_system::Account::<Runtime>::iter_values();
	let sum: Balance = accounts.map(|account| account.data.free + account.data.reserved).sum();
	if sum != Balances::total_issuance() {
		return Err(format!("accounts have {sum}, issued are {}", Balances::total_issuance()));
	}
	for (who, holds) in pallet_balances::Holds::<Runtime>::iter() {
		let sum: Balance = holds.iter().map(|hold| hold.amount).sum();
		if sum != held(&who) {
			return Err(format!("{who} has {} on hold, reasons are {sum}", held(&who)));
		}
	}
	Ok(())
}
