//! Memory of a backend's own, in which the values of a run stay.

use std::fmt;

use assay_ops::{eval::StepContext, NodeSpec, ValueType};

use crate::{KernelError, RecordSource};

/// A buffer of a [`Memory`], by the order in which it was allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BufferId(pub usize);

/// The memory of a device, and what the device does with the values in it. Values are row-major and may be
/// shorter than their buffer.
///
/// Work is done in the order of the calls. It may go on when a call returns, except for calls that give
/// words back: these wait. An error may therefore be that of an earlier call; the content of the buffers that
/// were written since the last wait is then undefined, and that of all others is as it was.
pub trait Memory: Send + fmt::Debug {
	/// A buffer of so many words, of any content.
	fn allocate(&mut self, words: usize) -> Result<BufferId, KernelError>;

	/// Copies words from the host to the beginning of a buffer.
	fn write(&mut self, to: BufferId, words: &[u32]) -> Result<(), KernelError>;

	/// Copies the beginning of a buffer to the host.
	fn read(&mut self, from: BufferId, words: &mut [u32]) -> Result<(), KernelError>;

	/// Copies so many words from the beginning of a buffer to that of another.
	fn copy(&mut self, from: BufferId, to: BufferId, words: usize) -> Result<(), KernelError>;

	/// Computes one node from the values in `operands` into `out`, which is none of them. As
	/// [`Kernels::run`](crate::Kernels::run), but for nodes that read a slot: a slot is a buffer already.
	fn run(
		&mut self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[BufferId],
		records: &dyn RecordSource,
		out: BufferId,
	) -> Result<(), KernelError>;

	/// The root of a value: plain BLAKE3 of its tiles.
	fn root(&mut self, ty: &ValueType, value: BufferId) -> Result<[u8; 32], KernelError>;

	/// Whether all these floats, so many from the beginning of each buffer, are finite.
	fn is_finite(&mut self, values: &[(BufferId, usize)]) -> Result<bool, KernelError>;
}
