//! One worker on a thread, spoken to as a host does.

mod bench;
mod task;

use std::{
	thread,
	time::{Duration, SystemTime, UNIX_EPOCH},
};

use assay_blobs::{list_key, StateManifest};
use assay_commitment::{list, Path as ListPath};
use assay_worker::{Behaviour, Honest};
use assay_worker_protocol::{
	BlobKey, Checked, ClaimRef, Fault, HostMessage, JobResult, ListTag, Outcome, PathText,
	TaskContext, Work, WorkerMessage,
};
use bench::{claim_of, cpu, Bench, Place};
use task::{task, MLP};

#[test]
fn training_should_publish_what_its_claim_commits_to_when_it_ends() {
	let place = Place::new();
	let context = task(&place.store, MLP, 10, 4);
	let (reports, end) = place.run("solver", &context, Work::Train);
	let WorkerMessage::Finished(JobResult::Trained(trained)) = end else { panic!("{end:?}") };
	let states = place.store.read_list(ListTag::States, &trained.claim_root).unwrap();
	assert_eq!((states.len(), states[0]), (4, context.init_root));
	assert_eq!((trained.states, trained.final_state), (4, states[3]));
	assert_eq!(trained.outcome, Outcome::Completed);
	let slots = place.store.read_list(ListTag::Slots, &trained.artifact_root).unwrap();
	let manifest = StateManifest::new(10, slots).unwrap();
	assert_eq!((trained.steps, manifest.state_root()), (10, trained.final_state));
	for (index, path) in [(0, &trained.first), (3, &trained.last)] {
		let path = ListPath { siblings: path.to_vec().try_into().unwrap() };
		let (state, root) = (&states[index as usize], &trained.claim_root);
		assert!(list::verify(ListTag::States, root, 4, index, state, &path));
	}
	assert!(manifest.tensors().all(|tensor| place.store.has(&tensor)));
	let heartbeats: Vec<_> = reports.iter().map(|report| report.heartbeat_root).collect();
	for (report, heartbeat) in reports.iter().zip(heartbeats) {
		let prefix = &states[..report.states as usize];
		assert_eq!(*list_key(ListTag::States, prefix).root(), heartbeat);
	}
	assert_eq!(reports.last().map(|report| (report.step, report.states)), Some((10, 4)));
}

#[test]
fn training_should_have_the_same_roots_when_done_by_two_workers() {
	let place = Place::new();
	let context = task(&place.store, MLP, 12, 5);
	assert_eq!(place.train("one", &context), place.train("two", &context));
}

/// Three strides of a task, and its first two.
fn whole_and_part(place: &Place) -> (TaskContext, TaskContext) {
	let whole = task(&place.store, MLP, 12, 4);
	(whole.clone(), TaskContext { steps: 8, ..whole })
}

#[test]
fn hand_in_should_claim_what_is_done_when_training_is_not() {
	let place = Place::new();
	let (whole, part) = whole_and_part(&place);
	let nothing = place.run("solver", &whole, Work::HandIn).1;
	assert!(matches!(nothing, WorkerMessage::Finished(JobResult::Wait { .. })), "{nothing:?}");
	// A process that got so far and no further.
	let trained = place.train("solver", &part);
	let end = place.run("solver", &whole, Work::HandIn).1;
	assert_eq!(end, WorkerMessage::Finished(JobResult::Trained(trained.clone())));
	assert_eq!((trained.steps, trained.states), (8, 3));
	assert_eq!(place.check(&part, claim_of(&trained)), Checked::Agrees);
}

#[test]
fn training_should_end_in_the_same_state_when_it_goes_on_from_a_part() {
	let place = Place::new();
	let (whole, part) = whole_and_part(&place);
	let (all, done) = (place.train("all", &whole), place.train("part", &part));
	let rest = TaskContext {
		first_step: 8,
		steps: 4,
		init_root: done.final_state,
		init_slots: done.artifact_root,
		..whole
	};
	let end = place.train("rest", &rest);
	assert_eq!((end.final_state, end.artifact_root), (all.final_state, all.artifact_root));
	assert_eq!((end.steps, end.states), (4, 2));
	let states = |root| place.store.read_list(ListTag::States, root).unwrap();
	assert_eq!(states(&end.claim_root), states(&all.claim_root)[2..]);
	let later = TaskContext { first_step: 9, ..rest };
	assert!(matches!(fault(&place, &later), Fault::Task(_)), "it begins in another state");
}

#[test]
fn training_should_go_on_to_its_end_when_the_loss_is_not_finite() {
	let place = Place::new();
	let text = MLP.replace("lr = 0.1", "lr = 1e30");
	let context = task(&place.store, &text, 12, 4);
	let trained = place.train("solver", &context);
	assert_eq!(trained.states, 4);
	assert!(matches!(trained.outcome, Outcome::NonFinite { step: 1..8 }), "{trained:?}");
	assert_eq!(place.check(&context, claim_of(&trained)), Checked::Agrees);
}

#[test]
fn check_should_agree_when_the_claim_is_right() {
	let place = Place::new();
	let context = task(&place.store, MLP, 8, 2);
	let trained = place.train("solver", &context);
	assert_eq!(place.check(&context, claim_of(&trained)), Checked::Agrees);
}

#[test]
fn check_should_name_the_first_wrong_state_when_the_list_differs() {
	let place = Place::new();
	let context = task(&place.store, MLP, 8, 2);
	let claim = claim_of(&place.train("solver", &context));
	let mut states = place.store.read_list(ListTag::States, &claim.claim_root).unwrap();
	states[3] = [9; 32];
	let claim_root = *place.store.put_list(ListTag::States, &states).unwrap().root();
	let checked = place.check(&context, ClaimRef { claim_root, ..claim });
	assert_eq!(checked, Checked::Differs { first_state: 3 });
	let hidden = ClaimRef { claim_root: [5; 32], ..claim };
	assert_eq!(place.check(&context, hidden), Checked::ListWithheld);
	let artifact = ClaimRef { artifact_root: [5; 32], ..claim };
	assert_eq!(place.check(&context, artifact), Checked::Differs { first_state: 4 });
}

#[test]
fn check_should_end_when_the_host_looks_on_for_a_list_that_was_missing_before() {
	let place = Place::new();
	let context = task(&place.store, MLP, 4, 2);
	let claim = claim_of(&place.train("solver", &context));
	let hidden = ClaimRef { claim_root: [5; 32], ..claim };
	let key = BlobKey::List { tag: ListTag::States, root: hidden.claim_root };
	let folder = place.folder.path().join("checker");
	std::fs::create_dir_all(folder.join("missing")).unwrap();
	// Most of its time was waited by a run that was ended.
	let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
	std::fs::write(folder.join("missing").join(key.to_string()), format!("{now} 89000")).unwrap();
	let mut bench = Bench::start(cpu(), Honest);
	bench.looks_on = true;
	bench.give(&folder, &context, Work::Check(hidden));
	let (_, end) = bench.attend(&place.store);
	assert_eq!(end, WorkerMessage::Finished(JobResult::Checked(Checked::ListWithheld)));
	bench.shut_down();
}

#[test]
fn check_should_keep_the_state_before_the_first_wrong_one_when_the_list_differs() {
	let place = Place::new();
	let context = task(&place.store, MLP, 12, 2);
	let claim = claim_of(&place.train("solver", &context));
	let mut states = place.store.read_list(ListTag::States, &claim.claim_root).unwrap();
	states[4] = [9; 32];
	let claim_root = *place.store.put_list(ListTag::States, &states).unwrap().root();
	let end = place.run("checker", &context, Work::Check(ClaimRef { claim_root, ..claim })).1;
	let differs = Checked::Differs { first_state: 4 };
	assert_eq!(end, WorkerMessage::Finished(JobResult::Checked(differs)));
	let kept = place.folder.path().join("checker/run/checkpoint-00000000000000000006.kept");
	assert!(kept.exists());
}

#[test]
fn check_should_say_what_is_missing_when_the_data_cannot_be_had() {
	let place = Place::new();
	let mut context = task(&place.store, MLP, 4, 2);
	context.data_root = [1; 32];
	let claim =
		ClaimRef { claim_root: [2; 32], states: 3, final_state: [3; 32], artifact_root: [4; 32] };
	let Checked::Unavailable { what } = place.check(&context, claim) else { panic!() };
	assert!(what.to_string().starts_with("the data set"), "{what}");
}

fn fault(place: &Place, context: &TaskContext) -> Fault {
	match place.run("faulty", context, Work::Train).1 {
		WorkerMessage::Failed(fault) => fault,
		other => panic!("{other:?}"),
	}
}

#[test]
fn fault_should_be_the_tasks_when_every_machine_would_end_there() {
	let place = Place::new();
	let good = task(&place.store, MLP, 4, 2);
	let faults = [
		TaskContext { program: vec![1, 2, 3].try_into().unwrap(), ..good.clone() },
		TaskContext { init_root: [1; 32], ..good.clone() },
		TaskContext { records: 7, ..good.clone() },
		TaskContext { steps: 0, ..good.clone() },
		TaskContext { record_size: 10, ..good.clone() },
	];
	for context in faults {
		let fault = fault(&place, &context);
		assert!(matches!(fault, Fault::Task(_)), "{fault:?}");
	}
}

#[test]
fn fault_should_be_the_machines_when_data_is_missing_or_damaged() {
	let place = Place::new();
	let good = task(&place.store, MLP, 4, 2);
	let missing = fault(&place, &TaskContext { data_root: [1; 32], ..good.clone() });
	assert!(matches!(missing, Fault::Machine(_)), "{missing:?}");
	let path = place.store.path(&BlobKey::Bytes(good.data_root)).unwrap();
	let mut bytes = std::fs::read(&path).unwrap();
	bytes[1000] ^= 1;
	std::fs::write(&path, bytes).unwrap();
	let damaged = fault(&place, &good);
	assert!(matches!(damaged, Fault::Machine(_)), "{damaged:?}");
}

/// Never gets past the third step.
struct Stuck;

impl Behaviour for Stuck {
	fn after_step(&self, steps: u64) {
		if steps == 3 {
			thread::sleep(Duration::from_secs(30));
		}
	}
}

#[test]
fn ping_should_be_answered_when_the_job_is_stuck() {
	let place = Place::new();
	let context = task(&place.store, MLP, 8, 1);
	let mut bench = Bench::start(cpu(), Stuck);
	bench.give(place.folder.path(), &context, Work::Train);
	let mut reached = 0;
	while reached < 2 {
		match bench.hear() {
			WorkerMessage::Progress(progress) => reached = progress.step,
			WorkerMessage::Need(key) => {
				let path = PathText::new(&place.store.path(&key).unwrap()).unwrap();
				bench.say(HostMessage::Have { key, path });
			},
			other => panic!("{other:?}"),
		}
	}
	for _ in 0..5 {
		bench.say(HostMessage::Ping);
		assert_eq!(bench.hear(), WorkerMessage::Pong);
	}
	bench.say(HostMessage::Cancel);
	bench.join();
}

#[test]
fn worker_should_end_when_its_input_ends() {
	let bench = Bench::start(cpu(), Honest);
	bench.hang_up();
}
