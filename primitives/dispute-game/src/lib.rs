//! The dispute game as a value: moves, phases, clocks, outcomes and the honest strategy.
#![cfg_attr(not(feature = "std"), no_std)]
