//! A worker that computes nothing and misbehaves as its first argument says.

use std::{
	env, fs,
	io::{self, Write},
	path::Path,
	process, thread,
	time::Duration,
};

use assay_worker_protocol::{
	read_message, write_message, BlobKey, Checked, Fault, Hello, HostMessage, JobResult, ListTag,
	Outcome, PathText, Progress, Trained, Work, WorkerMessage,
};

fn say(message: WorkerMessage) {
	write_message(&mut io::stdout().lock(), &message).expect("the host listens");
}

/// The next message; exits when the host is gone.
fn hear() -> HostMessage {
	match read_message(&mut io::stdin().lock()) {
		Ok(Some(message)) => message,
		_ => process::exit(0),
	}
}

/// Waits for an answer, answering pings meanwhile.
fn answer() -> HostMessage {
	loop {
		match hear() {
			HostMessage::Ping => say(WorkerMessage::Pong),
			HostMessage::Cancel | HostMessage::Shutdown => process::exit(0),
			message => return message,
		}
	}
}

fn sleep_forever() -> ! {
	loop {
		thread::sleep(Duration::from_secs(3600));
	}
}

/// How many workers ran in this folder before.
fn earlier() -> u32 {
	let count = fs::read_to_string("count").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
	fs::write("count", (count + 1).to_string()).expect("the folder is writable");
	count
}

fn progress(step: u32) {
	let heartbeat_root = [step as u8; 32];
	say(WorkerMessage::Progress(Progress {
		step,
		steps: 10,
		heartbeat_root,
		..Default::default()
	}));
}

fn publish(key: BlobKey, path: &Path, bytes: &[u8]) {
	fs::write(path, bytes).expect("the folder is writable");
	let path = PathText::new(path).expect("short");
	say(WorkerMessage::Publish { key, path });
	assert_eq!(answer(), HostMessage::Stored { key });
}

/// Publishes an invented training, all of it or without its tensor.
fn train(with_tensor: bool) -> JobResult {
	let tensor = assay_blobs::bytes_key(&[7; 4096]);
	if with_tensor {
		publish(tensor, Path::new("tensor"), &[7; 4096]);
	}
	let slots = [*tensor.root()];
	let artifact = assay_blobs::list_key(ListTag::Slots, &slots);
	publish(artifact, Path::new("slots"), slots.as_flattened());
	let states = [[1; 32], [2; 32]];
	let list = assay_blobs::list_key(ListTag::States, &states);
	publish(list, Path::new("states"), states.as_flattened());
	JobResult::Trained(Trained {
		claim_root: *list.root(),
		states: 2,
		final_state: states[1],
		artifact_root: *artifact.root(),
		steps: 1,
		first: Default::default(),
		last: Default::default(),
		outcome: Outcome::Completed,
	})
}

fn honest(work: &Work) -> JobResult {
	match work {
		Work::Train | Work::HandIn => train(true),
		Work::Prepare => JobResult::Ready,
		Work::Check(_) => JobResult::Checked(Checked::Agrees),
		Work::Play { game, .. } => JobResult::Move(game.to_vec().try_into().expect("short")),
	}
}

/// Asks for a blob and says what came of it.
fn need(key: BlobKey) -> JobResult {
	say(WorkerMessage::Need(key));
	match answer() {
		HostMessage::Have { path, .. } => {
			let bytes = fs::read(path.to_path()).expect("the blob is there");
			JobResult::Checked(Checked::Differs { first_state: bytes.len() as u32 })
		},
		_ => JobResult::Checked(Checked::Unavailable { what: key.to_string().into() }),
	}
}

fn steal(path: &str) -> JobResult {
	std::os::unix::fs::symlink("/etc/passwd", "link").expect("the folder is writable");
	let key = assay_blobs::bytes_key(&fs::read("/etc/passwd").expect("readable"));
	say(WorkerMessage::Publish { key, path: PathText::new(Path::new(path)).expect("short") });
	match answer() {
		HostMessage::Refused { .. } => JobResult::Checked(Checked::Agrees),
		_ => JobResult::Checked(Checked::ListWithheld),
	}
}

fn main() {
	let mode = env::args().nth(1).unwrap_or_default();
	let raw = |bytes: &[u8]| {
		let mut out = io::stdout().lock();
		out.write_all(bytes).and_then(|()| out.flush()).expect("the host listens");
	};
	let hello = Hello::current("fake");
	match mode.as_str() {
		"no-hello" => say(WorkerMessage::Pong),
		"mute" => sleep_forever(),
		"other-protocol" => say(WorkerMessage::Hello(Hello { protocol: 99, ..hello })),
		"other-opset" => say(WorkerMessage::Hello(Hello { opset: 99, ..hello })),
		"not-a-worker" => raw(b"Usage: not-a-worker [OPTIONS]\n"),
		_ => say(WorkerMessage::Hello(hello)),
	}
	if mode == "deaf" {
		sleep_forever();
	}
	let HostMessage::Start { job, .. } = answer() else { process::exit(9) };
	let result = match mode.as_str() {
		"hang" => sleep_forever(),
		"crash" => {
			eprintln!("out of luck");
			process::exit(3)
		},
		"crash-twice" if earlier() < 2 => process::abort(),
		"creep" => match earlier() {
			step @ 0..8 => {
				progress(step + 1);
				process::exit(4)
			},
			_ => honest(&job.work),
		},
		"garbage" => {
			raw(&[3, 0, 0, 0, 200, 200, 200]);
			sleep_forever()
		},
		"oversize" => {
			raw(&u32::MAX.to_le_bytes());
			sleep_forever()
		},
		"twice-hello" => {
			say(WorkerMessage::Hello(Hello::current("fake")));
			sleep_forever()
		},
		"chatty" => {
			for line in 0..20_000 {
				eprintln!("line {line} {}", "x".repeat(50));
			}
			honest(&job.work)
		},
		"flood" => loop {
			progress(1);
		},
		"work" => {
			earlier();
			progress(1);
			loop {
				answer();
			}
		},
		"slow" => {
			progress(5);
			let end = std::time::Instant::now() + Duration::from_secs(2);
			thread::spawn(|| loop {
				answer();
			});
			thread::sleep(end - std::time::Instant::now());
			honest(&job.work)
		},
		"wrong-kind" => JobResult::Wait { reason: "x".into() },
		"wait" => {
			let reason = format!("try {}", earlier());
			JobResult::Wait { reason: reason.into() }
		},
		"count" => JobResult::Checked(Checked::Differs { first_state: earlier() }),
		"differs" => match &job.work {
			Work::Check(_) => JobResult::Checked(Checked::Differs { first_state: 1 }),
			work => honest(work),
		},
		"unpublished" => train(false),
		"steal-path" => steal("/etc/passwd"),
		"steal-link" => steal("link"),
		"need" => {
			let checked = need(BlobKey::Bytes(job.context.data_root));
			match &job.work {
				Work::Check(_) => checked,
				work => honest(work),
			}
		},
		"forgo" => {
			let key = BlobKey::Bytes(job.context.data_root);
			say(WorkerMessage::Need(key));
			say(WorkerMessage::Forgo(key));
			progress(1);
			loop {
				answer();
			}
		},
		"greedy" => {
			(0..100).for_each(|n| say(WorkerMessage::Need(BlobKey::Bytes([n; 32]))));
			sleep_forever()
		},
		"task-fault" => {
			say(WorkerMessage::Failed(Fault::Task("no such shape".into())));
			hear();
			return;
		},
		"machine-fault" => {
			say(WorkerMessage::Failed(Fault::Machine("no memory".into())));
			sleep_forever()
		},
		_ => honest(&job.work),
	};
	say(WorkerMessage::Finished(result));
	// A worker that is told nothing more exits when the host closes its input.
	while hear() != HostMessage::Shutdown {}
}
