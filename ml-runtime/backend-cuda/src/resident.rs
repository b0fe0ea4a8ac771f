//! The values of a run on a device.

use std::{fmt, sync::Arc};

use assay_backend_cpu::{
	BufferId, CpuKernels, KernelError, Kernels, Memory, RecordSource, Routine, RoutineId, Task,
};
use assay_ops::{eval::StepContext, NodeSpec, Op, ValueType};

use crate::{
	plan::{counted, step_words, Plan},
	DeviceError, DeviceMemory, Span, Work, FOUND_WORDS, ROOT_WORDS, STEP_WORDS,
};

/// [`Memory`] over that of a device.
pub(crate) struct Resident {
	memory: Box<dyn DeviceMemory>,
	host: Arc<CpuKernels>,
	/// Buffers so far. The first ones are these.
	buffers: usize,
	/// Where roots are computed.
	root: Span,
	/// Nothing found.
	none: Span,
	/// Where it is noted in turns whether special values were found.
	found: [Span; 2],
	/// The number of the step.
	step: Span,
	/// Where the host puts what it computes.
	given: Vec<Span>,
	routines: Vec<Prepared>,
}

/// A routine, ready to be done.
struct Prepared {
	/// What it was prepared for; the step is 0.
	context: StepContext,
	/// What the host computes, and the buffer from which the graph copies it to its place.
	filled: Vec<(NodeSpec, Span)>,
	reads_step: bool,
	graph: usize,
	/// Where it is noted whether special values were found.
	found: Span,
}

/// Whether the host computes such nodes: it has the records.
fn is_of_host(op: &Op) -> bool {
	matches!(op, Op::Load { .. } | Op::StepIndex { .. })
}

fn count(words: usize) -> Result<u32, DeviceError> {
	counted(words as u64).ok_or(DeviceError::TooLarge)
}

fn copy(from: Span, to: Span) -> Result<Work, KernelError> {
	Ok(Work { plan: Plan::copy(count(from.words)?), operands: vec![from], out: to })
}

impl fmt::Debug for Resident {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("Resident").field("buffers", &self.buffers).finish_non_exhaustive()
	}
}

fn span(ty: &ValueType, buffer: BufferId) -> Result<Span, KernelError> {
	let words = usize::try_from(ty.words()).map_err(|_| DeviceError::TooLarge)?;
	Ok(Span { buffer: buffer.0, words })
}

impl Resident {
	pub(crate) fn new(
		memory: Box<dyn DeviceMemory>,
		host: Arc<CpuKernels>,
	) -> Result<Self, KernelError> {
		// The buffers that it allocates first.
		let words = [ROOT_WORDS, FOUND_WORDS, FOUND_WORDS, FOUND_WORDS, STEP_WORDS];
		let at = |buffer: usize| Span { buffer, words: words[buffer] };
		let (root, none, found, step) = (at(0), at(1), [at(2), at(3)], at(4));
		let (buffers, given, routines) = (0, Vec::new(), Vec::new());
		let mut resident = Self { memory, host, buffers, root, none, found, step, given, routines };
		for words in words {
			resident.push(words)?;
		}
		resident.memory.upload(none.buffer, &[0; FOUND_WORDS])?;
		Ok(resident)
	}

	/// The buffer for what the host computes, by its order in a routine. All routines use the same: they run one after
	/// the other.
	fn given(&mut self, index: usize, words: usize) -> Result<Span, KernelError> {
		if let Some(given) = self.given.get(index).filter(|given| given.words == words) {
			return Ok(*given);
		}
		let given = Span { buffer: self.push(words)?, words };
		if index == self.given.len() {
			self.given.push(given);
		}
		Ok(given)
	}

	fn push(&mut self, words: usize) -> Result<usize, KernelError> {
		self.memory.allocate(words)?;
		self.buffers += 1;
		Ok(self.buffers - 1)
	}
}

impl Memory for Resident {
	fn allocate(&mut self, words: usize) -> Result<BufferId, KernelError> {
		Ok(BufferId(self.push(words)?))
	}

	fn write(&mut self, to: BufferId, words: &[u32]) -> Result<(), KernelError> {
		Ok(self.memory.upload(to.0, words)?)
	}

	fn read(&mut self, from: BufferId, words: &mut [u32]) -> Result<(), KernelError> {
		Ok(self.memory.download(Span { buffer: from.0, words: words.len() }, words)?)
	}

	fn prepare(
		&mut self,
		routine: &Routine<'_>,
		ctx: &StepContext,
	) -> Result<RoutineId, KernelError> {
		let (mut filled, mut reads_step) = (Vec::new(), false);
		let mut work = Vec::with_capacity(routine.tasks.len() + routine.watched.len());
		for task in &routine.tasks {
			work.push(match task {
				Task::Node { spec, out, .. } if is_of_host(&spec.op) => {
					// The host writes all these before the graph starts, when their buffers may still be those of other values.
					let out = span(&spec.ty, *out)?;
					let given = self.given(filled.len(), out.words)?;
					filled.push(((*spec).clone(), given));
					copy(given, out)?
				},
				Task::Node { spec, operands, out } => {
					if operands.len() != spec.inputs.len() {
						return Err(KernelError::Shape);
					}
					let plan = Plan::of_node(spec, ctx)?;
					let given = Plan::reads_step(&spec.op).then_some(Ok(self.step));
					reads_step |= given.is_some();
					let operands =
						spec.inputs.iter().zip(operands).map(|(input, id)| span(&input.ty, *id));
					let operands = operands.chain(given).collect::<Result<_, _>>()?;
					Work { plan, operands, out: span(&spec.ty, *out)? }
				},
				Task::Copy { from, to, words } => {
					let of = |id: &BufferId| Span { buffer: id.0, words: *words };
					copy(of(from), of(to))?
				},
			});
		}
		let (mut before, [mut after, mut next]) = (self.none, self.found);
		for (buffer, words) in &routine.watched {
			let plan = Plan::special(count(*words)?);
			let value = Span { buffer: buffer.0, words: *words };
			work.push(Work { plan, operands: vec![value, before], out: after });
			(before, after, next) = (after, next, after);
		}
		let graph = self.memory.record(work)?;
		let context = StepContext { step: 0, ..*ctx };
		self.routines.push(Prepared { context, filled, reads_step, graph, found: before });
		Ok(RoutineId(self.routines.len() - 1))
	}

	fn perform(
		&mut self,
		routine: RoutineId,
		ctx: &StepContext,
		records: &dyn RecordSource,
	) -> Result<bool, KernelError> {
		let routine = self.routines.get(routine.0).ok_or(KernelError::Shape)?;
		if routine.context != (StepContext { step: 0, ..*ctx }) {
			return Err(KernelError::Shape);
		}
		if routine.reads_step {
			let fill = &mut |staging: &mut [u32]| {
				staging.copy_from_slice(&step_words(ctx.step));
				Ok(())
			};
			self.memory.fill(self.step, fill)?;
		}
		for (spec, to) in &routine.filled {
			let host = &self.host;
			let fill = &mut |staging: &mut [u32]| host.run(spec, ctx, &[], records, staging);
			self.memory.fill(*to, fill)?;
		}
		self.memory.replay(routine.graph)?;
		let mut found = [0; FOUND_WORDS];
		self.memory.download(routine.found, &mut found)?;
		Ok(found == [0; FOUND_WORDS])
	}

	fn root(&mut self, ty: &ValueType, value: BufferId) -> Result<[u8; 32], KernelError> {
		if ty.words() == 0 {
			return Err(KernelError::Shape);
		}
		let plan = Plan::root(ty).ok_or(DeviceError::TooLarge)?;
		self.memory.launch(&Work { plan, operands: vec![span(ty, value)?], out: self.root })?;
		let mut words = [0; ROOT_WORDS];
		self.memory.download(self.root, &mut words)?;
		let mut root = [0; 32];
		for (bytes, word) in root.as_chunks_mut().0.iter_mut().zip(words) {
			*bytes = word.to_le_bytes();
		}
		Ok(root)
	}
}
