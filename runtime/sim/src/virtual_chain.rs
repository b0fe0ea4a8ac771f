//! Matches on a virtual chain.

use assay_dispute_game::testing::sim::{play, Library, Tally, Wanted};
use assay_sim::{
	args::Args,
	run::{self, caught, Run},
};

/// Matches that a thread plays before it reports.
const BATCH: u64 = 512;

/// Plays matches until there were enough games.
pub(crate) fn run(args: &Args, wanted: &Wanted) -> Run {
	run::run(args, BATCH, Library::default, |library, first, count| {
		let mut tally = Tally::default();
		for seed in (0..count).map(|offset| first.wrapping_add(offset)) {
			let played = caught(|| play(seed, wanted, library)).unwrap_or_else(|panic| {
				*library = Library::default();
				let strategy = wanted.strategy.map_or("?", |strategy| strategy.name);
				Err(run::fault(seed, strategy, panic))
			});
			tally.count(seed, played);
		}
		tally
	})
}
