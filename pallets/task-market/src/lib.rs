//! Post, bid, assign, heartbeat, claim and finalise training tasks; holds the reward.
#![cfg_attr(not(feature = "std"), no_std)]
