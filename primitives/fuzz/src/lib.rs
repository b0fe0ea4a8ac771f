//! Properties of everything that strangers can reach, as functions of a string of bytes.
//!
//! A *check* takes any bytes, makes an input of them, and panics if a property does not hold. Two
//! programs run the checks: the fuzz targets in `targets` (a workspace of their own, built with
//! coverage instrumentation by `scripts/fuzz.sh`), which search for bytes that break one, and the test
//! `corpus` of this crate, which replays the committed bytes of `corpus` with the ordinary build.
//!
//! | check | input | property |
//! |---|---|---|
//! | [`decoders`] | a type, and its encoding | no panic, memory in proportion to the input, one encoding per value |
//! | [`game`] | a toy task, liars, and moves | the game's invariants; the honest side wins, in time |
//! | [`openings`] | a tree, a statement, and a forgery | a proof verifies exactly the true statement |
//! | [`referee`] | a node, operands, and forged evidence | a verdict is the true one, at the declared cost |
//! | [`program`] | a program | what passes keeps its limits, and no tile reads more than it declares |
//! | [`manifest`] | a task manifest with edits | an error that can be shown, or a program that passes |
//! | [`soft`] | words | integer arithmetic equals the processor's |
//!
//! Checks are deterministic: the same bytes do the same everywhere.

pub mod decoders;
pub mod game;
pub mod manifest;
pub mod openings;
pub mod program;
pub mod referee;
pub mod seeds;
pub mod soft;

mod operation;
mod source;

pub use source::Source;

/// A property of bytes; panics where it does not hold.
pub type Check = fn(&[u8]);

/// Every check by the name of its fuzz target and of its folder in `corpus`.
pub const CHECKS: [(&str, Check); 7] = [
	("decoders", decoders::check),
	("game", game::check),
	("manifest", manifest::check),
	("openings", openings::check),
	("program", program::check),
	("referee", referee::check),
	("soft", soft::check),
];
