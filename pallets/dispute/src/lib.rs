//! Stores games, bonds and deadlines; calls the dispute game and the referee.
#![cfg_attr(not(feature = "std"), no_std)]
