//! What a node does for its own keys, once after each new best block.
//!
//! # Overview
//! A worker reads the duties of its keys from the state, hands work to the node's executor, looks what
//! became of earlier work, and sends what is due, some transactions per key. It never waits: training
//! and replaying happen in another process (`assay-host-functions`).
//!
//! # Terms
//! - *role*: what a key is for, by its type. `asol` keys belong to solvers: they bid, train, claim and
//!   defend their claims. `achl` keys belong to challengers: they check others' claims and dispute wrong
//!   ones. A node plays a role for each key in its keystore whose account exists on chain.
//! - *duty*: something that the state asks of an account now; [`solver::duties`], [`challenger::duties`].
//! - *urgency*: by when a transaction must be included, and what is lost otherwise; it gets a tip by that ([`tips`]).
//!
//! # Invariants
//! - Everything is derived from the state and the executor. A worker may run twice, or not at all, and
//!   nothing breaks: jobs are idempotent, and transactions sent twice have the same nonces.
//! - No transaction is sent that would fail in the present state: each is tried first and undone.
//! - Without an executor nothing is sent.
//!
//! # Design
//! In the runtime, not in the pallets: pallets know nothing of executors, and duties span pallets. The
//! cost is one pass over the live tasks and games per block and key.

pub mod challenger;
pub mod lateness;
pub mod pace;
pub mod player;
pub mod signing;
pub mod solver;
pub mod tips;

use crate::RuntimeCall;
use alloc::string::String;
use assay_host_functions::{self as executor, Fault, Job, JobStatus};
use player::Plays;
use signing::{ChallengerKey, Key, SolverKey};
use tips::Urgency;

/// Target of the log lines.
pub(crate) const LOG: &str = "assay::offchain";

/// Does what is due for the node's keys.
pub fn run() {
	// A node without an executor has no role, whatever keys it holds.
	if executor::poll(0).is_none() {
		return;
	}
	let plays = Plays::default();
	for key in Key::all::<SolverKey>() {
		let duties = solver::duties(&key.account);
		key.send(duties.into_iter().filter_map(|duty| solver::act(duty, &plays)));
	}
	for key in Key::all::<ChallengerKey>() {
		challenger::notice_games(&key.account);
		let duties = challenger::duties(&key.account);
		key.send(duties.into_iter().filter_map(|duty| challenger::act(duty, &plays)));
	}
}

/// A call to send, and what to tell the operator about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
	/// The call.
	pub call: RuntimeCall,
	/// One line for the log.
	pub why: String,
	/// The game that it opens, to be remembered once it is sent.
	pub opens: Option<challenger::Opening>,
	/// By when it must be included, if that matters much.
	pub urgency: Option<Urgency>,
}

/// Has the executor do a job, if it does not do it already, and says where it stands. `None` where there
/// is nothing to say yet; faults are logged.
fn consult(job: &Job) -> Option<JobStatus> {
	let task = job.context.task;
	let id = match executor::submit_job(job) {
		Ok(id) => id,
		Err(error) => {
			log::warn!(target: LOG, "task {task}: the executor refuses a job: {error:?}");
			return None;
		},
	};
	let status = executor::poll_status(id)?;
	match &status {
		JobStatus::Failed(Fault::Task(reason)) => {
			log::error!(target: LOG, "task {task}: cannot be computed by anyone: {reason}");
		},
		JobStatus::Failed(Fault::Machine(reason)) => {
			log::warn!(target: LOG, "task {task}: this machine failed, will try again: {reason}");
		},
		JobStatus::Unknown | JobStatus::Queued | JobStatus::Running(_) | JobStatus::Done(_) => {},
	}
	Some(status)
}
