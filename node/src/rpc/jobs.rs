//! The executor's jobs as JSON.

use assay_executor_host::{JobInfo, JobKind};
use assay_host_functions::{Fault, JobStatus, Progress};
use assay_runtime::Hash;
use serde::Serialize;

/// An entry of the answer of `assay_executorJobs`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutorJob {
	/// As in the log: 16 hexadecimal digits, since JavaScript's numbers are too small.
	id: String,
	kind: &'static str,
	task: u32,
	attempt: u32,
	state: &'static str,
	/// Absent until the worker has said something since the node started.
	#[serde(flatten)]
	progress: Option<JobProgress>,
	/// Why it failed.
	#[serde(skip_serializing_if = "Option::is_none")]
	reason: Option<String>,
}

/// What a worker said last.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobProgress {
	step: u32,
	steps: u32,
	/// Of the last step; null before the first, and where it is no finite number.
	loss: Option<f32>,
	states: u32,
	heartbeat_root: Hash,
	steps_per_second: f64,
}

impl JobProgress {
	fn new(progress: &Progress) -> Self {
		let Progress { step, steps, loss_bits, states, heartbeat_root, steps_per_second_milli } =
			*progress;
		let loss = Some(f32::from_bits(loss_bits)).filter(|loss| step > 0 && loss.is_finite());
		let steps_per_second = f64::from(steps_per_second_milli) / 1000.0;
		Self { step, steps, loss, states, heartbeat_root: heartbeat_root.into(), steps_per_second }
	}
}

impl From<JobInfo> for ExecutorJob {
	fn from(job: JobInfo) -> Self {
		let kind = match job.kind {
			JobKind::Train => "train",
			JobKind::Check => "check",
			JobKind::Play => "play",
			JobKind::HandIn => "handIn",
			JobKind::Prepare => "prepare",
		};
		let (state, reason) = match job.status {
			// A host lists none that it does not know.
			JobStatus::Unknown | JobStatus::Queued => ("queued", None),
			JobStatus::Running(_) => ("running", None),
			JobStatus::Done(_) => ("done", None),
			JobStatus::Failed(Fault::Task(why) | Fault::Machine(why)) => {
				("failed", Some(why.to_string()))
			},
		};
		let progress = (job.progress.steps > 0).then(|| JobProgress::new(&job.progress));
		let (task, attempt) = (job.task, job.attempt);
		Self { id: format!("{:016x}", job.id), kind, task, attempt, state, progress, reason }
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::{json, Value};

	fn shown(status: JobStatus, progress: Progress) -> Value {
		let job = JobInfo { id: 0xab, kind: JobKind::Train, task: 7, attempt: 1, status, progress };
		serde_json::to_value(ExecutorJob::from(job)).expect("JSON")
	}

	fn progress(loss: f32) -> Progress {
		Progress {
			step: 3,
			steps: 9,
			loss_bits: loss.to_bits(),
			states: 2,
			heartbeat_root: [0x11; 32],
			steps_per_second_milli: 1500,
		}
	}

	#[test]
	fn job_should_show_its_progress_when_it_runs() {
		let expected = json!({
			"id": "00000000000000ab", "kind": "train", "task": 7, "attempt": 1, "state": "running",
			"step": 3, "steps": 9, "loss": 0.5, "states": 2,
			"heartbeatRoot": format!("0x{}", "11".repeat(32)), "stepsPerSecond": 1.5,
		});
		assert_eq!(shown(JobStatus::Running(progress(0.5)), progress(0.5)), expected);
	}

	#[test]
	fn loss_should_be_null_when_it_is_no_number() {
		for none in
			[progress(f32::NAN), progress(f32::INFINITY), Progress { step: 0, ..progress(0.5) }]
		{
			assert_eq!(shown(JobStatus::Running(none), none)["loss"], Value::Null);
		}
	}

	#[test]
	fn job_should_say_why_when_it_failed() {
		let status = JobStatus::Failed(Fault::Machine("no memory".into()));
		let expected = json!({
			"id": "00000000000000ab", "kind": "train", "task": 7, "attempt": 1, "state": "failed",
			"reason": "no memory",
		});
		assert_eq!(shown(status, Progress::default()), expected);
	}
}
