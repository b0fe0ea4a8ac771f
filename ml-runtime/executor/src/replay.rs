//! Re-execution: states inside a stride, and whole steps with all values.

use std::{ops::RangeInclusive, path::Path};

use assay_backend_cpu::Kernels;
use assay_commitment::Root;

use crate::{
	machine::Machine,
	pins::Pins,
	state::State,
	store::{Checkpoints, Entry},
	trace::{Focus, Roots, Trace},
	ClaimList, ExecError, MachineFault, Prepared, TaskFault,
};

const NOWHERE: MachineFault = MachineFault::Internal("the replay is nowhere");

/// Runs parts of a job again, from the nearest place before them that is known.
///
/// Keeps the place where it was, so that looking at ascending steps replays nothing twice. With a
/// directory it also leaves *pins* there: the state at the beginning of a stride and of a step that were
/// looked at, the states of the stride, and the hashes of the step. So of all processes that play the moves of one game, the
/// first replays from the nearest checkpoint to the end of the stride, one more from the beginning of the stride
/// to the step, whose hashes the others find, and those that need values of the step replay it as far as these, for as many
/// games as may be about one claim. A pin takes the bytes of all slots that steps change.
#[derive(Debug)]
pub struct Replay<K> {
	job: Prepared,
	kernels: K,
	saved: Option<Saved>,
	machine: Option<Machine>,
	/// Where it was when its machine made room for a trace, and the slots then.
	left: Option<(u64, Vec<Vec<u32>>)>,
	/// What the step that was traced last commits to.
	traced: Option<(u64, Roots)>,
	/// Where this process found or left a pin last.
	pinned: Option<u64>,
}

/// What is on the disk.
#[derive(Debug)]
struct Saved {
	checkpoints: Checkpoints,
	pins: Pins,
}

/// Where a state is on the disk. Of two at the same step the pin is taken: it is read faster, since it is
/// not hashed into a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
	Checkpoint(Entry),
	Pin,
}

/// A step, where its state is, and the slots then, without those that are kept.
type Near = (u64, Place, Vec<Vec<u32>>);

impl Saved {
	/// Slots at the last of these steps for which there are any, and where they are.
	fn nearest(
		&self,
		job: &Prepared,
		steps: RangeInclusive<u64>,
	) -> Result<Option<Near>, ExecError> {
		if steps.is_empty() {
			return Ok(None);
		}
		let pins = self.pins.steps().into_iter().filter(|step| steps.contains(step));
		let mut places: Vec<_> = pins.map(|step| (step, Place::Pin)).collect();
		let entries = self.checkpoints.entries(steps)?;
		places.extend(entries.into_iter().map(|entry| (entry.step, Place::Checkpoint(entry))));
		places.sort();
		Ok(places.into_iter().rev().find_map(|(step, place)| {
			let slots = match place {
				Place::Pin => self.pins.read(job, step)?,
				Place::Checkpoint(entry) => self.checkpoints.read(job, entry)?.slots,
			};
			Some((step, place, slots))
		}))
	}
}

impl<K: Kernels> Replay<K> {
	/// Replays a job. `dir` is the directory of a session of the same job, running, ended or yet to
	/// come; without one, replays start from the initial state.
	pub fn new(job: Prepared, kernels: K, dir: Option<&Path>) -> Self {
		let saved =
			dir.map(|dir| Saved { checkpoints: Checkpoints::new(dir), pins: Pins::new(dir) });
		Self { job, kernels, saved, machine: None, left: None, traced: None, pinned: None }
	}

	/// The job.
	pub fn job(&self) -> &Prepared {
		&self.job
	}

	/// Goes to the state after `step` steps.
	fn seek(&mut self, step: u64) -> Result<&mut Machine, ExecError> {
		if !(self.job.job().first_step..=self.job.end_step()).contains(&step) {
			return Err(TaskFault::OutOfRange("step").into());
		}
		let here = match (self.machine.take(), self.left.take()) {
			(None, Some((at, slots))) if at <= step => {
				Some(Machine::resume(&self.job, &self.kernels, at, slots)?)
			},
			(here, _) => here.filter(|machine| machine.step <= step),
		};
		// No file is nearer to the first state than the job itself.
		let beyond = here.as_ref().map_or(self.job.job().first_step, |here| here.step) + 1;
		let near = match &self.saved {
			Some(saved) => saved.nearest(&self.job, beyond..=step)?,
			None => None,
		};
		let mut machine = match (near, here) {
			(Some((step, place, slots)), _) => {
				self.pinned = (place == Place::Pin).then_some(step).or(self.pinned);
				Machine::resume(&self.job, &self.kernels, step, slots)?
			},
			(None, Some(here)) => here,
			(None, None) => Machine::start(&self.job, &self.kernels)?,
		};
		while machine.step < step {
			machine.advance(&self.job, &self.kernels)?;
		}
		Ok(self.machine.insert(machine))
	}

	/// As [`Self::seek`], and leaves a pin there.
	fn pin(&mut self, step: u64) -> Result<(), ExecError> {
		self.seek(step)?;
		let is_known = step == self.job.job().first_step || self.pinned == Some(step);
		if let (Some(saved), Some(machine), false) = (&self.saved, &mut self.machine, is_known) {
			saved.pins.write(&self.job, step, machine.slots()?);
			self.pinned = Some(step);
		}
		Ok(())
	}

	/// The commitments of the state after `step` steps.
	pub fn state(&mut self, step: u64) -> Result<State, ExecError> {
		let job = self.job.clone();
		self.seek(step)?;
		self.machine.as_mut().ok_or(NOWHERE)?.state(&job, &self.kernels)
	}

	/// Content of every slot after `step` steps.
	pub fn slots(&mut self, step: u64) -> Result<Vec<&[u32]>, ExecError> {
		self.seek(step)?;
		let machine = self.machine.as_mut().ok_or(NOWHERE)?;
		Ok(self.job.whole(machine.slots()?))
	}

	/// The same without those that are kept, as all that is left of the replay.
	pub(crate) fn into_slots(mut self, step: u64) -> Result<Vec<Vec<u32>>, ExecError> {
		self.seek(step)?;
		self.machine.ok_or(NOWHERE)?.into_slots()
	}

	/// The list of all committed states, if a session in the directory has done every step.
	///
	/// Nothing is run, and the session may still hold its directory.
	pub fn claim(&self) -> Result<Option<ClaimList>, ExecError> {
		let Some(saved) = &self.saved else { return Ok(None) };
		let end = self.job.end_step();
		let found = saved.checkpoints.newest(&self.job, end..=end)?;
		Ok(found.map(|last| ClaimList::from_states(last.states)).transpose()?)
	}

	/// The states after each step of stride `stride`, that is between the committed states `stride` and
	/// `stride + 1`: from the first step up to and including the latter.
	pub fn inner_states(&mut self, stride: u32) -> Result<Vec<Root>, ExecError> {
		let first = self.job.step_of_state(stride)?;
		let next = stride.checked_add(1).ok_or(TaskFault::OutOfRange("stride"))?;
		let last = self.job.step_of_state(next)?;
		let known = |saved: &Saved| saved.pins.states(&self.job, first, (last - first) as usize);
		if let Some(states) = self.saved.as_ref().and_then(known) {
			return Ok(states);
		}
		self.pin(first)?;
		let mut machine = self.machine.take().ok_or(NOWHERE)?;
		// Each step is run, also where a file has the state after it: reading that would take longer.
		let next = |_| -> Result<Root, ExecError> {
			machine.advance(&self.job, &self.kernels)?;
			Ok(machine.state(&self.job, &self.kernels)?.root())
		};
		let states = (first..last).map(next).collect::<Result<Vec<_>, ExecError>>()?;
		self.machine = Some(machine);
		if let Some(saved) = &self.saved {
			saved.pins.write_states(&self.job, first, &states);
		}
		Ok(states)
	}

	/// What step `step` (counted from 0) commits to, and of its values what `focus` asks for. Runs the step, unless an earlier
	/// process has left the hashes that are asked for.
	pub fn trace(&mut self, step: u64, focus: Focus) -> Result<Trace, ExecError> {
		if step >= self.job.end_step() {
			return Err(TaskFault::OutOfRange("step").into());
		}
		let known = self.traced.take().filter(|(at, _)| *at == step).map(|(_, roots)| roots);
		let pinned = || self.saved.as_ref()?.pins.trace(&self.job, step);
		let found = match (&known, focus) {
			(Some(_), Focus::Node(_)) => None,
			_ => pinned().map(|hashes| Trace::of_hashes(&self.job, step, hashes)).transpose()?,
		};
		let found = found.filter(|trace| self.confirms(step, trace));
		let known = known.or_else(|| found.as_ref().map(|trace| trace.commitments().clone()));
		let trace = match found.filter(|_| focus == Focus::Tiles) {
			Some(trace) => trace,
			None => self.run(step, (focus, known))?,
		};
		self.traced = Some((step, trace.commitments().clone()));
		Ok(trace)
	}

	/// Whether a trace ends in the state that the stride's list has after the step, if that is known: a machine that errs once
	/// must not err for a whole game.
	fn confirms(&self, step: u64, trace: &Trace) -> bool {
		let job = self.job.job();
		let done = step.saturating_sub(job.first_step);
		let inside = done.checked_rem(job.stride.into()).unwrap_or(0);
		let states =
			|| self.saved.as_ref()?.pins.states(&self.job, step - inside, inside as usize + 1);
		let agrees = states().is_none_or(|states| states.last() == Some(&trace.after().root()));
		if !agrees {
			log::warn!("step {step} came out otherwise before: this machine errs, and the step is not kept");
		}
		agrees
	}

	fn run(
		&mut self,
		step: u64,
		(focus, known): (Focus, Option<Roots>),
	) -> Result<Trace, ExecError> {
		self.pin(step)?;
		// The buffers of the run make room for those of the traced step.
		let slots = self.machine.take().ok_or(NOWHERE)?.into_slots()?;
		let trace = Trace::run(&self.job, &self.kernels, step, &slots, (focus, known));
		self.left = Some((step, slots));
		let trace = trace?;
		if let (Some(saved), true) =
			(&self.saved, focus == Focus::Tiles && self.confirms(step, &trace))
		{
			let (before, tiles) = trace.hashes();
			saved.pins.write_trace(&self.job, step, before, &tiles);
		}
		Ok(trace)
	}
}
