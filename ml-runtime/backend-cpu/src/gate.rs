//! Work in which helpers take part if they come in time.

#![allow(unsafe_code, reason = "threads of a pool borrow from a caller that waits for them")]

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{hint, mem, ptr};

/// How often is looked whether the helpers have gone, before the caller sleeps: some hundred microseconds, a few times as
/// long as it would take to be woken.
const LOOKS: u32 = 4096;

/// What lets helpers in while a caller is at work. Scopes of rayon wait for each job that was spawned, also for those that
/// nobody has begun; this waits for those inside only.
#[derive(Debug, Default)]
pub(crate) struct Gate {
	state: Mutex<State>,
	/// Told when the last one has gone.
	gone: Condvar,
}

#[derive(Debug, Default)]
struct State {
	closed: bool,
	inside: usize,
	panicked: Option<Box<dyn Any + Send>>,
}

/// What a caller and its helpers do. Helpers, and the desk where they find it, may hold this when the caller has long
/// returned: a pointer, which unlike a reference may then point nowhere.
#[derive(Clone, Copy, Debug)]
struct Share(*const (dyn Fn() + Sync + 'static));

// SAFETY: what it points to may be called by any thread; whoever does so vouches that it is still there.
unsafe impl Send for Share {}

impl Share {
	/// Calls it.
	///
	/// # Safety
	///
	/// It must still be there, and stay until the call ends.
	unsafe fn call(self) {
		// SAFETY: the caller vouches for it.
		unsafe { (*self.0)() }
	}
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
			state = self.0.gone.wait(state).unwrap_or_else(PoisonError::into_inner);
		}
	}
}

/// A way in for a helper, and what it does inside.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
	gate: Arc<Gate>,
	share: Share,
}

impl Entry {
	/// Does the helper's share, if it comes in time.
	pub(crate) fn work(self) {
		let Self { gate, share } = self;
		if gate.enter() {
			// SAFETY: nobody enters once the gate is closed, and `closing`, which is dropped before `open` returns or
			// unwinds, closes it and waits until all have gone. So what is shared is there until `leave`.
			let work = || unsafe { share.call() };
			gate.leave(panic::catch_unwind(AssertUnwindSafe(work)).err());
		}
	}
}

impl Gate {
	/// Lets helpers in through the entry that it gives to `call`, while it calls `share` here. Panics if one of them does.
	pub(crate) fn open(share: &(dyn Fn() + Sync), call: impl FnOnce(Entry)) {
		let gate = Arc::new(Self::default());
		let closing = Closing(&gate);
		let shared: *const (dyn Fn() + Sync + '_) = ptr::from_ref(share);
		// SAFETY: pointers that differ in the lifetime of what they point to alone. `Entry::work` is the only use.
		let shared = Share(unsafe {
			mem::transmute::<*const (dyn Fn() + Sync + '_), *const (dyn Fn() + Sync + 'static)>(
				shared,
			)
		});
		call(Entry { gate: gate.clone(), share: shared });
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
			self.gone.notify_all();
		}
	}
}
