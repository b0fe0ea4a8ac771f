//! Full blocks, full lanes and full agendas on the real runtime.
//!
//! # Overview
//! The runtime runs natively on the flat store of the fuzzer. Claims stand and games are played by the
//! calls that anybody would make; nothing is written into the storage behind the pallets' backs, but where
//! a test says so. What time a full block takes is measured by the binary of this crate, in the wasm
//! (`scripts/load.sh`); tests assert weights, lengths, blocks and money only.
//!
//! # Terms
//! - *story*: a claim and a challenger's execution, and the game that follows from them, worked out once;
//! - *lane*: the part of a block that ordinary transactions cannot take from dispute moves;
//! - *spam*: ordinary transactions, several blocks full.

pub mod chain;
pub mod claims;
pub mod machine;
pub mod pack;
pub mod people;
pub mod pool;
pub mod scenes;

#[path = "../../../primitives/referee/benches/worst/mod.rs"]
mod worst;
