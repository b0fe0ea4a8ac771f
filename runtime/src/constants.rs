//! Numbers that several configurations share: money, time in production, block limits.

use crate::{Balance, BlockNumber};

/// One unit of the token ASY (12 decimals).
pub const ASY: Balance = 1_000_000_000_000;
/// A thousandth of an ASY.
pub const MILLI: Balance = ASY / 1_000;
/// A millionth of an ASY.
pub const MICRO: Balance = MILLI / 1_000;

/// Below this balance an account is removed: 0.01 ASY.
pub const EXISTENTIAL_DEPOSIT: Balance = 10 * MILLI;

/// What every address of this chain starts with; 42 is the prefix that all tools accept.
pub const SS58_PREFIX: u16 = 42;

/// Deposit for state: 0.1 ASY for each item and 0.001 ASY for each byte.
pub const fn deposit(items: u32, bytes: u32) -> Balance {
	(items as Balance) * 100 * MILLI + (bytes as Balance) * MILLI
}

/// Milliseconds of a production slot. Test networks set another value at genesis: see
/// [`crate::timing`].
pub const PRODUCTION_SLOT_MS: u64 = 6_000;
/// Slots of a production epoch: four hours.
pub const PRODUCTION_EPOCH_SLOTS: u64 = 2_400;
/// Epochs (= sessions) of a production era: one day.
pub const PRODUCTION_SESSIONS_PER_ERA: u32 = 6;
/// Eras that bonded stake stays slashable after `unbond` in production.
pub const PRODUCTION_BONDING_ERAS: u32 = 28;

/// An hour of production blocks. Only for durations that no test has to wait for.
pub const HOURS: BlockNumber = 600;
/// A day of production blocks.
pub const DAYS: BlockNumber = 24 * HOURS;

/// Validators that one session can have. It bounds the election, which runs inside a block.
pub const MAX_VALIDATORS: u32 = 100;

/// Share of a block that ordinary transactions may fill, in percent.
pub const NORMAL_PERCENT: u32 = 75;
/// Largest block body in bytes.
pub const MAX_BLOCK_BYTES: u32 = 5 * 1024 * 1024;
/// Execution time of one block in seconds.
pub const BLOCK_SECONDS: u64 = 2;
