//! Worker threads, and the one way in which kernels divide work among them.

use rayon::prelude::*;
use rayon::ThreadPool;

use crate::{is_float_environment_sound, KernelError};

/// A fixed number of threads whose floating-point units were found sound.
#[derive(Debug)]
pub(crate) struct Team {
	/// Absent when one thread is enough: the caller's.
	pool: Option<ThreadPool>,
}

impl Team {
	/// Starts `threads` threads, at least one. With one, work happens on the thread that asks for it.
	pub(crate) fn new(threads: usize) -> Result<Self, KernelError> {
		if threads <= 1 {
			return Ok(Self { pool: None });
		}
		let pool = rayon::ThreadPoolBuilder::new()
			.num_threads(threads)
			.thread_name(|index| format!("assay-cpu-{index}"))
			.build()
			.map_err(|error| KernelError::Threads(error.to_string()))?;
		if !pool.broadcast(|_| is_float_environment_sound()).into_iter().all(|sound| sound) {
			return Err(KernelError::FloatEnvironment);
		}
		Ok(Self { pool: Some(pool) })
	}

	/// Number of threads that work at the same time.
	pub(crate) fn threads(&self) -> usize {
		self.pool.as_ref().map_or(1, ThreadPool::current_num_threads)
	}

	/// Calls `work(index, piece)` for each piece of `length` items of `out` (the last may be shorter),
	/// in any order and at the same time. A piece's content must not depend on other pieces.
	pub(crate) fn pieces<T: Send>(
		&self,
		out: &mut [T],
		length: usize,
		work: impl Fn(usize, &mut [T]) + Sync + Send,
	) {
		match &self.pool {
			Some(pool) if out.len() > length => pool.install(|| {
				out.par_chunks_mut(length)
					.enumerate()
					.for_each(|(index, piece)| work(index, piece));
			}),
			_ => out.chunks_mut(length).enumerate().for_each(|(index, piece)| work(index, piece)),
		}
	}

	/// Rows per piece so that a piece is worth a thread's while: about 16 Ki words of `cols` each.
	pub(crate) fn rows_per_piece(cols: usize) -> usize {
		(16_384 / cols.max(1)).max(1)
	}
}
