//! Training and checking: all steps of a task.

use std::{
	ops::ControlFlow,
	time::{Duration, Instant},
};

use assay_backend_cpu::Kernels;
use assay_blobs::StateManifest;
use assay_commitment::tensor_root;
use assay_executor::{ExecError, MachineFault, Prepared, Session, Storage};
use assay_worker_protocol::{
	BlobKey, Checked, ClaimRef, ListTag, Outcome, Progress, Trained, WorkerMessage,
};

use super::{
	engine::Engine, link::Link, missing::Missing, tensor::tiles_of_words, trouble::Trouble,
	Behaviour,
};

/// Longest time between two reports while steps are done.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Folder of the checkpoints, in the folder of the task.
pub(crate) const RUN: &str = "run";

/// Processes that may run a task at the same time, beside the one in [`RUN`].
const MOST_BESIDE: u32 = 8;

/// Where a training keeps its checkpoints, in this folder of the task's.
fn training(link: &Link, folder: &str) -> Storage {
	Storage::training(link.run(folder), link.anchor_bytes)
}

/// Runs a task to its end, from where an earlier process left it.
pub(crate) fn run<'k, K: Kernels>(
	link: &Link,
	job: &Prepared,
	engine: Engine<'k, K>,
	behaviour: &impl Behaviour,
	storage: Storage,
) -> Result<Session<&'k K>, Trouble> {
	let mut session = engine.session(job, storage)?;
	finish(link, &mut session, behaviour)?;
	Ok(session)
}

/// As [`run`], in another folder if a process is at work in the usual one.
pub(crate) fn run_beside<'k, K: Kernels>(
	link: &Link,
	job: &Prepared,
	engine: Engine<'k, K>,
	behaviour: &impl Behaviour,
) -> Result<Session<&'k K>, Trouble> {
	let others = (0..MOST_BESIDE).map(|number| format!("play-{number}"));
	for folder in std::iter::once(RUN.to_owned()).chain(others) {
		match engine.session(job, training(link, &folder)) {
			Err(ExecError::Machine(MachineFault::Busy { .. })) => continue,
			session => {
				let mut session = session?;
				finish(link, &mut session, behaviour)?;
				return Ok(session);
			},
		}
	}
	Err(Trouble::Machine("too many processes work on this task".into()))
}

fn finish<K: Kernels>(
	link: &Link,
	session: &mut Session<K>,
	behaviour: &impl Behaviour,
) -> Result<(), Trouble> {
	let mut reported: Option<(Instant, u32)> = None;
	let mut report = |session: &Session<K>| {
		let progress = session.progress();
		let due = reported
			.is_none_or(|(at, states)| progress.states > states || at.elapsed() >= REPORT_EVERY);
		if !due {
			return Ok(());
		}
		reported = Some((Instant::now(), progress.states));
		link.say(&WorkerMessage::Progress(behaviour.progress(told(&progress))))
	};
	report(session)?;
	let result = session.run(|session| {
		behaviour.after_step(session.steps_done());
		match link.is_wanted() && report(session).is_ok() {
			true => ControlFlow::Continue(()),
			false => ControlFlow::Break(()),
		}
	});
	match result {
		Ok(_) => Ok(()),
		Err(ExecError::Machine(MachineFault::Interrupted)) => Err(Trouble::Gone),
		Err(error) => Err(error.into()),
	}
}

fn told(progress: &assay_executor::Progress) -> Progress {
	Progress {
		step: progress.step as u32,
		steps: progress.steps as u32,
		loss_bits: progress.loss,
		states: progress.states,
		heartbeat_root: progress.heartbeat,
		steps_per_second_milli: (progress.steps_per_second * 1000.0) as u32,
	}
}

/// The manifest of the state in which a run has ended.
fn artifact<K: Kernels>(session: &mut Session<K>) -> Result<StateManifest, Trouble> {
	let job = session.job().clone();
	let slots = job.program().slots.iter().zip(session.slots()?);
	let roots: Option<Vec<_>> = slots.map(|(slot, words)| tensor_root(&slot.ty, words)).collect();
	roots
		.and_then(|roots| StateManifest::new(session.steps_done(), roots))
		.ok_or_else(|| Trouble::Machine("a slot does not fit its type".into()))
}

/// What a claim of this run says.
fn claim<K: Kernels>(session: &mut Session<K>) -> Result<ClaimRef, Trouble> {
	let artifact_root = *artifact(session)?.key().root();
	let states = session.claim().states();
	let last = states.last().ok_or_else(|| Trouble::Machine("there are no states".into()))?;
	Ok(ClaimRef {
		claim_root: session.claim().root(),
		states: states.len() as u32,
		final_state: *last,
		artifact_root,
	})
}

/// Trains, and hands over everything that a claim commits to.
pub(crate) fn train<K: Kernels>(
	link: &Link,
	job: &Prepared,
	engine: Engine<K>,
	behaviour: &impl Behaviour,
) -> Result<Trained, Trouble> {
	let mut session = run(link, job, engine, behaviour, training(link, RUN))?;
	hand_over(link, &mut session, behaviour)
}

/// What was trained until now, as a claim of a part; `None` where that is not even one stride.
pub(crate) fn hand_in<K: Kernels>(
	link: &Link,
	job: &Prepared,
	engine: Engine<K>,
	behaviour: &impl Behaviour,
) -> Result<Option<Trained>, Trouble> {
	let mut session = engine.session(job, training(link, RUN))?;
	if session.claim().states().len() < 2 {
		return Ok(None);
	}
	engine.confirms(&session, &link.run(RUN))?;
	hand_over(link, &mut session, behaviour).map(Some)
}

/// Publishes all that a claim of this run commits to. The run stands at a committed state.
fn hand_over<K: Kernels>(
	link: &Link,
	session: &mut Session<K>,
	behaviour: &impl Behaviour,
) -> Result<Trained, Trouble> {
	let ClaimRef { claim_root, states, final_state, artifact_root } = claim(session)?;
	let publish = |key: BlobKey, bytes: &[u8]| match behaviour.publishes(&key) {
		true => link.publish(key, bytes),
		false => Ok(()),
	};
	let list = BlobKey::List { tag: ListTag::States, root: claim_root };
	publish(list, &session.claim().to_bytes())?;
	let manifest = artifact(session)?;
	let job = session.job().clone();
	let slots = job.program().slots.iter().zip(session.slots()?);
	for (key, (slot, words)) in manifest.tensors().zip(slots) {
		let bytes = tiles_of_words(&slot.ty, words)
			.ok_or_else(|| Trouble::Machine("a slot does not fit its type".into()))?;
		publish(key, &bytes)?;
	}
	publish(manifest.key(), &manifest.to_bytes())?;
	let outcome = match session.outcome() {
		Some(assay_executor::Outcome::NonFinite { step }) => {
			Outcome::NonFinite { step: step as u32 }
		},
		Some(assay_executor::Outcome::Completed) | None => Outcome::Completed,
	};
	let path = |index: u32| {
		let path = session.claim().prove(states as usize, index);
		let siblings = path.and_then(|path| path.siblings.into_inner().try_into().ok());
		siblings.ok_or_else(|| Trouble::Machine("a state of the claim cannot be shown".into()))
	};
	let done = session.steps_done() - session.job().job().first_step;
	Ok(Trained {
		claim_root,
		states,
		final_state,
		artifact_root,
		steps: done as u32,
		first: path(0)?,
		last: path(states.saturating_sub(1))?,
		outcome,
	})
}

/// Runs all steps and says whether a claim is what comes out.
pub(crate) fn check<K: Kernels>(
	link: &Link,
	job: &Prepared,
	engine: Engine<K>,
	behaviour: &impl Behaviour,
	theirs: &ClaimRef,
) -> Result<Checked, Trouble> {
	let storage = Storage::check(link.run(RUN));
	let mut session = run(link, job, engine, behaviour, storage)?;
	let own = claim(&mut session)?;
	if own == *theirs {
		// Whoever has checked a claim can serve what it commits to: else its solver alone could keep the
		// trained state, or the state that the rest of the task begins in, from everybody.
		return match hand_over(link, &mut session, behaviour) {
			Err(Trouble::Machine(why)) => {
				log::warn!("what was checked could not be published: {why}");
				Ok(Checked::Agrees)
			},
			published => published.map(|_| Checked::Agrees),
		};
	}
	if own.claim_root == theirs.claim_root {
		// The list is right, what the claim says about its end is not.
		return Ok(Checked::Differs { first_state: own.states.saturating_sub(1) });
	}
	let list = BlobKey::List { tag: ListTag::States, root: theirs.claim_root };
	let Some(list) = Missing::new(link).leaves(list)? else {
		return Ok(Checked::ListWithheld);
	};
	let pairs = session.claim().states().iter().zip(&list);
	let first_state = pairs.take_while(|(own, theirs)| own == theirs).count() as u32;
	// The dispute will be about the stride that ends there.
	if let Err(error) = session.keep(first_state.saturating_sub(1)) {
		log::warn!("the state before the first wrong one could not be kept: {error}");
	}
	Ok(Checked::Differs { first_state })
}
