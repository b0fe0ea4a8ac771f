//! The values of a run in a device's memory: only records go there, and only losses and roots come back.

use std::mem;

use assay_backend_cpu::{BufferId, KernelError, Memory, RecordSource, Routine, RoutineId, Task};
use assay_commitment::Root;
use assay_ops::{eval::StepContext, CheckedProgram, DType, NodeId, Op, Slot};

use crate::{
	plan::{Place, Plan, Update},
	ExecError,
};

/// The slots and the values of a step, in buffers of a device.
#[derive(Debug)]
pub(crate) struct Resident {
	memory: Box<dyn Memory>,
	places: Places,
	/// All that a step does, prepared when it is first done: slots and their second copies change places after each step,
	/// so this is what is done next, and what was done last.
	routines: [Option<RoutineId>; 2],
	/// Whether every parameter is finite since the last step.
	finite: bool,
	/// Whether the host has the slots' content as well.
	fetched: bool,
	/// What went wrong. The content of buffers is unknown since then, so nothing else is tried: another session
	/// goes on from a checkpoint.
	failed: Option<KernelError>,
}

/// Where everything lies.
#[derive(Debug)]
struct Places {
	plan: Plan,
	slots: Vec<BufferId>,
	/// The second copies of slots; of a slot that keeps its content, its only one.
	next: Vec<BufferId>,
	buffers: Vec<BufferId>,
}

impl Places {
	fn of(&self, node: NodeId) -> Result<BufferId, KernelError> {
		match self.plan.places[usize::from(node)] {
			Place::Slot(slot) => Ok(self.slots[slot]),
			Place::Next(slot) => Ok(self.next[slot]),
			Place::Buffer(buffer) => Ok(self.buffers[buffer]),
			// A device's plan has no chains.
			Place::Chain => Err(KernelError::Shape),
		}
	}
}

impl Places {
	/// All that a step does: computes every node, writes the second copies of slots, and looks at the parameters.
	fn routine<'a>(&self, program: &'a CheckedProgram) -> Result<Routine<'a>, KernelError> {
		let mut tasks = Vec::with_capacity(program.specs.len());
		for spec in program.specs.iter().filter(|spec| !matches!(spec.op, Op::State { .. })) {
			let operands = spec.inputs.iter().map(|input| self.of(input.id));
			let operands = operands.collect::<Result<_, _>>()?;
			tasks.push(Task::Node { spec, operands, out: self.of(spec.id)? });
		}
		let slots = program.slots.iter().zip(&self.next);
		for ((slot, to), update) in slots.clone().zip(&self.plan.updates) {
			let from = match *update {
				Update::Keep | Update::Swap => continue,
				Update::CopySlot(from) => self.slots[from],
				Update::CopyNext(from) => self.next[from],
			};
			tasks.push(Task::Copy { from, to: *to, words: words(slot) });
		}
		let floats = slots.filter(|(slot, _)| slot.parameter && slot.ty.dtype == DType::F32);
		let watched = floats.map(|(slot, buffer)| (*buffer, words(slot))).collect();
		Ok(Routine { tasks, watched })
	}
}

fn words(slot: &Slot) -> usize {
	slot.ty.words() as usize
}

impl Resident {
	/// Takes the memory of the plan, and copies the slots there.
	pub(crate) fn new(
		mut memory: Box<dyn Memory>,
		plan: Plan,
		contents: &[&[u32]],
	) -> Result<Self, KernelError> {
		let mut slots = Vec::with_capacity(contents.len());
		let mut next = Vec::with_capacity(contents.len());
		for (words, update) in contents.iter().zip(&plan.updates) {
			let slot = memory.allocate(words.len())?;
			memory.write(slot, words)?;
			slots.push(slot);
			next.push(match update {
				Update::Keep => slot,
				Update::Swap | Update::CopyNext(_) | Update::CopySlot(_) => {
					memory.allocate(words.len())?
				},
			});
		}
		let buffers = plan.buffers.iter().map(|words| memory.allocate(*words));
		let buffers = buffers.collect::<Result<_, _>>()?;
		let places = Places { plan, slots, next, buffers };
		let (routines, finite) = ([None; 2], true);
		Ok(Self { memory, places, routines, finite, fetched: true, failed: None })
	}

	fn work<T>(
		&mut self,
		work: impl FnOnce(&mut dyn Memory, &mut Places) -> Result<T, KernelError>,
	) -> Result<T, ExecError> {
		let result = match &self.failed {
			Some(error) => Err(error.clone()),
			None => work(&mut *self.memory, &mut self.places),
		};
		self.failed = result.as_ref().err().cloned();
		Ok(result?)
	}

	/// Does a step, and gives the bits of its loss.
	pub(crate) fn step(
		&mut self,
		program: &CheckedProgram,
		context: &StepContext,
		data: &dyn RecordSource,
	) -> Result<u32, ExecError> {
		let [routine, last] = self.routines;
		let (routine, finite, loss) = self.work(|memory, places| {
			let prepare = || memory.prepare(&places.routine(program)?, context);
			let routine = routine.map_or_else(prepare, Ok)?;
			let finite = memory.perform(routine, context, data)?;
			let mut loss = [0];
			memory.read(places.of(program.loss)?, &mut loss)?;
			mem::swap(&mut places.slots, &mut places.next);
			Ok((routine, finite, loss[0]))
		})?;
		(self.routines, self.finite, self.fetched) = ([last, Some(routine)], finite, false);
		Ok(loss)
	}

	/// Whether every parameter is finite, as of the last step.
	pub(crate) fn is_finite(&self) -> bool {
		self.finite
	}

	/// Tensor roots of the slots; those that are `known` are not computed again.
	pub(crate) fn roots(
		&mut self,
		program: &CheckedProgram,
		known: impl Fn(usize) -> Option<Root>,
	) -> Result<Vec<Root>, ExecError> {
		self.work(|memory, places| {
			let slots = program.slots.iter().zip(&places.slots).enumerate();
			let root = |(index, (slot, buffer)): (usize, (&Slot, &BufferId))| {
				known(index).map_or_else(|| memory.root(&slot.ty, *buffer), Ok)
			};
			slots.map(root).collect()
		})
	}

	/// Content of the slots before the last step: their second copies still hold it. Empty for those that are `kept`.
	pub(crate) fn before(
		&mut self,
		program: &CheckedProgram,
		kept: impl Fn(usize) -> bool,
	) -> Result<Vec<Vec<u32>>, ExecError> {
		self.work(|memory, places| {
			let slots = program.slots.iter().zip(&places.next).enumerate();
			let content = |(index, (slot, buffer)): (usize, (&Slot, &BufferId))| {
				let mut content = vec![0; if kept(index) { 0 } else { words(slot) }];
				if !content.is_empty() {
					memory.read(*buffer, &mut content)?;
				}
				Ok(content)
			};
			slots.map(content).collect()
		})
	}

	/// Copies the slots to the host, unless it has them, and without those for which it has no room: they are kept.
	pub(crate) fn fetch(&mut self, contents: &mut [Vec<u32>]) -> Result<(), ExecError> {
		if self.fetched {
			return Ok(());
		}
		self.work(|memory, places| {
			let mut slots =
				places.slots.iter().zip(contents).filter(|(_, words)| !words.is_empty());
			slots.try_for_each(|(buffer, words)| memory.read(*buffer, words))
		})?;
		self.fetched = true;
		Ok(())
	}
}
