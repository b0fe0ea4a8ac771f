//! A toy task to play disputes about, liars, adversaries and an arena. For tests and simulators only.
#![allow(
	clippy::unwrap_used,
	clippy::expect_used,
	clippy::panic,
	clippy::indexing_slicing,
	clippy::arithmetic_side_effects,
	clippy::cast_possible_truncation,
	clippy::wildcard_enum_match_arm,
	reason = "test support, never part of a runtime"
)]

mod arena;
mod execution;
mod player;
mod rng;
pub mod sim;
mod toy;

pub use arena::{play, Match, Record};
pub use execution::{Execution, Lie};
pub use player::{Habit, Player, Said, View};
pub use rng::Rng;
pub use toy::{Toy, ToyEvidence, ToyJoin, ToyOpening, ToyPartials};
