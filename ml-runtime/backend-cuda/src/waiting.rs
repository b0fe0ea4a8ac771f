//! Waiting for a device, which may never answer.

use std::{
	sync::atomic::{AtomicBool, Ordering},
	thread,
	time::{Duration, Instant},
};

use crate::DeviceError;

/// How long a device may be busy with what it was given. A step takes seconds at most; a device whose bus or firmware is
/// gone takes for ever. A worker that is to say hello within five minutes waits so long before it does, and so does each
/// move of a dispute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

/// For so long whoever waits stays awake: a sleep takes longer than many waits.
const AWAKE: Duration = Duration::from_micros(100);

/// The longest sleep.
const LONGEST: Duration = Duration::from_millis(1);

/// Sleeps are shorter than the wait so far by this factor, so that they add little to it.
const SHARE: u32 = 64;

/// How long a device is waited for, and whether that was once in vain: then never again.
#[derive(Debug)]
pub(crate) struct Waiting {
	patience: Duration,
	is_silent: AtomicBool,
}

impl Waiting {
	pub(crate) fn new(patience: Duration) -> Self {
		Self { patience, is_silent: AtomicBool::new(false) }
	}

	/// Refuses a device that did not answer once.
	pub(crate) fn check(&self) -> Result<(), DeviceError> {
		match self.is_silent.load(Ordering::Relaxed) {
			true => Err(DeviceError::Silent(self.patience)),
			false => Ok(()),
		}
	}

	/// Asks again and again, until it is done.
	pub(crate) fn until(
		&self,
		mut is_done: impl FnMut() -> Result<bool, DeviceError>,
	) -> Result<(), DeviceError> {
		self.check()?;
		let start = Instant::now();
		while !is_done()? {
			let waited = start.elapsed();
			if waited >= self.patience {
				self.is_silent.store(true, Ordering::Relaxed);
				return self.check();
			}
			if waited < AWAKE {
				thread::yield_now();
			} else {
				thread::sleep((waited / SHARE).min(LONGEST));
			}
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn wait_should_end_when_it_is_done_or_fails() {
		let waiting = Waiting::new(PATIENCE);
		let mut left = 200;
		let waited = waiting.until(|| {
			left -= 1;
			Ok(left == 0)
		});
		assert_eq!((waited, left), (Ok(()), 0));
		let failed = || Err(DeviceError::Driver("it fails".into()));
		assert_eq!(waiting.until(failed), failed().map(drop));
		assert_eq!(waiting.until(|| Ok(true)), Ok(()), "that it failed is no silence");
	}

	#[test]
	fn device_should_not_be_asked_again_when_it_did_not_answer() {
		let patience = Duration::from_millis(3);
		let waiting = Waiting::new(patience);
		assert_eq!(waiting.until(|| Ok(false)), Err(DeviceError::Silent(patience)));
		let again = waiting.until(|| unreachable!("it is asked"));
		assert_eq!(again, Err(DeviceError::Silent(patience)));
	}
}
