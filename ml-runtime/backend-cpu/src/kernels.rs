//! What an executor asks of a backend.

use std::fmt;

use assay_ops::{eval::StepContext, NodeSpec};
use rayon::prelude::*;

use crate::chain::{one_by_one, Link};
use crate::Memory;

/// Executes nodes of a step program.
pub trait Kernels: Send + Sync {
	/// Computes one node into `out`, which has `rows · cols` words of the node's type and any content.
	///
	/// `operands` are the values of the node's inputs, in order, row-major. A `State` node has none in
	/// the program; here it gets one, the content of its slot, and copies it. `records` is read by
	/// `Load` only.
	///
	/// The result depends on the arguments alone. An error says that nothing was computed; the content
	/// of `out` is then undefined.
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError>;

	/// Computes a chain of nodes: as [`Kernels::run`] each of them, into its `out`. A node without one is read by the chain
	/// alone, if at all.
	///
	/// The links are those that a [`ChainFinder`](crate::ChainFinder) found; of others it may say
	/// [`KernelError::Shape`].
	fn run_chain(
		&self,
		links: &[Link<'_>],
		ctx: &StepContext,
		outs: &mut [Option<&mut [u32]>],
	) -> Result<(), KernelError> {
		one_by_one(self, links, ctx, outs)
	}

	/// Does `count` pieces of other work, numbered from 0, in any order and at the same time: on the threads of the
	/// backend where it has some, else on all processors.
	fn share(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
		(0..count).into_par_iter().for_each(work);
	}

	/// Memory of the backend's own, where the values of a run can stay from node to node and from step to
	/// step; `None` where the host's memory is as near.
	fn memory(&self) -> Result<Option<Box<dyn Memory>>, KernelError> {
		Ok(None)
	}
}

impl<K: Kernels + ?Sized> Kernels for &K {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		(**self).run(spec, ctx, operands, records, out)
	}

	fn run_chain(
		&self,
		links: &[Link<'_>],
		ctx: &StepContext,
		outs: &mut [Option<&mut [u32]>],
	) -> Result<(), KernelError> {
		(**self).run_chain(links, ctx, outs)
	}

	fn share(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
		(**self).share(count, work);
	}

	fn memory(&self) -> Result<Option<Box<dyn Memory>>, KernelError> {
		(**self).memory()
	}
}

impl<K: Kernels + ?Sized> Kernels for Box<K> {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		(**self).run(spec, ctx, operands, records, out)
	}

	fn run_chain(
		&self,
		links: &[Link<'_>],
		ctx: &StepContext,
		outs: &mut [Option<&mut [u32]>],
	) -> Result<(), KernelError> {
		(**self).run_chain(links, ctx, outs)
	}

	fn share(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
		(**self).share(count, work);
	}

	fn memory(&self) -> Result<Option<Box<dyn Memory>>, KernelError> {
		(**self).memory()
	}
}

/// Records of a data set.
pub trait RecordSource: Sync {
	/// The bytes of record `index`, or `None` if there is no such record.
	fn record(&self, index: u64) -> Option<&[u8]>;
}

/// A data set as a byte string of records of equal size.
#[derive(Clone, Copy, Debug)]
pub struct Records<'a> {
	/// The records, one after the other.
	pub bytes: &'a [u8],
	/// Bytes of each.
	pub size: usize,
}

impl<'a> Records<'a> {
	/// The bytes of record `index`, or `None` if there is no such record.
	pub fn get(self, index: u64) -> Option<&'a [u8]> {
		let from = usize::try_from(index).ok()?.checked_mul(self.size)?;
		self.bytes.get(from..from.checked_add(self.size)?)
	}
}

impl RecordSource for Records<'_> {
	fn record(&self, index: u64) -> Option<&[u8]> {
		self.get(index)
	}
}

/// Why a node was not computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelError {
	/// A value does not have the number of words that its type says, or an operand is missing, or the
	/// types are not those of the operation.
	Shape,
	/// The data set ends before a record that the node reads.
	Record {
		/// Index of the record.
		index: u64,
	},
	/// The floating-point unit of a thread flushes subnormals or does not round to nearest.
	FloatEnvironment,
	/// The processor lacks the instructions of the level that was asked for.
	Level,
	/// Threads could not be started.
	Threads(String),
	/// A device that computes for the backend failed.
	Device(String),
}

impl fmt::Display for KernelError {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Shape => f.write_str("a value does not have the words that its type says"),
			Self::Record { index } => write!(f, "the data set has no complete record {index}"),
			Self::FloatEnvironment => {
				f.write_str("a thread's floating-point unit is in a non-standard mode")
			},
			Self::Level => f.write_str("the processor lacks the instructions asked for"),
			Self::Threads(error) => write!(f, "threads could not be started: {error}"),
			Self::Device(error) => write!(f, "the device failed: {error}"),
		}
	}
}

impl std::error::Error for KernelError {}
