//! What became of a job.

use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};

use crate::{limits, Root, Text};

/// An encoded move of a dispute game.
pub type MoveBytes = BoundedVec<u8, ConstU32<{ limits::MAX_MOVE_BYTES }>>;

/// How far a running job is. All zero before the first step.
#[derive(
	Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen,
)]
pub struct Progress {
	/// Steps done.
	pub step: u32,
	/// Steps to do.
	pub steps: u32,
	/// Bits of the last step's loss.
	pub loss_bits: u32,
	/// Committed states so far.
	pub states: u32,
	/// Root of the list of those states: what a heartbeat carries.
	pub heartbeat_root: Root,
	/// Steps per 1000 seconds, lately.
	pub steps_per_second_milli: u32,
}

/// How a training ended.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen,
)]
pub enum Outcome {
	/// All steps were done.
	#[codec(index = 0)]
	Completed,
	/// A parameter or the loss stopped being finite: a valid end.
	#[codec(index = 1)]
	NonFinite {
		/// The step that produced it.
		step: u32,
	},
}

/// The siblings on the way from a leaf of a list to the top, in order of position.
pub type Siblings = BoundedVec<Root, ConstU32<{ limits::MAX_SIBLINGS }>>;

/// Result of a training: what a claim consists of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub struct Trained {
	/// Root of the list of committed states.
	pub claim_root: Root,
	/// Length of that list.
	pub states: u32,
	/// Its last entry.
	pub final_state: Root,
	/// Root of the list of the trained state's tensor roots.
	pub artifact_root: Root,
	/// Steps done: all of the task's, or whole strides of them.
	pub steps: u32,
	/// Path of the first state in the list.
	pub first: Siblings,
	/// Path of the last one.
	pub last: Siblings,
	/// How it ended.
	pub outcome: Outcome,
}

/// Result of checking a claim.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub enum Checked {
	/// The claim is right.
	#[codec(index = 0)]
	Agrees,
	/// The claim is wrong.
	#[codec(index = 1)]
	Differs {
		/// Position of the first committed state that is wrong.
		first_state: u32,
	},
	/// Recomputation gives another claim, but the claimed list could not be had, so where they differ is
	/// unknown.
	#[codec(index = 2)]
	ListWithheld,
	/// Something that recomputation needs could not be had.
	#[codec(index = 3)]
	Unavailable {
		/// What.
		what: Text<{ limits::MAX_TEXT_BYTES }>,
	},
}

/// Result of a job that ran to its end.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub enum JobResult {
	/// Of [`Work::Train`](crate::Work::Train) and [`Work::HandIn`](crate::Work::HandIn).
	#[codec(index = 0)]
	Trained(Trained),
	/// Of [`Work::Check`](crate::Work::Check).
	#[codec(index = 1)]
	Checked(Checked),
	/// Of [`Work::Play`](crate::Work::Play): play this.
	#[codec(index = 2)]
	Move(MoveBytes),
	/// Of [`Work::Play`](crate::Work::Play): nothing to play now. Of
	/// [`Work::HandIn`](crate::Work::HandIn): nothing to hand in. Of
	/// [`Work::Prepare`](crate::Work::Prepare): something cannot be had.
	#[codec(index = 3)]
	Wait {
		/// Why.
		reason: Text<{ limits::MAX_TEXT_BYTES }>,
	},
	/// Of [`Work::Prepare`](crate::Work::Prepare): all is here, and it can be run.
	#[codec(index = 4)]
	Ready,
}

/// Why a job has no result.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub enum Fault {
	/// Follows from the job: every machine would end here.
	#[codec(index = 0)]
	Task(Text<{ limits::MAX_TEXT_BYTES }>),
	/// Is this machine's: memory, disk, driver, a killed process. Says nothing about the task.
	#[codec(index = 1)]
	Machine(Text<{ limits::MAX_TEXT_BYTES }>),
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub enum JobStatus {
	/// No such job: never submitted, cancelled, or forgotten because it is old.
	#[codec(index = 0)]
	Unknown,
	/// Waits for its turn.
	#[codec(index = 1)]
	Queued,
	/// Runs.
	#[codec(index = 2)]
	Running(Progress),
	/// Has a result.
	#[codec(index = 3)]
	Done(JobResult),
	/// Has none.
	#[codec(index = 4)]
	Failed(Fault),
}

impl JobStatus {
	/// Whether the same job, submitted again, may come to another end: a fault of the machine, data that
	/// was missing, nothing to play yet.
	pub fn may_change(&self) -> bool {
		match self {
			Self::Unknown | Self::Queued | Self::Running(_) => true,
			Self::Done(JobResult::Wait { .. })
			| Self::Done(JobResult::Checked(Checked::Unavailable { .. }))
			| Self::Done(JobResult::Checked(Checked::ListWithheld))
			| Self::Failed(Fault::Machine(_)) => true,
			Self::Done(JobResult::Trained(_))
			| Self::Done(JobResult::Checked(Checked::Agrees))
			| Self::Done(JobResult::Checked(Checked::Differs { .. }))
			| Self::Done(JobResult::Move(_))
			| Self::Done(JobResult::Ready)
			| Self::Failed(Fault::Task(_)) => false,
		}
	}

	/// Whether the job will not change by itself.
	pub fn is_final(&self) -> bool {
		match self {
			Self::Done(_) | Self::Failed(_) => true,
			Self::Unknown | Self::Queued | Self::Running(_) => false,
		}
	}
}
