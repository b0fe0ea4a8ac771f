//! Runtime APIs: what wallets, explorers and workers ask the chain.
#![cfg_attr(not(feature = "std"), no_std)]
