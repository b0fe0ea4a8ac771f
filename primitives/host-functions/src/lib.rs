//! The four non-blocking host functions through which off-chain workers reach the executor.
//!
//! A runtime never computes a training step (the referee's one tile excepted, which is plain wasm).
//! An off-chain worker may ask *its own node* to do so: it hands over a [`Job`] and looks later what
//! became of it. The node has a worker process do the work.
//!
//! ```text
//! off-chain worker (wasm)          node                              worker process
//!   submit(job) ──────────────▶ queue, journal ── start ─────────▶ train, check or play
//!   poll(id)    ◀── status ──── last progress ◀── progress ──────
//!   poll(id)    ◀── Done ────── result         ◀── result ────────
//!   prefix(list)  ◀── root ──── published lists
//! ```
//!
//! # Terms
//!
//! - **Job**: one [`Work`] on one [`TaskContext`], everything that the result depends on included. Two
//!   equal jobs are one job: they have the same id and the same answer.
//! - **Fault**: why a job has no result. A [`Fault::Task`] follows from the job and would happen on
//!   every machine; a [`Fault::Machine`] is this box (memory, disk, a killed process) and says nothing
//!   about the task.
//!
//! # Invariants
//!
//! - No host function blocks, and none panics: without an executor, `submit` answers
//!   [`SubmitError::Unavailable`], `poll` and `prefix` `None`, `cancel` `false`. Only off-chain workers of a node
//!   that was started with an executor have one, so block execution cannot come to depend on it.
//! - `submit` is idempotent, over restarts of the node too.
//! - Everything that is decoded has a constant bound ([`limits`]).
//!
//! # Design
//!
//! The host functions use integers and caller-owned buffers only (no allocation by the host), since a
//! shipped host function stays for ever. [`submit`], [`poll`], [`cancel`] and [`prefix`] wrap them. With the feature
//! `interface` off only the types are left: what the worker process shares with the runtime.
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
#![allow(unexpected_cfgs, reason = "the wasm builder sets `substrate_runtime`")]

extern crate alloc;

mod error;
#[cfg(feature = "interface")]
mod interface;
#[allow(clippy::cast_possible_truncation, reason = "the codec derive casts variant indices")]
mod job;
pub mod limits;
#[allow(clippy::cast_possible_truncation, reason = "the codec derive casts variant indices")]
mod status;
mod text;

pub use error::SubmitError;
#[cfg(feature = "interface")]
pub use interface::{assay_executor, cancel, poll, poll_status, prefix, submit, submit_job};
#[cfg(all(feature = "interface", not(substrate_runtime)))]
pub use interface::{Executor, ExecutorExt};
pub use job::{ClaimRef, GameBytes, Job, ProgramBytes, PublicBytes, Side, TaskContext, Work};
pub use status::{
	Checked, Fault, JobResult, JobStatus, MoveBytes, Outcome, Progress, Siblings, Trained,
};
pub use text::Text;

/// A BLAKE3 hash: of a tensor, a list, a state.
pub type Root = [u8; 32];
