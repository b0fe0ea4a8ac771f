//! What is to be run, and the check that it can be.

use std::sync::Arc;

use assay_backend_cpu::Kernels;
use assay_commitment::{claim, Root};
use assay_ops::{eval::StepContext, CheckedProgram, NodeSpec, Slot};
use codec::Encode;

use crate::{
	plan::{Plan, Reuse, Update},
	state::{is_finite_slot, State},
	DataSet, MachineFault, TaskFault,
};

/// What happens when the loss or a parameter stops being finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnNonFinite {
	/// The run ends there: the state after that step is the last committed one.
	#[default]
	Stop,
	/// The run goes on over these words, as the operations define them, and commits to as many states
	/// as any other run.
	Continue,
}

/// A training run: everything that decides its result.
#[derive(Clone, Debug)]
pub struct Job {
	/// One step.
	pub program: CheckedProgram,
	/// Seed of everything random.
	pub seed: [u8; 32],
	/// Steps that were done before. Steps are numbered from here, and states say how many were done.
	pub first_step: u64,
	/// Steps to run, at least 1.
	pub steps: u64,
	/// Steps between committed states, at least 1.
	pub stride: u32,
	/// The records.
	pub data: DataSet,
	/// Content of every slot before the first step, row-major.
	pub initial: Vec<Vec<u32>>,
	/// What a non-finite loss or parameter leads to.
	pub on_non_finite: OnNonFinite,
}

/// A [`Job`] that can be run, with its memory plan. Cheap to share.
#[derive(Clone, Debug)]
pub struct Prepared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
	job: Job,
	plan: Plan,
	peak_words: u64,
	init: State,
	/// Whether the parameters that no step changes are finite.
	kept_finite: bool,
	digest: Root,
}

impl Job {
	/// Checks the job and plans its memory. Nothing is run, and no buffer is taken, before this
	/// succeeds; what it refuses, every machine refuses.
	pub fn prepare(self, max_words: u64) -> Result<Prepared, TaskFault> {
		let Self { first_step, steps, stride, .. } = self;
		if steps == 0 {
			return Err(TaskFault::NoSteps);
		}
		first_step.checked_add(steps).ok_or(TaskFault::OutOfRange("last step"))?;
		claim::states_len(steps, stride).ok_or(TaskFault::BadStride { steps, stride })?;
		let (expected, got) = (self.program.slots.len(), self.initial.len());
		if expected != got {
			return Err(TaskFault::SlotCount { expected, got });
		}
		for (slot, (declared, words)) in self.program.slots.iter().zip(&self.initial).enumerate() {
			let (expected, got) = (declared.ty.words(), words.len());
			if expected != got as u64 {
				return Err(TaskFault::SlotSize { slot, expected, got });
			}
		}
		let (plan, peak_words) = plans(&self.program);
		if peak_words > max_words {
			return Err(TaskFault::TooLarge { needed: peak_words, allowed: max_words });
		}
		let init = State::new(&self.program, first_step, &self.initial, |_| None)
			.map_err(|_| TaskFault::OutOfRange("tile grid for a slot"))?;
		let digest = self.digest(&init.root());
		let slots = self.program.slots.iter().zip(&self.initial).zip(&plan.updates);
		let mut kept = slots.filter(|(_, update)| **update == Update::Keep);
		let kept_finite = kept.all(|((slot, words), _)| is_finite_slot(slot, words));
		let job = self;
		Ok(Prepared(Arc::new(Inner { job, plan, peak_words, init, kept_finite, digest })))
	}

	/// Names the job: two jobs with the same digest have the same states as far as both go, so that the
	/// checkpoints of one serve the other. Only the shorter one's end may lie inside a stride of the
	/// longer one, which commits to no state there: such a checkpoint is skipped when it is read.
	fn digest(&self, init_root: &Root) -> Root {
		let CheckedProgram { opset, batch, specs, slots, loss, cost: _ } = &self.program;
		let program = (opset, batch, specs, slots, loss).encode();
		let stop = self.on_non_finite == OnNonFinite::Stop;
		let data = (self.data.root(), self.data.record_size());
		let rest = (self.seed, self.stride, data, init_root, stop).encode();
		let mut hasher = blake3::Hasher::new_derive_key("assay executor v3 job");
		hasher.update(&program).update(&rest);
		hasher.finalize().into()
	}
}

/// The plan of a program on the processor, and words that a step needs at its peak.
fn plans(program: &CheckedProgram) -> (Plan, u64) {
	let CheckedProgram { specs, slots, loss, .. } = program;
	let plan = |reuse| Plan::new(specs, slots, &[*loss], reuse);
	// Nothing is given back within a chain, so chains may take more; a device has none.
	let (plan, single) = (plan(Reuse::Chained), plan(Reuse::Eager));
	let peak_words = plan.peak_words.max(single.peak_words);
	(plan, peak_words)
}

/// Words of memory that a step of a program needs at its peak: see [`Prepared::peak_words`].
pub fn peak_words(program: &CheckedProgram) -> u64 {
	plans(program).1
}

/// Bytes of memory that a program takes, without what a backend takes to compute one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
	/// To train: the records, a step, and of what steps change the initial state and the state on its way to the disk.
	pub run: u64,
	/// To answer for a claim: instead of a step a traced one, whose values are hashed as they are made, with the hashes of all
	/// tiles, and with the values around the node that a game is about.
	pub dispute: u64,
}

impl Memory {
	/// That of a program with so many bytes of records.
	pub fn of(program: &CheckedProgram, data: u64) -> Self {
		let CheckedProgram { specs, slots, .. } = program;
		let (plan, step) = plans(program);
		let changed =
			slots.iter().zip(&plan.updates).filter(|(_, update)| **update != Update::Keep);
		let changed = changed.map(|(slot, _)| slot.ty.words()).fold(0, u64::saturating_add);
		let traced = Plan::new(specs, slots, &[], Reuse::Traced).peak_words;
		let hashes = specs.iter().map(|spec| spec.ty.tiles()).fold(0, u64::saturating_add);
		let around = |spec: &NodeSpec| {
			let operands = spec.inputs.iter().map(|operand| operand.ty.words());
			operands.fold(spec.ty.words(), u64::saturating_add)
		};
		let around = specs.iter().map(around).max().unwrap_or(0);
		let bytes = |words: [u64; 2]| {
			let words = words.into_iter().fold(changed, u64::saturating_add);
			words.saturating_mul(4).saturating_add(data)
		};
		// Of each tile its hash, half of as many above it, and the list that is published.
		let hashes = hashes.saturating_mul(3 * size_of::<Root>() as u64);
		// Those in focus are taken out of buffers that stay.
		let dispute = bytes([traced, around.saturating_mul(2)]).saturating_add(hashes);
		let run = bytes([step, changed]);
		// Who answers has trained, or checked, before.
		Self { run, dispute: run.max(dispute) }
	}
}

impl Prepared {
	/// The job.
	pub fn job(&self) -> &Job {
		&self.0.job
	}

	/// The step program.
	pub fn program(&self) -> &CheckedProgram {
		&self.0.job.program
	}

	/// Root of the state before the first step.
	pub fn init_root(&self) -> Root {
		self.0.init.root()
	}

	/// A name of the job that binds everything in it but its length.
	pub fn digest(&self) -> Root {
		self.0.digest
	}

	/// Words of memory that a step needs at its peak, slots included, on the processor or on a device; what a backend takes
	/// to compute one node (packed operands, say) and a device for records on their way come on top.
	pub fn peak_words(&self) -> u64 {
		self.0.peak_words
	}

	/// Number of states that a run which stays finite commits to.
	pub fn states_len(&self) -> u32 {
		claim::states_len(self.0.job.steps, self.0.job.stride).unwrap_or(u32::MAX)
	}

	/// Number of the step after the last one.
	pub fn end_step(&self) -> u64 {
		self.0.job.first_step.saturating_add(self.0.job.steps)
	}

	/// Steps done, ever, at committed state `index`.
	pub fn step_of_state(&self, index: u32) -> Result<u64, TaskFault> {
		let step = claim::step_of_state(index, self.0.job.steps, self.0.job.stride);
		let step = step.and_then(|step| self.0.job.first_step.checked_add(step));
		step.ok_or(TaskFault::OutOfRange("committed state"))
	}

	/// Whether the state after `step` steps is a committed one (of a run that stays finite).
	pub(crate) fn is_committed(&self, step: u64) -> bool {
		let done = step.saturating_sub(self.0.job.first_step);
		done.is_multiple_of(self.0.job.stride.into()) || step == self.end_step()
	}

	/// What operations may know of a step.
	pub fn context(&self, step: u64) -> StepContext {
		let job = &self.0.job;
		StepContext {
			seed: job.seed,
			step,
			batch: job.program.batch,
			records: job.data.records(),
			record_size: job.data.record_size(),
		}
	}

	pub(crate) fn plan(&self) -> &Plan {
		&self.0.plan
	}

	/// Whether no step changes this slot (frozen weights, tables): its content is what the job says, and is in no run,
	/// checkpoint or pin a second time.
	pub(crate) fn is_kept(&self, slot: usize) -> bool {
		self.0.plan.updates.get(slot) == Some(&Update::Keep)
	}

	/// Whether all parameters among those are finite.
	pub(crate) fn is_kept_finite(&self) -> bool {
		self.0.kept_finite
	}

	/// Root of a slot that is kept: it need not be hashed again.
	pub(crate) fn known_root(&self, slot: usize) -> Option<Root> {
		self.is_kept(slot).then(|| self.0.init.slots().get(slot).copied()).flatten()
	}

	/// The slots before the first step, as runs hold them: nothing of those that are kept.
	pub(crate) fn first_slots(&self) -> Vec<Vec<u32>> {
		let initial = self.0.job.initial.iter().enumerate();
		let own = |(slot, words): (usize, &Vec<u32>)| match self.is_kept(slot) {
			true => Vec::new(),
			false => words.clone(),
		};
		initial.map(own).collect()
	}

	/// The content of every slot, where a run holds these.
	pub(crate) fn whole<'a>(&'a self, own: &'a [Vec<u32>]) -> Vec<&'a [u32]> {
		let slots = self.0.job.initial.iter().zip(own).enumerate();
		let whole = |(slot, (initial, own)): (usize, (&'a Vec<u32>, &'a Vec<u32>))| {
			if self.is_kept(slot) {
				initial.as_slice()
			} else {
				own.as_slice()
			}
		};
		slots.map(whole).collect()
	}

	/// Whether a run could hold these slots.
	pub(crate) fn fits(&self, own: &[Vec<u32>]) -> bool {
		let declared = &self.program().slots;
		let words = |(index, slot): (usize, &Slot)| match self.is_kept(index) {
			true => 0,
			false => slot.ty.words(),
		};
		declared.iter().enumerate().map(words).eq(own.iter().map(|words| words.len() as u64))
	}

	/// The commitments of a state of this run.
	pub(crate) fn state(
		&self,
		step: u64,
		slots: &[impl AsRef<[u32]>],
		kernels: &impl Kernels,
	) -> Result<State, MachineFault> {
		State::with_known(self.program(), step, slots, |slot| self.known_root(slot), kernels)
	}
}
