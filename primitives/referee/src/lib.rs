//! Recomputes one tile of any node from openings and gives the verdict.
#![cfg_attr(not(feature = "std"), no_std)]
