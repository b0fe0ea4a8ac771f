//! How an honest player moves, as a pure function of the game and of what it knows.
//!
//! The same functions serve the node, the tests and, with a lying [`Oracle`], the adversaries. A player
//! needs no memory: everything it must know beside its own execution is on the chain.

mod challenger;
mod defender;
mod known;

use alloc::vec::Vec;

pub use challenger::{challenger, opening, prefix_fault};
pub use defender::defender;
pub use known::{root_of, Known};

use crate::{Block, Children, Game, Level, MoveOf, OneStep, Root, Run, Side, Span, Spot};

/// A place where a trace meets a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seam {
	/// The node copies a slot of the state before the step.
	In {
		/// The node.
		node: u32,
	},
	/// The slot of the state after the step copies the output of a node.
	Out {
		/// The slot.
		slot: u32,
	},
}

/// What a player knows of the lists that evidence needs paths in.
#[derive(Clone, Debug)]
pub struct Lists {
	/// Output roots of the step.
	pub trace: Known,
	/// Tiles of the disputed node's output; not given for blocks of a reduction, which do not need them.
	pub output: Option<Known>,
}

/// What a player knows: its own execution, what the other side publishes off chain, and what the chain
/// has seen in this game.
pub trait Oracle<S: OneStep> {
	/// The list at `level` as this player's own execution has it. Its root in `level` may be another, or
	/// not be known yet.
	fn own(&self, level: &Level) -> Vec<Root>;

	/// All partials of a long reduction as this player's own execution has them.
	fn own_partials(&self, spot: &Spot) -> Vec<Root>;

	/// The other side's list at `level`, `None` where it is withheld. It need not be checked.
	fn published(&self, level: &Level) -> Option<Vec<Root>>;

	/// Everything that `bisect` moves of this game have revealed of `level`.
	fn revealed(&self, level: &Level) -> Vec<(Run, Children)>;

	/// The partials that the last `post_partials` move of this game has posted.
	fn posted_partials(&self) -> Vec<Root>;

	/// The node and its path in the program.
	fn spec(&self, node: u32) -> Option<S::Spec>;

	/// Shows the seam, if it is one. `after` are the slots of the state after the step, given for
	/// [`Seam::Out`]; for [`Seam::In`] the state is one's own.
	fn join(
		&self,
		step: &Span,
		seam: Seam,
		trace: &Known,
		after: Option<&Known>,
	) -> Option<S::Join>;

	/// The move content of `post_partials`.
	fn partials(&self, spot: &Spot, lists: &Lists) -> Option<S::Partials>;

	/// Openings for one tile or block, if they can be had.
	fn evidence(&self, spot: &Spot, block: Option<&Block>, lists: &Lists) -> Option<S::Evidence>;
}

/// The move of whoever's turn it is, if the player plays that side and has one.
pub fn next_move<S: OneStep>(
	game: &Game,
	side: Side,
	oracle: &impl Oracle<S>,
	one_step: &S,
) -> Option<MoveOf<S>> {
	if game.mover() != Some(side) {
		return None;
	}
	match side {
		Side::Challenger => challenger(game, oracle, one_step),
		Side::Defender => defender(game, oracle, one_step),
	}
}
