//! Peers that live in a Python process: it measures itself when it is asked to.

use std::{
	error::Error,
	io::{BufRead, BufReader, Lines, Write},
	process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::product::Product;

/// A library in a process of its own.
pub(crate) struct Python {
	child: Child,
	requests: ChildStdin,
	answers: Lines<BufReader<ChildStdout>>,
}

impl Python {
	/// Starts Python with a library that may use that many threads; `None` if the interpreter or the
	/// library is not there.
	pub(crate) fn start(interpreter: &str, library: &str, threads: usize) -> Option<Self> {
		let threads = threads.to_string();
		let mut child = Command::new(interpreter)
			.args(["-c", include_str!("peers.py"), library, &threads])
			.envs(["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"].map(|name| (name, &threads)))
			.stdin(Stdio::piped())
			.stdout(Stdio::piped())
			.stderr(Stdio::null())
			.spawn()
			.ok()?;
		let (requests, answers) = (child.stdin.take()?, child.stdout.take()?);
		let mut python = Self { child, requests, answers: BufReader::new(answers).lines() };
		let ready = python.answers.next()?.ok()?;
		(ready == "ready").then_some(python)
	}

	/// Seconds that a call takes, over some calls, after so many that are not timed.
	pub(crate) fn seconds(
		&mut self,
		product: &Product,
		before: u32,
		calls: u32,
	) -> Result<f64, Box<dyn Error>> {
		let Product { batch, m, k, n, transpose_a, transpose_b, .. } = *product;
		let (ta, tb) = (u8::from(transpose_a), u8::from(transpose_b));
		writeln!(self.requests, "{batch} {m} {k} {n} {ta} {tb} {before} {calls}")?;
		Ok(self.answers.next().ok_or("Python ended")??.parse()?)
	}
}

impl Drop for Python {
	fn drop(&mut self) {
		// It may have ended by itself; there is nothing left to do then.
		let _ = self.child.kill();
		let _ = self.child.wait();
	}
}
