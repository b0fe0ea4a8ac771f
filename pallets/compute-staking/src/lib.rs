//! Register solvers, bond, lock per task, unbond and slash.
#![cfg_attr(not(feature = "std"), no_std)]
