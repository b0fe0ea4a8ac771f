//! Lists that were awaited in vain, remembered from job to job.
//!
//! Peers may be slow, so a list of the other side of a claim is waited for. Whoever withholds it gains that
//! time. Each move of a dispute is a job of its own, and a run may be ended while it waits: without a
//! memory, the same list would be waited for again and again, and the time taken from a clock or a
//! challenge window. So all waits for one list together are limited, and brief from then on. A file per
//! list in the task's folder says when it was last looked for, and for how long in all:
//!
//! ```text
//! missing/02-5f…   seconds since 1970, a space, milliseconds; as decimal digits
//! ```
//!
//! Only what a job can do without is looked for in this way. What it cannot begin without, such as the data
//! set, may take long to arrive, and is waited for.

use std::{
	fs, io,
	path::{Path, PathBuf},
	time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use assay_worker_protocol::{BlobKey, Root, LIST_WAIT};

use super::{
	link::{Limit, Link},
	trouble::Trouble,
};

/// How long to wait for a list once it was waited for in vain. Time enough to ask each peer once or twice.
const BRIEF: Duration = Duration::from_secs(6);

/// For how long it is remembered that a list was missing.
const MEMORY: Duration = Duration::from_secs(3600);

/// How much of a wait is forgotten at most when the process is killed.
const NOTE_EVERY: Duration = Duration::from_secs(2);

/// Looks for lists of the other side.
pub(crate) struct Missing<'a> {
	link: &'a Link,
	dir: PathBuf,
	first: Duration,
	brief: Duration,
	memory: Duration,
	note_every: Duration,
}

impl<'a> Missing<'a> {
	pub(crate) fn new(link: &'a Link) -> Self {
		let dir = link.folder.join("missing");
		let (first, brief) = (LIST_WAIT, BRIEF);
		Self { link, dir, first, brief, memory: MEMORY, note_every: NOTE_EVERY }
	}

	/// As [`Link::leaves_within`]; all waits for one list are as long as one, and then they are brief.
	pub(crate) fn leaves(&self, key: BlobKey) -> Result<Option<Vec<Root>>, Trouble> {
		let before = self.waited(&self.path(&key)).unwrap_or_default();
		let most = self.first.saturating_sub(before).max(self.brief);
		let tell = |waited| self.note(&key, before.saturating_add(waited));
		let limit = Limit { most, every: self.note_every, tell: &tell };
		let started = Instant::now();
		let leaves = self.link.leaves_within(key, Some(limit))?;
		let waited = started.elapsed();
		if leaves.is_some() {
			// It may not be there.
			let _ = fs::remove_file(self.path(&key));
		} else if waited >= self.brief {
			// The host has given up, or did not find it in time.
			self.note(&key, self.first);
		} else {
			// An answer that comes at once says that this machine could not look, not that the list is nowhere.
			tell(waited);
		}
		Ok(leaves)
	}

	fn path(&self, key: &BlobKey) -> PathBuf {
		self.dir.join(key.to_string())
	}

	/// For how long a list was waited for, by the file about it; `None` if that was long ago. A time to
	/// come is none: the clock was set back.
	fn waited(&self, path: &Path) -> Option<Duration> {
		let text = fs::read_to_string(path).ok()?;
		let (at, waited) = text.split_once(' ')?;
		let age = now().checked_sub(Duration::from_secs(at.parse().ok()?))?;
		(age < self.memory).then_some(Duration::from_millis(waited.parse().ok()?))
	}

	/// Notes for how long a list was waited for until now.
	fn note(&self, key: &BlobKey, waited: Duration) {
		if let Err(error) = self.write(key, waited) {
			log::warn!("could not note in {} what is missing: {error}", self.dir.display());
		}
	}

	fn write(&self, key: &BlobKey, waited: Duration) -> io::Result<()> {
		fs::create_dir_all(&self.dir)?;
		for entry in fs::read_dir(&self.dir)? {
			let path = entry?.path();
			if self.waited(&path).is_none() {
				// Another job may have removed it.
				let _ = fs::remove_file(path);
			}
		}
		// Cut short, it is no time or an earlier one, and the next wait is longer.
		fs::write(self.path(key), format!("{} {}", now().as_secs(), waited.as_millis()))
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
		forgone: Receiver<BlobKey>,
		answers: Sender<HostMessage>,
	}

	impl Job {
		/// A job whose host gives this answer to each question, a long time after it.
		fn start(folder: &TempDir, answer: Option<HostMessage>) -> Self {
			let (mut heard, pipe) = std::io::pipe().unwrap();
			let ((tell, asked), (tell_forgone, forgone)) = (channel(), channel());
			let (answers, receiver) = channel();
			let answer = answer.map(|answer| (answer, answers.clone()));
			std::thread::spawn(move || {
				while let Ok(Some(message)) = read_message(&mut heard) {
					// Most tests do not count.
					let _ = match message {
						WorkerMessage::Need(key) => tell.send(key),
						WorkerMessage::Forgo(key) => {
							let _ = tell_forgone.send(key);
							continue;
						},
						other => panic!("{other:?}"),
					};
					if let Some((answer, answers)) = &answer {
						std::thread::sleep(LONG);
						// The job may be over.
						let _ = answers.send(answer.clone());
					}
				}
			});
			let link = Link::new(Output::new(pipe), receiver, Arc::default(), folder.path().into());
			Self { link, asked, forgone, answers }
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
	fn first_wait_should_end_when_the_host_never_answers() {
		let folder = TempDir::new().unwrap();
		let (key, leaves, have) = list(&folder, 1);
		let job = Job::start(&folder, None);
		let missing = Missing { first: LONG, ..job.missing() };
		assert_eq!(missing.leaves(key).unwrap(), None);
		assert_eq!(job.forgone.recv(), Ok(key), "the host is told");
		assert_eq!(missing.waited(&missing.path(&key)), Some(LONG));
		job.answers.send(have).unwrap();
		assert_eq!(missing.leaves(key).unwrap(), Some(leaves));
		assert_eq!(missing.waited(&missing.path(&key)), None, "it is there");
	}

	/// As [`Missing::leaves`] in a job that is ended while it waits.
	fn look_and_be_ended(folder: &TempDir, key: BlobKey, first: Duration) -> Option<Duration> {
		let Job { link, answers, .. } = Job::start(folder, None);
		std::thread::spawn(move || {
			std::thread::sleep(LONG);
			drop(answers);
		});
		let note_every = Duration::from_millis(10);
		let missing = Missing { brief: SHORT, first, note_every, ..Missing::new(&link) };
		let ended = missing.leaves(key);
		assert!(matches!(ended, Err(Trouble::Gone) | Ok(None)), "{ended:?}");
		missing.waited(&missing.path(&key))
	}

	#[test]
	fn wait_should_go_on_when_the_process_before_was_ended() {
		let folder = TempDir::new().unwrap();
		let (key, ..) = list(&folder, 1);
		let mut noted = Duration::ZERO;
		let mut runs = 0;
		while noted < 4 * LONG {
			let waited = look_and_be_ended(&folder, key, 4 * LONG).unwrap();
			assert!(waited > noted, "{waited:?} after {noted:?}");
			(noted, runs) = (waited, runs + 1);
		}
		assert!(runs > 1, "the first was ended before its time");
		let job = Job::start(&folder, None);
		assert_eq!(Missing { first: 4 * LONG, ..job.missing() }.leaves(key).unwrap(), None);
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
		for text in ["", "nonsense", "1760000000", "99999999999999 90000", "1000000000 90000"] {
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
		fs::write(notes.join("an-old-one"), "1000000000 90000").unwrap();
		let job = Job::start(&folder, None);
		job.missing().note(&list(&folder, 2).0, LONG);
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
		assert_eq!(job.asked.iter().count(), 2, "the host knows that it is waited for again");
	}

	#[test]
	fn host_should_not_be_asked_for_more_when_it_looks_for_many() {
		let folder = TempDir::new().unwrap();
		let job = Job::start(&folder, None);
		let missing = Missing { brief: Duration::ZERO, ..job.missing() };
		fs::create_dir_all(&missing.dir).unwrap();
		for leaf in 0..40 {
			let (key, ..) = list(&folder, leaf);
			missing.note(&key, LIST_WAIT);
			assert_eq!(missing.leaves(key).unwrap(), None);
		}
		drop(job.link);
		assert_eq!(job.asked.iter().count(), 16);
	}
}
