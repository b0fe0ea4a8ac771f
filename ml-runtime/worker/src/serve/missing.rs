//! Blobs that were awaited in vain, remembered from job to job.
//!
//! The host waits minutes for a blob that nobody sends, since peers may be slow. In a dispute it is the
//! other side that should send it, and each move is a job of its own: without a memory, a side that
//! withholds its lists would take those minutes from the other's clock at every move. A file per blob in
//! the task's folder says when it was missing last:
//!
//! ```text
//! missing/02-5f…   seconds since 1970, as decimal digits
//! ```
//!
//! Only what a move can do without is looked for in this way. What a job cannot begin without, such as the
//! data set, may take long to arrive, and is waited for.

use std::{
	fs, io,
	path::{Path, PathBuf},
	time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use assay_worker_protocol::{BlobKey, Root};

use super::{link::Link, trouble::Trouble};

/// How long to wait for a blob that was missing a while ago. Time enough to ask each peer once or twice.
const BRIEF: Duration = Duration::from_secs(6);

/// For how long it is remembered that a blob was missing.
const MEMORY: Duration = Duration::from_secs(600);

/// Looks for lists of the other side.
pub(crate) struct Missing<'a> {
	link: &'a Link,
	dir: PathBuf,
	brief: Duration,
	memory: Duration,
}

impl<'a> Missing<'a> {
	pub(crate) fn new(link: &'a Link) -> Self {
		Self { link, dir: link.folder.join("missing"), brief: BRIEF, memory: MEMORY }
	}

	/// As [`Link::leaves`], but the wait is brief if the last one was in vain and not long ago.
	pub(crate) fn leaves(&self, key: BlobKey) -> Result<Option<Vec<Root>>, Trouble> {
		let limit = self.was_missing(&key).then_some(self.brief);
		let started = Instant::now();
		let leaves = self.link.leaves_within(key, limit)?;
		// An answer that comes at once says that this machine could not look, not that the blob is nowhere.
		if leaves.is_none() && started.elapsed() >= self.brief {
			if let Err(error) = self.note(&key) {
				log::warn!("could not note in {} what is missing: {error}", self.dir.display());
			}
		}
		Ok(leaves)
	}

	fn path(&self, key: &BlobKey) -> PathBuf {
		self.dir.join(key.to_string())
	}

	fn was_missing(&self, key: &BlobKey) -> bool {
		self.is_recent(&self.path(key))
	}

	/// Whether a file names a time that is not long ago. A time to come is none: the clock was set back.
	fn is_recent(&self, path: &Path) -> bool {
		let Some(at) = fs::read_to_string(path).ok().and_then(|text| text.parse().ok()) else {
			return false;
		};
		let age = now().checked_sub(Duration::from_secs(at));
		age.is_some_and(|age| age < self.memory)
	}

	fn note(&self, key: &BlobKey) -> io::Result<()> {
		fs::create_dir_all(&self.dir)?;
		for entry in fs::read_dir(&self.dir)? {
			let path = entry?.path();
			if !self.is_recent(&path) {
				// Another job may have removed it.
				let _ = fs::remove_file(path);
			}
		}
		// Cut short, it is no time, and the next wait is a long one.
		fs::write(self.path(key), now().as_secs().to_string())
	}
}

/// Time since 1970.
fn now() -> Duration {
	SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
	use std::sync::{
		mpsc::{channel, Receiver, Sender},
		Arc,
	};

	use assay_blobs::list_key;
	use assay_worker_protocol::{read_message, HostMessage, ListTag, PathText, WorkerMessage};
	use tempfile::TempDir;

	use super::*;
	use crate::serve::link::Output;

	/// How long jobs wait that wait briefly.
	const SHORT: Duration = Duration::from_millis(40);

	/// How long the host takes for an answer. That a job does not wait for it is seen from its result, or
	/// from its having one, where the host never answers.
	const LONG: Duration = Duration::from_millis(200);

	/// A job and its host.
	struct Job {
		link: Link,
		asked: Receiver<BlobKey>,
		answers: Sender<HostMessage>,
	}

	impl Job {
		/// A job whose host gives this answer to each question, a long time after it.
		fn start(folder: &TempDir, answer: Option<HostMessage>) -> Self {
			let (mut heard, pipe) = std::io::pipe().unwrap();
			let (tell, asked) = channel();
			let (answers, receiver) = channel();
			let slowly = answers.clone();
			std::thread::spawn(move || {
				while let Ok(Some(WorkerMessage::Need(key))) = read_message(&mut heard) {
					// Most tests do not count.
					let _ = tell.send(key);
					if let Some(answer) = answer.clone() {
						std::thread::sleep(LONG);
						// The job may be over.
						let _ = slowly.send(answer);
					}
				}
			});
			let link = Link::new(Output::new(pipe), receiver, Arc::default(), folder.path().into());
			Self { link, asked, answers }
		}

		fn missing(&self) -> Missing<'_> {
			Missing { brief: SHORT, ..Missing::new(&self.link) }
		}

		fn look(&self, key: BlobKey) -> Option<Vec<Root>> {
			self.missing().leaves(key).unwrap()
		}
	}

	/// A list in a file of the folder.
	fn list(folder: &TempDir, leaf: u8) -> (BlobKey, Vec<Root>, HostMessage) {
		let leaves = vec![[leaf; 32], [7; 32]];
		let key = list_key(ListTag::Steps, &leaves);
		let file = folder.path().join(format!("list-{leaf}"));
		fs::write(&file, leaves.as_flattened()).unwrap();
		(key, leaves, HostMessage::Have { key, path: PathText::new(&file).unwrap() })
	}

	/// A folder whose first job has awaited a list in vain.
	fn after_a_wait_in_vain() -> (TempDir, BlobKey, Vec<Root>, HostMessage) {
		let folder = TempDir::new().unwrap();
		let (key, leaves, have) = list(&folder, 1);
		let job = Job::start(&folder, Some(HostMessage::Unavailable { key }));
		assert_eq!(job.look(key), None);
		(folder, key, leaves, have)
	}

	#[test]
	fn wait_should_be_brief_when_a_job_before_has_waited_in_vain() {
		let (folder, key, ..) = after_a_wait_in_vain();
		for _ in 0..2 {
			let job = Job::start(&folder, None);
			assert_eq!(job.look(key), None);
			assert_eq!(job.asked.recv(), Ok(key), "it is looked for all the same");
		}
	}

	#[test]
	fn list_should_be_found_when_it_is_there_at_the_second_look() {
		let (folder, key, leaves, have) = after_a_wait_in_vain();
		let job = Job::start(&folder, None);
		job.answers.send(have).unwrap();
		assert_eq!(job.look(key), Some(leaves));
	}

	#[test]
	fn wait_should_be_long_when_it_is_for_something_else() {
		let (folder, ..) = after_a_wait_in_vain();
		let (other, leaves, have) = list(&folder, 2);
		assert_eq!(Job::start(&folder, Some(have)).look(other), Some(leaves));
	}

	#[test]
	fn wait_should_be_long_when_the_last_one_was_long_ago() {
		let (folder, key, leaves, have) = after_a_wait_in_vain();
		let job = Job::start(&folder, Some(have.clone()));
		let forgetful = Missing { memory: Duration::ZERO, ..job.missing() };
		assert_eq!(forgetful.leaves(key).unwrap(), Some(leaves.clone()));
		let file = folder.path().join("missing").join(key.to_string());
		for text in ["", "nonsense", "99999999999999", "1000000000"] {
			fs::write(&file, text).unwrap();
			let job = Job::start(&folder, Some(have.clone()));
			assert_eq!(job.look(key), Some(leaves.clone()), "{text:?} is not a while ago");
		}
	}

	#[test]
	fn wait_should_be_long_when_the_host_could_not_look() {
		let folder = TempDir::new().unwrap();
		let (key, leaves, have) = list(&folder, 1);
		let job = Job::start(&folder, None);
		job.answers.send(HostMessage::Unavailable { key }).unwrap();
		let patient = Missing { brief: Duration::from_secs(600), ..job.missing() };
		assert_eq!(patient.leaves(key).unwrap(), None);
		assert_eq!(Job::start(&folder, Some(have)).look(key), Some(leaves));
	}

	#[test]
	fn notes_should_go_when_they_are_old() {
		let (folder, key, ..) = after_a_wait_in_vain();
		let notes = folder.path().join("missing");
		fs::write(notes.join("an-old-one"), "1000000000").unwrap();
		let job = Job::start(&folder, None);
		job.missing().note(&list(&folder, 2).0).unwrap();
		let left = fs::read_dir(&notes).unwrap().map(|entry| entry.unwrap().file_name());
		let left: Vec<_> = left.filter_map(|name| name.into_string().ok()).collect();
		assert!(left.len() == 2 && left.contains(&key.to_string()), "{left:?}");
	}

	#[test]
	fn late_answer_should_be_passed_over_when_something_else_is_asked() {
		let (folder, key, _, have) = after_a_wait_in_vain();
		let (other, leaves, have_other) = list(&folder, 2);
		let job = Job::start(&folder, None);
		assert_eq!(job.look(key), None);
		job.answers.send(have).unwrap();
		job.answers.send(have_other).unwrap();
		assert_eq!(job.look(other), Some(leaves));
	}

	#[test]
	fn late_answer_should_be_taken_when_the_same_is_asked_again() {
		let (folder, key, leaves, have) = after_a_wait_in_vain();
		let job = Job::start(&folder, None);
		assert_eq!(job.look(key), None);
		job.answers.send(have).unwrap();
		assert_eq!(job.look(key), Some(leaves));
		drop(job.link);
		assert_eq!(job.asked.iter().count(), 1);
	}

	#[test]
	fn host_should_not_be_asked_for_more_when_it_looks_for_many() {
		let folder = TempDir::new().unwrap();
		let job = Job::start(&folder, None);
		let missing = Missing { brief: Duration::ZERO, ..job.missing() };
		fs::create_dir_all(&missing.dir).unwrap();
		for leaf in 0..40 {
			let (key, ..) = list(&folder, leaf);
			missing.note(&key).unwrap();
			assert_eq!(missing.leaves(key).unwrap(), None);
		}
		drop(job.link);
		assert_eq!(job.asked.iter().count(), 16);
	}
}
