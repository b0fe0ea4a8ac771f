//! The task market: limits of tasks, prices, and what a faulty solver loses.

use crate::{
	configs::BlockWeights,
	constants::{deposit, ASY, DAYS, MICRO},
	Balance, Balances, BlockNumber, ComputeStaking, Dispute, Runtime, RuntimeHoldReason,
};
use assay_case::limits;
use assay_host_functions::limits::MAX_PROGRAM_BYTES;
use pallet_task_market::{Limits, Penalties, Prices};
use polkadot_sdk::{
	frame_support::{parameter_types, traits::ConstU32, weights::Weight},
	sp_runtime::{FixedU128, Perbill, Permill},
};

/// Two days of production blocks: the longest that bids are taken or a claim can be challenged.
pub(super) const LONGEST_WINDOW: BlockNumber = limits::WINDOW_BLOCKS;

const _: () = assert!(
	limits::WINDOW_BLOCKS == 2 * DAYS
		&& limits::TRAINING_BLOCKS == 30 * DAYS
		&& limits::PROGRAM_BYTES == MAX_PROGRAM_BYTES,
	"what requesters are told is what is admitted"
);

parameter_types! {
	/// What a task may ask for.
	pub const MarketLimits: Limits<BlockNumber> = Limits {
		program_len: MAX_PROGRAM_BYTES,  // what an executor takes
		stride_effort: limits::STRIDE_EFFORT, // one stride, replayed twice, fits the clock of a dispute
		step_words: limits::STEP_WORDS,
		states: limits::STATES,
		window_min: 5,                   // time for a transaction to be included
		challenge_min: 20,               // a minute on networks with fast slots, two in production
		window_max: LONGEST_WINDOW,
		training_max: limits::TRAINING_BLOCKS,
		attempts: 3,
	};
	/// Prices keep spam away; what training is worth is for bids to say.
	pub const MarketPrices: Prices<Balance> = Prices {
		per_gigaflop: MICRO,
		per_gigabyte: MICRO,
		row_deposit: deposit(1, 0),
		byte_deposit: deposit(0, 1),
		fee: Permill::from_percent(1),
		stake_factor: FixedU128::from_u32(2),
		minimum_stake: 10 * ASY,
	};
	/// Of the stake of a convicted solver half is given away at most; the rest burns, so that nobody
	/// gains by accusing itself. Lesser faults cost a fixed share.
	pub const MarketPenalties: Penalties = Penalties {
		requester_share: Permill::from_percent(25),
		challenger_share: Permill::from_percent(10),
		cost_cap: Permill::from_percent(5),
		auditor_share: Permill::from_percent(10),
		missed_deadline: Permill::from_percent(5),
		// As for a disputed one: a dispute that is seen in the pool would be worth a withdrawal in front of it.
		withdrawal: Permill::from_percent(50),
		disputed_withdrawal: Permill::from_percent(50),
		cost_multiple: 10,
	};
	/// A twentieth of a block.
	pub MarketTickWeight: Weight = Perbill::from_percent(5) * BlockWeights::get().max_block;
}

impl pallet_task_market::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Stakes = ComputeStaking;
	type Games = Dispute;
	type Limits = MarketLimits;
	type Prices = MarketPrices;
	type Penalties = MarketPenalties;
	type AgendaSize = ConstU32<64>;
	type AgendaSearch = ConstU32<16>;
	type TickWeight = MarketTickWeight;
	type WeightInfo = pallet_task_market::weights::SubstrateWeight<Runtime>;
}
