//! The solver's stake: what is behind claims stays there.

use super::{Account, Chain, Planted, Refused, SOLVER};

/// Blocks from unbonding to withdrawal, and the least stake that stays bonded if not all is taken out, as in the runtime. No
/// claim can be challenged for as long.
const UNBONDING: u32 = 57_600;
const LEAST_BOND: i64 = 100_000_000;

/// Stake of the solver that is behind no claim.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spare {
	bonded: i64,
	unbonding: i64,
	/// When the first of that can be withdrawn.
	due: u32,
}

impl Spare {
	/// All of it.
	pub(super) fn sum(&self) -> i64 {
		self.bonded + self.unbonding
	}
}

impl Chain<'_> {
	/// Puts stake beside what is behind claims, for a solver that will try to take out all of it.
	pub(super) fn bond_spare(&mut self) {
		if self.scenario.strategy.unbonds {
			self.spare.bonded = LEAST_BOND;
			self.books.hold(self.solver(), LEAST_BOND);
		}
	}

	/// Stake of the solver that is behind claims, and all that is not being taken out.
	pub(in super::super) fn stakes(&self) -> (i64, i64) {
		let live = (0..self.claims.len() as u32).filter(|claim| self.is_live(*claim));
		let locked = live.map(|claim| self.case(claim).stake).sum();
		(locked, locked + self.spare.bonded)
	}

	/// Starts to take stake out.
	pub(super) fn unbond(&mut self, from: Account, amount: i64) -> Result<(), Refused> {
		let (locked, bonded) = self.stakes();
		let unlocked = self.has(Planted::Unlocked);
		let (free, period) = match unlocked {
			true => (bonded, 0),
			false => (bonded - locked, UNBONDING),
		};
		let rest = bonded - amount;
		let leaves_enough = unlocked || rest == 0 || rest >= LEAST_BOND;
		if from != SOLVER || amount <= 0 || amount > free || !leaves_enough {
			return Err(Refused::Locked);
		}
		self.spare.bonded -= amount;
		self.spare.unbonding += amount;
		self.spare.due = self.now + period;
		Ok(())
	}

	/// Takes out what is due.
	pub(super) fn withdraw_unbonded(&mut self, from: Account) -> Result<(), Refused> {
		let amount = self.spare.unbonding;
		if from != SOLVER || amount == 0 || self.now < self.spare.due {
			return Err(Refused::Locked);
		}
		self.spare.unbonding = 0;
		self.books.release(self.solver(), amount);
		Ok(())
	}
}
