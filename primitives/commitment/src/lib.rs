//! Hash commitments to everything a training run produces, and short proofs about them.
//!
//! A solver commits to a whole run with 32 bytes. When somebody disputes it, single pieces (one state,
//! one node of one step, one 32 × 32 tile of one tensor) are shown together with the hashes that tie
//! them to the commitment. This crate defines those hashes and checks such *openings*.
//!
//! # Two families of trees
//!
//! Both split `n` leaves the same way: the left part gets the largest power of two smaller than `n`
//! ([`shape`]). They differ in how nodes are hashed.
//!
//! | what | hash | leaves |
//! |---|---|---|
//! | tensor ([`TensorTree`], [`TilesOpening`]) | plain BLAKE3 of the string of tiles | 4 KiB tiles |
//! | data set ([`DataTree`], [`ChunksOpening`]) | plain BLAKE3 of the string | 1 KiB chunks |
//! | list ([`list`]) | keyed BLAKE3, one key per domain | 32-byte roots |
//!
//! BLAKE3 is itself a tree over 1 KiB chunks, so a tensor root or data root is what any BLAKE3 tool
//! prints for the file, and a tile is a subtree of four chunks. No second hashing pass is needed.
//!
//! # From the claim down to a word
//!
//! ```text
//! claim root ─ list States ─ Σ_i ─ list Slots ─ tensor root ─ tile ─ word   (state between steps)
//!              list Steps ─ Σ_s                                               (inside one stride)
//!              list Trace ─ output root of node k ─ tile ─ word               (inside one step)
//! program root ─ list Program ─ header | node | slot
//! ```
//!
//! # Invariants
//!
//! - **One proof per statement.** Siblings are listed in order of position and a proof with one
//!   sibling or leaf too many does not verify.
//! - **No confusion.** Lists hash in BLAKE3's keyed mode and byte strings in its plain mode; leaf,
//!   inner node and root of each list have a key of their own, so none can pass for another. The root
//!   of a list binds its length.
//! - **Bounded.** Everything decodable has a constant bound that is checked before memory is taken.
//! - **A prefix is provable**: the root of the first `m` leaves of a list is the root of the list as it
//!   stood after `m` leaves (a heartbeat), see [`list::Accumulator`].
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

pub mod claim;
pub mod list;
pub mod shape;

mod b3tree;
mod chunks;
mod domain;
mod layout;
mod opening;
mod program;
mod state;
mod tensor;

pub use b3tree::{group_hash, Blake3Tree};
pub use chunks::{
	data_chunks, Chunk, ChunksOpening, DataTree, OpenedChunks, CHUNK_BYTES, MAX_CHUNKS,
	MAX_CHUNK_SIBLINGS,
};
pub use layout::{
	tile_bytes, tile_count, tile_of_words, tile_words, DescribedTile, TileBytes, TILE_BYTES,
};
pub use list::{ListTag, Path};
pub use opening::{
	LeafOpening, OpenedTiles, OpeningError, Tile, TilesOpening, MAX_TILES, MAX_TILE_SIBLINGS,
};
pub use program::{program_root, ProgramCommitment, ProgramHeader, ProgramTree};
pub use state::{state_of_slots, state_root, trace_root, SlotOpening};
pub use tensor::{
	fold_tile_children, join_parts, part_hash, part_tile_hashes, tensor_parts, tensor_root,
	tile_hash, TensorTree, PART_TILES,
};

/// A BLAKE3 hash: the root of a tree, or the chaining value of a subtree.
pub type Root = [u8; 32];
