//! The content of a checkpoint: a framed file whose payload is the SCALE of [`Snapshot`].

use assay_commitment::Root;
use codec::{Decode, DecodeAll, Encode};

use crate::{
	frame::{Damage, Format},
	Prepared,
};

const FORMAT: Format = Format { magic: b"ASSAYCKP", version: 2 };

/// Everything that a run needs to go on from a committed state.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Snapshot {
	/// Steps done.
	pub(crate) step: u64,
	/// Bits of the last step's loss.
	pub(crate) loss: u32,
	/// The first step whose loss or parameters were not finite.
	pub(crate) non_finite: Option<u64>,
	/// Committed states so far, the last one that of `slots`.
	pub(crate) states: Vec<Root>,
	/// Content of every slot; nothing of those that no step changes.
	pub(crate) slots: Vec<Vec<u32>>,
}

/// What is written, without a copy of it: encoded as a [`Snapshot`] is.
#[derive(Clone, Copy, Debug, Encode)]
pub(crate) struct Content<'a> {
	pub(crate) step: u64,
	pub(crate) loss: u32,
	pub(crate) non_finite: Option<u64>,
	pub(crate) states: &'a [Root],
	pub(crate) slots: &'a [Vec<u32>],
}

impl Content<'_> {
	/// The bytes of the file.
	pub(crate) fn to_bytes(self, digest: &Root) -> Vec<u8> {
		FORMAT.seal(digest, &self)
	}
}

impl Snapshot {
	/// That before the first step of a job.
	pub(crate) fn first(job: &Prepared) -> Self {
		Self {
			step: job.job().first_step,
			loss: 0,
			non_finite: None,
			states: vec![job.init_root()],
			slots: job.first_slots(),
		}
	}

	/// Reads the bytes of a file.
	pub(crate) fn from_bytes(bytes: &[u8], digest: &Root) -> Result<Self, Damage> {
		let payload = FORMAT.open(digest, bytes)?;
		Self::decode_all(&mut &*payload).map_err(|_| Damage::Content)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const JOB: Root = [7; 32];

	fn bytes() -> Vec<u8> {
		let Snapshot { step, loss, non_finite, states, slots } = &snapshot();
		let (step, loss, non_finite) = (*step, *loss, *non_finite);
		Content { step, loss, non_finite, states, slots }.to_bytes(&JOB)
	}

	fn snapshot() -> Snapshot {
		let slots = vec![vec![1, 2, 3], vec![0xFFC0_0001]];
		Snapshot { step: 9, loss: 5, non_finite: Some(3), states: vec![[1; 32], [2; 32]], slots }
	}

	#[test]
	fn snapshot_should_survive_when_written_and_read() {
		assert_eq!(Snapshot::from_bytes(&bytes(), &JOB), Ok(snapshot()));
	}

	#[test]
	fn file_should_have_the_documented_bytes() {
		let content: [&[u8]; 10] = [
			// Magic, version, job, length of what follows.
			b"ASSAYCKP\x02\0",
			&[7; 32],
			&[105, 0, 0, 0, 0, 0, 0, 0],
			// Steps, loss, the first step that was not finite.
			b"\x09\0\0\0\0\0\0\0",
			b"\x05\0\0\0",
			b"\x01\x03\0\0\0\0\0\0\0",
			// Two states, and two slots, of three words and of one. Lengths are compact.
			b"\x08",
			&[[1; 32], [2; 32]].concat(),
			b"\x08\x0C\x01\0\0\0\x02\0\0\0\x03\0\0\0",
			b"\x04\x01\0\xC0\xFF",
		];
		let content = content.concat();
		let checksum = blake3::hash(&content);
		assert_eq!(bytes(), [&content[..], checksum.as_bytes()].concat());
	}

	#[test]
	fn snapshot_should_be_refused_when_cut_at_any_prefix() {
		let bytes = bytes();
		for length in 0..bytes.len() {
			assert!(Snapshot::from_bytes(&bytes[..length], &JOB).is_err(), "prefix of {length}");
		}
	}

	#[test]
	fn snapshot_should_be_refused_when_any_byte_is_changed() {
		let bytes = bytes();
		for at in 0..bytes.len() {
			let mut bytes = bytes.clone();
			bytes[at] ^= 0x10;
			assert!(Snapshot::from_bytes(&bytes, &JOB).is_err(), "byte {at}");
		}
	}

	#[test]
	fn snapshot_should_be_refused_when_of_another_job() {
		let bytes = bytes();
		assert_eq!(Snapshot::from_bytes(&bytes, &[8; 32]), Err(Damage::OtherJob));
	}
}
