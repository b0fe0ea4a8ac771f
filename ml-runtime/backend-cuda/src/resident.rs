//! The values of a run on a device.

use std::{fmt, sync::Arc};

use assay_backend_cpu::{BufferId, CpuKernels, KernelError, Kernels, Memory, RecordSource};
use assay_ops::{eval::StepContext, NodeSpec, Op, ValueType};

use crate::{plan::Plan, DeviceMemory, Span, FOUND_WORDS, ROOT_WORDS};

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
}

impl fmt::Debug for Resident {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("Resident").field("buffers", &self.buffers).finish_non_exhaustive()
	}
}

fn span(ty: &ValueType, buffer: BufferId) -> Result<Span, KernelError> {
	let words = usize::try_from(ty.words()).map_err(|_| KernelError::Shape)?;
	Ok(Span { buffer: buffer.0, words })
}

impl Resident {
	pub(crate) fn new(
		memory: Box<dyn DeviceMemory>,
		host: Arc<CpuKernels>,
	) -> Result<Self, KernelError> {
		let [root, none, one, other] =
			[(0, ROOT_WORDS), (1, FOUND_WORDS), (2, FOUND_WORDS), (3, FOUND_WORDS)]
				.map(|(buffer, words)| Span { buffer, words });
		let mut resident = Self { memory, host, buffers: 0, root, none, found: [one, other] };
		for own in [root, none, one, other] {
			resident.push(own.words)?;
		}
		resident.memory.upload(none.buffer, &[0; FOUND_WORDS])?;
		Ok(resident)
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

	fn copy(&mut self, from: BufferId, to: BufferId, words: usize) -> Result<(), KernelError> {
		Ok(self.memory.copy(Span { buffer: from.0, words }, to.0)?)
	}

	fn run(
		&mut self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[BufferId],
		records: &dyn RecordSource,
		out: BufferId,
	) -> Result<(), KernelError> {
		let out = span(&spec.ty, out)?;
		if matches!(spec.op, Op::Load { .. } | Op::StepIndex { .. }) {
			let host = &self.host;
			let fill = &mut |staging: &mut [u32]| host.run(spec, ctx, &[], records, staging);
			return self.memory.fill(out, fill);
		}
		if operands.len() != spec.inputs.len() {
			return Err(KernelError::Shape);
		}
		let operands = spec.inputs.iter().zip(operands).map(|(input, id)| span(&input.ty, *id));
		let operands = operands.collect::<Result<Vec<_>, _>>()?;
		let plan = Plan::new(spec, ctx).ok_or(KernelError::Shape)?;
		Ok(self.memory.launch(&plan, &operands, out)?)
	}

	fn root(&mut self, ty: &ValueType, value: BufferId) -> Result<[u8; 32], KernelError> {
		let plan = Plan::root(ty).ok_or(KernelError::Shape)?;
		self.memory.launch(&plan, &[span(ty, value)?], self.root)?;
		let mut words = [0; ROOT_WORDS];
		self.memory.download(self.root, &mut words)?;
		let mut root = [0; 32];
		for (bytes, word) in root.as_chunks_mut().0.iter_mut().zip(words) {
			*bytes = word.to_le_bytes();
		}
		Ok(root)
	}

	fn is_finite(&mut self, values: &[(BufferId, usize)]) -> Result<bool, KernelError> {
		let (mut before, [mut after, mut next]) = (self.none, self.found);
		for (buffer, words) in values {
			let count = u32::try_from(*words).map_err(|_| KernelError::Shape)?;
			let value = Span { buffer: buffer.0, words: *words };
			self.memory.launch(&Plan::special(count), &[value, before], after)?;
			(before, after, next) = (after, next, after);
		}
		let mut found = [0; FOUND_WORDS];
		self.memory.download(before, &mut found)?;
		Ok(found == [0; FOUND_WORDS])
	}
}
