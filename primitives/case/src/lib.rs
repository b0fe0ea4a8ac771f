//! One claim before the referee.
//!
//! `assay-dispute-game` knows the rules of a dispute but not what a tile is; `assay-referee` knows what
//! a tile must be but not whose turn it is. A [`Case`] is bound to one claim and joins them: it
//! implements [`OneStep`](assay_dispute_game::OneStep). The chain uses it to judge moves, players use
//! it to make them, so the two cannot differ.
//!
//! Behind the feature `testing` there are whole executions of small tasks, liars among them, and players
//! that move by the strategy of `assay-dispute-game`.
//!
//! The evidence types here are what travels in extrinsics. Each is bounded; the largest, the evidence
//! for one tile, is what an operation's tiling bound allows (≤ 160 KiB).
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

mod brief;
mod case;
mod evidence;
pub mod limits;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use brief::{Brief, Revealed, Transcript, MAX_REVEALED};
pub use case::{Case, Heartbeats, MAX_HEARTBEATS};
pub use evidence::{BlockProof, CaseMove, Join, NodeProof, PostedPartials, SlotProof, TileProof};
