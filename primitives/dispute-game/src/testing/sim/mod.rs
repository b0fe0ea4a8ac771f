//! Simulates the dispute game: matches of the honest agent against every strategy, by the million.
//!
//! A **match** is a few claims on a virtual chain. If they are right, the honest agent is their solver: it has as many
//! as the runtime's worker takes on, and the adversary accuses all of them, from one account or a thousand. Otherwise
//! the adversary is the solver, of one wrong claim and sometimes of others, right ones among them; it may have
//! accomplices that accuse it, and the honest agent challenges what is wrong. The honest agent is the production
//! strategy with what the runtime's off-chain worker does around it ([`agent`], [`executor`], [`pool`], [`tips`]).
//! Everything else is the adversary's: it sees the pool, orders blocks and gets their tips, fills the lane that both
//! sides share ([`world`]), keeps the honest side's moves out of blocks within a budget or for money, makes re-orgs,
//! crashes the honest process, damages its files, and plays by one of [`STRATEGIES`].
//!
//! # What is checked
//!
//! After every move the invariants of the game, after every block those of the chain around it, money to
//! the unit included: what is on hold is counted again from claims and games. At the end ([`judge`]): every claim
//! came to the end that it deserves, the honest side never lost by silence, never made a move that is wrong in
//! itself, never had nothing to say, accused nothing that is right, got its bonds back, and has what it is owed: the
//! rewards and refunds or shares that the games say, less what it spent. No game took longer than twice its clock
//! and the agenda's slack, counted anew from the chain's numbers.
//!
//! That a check finds something is seen where faults are planted ([`Planted`]), that a strategy does what it is
//! called by its [`Deeds`].
//!
//! # The budget
//!
//! The honest side can be kept out of the chain for as many blocks as its clock has beyond what it needs
//! itself: the main part of the clock, less two blocks for every move, and the blocks for which its moves and replays
//! wait for each other. It does not matter whether blocks are censored, a re-org takes them, or the process is down. A
//! match never takes more from the honest side, so whenever it loses, that is a fault. Where there is nothing to
//! spare, nothing is taken, and the honest side still has to win.
//!
//! In some matches nobody is censored, but blocks are filled with calls that pay more than the honest side's moves,
//! for ten times what it could lose: who pays that much for the harm may win.
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
mod saved;
mod scenario;
mod shrink;
mod strategies;
mod tally;
mod text;
mod tips;
mod world;

pub use agent::{CHEAP, MAX_OPENINGS, OPENING_PAUSE, REPLAYS, SENDS};
pub use breed::FEATURES;
pub use deeds::{Deed, Deeds};
pub use library::{Library, SHELF};
pub use money::{Terms, OPENING_FEE, PER_BLOCK_OF_REPLAY, REFUSED_FEE, WITHDRAWAL};
pub use planted::Planted;
pub use pool::MORTALITY;
pub use saved::Saved;
pub use scenario::{Scenario, Wanted, Without, EXTENSION, LONGEST_REPLAY};
pub use shrink::shrink;
pub use strategies::{named_strategy, About, Crowd, Leaves, Lists, Pace, Strategy, STRATEGIES};
pub use tally::Tally;
pub use tips::tip;
pub use world::{play, Fault, Report};
