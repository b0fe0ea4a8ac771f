//! Commitments of the state between two steps.

use assay_backend_cpu::Kernels;
use assay_commitment::{state_root, tensor_root, Root};
use assay_ops::{CheckedProgram, DType, Slot};
use rayon::prelude::*;

use crate::{
	hashing::{tensor_roots, Tensor},
	MachineFault,
};

const MISFIT: MachineFault = MachineFault::Internal("a slot does not fit its type");

/// The roots of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
	step: u64,
	slots: Vec<Root>,
}

impl State {
	/// Hashes the slots whose roots are not `known`, several at a time, on any threads: where there are no kernels.
	pub(crate) fn new(
		program: &CheckedProgram,
		step: u64,
		slots: &[Vec<u32>],
		known: impl Fn(usize) -> Option<Root> + Sync,
	) -> Result<Self, MachineFault> {
		let roots = program.slots.par_iter().zip(slots).enumerate();
		let root = |(index, (slot, words)): (usize, (&Slot, &Vec<u32>))| {
			known(index).or_else(|| tensor_root(&slot.ty, words))
		};
		let roots: Option<_> = roots.map(root).collect();
		let slots = roots.ok_or(MISFIT)?;
		Ok(Self { step, slots })
	}

	/// Hashes the slots whose roots are not `known`, on the threads of these kernels.
	pub(crate) fn with_known(
		program: &CheckedProgram,
		step: u64,
		slots: &[impl AsRef<[u32]>],
		known: impl Fn(usize) -> Option<Root>,
		kernels: &impl Kernels,
	) -> Result<Self, MachineFault> {
		let known: Vec<_> = (0..program.slots.len()).map(known).collect();
		let tensors = program.slots.iter().zip(slots).zip(&known);
		let unknown = tensors.filter(|(_, known)| known.is_none());
		let unknown: Vec<Tensor> =
			unknown.map(|((slot, words), _)| (&slot.ty, words.as_ref())).collect();
		let mut roots = tensor_roots(&unknown, kernels).ok_or(MISFIT)?.into_iter();
		let slots: Option<_> =
			known.into_iter().map(|known| known.or_else(|| roots.next())).collect();
		let slots = slots.ok_or(MISFIT)?;
		Ok(Self { step, slots })
	}

	/// A state of which all roots are known.
	pub(crate) fn of_roots(step: u64, slots: Vec<Root>) -> Self {
		Self { step, slots }
	}

	/// Steps done.
	pub fn step(&self) -> u64 {
		self.step
	}

	/// Tensor root of every slot.
	pub fn slots(&self) -> &[Root] {
		&self.slots
	}

	/// Σ.
	pub fn root(&self) -> Root {
		state_root(self.step, &self.slots)
	}
}

/// Whether the word is a finite number.
pub(crate) fn is_finite(word: u32) -> bool {
	const EXPONENT: u32 = 0x7F80_0000;
	word & EXPONENT != EXPONENT
}

/// Whether a slot is no parameter, or one that is made of finite numbers.
pub(crate) fn is_finite_slot(slot: &Slot, words: &[u32]) -> bool {
	// A fold without an early end: it becomes vector code, and almost every word is finite.
	let finite = || words.iter().fold(true, |all, word| all & is_finite(*word));
	!slot.parameter || slot.ty.dtype != DType::F32 || finite()
}
