//! How long jobs have not been asked for.

use std::time::{Duration, Instant};

/// A clock that goes on only while jobs are asked for.
///
/// Whoever wants a job submits or polls it in every block, so one that is not asked for while others are
/// is no longer wanted. A node that gets no blocks asks for nothing and still wants what it wanted before:
/// between two questions this clock goes on by a limited time, however long they lie apart.
#[derive(Debug, Default)]
pub(crate) struct Attention {
	last: Option<Instant>,
	elapsed: Duration,
}

impl Attention {
	/// Something is asked for now. The clock goes on by `most` at most.
	pub(crate) fn tick(&mut self, now: Instant, most: Duration) {
		if let Some(last) = self.last.replace(now) {
			self.elapsed += now.saturating_duration_since(last).min(most);
		}
	}

	/// What it shows.
	pub(crate) fn elapsed(&self) -> Duration {
		self.elapsed
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn clock_should_stand_when_nothing_is_asked_for() {
		let (start, second) = (Instant::now(), Duration::from_secs(1));
		let mut clock = Attention::default();
		clock.tick(start, 30 * second);
		assert_eq!(clock.elapsed(), Duration::ZERO);
		clock.tick(start + 6 * second, 30 * second);
		assert_eq!(clock.elapsed(), 6 * second);
		clock.tick(start + 3600 * second, 30 * second);
		assert_eq!(clock.elapsed(), 36 * second);
		clock.tick(start, 30 * second);
		assert_eq!(clock.elapsed(), 36 * second, "it does not go back");
	}
}
