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
//! - *urgency*: by when a transaction must be included, and the highest tip that it may get ([`tips`]).
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

use crate::{BlockNumber, RuntimeCall};
use alloc::{string::String, vec::Vec};
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
	let mut hands = Vec::new();
	for key in Key::all::<SolverKey>() {
		let duties = solver::duties(&key.account).into_iter().map(Duty::Solver).collect();
		hands.push(Hand { key, duties, actions: Vec::new() });
	}
	for key in Key::all::<ChallengerKey>() {
		challenger::notice_games(&key.account);
		let duties = challenger::duties(&key.account).into_iter().map(Duty::Challenger);
		// One account has one row of nonces, whatever its roles.
		match hands.iter_mut().find(|hand: &&mut Hand| hand.key.account == key.account) {
			Some(hand) => hand.duties.extend(duties),
			None => hands.push(Hand { key, duties: duties.collect(), actions: Vec::new() }),
		}
	}
	work(&mut hands);
	for Hand { key, actions, .. } in hands {
		key.send(actions.into_iter());
	}
}

/// A key, what it has to do, and what follows.
struct Hand {
	key: Key,
	duties: Vec<Duty>,
	actions: Vec<Action>,
}

/// What a key has to do.
#[derive(Clone, Copy)]
enum Duty {
	Solver(solver::Duty),
	Challenger(challenger::Duty),
}

impl Duty {
	/// First block in which it is too late; none where nothing is lost then.
	fn until(&self) -> Option<BlockNumber> {
		match self {
			Self::Solver(duty) => duty.until(),
			Self::Challenger(duty) => duty.until(),
		}
	}

	fn act(self, plays: &Plays) -> Option<Action> {
		match self {
			Self::Solver(duty) => solver::act(duty, plays),
			Self::Challenger(duty) => challenger::act(duty, plays),
		}
	}
}

/// Works on the duties of all keys, in the order of their deadlines: they share one executor.
fn work(hands: &mut [Hand]) {
	let duties = hands.iter().enumerate().flat_map(|(at, hand)| {
		hand.duties.iter().map(move |duty| (duty.until().unwrap_or(BlockNumber::MAX), at, *duty))
	});
	let mut duties: Vec<_> = duties.collect();
	duties.sort_by_key(|(until, ..)| *until);
	let plays = Plays::remembered();
	for (_, at, duty) in duties {
		if let (Some(action), Some(hand)) = (duty.act(&plays), hands.get_mut(at)) {
			hand.actions.push(action);
		}
	}
	plays.remember();
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
	submit(job).map(|(_, status)| status)
}

/// As [`consult`], with the number by which the executor knows the job.
fn submit(job: &Job) -> Option<(u64, JobStatus)> {
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
	Some((id, status))
}
