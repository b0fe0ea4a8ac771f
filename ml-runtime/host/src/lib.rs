//! Spawns and supervises workers; implements the host functions' extension.
//!
//! A node computes nothing itself. Its [`Host`] keeps a queue of jobs, runs each in a worker process of
//! its own, and remembers the results. Off-chain workers reach it through `assay-host-functions`
//! ([`Host`] is an [`Executor`](assay_host_functions::Executor)); the node's own code may do the same.
//! [`Host::jobs`] tells an operator what is done for which task.
//!
//! ```text
//! submit ─▶ journal ─▶ queue ─▶ slot ─▶ worker process ─▶ result ─▶ journal ─▶ poll
//!                                 ▲           │
//!                                 └── back-off, when it crashed or fell silent
//! ```
//!
//! # Terms
//!
//! - **Slot**: runs one job at a time. *General* slots take any job, *urgent* slots only moves of
//!   disputes, since those have clocks and must not wait for a training.
//! - **Rank**: moves of disputes and parts to hand in come before trainings, these before checks, and
//!   preparations come last. Each rank has its own room in the queue.
//! - **Giving way**: a run ends, and its job waits again, since one that matters more needs the slot.
//! - **Asking for a job**: submitting it again, or polling it.
//! - **Stale**: a job that nobody asks for, though others are asked for, is no longer wanted.
//! - **Attempt**: one life of a worker process. A job is attempted again after a fault of the machine,
//!   and worked on from the checkpoints in its task's folder.
//! - **Resolver**: finds the blobs that workers need; the node's asks the network.
//!
//! # Invariants
//!
//! - Equal jobs have one id and one result, over restarts of the node too. A job that was queued or
//!   running when the node ended runs again.
//! - No call of the host waits for a worker. Every wait *for* a worker has an end: handshake, silence,
//!   cancelling and exit have time limits.
//! - A worker process never outlives its attempt, and is always reaped.
//! - No number of preparations or checks, wanted or not, keeps a training or a move from being queued,
//!   or costs it its checkpoints. None keeps it from running for longer than a turn of a check.
//! - Checks and preparations take a bounded part of the disk: a folder goes once a check agreed, others
//!   when they are too many or too large, and neither is begun where the disk is short of room. Folders of
//!   trainings and disputes never go for their bytes.
//! - A job that waits for blobs, however long a peer takes to send them, does not keep a slot from others
//!   of its rank. Checks and moves that wait for what nobody sends all end, however many there are.
//! - Memory does not grow with time or with what a worker sends: queue, finished jobs, log, messages in
//!   flight and blobs in flight are all capped.
//! - What a worker does wrong is a fault of the machine ([`Fault::Machine`]), never of the task. Only a
//!   worker that says so itself makes it [`Fault::Task`].
//!
//! [`Fault::Machine`]: assay_worker_protocol::Fault::Machine
//! [`Fault::Task`]: assay_worker_protocol::Fault::Task

mod attempt;
mod attention;
mod config;
mod error;
mod folders;
mod host;
mod jobs;
mod journal;
mod logbook;
mod process;
mod queue;
mod resolver;
mod slot;
mod submission;
mod transfers;

pub use assay_worker_protocol::BLOBS_VARIABLE;
pub use config::HostConfig;
pub use error::HostError;
pub use host::{Host, HostStats};
pub use jobs::{JobInfo, JobKind};
pub use resolver::{BlobResolver, CancelToken, StoreResolver};
