//! Runs a step program: checkpoints, journal, claim lists, traces and openings.
//!
//! A [`Job`] is a checked program with a data set, a seed and initial slots. [`Job::prepare`] refuses
//! what cannot run and plans all memory; a [`Session`] then trains to the end and leaves a
//! [`ClaimList`]; a [`Replay`] runs any part of it again, for disputes.
//!
//! ```text
//! Job ─prepare→ Prepared ─┬─ Session: step, step, … → ClaimList, slots      (solver)
//!                         └─ Replay: inner_states(stride), trace(step, focus)   (challenger, defender)
//!                                      └─ Trace: open_tile, partials, joins → evidence
//! ```
//!
//! The executor is generic over [`Kernels`]; it does no arithmetic itself. Which kernels are used, how
//! many threads, how often checkpoints are written and how often a process is killed change nothing
//! about any root. Where kernels have memory of their own (a GPU), values stay there from step to step, and only
//! losses, roots and checkpoints come back.
//!
//! # Terms
//!
//! - *step*: counted from 0; step `s` leads from the state after `s` steps to that after `s + 1`.
//! - *committed state*: Σ of the state before the first step, after every `stride` steps, and at the end.
//! - *heartbeat*: the root of the list of committed states so far.
//!
//! # Faults
//!
//! Errors say whose they are: a [`TaskFault`] follows from the task and happens to everyone, a
//! [`MachineFault`] is this machine's. A loss or parameter that is NaN or infinite is no error but an
//! [`Outcome`].
//!
//! # A session survives its process
//!
//! At committed states, checkpoints are written in a way that a kill at any instant leaves the
//! directory usable (see [`CheckpointPolicy`]). [`Session::start`] goes on from the newest intact one;
//! damaged ones are skipped with a warning. The roots at the end are the same.
//!
//! # Memory
//!
//! Slots that no step changes (frozen weights, tables) are in memory once, in the [`Job`], and in no checkpoint or pin. The
//! others are there three times: as the job says, before and after a step. A traced step takes little more than another one
//! ([`Memory`]): its values are hashed and gone, but for what a [`Focus`] keeps.
//!
//! # A dispute is replayed by many processes
//!
//! Each move is found by a process of its own. Some checkpoints are *anchors*, which stay, so that no
//! stride is far from one; and a [`Replay`] leaves *pins* beside them, the places that it was asked for, at
//! which the next process begins.

mod agree;
mod claim;
mod data;
mod error;
mod frame;
mod hashing;
mod job;
mod machine;
mod pins;
mod plan;
mod policy;
mod replay;
mod resident;
mod session;
mod snapshot;
mod spot;
mod state;
mod store;
mod trace;

pub use agree::{agree, agree_on};
pub use assay_backend_cpu::Kernels;
pub use claim::ClaimList;
pub use data::DataSet;
pub use error::{ExecError, MachineFault, TaskFault};
pub use job::{peak_words, Job, Memory, OnNonFinite, Prepared};
pub use machine::evaluate;
pub use policy::CheckpointPolicy;
pub use replay::Replay;
pub use session::{Outcome, Pace, Progress, Session, Storage};
pub use spot::SpotChecks;
pub use state::State;
pub use trace::{Focus, Trace};
