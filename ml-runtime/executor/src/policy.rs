//! When checkpoints are written, and which of them stay.

use std::time::Duration;

const GIB: u64 = 1 << 30;

/// When checkpoints are written, and which are kept. Changes nothing about results.
///
/// Permanent ones, *anchors*, bound what a dispute replays before it comes to a stride. Time here is that
/// of steps alone, as this process takes for them on average. One anchor takes 4 bytes per word of all
/// slots (weights, the moments of the optimiser, tables) and 32 per committed state so far: with a step of
/// a second and 1 GiB of slots, 60 GiB an hour are written.
///
/// Anchors that take more than `anchor_bytes` are thinned out evenly, but neighbours never get further
/// apart than `furthest`, whatever that takes: the clocks of a dispute give a move no more time. Only where
/// the disk is short of room, or beyond `most_bytes`, do gaps grow further, the former with a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointPolicy {
	/// Least time between two rolling checkpoints. The last state is always written.
	pub interval: Duration,
	/// A rolling checkpoint is written so many times later than the last one took to write, if that is
	/// longer.
	pub rest: u32,
	/// Each that many committed states there is an anchor. 0: never.
	pub anchor: u32,
	/// Unless the last anchor is closer than this.
	pub closest: Duration,
	/// There is also an anchor at the first committed state that is so much time after the last one.
	/// Zero: at every committed state.
	pub anchor_time: Duration,
	/// Largest gap between anchors, unless a single stride takes longer.
	pub furthest: Duration,
	/// Bytes that anchors may take as long as they are not too far apart. The newest always stays.
	pub anchor_bytes: u64,
	/// Bytes that they may take in any case.
	pub most_bytes: u64,
	/// Bytes of the disk that stay free; `None`: [the usual](assay_disk::Room::reserve).
	pub reserve: Option<u64>,
}

impl CheckpointPolicy {
	/// For a run whose claim is to be defended.
	///
	/// Moves of a dispute have 225 blocks of 6 seconds in all, on a machine that may do other things as
	/// well: 4 minutes of replay leave time for the rest.
	pub const TRAINING: Self = Self {
		interval: Duration::from_secs(2),
		rest: 10,
		anchor: 16,
		closest: Duration::from_secs(10),
		anchor_time: Duration::from_secs(60),
		furthest: Duration::from_secs(240),
		anchor_bytes: 32 * GIB,
		most_bytes: u64::MAX,
		reserve: None,
	};

	/// For a run that checks somebody else's claim. Strangers can have many of these done, and most are
	/// removed soon: they take far less of the disk. The anchors are for disputes in which the difference
	/// is found late, since the list of states was withheld.
	pub const CHECK: Self = Self { anchor_bytes: 2 * GIB, most_bytes: 16 * GIB, ..Self::TRAINING };
}

impl Default for CheckpointPolicy {
	fn default() -> Self {
		Self::TRAINING
	}
}

impl CheckpointPolicy {
	/// Whether committed state number `state` is an anchor by its number.
	pub(crate) fn counts(&self, state: u32) -> bool {
		self.anchor != 0 && state.is_multiple_of(self.anchor)
	}

	/// Whether there should be an anchor at committed state number `state`, so much time after the last.
	pub(crate) fn is_anchor(&self, state: u32, since: Duration) -> bool {
		since >= self.anchor_time || (self.counts(state) && since >= self.closest)
	}

	/// What becomes of the anchor that is missed least, of so many of `bytes` each. Without it there would be
	/// this gap. Beyond `most_bytes` they are too many anyway, unless there were more when the process
	/// started: a check must not thin out what a training has left.
	pub(crate) fn fate(
		&self,
		(count, bytes): (usize, u64),
		at_start: usize,
		gap: Duration,
		is_short: bool,
	) -> Fate {
		let is_over = count > most(self.anchor_bytes, bytes);
		match gap <= self.furthest {
			_ if count > most(self.most_bytes, bytes).max(at_start) => Fate::Goes,
			true if is_over || is_short => Fate::Goes,
			false if is_over && is_short => Fate::MakesRoom,
			true | false => Fate::Stays,
		}
	}

	/// Least time between two rolling checkpoints if one takes so long to write.
	pub(crate) fn pause(&self, took: Duration) -> Duration {
		self.interval.max(took.saturating_mul(self.rest))
	}
}

/// What becomes of an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
	/// It stays.
	Stays,
	/// It goes, and maybe the next as well.
	Goes,
	/// It goes although it is needed, for another one that came: no more is taken of the disk.
	MakesRoom,
}

/// How many files of `bytes` take at most `all`, at least one.
pub(crate) fn most(all: u64, bytes: u64) -> usize {
	let most = all.checked_div(bytes).unwrap_or(u64::MAX);
	usize::try_from(most).unwrap_or(usize::MAX).max(1)
}

/// The time of so many steps.
pub(crate) fn time_of(steps: u64, seconds_per_step: f64) -> Duration {
	Duration::try_from_secs_f64(steps as f64 * seconds_per_step).unwrap_or(Duration::MAX)
}

/// Which of these places, in ascending order, leaves the shortest gap when it is gone, the first of
/// equals, and that gap; never the last. Before them comes `first`, which cannot go.
pub(crate) fn least_missed(first: u64, places: &[u64]) -> Option<(usize, u64)> {
	let before = |index: usize| index.checked_sub(1).map_or(first, |index| places[index]);
	let last = places.len().checked_sub(1)?;
	let gaps = (0..last).map(|index| (index, places[index + 1].saturating_sub(before(index))));
	gaps.min_by_key(|(_, gap)| *gap)
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
				let Some((index, _)) = least_missed(0, &places) else { break };
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

	/// Gaps between the anchors of a run of so many seconds, one a minute of a tenth of the budget each, and
	/// how many they are. The disk is short from some anchor on.
	fn anchors(seconds: u64, short_from: usize) -> (Vec<u64>, usize) {
		let policy = CheckpointPolicy { anchor_bytes: 10, ..CheckpointPolicy::TRAINING };
		let mut places = Vec::new();
		for place in (60..=seconds).step_by(60) {
			places.push(place);
			while let Some((index, gap)) = least_missed(0, &places) {
				let (gap, is_short) = (Duration::from_secs(gap), places.len() > short_from);
				let fate = policy.fate((places.len(), 1), 0, gap, is_short);
				if fate != Fate::Stays {
					places.remove(index);
				}
				if fate != Fate::Goes {
					break;
				}
			}
		}
		let gaps = places.iter().scan(0, |at, place| Some(place - std::mem::replace(at, *place)));
		(gaps.collect(), places.len())
	}

	#[test]
	fn anchors_should_be_within_the_budget_when_they_are_not_too_far_apart() {
		let (gaps, count) = anchors(1200, usize::MAX);
		assert_eq!(count, 10);
		assert!(gaps.into_iter().all(|gap| gap <= 240));
	}

	#[test]
	fn anchors_should_never_be_too_far_apart_when_the_run_is_long() {
		for minutes in [60, 601, 24 * 60, 30 * 24 * 60] {
			let (gaps, count) = anchors(minutes * 60, usize::MAX);
			assert!(gaps.iter().all(|gap| *gap <= 240), "{gaps:?}");
			assert!(
				count as u64 <= minutes / 2 + 10,
				"at most twice as many as are needed: {count}"
			);
		}
	}

	#[test]
	fn anchors_should_get_further_apart_only_when_the_disk_is_short_and_they_are_over_the_budget() {
		let (gaps, count) = anchors(24 * 3600, 30);
		assert_eq!(count, 30, "for each that comes one goes");
		assert!(gaps.into_iter().max() > Some(240));
		let (gaps, count) = anchors(24 * 3600, 5);
		assert_eq!(count, 10, "the budget is granted anyway");
		assert!(gaps.into_iter().max() <= Some(3 * 24 * 3600 / 10), "and they are even");
	}

	#[test]
	fn anchors_of_a_check_should_have_a_bound_when_they_are_far_apart() {
		let policy = CheckpointPolicy::CHECK;
		let fate = |count, at_start| policy.fate((count, GIB), at_start, Duration::MAX, false);
		assert_eq!((fate(16, 0), fate(17, 0)), (Fate::Stays, Fate::Goes));
		assert_eq!((fate(20, 20), fate(21, 20)), (Fate::Stays, Fate::Goes));
	}

	#[test]
	fn one_file_at_least_should_stay_when_none_fits() {
		assert_eq!([4, 10, 11, 0].map(|bytes| most(10, bytes)), [2, 1, 1, usize::MAX]);
	}

	#[test]
	fn state_should_be_an_anchor_by_number_when_the_last_is_not_too_close() {
		let policy = CheckpointPolicy::TRAINING;
		let seconds = Duration::from_secs;
		assert!(!policy.is_anchor(16, seconds(9)) && policy.is_anchor(16, seconds(10)));
		assert!(!policy.is_anchor(17, seconds(59)) && policy.is_anchor(17, seconds(60)));
	}

	#[test]
	fn checkpoints_should_be_rare_when_they_take_long_to_write() {
		let policy = CheckpointPolicy::TRAINING;
		let pause = |millis| policy.pause(Duration::from_millis(millis)).as_secs();
		assert_eq!([0, 100, 3000].map(pause), [2, 2, 30]);
	}

	#[test]
	fn time_should_be_endless_when_it_is_no_number() {
		assert_eq!(time_of(3, 0.5), Duration::from_millis(1500));
		assert_eq!(time_of(u64::MAX, 1e300), Duration::MAX);
		assert_eq!(time_of(1, f64::NAN), Duration::MAX);
	}
}
