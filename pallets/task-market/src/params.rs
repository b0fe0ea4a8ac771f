//! The numbers that a runtime fixes, grouped by what they bound. Each group is one constant in the
//! metadata.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::sp_runtime::{FixedU128, Permill};
use scale_info::TypeInfo;

/// What a task may ask for.
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
pub struct Limits<BlockNumber> {
	/// Most bytes of an encoded program.
	pub program_len: u32,
	/// Most effort of one stride (and so of one step), in operations as [`assay_primitives::ProgramInfo::effort`] counts
	/// them: a stride must be replayed in a dispute, or its defender would lose by silence.
	pub stride_effort: u64,
	/// Most words of all values and slots of one step: a traced step must fit a machine.
	pub step_words: u64,
	/// Most states in a claim's list.
	pub states: u32,
	/// Least blocks of bidding, training, and between heartbeats.
	pub window_min: BlockNumber,
	/// Least blocks of the challenge window: challengers must be able to replay.
	pub challenge_min: BlockNumber,
	/// Most blocks of bidding and of the challenge window.
	pub window_max: BlockNumber,
	/// Most blocks of training.
	pub training_max: BlockNumber,
	/// Times that a task is given to a solver before it fails.
	pub attempts: u8,
}

/// What things cost.
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
pub struct Prices<Balance> {
	/// Least reward for 10⁹ weighted floating-point operations.
	pub per_gigaflop: Balance,
	/// Least reward for 10⁹ bytes read and written.
	pub per_gigabyte: Balance,
	/// Deposit for each stored row.
	pub row_deposit: Balance,
	/// Deposit for each byte of a stored row.
	pub byte_deposit: Balance,
	/// Fee on what a solver is paid; burned, so that a task with oneself is not free.
	pub fee: Permill,
	/// Stake behind a task, in units of its price (κ).
	pub stake_factor: FixedU128,
	/// Least stake behind a task.
	pub minimum_stake: Balance,
}

/// What a faulty solver loses, in parts of the stake behind the task.
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
pub struct Penalties {
	/// Fraud: the requester's part. All of the stake is taken.
	pub requester_share: Permill,
	/// Fraud: the first successful challenger's part, beside its cost.
	pub challenger_share: Permill,
	/// Fraud: most that the challenger's cost may come to.
	pub cost_cap: Permill,
	/// Fraud: the auditors' part; burned while no auditors are assigned.
	pub auditor_share: Permill,
	/// A missed deadline: taken in all. Half goes to the requester for its lost time.
	pub missed_deadline: Permill,
	/// Taking back a claim that nobody disputes yet: taken in all. Half goes to the requester.
	pub withdrawal: Permill,
	/// Taking back a disputed claim: taken at least. The challengers' costs are paid from it; what is left of half of it
	/// goes to them and to the requester.
	pub disputed_withdrawal: Permill,
	/// Taking back a disputed claim: taken at least for each unit that its challengers spent, as far as the
	/// stake goes. Nobody makes others work for less.
	pub cost_multiple: u32,
}

impl Penalties {
	/// Whether at least half of a slash for fraud burns, so that a coalition that accuses itself loses.
	pub fn burns_half(&self) -> bool {
		[self.requester_share, self.challenger_share, self.cost_cap, self.auditor_share]
			.iter()
			.fold(0u32, |sum, share| sum.saturating_add(share.deconstruct()))
			<= 500_000
	}
}
