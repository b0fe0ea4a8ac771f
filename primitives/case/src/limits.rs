//! What the chain admits of a task, so that a claim about it can be judged in time. The runtime is configured with these
//! numbers, and tools tell requesters by them before anything is paid.

/// Effort of steps (see [`assay_ops::effort`]) that the slowest admitted machine executes in a block of six seconds. One core
/// with AVX2 executes five to eight times as much (ADR 0028).
pub const EFFORT_PER_BLOCK: u64 = 50_000_000_000;

/// Most blocks that are added to a clock because a stride must be replayed: five minutes.
pub const REPLAY_BLOCKS: u32 = 50;

/// Most effort of a stride, and so of a step: its replay, twice, fits the longest clock.
#[allow(clippy::arithmetic_side_effects, reason = "constants")]
pub const STRIDE_EFFORT: u64 = EFFORT_PER_BLOCK * (REPLAY_BLOCKS as u64 - 1) / 2;

/// Most words of all values and slots of one step. Machines forget values that no later node reads, so that a step of as many
/// takes far less than the 16 GiB that all of them would.
pub const STEP_WORDS: u64 = 1 << 32;

/// Most bytes of an encoded program.
pub const PROGRAM_BYTES: u32 = 256 * 1024;

/// Most states of a claim, as deep as games search; and most steps between two of them.
pub const STATES: u32 = 1 << 20;

/// Most blocks of training: thirty days.
pub const TRAINING_BLOCKS: u32 = 30 * 14_400;

/// Most blocks of bidding and of the challenge window: two days.
pub const WINDOW_BLOCKS: u32 = 2 * 14_400;
