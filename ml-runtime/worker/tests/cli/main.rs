//! The command line, as a built program: what it writes, what it prints, what it refuses.
#![cfg(feature = "cli")]

mod refusals;
mod results;

use std::{
	fs,
	path::{Path, PathBuf},
	process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

const DIGITS: &[u8] = include_bytes!("../../../executor/testdata/digits.bin");
const RECORD: usize = 65;
const TRAINED_ON: usize = 1437;
const MLP: &str = include_str!("../../../compiler/examples/mlp-digits.toml");
const GPT: &str = include_str!("../../../compiler/examples/gpt-tiny.toml");
const LENET_ADAMW: &str = include_str!("../../../compiler/examples/lenet-digits-adamw.toml");

/// A folder with a manifest, records to train on and records to test with.
struct Desk(TempDir);

impl Desk {
	fn new(manifest: &str) -> Self {
		let desk = Self(TempDir::new().unwrap());
		desk.put("task.toml", manifest.as_bytes());
		desk.put("train.bin", &DIGITS[..TRAINED_ON * RECORD]);
		desk.put("test.bin", &DIGITS[TRAINED_ON * RECORD..]);
		desk
	}

	fn path(&self, name: &str) -> PathBuf {
		self.0.path().join(name)
	}

	fn put(&self, name: &str, bytes: &[u8]) {
		fs::write(self.path(name), bytes).unwrap();
	}

	fn get(&self, name: &str) -> Vec<u8> {
		fs::read(self.path(name)).unwrap()
	}

	/// Names in the folder.
	fn names(&self) -> Vec<String> {
		names(self.0.path())
	}

	/// The program, about to run in this folder with these words as arguments.
	fn command(&self, line: &str) -> Command {
		let mut command = Command::new(env!("CARGO_BIN_EXE_assay-worker"));
		command.args(line.split_whitespace()).current_dir(self.0.path()).stdin(Stdio::null());
		command
	}

	/// The JSON that a command prints when it succeeds.
	fn run(&self, line: &str) -> Value {
		let Output { status, stdout, stderr } = self.command(line).arg("--json").output().unwrap();
		let stderr = String::from_utf8_lossy(&stderr);
		assert!(status.success(), "{line}: {} {stderr}", String::from_utf8_lossy(&stdout));
		serde_json::from_slice(&stdout).unwrap()
	}

	/// Name of the error and exit code of a command that fails, which must leave no file behind.
	fn refused(&self, line: &str) -> (String, i32) {
		let before = self.names();
		let output = self.command(line).arg("--json").output().unwrap();
		let json: Value = serde_json::from_slice(&output.stdout).unwrap();
		assert_eq!(self.names(), before, "{line} left something behind");
		let error = &json["error"];
		assert_eq!(error["exitCode"].as_i64(), output.status.code().map(i64::from));
		assert!(!error["message"].as_str().unwrap().is_empty());
		(error["code"].as_str().unwrap().into(), output.status.code().unwrap())
	}
}

fn names(folder: &Path) -> Vec<String> {
	let entries = fs::read_dir(folder).unwrap();
	let mut names: Vec<_> =
		entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
	names.sort();
	names
}

fn text(value: &Value) -> &str {
	value.as_str().unwrap()
}
