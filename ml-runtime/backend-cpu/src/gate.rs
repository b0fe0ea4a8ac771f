//! Work in which helpers take part if they come in time.

#![allow(unsafe_code, reason = "threads of a pool borrow from a caller that waits for them")]

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{hint, mem};

use rayon::ThreadPool;

/// How often is looked whether the helpers have left, before the caller sleeps: about as long as it would take to be
/// woken.
const LOOKS: u32 = 4096;

/// What lets helpers in while a caller is at work. Scopes of rayon wait for each job that was spawned, also for those that
/// nobody has begun; this waits for those inside only.
#[derive(Default)]
pub(crate) struct Gate {
	state: Mutex<State>,
	left: Condvar,
}

#[derive(Default)]
struct State {
	closed: bool,
	inside: usize,
	panicked: Option<Box<dyn Any + Send>>,
}

/// Closes a gate and waits for those inside, however the caller's share ends.
struct Closing<'a>(&'a Gate);

impl Drop for Closing<'_> {
	fn drop(&mut self) {
		let mut state = self.0.state();
		state.closed = true;
		for _ in 0..LOOKS {
			if state.inside == 0 {
				return;
			}
			drop(state);
			hint::spin_loop();
			state = self.0.state();
		}
		while state.inside > 0 {
			state = self.0.left.wait(state).unwrap_or_else(PoisonError::into_inner);
		}
	}
}

impl Gate {
	/// Calls `share` here and, at the same time, on at most so many threads of the pool. Panics if one of them does.
	pub(crate) fn open(pool: &ThreadPool, helpers: usize, share: &(dyn Fn() + Sync)) {
		let gate = Arc::new(Self::default());
		let closing = Closing(&gate);
		// SAFETY: the two types differ in the lifetime alone. A helper uses `share` between `enter` and `leave` only.
		// `enter` lets nobody in once the gate is closed, and `closing`, which is dropped before this function
		// returns or unwinds, closes it and waits until all have left.
		let share_of_helpers: &'static (dyn Fn() + Sync) =
			unsafe { mem::transmute::<&(dyn Fn() + Sync), &'static (dyn Fn() + Sync)>(share) };
		for _ in 0..helpers {
			let gate = gate.clone();
			pool.spawn(move || {
				if gate.enter() {
					gate.leave(panic::catch_unwind(AssertUnwindSafe(share_of_helpers)).err());
				}
			});
		}
		share();
		drop(closing);
		let panicked = gate.state().panicked.take();
		if let Some(panicked) = panicked {
			panic::resume_unwind(panicked);
		}
	}

	fn state(&self) -> MutexGuard<'_, State> {
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Goes in, if the gate is open.
	fn enter(&self) -> bool {
		let mut state = self.state();
		let open = !state.closed;
		state.inside += usize::from(open);
		open
	}

	/// Goes out.
	fn leave(&self, panicked: Option<Box<dyn Any + Send>>) {
		let mut state = self.state();
		state.inside -= 1;
		state.panicked = state.panicked.take().or(panicked);
		if state.inside == 0 {
			self.left.notify_all();
		}
	}
}
