//! Migrations of the pallet's storage, one file for each storage version.

mod v1;

pub use v1::{NameRuntime, V0ToV1};
