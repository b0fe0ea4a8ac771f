//! The file format of a checkpoint.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `ASSAYCKP` |
//! | 2 | format version, little-endian |
//! | 32 | digest of the job |
//! | 8 | length of the payload, little-endian |
//! | … | payload: SCALE of [`Snapshot`] |
//! | 32 | BLAKE3 of everything before |

use assay_commitment::Root;
use codec::{Decode, DecodeAll, Encode};

const MAGIC: &[u8; 8] = b"ASSAYCKP";
const VERSION: u16 = 1;
const HEADER: usize = 8 + 2 + 32 + 8;
const CHECKSUM: usize = 32;

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
	/// Content of every slot.
	pub(crate) slots: Vec<Vec<u32>>,
}

/// Why bytes are no checkpoint of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
	#[error("it is cut short or has bytes too many")]
	Length,
	#[error("it is no checkpoint")]
	Magic,
	#[error("its format version is {0}")]
	Version(u16),
	#[error("its checksum does not match")]
	Checksum,
	#[error("it belongs to another job")]
	OtherJob,
	#[error("its content does not fit the job")]
	Content,
}

impl Snapshot {
	/// The bytes of the file.
	pub(crate) fn to_bytes(&self, digest: &Root) -> Vec<u8> {
		let payload = self.encode();
		let mut bytes = Vec::with_capacity(HEADER + payload.len() + CHECKSUM);
		bytes.extend_from_slice(MAGIC);
		bytes.extend_from_slice(&VERSION.to_le_bytes());
		bytes.extend_from_slice(digest);
		bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
		bytes.extend_from_slice(&payload);
		let checksum = blake3::hash(&bytes);
		bytes.extend_from_slice(checksum.as_bytes());
		bytes
	}

	/// Reads the bytes of a file. Length and checksum are verified before anything is decoded.
	pub(crate) fn from_bytes(bytes: &[u8], digest: &Root) -> Result<Self, Damage> {
		if bytes.len() < HEADER + CHECKSUM {
			return Err(Damage::Length);
		}
		let (content, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
		let (header, payload) = content.split_at(HEADER);
		let (magic, header) = header.split_at(8);
		let (version, header) = header.split_at(2);
		let (job, length) = header.split_at(32);
		if magic != MAGIC {
			return Err(Damage::Magic);
		}
		let version = u16::from_le_bytes([version[0], version[1]]);
		if version != VERSION {
			return Err(Damage::Version(version));
		}
		if length != (payload.len() as u64).to_le_bytes() {
			return Err(Damage::Length);
		}
		if blake3::hash(content) != *checksum {
			return Err(Damage::Checksum);
		}
		if job != digest {
			return Err(Damage::OtherJob);
		}
		Self::decode_all(&mut &*payload).map_err(|_| Damage::Content)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const JOB: Root = [7; 32];

	fn snapshot() -> Snapshot {
		let slots = vec![vec![1, 2, 3], vec![0xFFC0_0001]];
		Snapshot { step: 9, loss: 5, non_finite: Some(3), states: vec![[1; 32], [2; 32]], slots }
	}

	#[test]
	fn snapshot_should_survive_when_written_and_read() {
		assert_eq!(Snapshot::from_bytes(&snapshot().to_bytes(&JOB), &JOB), Ok(snapshot()));
	}

	#[test]
	fn snapshot_should_be_refused_when_cut_at_any_prefix() {
		let bytes = snapshot().to_bytes(&JOB);
		for length in 0..bytes.len() {
			assert!(Snapshot::from_bytes(&bytes[..length], &JOB).is_err(), "prefix of {length}");
		}
	}

	#[test]
	fn snapshot_should_be_refused_when_any_byte_is_changed() {
		let bytes = snapshot().to_bytes(&JOB);
		for at in 0..bytes.len() {
			let mut bytes = bytes.clone();
			bytes[at] ^= 0x10;
			assert!(Snapshot::from_bytes(&bytes, &JOB).is_err(), "byte {at}");
		}
	}

	#[test]
	fn snapshot_should_be_refused_when_of_another_job() {
		let bytes = snapshot().to_bytes(&JOB);
		assert_eq!(Snapshot::from_bytes(&bytes, &[8; 32]), Err(Damage::OtherJob));
	}
}
