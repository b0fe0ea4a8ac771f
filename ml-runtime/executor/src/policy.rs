//! When checkpoints are written, and which of them stay.

use std::time::Duration;

/// When checkpoints are written, and which are kept. Changes nothing about results.
///
/// Permanent ones, *anchors*, bound what a dispute replays before it comes to a stride: less than
/// `anchor` strides, and less than `anchor_time` of steps, whichever is shorter. One takes 4 bytes per
/// word of all slots (weights, the moments of the optimiser, tables) and 32 per committed state so far.
/// With a step of a second and 1 GiB of slots the default writes 60 GiB an hour, of which `anchor_bytes`
/// stay at a time. Where that is less than all, anchors are further apart the longer the run gets, but
/// evenly: then a dispute replays more before its stride, so a solver of long runs of large models should
/// give them the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointPolicy {
	/// Least time between two rolling checkpoints. The last state is always written.
	pub interval: Duration,
	/// Each that many committed states a checkpoint is written and kept for good, so that disputes
	/// need not replay from the start. 0: never.
	pub anchor: u32,
	/// A checkpoint is also kept for good at the first committed state that is so much time of steps
	/// (as this process takes for them on average) after the last one. Zero: at every committed state.
	pub anchor_time: Duration,
	/// Bytes that anchors may take. Above it one is removed for each that is written: the one whose
	/// neighbours are closest. The newest always stays.
	pub anchor_bytes: u64,
}

impl Default for CheckpointPolicy {
	fn default() -> Self {
		Self {
			interval: Duration::from_secs(2),
			anchor: 16,
			anchor_time: Duration::from_secs(60),
			anchor_bytes: 32 << 30,
		}
	}
}

impl CheckpointPolicy {
	/// Whether committed state number `state` is an anchor by its number.
	pub(crate) fn counts(&self, state: u32) -> bool {
		self.anchor != 0 && state.is_multiple_of(self.anchor)
	}

	/// Whether so many steps after the last anchor there should be another, if one takes so many
	/// seconds.
	pub(crate) fn is_far(&self, steps: u64, seconds_per_step: f64) -> bool {
		steps as f64 * seconds_per_step >= self.anchor_time.as_secs_f64()
	}

	/// Anchors of so many bytes that may stay, at least one.
	pub(crate) fn most(&self, bytes: usize) -> usize {
		let most = self.anchor_bytes.checked_div(bytes as u64).unwrap_or(u64::MAX);
		usize::try_from(most).unwrap_or(usize::MAX).max(1)
	}
}

/// Which of these places, in ascending order, leaves the shortest gap when it is gone, the first of
/// equals; never the last. Before them comes `first`, which cannot go.
pub(crate) fn least_missed(first: u64, places: &[u64]) -> Option<usize> {
	let before = |index: usize| index.checked_sub(1).map_or(first, |index| places[index]);
	let last = places.len().checked_sub(1)?;
	(0..last).min_by_key(|index| places[index + 1].saturating_sub(before(*index)))
}

#[cfg(test)]
mod tests {
	use super::*;

	/// The places that are left of `0, 1, …, count` when at most `most` may stay.
	fn thinned(count: u64, most: usize) -> Vec<u64> {
		let mut places = Vec::new();
		for place in 1..=count {
			places.push(place);
			while places.len() > most {
				let Some(index) = least_missed(0, &places) else { break };
				places.remove(index);
			}
		}
		places
	}

	#[test]
	fn places_should_stay_even_when_they_are_thinned_out() {
		for (count, most) in [(10, 20), (100, 20), (1000, 20), (5000, 7), (100, 1)] {
			let left = thinned(count, most);
			assert_eq!(left.len(), most.min(count as usize));
			assert_eq!(left.last(), Some(&count));
			let gaps = left.iter().scan(0, |at, place| Some(place - std::mem::replace(at, *place)));
			let even = count.div_ceil(most as u64);
			assert!(gaps.max().unwrap() <= 3 * even, "{count} in {most}: {left:?}");
		}
	}

	#[test]
	fn policy_should_keep_one_anchor_at_least_when_none_fits() {
		let policy = CheckpointPolicy { anchor_bytes: 10, ..Default::default() };
		assert_eq!(
			(policy.most(4), policy.most(10), policy.most(11), policy.most(0)),
			(2, 1, 1, usize::MAX)
		);
	}
}
