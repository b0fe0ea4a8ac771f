//! Messages between host and worker, and the handshake.
//!
//! The node computes nothing; it runs a *worker* process and speaks with it over the worker's standard
//! input and output. The worker has no keys and no network: what it needs it asks the host for, what it
//! makes it hands over.
//!
//! # On the wire
//!
//! A frame is a length (u32, little-endian, at most [`MAX_FRAME`]) and as many bytes: one
//! [`HostMessage`] or [`WorkerMessage`] in SCALE. See [`read_message`] and [`write_message`].
//!
//! # A worker's life
//!
//! ```text
//! worker                               host
//!   Hello ───────────────────────────▶  refuses another protocol or operation set
//!   ◀─────────────────────────── Start  one job, and the folder to work in
//!   Need(key) ───────────────────────▶
//!   ◀───────────── Have / Unavailable
//!   Forgo(key) ──────────────────────▶  it waits no longer for the answer
//!   Progress … ──────────────────────▶
//!   ◀──────────────────────────── Ping  at any time
//!   Pong ────────────────────────────▶  at once, from a thread that does not compute
//!   Publish(key, path) ──────────────▶
//!   ◀───────────────── Stored / Refused
//!   Finished / Failed ───────────────▶
//!   ◀──────────────────────── Shutdown  the worker exits
//! ```
//!
//! # Rules for workers
//!
//! - End of standard input means that the host is gone: exit.
//! - The folder in `Start` belongs to the [`TaskContext`], not to the job. What a training left there
//!   (checkpoints, lists) may serve a later check or dispute of the same task. It may be empty at any
//!   start, and a worker may be killed at any moment: write files so that a half-written one is noticed.
//! - A move of a dispute may be computed in the folder while a training or check of the same task runs
//!   there. Both compute the same, so it is enough to write under a name of one's own and rename.
//! - Publish what a claim commits to *before* `Finished`, and wait for each `Stored`.
//! - After `Cancel`, exit without a result; checkpoints may stay.

use std::time::Duration;

mod frame;
mod hello;
mod message;

/// How long a worker waits for a list that the other side of a claim should have published and nobody
/// sends, before it goes on without. A host gives it the time.
pub const LIST_WAIT: Duration = Duration::from_secs(90);

/// Variable of a worker's environment: the folder of the files that its host names. The worker reads no
/// others but those in its own folder.
pub const BLOBS_VARIABLE: &str = "ASSAY_BLOBS";

pub use frame::{read_message, write_message, FrameError, MAX_FRAME};
pub use hello::{HandshakeError, Hello, PROTOCOL_VERSION};
pub use message::{HostMessage, JobId, PathText, WorkerMessage, MAX_PATH_BYTES};

pub use assay_blobs::{BlobKey, ListTag, StateManifest};
pub use assay_host_functions::{
	limits, Checked, ClaimRef, Fault, GameBytes, Job, JobResult, JobStatus, MoveBytes, Outcome,
	ProgramBytes, Progress, PublicBytes, Root, Siblings, Side, TaskContext, Text, Trained, Work,
};
