//! Why a job was not taken.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};

/// Why `submit` did not take a job. Nothing was queued.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen,
)]
pub enum SubmitError {
	/// This node has no executor, or it is shutting down.
	#[codec(index = 0)]
	Unavailable,
	/// The bytes are no [`Job`](crate::Job).
	#[codec(index = 1)]
	Malformed,
	/// Too many jobs wait; try again later.
	#[codec(index = 2)]
	QueueFull,
	/// The job could not be written to the journal.
	#[codec(index = 3)]
	Storage,
}

impl SubmitError {
	/// The negative number by which the host function reports it.
	pub const fn code(self) -> i64 {
		match self {
			Self::Unavailable => -1,
			Self::Malformed => -2,
			Self::QueueFull => -3,
			Self::Storage => -4,
		}
	}

	/// The error of a negative number; numbers that a newer node may use read as
	/// [`Unavailable`](Self::Unavailable).
	pub const fn from_code(code: i64) -> Self {
		match code {
			-2 => Self::Malformed,
			-3 => Self::QueueFull,
			-4 => Self::Storage,
			_ => Self::Unavailable,
		}
	}
}
