//! PyTorch, in a process of its own that trains some steps when it is asked to.

use std::{
	error::Error,
	io::{BufRead, BufReader, Lines, Write},
	path::Path,
	process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// The interpreter that has PyTorch; without it there is no such peer.
const INTERPRETER: &str = "ASSAY_PEERS";

/// `python -m assay_torch bench`.
pub(crate) struct Torch {
	child: Child,
	requests: ChildStdin,
	answers: Lines<BufReader<ChildStdout>>,
}

impl Torch {
	/// Starts the process; `None` where there is no PyTorch.
	pub(crate) fn start() -> Option<Self> {
		let interpreter = std::env::var_os(INTERPRETER).filter(|path| !path.is_empty())?;
		let mut child = Command::new(interpreter)
			.args(["-m", "assay_torch", "bench"])
			.env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/../python"))
			.stdin(Stdio::piped())
			.stdout(Stdio::piped())
			.spawn()
			.ok()?;
		let (requests, answers) = (child.stdin.take()?, child.stdout.take()?);
		Some(Self { child, requests, answers: BufReader::new(answers).lines() })
	}

	/// Trains `steps` steps of the task in `folder`.
	pub(crate) fn train(
		&mut self,
		folder: &Path,
		threads: usize,
		steps: u32,
	) -> Result<(), Box<dyn Error>> {
		let (task, data) = (folder.join("task.toml"), folder.join("data.bin"));
		let (task, data) = (task.display(), data.display());
		writeln!(
			self.requests,
			r#"{{"manifest": "{task}", "data": "{data}", "threads": {threads}, "steps": {steps}}}"#
		)?;
		let answer = self.answers.next().ok_or("PyTorch's process ended")??;
		match answer.contains("\"seconds\"") {
			true => Ok(()),
			false => Err(answer.into()),
		}
	}
}

impl Drop for Torch {
	fn drop(&mut self) {
		// It may have ended by itself; there is nothing left to do then.
		let _ = self.child.kill();
		let _ = self.child.wait();
	}
}
