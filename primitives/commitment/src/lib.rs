//! Tiles, tensor roots, state, program, trace and claim trees, and their openings.
#![cfg_attr(not(feature = "std"), no_std)]
