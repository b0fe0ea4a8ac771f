//! Simulates the dispute game: matches of the honest agent against every strategy, by the million.
//!
//! A **match** is one claim on a virtual chain. If the claim is right, the honest agent is its solver and
//! the adversary accuses it, from one account or a thousand; if it is wrong, the adversary is the solver,
//! with or without accomplices that accuse it, and the honest agent challenges it. The honest agent is the
//! production strategy with what the runtime's off-chain worker does around it ([`agent`]). Everything
//! else is the adversary's: it sees the pool, orders blocks, keeps the honest side's moves out of blocks
//! within a budget, makes re-orgs, crashes the honest process ([`world`]), and plays by one of
//! [`STRATEGIES`].
//!
//! # What is checked
//!
//! After every move the invariants of the game, after every block those of the chain around it, money to
//! the unit included. At the end: the truth has won, the honest side never lost by silence, never made a
//! move that is wrong in itself, never had nothing to say, got its bonds back, and was paid for what it
//! convicted; every game ended within its bound.
//!
//! # The budget
//!
//! The honest side can be kept out of the chain for as many blocks as its clock has beyond what it needs
//! itself: the main part of the clock, less a block for every move and the blocks of its replays. It does
//! not matter whether blocks are censored, a re-org takes them, or the process is down. A match never
//! takes more from the honest side, so whenever it loses, that is a fault.
//!
//! Everything follows from a seed: [`play`] of the same seed gives the same [`Report::trace`].

mod agent;
mod bend;
mod breed;
mod case;
mod chain;
mod deeds;
mod executor;
mod foe;
mod judge;
mod library;
mod money;
mod oracle;
mod planted;
mod pool;
mod scenario;
mod shrink;
mod strategies;
mod tally;
mod tips;
mod world;

pub use deeds::{Deed, Deeds};
pub use library::{Library, SHELF};
pub use money::{Terms, OPENING_FEE, REFUSED_FEE};
pub use planted::Planted;
pub use scenario::{Wanted, Without, EXTENSION, LONGEST_REPLAY};
pub use shrink::shrink;
pub use strategies::{named_strategy, About, Crowd, Leaves, Lists, Pace, Strategy, STRATEGIES};
pub use tally::Tally;
pub use tips::tip;
pub use world::{play, Fault, Report};
