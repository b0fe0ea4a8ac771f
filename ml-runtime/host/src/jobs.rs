//! What a host tells about its jobs.

use assay_worker_protocol::{JobId, JobStatus, Progress, Work};

/// What a job does with its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobKind {
	/// Runs all steps for a claim.
	Train,
	/// Runs all steps to compare them with a claim.
	Check,
	/// Finds a move of a dispute.
	Play,
	/// Makes a claim of what was trained until now.
	HandIn,
	/// Gets what a task needs.
	Prepare,
}

impl From<&Work> for JobKind {
	fn from(work: &Work) -> Self {
		match work {
			Work::Train => Self::Train,
			Work::Check(_) => Self::Check,
			Work::Play { .. } => Self::Play,
			Work::HandIn => Self::HandIn,
			Work::Prepare => Self::Prepare,
		}
	}
}

/// How much depends on a job: what is more important goes first, and never lacks room because of what is
/// less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
	/// Costs nothing to whoever posts a task, and a missed bid costs nothing to the node.
	Preparation,
	/// A wrong claim stands if it comes too late.
	Check,
	/// A stake is lost if it comes too late.
	Training,
	/// As for a training, and its clock is short.
	Move,
}

impl Rank {
	/// All, the most important first.
	pub(crate) const ALL: [Self; 4] = [Self::Move, Self::Training, Self::Check, Self::Preparation];
}

impl JobKind {
	pub(crate) fn rank(self) -> Rank {
		match self {
			Self::Play | Self::HandIn => Rank::Move,
			Self::Train => Rank::Training,
			Self::Check => Rank::Check,
			Self::Prepare => Rank::Preparation,
		}
	}
}

/// A job and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobInfo {
	/// Its id.
	pub id: JobId,
	/// What it does.
	pub kind: JobKind,
	/// The task that it is about.
	pub task: u32,
	/// The attempt at the task.
	pub attempt: u32,
	/// Where it stands; never [`JobStatus::Unknown`].
	pub status: JobStatus,
	/// What its worker said last, also when the job has ended; all zero where none said anything since
	/// the host started.
	pub progress: Progress,
}
