//! Calls about the stake of solvers.

use super::{Scene, Sent};
use crate::people::{account, SOLVERS};
use assay_primitives::HardwareClass;
use assay_runtime::{constants::ASY, Balance, Runtime};
use pallet_compute_staking::{Call, Metadata, Solvers};

impl Scene<'_> {
	/// What a solver, or somebody who could become one, does with its stake.
	pub(super) fn stake(&mut self) -> Sent {
		let usual = self.dice.one_of(SOLVERS);
		let who = if self.dice.percent(90) { usual } else { self.anyone() };
		let call = match Solvers::<Runtime>::get(account(who)) {
			None => Call::register { hardware: self.hardware(), metadata: self.metadata() },
			Some(solver) if solver.bonded == 0 => match self.dice.small(12) {
				0 => Call::deregister {},
				1 => Call::withdraw_unbonded {},
				_ => Call::bond { amount: self.stake_amount() },
			},
			Some(solver) => match self.dice.small(24) {
				0 => Call::unbond { amount: solver.free() },
				1..=2 => Call::unbond { amount: self.some_of(solver.free()) },
				3..=5 => Call::withdraw_unbonded {},
				6 => Call::deregister {},
				7 => Call::bond { amount: self.stake_amount() },
				8..=10 => {
					Call::update_profile { hardware: self.hardware(), metadata: self.metadata() }
				},
				11 => Call::register { hardware: self.hardware(), metadata: self.metadata() },
				12..=13 => Call::unbond { amount: self.amount() },
				14..=15 => Call::bond_extra { amount: self.amount() },
				_ => return self.market(),
			},
		};
		(who, call.into())
	}

	pub(super) fn hardware(&mut self) -> HardwareClass {
		let classes = [HardwareClass::Cpu, HardwareClass::Gpu, HardwareClass::MultiGpu];
		if self.dice.percent(80) {
			return HardwareClass::Cpu;
		}
		self.dice.one_of(classes)
	}

	fn metadata(&mut self) -> Metadata {
		let len = self.dice.one_of([0usize, 32, 64]);
		Metadata::truncate_from(vec![self.dice.any() as u8; len])
	}

	fn stake_amount(&mut self) -> Balance {
		Balance::from(1_000 + self.dice.small(20_000)) * ASY
	}

	/// A part of an amount, sometimes more than all.
	pub(super) fn some_of(&mut self, amount: Balance) -> Balance {
		let share = Balance::from(self.dice.small(110));
		amount / 100 * share
	}
}
