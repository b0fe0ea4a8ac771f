//! Initial content of slots.

use std::sync::Arc;

use assay_ops::{
	philox::{stream_key, uniform, Domain},
	soft, Slot,
};

use crate::compile::Compiled;

/// How a slot starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Init {
	/// The same bits everywhere.
	Constant {
		/// Bits of the `f32`.
		bits: u32,
	},
	/// Uniform in `[−b, b)` with `b = sqrt(6 / fan_in)`: He et al. (2015), for layers before a ReLU.
	KaimingUniform {
		/// Terms of each sum that the parameter takes part in.
		fan_in: u32,
	},
	/// Uniform in `[−bound, bound)`.
	Uniform {
		/// Bits of the bound.
		bound: u32,
	},
	/// These words, row by row.
	Table {
		/// As many as the slot has.
		words: Arc<[u32]>,
	},
}

/// Bits of `sqrt(n / fan_in)`, quotient and root rounded once each.
fn root_of_share(n: u32, fan_in: u32) -> u32 {
	soft::sqrt(soft::div(soft::from_u32(n), soft::from_u32(fan_in)))
}

impl Init {
	/// Uniform with the standard deviation `1 / sqrt(fan_in)`, which keeps the size of what passes.
	pub(crate) fn keeping(fan_in: u32) -> Self {
		Self::Uniform { bound: root_of_share(3, fan_in) }
	}

	/// Uniform with the standard deviation `std`.
	pub(crate) fn deviating(std: u32) -> Self {
		Self::Uniform { bound: soft::mul(std, root_of_share(3, 1)) }
	}

	/// The words of slot number `slot`.
	fn words(&self, slot: u32, declared: &Slot, seed: &[u8; 32]) -> Vec<u32> {
		let words = declared.ty.rows.saturating_mul(declared.ty.cols);
		let drawn = |bound| {
			let key = stream_key(seed, Domain::Init, slot);
			(0..words).map(|element| uniform(key, element, bound)).collect()
		};
		match self {
			Self::Constant { bits } => vec![*bits; words as usize],
			Self::KaimingUniform { fan_in } => drawn(root_of_share(6, *fan_in)),
			Self::Uniform { bound } => drawn(*bound),
			Self::Table { words } => words.to_vec(),
		}
	}
}

/// The words of every slot before the first step, row by row. Depends on nothing but the arguments;
/// slot `i` draws from stream `i` of [`Domain::Init`].
pub fn initial_slots(compiled: &Compiled, seed: &[u8; 32]) -> Vec<Vec<u32>> {
	initial_slots_but(compiled, seed, Vec::new())
}

/// What [`initial_slots`] says, but of the first slots those that are `given`, which are not drawn. They must have the
/// sizes of their slots.
pub fn initial_slots_but(
	compiled: &Compiled,
	seed: &[u8; 32],
	given: Vec<Option<Vec<u32>>>,
) -> Vec<Vec<u32>> {
	let slots = compiled.program.slots.iter().zip(&compiled.inits);
	let given = given.into_iter().chain(std::iter::repeat(None));
	let words = |((slot, (declared, init)), given): ((u32, (&Slot, &Init)), Option<_>)| {
		let words = given.unwrap_or_else(|| init.words(slot, declared, seed));
		debug_assert_eq!(
			words.len() as u64,
			u64::from(declared.ty.rows) * u64::from(declared.ty.cols)
		);
		words
	};
	(0..).zip(slots).zip(given).map(words).collect()
}

/// The words of those slots that are constant tables.
pub(crate) fn tables(inits: &[Init]) -> Vec<Arc<[u32]>> {
	let table = |init: &Init| match init {
		Init::Table { words } => Some(words.clone()),
		_ => None,
	};
	inits.iter().filter_map(table).collect()
}
