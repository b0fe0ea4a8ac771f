//! The judge: recomputes one tile of one node of one step, from openings, and says who is right.
//!
//! A dispute ends at a single statement: *tile t of node n of step s, as the claim has it, is (not)
//! what the program says*. The referee needs nothing but 32-byte commitments and a few KiB of
//! [evidence](Evidence): the tiles of the operands that the tile depends on, and the hashes that tie
//! them to the trace of the step. Its cost does not depend on the size of the model. All arithmetic is
//! the integer-only reference of [`assay_ops`], so it is the same on every validator.
//!
//! # What it judges
//!
//! | function | statement |
//! |---|---|
//! | [`judge_tile`], [`judge_tile_hash`] | a tile of a node without a long reduction |
//! | [`judge_block`] | one block of a tile of a long reduction: a matrix product, sum, maximum or scatter |
//! | [`judge_partials_join`] | the last partial is the tile |
//! | [`judge_join_in`] | the trace starts from the state before the step |
//! | [`judge_join_out`] | the trace ends in the state after the step |
//! | [`judge_prefix`] | a heartbeat is a prefix of the claim |
//!
//! All of it is said about a [`Step`], which names the version of the judge: see [`Referee`].
//!
//! [`recompute`] gives what a tile or block must be, for those who want to know it before they claim
//! or dispute.
//!
//! # Verdict or error
//!
//! Only complete and valid evidence gets a [`Verdict`]; who brought it does not matter. Evidence that
//! does not verify, lacks something, or brings something that is not needed gets a [`RefereeError`],
//! and the caller refuses the move. So a liar cannot buy a verdict with broken evidence, and for each
//! statement there is exactly one evidence (up to the claim's own commitments) that yields a verdict.
//!
//! # The claimed tile is a hash
//!
//! [`OutputOpening`] holds the *hash* of the claimed tile and its path, not its content. That hash must
//! verify against the trace before it is compared with the recomputed one: siblings alone could be
//! forged by the accuser.
//!
//! # Long reductions
//!
//! A tile with more than one block is a chain of partial tiles `P_0 = block_0`, `P_j = P_{j−1} + block_j`
//! (for a maximum, the greater of the two in each place). The defender posts their hashes. The hash of a partial is the value that
//! it would have as tile `t` of the node's output ([`assay_commitment::tile_hash`]), so that the last
//! partial and the claimed tile are the same tile exactly when the hashes are equal.
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

pub mod prove;

mod error;
mod evidence;
mod join;
#[cfg(feature = "next")]
mod next;
mod opened;
mod step;
mod tile;
mod version;

pub use error::RefereeError;
pub use evidence::{
	Around, BlockEvidence, Evidence, Inputs, JoinEvidence, LeafProof, OperandOpening,
	OutputOpening, Partials, PrefixEvidence, MAX_PARTIALS,
};
pub use join::{judge_join_in, judge_join_out, judge_prefix, Prefix};
pub use step::{ProvenNode, ProvenSlot, Step};
pub use tile::{judge_block, judge_partials_join, judge_tile, judge_tile_hash, recompute};
pub use version::Referee;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What the evidence shows about the disputed statement.
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
pub enum Verdict {
	/// The claim is right here.
	#[codec(index = 0)]
	Correct,
	/// The claim is wrong here: a proven lie.
	#[codec(index = 1)]
	Wrong,
}

impl Verdict {
	fn equal<T: PartialEq + ?Sized>(claimed: &T, computed: &T) -> Self {
		if claimed == computed {
			Self::Correct
		} else {
			Self::Wrong
		}
	}
}
