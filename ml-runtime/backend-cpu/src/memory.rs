//! Memory of a backend's own, in which the values of a run stay.

use std::fmt;

use assay_ops::{eval::StepContext, NodeSpec, ValueType};

use crate::{KernelError, RecordSource};

/// A buffer of a [`Memory`], by the order in which it was allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BufferId(pub usize);

/// A routine of a [`Memory`], by the order in which it was prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutineId(pub usize);

/// A part of a [`Routine`].
#[derive(Clone, Debug)]
pub enum Task<'a> {
	/// Computes a node from the values in `operands` into `out`, which is none of them. As
	/// [`Kernels::run`](crate::Kernels::run), but for nodes that read a slot: a slot is a buffer already.
	Node {
		/// The node.
		spec: &'a NodeSpec,
		/// The buffers of its operands, in order.
		operands: Vec<BufferId>,
		/// The buffer of its value.
		out: BufferId,
	},
	/// Copies so many words from the beginning of a buffer to that of another.
	Copy {
		/// The buffer that is read.
		from: BufferId,
		/// The buffer that is written.
		to: BufferId,
		/// How many words.
		words: usize,
	},
}

/// What is done in every step.
#[derive(Clone, Debug, Default)]
pub struct Routine<'a> {
	/// Its parts: each finds what those before it have written.
	pub tasks: Vec<Task<'a>>,
	/// Floats that are looked at when all that is done, so many from the beginning of each buffer.
	pub watched: Vec<(BufferId, usize)>,
}

/// The memory of a device, and what the device does with the values in it. Values are row-major and may be
/// shorter than their buffer.
///
/// Work is done in the order of the calls. It may go on when a call returns, except for calls that give
/// something back: these wait. An error may therefore be that of an earlier call; the content of the buffers that
/// were written since the last wait is then undefined, and that of all others is as it was.
pub trait Memory: Send + fmt::Debug {
	/// A buffer of so many words, of any content.
	fn allocate(&mut self, words: usize) -> Result<BufferId, KernelError>;

	/// Copies words from the host to the beginning of a buffer.
	fn write(&mut self, to: BufferId, words: &[u32]) -> Result<(), KernelError>;

	/// Copies the beginning of a buffer to the host.
	fn read(&mut self, from: BufferId, words: &mut [u32]) -> Result<(), KernelError>;

	/// Plans a routine for steps of this context, whose number does not matter. No buffer changes.
	fn prepare(
		&mut self,
		routine: &Routine<'_>,
		ctx: &StepContext,
	) -> Result<RoutineId, KernelError>;

	/// Does all of a routine in a step, whose context but for its number is that for which it was prepared. Gives whether
	/// all the floats that it watches are finite then.
	fn perform(
		&mut self,
		routine: RoutineId,
		ctx: &StepContext,
		records: &dyn RecordSource,
	) -> Result<bool, KernelError>;

	/// The root of a value: plain BLAKE3 of its tiles.
	fn root(&mut self, ty: &ValueType, value: BufferId) -> Result<[u8; 32], KernelError>;
}
