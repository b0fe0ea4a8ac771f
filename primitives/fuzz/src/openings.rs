//! Commitments: whatever is done to a proof, it verifies the true statement or none.

mod lists;
mod strings;

use crate::Source;

/// Builds a tree, proves something of it, and tries to prove something else.
pub fn check(bytes: &[u8]) {
	let mut source = Source::new(bytes);
	match source.below(6) {
		0 => lists::small(&mut source),
		1 => lists::giant(&mut source),
		2 => lists::programs(&mut source),
		3 => lists::slots(&mut source),
		4 => strings::tiles(&mut source),
		_ => strings::chunks(&mut source),
	}
}
