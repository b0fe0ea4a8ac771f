//! What host and worker say to each other.

use std::path::{Path, PathBuf};

use assay_blobs::BlobKey;
use assay_host_functions::{limits, Fault, Job, JobResult, Progress, Text};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};

use crate::Hello;

/// Bytes of a path.
pub const MAX_PATH_BYTES: u32 = 4096;

/// Id of a job.
pub type JobId = u64;

/// A path on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub struct PathText(Text<MAX_PATH_BYTES>);

impl PathText {
	/// The path; `None` when it is too long or not UTF-8.
	pub fn new(path: &Path) -> Option<Self> {
		Text::exact(path.to_str()?).map(Self)
	}

	/// The path.
	pub fn to_path(&self) -> PathBuf {
		PathBuf::from(self.0.as_str())
	}
}

/// From host to worker.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
#[allow(clippy::large_enum_variant, reason = "sent rarely, and never in collections")]
pub enum HostMessage {
	/// Do this job. Sent once in a worker's life.
	#[codec(index = 0)]
	Start {
		/// Id of the job.
		id: JobId,
		/// Folder of the task, where checkpoints of an earlier attempt may lie.
		folder: PathText,
		/// The job.
		job: Job,
	},
	/// Answers [`WorkerMessage::Need`]: the blob is in this file, which must not be changed.
	#[codec(index = 1)]
	Have {
		/// The blob.
		key: BlobKey,
		/// The file.
		path: PathText,
	},
	/// Answers [`WorkerMessage::Need`]: the blob cannot be had now.
	#[codec(index = 2)]
	Unavailable {
		/// The blob.
		key: BlobKey,
	},
	/// Answers [`WorkerMessage::Publish`]: the blob is in the host's store, the file is no longer needed.
	#[codec(index = 3)]
	Stored {
		/// The blob.
		key: BlobKey,
	},
	/// Answers [`WorkerMessage::Publish`]: the blob was not taken.
	#[codec(index = 4)]
	Refused {
		/// The blob.
		key: BlobKey,
		/// Why.
		reason: Text<{ limits::MAX_TEXT_BYTES }>,
	},
	/// Answer [`WorkerMessage::Pong`].
	#[codec(index = 5)]
	Ping,
	/// The job is no longer wanted.
	#[codec(index = 6)]
	Cancel,
	/// The result has arrived; exit.
	#[codec(index = 7)]
	Shutdown,
}

/// From worker to host.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
#[allow(clippy::large_enum_variant, reason = "sent rarely, and never in collections")]
pub enum WorkerMessage {
	/// The first message.
	#[codec(index = 0)]
	Hello(Hello),
	/// A step was done (not every step needs to be told).
	#[codec(index = 1)]
	Progress(Progress),
	/// Asks for a blob, and waits for it: until the answer, or [`Forgo`](Self::Forgo). There is one answer
	/// to all that is asked of one blob before it comes.
	#[codec(index = 2)]
	Need(BlobKey),
	/// Hands a blob over: a file in the folder of the task.
	#[codec(index = 3)]
	Publish {
		/// The blob.
		key: BlobKey,
		/// The file.
		path: PathText,
	},
	/// The result of the job.
	#[codec(index = 4)]
	Finished(JobResult),
	/// The job has no result.
	#[codec(index = 5)]
	Failed(Fault),
	/// Answers [`HostMessage::Ping`].
	#[codec(index = 6)]
	Pong,
	/// The job goes on without a blob that it asked for. The host may look on, and answer later.
	#[codec(index = 7)]
	Forgo(BlobKey),
}
