//! What the chain does by itself when very much is due at once.

use super::Scene;
use crate::{
	chain::Chain,
	claims::{self, Story, BIDDING},
	pack::Prepared,
	people::Person,
};
use assay_case::testing::{mlp, Lie, MLP};

/// Blocks for challenges: longer than any of this takes.
const WINDOW: u32 = 2_000;
/// Games of the chain.
const GAMES: u32 = 256;

/// All games that can be open are overdue, each about its own claim.
fn games() -> Prepared {
	let lie = Lie::Output { step: 2, node: MLP.update, word: 0, bit: 30 };
	let story = Story::new(&mlp(3, 1), vec![lie], vec![], false);
	let mut chain = Chain::new();
	let standing = claims::claimed(&mut chain, "overdue", &story, GAMES, WINDOW);
	let mut due = 0;
	for (number, standing) in (0..).zip(&standing) {
		let who = Person::new("challenger", number).account();
		chain.fund(&who, super::PURSE);
		let game = claims::open(&mut chain, &who, &story, standing.task);
		due = due.max(claims::stored(&mut chain, game).game.deadline().unwrap_or_default());
	}
	let ahead = due - chain.now() - 1;
	chain.next(ahead);
	Prepared { chain, calls: vec![] }
}

/// As many tasks as the chain looks at in one block have had all the bids that they take.
fn tasks() -> Prepared {
	let mut chain = super::market::auction(64);
	chain.next(BIDDING);
	Prepared { chain, calls: vec![] }
}

pub(super) fn scenes() -> Vec<Scene> {
	vec![Scene::new("tick.games", games), Scene::new("tick.tasks", tasks)]
}
