//! The frame of every file that outlives its process.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | magic: which kind of file it is |
//! | 2 | format version, little-endian |
//! | 32 | digest of the job |
//! | 8 | length of the payload, little-endian |
//! | … | payload |
//! | 32 | BLAKE3 of everything before |

use assay_commitment::Root;
use codec::Encode;

const HEADER: usize = 8 + 2 + 32 + 8;
const CHECKSUM: usize = 32;

/// Which kind of file it is, and the version of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
	pub(crate) magic: &'static [u8; 8],
	pub(crate) version: u16,
}

/// Why bytes are no such file of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
	#[error("it is cut short or has bytes too many")]
	Length,
	#[error("it is a file of another kind")]
	Magic,
	#[error("its format version is {0}")]
	Version(u16),
	#[error("its checksum does not match")]
	Checksum,
	#[error("it belongs to another job")]
	OtherJob,
	#[error("its content does not fit the job")]
	Content,
	#[error("a training of fewer steps ended there, between two committed states of this one")]
	BetweenStates,
}

impl Format {
	/// The bytes of the file whose payload is the encoding of this.
	pub(crate) fn seal(self, digest: &Root, payload: &impl Encode) -> Vec<u8> {
		let length = payload.encoded_size();
		let mut bytes = Vec::with_capacity(HEADER + length + CHECKSUM);
		bytes.extend_from_slice(self.magic);
		bytes.extend_from_slice(&self.version.to_le_bytes());
		bytes.extend_from_slice(digest);
		bytes.extend_from_slice(&(length as u64).to_le_bytes());
		payload.encode_to(&mut bytes);
		let checksum = blake3::hash(&bytes);
		bytes.extend_from_slice(checksum.as_bytes());
		bytes
	}

	/// The payload in the bytes of a file. Length and checksum are verified, so that nothing is decoded
	/// that was not written.
	pub(crate) fn open<'a>(self, digest: &Root, bytes: &'a [u8]) -> Result<&'a [u8], Damage> {
		if bytes.len() < HEADER + CHECKSUM {
			return Err(Damage::Length);
		}
		let (content, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
		let (header, payload) = content.split_at(HEADER);
		let (magic, header) = header.split_at(8);
		let (version, header) = header.split_at(2);
		let (job, length) = header.split_at(32);
		if magic != self.magic {
			return Err(Damage::Magic);
		}
		let version = u16::from_le_bytes([version[0], version[1]]);
		if version != self.version {
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
		Ok(payload)
	}
}
