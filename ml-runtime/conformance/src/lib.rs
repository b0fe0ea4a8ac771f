//! One suite for every backend: the same cases, the same digest.
//!
//! A backend is anything that implements [`Kernels`](assay_backend_cpu::Kernels). For each operation of
//! the [`catalogue`] the suite makes random cases from a seed, runs each on every [`Backend`], compares
//! all words with those of the first backend, and hashes them: one BLAKE3 digest per backend and
//! operation, which can be compared between machines that never met.
//!
//! Terms: a *draft* is an operation with the types of its operands; a [`Case`] is a draft with words, a
//! data set and a step; what is counted is the words of results.
//!
//! # What cases look like
//!
//! - Shapes: size 1, both sides of every multiple that kernels are built around (8, 16, 32, 64 columns,
//!   blocks of 512 and 1024 terms), and others; in the long form also thousands.
//! - Words: normal, subnormal, `±0`, infinite, NaN with payloads and signs, few significant bits so that
//!   results lie half way between two floats, the edges of overflow and underflow. See [`Flavour`].
//! - Labels and indices that name nothing.
//! - Of operations of words, all special words: each with each, and with each of a third operand.
//! - [`chains`] of such operations, of which kernels may keep what nobody wants to themselves.
//!
//! # Design
//!
//! A case depends on the seed, the operation's name and its number alone, so a difference is found again
//! by naming the three. [`exhaustive`] goes through all 2³² inputs of a unary function instead.
//!
//! A new backend needs one more entry in the list that [`Backend::of_this_machine`] returns, or a list of
//! its own.

mod admission;
mod backend;
mod case;
pub mod catalogue;
pub mod chains;
mod draft;
pub mod exhaustive;
mod random;
mod suite;
mod words;

pub use admission::program;
pub use backend::Backend;
pub use case::{Case, Size};
pub use catalogue::Operation;
pub use draft::{Draft, Draw, Wanted};
pub use random::Random;
pub use suite::{compare, Difference, Fault, Outcome, Suite};
pub use words::Flavour;
