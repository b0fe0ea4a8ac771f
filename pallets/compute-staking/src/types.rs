//! Value types: pure changes of a solver's row, without storage or balances.

use assay_primitives::{Fault, HardwareClass, Standing};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::sp_runtime::{
	traits::{AtLeast32BitUnsigned, ConstU32, Zero},
	BoundedVec,
};
use scale_info::TypeInfo;

/// Most bytes of the metadata hash (a multihash fits).
pub const MAX_METADATA: u32 = 64;

/// Most withdrawals that wait at a time, per solver. Amounts due at the same block share one entry.
pub const MAX_UNBONDING: u32 = 16;

/// Hash of the description that a solver publishes about itself.
pub type Metadata = BoundedVec<u8, ConstU32<MAX_METADATA>>;

/// Stake on its way out.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Unbonding<Balance, BlockNumber> {
	/// How much.
	pub amount: Balance,
	/// First block at which it may be withdrawn.
	pub due: BlockNumber,
}

/// What a solver did so far. Counters never go down.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Reputation<BlockNumber> {
	/// Tasks finished and paid.
	pub completed: u32,
	/// Tasks lost to a missed deadline or withdrawn.
	pub failed: u32,
	/// Tasks in which a claim was proven wrong.
	pub convicted: u32,
	/// Block of registration or of the latest change of a lock.
	pub last_active: BlockNumber,
}

impl<BlockNumber> Reputation<BlockNumber> {
	/// Counts a fault.
	pub fn count_fault(&mut self, fault: Fault) {
		match fault {
			Fault::Fraud => self.convicted = self.convicted.saturating_add(1),
			Fault::MissedDeadline | Fault::Withdrawal => {
				self.failed = self.failed.saturating_add(1)
			},
		}
	}
}

/// A registered solver.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Solver<Balance, BlockNumber> {
	/// Class of machine, as the solver says.
	pub hardware: HardwareClass,
	/// Hash of its self-description; may be empty.
	pub metadata: Metadata,
	/// Deposit held for this row and its locks.
	pub deposit: Balance,
	/// Stake that can back tasks.
	pub bonded: Balance,
	/// Part of `bonded` that backs tasks now.
	pub locked: Balance,
	/// Tasks that it backs.
	pub locks: u32,
	/// Stake on its way out, by ascending due block. Backs nothing.
	pub unbonding: BoundedVec<Unbonding<Balance, BlockNumber>, ConstU32<MAX_UNBONDING>>,
	/// What it did so far.
	pub reputation: Reputation<BlockNumber>,
}

impl<Balance, BlockNumber> Solver<Balance, BlockNumber>
where
	Balance: AtLeast32BitUnsigned + Copy,
	BlockNumber: Ord + Copy + Zero,
{
	/// Bonded stake that backs no task.
	pub fn free(&self) -> Balance {
		self.bonded.saturating_sub(self.locked)
	}

	/// All stake on hold: bonded and on its way out.
	pub fn held(&self) -> Balance {
		self.unbonding.iter().fold(self.bonded, |sum, chunk| sum.saturating_add(chunk.amount))
	}

	/// What the market sees.
	pub fn standing(&self) -> Standing<Balance> {
		Standing {
			hardware: self.hardware,
			free: self.free(),
			completed: self.reputation.completed,
			failed: self.reputation.failed,
			convicted: self.reputation.convicted,
		}
	}

	/// Moves `amount` of free stake onto its way out. `Err` where too many amounts wait already.
	/// The caller has checked that `amount` is free.
	pub fn start_unbonding(&mut self, amount: Balance, due: BlockNumber) -> bool {
		if let Some(chunk) = self.unbonding.iter_mut().find(|chunk| chunk.due == due) {
			chunk.amount = chunk.amount.saturating_add(amount);
		} else {
			let at = self.unbonding.iter().take_while(|chunk| chunk.due < due).count();
			if self.unbonding.try_insert(at, Unbonding { amount, due }).is_err() {
				return false;
			}
		}
		self.bonded = self.bonded.saturating_sub(amount);
		true
	}

	/// Takes out what is due at block `now` and returns the sum.
	pub fn take_due(&mut self, now: BlockNumber) -> Balance {
		let before = self.held();
		self.unbonding.retain(|chunk| chunk.due > now);
		before.saturating_sub(self.held())
	}
}
