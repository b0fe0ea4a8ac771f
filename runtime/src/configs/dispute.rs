//! Disputes: clocks, bonds, and how many games the chain can serve.

use crate::{
	configs::BlockWeights,
	constants::{deposit, MICRO, MILLI},
	Balance, Balances, BlockNumber, Runtime, RuntimeHoldReason, TaskMarket,
};
use assay_case::limits;
use assay_primitives::MAX_OPEN_GAMES;
use pallet_dispute::{ClockRules, Tariff};
use polkadot_sdk::{
	frame_support::{parameter_types, traits::ConstU32, weights::Weight},
	sp_runtime::Perbill,
};

/// Half an hour of production blocks for all moves of one side (`C_max`).
const CLOCK_BASE: BlockNumber = 300;
/// So many more, at most, where strides must be replayed (`D`); so much again for each game about the same claim that is open
/// already.
const REPLAY_MAX: BlockNumber = limits::REPLAY_BLOCKS;
/// Blocks that the agenda searches for room behind a deadline.
const AGENDA_SLACK: BlockNumber = 64;
/// Most blocks from a game's opening to its end: both clocks, and the agenda's delay.
pub(super) const LONGEST_DISPUTE: BlockNumber =
	2 * (CLOCK_BASE + MAX_OPEN_GAMES * REPLAY_MAX) + AGENDA_SLACK;

parameter_types! {
	/// Ten blocks is a minute in production, and time for a move to travel and be included on networks
	/// with fast slots.
	pub const Clock: ClockRules = ClockRules {
		base: CLOCK_BASE,
		effort_per_block: limits::EFFORT_PER_BLOCK,
		replay_max: REPLAY_MAX,
		extension: 10,
	};
	/// What moves cost those who make them: the fees of a typical move, and a millionth of an ASY for
	/// 10⁸ operations. The bond covers the rows of a game and five times the defence.
	pub const DisputeTariff: Tariff<Balance> = Tariff {
		per_move: 20 * MILLI,
		per_byte: MICRO,
		per_gigaflop: 10 * MICRO,
		bond_base: deposit(4, 4_096),
		bond_factor: 5,
	};
	/// A twentieth of a block, so that ending games never crowds out playing them.
	pub DisputeTickWeight: Weight = Perbill::from_percent(5) * BlockWeights::get().max_block;
}

impl pallet_dispute::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Claims = TaskMarket;
	type Clock = Clock;
	type Tariff = DisputeTariff;
	// While ordinary transactions fill all that is theirs, seven of the longest moves fit a block beside them:
	// 37 blocks for the last moves of all games, of a clock of 300 (runtime/load/tests/lane.rs).
	type MaxGames = ConstU32<256>;
	type AgendaSize = ConstU32<64>;
	type TickWeight = DisputeTickWeight;
	type WeightInfo = pallet_dispute::weights::SubstrateWeight<Runtime>;
}
