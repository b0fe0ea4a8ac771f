//! Worker threads, and the one way in which kernels divide work among them.

use std::sync::{Mutex, PoisonError};

use crate::crew::Crew;
use crate::{is_float_environment_sound, KernelError};

/// A fixed number of threads whose floating-point units were found sound.
#[derive(Debug)]
pub(crate) struct Team {
	/// The threads besides the caller's. Absent when that one is enough.
	helpers: Option<Crew>,
}

impl Team {
	/// A team of `threads` threads, at least one: the caller's, whoever that is, and those that are started here.
	pub(crate) fn new(threads: usize) -> Result<Self, KernelError> {
		if threads <= 1 {
			return Ok(Self { helpers: None });
		}
		let pool = rayon::ThreadPoolBuilder::new()
			.num_threads(threads - 1)
			.thread_name(|index| format!("assay-cpu-{}", index + 1))
			.build()
			.map_err(|error| KernelError::Threads(error.to_string()))?;
		if !pool.broadcast(|_| is_float_environment_sound()).into_iter().all(|sound| sound) {
			return Err(KernelError::FloatEnvironment);
		}
		Ok(Self { helpers: Some(Crew::new(pool)) })
	}

	/// Number of threads that work at the same time.
	pub(crate) fn threads(&self) -> usize {
		1 + self.helpers.as_ref().map_or(0, Crew::count)
	}

	/// Calls `work(index, piece)` for each piece of `length` items of `out` (the last may be shorter),
	/// in any order and at the same time. A piece's content must not depend on other pieces.
	///
	/// The caller begins at once, and a helper that comes too late is not waited for: to sleep until others have done
	/// the work costs tens of microseconds, as long as many operations of a step take.
	pub(crate) fn pieces<T: Send>(
		&self,
		out: &mut [T],
		length: usize,
		work: impl Fn(usize, &mut [T]) + Sync + Send,
	) {
		let helpers = (self.threads() - 1).min(out.len().div_ceil(length).saturating_sub(1));
		let left = Mutex::new(out.chunks_mut(length).enumerate());
		let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
		let share = || {
			while let Some((index, piece)) = next() {
				work(index, piece);
			}
		};
		match &self.helpers {
			Some(crew) if helpers > 0 => crew.call(helpers, &share),
			_ => share(),
		}
	}

	/// Rows per piece so that a piece is worth a thread's while: about 16 Ki words of `cols` each.
	pub(crate) fn rows_per_piece(cols: usize) -> usize {
		(16_384 / cols.max(1)).max(1)
	}
}

#[cfg(test)]
mod tests {
	use std::panic::{catch_unwind, AssertUnwindSafe};
	use std::sync::Barrier;
	use std::thread;
	use std::time::Duration;

	use super::*;

	#[test]
	fn pieces_should_be_done_once_each_when_there_are_more_or_fewer_than_threads() {
		for threads in [1, 2, 5] {
			let team = Team::new(threads).expect("threads can be started");
			assert_eq!(team.threads(), threads);
			for (items, length) in [(0, 3), (1, 3), (3, 3), (4, 3), (1000, 3), (1000, 1000)] {
				let mut out = vec![0; items];
				team.pieces(&mut out, length, |index, piece| {
					piece.iter_mut().for_each(|item| *item += index + 1);
				});
				let right = (0..items).map(|item| item / length + 1);
				assert!(out.into_iter().eq(right), "{threads} threads, {items} items");
			}
		}
	}

	#[test]
	fn pieces_should_be_done_by_several_threads_when_each_waits_for_another() {
		let (team, both) = (Team::new(2).expect("two threads"), Barrier::new(2));
		let mut names = [None, None];
		team.pieces(&mut names, 1, |_, piece| {
			both.wait();
			piece[0] = Some(thread::current().id());
		});
		assert_ne!(names[0], names[1]);
		assert!(names.contains(&Some(thread::current().id())), "the caller does its share");
	}

	#[test]
	fn panic_should_reach_the_caller_when_any_thread_does_the_piece() {
		let team = Team::new(2).expect("two threads");
		let caller = thread::current().id();
		for of_caller in [true, false] {
			let both = Barrier::new(2);
			let result = catch_unwind(AssertUnwindSafe(|| {
				team.pieces(&mut [0; 2], 1, |_, _| {
					both.wait();
					if (thread::current().id() == caller) == of_caller {
						// The other one is still at work, or has long returned.
						thread::sleep(Duration::from_millis(1));
						panic!("a piece that fails");
					}
				});
			}));
			let message = result.expect_err("it panics");
			assert_eq!(message.downcast_ref(), Some(&"a piece that fails"));
		}
		// Both go on working: neither of two pieces ends before the other begins.
		let (mut out, both) = ([0; 2], Barrier::new(2));
		team.pieces(&mut out, 1, |index, piece| {
			both.wait();
			piece[0] = index + 1;
		});
		assert_eq!(out, [1, 2]);
	}
}
