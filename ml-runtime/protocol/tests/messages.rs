//! Messages survive the wire; garbage does not get in.

use std::{io::Read, path::Path};

use assay_worker_protocol::*;
use codec::{Compact, Encode, MaxEncodedLen};

fn job(work: Work) -> Job {
	let context = TaskContext {
		genesis: [1; 32],
		task: 2,
		attempt: 3,
		program: vec![4; 5000].try_into().unwrap(),
		seed: [5; 32],
		first_step: 0,
		steps: 6,
		stride: 7,
		records: 8,
		record_size: 9,
		data_root: [10; 32],
		init_root: [11; 32],
		init_slots: [12; 32],
	};
	Job { context, work }
}

fn host_messages() -> Vec<HostMessage> {
	let key = BlobKey::Bytes([1; 32]);
	let path = PathText::new(Path::new("/tmp/a b")).unwrap();
	let claim =
		ClaimRef { claim_root: [1; 32], states: 2, final_state: [3; 32], artifact_root: [4; 32] };
	let play = Work::Play {
		game: vec![1, 2].try_into().unwrap(),
		side: Side::Challenger,
		public: vec![3].try_into().unwrap(),
	};
	let start = |work| HostMessage::Start { id: u64::MAX, folder: path.clone(), job: job(work) };
	vec![
		start(Work::Train),
		start(Work::Check(claim)),
		start(Work::HandIn),
		start(Work::Prepare),
		start(play),
		HostMessage::Have { key, path: path.clone() },
		HostMessage::Unavailable { key },
		HostMessage::Stored { key: BlobKey::List { tag: ListTag::States, root: [2; 32] } },
		HostMessage::Refused { key, reason: "no".into() },
		HostMessage::Ping,
		HostMessage::Cancel,
		HostMessage::Shutdown,
	]
}

fn worker_messages() -> Vec<WorkerMessage> {
	let key = BlobKey::Bytes([1; 32]);
	let path = PathText::new(Path::new("x")).unwrap();
	let trained = Trained {
		claim_root: [1; 32],
		states: 2,
		final_state: [3; 32],
		artifact_root: [4; 32],
		steps: 5,
		first: vec![[6; 32]; 32].try_into().unwrap(),
		last: Default::default(),
		outcome: Outcome::NonFinite { step: 5 },
	};
	let checked = |checked| WorkerMessage::Finished(JobResult::Checked(checked));
	vec![
		WorkerMessage::Hello(Hello::current("x")),
		WorkerMessage::Progress(Progress { step: 1, ..Default::default() }),
		WorkerMessage::Need(key),
		WorkerMessage::Forgo(key),
		WorkerMessage::Publish { key, path },
		WorkerMessage::Finished(JobResult::Trained(trained)),
		checked(Checked::Agrees),
		checked(Checked::Differs { first_state: 3 }),
		checked(Checked::ListWithheld),
		checked(Checked::Unavailable { what: "data".into() }),
		WorkerMessage::Finished(JobResult::Move(vec![1, 2].try_into().unwrap())),
		WorkerMessage::Finished(JobResult::Wait { reason: "their turn".into() }),
		WorkerMessage::Finished(JobResult::Ready),
		WorkerMessage::Failed(Fault::Task("x".into())),
		WorkerMessage::Failed(Fault::Machine("y".into())),
		WorkerMessage::Pong,
	]
}

#[test]
fn messages_should_arrive_in_order_when_written_to_one_stream() {
	let mut wire = Vec::new();
	host_messages().iter().for_each(|message| write_message(&mut wire, message).unwrap());
	worker_messages().iter().for_each(|message| write_message(&mut wire, message).unwrap());
	let mut wire = &wire[..];
	for message in host_messages() {
		assert_eq!(read_message(&mut wire).unwrap(), Some(message));
	}
	for message in worker_messages() {
		assert_eq!(read_message(&mut wire).unwrap(), Some(message));
	}
	assert!(read_message::<WorkerMessage>(&mut wire).unwrap().is_none());
}

#[test]
fn frame_should_be_refused_when_it_is_cut_anywhere() {
	for message in host_messages() {
		let mut wire = Vec::new();
		write_message(&mut wire, &message).unwrap();
		for cut in [1, 3, 4, wire.len() - 1] {
			let read = read_message::<HostMessage>(&mut &wire[..cut]);
			assert!(matches!(read, Err(FrameError::Truncated)), "{message:?} cut at {cut}");
		}
	}
}

#[test]
fn frame_should_be_refused_before_its_bytes_are_read_when_its_length_is_too_large() {
	let length = (MAX_FRAME + 1).to_le_bytes();
	let mut wire = (&length[..]).chain(std::io::repeat(0));
	let read = read_message::<WorkerMessage>(&mut wire);
	assert!(matches!(read, Err(FrameError::TooLarge { len }) if len == u64::from(MAX_FRAME) + 1));
}

fn framed(body: Vec<u8>) -> Vec<u8> {
	[&(body.len() as u32).to_le_bytes()[..], &body].concat()
}

#[test]
fn frame_should_be_refused_when_it_is_no_message() {
	let mut trailing = WorkerMessage::Pong.encode();
	trailing.push(0);
	let text_bomb = (5u8, 0u8, Compact(u32::MAX)).encode();
	let text_not_utf8 = (5u8, 0u8, vec![0xffu8]).encode();
	let move_bomb = (4u8, 2u8, Compact(limits::MAX_MOVE_BYTES + 1)).encode();
	for bad in [vec![], vec![200], trailing, text_bomb, text_not_utf8, move_bomb] {
		let read = read_message::<WorkerMessage>(&mut &framed(bad.clone())[..]);
		assert!(matches!(read, Err(FrameError::Malformed(_))), "{bad:?}");
	}
}

#[test]
fn largest_messages_should_fit_a_frame() {
	assert!(HostMessage::max_encoded_len() < MAX_FRAME as usize);
	assert!(WorkerMessage::max_encoded_len() < MAX_FRAME as usize);
}

#[test]
fn path_should_be_refused_when_it_is_too_long() {
	let long = "x".repeat(MAX_PATH_BYTES as usize);
	assert!(PathText::new(Path::new(&long)).is_some());
	assert!(PathText::new(Path::new(&(long + "x"))).is_none());
}
