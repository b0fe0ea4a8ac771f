//! Small tasks executed in memory, liars, and players. For tests and benchmarks only.
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
mod programs;
mod task;

pub use arena::{play, Played};
pub use execution::{Execution, Lie};
pub use player::{largest, View};
pub use programs::{large_product, mlp, Builder, Mlp, NODES as MLP};
pub use task::Task;
