//! Calls that need not make sense.

use super::Scene;
use crate::{
	command::{Command, Origin},
	people::account,
};
use assay_primitives::TaskId;
use assay_runtime::{Runtime, RuntimeCall};
use codec::{Decode, Encode};
use pallet_compute_staking::Call as Stake;
use pallet_dispute::Call as Dispute;
use pallet_task_market::Call as Market;

/// Indices of the pallets that have calls.
const PALLETS: [u8; 17] = [0, 2, 3, 10, 20, 22, 31, 34, 35, 36, 40, 41, 42, 60, 61, 62, 250];
/// More than the calls of any pallet.
const CALLS: u32 = 34;
/// Random bytes behind the index of a call.
const BYTES: u32 = 96;
/// Zeros behind them. They end, as a transaction does: a long list is refused for its length.
const ZEROS: usize = 256;

impl Scene<'_> {
	/// Any call of our pallets by anybody, about something that mostly exists.
	pub(super) fn any_of_ours(&mut self) -> Command {
		let call: RuntimeCall = match self.dice.small(4) {
			0 => self.any_stake().into(),
			1 | 2 => self.any_market().into(),
			_ => self.any_dispute().into(),
		};
		Command::call(self.any_origin(), call)
	}

	fn any_stake(&mut self) -> Stake<Runtime> {
		let amount = self.amount();
		match self.dice.small(6) {
			0 => Stake::bond { amount },
			1 => Stake::bond_extra { amount },
			2 => Stake::unbond { amount },
			3 => Stake::deregister {},
			4 => Stake::withdraw_unbonded {},
			_ => Stake::register { hardware: self.hardware(), metadata: Default::default() },
		}
	}

	fn any_task(&mut self) -> TaskId {
		let ids: Vec<TaskId> = self.model.tasks.keys().copied().collect();
		let unknown = self.dice.one_of([0, 1, u32::MAX, 40]);
		self.dice.pick(&ids).filter(|_| self.dice.percent(90)).unwrap_or(unknown)
	}

	fn any_market(&mut self) -> Market<Runtime> {
		let task = self.any_task();
		let root = self.dice.root();
		match self.dice.small(10) {
			0 => Market::cancel_task { task },
			1 => Market::place_bid { task, price: self.amount() },
			2 => Market::withdraw_bid { task },
			3 => Market::assign { task },
			4 => Market::heartbeat { task, states: self.dice.small(12), root },
			5 => Market::finalise { task },
			6 => Market::report_missed_deadline { task },
			7 => Market::withdraw_claim { task },
			8 => Market::remove_receipt { task },
			_ => self.odd_post(),
		}
	}

	/// A task that is out of the ordinary.
	fn odd_post(&mut self) -> Market<Runtime> {
		let (_, call) = self.post();
		let RuntimeCall::TaskMarket(mut call) = call else {
			return Market::finalise { task: self.any_task() };
		};
		if let Market::post_task { work, terms, program, .. } = &mut call {
			let odd = self.dice.one_of([0, 1, 2, u32::MAX, 1 << 20]);
			match self.dice.small(12) {
				0 => work.steps = odd,
				1 => work.stride = odd,
				2 => work.first_step = odd,
				3 => work.records = odd,
				4 => work.record_size = odd,
				5 => work.data_root = self.dice.root(),
				6 => work.init_root = self.dice.root(),
				7 => terms.reward = self.amount(),
				8 => terms.training = odd,
				9 => terms.challenge = odd,
				10 => work.seed = self.dice.root(),
				_ => program.batch = odd,
			}
		}
		call
	}

	fn any_dispute(&mut self) -> Dispute<Runtime> {
		let (game, task) = (self.any_game(), self.any_task());
		let stored = pallet_dispute::Disputes::<Runtime>::get(game);
		let stale = self.dice.root();
		let position = stored.map_or(stale, |stored| stored.game.position());
		let position = if self.dice.percent(90) { position } else { stale };
		match self.dice.small(10) {
			0 => Dispute::open_withheld { task },
			1 => Dispute::ask { game, position },
			2 => Dispute::ask_slots { game, position },
			3 => Dispute::pick { game, position, child: self.dice.small(20) },
			4 => Dispute::post_trace { game, position, root: stale },
			5 => Dispute::post_steps { game, position, root: stale, last: Default::default() },
			6 => Dispute::expire { game },
			7 => Dispute::bisect { game, position, children: Default::default() },
			8 => {
				let step = self.dice.small(6);
				Dispute::pick_step { game, position, step, before: None, after: None }
			},
			_ => Dispute::pick_block { game, position, block: self.dice.small(3), evidence: None },
		}
	}

	/// A call that makes sense, but for a few bytes of it.
	pub(super) fn mutated(&mut self) -> Command {
		let (who, call) = if self.dice.percent(80) { self.market() } else { self.stake() };
		let mut bytes = call.encode();
		for _ in 0..=self.dice.small(2) {
			let at = self.dice.below(bytes.len() as u64) as usize;
			let value = self.dice.any() as u8;
			if let Some(byte) = bytes.get_mut(at) {
				*byte = if self.dice.percent(50) { *byte ^ (1 << (value % 8)) } else { value };
			}
		}
		match RuntimeCall::decode(&mut &bytes[..]) {
			Ok(call) => Command::by(who, call),
			Err(_) => Command::by(self.anyone(), call),
		}
	}

	/// Any call of any pallet, with arguments by chance.
	pub(super) fn random(&mut self) -> Command {
		for _ in 0..8 {
			let mut bytes = vec![self.dice.one_of(PALLETS), self.dice.small(CALLS) as u8];
			if self.dice.percent(60) {
				bytes.push(0);
				bytes.extend(account(self.anyone()).encode());
			}
			for _ in 0..self.dice.small(BYTES) {
				let byte = self.dice.any() as u8;
				bytes.push(if self.dice.percent(50) { 0 } else { byte });
			}
			bytes.resize(bytes.len() + ZEROS, 0);
			if let Ok(call) = RuntimeCall::decode(&mut &bytes[..]) {
				return Command::call(self.any_origin(), call);
			}
		}
		Command::call(Origin::None, Market::assign { task: 0 })
	}
}
