//! Ids, task and claim types, and the traits through which the pallets talk to each other.
//!
//! No pallet depends on another pallet. What one needs from the next is a trait here, with an
//! `impl for ()` that stands for "that pallet is not part of this runtime":
//!
//! ```text
//!            Claims                   Stakes
//!  dispute ─────────▶  task-market ─────────▶  compute-staking
//!          ◀─────────
//!            Games
//! ```
//!
//! Terms:
//! - *task*: a training job, fixed to the last bit by its [`TaskSpec`];
//! - *attempt*: how often a task was given to a solver before; a claim counts for one attempt only;
//! - *claim*: a solver's [`Claim`] that its list of states is what the task's program computes;
//! - *lock*: the part of a solver's stake that stands behind one task and nothing else;
//! - *state*, *step*, *stride*: a task has `steps` training steps and commits to the state after
//!   every `stride` of them (and after the last one), see [`Work::states`].
//!
//! Invariants of the money types: a [`Slash`] never takes more than the lock, and
//! [`Slashed`] always has `amount = paid + burned`.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects,
		clippy::float_arithmetic,
		clippy::cast_possible_truncation,
		clippy::wildcard_enum_match_arm
	)
)]

extern crate alloc;

mod claims;
mod stakes;
mod task;
mod view;
mod work;

pub use assay_commitment::{Path, Root};
pub use claims::{Claims, Costs, DisputedClaim, GameOutcome, Games, Verdict, MAX_OPEN_GAMES};
pub use stakes::{Fault, HardwareClass, Payouts, Slash, Slashed, Stakes, Standing, MAX_PAYOUTS};
pub use task::{
	program_key, Assurance, Attempt, ProgramInfo, Receipt, TaskId, TaskPhase, TaskSpec, Terms,
	MAX_SEARCHABLE,
};
pub use view::{Quote, TaskView};
pub use work::{Claim, ClaimEnds, EndsError, Heartbeat, Work};
