//! All 2³² inputs of a function of one operand.

use assay_ops::{Op, Unary};

use crate::{compare, Backend, Case, Draft, Fault, Outcome, Random};

/// Rows and columns of the value that is computed at once.
const SIDE: u32 = 1024;

/// Inputs computed at once.
pub const CHUNK: u64 = (SIDE * SIDE) as u64;

/// Number of all inputs.
pub const ALL: u64 = 1 << 32;

/// Which inputs.
#[derive(Clone, Copy, Debug)]
pub struct Inputs {
	/// One of each so many neighbours: 1 for all. A power of two of at most 4096.
	pub one_in: u64,
}

impl Inputs {
	/// Number of chunks of [`CHUNK`] inputs.
	pub fn chunks(&self) -> u64 {
		ALL / self.one_in.max(1) / CHUNK
	}

	/// Inputs of a chunk. Where some are left out, which one of its neighbours is taken varies, so that
	/// all low bits occur.
	pub fn words(&self, chunk: u64) -> Vec<u32> {
		let indices = chunk * CHUNK..(chunk + 1) * CHUNK;
		if self.one_in <= 1 {
			return indices.map(|index| index as u32).collect();
		}
		let mut random = Random::of_case(0, "inputs", chunk);
		let mut word = |index| index * self.one_in + random.u64() % self.one_in;
		indices.map(|index| word(index) as u32).collect()
	}
}

/// Computes a function on all the inputs: one outcome per backend, all with the same digest. `progress`
/// is called for each chunk.
pub fn run(
	function: Unary,
	backends: &[Backend],
	inputs: Inputs,
	mut progress: impl FnMut(),
) -> Result<Vec<Outcome>, Fault> {
	let draft = Draft::floats(Op::Unary(function), &[(SIDE, SIDE)]);
	let cases = (0..inputs.chunks()).map_while(|chunk| {
		progress();
		Some((chunk, Case::of_words(&draft, vec![inputs.words(chunk)])?))
	});
	compare(cases, backends)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn inputs_should_be_all_words_when_none_is_left_out() {
		let all = Inputs { one_in: 1 };
		assert_eq!(all.chunks() * CHUNK, ALL);
		assert_eq!(all.words(0).first(), Some(&0));
		let last = all.words(all.chunks() - 1);
		assert_eq!(last.last(), Some(&u32::MAX));
		assert!(last.windows(2).all(|pair| pair[0] + 1 == pair[1]));
	}

	#[test]
	fn inputs_should_be_one_of_each_neighbours_when_some_are_left_out() {
		let some = Inputs { one_in: 16 };
		assert_eq!(some.chunks() * CHUNK, ALL / 16);
		let words = some.words(some.chunks() - 1);
		assert_eq!(words.first().map(|word| u64::from(word / 16)), Some(ALL / 16 - CHUNK));
		assert!(words.windows(2).all(|pair| pair[0] / 16 + 1 == pair[1] / 16));
		assert_eq!(words.last().map(|word| word / 16), Some(u32::MAX / 16));
		assert!((0..16).all(|low| words.iter().any(|word| word % 16 == low)));
	}
}
