//! The host functions as a native caller sees them.

use std::sync::{Arc, Mutex};

use assay_host_functions::*;
use codec::{Compact, Decode, DecodeAll, Encode, MaxEncodedLen};
use sp_state_machine::BasicExternalities;

#[derive(Default, Clone)]
struct Fake(Arc<Mutex<Vec<Vec<u8>>>>, Option<JobStatus>);

impl Executor for Fake {
	fn submit(&self, job: &[u8]) -> Result<u64, SubmitError> {
		Job::decode_all(&mut &*job).map_err(|_| SubmitError::Malformed)?;
		self.0.lock().unwrap().push(job.to_vec());
		Ok(7)
	}
	fn poll(&self, id: u64) -> JobStatus {
		if id == 7 {
			self.1.clone().unwrap_or(JobStatus::Queued)
		} else {
			JobStatus::Unknown
		}
	}
	fn cancel(&self, id: u64) -> bool {
		id == 7
	}
	fn prefix(&self, list: &Root, states: u32) -> Option<Root> {
		(*list == [1; 32] && states < 3).then_some([states as u8; 32])
	}
}

fn job() -> Job {
	let context = TaskContext {
		genesis: [1; 32],
		task: 2,
		attempt: 0,
		program: vec![1, 2, 3].try_into().unwrap(),
		seed: [3; 32],
		first_step: 0,
		steps: 10,
		stride: 2,
		records: 100,
		record_size: 65,
		data_root: [4; 32],
		init_root: [5; 32],
		init_slots: [6; 32],
	};
	Job { context, work: Work::Train }
}

fn with<R>(executor: Option<Fake>, run: impl FnOnce() -> R) -> R {
	let mut externalities = BasicExternalities::default();
	if let Some(executor) = executor {
		externalities.register_extension(ExecutorExt::new(executor));
	}
	externalities.execute_with(run)
}

#[test]
fn host_functions_should_say_unavailable_when_the_node_has_no_executor() {
	with(None, || {
		assert_eq!(submit_job(&job()), Err(SubmitError::Unavailable));
		assert_eq!(poll(7), None);
		assert_eq!(poll_status(7), None);
		assert!(!cancel(7));
		assert_eq!(prefix(&[1; 32], 2), None);
	});
}

#[test]
fn submit_should_hand_over_the_same_bytes_when_an_executor_is_there() {
	let fake = Fake::default();
	with(Some(fake.clone()), || {
		assert_eq!(submit_job(&job()), Ok(7));
		assert_eq!(submit(b"no job"), Err(SubmitError::Malformed));
		assert!(cancel(7));
		assert!(!cancel(8));
		assert_eq!(prefix(&[1; 32], 2), Some([2; 32]));
		assert_eq!(prefix(&[1; 32], 3), None);
		assert_eq!(prefix(&[2; 32], 2), None);
	});
	assert_eq!(*fake.0.lock().unwrap(), vec![job().encode()]);
}

#[test]
fn poll_should_return_the_whole_status_when_it_is_larger_than_the_first_buffer() {
	let large = MoveBytes::try_from(vec![9; limits::MAX_MOVE_BYTES as usize]).unwrap();
	for status in [JobStatus::Queued, JobStatus::Done(JobResult::Move(large))] {
		let fake = Fake(Default::default(), Some(status.clone()));
		with(Some(fake), || assert_eq!(poll_status(7), Some(status)));
	}
	with(Some(Fake::default()), || assert_eq!(poll_status(8), Some(JobStatus::Unknown)));
}

#[test]
fn limits_should_hold_the_largest_job_and_status() {
	assert!(Job::max_encoded_len() <= limits::MAX_JOB_BYTES as usize);
	assert!(JobStatus::max_encoded_len() <= limits::MAX_STATUS_BYTES as usize);
}

#[test]
fn error_codes_should_be_negative_and_distinct() {
	use SubmitError::*;
	for error in [Unavailable, Malformed, QueueFull, Storage] {
		assert!(error.code() < 0);
		assert_eq!(SubmitError::from_code(error.code()), error);
	}
	assert_eq!(SubmitError::from_code(i64::MIN), Unavailable);
}

#[test]
fn encodings_should_keep_their_indices() {
	assert_eq!(Work::Train.encode(), [0]);
	assert_eq!(Work::HandIn.encode(), [3]);
	assert_eq!(Work::Prepare.encode(), [4]);
	assert_eq!(JobStatus::Done(JobResult::Ready).encode(), [3, 4]);
	assert_eq!(JobStatus::Unknown.encode(), [0]);
	assert_eq!(JobStatus::Queued.encode(), [1]);
	assert_eq!(JobStatus::Failed(Fault::Task("x".into())).encode(), [4, 0, 4, b'x']);
	assert_eq!(JobStatus::Done(JobResult::Checked(Checked::Agrees)).encode(), [3, 1, 0]);
	assert_eq!(Outcome::NonFinite { step: 5 }.encode(), [1, 5, 0, 0, 0]);
}

#[test]
fn job_should_be_refused_when_a_length_is_a_lie() {
	let mut bytes = job().encode();
	assert_eq!(Job::decode_all(&mut bytes.as_slice()), Ok(job()));
	// The program's length follows genesis, task and attempt.
	let lie = Compact(u32::MAX).encode();
	bytes.splice(40..41, lie);
	assert!(Job::decode(&mut bytes.as_slice()).is_err());
	let mut longer = job().encode();
	longer.push(0);
	assert!(Job::decode_all(&mut longer.as_slice()).is_err());
}

#[test]
fn text_should_be_cut_at_a_character_when_it_is_too_long() {
	assert_eq!(Text::<4>::shortened("abcé").as_str(), "abc");
	assert_eq!(Text::<5>::shortened("abcé").as_str(), "abcé");
	assert_eq!(Text::<4>::exact("abcé"), None);
	assert!(Text::<4>::decode(&mut &[4u8, 0xff][..]).is_err());
	assert!(Text::<1>::decode(&mut &[8u8, b'a', b'b'][..]).is_err());
}

#[test]
fn status_may_change_only_when_a_second_try_could_help() {
	let fault = |fault: fn(Text<512>) -> Fault| JobStatus::Failed(fault("x".into()));
	assert!(fault(Fault::Machine).may_change());
	assert!(!fault(Fault::Task).may_change());
	assert!(JobStatus::Done(JobResult::Wait { reason: "x".into() }).may_change());
	assert!(!JobStatus::Done(JobResult::Checked(Checked::Agrees)).may_change());
}
