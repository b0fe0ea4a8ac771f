//! Workers as processes: killed, silent, asked for help.

mod common;

use std::{
	fs,
	process::{Child, Command, Stdio},
	thread,
	time::{Duration, Instant},
};

use assay_host_functions::{Job, JobResult, JobStatus, Progress, Side, TaskContext, Work};
use assay_worker_protocol::{read_message, write_message, HostMessage, PathText, WorkerMessage};
use codec::Encode;
use common::{brief, Net, MLP};

fn spawn(args: &[&str]) -> Child {
	let mut command = Command::new(env!("CARGO_BIN_EXE_assay-malus"));
	command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// One life of a worker. It is killed once it has done so many states more than it started with;
/// without `most` it lives to its end.
fn life(
	net: &Net,
	context: &TaskContext,
	work: Work,
	most: Option<u32>,
) -> (Vec<Progress>, Option<JobResult>) {
	let folder = net.folder.path().join("task");
	fs::create_dir_all(&folder).unwrap();
	let mut worker = spawn(&["--lie", "honest", "--threads", "1"]);
	let (mut input, mut output) = (worker.stdin.take().unwrap(), worker.stdout.take().unwrap());
	let job = Job { context: context.clone(), work };
	let start = HostMessage::Start { id: 1, folder: PathText::new(&folder).unwrap(), job };
	write_message(&mut input, &start).unwrap();
	let mut reports: Vec<Progress> = Vec::new();
	let result = loop {
		let answer = match read_message(&mut output).unwrap().expect("the worker speaks") {
			WorkerMessage::Progress(progress) => {
				reports.push(progress);
				let enough = most.is_some_and(|most| progress.states >= reports[0].states + most);
				if enough {
					break None;
				}
				continue;
			},
			WorkerMessage::Need(key) => {
				let path = PathText::new(&net.store.path(&key).unwrap()).unwrap();
				HostMessage::Have { key, path }
			},
			WorkerMessage::Publish { key, path } => {
				net.store.put_file_as(&key, &path.to_path()).unwrap();
				HostMessage::Stored { key }
			},
			WorkerMessage::Finished(result) => break Some(result),
			WorkerMessage::Hello(_) | WorkerMessage::Pong => continue,
			other => panic!("{other:?}"),
		};
		write_message(&mut input, &answer).unwrap();
	};
	// SIGKILL.
	worker.kill().unwrap();
	worker.wait().unwrap();
	(reports, result)
}

#[test]
fn training_should_end_with_the_same_root_when_killed_ten_times() {
	let net = Net::new();
	let context = net.task(MLP, 500, 2);
	for kill in 0..10 {
		let (reports, result) = life(&net, &context, Work::Train, Some(17 + kill % 3));
		assert_eq!(result, None, "the worker ended before it was killed");
		assert!(kill == 0 || reports[0].step > 0, "life {kill} began anew");
	}
	let (_, result) = life(&net, &context, Work::Train, None);
	let undisturbed = net.node("--lie honest").train(&context);
	assert_eq!(result, Some(JobResult::Trained(undisturbed)));
}

#[test]
fn move_should_be_found_when_another_process_works_on_the_task() {
	let net = Net::new();
	let context = net.task(MLP, 8, 2);
	let claim = net.node("--lie forward").train(&context);
	// What a session of another process does.
	let run = net.folder.path().join("task").join("run");
	fs::create_dir_all(&run).unwrap();
	let lock = fs::File::create(run.join("lock")).unwrap();
	lock.try_lock().unwrap();
	let game = brief(&context, claim.claim_root).encode().try_into().unwrap();
	let work = Work::Play { game, side: Side::Challenger, public: Default::default() };
	let (reports, result) = life(&net, &context, work.clone(), None);
	assert!(matches!(result, Some(JobResult::Move(_))), "{result:?}");
	assert_eq!(reports[0].step, 0);
	// The work of the first is not done again.
	let (reports, _) = life(&net, &context, work, None);
	assert_eq!(reports[0].step, 8);
}

#[test]
fn silent_should_answer_pings_and_never_finish_when_it_has_done_its_steps() {
	let net = Net::new();
	let context = net.task(MLP, 20, 2);
	let node = net.node("--lie silent --step 4");
	let id = node.submit(&context, Work::Train);
	let start = Instant::now();
	let step = |status| match status {
		JobStatus::Running(progress) => progress.step,
		other => panic!("{other:?}"),
	};
	while !matches!(node.poll(id), JobStatus::Running(progress) if progress.step >= 2) {
		assert!(start.elapsed() < Duration::from_secs(60), "{:?}", node.poll(id));
		thread::sleep(Duration::from_millis(10));
	}
	thread::sleep(Duration::from_millis(700));
	assert!((2..=4).contains(&step(node.poll(id))));
}

#[test]
fn help_should_explain_each_lie_when_asked() {
	let output = spawn(&["--help"]).wait_with_output().unwrap();
	let text = String::from_utf8(output.stdout).unwrap();
	for lie in [
		"forward",
		"backward",
		"optimiser",
		"silent",
		"withhold",
		"steps",
		"trace",
		"partials",
		"accuse",
	] {
		let line = text.lines().find(|line| line.trim_start().starts_with(&format!("- {lie}:")));
		assert!(line.is_some_and(|line| line.len() > lie.len() + 30), "{lie} in {text}");
	}
}
