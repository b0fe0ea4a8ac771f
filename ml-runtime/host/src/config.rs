//! How a host behaves.

use std::{path::PathBuf, time::Duration};

use assay_worker_protocol::LIST_WAIT;

/// By how much longer a run may wait for blobs than its worker, or the resolver, tries by itself.
const MARGIN: Duration = Duration::from_secs(30);

/// The usual time for a worker's first message.
const HELLO: Duration = Duration::from_secs(30);

/// The same for a worker with a GPU: before it says anything it opens the device, whose driver then compiles the
/// kernels if it has not kept them.
const HELLO_WITH_GPU: Duration = Duration::from_secs(300);

/// How a host behaves. [`HostConfig::new`] has sensible values for everything but the two paths.
#[derive(Clone, Debug)]
pub struct HostConfig {
	/// The worker's executable.
	pub worker: PathBuf,
	/// Its arguments. See [`with_args`](Self::with_args).
	pub args: Vec<String>,
	/// Its environment: this and nothing else.
	pub env: Vec<(String, String)>,
	/// Where journal and folders of tasks are kept.
	pub base: PathBuf,
	/// Jobs of any kind that run at the same time.
	pub general_slots: usize,
	/// Moves of disputes that run at the same time, beside those.
	pub urgent_slots: usize,
	/// How much lower than the node's the worker's priority is (`nice`), where the system can.
	pub nice: Option<u8>,
	/// Jobs of each rank that may wait: so many moves and parts to hand in, so many trainings, so many
	/// checks, so many preparations. None lacks room because of another rank.
	pub max_queued: usize,
	/// Finished jobs that are remembered; the oldest are forgotten first.
	pub max_finished: usize,
	/// Folders that are kept of tasks that were trained or disputed. Here and below, those longest unused
	/// are removed first, and never one that a job which has not ended needs. A claim is defended with
	/// these checkpoints, so there should be room for more tasks than can be open to dispute at once; each
	/// takes as much of the disk as some copies of its parameters.
	pub max_training_folders: usize,
	/// Folders that are kept of tasks that were checked, and neither trained nor disputed.
	pub max_check_folders: usize,
	/// Folders that are kept of tasks that were only prepared. They hold nothing of value.
	pub max_preparation_folders: usize,
	/// Bytes that the folders of checks may take, those that jobs need included: as many of the others go,
	/// the longest unused first, as are too much. A check that agreed leaves no folder.
	pub max_check_bytes: u64,
	/// The same for preparations.
	pub max_preparation_bytes: u64,
	/// Bytes of the disk that stay free; without a number [the usual](assay_disk::Room::reserve). While less
	/// is free, folders of preparations go, and those of checks that nobody asked for in `stale_after`; where
	/// that is not enough, neither is begun. The node's database is on the same disk, and trainings and moves
	/// need it too.
	pub reserve: Option<u64>,
	/// Lines of the workers' error output that are kept.
	pub log_lines: usize,
	/// Time for a worker's first message.
	pub hello_timeout: Duration,
	/// Time between pings.
	pub ping_every: Duration,
	/// How long a worker may say nothing, pings notwithstanding.
	pub silence_limit: Duration,
	/// Time for a worker to exit when told to.
	pub exit_grace: Duration,
	/// Attempts in a row that may fail without getting further than an earlier one.
	pub max_tries: u32,
	/// Pause after the first failed attempt; doubles with each.
	pub first_pause: Duration,
	/// Longest such pause.
	pub longest_pause: Duration,
	/// Age at which a result that may change is computed anew when the job is submitted again.
	pub retry_after: Duration,
	/// How long a job is kept that nobody asks for while others are asked for: who wants a job submits or
	/// polls it in every block. After this time one that waits is forgotten, and one that runs is stopped.
	/// Time in which nothing is asked for does not count.
	pub stale_after: Duration,
	/// The same for trainings that run: more work is lost with them.
	pub abandon_after: Duration,
	/// For how long a check keeps its slot from a training that waits. Moves take it at once; and anything
	/// takes that of a preparation at once.
	pub turn: Duration,
	/// For how long in all a run may wait for blobs while another job of its rank waits for the slot. Then
	/// a check or a move has to do without them, and anything else leaves its slot. See
	/// [`with_resolver`](Self::with_resolver).
	pub patience: Duration,
	/// Whether a training counts as done only when the store holds what its claim commits to.
	pub require_artifacts: bool,
}

impl HostConfig {
	/// The usual configuration for this worker executable, keeping its files under `base`.
	pub fn new(worker: impl Into<PathBuf>, base: impl Into<PathBuf>) -> Self {
		Self {
			worker: worker.into(),
			args: Vec::new(),
			env: Vec::new(),
			base: base.into(),
			general_slots: 1,
			urgent_slots: 1,
			nice: Some(10),
			max_queued: 64,
			max_finished: 1024,
			max_training_folders: 256,
			max_check_folders: 64,
			max_preparation_folders: 8,
			max_check_bytes: 16 << 30,
			max_preparation_bytes: 8 << 30,
			reserve: None,
			log_lines: 200,
			hello_timeout: HELLO,
			ping_every: Duration::from_secs(10),
			silence_limit: Duration::from_secs(60),
			exit_grace: Duration::from_secs(3),
			max_tries: 5,
			first_pause: Duration::from_millis(500),
			longest_pause: Duration::from_secs(30),
			retry_after: Duration::from_secs(30),
			stale_after: Duration::from_secs(120),
			abandon_after: Duration::from_secs(600),
			turn: Duration::from_secs(300),
			patience: LIST_WAIT + MARGIN,
			require_artifacts: true,
		}
	}

	/// The same for a worker with these arguments, and the time that they give it for its first message.
	pub fn with_args(self, args: Vec<String>) -> Self {
		let is_gpu = |arg: &String| arg == "--gpu" || arg.starts_with("--gpu=");
		let hello_timeout = if args.iter().any(is_gpu) { HELLO_WITH_GPU } else { HELLO };
		Self { args, hello_timeout, ..self }
	}

	/// The same for a resolver that gives a blob up after so long. Runs are more patient than that, and
	/// than their workers: a run that left its slot before the wait has ended would begin it anew, for ever
	/// if there are others like it.
	pub fn with_resolver(self, gives_up: Duration) -> Self {
		Self { patience: gives_up.max(LIST_WAIT).saturating_add(MARGIN), ..self }
	}

	/// The pause after so many failed attempts in a row.
	pub(crate) fn pause(&self, failed: u32) -> Duration {
		let doubled = 1u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX);
		self.first_pause.saturating_mul(doubled).min(self.longest_pause)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn worker_should_have_more_time_for_its_first_message_when_it_has_a_gpu() {
		let limit = |args: &[&str]| {
			let args: Vec<_> = args.iter().map(|arg| (*arg).to_owned()).collect();
			let config = HostConfig::new("worker", "base").with_args(args.clone());
			assert_eq!(config.args, args);
			config.hello_timeout.as_secs()
		};
		for args in [&["serve", "--gpu"][..], &["serve", "--gpu", "1"], &["--gpu=0", "serve"]] {
			assert_eq!(limit(args), 300, "{args:?}");
		}
		for args in [&["serve"][..], &[], &["serve", "--sandbox", "off", "--gpus"]] {
			assert_eq!(limit(args), 30, "{args:?}");
		}
	}

	#[test]
	fn patience_should_exceed_what_worker_and_resolver_wait() {
		let config = HostConfig::new("worker", "base");
		assert!(config.patience > LIST_WAIT);
		for seconds in [1, 120, 3600] {
			let gives_up = Duration::from_secs(seconds);
			let patience = config.clone().with_resolver(gives_up).patience;
			assert!(patience > gives_up && patience > LIST_WAIT, "{seconds}: {patience:?}");
		}
	}
}
