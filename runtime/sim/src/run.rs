//! Runs of matches on all cores, whatever they are played on.

use crate::args::Args;
use assay_dispute_game::testing::sim::{Fault, Tally};
use std::{
	any::Any,
	collections::BTreeMap,
	panic::{catch_unwind, AssertUnwindSafe},
	sync::{
		atomic::{AtomicBool, AtomicU64, Ordering},
		mpsc,
	},
	thread,
	time::{Duration, Instant},
};

/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// What a run came to.
pub struct Run {
	/// What the matches came to.
	pub tally: Tally,
	/// How long it took.
	pub time: Duration,
}

impl Run {
	/// Whether nothing went wrong.
	pub fn is_clean(&self) -> bool {
		self.tally.total().wrong == 0 && self.tally.late == 0
	}
}

/// Plays batches of consecutive seeds until there were enough games. Each thread has a state of its own,
/// which must not matter to what is played.
///
/// Batches count in the order of their seeds, so that the same ones count whatever thread was faster.
pub fn run<S>(
	args: &Args,
	batch: u64,
	state: impl Fn() -> S + Sync,
	play: impl Fn(&mut S, u64, u64) -> Tally + Sync,
) -> Run {
	let start = Instant::now();
	let batch = if args.games < batch { 1 } else { batch };
	let (next, enough) = (AtomicU64::new(0), AtomicBool::new(false));
	let mut tally = Tally::default();
	quietly(|| {
		thread::scope(|scope| {
			let (sender, receiver) = mpsc::channel();
			for _ in 0..args.threads() {
				let (sender, next, enough) = (sender.clone(), &next, &enough);
				let (state, play) = (&state, &play);
				scope.spawn(move || {
					let mut state = state();
					while !enough.load(Ordering::Relaxed) {
						let number = next.fetch_add(1, Ordering::Relaxed);
						let first = args.seed.wrapping_add(number.wrapping_mul(batch));
						if sender.send((number, play(&mut state, first, batch))).is_err() {
							break;
						}
					}
				});
			}
			drop(sender);
			tally = collect(receiver, args.games, start);
			enough.store(true, Ordering::Relaxed);
		});
	});
	Run { tally, time: start.elapsed() }
}

/// Sums up batches in order until there were enough games.
fn collect(batches: mpsc::Receiver<(u64, Tally)>, games: u64, start: Instant) -> Tally {
	let (mut tally, mut waiting, mut next) = (Tally::default(), BTreeMap::new(), 0);
	let mut told = Instant::now();
	for (number, batch) in batches {
		waiting.insert(number, batch);
		while let Some(batch) = waiting.remove(&next) {
			tally.add(batch);
			next += 1;
			let total = tally.total();
			// A match that went wrong counts as a game, or a run of nothing else would not end.
			if total.games + total.wrong >= games {
				return tally;
			}
		}
		if told.elapsed() >= PROGRESS {
			told = Instant::now();
			let (total, seconds) = (tally.total(), start.elapsed().as_secs());
			eprintln!("{} games, {} wrong, {seconds} s", total.games, total.wrong);
		}
	}
	tally
}

/// Does something of which panics are expected, without their messages.
pub fn quietly<T>(work: impl FnOnce() -> T) -> T {
	let loud = std::panic::take_hook();
	std::panic::set_hook(Box::new(|_| ()));
	let done = work();
	std::panic::set_hook(loud);
	done
}

/// Does something; a panic is a fault.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
	catch_unwind(AssertUnwindSafe(work)).map_err(|panic| format!("panic: {}", message(&*panic)))
}

fn message(panic: &(dyn Any + Send)) -> String {
	let text = panic.downcast_ref::<String>().cloned();
	text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

/// A match or round that panicked.
pub fn fault(seed: u64, strategy: &'static str, what: String) -> Fault {
	Fault { seed, strategy, what }
}
