//! The same adversaries against the pallets of the real runtime.
//!
//! Every call is dispatched with a signed origin on the storage that the preset `development` begins with,
//! every block begins with the hooks of all pallets, and every game is about a real training program whose
//! tiles the real referee judges. The honest side reads its duties with the runtime's own off-chain code,
//! finds its moves by the production strategy, and makes at most one call a block.
//!
//! A **round** is one chain with a few dozen claims on it at once. Checked are, at the end of each: right
//! claims were paid and wrong ones fell; the honest side got its bonds back and exactly what it is owed;
//! all games ended in time; the total issuance fell by exactly what events say was burned; and every
//! invariant of our pallets holds.

mod books;
mod claim;
mod foe;
mod genesis;
mod honest;
mod lore;
mod people;
mod round;

use crate::{
	args::Args,
	run::{self, caught, Run},
};
use assay_dispute_game::testing::sim::{Tally, Wanted};
use lore::Lore;

/// Rounds that a thread plays before it reports.
const BATCH: u64 = 2;

/// Plays rounds on all cores until there were enough games.
pub(crate) fn run(args: &Args, wanted: &Wanted) -> Run {
	run::run(args, BATCH, Lore::new, |lore, first, count| {
		let mut tally = Tally::default();
		for seed in (0..count).map(|offset| first.wrapping_add(offset)) {
			match caught(|| round::play(seed, wanted, lore)) {
				Ok(played) => tally.add(played),
				Err(panic) => {
					let strategy = wanted.strategy.map_or("?", |strategy| strategy.name);
					tally.count(seed, Err(run::fault(seed, strategy, panic)));
				},
			}
		}
		tally
	})
}
