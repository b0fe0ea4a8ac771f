//! Plays random and hostile calls against the real runtime and checks its invariants after each of them.
//!
//! # Overview
//! The runtime runs natively on a [`store`] in memory. A [`generate::Generator`] chooses commands: calls
//! of all pallets by all origins, and the passing of blocks. Most calls make sense, because the generator
//! remembers from the events what there is ([`model`]), and plays whole lives of tasks and whole games
//! from scripts that were worked out before ([`library`]). A [`world::World`] executes each command and
//! checks the rules of [`fault::Rule`]. A [`run`] is many short lives of a chain; everything in it follows
//! from its seed.
//!
//! # Terms
//! - *command*: a call, or the end of a block and the beginning of the next;
//! - *life*: one chain from genesis through some thousand calls;
//! - *script*: the moves of a game between two given executions;
//! - *fault*: a rule that was broken, with a short story that breaks it.
//!
//! # Design
//! See ADR 0018.

pub mod block;
pub mod checks;
pub mod command;
pub mod dice;
pub mod fault;
pub mod generate;
pub mod genesis;
pub mod library;
pub mod model;
pub mod people;
pub mod report;
pub mod run;
pub mod shrink;
pub mod store;
pub mod transaction;
pub mod world;
