//! What every simulation of disputes shares: its command line, its threads, and what it prints.
//!
//! The binary of this crate plays on a virtual chain, that of `assay-sim-pallets` on the pallets.

pub mod args;
pub mod bounds;
pub mod output;
pub mod run;
