//! The binary for GPU machines, alone and in its bundle.

use std::path::PathBuf;
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

#[test]
fn bundle_should_run_by_itself_when_unpacked() {
	let folder = tempfile::tempdir().expect("a folder");
	let archive = folder.path().join("bundle.tar.gz");
	let script = package().join("../../scripts/gpu-bundle.sh");
	// The worker is another package's: here, a file in its place.
	let binaries = folder.path().join("binaries");
	std::fs::create_dir(&binaries).expect("a folder");
	std::fs::copy(BINARY, binaries.join("assay-gpu-check")).expect("it is built");
	std::fs::copy(BINARY, binaries.join("assay-worker")).expect("it is built");
	let made = run(Command::new(script).arg("--binaries").arg(&binaries).arg(&archive));
	assert!(made.status.success(), "{}", text(&made.stderr));
	let unpacked = run(Command::new("tar").arg("-xzf").arg(&archive).current_dir(folder.path()));
	assert!(unpacked.status.success(), "{}", text(&unpacked.stderr));
	let inside = folder.path().join("assay-gpu-check");
	let mut files: Vec<_> = std::fs::read_dir(&inside)
		.expect("the folder is there")
		.map(|entry| entry.expect("readable").file_name().display().to_string())
		.collect();
	files.sort();
	let (programs, others): (Vec<_>, Vec<_>) =
		files.into_iter().partition(|name| name.ends_with(".toml"));
	let expected =
		["LICENSE", "assay-gpu-check", "assay-worker", "check.sh", "digits.bin", "train.sh"];
	assert_eq!((programs.len(), &others[..]), (9, &expected.map(String::from)[..]));
	if has_driver() {
		println!("skipped: there is an NVIDIA driver");
		return;
	}
	// Nothing of this machine but the system: no Rust, no toolkit.
	let checked =
		run(Command::new(inside.join("check.sh")).env_clear().env("PATH", "/usr/bin:/bin"));
	assert_eq!(checked.status.code(), Some(3));
	assert!(text(&checked.stderr).contains("no NVIDIA driver found"));
}
