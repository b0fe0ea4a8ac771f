//! How much each peer may ask for.

use std::{
	collections::HashMap,
	hash::Hash,
	time::{Duration, Instant},
};

/// Peers that are remembered.
const MAX_PEERS: usize = 4096;

/// One allowance per peer: so many requests at once, refilled at so many a second.
pub(crate) struct Allowances<Id> {
	burst: u32,
	per_second: u32,
	peers: HashMap<Id, (Instant, f64)>,
}

impl<Id: Eq + Hash> Allowances<Id> {
	/// The same for every peer.
	pub(crate) fn new(burst: u32, per_second: u32) -> Self {
		Self { burst, per_second, peers: HashMap::new() }
	}

	/// Time after which an allowance is full, so that its peer can be forgotten.
	fn refill(&self) -> Duration {
		Duration::from_secs_f64(f64::from(self.burst) / f64::from(self.per_second.max(1)))
	}

	/// Takes one request out of the peer's allowance; false when it is used up.
	pub(crate) fn take(&mut self, peer: Id, now: Instant) -> bool {
		if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(&peer) {
			let refill = self.refill();
			self.peers.retain(|_, (at, _)| now.saturating_duration_since(*at) < refill);
			if self.peers.len() >= MAX_PEERS {
				return false;
			}
		}
		let full = f64::from(self.burst);
		let (at, left) = self.peers.entry(peer).or_insert((now, full));
		let refilled =
			now.saturating_duration_since(*at).as_secs_f64() * f64::from(self.per_second);
		*at = now;
		*left = (*left + refilled).min(full);
		let allowed = *left >= 1.0;
		if allowed {
			*left -= 1.0;
		}
		allowed
	}
}
