//! Content-addressed store of data sets, tensors and lists, and their verified transfer in chunks.
//!
//! Everything that a task needs beside the chain is a *blob*: a file whose name says what is in it.
//! Nobody has to be trusted about a blob, since whoever has its [`BlobKey`] can check it.
//!
//! # Which blobs there are
//!
//! | blob | key | content |
//! |---|---|---|
//! | data set | `Bytes(data_root)` | its records |
//! | tensor | `Bytes(tensor root)` | its tiles |
//! | state | `List { Slots, artifact_root }` | the roots of its tensors ([`StateManifest`]) |
//! | list of states, trace, … | `List { tag, root }` | 32 bytes a leaf |
//! | tiles of a tensor | `Tiles { tiles, root }` | 32 bytes a tile: the hash of its subtree |
//!
//! # Parts
//!
//! - [`BlobStore`]: the blobs on this disk.
//! - [`serve`]: answers a [`BlobRequest`] from a store, one chunk at a time.
//! - [`ChunkAssembler`]: puts a blob together from the answers of peers that may lie.
//!
//! How requests travel is not decided here.
//!
//! # Invariants
//!
//! - A file name is the hexadecimal form of a key, so no input names a path.
//! - A blob appears under its name complete, checked and on disk (temporary file, `fsync`, rename), and
//!   is never written to again.
//! - Of a `Bytes` blob no chunk is kept that does not verify, and no length is believed before its last
//!   chunk has proven it; a `List` is checked as a whole, so its size is capped lower.
//! - Sizes are checked before memory or disk is taken.
//! - A blob that turns out to be damaged is moved aside, never served.

mod assembler;
mod chunk;
mod error;
mod files;
mod hashing;
mod key;
mod manifest;
mod partial;
mod serve;
mod store;

pub use assembler::{ChunkAssembler, ChunkError};
pub use chunk::{ChunkIndex, ChunkResponse, CHUNK_BYTES, MAX_SIBLINGS};
pub use error::StoreError;
pub use hashing::{bytes_key, list_key, tiles_key};
pub use key::{BlobKey, KeyError};
pub use manifest::{ManifestError, StateManifest};
pub use serve::{serve, BlobRequest, BlobResponse};
pub use store::{BlobEntry, BlobStore, Limits};

pub use assay_commitment::{ListTag, Root};
