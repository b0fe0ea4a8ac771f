//! Whatever decodes is decoded in one way only, and costs no more memory than its bytes justify.

#[cfg(feature = "heavy")]
mod heavy;

use std::{fmt::Debug, io::Cursor};

use assay_blobs::{BlobKey, BlobRequest, BlobResponse, ChunkResponse, StateManifest};
use assay_case::{Brief, Case, CaseMove, Join, NodeProof, PostedPartials, TileProof, Transcript};
use assay_commitment::{
	ChunksOpening, LeafOpening, ListTag, Path, ProgramCommitment, ProgramHeader, SlotOpening,
	TilesOpening,
};
use assay_dispute_game::{testing::Toy, Game, MoveOf, Params, Phase};
use assay_ops::{Node, NodeSpec, Op, Program, Slot};
use assay_referee::{
	BlockEvidence, Evidence, Inputs, JoinEvidence, OperandOpening, OutputOpening, PrefixEvidence,
};
use assay_worker_protocol::{
	read_message, write_message, Hello, HostMessage, Job, JobResult, JobStatus, WorkerMessage,
};
use codec::{Decode, DecodeWithMemLimit, DecodeWithMemTracking, Encode, Error, Input};

/// Memory that a decoder may take whatever its input is: the first allocation of each of a few nested
/// collections.
const START: usize = 1 << 18;

/// Memory per byte of input beyond that: what an element takes in memory against its encoding.
const PER_BYTE: usize = 64;

/// Decodes a type from bytes.
type Decoder = fn(&[u8]);

/// How many there are, with the feature `heavy`.
const TOTAL: usize = 49;

/// What arrives from an extrinsic, a peer, a worker or a file, by name. The numbers are part of the corpus:
/// add at the end.
pub const DECODERS: [(&str, Decoder); 42] = [
	("CaseMove", scale::<CaseMove>),
	("Brief", scale::<Brief>),
	("Case", scale::<Case>),
	("Transcript", scale::<Transcript>),
	("NodeProof", scale::<NodeProof>),
	("Join", scale::<Join>),
	("PostedPartials", scale::<PostedPartials>),
	("TileProof", scale::<TileProof>),
	("Evidence", scale::<Evidence>),
	("BlockEvidence", scale::<BlockEvidence>),
	("JoinEvidence", scale::<JoinEvidence>),
	("PrefixEvidence", scale::<PrefixEvidence>),
	("Inputs", scale::<Inputs>),
	("OperandOpening", scale::<OperandOpening>),
	("OutputOpening", scale::<OutputOpening>),
	("TilesOpening", scale::<TilesOpening>),
	("ChunksOpening", scale::<ChunksOpening>),
	("LeafOpening", scale::<LeafOpening>),
	("SlotOpening", scale::<SlotOpening>),
	("Path", scale::<Path>),
	("ProgramHeader", scale::<ProgramHeader>),
	("ProgramCommitment", scale::<ProgramCommitment>),
	("Game", scale::<Game>),
	("Params", scale::<Params>),
	("Phase", scale::<Phase>),
	("ToyMove", scale::<MoveOf<Toy>>),
	("Program", scale::<Program>),
	("Node", scale::<Node>),
	("NodeSpec", scale::<NodeSpec>),
	("Op", scale::<Op>),
	("Slot", scale::<Slot>),
	("Job", scale::<Job>),
	("JobStatus", scale::<JobStatus>),
	("JobResult", scale::<JobResult>),
	("Hello", scale::<Hello>),
	("BlobRequest", scale::<BlobRequest>),
	("BlobResponse", scale::<BlobResponse>),
	("ChunkResponse", scale::<ChunkResponse>),
	("HostMessage", frames::<HostMessage>),
	("WorkerMessage", frames::<WorkerMessage>),
	("lists", lists),
	("BlobKey", key),
];

/// All of them: these, and with the feature `heavy` those after them.
fn decoders() -> impl Iterator<Item = (&'static str, Decoder)> {
	#[cfg(feature = "heavy")]
	let more = heavy::DECODERS;
	#[cfg(not(feature = "heavy"))]
	let more = [];
	DECODERS.into_iter().chain(more)
}

/// The first byte says which type, the rest is decoded.
pub fn check(bytes: &[u8]) {
	if let [which, bytes @ ..] = bytes {
		if let Some((_, decode)) = decoders().nth(usize::from(*which) % TOTAL) {
			decode(bytes);
		}
	}
}

/// The bytes that [`check`] takes for a value of the type with this name.
pub fn input(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
	let which = decoders().position(|(known, _)| known == name)?;
	Some([&[which as u8], bytes].concat())
}

/// Bytes that count what is allocated for them.
struct Metered<'a> {
	bytes: &'a [u8],
	memory: usize,
}

impl Input for Metered<'_> {
	fn remaining_len(&mut self) -> Result<Option<usize>, Error> {
		self.bytes.remaining_len()
	}

	fn read(&mut self, into: &mut [u8]) -> Result<(), Error> {
		self.bytes.read(into)
	}

	fn on_before_alloc_mem(&mut self, size: usize) -> Result<(), Error> {
		self.memory = self.memory.saturating_add(size);
		Ok(())
	}
}

fn scale<T: DecodeWithMemTracking + Encode + PartialEq + Debug>(bytes: &[u8]) {
	let mut input = Metered { bytes, memory: 0 };
	let decoded = T::decode(&mut input);
	let most = START + PER_BYTE * bytes.len();
	assert!(input.memory <= most, "{} bytes for an input of {}", input.memory, bytes.len());
	let limited = T::decode_with_mem_limit(&mut &bytes[..], most + 1);
	assert_eq!(limited, decoded, "a limit of memory changes the value");
	let Ok(value) = decoded else { return };
	let read = &bytes[..bytes.len() - input.bytes.len()];
	assert_eq!(value.encode(), read, "two encodings of {value:?}");
	assert_eq!(value.encoded_size(), read.len());
}

/// A stream of frames, as a pipe brings it.
fn frames<T: Decode + Encode + PartialEq + Debug + DecodeWithMemTracking>(bytes: &[u8]) {
	let mut stream = Cursor::new(bytes);
	let mut start = 0;
	while let Ok(Some(message)) = read_message::<T>(&mut stream) {
		let end = stream.position() as usize;
		let mut written = Vec::new();
		write_message(&mut written, &message).expect("what was read can be written");
		assert_eq!(written, &bytes[start..end], "two frames for {message:?}");
		start = end;
	}
	// Most mutations break the length of a frame; its content is decoded all the same.
	scale::<T>(bytes.get(4..).unwrap_or_default());
}

/// Lists of roots as files hold them: a state's tensors, a claim's states.
fn lists(bytes: &[u8]) {
	let (head, bytes) = bytes.split_at_checked(13).unwrap_or((&[0; 13][..], bytes));
	let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| head[at + i]));
	if let Ok(manifest) = StateManifest::from_bytes(word(0).into(), bytes) {
		assert_eq!(manifest.to_bytes(), bytes);
		assert_eq!(manifest.tensors().count() * 32, bytes.len());
	}
	#[cfg(feature = "heavy")]
	heavy::claim_list(bytes, u64::from(word(4)) << (head[12] & 32), word(8));
}

/// The name of a blob as text and as file name.
fn key(bytes: &[u8]) {
	if let Ok(text) = std::str::from_utf8(bytes) {
		if let Ok(key) = text.parse::<BlobKey>() {
			assert_eq!(key.to_string(), text, "two names of {key:?}");
			assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
		}
	}
	if let Ok(key) = BlobKey::decode(&mut &bytes[..]) {
		assert_eq!(key.to_string().parse(), Ok(key));
	}
	scale::<BlobKey>(bytes);
	scale::<ListTag>(bytes);
}
