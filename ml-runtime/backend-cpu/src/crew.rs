//! Threads that help a caller, and stay awake between two calls that follow each other closely.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{hint, thread};

use rayon::ThreadPool;

use crate::gate::{Entry, Gate};

/// How long a helper that has nothing to do stays awake: a few times as long as it takes to be woken, which is as long as
/// many operations of a step take.
const AWAKE: Duration = Duration::from_micros(200);

/// Pauses between two looks of a helper for work, a microsecond at most.
const PAUSES: u32 = 16;

/// The helpers of a team: the threads of a pool.
#[derive(Debug)]
pub(crate) struct Crew {
	pool: ThreadPool,
	desk: Arc<Desk>,
}

/// Where helpers find the last call.
#[derive(Debug, Default)]
struct Desk {
	/// How many calls there have been.
	calls: AtomicUsize,
	state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
	/// Helpers that were called and have not gone to sleep.
	awake: usize,
	/// What the last call asks to do.
	entry: Option<Entry>,
	/// How many more helpers it wants.
	wanted: usize,
}

impl Crew {
	/// The threads of `pool`.
	pub(crate) fn new(pool: ThreadPool) -> Self {
		Self { pool, desk: Arc::default() }
	}

	/// How many there are.
	pub(crate) fn count(&self) -> usize {
		self.pool.current_num_threads()
	}

	/// Calls `share` here and, at the same time, by at most so many helpers, those that come before this one ends. Panics
	/// if one of them does.
	pub(crate) fn call(&self, helpers: usize, share: &(dyn Fn() + Sync)) {
		Gate::open(share, |entry| {
			let asleep = {
				let mut state = self.desk.state();
				let asleep = helpers.saturating_sub(state.awake);
				state.awake += asleep;
				(state.entry, state.wanted) = (Some(entry), helpers);
				self.desk.calls.fetch_add(1, Ordering::Release);
				asleep
			};
			for _ in 0..asleep {
				let desk = self.desk.clone();
				self.pool.spawn(move || desk.serve());
			}
		});
	}
}

impl Desk {
	fn state(&self) -> MutexGuard<'_, State> {
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// What a helper does until it goes to sleep.
	fn serve(&self) {
		while let Some(entry) = self.next() {
			entry.work();
		}
	}

	/// Waits for a call that wants a helper, but not long.
	fn next(&self) -> Option<Entry> {
		let since = Instant::now();
		loop {
			let seen = self.calls.load(Ordering::Acquire);
			if let Some(entry) = self.state().take() {
				return Some(entry);
			}
			while self.calls.load(Ordering::Acquire) == seen {
				if since.elapsed() > AWAKE {
					return self.state().take_or_sleep();
				}
				for _ in 0..PAUSES {
					hint::spin_loop();
				}
				thread::yield_now();
			}
		}
	}
}

impl State {
	/// The last call, if it wants one more helper.
	fn take(&mut self) -> Option<Entry> {
		self.wanted = self.wanted.checked_sub(1)?;
		self.entry.clone()
	}

	/// Without one, the next call has to wake a helper.
	fn take_or_sleep(&mut self) -> Option<Entry> {
		let entry = self.take();
		self.awake -= usize::from(entry.is_none());
		entry
	}
}

#[cfg(test)]
mod tests {
	use std::sync::Barrier;

	use super::*;

	fn crew(count: usize) -> Crew {
		let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
		Crew::new(pool.expect("threads can be started"))
	}

	fn awake(crew: &Crew) -> usize {
		crew.desk.state().awake
	}

	/// Ends only if every helper comes.
	fn call_all(crew: &Crew) {
		let all = Barrier::new(crew.count() + 1);
		crew.call(crew.count(), &|| _ = all.wait());
	}

	#[test]
	fn helpers_should_come_when_they_are_awake_and_when_they_sleep() {
		let crew = crew(3);
		for call in 0..200 {
			call_all(&crew);
			if call % 50 == 0 {
				while awake(&crew) > 0 {
					thread::sleep(AWAKE);
				}
			}
		}
	}

	#[test]
	fn helper_should_take_a_call_that_comes_when_it_is_about_to_sleep() {
		let mut entry = None;
		Gate::open(&|| (), |given| entry = Some(given));
		let mut state = State { awake: 2, entry, wanted: 1 };
		assert!(state.take_or_sleep().is_some());
		assert_eq!((state.awake, state.wanted), (2, 0));
		assert!(state.take_or_sleep().is_none());
		assert_eq!((state.awake, state.wanted), (1, 0));
	}

	#[test]
	fn helpers_should_be_woken_once_when_calls_end_before_they_come() {
		let crew = crew(2);
		let (busy, free) = (Barrier::new(3), Barrier::new(3));
		let shares = AtomicUsize::new(0);
		let awake: Vec<_> = thread::scope(|scope| {
			for _ in 0..2 {
				scope.spawn(|| {
					crew.pool.install(|| {
						busy.wait();
						free.wait();
					});
				});
			}
			busy.wait();
			let calls = (0..100).map(|_| {
				crew.call(2, &|| _ = shares.fetch_add(1, Ordering::Relaxed));
				awake(&crew)
			});
			let awake = calls.collect();
			free.wait();
			awake
		});
		assert_eq!(awake, [2; 100]);
		call_all(&crew);
		// What the helpers found afterwards was closed.
		assert_eq!(shares.into_inner(), 100, "the caller does its share alone");
	}

	#[test]
	fn callers_should_return_when_they_share_helpers() {
		let crew = crew(2);
		thread::scope(|scope| {
			for _ in 0..3 {
				scope.spawn(|| {
					for _ in 0..500 {
						let shares = AtomicUsize::new(0);
						crew.call(2, &|| _ = shares.fetch_add(1, Ordering::Relaxed));
						assert!((1..=3).contains(&shares.into_inner()));
					}
				});
			}
		});
		call_all(&crew);
	}
}
