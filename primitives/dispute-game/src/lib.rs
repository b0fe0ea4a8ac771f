//! The dispute game as a value: moves, phases, clocks, outcomes and the honest strategy.
//!
//! A solver has committed to a list of states, one every few training steps. Whoever finds a wrong
//! transition opens a [`Game`] and leads the solver down, level by level, to one tile that the chain can
//! recompute. The challenger never needs a claim of its own: it needs to show one wrong transition.
//!
//! This crate is the rules and nothing else. It knows no accounts, balances, storage or tensors; what a
//! tile is and whether it is right it asks of a [`OneStep`]. [`Game::open`] and [`Game::apply`] take a
//! move, [`Game::timeout`] takes silence, and each gives the next game and one [`Effect`].
//!
//! # The way down
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Claim
//!     Claim --> Steps: C open (stride of many steps)
//!     Claim --> Trace: C open (stride of one step)
//!     Claim --> Over: C prefix_fault
//!     Steps --> Step: D post_steps
//!     Step --> Trace: C pick_step
//!     Trace --> Tile: D post_trace
//!     Tile --> Over: C join_fault
//!     Tile --> Over: C pick_tile with evidence
//!     Tile --> Opening: C pick_tile
//!     Tile --> Partials: C pick_tile (split reduction)
//!     Partials --> Block: D post_partials
//!     Block --> Over: C pick_block with evidence
//!     Block --> Opening: C pick_block
//!     Opening --> Over: D open_tile
//!     Steps --> Over: D concede
//!     Trace --> Over: D concede
//!     state "any list that is withheld" as Withheld {
//!         Bisect --> Pick: D bisect
//!         Pick --> Bisect: C pick (a branch)
//!     }
//!     Claim --> Bisect: C ask
//!     Step --> Bisect: C ask
//!     Tile --> Bisect: C ask, ask_tiles, ask_slots
//!     Pick --> Claim: C pick (a leaf)
//!     Pick --> Step: C pick (a leaf)
//!     Pick --> Tile: C pick (a leaf)
//!     Over --> [*]
//! ```
//!
//! *C* is the challenger, *D* the defender. From every phase, silence until the mover's deadline leads
//! to `Over` as well. A typical game has three moves (`open`, `post_trace`, `pick_tile`), two more when
//! strides are longer than a step, two more when the reduction behind the tile is split.
//!
//! # When a list is withheld
//!
//! Pinpointing needs the other side's list. Where the defender keeps it to itself the challenger
//! *asks*: the defender uncovers the tree four levels at a time (`bisect`, up to sixteen children), the
//! challenger picks the first child that is not its own, and after at most five rounds for 2²⁰ leaves
//! both stand at the first leaf they disagree on. **Asking only uncovers.** What follows is the ordinary
//! move of that level for that very leaf, and the challenger can make it: every leaf to the left is its
//! own, every subtree to the right has been uncovered, so it knows the paths. There is no list for which
//! this has no answer:
//!
//! | list | kind | move that asks | what follows |
//! |---|---|---|---|
//! | states of the claim | [`List::Claim`] | `ask` | `open` |
//! | states after each step of a stride | [`List::Steps`] | `ask` | `pick_step` |
//! | outputs of a step's nodes | [`List::Trace`] | `ask` | `pick_tile`, `ask_tiles` or `join_fault` |
//! | tiles of an output | [`List::Tiles`] | `ask_tiles` | `pick_tile` |
//! | slots of the state after a step | [`List::Slots`] | `ask_slots` | `join_fault` |
//! | partials of a split reduction | – | posted in full by `post_partials` | `pick_block` |
//!
//! Each list ends in something the challenger has already rejected (the steps in the state after the
//! stride, the partials in the tile: `post_steps` and `post_partials` are refused otherwise), so a
//! challenger that is right finds a first wrong leaf in it, and a hash of nothing at all, at any level,
//! leaves the defender without an answer.
//!
//! # Rules
//!
//! 1. A verdict or the defender's silence settles; the challenger's silence settles nothing
//!    ([`Outcome::ChallengerTimedOut`]), and an acquittal clears one tile. Neither keeps others from
//!    opening the same stride.
//! 2. A move names the position it answers. Another position makes it void; the move that already
//!    stands, repeated, succeeds and changes nothing. Positions depend on what was said, not on when, so
//!    moves survive a re-org.
//! 3. Exactly one side is to move, and every move makes [`Game::moves_left`] smaller: no game has more
//!    than [`MAX_MOVES`] moves.
//! 4. Each side has `clock` blocks in all, of which `reserve` come as extensions only (see [`Clocks`]).
//!    A turn is over at its deadline, and every deadline lies within `opened + 2 · clock`. With
//!    `reserve ≥ 40 · extension` no game is long enough to empty the reserve while it is played promptly.
//! 5. Evidence that proves nothing is refused and changes nothing, whoever brings it.
//! 6. The defender may concede on its turn until it has posted a trace.
//!
//! # What the caller must see to
//!
//! - **Who may move.** Moves that choose or commit ([`MoveKind::is_self_evident`] says which do not)
//!   must come from the side's own account or from whom it trusts: a stranger could post a wrong trace
//!   in the solver's name, or pick a right tile in the challenger's.
//! - That the first state of the claim is the task's `init_root`: no stride leads to it.
//! - That [`Params::id`] is unique among all games.
//! - That every tile of every node which [`OneStep::shape`] admits can be judged from evidence that the
//!   defender has.
//!
//! Behind the feature `testing` there is a toy task, liars, adversaries and an arena to simulate games
//! in.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects,
		clippy::float_arithmetic,
		clippy::cast_possible_truncation,
		clippy::wildcard_enum_match_arm
	)
)]

extern crate alloc;

pub mod strategy;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

mod clock;
mod descent;
mod error;
mod game;
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts variant indices; nothing here is written by hand"
)]
mod level;
mod list;
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts variant indices; nothing here is written by hand"
)]
mod moves;
mod one_step;
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts variant indices; nothing here is written by hand"
)]
mod outcome;
mod params;
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts variant indices; nothing here is written by hand"
)]
mod phase;
mod progress;
mod rules;
mod search;
mod spot;
mod verdict;

#[cfg(test)]
mod tests;

pub use clock::{Clock, Clocks};
pub use error::GameError;
pub use game::{successor, Game};
pub use level::{Focus, Level, List};
pub use list::{Children, Committed, Path, Root, Run, Shown, FAN, FAN_DEPTH, MAX_LEAVES, MAX_PATH};
pub use moves::{Move, MoveKind, MoveOf};
pub use one_step::{Heartbeat, Malformed, OneStep, Shape, Verdict};
pub use outcome::{Effect, Fault, Outcome, Transition};
pub use params::Params;
pub use phase::{Phase, PhaseKind, Side};
pub use progress::MAX_MOVES;
pub use spot::{Block, Span, Spot, MAX_BLOCKS};
