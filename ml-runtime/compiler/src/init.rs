//! Initial content of slots.

use assay_ops::{
	philox::{stream_key, uniform, Domain},
	soft,
};

use crate::compile::Compiled;

/// How a slot starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// Bits of `sqrt(6 / fan_in)`, both rounded once.
fn bound(fan_in: u32) -> u32 {
	soft::sqrt(soft::div(soft::from_u32(6), soft::from_u32(fan_in)))
}

/// The words of every slot before the first step, row by row. Depends on nothing but the arguments;
/// slot `i` draws from stream `i` of [`Domain::Init`].
pub fn initial_slots(compiled: &Compiled, seed: &[u8; 32]) -> Vec<Vec<u32>> {
	let slots = compiled.program.slots.iter().zip(&compiled.inits);
	let fill = |(slot, (declared, init)): (usize, (&assay_ops::Slot, &Init))| {
		let words = declared.ty.rows.saturating_mul(declared.ty.cols);
		match *init {
			Init::Constant { bits } => vec![bits; words as usize],
			Init::KaimingUniform { fan_in } => {
				let key = stream_key(seed, Domain::Init, slot as u32);
				let bound = bound(fan_in);
				(0..words).map(|element| uniform(key, element, bound)).collect()
			},
		}
	};
	slots.enumerate().map(fill).collect()
}
