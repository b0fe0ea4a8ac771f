//! One life of a worker process.

use std::{
	path::PathBuf,
	sync::{mpsc::RecvTimeoutError, Arc},
	time::{Duration, Instant},
};

use assay_worker_protocol::{
	Fault, HostMessage, Job, JobId, JobResult, JobStatus, PathText, Progress, Work, WorkerMessage,
};

use crate::{
	host::Inner,
	logbook::Logbook,
	process::{Event, Worker, TICK},
	resolver::CancelToken,
	transfers::Transfers,
	HostError,
};

/// Lines of the worker's error output that a fault quotes.
const QUOTED_LINES: usize = 3;

/// How an attempt ended.
pub(crate) enum End {
	/// With the end of the job.
	Job(Box<JobStatus>),
	/// The job is no longer wanted.
	Cancelled,
	/// With a fault of the machine; it may help to try again.
	Fault(String),
	/// With a fault of the machine that every attempt will have.
	Hopeless(String),
}

/// What an attempt is about.
pub(crate) struct Attempt<'a> {
	pub(crate) inner: &'a Inner,
	pub(crate) id: JobId,
	pub(crate) job: &'a Job,
	pub(crate) folder: PathBuf,
	pub(crate) cancel: &'a CancelToken,
}

impl Attempt<'_> {
	/// Runs a worker until it or its job ends.
	pub(crate) fn run(&self, mut on_progress: impl FnMut(Progress)) -> End {
		let log = Arc::new(Logbook::new(QUOTED_LINES));
		let end = self.supervise(&log, &mut on_progress);
		let quote = log.last(QUOTED_LINES).join(" | ");
		match end {
			End::Fault(why) if !quote.is_empty() => End::Fault(format!("{why}; it wrote: {quote}")),
			end => end,
		}
	}

	fn supervise(&self, log: &Arc<Logbook>, on_progress: &mut dyn FnMut(Progress)) -> End {
		let config = &self.inner.config;
		let Some(folder) = PathText::new(&self.folder) else {
			return End::Hopeless("the path of the task's folder is too long or not UTF-8".into());
		};
		let logs = [log.clone(), self.inner.log.clone()];
		let mut worker = match Worker::spawn(config, &self.folder, logs) {
			Ok(worker) => worker,
			Err(error) => return End::Fault(error.to_string()),
		};
		match worker.greet(config.hello_timeout, self.cancel) {
			Ok(hello) => log::debug!("job {:016x} runs on worker {}", self.id, hello.build),
			Err(_) if self.cancel.is_cancelled() => return End::Cancelled,
			Err(error @ HostError::Handshake(_)) => return End::Hopeless(error.to_string()),
			Err(error) => return End::Fault(error.to_string()),
		}
		worker.send(HostMessage::Start { id: self.id, folder, job: self.job.clone() });
		let end = self.converse(&worker, on_progress);
		match end {
			End::Job(_) => worker.send(HostMessage::Shutdown),
			End::Cancelled => worker.send(HostMessage::Cancel),
			End::Fault(_) | End::Hopeless(_) => true,
		};
		let hurry = self.inner.is_stopping();
		match (end, worker.wait(if hurry { Duration::ZERO } else { config.exit_grace })) {
			(End::Fault(why), Some(status)) => End::Fault(format!("{why} ({status})")),
			(end, _) => end,
		}
	}

	/// Answers the worker until the attempt ends.
	fn converse(&self, worker: &Worker, on_progress: &mut dyn FnMut(Progress)) -> End {
		let config = &self.inner.config;
		let mut transfers = Transfers::new(
			self.inner.store.clone(),
			self.inner.resolver.clone(),
			worker.event_sender.clone(),
			self.folder.clone(),
		);
		// An earlier attempt may have ended while it waited.
		self.inner.set_starving(self.id, self.cancel, false);
		let (mut heard, mut pinged) = (Instant::now(), Instant::now());
		loop {
			if self.cancel.is_cancelled() {
				return End::Cancelled;
			}
			if heard.elapsed() > config.silence_limit {
				let silence = config.silence_limit.as_secs();
				return End::Fault(format!("the worker said nothing for {silence} seconds"));
			}
			if pinged.elapsed() >= config.ping_every {
				pinged = Instant::now();
				worker.send(HostMessage::Ping);
			}
			let event = match worker.events.recv_timeout(TICK) {
				Ok(event) => Some(event),
				Err(RecvTimeoutError::Timeout) => None,
				Err(RecvTimeoutError::Disconnected) => Some(Event::Ended("its pipes ended".into())),
			};
			if let Some(Event::Said(_)) = &event {
				heard = Instant::now();
			}
			let awaited = transfers.are_awaited();
			let answer = event.map(|event| self.answer(event, &mut transfers, on_progress));
			let mut answers: Vec<_> = match answer.transpose() {
				Ok(answer) => answer.flatten().into_iter().collect(),
				Err(end) => return end,
			};
			if transfers.are_awaited() && self.inner.does_without(self.id, self.cancel) {
				log::info!("job {:016x} has to do without a blob: others wait", self.id);
				answers.extend(transfers.give_up());
			}
			if awaited != transfers.are_awaited() {
				self.inner.set_starving(self.id, self.cancel, !awaited);
			}
			if !answers.into_iter().all(|answer| worker.send(answer)) {
				return End::Fault("the worker does not read its input".into());
			}
		}
	}

	/// Takes note of what happened; says what to answer, or how the attempt ends.
	fn answer(
		&self,
		event: Event,
		transfers: &mut Transfers,
		on_progress: &mut dyn FnMut(Progress),
	) -> Result<Option<HostMessage>, End> {
		match event {
			Event::Said(message) => self.said(message, transfers, on_progress),
			Event::Resolved(key, token, path) => Ok(transfers.resolved(key, &token, path)),
			Event::Published(key, stored) => Ok(Some(transfers.published(key, stored))),
			Event::Ended(why) => Err(End::Fault(format!("the worker ended: {why}"))),
		}
	}

	/// Takes note of a message; says what to answer, or how the attempt ends.
	fn said(
		&self,
		message: WorkerMessage,
		transfers: &mut Transfers,
		on_progress: &mut dyn FnMut(Progress),
	) -> Result<Option<HostMessage>, End> {
		match message {
			WorkerMessage::Hello(_) => Err(End::Fault("the worker said hello twice".into())),
			WorkerMessage::Pong => Ok(None),
			WorkerMessage::Progress(progress) => {
				on_progress(progress);
				Ok(None)
			},
			WorkerMessage::Need(key) => transfers.need(key).map(|()| None).map_err(End::Fault),
			WorkerMessage::Forgo(key) => {
				transfers.forgo(&key);
				Ok(None)
			},
			WorkerMessage::Publish { key, path } => {
				transfers.publish(key, path.to_path()).map(|()| None).map_err(End::Fault)
			},
			WorkerMessage::Failed(Fault::Machine(why)) => Err(End::Fault(why.to_string())),
			WorkerMessage::Failed(fault @ Fault::Task(_)) => {
				Err(End::Job(JobStatus::Failed(fault).into()))
			},
			WorkerMessage::Finished(result) => Err(self.finished(result, transfers)),
		}
	}

	/// Believes a result if it is of the right kind and what it commits to is there.
	fn finished(&self, result: JobResult, transfers: &Transfers) -> End {
		let fits = match (&self.job.work, &result) {
			(Work::Train | Work::HandIn, JobResult::Trained(_))
			| (Work::HandIn, JobResult::Wait { .. })
			| (Work::Prepare, JobResult::Ready | JobResult::Wait { .. })
			| (Work::Check(_), JobResult::Checked(_))
			| (Work::Play { .. }, JobResult::Move(_) | JobResult::Wait { .. }) => true,
			(
				Work::Train | Work::Check(_) | Work::Play { .. } | Work::HandIn | Work::Prepare,
				_,
			) => false,
		};
		if !fits {
			return End::Fault("the worker's result is not what the job asks for".into());
		}
		if let (JobResult::Trained(trained), true) = (&result, self.inner.config.require_artifacts)
		{
			if let Some(key) = transfers.missing(trained) {
				return End::Fault(format!("the worker did not publish blob {key}"));
			}
		}
		End::Job(JobStatus::Done(result).into())
	}
}
