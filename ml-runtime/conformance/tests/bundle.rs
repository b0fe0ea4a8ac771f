//! The binary for GPU machines, alone and in its bundle.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assay_backend_cuda::{CudaKernels, DeviceError};

const BINARY: &str = env!("CARGO_BIN_EXE_assay-gpu-check");

/// The folder of this package, where it is now: what another clone has built, in a folder of builds that both use, may be run.
fn package() -> PathBuf {
	let now = std::env::var_os("CARGO_MANIFEST_DIR");
	now.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

fn text(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}

fn run(command: &mut Command) -> Output {
	command.output().expect("the program starts")
}

fn has_driver() -> bool {
	!matches!(CudaKernels::new(0), Err(DeviceError::NoDriver))
}

#[test]
fn check_should_exit_with_3_when_there_is_no_driver() {
	if has_driver() {
		println!("skipped: there is an NVIDIA driver");
		return;
	}
	let output = run(&mut Command::new(BINARY));
	assert_eq!(output.status.code(), Some(3));
	let expected = "error: no NVIDIA driver found: the library libcuda is not on this machine\n";
	assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), expected.into()));
}

#[test]
fn check_should_refuse_when_usage_is_wrong() {
	let output = run(Command::new(BINARY).arg("--devise"));
	assert_eq!(output.status.code(), Some(2));
	let output = run(Command::new(BINARY).args(["--only", "matmull"]));
	assert_eq!(output.status.code(), Some(2));
	assert!(text(&output.stderr).contains("no such operation"));
}

/// The bundle, unpacked in a folder.
fn bundle(folder: &Path) -> PathBuf {
	let archive = folder.join("bundle.tar.gz");
	let script = package().join("../../scripts/gpu-bundle.sh");
	// The worker is another package's: here, a file in its place.
	let binaries = folder.join("binaries");
	std::fs::create_dir(&binaries).expect("a folder");
	std::fs::copy(BINARY, binaries.join("assay-gpu-check")).expect("it is built");
	std::fs::copy(BINARY, binaries.join("assay-worker")).expect("it is built");
	let made = run(Command::new(script).arg("--binaries").arg(&binaries).arg(&archive));
	assert!(made.status.success(), "{}", text(&made.stderr));
	let unpacked = run(Command::new("tar").arg("-xzf").arg(&archive).current_dir(folder));
	assert!(unpacked.status.success(), "{}", text(&unpacked.stderr));
	folder.join("assay-gpu-check")
}

/// Runs `check.sh` with nothing of this machine but the system: no Rust, no toolkit.
fn check(inside: &Path) -> Output {
	run(Command::new(inside.join("check.sh")).env_clear().env("PATH", "/usr/bin:/bin"))
}

#[test]
fn bundle_should_run_by_itself_when_unpacked() {
	let folder = tempfile::tempdir().expect("a folder");
	let inside = bundle(folder.path());
	let mut files: Vec<_> = std::fs::read_dir(&inside)
		.expect("the folder is there")
		.map(|entry| entry.expect("readable").file_name().display().to_string())
		.collect();
	files.sort();
	let (programs, others): (Vec<_>, Vec<_>) =
		files.into_iter().partition(|name| name.ends_with(".toml"));
	let expected =
		["LICENSE", "assay-gpu-check", "assay-worker", "check.sh", "digits.bin", "train.sh"];
	assert_eq!((programs.len(), &others[..]), (10, &expected.map(String::from)[..]));
	if has_driver() {
		println!("skipped: there is an NVIDIA driver");
		return;
	}
	let checked = check(&inside);
	assert_eq!(checked.status.code(), Some(3));
	assert!(text(&checked.stderr).contains("no NVIDIA driver found"));
}

/// A worker that trains nothing: what it leaves is the same on every device, but for a program that it is told.
const WORKER: &str = r#"#!/bin/sh
[ -f "$2" ] && [ -s "$4" ] || exit 1
echo "$2" >>trained.txt
for out; do :; done
mkdir "$out" || exit 1
for file in claim.states model.safetensors losses.csv; do echo same >"$out/$file"; done
case $* in *wrong.toml*--gpu*) echo other >"$out/losses.csv" ;; esac
printf '{\n  "stepSeconds": 0.5,\n  "steps": 1\n}\n'
"#;

#[test]
fn trainings_should_be_compared_whatever_was_found_before() {
	let folder = tempfile::tempdir().expect("a folder");
	let inside = bundle(folder.path());
	let script = |name: &str, content: &str| {
		std::fs::write(inside.join(name), content).expect("written");
	};
	script("assay-worker", WORKER);
	let trained = || {
		let trained = std::fs::read_to_string(inside.join("trained.txt")).unwrap_or_default();
		let _ = std::fs::remove_file(inside.join("trained.txt"));
		trained.lines().count()
	};
	// A device with which all is well, one that differs, and none. Each program is trained on both.
	for (found, code, count) in [(0, 0, 20), (1, 1, 20), (2, 2, 0), (3, 3, 0)] {
		script("assay-gpu-check", &format!("#!/bin/sh\nexit {found}\n"));
		let checked = check(&inside);
		let (out, errors) = (text(&checked.stdout), text(&checked.stderr));
		assert_eq!((checked.status.code(), trained()), (Some(code), count), "{out}{errors}");
		assert_eq!(out.matches("steps/s").count(), count, "{out}");
		assert_eq!(count > 0, out.contains("step.vision-digits.cuda 2.0 steps/s"), "{out}");
	}
	// What differs or is not there does not keep the others from being trained.
	std::fs::copy(inside.join("gpt-tiny.toml"), inside.join("wrong.toml")).expect("copied");
	let mut command = Command::new(inside.join("train.sh"));
	let command = command.current_dir(&inside).args([".", "5", "wrong", "none", "gpt-tiny"]);
	let output = run(command);
	let errors = text(&output.stderr);
	assert_eq!((output.status.code(), trained()), (Some(1), 4), "{errors}");
	assert!(errors.contains("wrong differs on the GPU"), "{errors}");
	assert!(errors.contains("there is no ./none.toml"), "{errors}");
}
