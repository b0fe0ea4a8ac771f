//! What is done with a whole value: its root, whether it is finite, and a copy of it.

use assay_ops::{ValueType, TILE};

use super::{Buffer, Launch, Plan, Steps, A, B, OUT, THREADS, WARP};

/// Words of a root, and of a chaining value.
pub const ROOT_WORDS: usize = 8;

/// Words of what [`Plan::special`] found: one of each lane of a warp.
pub const FOUND_WORDS: usize = WARP as usize;

/// Chunks of 1 KiB of a tile.
const CHUNKS: u32 = 4;

/// Most blocks that look for special values: what they find is summed up by one warp.
const LOOKING_BLOCKS: u32 = 64;

impl Plan {
	/// Copies so many words as they are.
	pub fn copy(count: u32) -> Self {
		let steps = Steps::one(Launch::each("copy_u32", count, &[A, OUT], &[count]));
		Self { operands: vec![count as usize], out: count as usize, steps }
	}

	/// The root of a value, in [`ROOT_WORDS`] little-endian words. `None` for an empty value, and for one with more
	/// words than a kernel can count.
	pub fn root(ty: &ValueType) -> Option<Self> {
		let words = u32::try_from(ty.words()).ok().filter(|words| *words > 0)?;
		let mut subtrees = u32::try_from(ty.tiles()).ok()?.checked_mul(CHUNKS)?;
		let values = |subtrees: u32| (subtrees as usize).checked_mul(ROOT_WORDS);
		// Each level is read from one buffer and written to the other, which the level after it overwrites.
		let scratch = vec![values(subtrees)?, values(subtrees.div_ceil(2))?];
		let sizes = [subtrees, ty.rows, ty.cols];
		let (mut from, mut to) = (Buffer::Scratch(0), Buffer::Scratch(1));
		let mut launches = vec![Launch::each("hash_chunks", subtrees, &[A, from], &sizes)];
		while subtrees > 1 {
			let parents = subtrees.div_ceil(2);
			let out = if parents == 1 { OUT } else { to };
			launches.push(Launch::each("hash_parents", parents, &[from, out], &[subtrees]));
			(from, to) = (to, from);
			subtrees = parents;
		}
		let steps = Steps { scratch, launches };
		Some(Self { operands: vec![words as usize], out: ROOT_WORDS, steps })
	}

	/// Whether one of the first so many words of operand 0 is infinite or NaN, or one of the [`FOUND_WORDS`] words of operand
	/// 1 is not zero: then a word of the result, which are as many, is not zero.
	pub fn special(count: u32) -> Self {
		let blocks = count.div_ceil(THREADS).clamp(1, LOOKING_BLOCKS);
		let (parts, threads) = (Buffer::Scratch(0), blocks * THREADS);
		let look = Launch::of("special", (blocks, THREADS), &[A, parts], &[count]);
		let sum = Launch::of("found", (1, WARP), &[parts, B, OUT], &[threads]);
		let steps = Steps { scratch: vec![threads as usize], launches: vec![look, sum] };
		Self { operands: vec![count as usize, FOUND_WORDS], out: FOUND_WORDS, steps }
	}
}

const _: () = assert!(TILE * TILE == CHUNKS * 256);
