//! The three non-blocking host functions through which off-chain workers reach the executor.
#![cfg_attr(not(feature = "std"), no_std)]
