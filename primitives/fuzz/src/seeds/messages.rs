//! Messages between host and worker and between nodes.

use assay_blobs::{BlobKey, BlobRequest, BlobResponse, ChunkIndex, ChunkResponse};
use assay_case::testing::mlp;
use assay_commitment::ListTag;
use assay_worker_protocol::{
	write_message, Checked, ClaimRef, Fault, Hello, HostMessage, Job, JobResult, JobStatus,
	PathText, Progress, Side, TaskContext, Work as JobWork, WorkerMessage,
};
use codec::Encode;

/// Adds them.
pub(super) fn add(add: &mut impl FnMut(&str, Vec<u8>)) {
	worker(add);
	let key = BlobKey::List { tag: ListTag::Trace, root: [3; 32] };
	let tiles = BlobKey::Tiles { tiles: 7, root: [4; 32] };
	for key in [key, tiles, BlobKey::Bytes([5; 32])] {
		add("BlobKey", key.to_string().into_bytes());
		add("BlobKey", key.encode());
		add("BlobRequest", BlobRequest { key, chunk: ChunkIndex::At(2) }.encode());
	}
	let bytes = vec![1; 70].try_into().unwrap_or_default();
	let siblings = vec![[2; 32]; 3].try_into().unwrap_or_default();
	let chunk = ChunkResponse { total_len: 70, bytes, siblings };
	add("ChunkResponse", chunk.encode());
	add("BlobResponse", BlobResponse::Chunk(chunk).encode());
	add("BlobResponse", BlobResponse::NotFound.encode());
	add("lists", [vec![9; 13], vec![1; 96]].concat());
}

fn worker(add: &mut impl FnMut(&str, Vec<u8>)) {
	let task = mlp(4, 2);
	let context = TaskContext {
		genesis: [1; 32],
		task: 7,
		attempt: 1,
		program: task.posted.encode().try_into().unwrap_or_default(),
		seed: task.seed,
		first_step: 0,
		steps: 4,
		stride: 2,
		records: 7,
		record_size: 601,
		data_root: task.data_root(),
		init_root: task.init_root(),
		init_slots: task.init_slots(),
	};
	let claim =
		ClaimRef { claim_root: [1; 32], states: 3, final_state: [2; 32], artifact_root: [3; 32] };
	let play = JobWork::Play {
		game: vec![1; 50].try_into().unwrap_or_default(),
		side: Side::Challenger,
		public: vec![2; 10].try_into().unwrap_or_default(),
	};
	let jobs = [JobWork::Train, JobWork::Check(claim), play, JobWork::HandIn, JobWork::Prepare];
	let path = PathText::new("/tmp/folder".as_ref());
	let path = path.expect("a short path");
	for work in jobs {
		let job = Job { context: context.clone(), work };
		add("Job", job.encode());
		add("HostMessage", frame(&HostMessage::Start { id: 3, folder: path.clone(), job }));
	}
	let key = BlobKey::Bytes([7; 32]);
	let refused = HostMessage::Refused { key, reason: "no room".into() };
	for message in [HostMessage::Have { key, path: path.clone() }, refused, HostMessage::Ping] {
		add("HostMessage", frame(&message));
	}
	let withheld = JobResult::Checked(Checked::Unavailable { what: "the data set".into() });
	let hello = Hello::current("worker 1.0");
	add("Hello", hello.encode());
	for message in [
		WorkerMessage::Hello(hello),
		WorkerMessage::Progress(Progress::default()),
		WorkerMessage::Publish { key, path },
		WorkerMessage::Finished(withheld.clone()),
		WorkerMessage::Failed(Fault::Machine("disk".into())),
	] {
		add("WorkerMessage", frame(&message));
	}
	add("JobResult", withheld.encode());
	add("JobStatus", JobStatus::Done(withheld).encode());
}

fn frame(message: &impl Encode) -> Vec<u8> {
	let mut frame = Vec::new();
	write_message(&mut frame, message).expect("a short message");
	frame
}
