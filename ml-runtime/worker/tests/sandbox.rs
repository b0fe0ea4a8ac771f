//! What a process can and cannot do in the sandbox. Each test runs itself once more as a process of its
//! own, which enters the sandbox and tries.
#![cfg(target_os = "linux")]

mod task;

use std::{
	env,
	ffi::OsStr,
	fs,
	io::ErrorKind,
	net::{TcpListener, TcpStream, UdpSocket},
	os::unix::{
		fs::{symlink, PermissionsExt},
		net::UnixStream,
	},
	path::{Path, PathBuf},
	process::{Command, Stdio},
	thread,
	time::SystemTime,
};

use assay_blobs::{BlobStore, Limits};
use assay_worker::{Gap, Sandbox};
use assay_worker_protocol::{
	read_message, write_message, HostMessage, Job, JobResult, PathText, Work, WorkerMessage,
};
use task::{task, MLP};
use tempfile::TempDir;

/// Tells a process that it is the one inside, and where the folders lie.
const PLACE: &str = "ASSAY_SANDBOX_TEST_PLACE";

/// Written by the process inside when it comes to its end.
const DONE: &str = "done";

/// Folders of a sandbox: `work` to change, `blobs` to read, `device` with a file in place of one, `read` with one
/// besides that is read, `other` for nothing.
struct Place(PathBuf);

impl Place {
	fn file(&self, folder: &str) -> PathBuf {
		self.0.join(folder).join("file")
	}

	/// Enters the sandbox; false, with the reason printed, if this kernel cannot confine files.
	fn enter(&self, blobs: Option<PathBuf>) -> bool {
		let devices = vec![self.file("device"), self.file("absent")];
		let reads = vec![self.file("read"), self.file("absent"), "/proc/self/maps".into()];
		let gaps = Sandbox { folder: self.0.join("work"), blobs, devices, reads }.enter();
		let missing = gaps.iter().find(|gap| matches!(gap, Gap::NoLandlock | Gap::OldLandlock));
		if let Some(gap) = missing {
			println!("files are not tried: {gap}");
		}
		assert!(!gaps.iter().any(|gap| matches!(gap, Gap::Calls(_) | Gap::Files(_))), "{gaps:?}");
		missing.is_none()
	}
}

/// Runs the test of this name as a process of its own; there, runs `inside`.
fn alone(test: &str, inside: impl FnOnce(&Place)) {
	if let Some(place) = env::var_os(PLACE) {
		let place = Place(place.into());
		inside(&place);
		fs::write(place.0.join("work").join(DONE), "").unwrap();
		return;
	}
	let folder = TempDir::new().unwrap();
	let place = Place(folder.path().canonicalize().unwrap());
	for folder in ["work", "blobs", "other", "device", "read"] {
		fs::create_dir(place.0.join(folder)).unwrap();
		fs::write(place.file(folder), folder).unwrap();
	}
	let mut command = Command::new(env::current_exe().unwrap());
	command.args(["--exact", test, "--nocapture"]).env(PLACE, &place.0);
	let output = command.output().unwrap();
	println!("{}", String::from_utf8_lossy(&output.stdout));
	println!("{}", String::from_utf8_lossy(&output.stderr));
	assert!(output.status.success(), "{}", output.status);
	assert!(place.0.join("work").join(DONE).exists(), "no test is named {test}");
}

/// The kind of the error; panics when there is none.
fn refusal<T>(result: std::io::Result<T>) -> ErrorKind {
	result.err().expect("it is possible").kind()
}

#[test]
fn network_should_be_refused_when_sandboxed() {
	alone("network_should_be_refused_when_sandboxed", |place| {
		let listener = TcpListener::bind("127.0.0.1:0").unwrap();
		let address = listener.local_addr().unwrap();
		TcpStream::connect(address).unwrap();
		place.enter(None);
		assert_eq!(refusal(TcpStream::connect(address)), ErrorKind::PermissionDenied);
		assert_eq!(refusal(TcpListener::bind("127.0.0.1:0")), ErrorKind::PermissionDenied);
		assert_eq!(refusal(UdpSocket::bind("127.0.0.1:0")), ErrorKind::PermissionDenied);
		assert_eq!(refusal(UnixStream::pair()), ErrorKind::PermissionDenied);
		// What was open before.
		assert_eq!(refusal(listener.accept()), ErrorKind::PermissionDenied);
	});
}

#[test]
fn programs_should_be_refused_when_sandboxed() {
	alone("programs_should_be_refused_when_sandboxed", |place| {
		let program = env::current_exe().unwrap();
		let run = || Command::new(&program).arg("--list").stdout(Stdio::null()).status();
		run().unwrap();
		place.enter(None);
		assert_eq!(refusal(run()), ErrorKind::PermissionDenied);
	});
}

#[test]
fn other_processes_should_be_out_of_reach_when_sandboxed() {
	alone("other_processes_should_be_out_of_reach_when_sandboxed", |place| {
		let mut other = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
		place.enter(None);
		assert_eq!(refusal(other.kill()), ErrorKind::PermissionDenied);
		// The end of its input lets it go.
		drop(other.stdin.take());
		other.wait().unwrap();
	});
}

#[test]
fn threads_should_start_when_sandboxed() {
	alone("threads_should_start_when_sandboxed", |place| {
		place.enter(None);
		assert_eq!(thread::spawn(|| 7).join().unwrap(), 7);
	});
}

#[test]
fn files_should_be_confined_when_sandboxed() {
	alone("files_should_be_confined_when_sandboxed", |place| {
		if !place.enter(Some(place.0.join("blobs"))) {
			return;
		}
		let denied = ErrorKind::PermissionDenied;
		assert_eq!(refusal(fs::read("/etc/passwd")), denied);
		assert_eq!(refusal(fs::read(place.file("other"))), denied);
		assert_eq!(fs::read(place.file("blobs")).unwrap(), b"blobs");
		// A device is opened for both, and nothing is put beside it.
		let mut both = fs::OpenOptions::new();
		both.read(true).write(true).open(place.file("device")).unwrap();
		assert_eq!(refusal(fs::write(place.0.join("device").join("new"), "")), denied);
		assert_eq!(refusal(both.open(place.file("other"))), denied);
		assert_eq!(fs::read(place.file("read")).unwrap(), b"read");
		fs::read("/proc/self/maps").unwrap();
		assert_eq!(refusal(fs::read("/proc/self/environ")), denied);
		for folder in ["other", "blobs", "read"] {
			assert_eq!(refusal(fs::write(place.file(folder), "changed")), denied);
			assert_eq!(refusal(fs::write(place.0.join(folder).join("new"), "")), denied);
			assert_eq!(refusal(fs::remove_file(place.file(folder))), denied);
		}
		let inherited = thread::spawn(|| fs::read("/etc/passwd"));
		assert_eq!(refusal(inherited.join().unwrap()), denied);
	});
}

#[test]
fn files_of_the_process_should_stay_open_when_rules_are_about_them() {
	alone("files_of_the_process_should_stay_open_when_rules_are_about_them", |place| {
		place.enter(None);
		let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
		let open: Vec<_> = open.filter_map(|entry| fs::read_link(entry.path()).ok()).collect();
		let maps = fs::canonicalize("/proc/self/maps").unwrap();
		assert!(open.contains(&maps), "{open:?}");
	});
}

#[test]
fn attributes_of_files_should_be_fixed_when_sandboxed() {
	alone("attributes_of_files_should_be_fixed_when_sandboxed", |place| {
		let files = ["other", "work"].map(|folder| place.file(folder));
		let open = files.each_ref().map(|file| fs::File::open(file).unwrap());
		let closed = fs::Permissions::from_mode(0o0);
		place.enter(None);
		let denied = ErrorKind::PermissionDenied;
		for (path, file) in files.iter().zip(&open) {
			assert_eq!(refusal(fs::set_permissions(path, closed.clone())), denied);
			assert_eq!(refusal(file.set_permissions(closed.clone())), denied);
			assert_eq!(refusal(file.set_modified(SystemTime::UNIX_EPOCH)), denied);
		}
		assert_eq!(fs::read(place.file("work")).unwrap(), b"work");
	});
}

#[test]
fn folder_should_serve_as_ever_when_sandboxed() {
	alone("folder_should_serve_as_ever_when_sandboxed", |place| {
		place.enter(Some(place.0.join("blobs")));
		let (work, run) = (place.0.join("work"), place.0.join("work").join("run"));
		fs::create_dir(&run).unwrap();
		fs::write(run.join("checkpoint.tmp"), "steps").unwrap();
		fs::rename(run.join("checkpoint.tmp"), run.join("checkpoint")).unwrap();
		fs::File::open(&run).unwrap().sync_all().unwrap();
		fs::write(run.join("checkpoint"), "more").unwrap();
		assert_eq!(fs::read(run.join("checkpoint")).unwrap(), b"more");
		fs::File::create(run.join("lock")).unwrap().try_lock().unwrap();
		fs::remove_dir_all(&run).unwrap();
		assert_eq!(fs::read_dir(&work).unwrap().count(), 1);
	});
}

#[test]
fn links_should_be_refused_when_sandboxed() {
	alone("links_should_be_refused_when_sandboxed", |place| {
		let link = place.0.join("work").join("link");
		if place.enter(Some(place.0.join("blobs"))) {
			let denied = ErrorKind::PermissionDenied;
			assert_eq!(refusal(symlink(place.file("other"), &link)), denied);
			fs::hard_link(place.file("other"), &link).unwrap_err();
		}
	});
}

#[test]
fn reading_should_stay_free_when_the_blobs_lie_nobody_knows_where() {
	alone("reading_should_stay_free_when_the_blobs_lie_nobody_knows_where", |place| {
		let missing = place.0.join("missing");
		let (folder, blobs) = (place.0.join("work"), Some(missing));
		let (devices, reads) = (Vec::new(), Vec::new());
		let gaps = Sandbox { folder, blobs, devices, reads }.enter();
		assert!(gaps.iter().any(|gap| matches!(gap, Gap::Reads(_))), "{gaps:?}");
		assert_eq!(fs::read(place.file("other")).unwrap(), b"other");
		if !gaps.contains(&Gap::NoLandlock) {
			let changed = fs::write(place.file("other"), "changed");
			assert_eq!(refusal(changed), ErrorKind::PermissionDenied);
		}
	});
}

/// The worker itself, about to serve in this folder.
fn worker(folder: &Path, options: &[&str]) -> Command {
	let mut command = Command::new(env!("CARGO_BIN_EXE_assay-worker"));
	command.args(["--threads", "2", "serve"]).args(options).current_dir(folder);
	command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
	command
}

/// Has a worker train a task in its sandbox, and gives what it says at its end, and what it warned of.
fn trained(options: &[&str], variables: &[(&str, &OsStr)]) -> (JobResult, String) {
	let place = TempDir::new().unwrap();
	let store = BlobStore::open(place.path().join("store"), Limits::default()).unwrap();
	let folder = place.path().join("task");
	fs::create_dir(&folder).unwrap();
	let blobs = place.path().join("store").join("blobs");
	let mut command = worker(&folder, options);
	command.env("ASSAY_BLOBS", blobs).envs(variables.iter().copied());
	let mut worker = command.spawn().unwrap();
	let (mut input, mut output) = (worker.stdin.take().unwrap(), worker.stdout.take().unwrap());
	let job = Job { context: task(&store, MLP, 6, 2), work: Work::Train };
	let start = HostMessage::Start { id: 1, folder: PathText::new(&folder).unwrap(), job };
	write_message(&mut input, &start).unwrap();
	let end = loop {
		let answer = match read_message(&mut output).unwrap().expect("the worker speaks") {
			WorkerMessage::Hello(_) | WorkerMessage::Progress(_) => continue,
			WorkerMessage::Need(key) => {
				let path = PathText::new(&store.path(&key).unwrap()).unwrap();
				HostMessage::Have { key, path }
			},
			WorkerMessage::Publish { key, path } => {
				store.put_file_as(&key, &path.to_path()).unwrap();
				HostMessage::Stored { key }
			},
			end => break end,
		};
		write_message(&mut input, &answer).unwrap();
	};
	write_message(&mut input, &HostMessage::Shutdown).unwrap();
	let output = worker.wait_with_output().unwrap();
	let warned = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(output.status.success(), "{warned}");
	match end {
		WorkerMessage::Finished(result @ JobResult::Trained(_)) => (result, warned),
		other => panic!("{other:?}"),
	}
}

/// Where the driver is whose device is the emulator. It is built with the whole workspace.
fn driver() -> PathBuf {
	let worker = Path::new(env!("CARGO_BIN_EXE_assay-worker"));
	let folder = worker.parent().unwrap().join("examples");
	let library = folder.join("libcuda.so");
	assert!(
		library.exists(),
		"{} is missing: cargo build --release -p assay-backend-cuda --example cuda",
		library.display()
	);
	folder
}

#[test]
fn job_should_be_done_when_the_worker_is_sandboxed() {
	trained(&["--sandbox", "auto"], &[]);
}

#[test]
fn job_should_end_the_same_when_a_gpu_does_it_in_the_sandbox() {
	let (cpu, _) = trained(&[], &[]);
	let folder = driver();
	let driver = ("LD_LIBRARY_PATH", folder.as_os_str());
	// What the driver opens when its device first computes is none of the sandbox's.
	let library = folder.join("libcuda.so");
	let opened = ("EMULATED_FILE", library.as_os_str());
	let (gpu, warned) = trained(&["--gpu"], &[driver, opened]);
	assert_eq!(gpu, cpu);
	assert!(warned.contains(&Gap::Driver.to_string()), "{warned}");
	assert!(!warned.contains("the processor does the job"), "{warned}");
	// Before there is a job, and in a step.
	for launches in ["0", "100"] {
		let failing = ("EMULATED_LAUNCHES", OsStr::new(launches));
		let (gpu, warned) = trained(&["--gpu"], &[driver, failing]);
		assert_eq!(gpu, cpu);
		assert!(warned.contains("the processor does the job"), "{launches}: {warned}");
	}
}

#[test]
fn worker_should_refuse_to_work_when_a_required_sandbox_is_not_whole() {
	let place = TempDir::new().unwrap();
	let refused = |command: &mut Command| {
		let output = command.stdin(Stdio::null()).output().unwrap();
		assert_eq!(output.status.code(), Some(4));
		assert!(output.stdout.is_empty(), "it greeted");
		String::from_utf8_lossy(&output.stderr).into_owned()
	};
	// Nothing says where the blobs lie.
	refused(&mut worker(place.path(), &["--sandbox", "required"]));
	// Threads of a driver are not confined.
	let with_driver = |gpu: &[&str]| {
		let mut command =
			worker(place.path(), &[&["--sandbox", "required", "--gpu"], gpu].concat());
		command.env("ASSAY_BLOBS", place.path()).env("LD_LIBRARY_PATH", driver());
		refused(&mut command)
	};
	// Also where it has no such device: it has been opened to ask.
	let why = [with_driver(&[]), with_driver(&["77"])];
	let whole = worker(place.path(), &["--sandbox", "required"])
		.env("ASSAY_BLOBS", place.path())
		.stdin(Stdio::null())
		.output()
		.unwrap();
	// A kernel without Landlock has a gap that comes before.
	if whole.status.success() {
		assert!(why.iter().all(|why| why.contains("GPU's driver")), "{why:?}");
	}
}
