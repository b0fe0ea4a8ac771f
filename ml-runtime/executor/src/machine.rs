//! Runs steps: kernels, slots and the buffers of the memory plan.

use std::{collections::BTreeMap, mem, ops::Range};

use assay_backend_cpu::{KernelError, Kernels, Link, RecordSource, Source};
use assay_ops::{eval::StepContext, CheckedProgram, NodeId, NodeSpec, Op, Operand};

use crate::{
	plan::{Place, Plan, Reuse, Update},
	resident::Resident,
	state::{is_finite, is_finite_slot, State},
	DataSet, ExecError, MachineFault, Prepared, TaskFault,
};

/// The values of a step, in the places of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
	plan: Plan,
	buffers: Vec<Vec<u32>>,
	next: Vec<Vec<u32>>,
	/// Whether the last step left out what the plan's [`Pause`](crate::plan::Pause) says.
	paused: bool,
}

impl Workspace {
	pub(crate) fn new(program: &CheckedProgram, plan: &Plan) -> Self {
		let next = program.slots.iter().zip(&plan.updates).map(|(slot, update)| match update {
			Update::Keep => Vec::new(),
			Update::Swap | Update::CopyNext(_) | Update::CopySlot(_) => {
				vec![0; slot.ty.words() as usize]
			},
		});
		let buffers = plan.buffers.iter().map(|words| vec![0; *words]);
		let (buffers, next) = (buffers.collect(), next.collect());
		Self { plan: plan.clone(), buffers, next, paused: false }
	}

	/// Computes every node of a step from these slots, but for those that it does without.
	pub(crate) fn run(
		&mut self,
		program: &CheckedProgram,
		kernels: &impl Kernels,
		context: &StepContext,
		data: &dyn RecordSource,
		slots: &[&[u32]],
	) -> Result<(), ExecError> {
		self.paused = self.pauses(program, kernels, context, data)?;
		let runs = 0..self.plan.runs.len();
		self.run_some(program, kernels, context, data, (slots, runs))
	}

	/// Whether the flag of the plan's pause is 0 in a step.
	fn pauses(
		&self,
		program: &CheckedProgram,
		kernels: &impl Kernels,
		context: &StepContext,
		data: &dyn RecordSource,
	) -> Result<bool, ExecError> {
		let Some(pause) = &self.plan.pause else { return Ok(false) };
		let mut values: BTreeMap<NodeId, Vec<u32>> = BTreeMap::new();
		let mut last = None;
		for spec in pause.flag.iter().map(|id| &program.specs[*id]) {
			let operands = spec.inputs.iter().map(|input| values.get(&input.id).map(Vec::as_slice));
			let operands: Option<Vec<_>> = operands.collect();
			let operands = operands.ok_or(MachineFault::Internal("a flag depends on more"))?;
			let mut out = vec![0; spec.ty.words() as usize];
			kernels.run(spec, context, &operands, data, &mut out)?;
			last = out.first().copied();
			values.insert(spec.id, out);
		}
		// Of either sign.
		Ok(last.is_some_and(|word| word << 1 == 0))
	}

	/// Whether a node is computed in this step.
	fn is_needed(&self, id: usize) -> bool {
		!self.paused || self.plan.pause.as_ref().is_none_or(|pause| pause.needed[id])
	}

	/// Whether a slot is after this step as before.
	fn is_still(&self, slot: usize) -> bool {
		self.paused && self.plan.pause.as_ref().is_some_and(|pause| pause.still[slot])
	}

	/// Content of the slots before the last step, which these are after it.
	pub(crate) fn before(&self, slots: &[Vec<u32>]) -> Vec<Vec<u32>> {
		let both = self.next.iter().zip(slots).enumerate();
		both.map(|(slot, (next, same))| if self.is_still(slot) { same } else { next })
			.cloned()
			.collect()
	}

	/// As [`Self::run`], of the plan's runs those in this range, before which the others were done.
	pub(crate) fn run_some(
		&mut self,
		program: &CheckedProgram,
		kernels: &impl Kernels,
		context: &StepContext,
		data: &dyn RecordSource,
		(slots, runs): (&[&[u32]], Range<usize>),
	) -> Result<(), ExecError> {
		for index in runs {
			let run = self.plan.runs[index].clone();
			if !run.clone().any(|id| self.is_needed(id)) {
				continue;
			}
			let specs = &program.specs[run.clone()];
			let places = self.plan.places[run].to_vec();
			let mut taken: Vec<_> = places.iter().map(|place| self.take(*place)).collect();
			let result = match (specs, &mut *taken) {
				([_], [None]) => Ok(()),
				([spec], [Some(out)]) => {
					let inputs = spec.inputs.iter();
					let operands: Vec<&[u32]> =
						inputs.map(|input| self.value(program, slots, input.id)).collect();
					kernels.run(spec, context, &operands, data, cut(out, spec))
				},
				_ => self.chain(program, kernels, context, slots, (specs, &mut taken)),
			};
			for (place, out) in places.into_iter().zip(taken) {
				self.put(place, out.unwrap_or_default());
			}
			result?;
		}
		Ok(())
	}

	/// Computes neighbouring nodes as one chain, into `outs`.
	fn chain(
		&self,
		program: &CheckedProgram,
		kernels: &impl Kernels,
		context: &StepContext,
		slots: &[&[u32]],
		(specs, outs): (&[NodeSpec], &mut [Option<Vec<u32>>]),
	) -> Result<(), KernelError> {
		let mut numbers: BTreeMap<NodeId, usize> = BTreeMap::new();
		let (mut links, mut wanted) = (Vec::new(), Vec::new());
		for (spec, out) in specs.iter().zip(outs) {
			if matches!(spec.op, Op::State { .. }) || !self.is_needed(usize::from(spec.id)) {
				continue;
			}
			let source = |input: &Operand| match numbers.get(&input.id) {
				Some(number) => Source::Link(*number),
				None => Source::Value(self.value(program, slots, input.id)),
			};
			let operands = spec.inputs.iter().map(source).collect();
			numbers.insert(spec.id, links.len());
			links.push(Link { spec, operands });
			wanted.push(out.as_mut().map(|out| cut(out, spec)));
		}
		if links.is_empty() {
			return Ok(());
		}
		kernels.run_chain(&links, context, &mut wanted)
	}

	/// The buffer of a place that a node writes, which [`Workspace::put`] gives back.
	fn take(&mut self, place: Place) -> Option<Vec<u32>> {
		match place {
			Place::Slot(_) | Place::Chain => None,
			Place::Next(slot) => Some(mem::take(&mut self.next[slot])),
			Place::Buffer(buffer) => Some(mem::take(&mut self.buffers[buffer])),
		}
	}

	fn put(&mut self, place: Place, out: Vec<u32>) {
		match place {
			Place::Slot(_) | Place::Chain => {},
			Place::Next(slot) => self.next[slot] = out,
			Place::Buffer(buffer) => self.buffers[buffer] = out,
		}
	}

	/// The output of a node, as long as the plan keeps it.
	pub(crate) fn value<'a>(
		&'a self,
		program: &CheckedProgram,
		slots: &[&'a [u32]],
		id: NodeId,
	) -> &'a [u32] {
		let id = usize::from(id);
		let words = program.specs[id].ty.words() as usize;
		match self.plan.places[id] {
			Place::Slot(slot) => slots[slot],
			Place::Next(slot) => &self.next[slot],
			Place::Buffer(buffer) => &self.buffers[buffer][..words],
			Place::Chain => {
				debug_assert!(false, "a value of a chain is read from outside");
				&[]
			},
		}
	}

	/// Puts into `slots`, of which those that are kept have no content here but in `initial`, what they hold after the step.
	pub(crate) fn commit(&mut self, slots: &mut [Vec<u32>], initial: &[Vec<u32>]) {
		let still: Vec<_> = (0..slots.len()).map(|slot| self.is_still(slot)).collect();
		let Self { plan, next, .. } = self;
		for (slot, update) in plan.updates.iter().enumerate() {
			match *update {
				Update::Keep | Update::Swap => {},
				Update::CopySlot(from) => next[slot].copy_from_slice(match plan.updates[from] {
					Update::Keep => &initial[from],
					Update::Swap | Update::CopyNext(_) | Update::CopySlot(_) => &slots[from],
				}),
				Update::CopyNext(from) => {
					let mut copy = mem::take(&mut next[slot]);
					copy.copy_from_slice(&next[from]);
					next[slot] = copy;
				},
			}
		}
		for (((update, still), slot), next) in plan.updates.iter().zip(still).zip(slots).zip(next) {
			if *update != Update::Keep && !still {
				mem::swap(slot, next);
			}
		}
	}
}

/// The words of a buffer that a node writes.
fn cut<'a>(buffer: &'a mut [u32], spec: &NodeSpec) -> &'a mut [u32] {
	&mut buffer[..spec.ty.words() as usize]
}

/// A run at some step.
#[derive(Debug)]
pub(crate) struct Machine {
	pub(crate) step: u64,
	/// Content of the slots but for those that are kept. Where values are on a device, what it was when they were last fetched.
	slots: Vec<Vec<u32>>,
	values: Values,
}

/// Where the values of a run are.
#[derive(Debug)]
enum Values {
	Host(Workspace),
	Device(Resident),
}

impl Machine {
	/// The run before its first step.
	pub(crate) fn start(job: &Prepared, kernels: &impl Kernels) -> Result<Self, ExecError> {
		Self::resume(job, kernels, job.job().first_step, job.first_slots())
	}

	/// The run after `step` steps, with the slots that it then has, without those that are kept.
	pub(crate) fn resume(
		job: &Prepared,
		kernels: &impl Kernels,
		step: u64,
		slots: Vec<Vec<u32>>,
	) -> Result<Self, ExecError> {
		let values = match kernels.memory()? {
			Some(memory) => {
				let CheckedProgram { specs, slots: declared, loss, .. } = job.program();
				let plan = Plan::new(specs, declared, &[*loss], Reuse::Eager);
				Values::Device(Resident::new(memory, plan, &job.whole(&slots))?)
			},
			None => Values::Host(Workspace::new(job.program(), job.plan())),
		};
		Ok(Self { step, slots, values })
	}

	/// Runs one step and returns the bits of its loss. After an error nothing has changed.
	pub(crate) fn advance(
		&mut self,
		job: &Prepared,
		kernels: &impl Kernels,
	) -> Result<u32, ExecError> {
		let (program, context) = (job.program(), job.context(self.step));
		let data = &job.job().data;
		let loss = match &mut self.values {
			Values::Host(workspace) => {
				let slots = job.whole(&self.slots);
				workspace.run(program, kernels, &context, data, &slots)?;
				let loss = workspace.value(program, &slots, program.loss).first().copied();
				let loss = loss.ok_or(MachineFault::Internal("the loss is empty"))?;
				workspace.commit(&mut self.slots, &job.job().initial);
				loss
			},
			Values::Device(resident) => resident.step(program, &context, data)?,
		};
		self.step += 1;
		Ok(loss)
	}

	/// Content of the slots but for those that are kept.
	pub(crate) fn slots(&mut self) -> Result<&[Vec<u32>], ExecError> {
		if let Values::Device(resident) = &mut self.values {
			resident.fetch(&mut self.slots)?;
		}
		Ok(&self.slots)
	}

	/// The same, as all that is left of the run.
	pub(crate) fn into_slots(mut self) -> Result<Vec<Vec<u32>>, ExecError> {
		self.slots()?;
		Ok(self.slots)
	}

	/// What [`Self::slots`] were before the last step, which this machine has done.
	pub(crate) fn before(&mut self, job: &Prepared) -> Result<Vec<Vec<u32>>, ExecError> {
		match &mut self.values {
			Values::Host(workspace) => Ok(workspace.before(&self.slots)),
			Values::Device(resident) => resident.before(job.program(), |slot| job.is_kept(slot)),
		}
	}

	/// Commitments of the slots as they are now.
	pub(crate) fn state(
		&mut self,
		job: &Prepared,
		kernels: &impl Kernels,
	) -> Result<State, ExecError> {
		Ok(match &mut self.values {
			Values::Host(_) => job.state(self.step, &self.slots, kernels)?,
			Values::Device(resident) => {
				let roots = resident.roots(job.program(), |slot| job.known_root(slot))?;
				State::of_roots(self.step, roots)
			},
		})
	}

	/// Whether the loss of the last step and every parameter are finite numbers.
	pub(crate) fn is_finite(&self, job: &Prepared, loss: u32) -> bool {
		is_finite(loss)
			&& match &self.values {
				Values::Host(_) => {
					let mut slots = job.program().slots.iter().zip(&self.slots);
					job.is_kept_finite() && slots.all(|(slot, words)| is_finite_slot(slot, words))
				},
				Values::Device(resident) => resident.is_finite(),
			}
	}
}

/// Runs one step of any program (an evaluation, say) and returns the outputs of some of its nodes.
///
/// `slots` are the contents before the step. They do not change. Other values than those of these nodes are gone as soon as no
/// later node reads them.
pub fn evaluate(
	program: &CheckedProgram,
	kernels: &impl Kernels,
	slots: &[impl AsRef<[u32]>],
	data: &DataSet,
	seed: [u8; 32],
	step: u64,
	nodes: &[NodeId],
) -> Result<Vec<Vec<u32>>, ExecError> {
	if slots.len() != program.slots.len() {
		let (expected, got) = (program.slots.len(), slots.len());
		return Err(TaskFault::SlotCount { expected, got }.into());
	}
	let slots: Vec<&[u32]> = slots.iter().map(AsRef::as_ref).collect();
	for (slot, (declared, words)) in program.slots.iter().zip(&slots).enumerate() {
		let (expected, got) = (declared.ty.words(), words.len());
		if expected != got as u64 {
			return Err(TaskFault::SlotSize { slot, expected, got }.into());
		}
	}
	if nodes.iter().any(|id| usize::from(*id) >= program.specs.len()) {
		return Err(TaskFault::OutOfRange("node").into());
	}
	let plan = Plan::new(&program.specs, &program.slots, nodes, Reuse::Chained);
	let mut workspace = Workspace::new(program, &plan);
	let context = StepContext {
		seed,
		step,
		batch: program.batch,
		records: data.records(),
		record_size: data.record_size(),
	};
	workspace.run(program, kernels, &context, data, &slots)?;
	Ok(nodes.iter().map(|id| workspace.value(program, &slots, *id).to_vec()).collect())
}

/// Whether a node only hands on a slot.
pub(crate) fn is_state(program: &CheckedProgram, id: NodeId) -> Option<u16> {
	match program.specs.get(usize::from(id))?.op {
		Op::State { slot } => Some(slot),
		_ => None,
	}
}
