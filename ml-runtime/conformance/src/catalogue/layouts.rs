//! Operations that move words.

use assay_ops::Op;

use crate::{Draft, Draw};

pub(super) fn reshape(draw: &mut Draw<'_>) -> Draft {
	let (a, b, c) = (draw.size(), draw.size(), draw.size_up_to(33));
	let draft = Draft::floats(Op::Reshape { rows: a, cols: b * c }, &[(a * b, c)]);
	if draw.random.coin() {
		draft
	} else {
		draft.with_labels(0, u32::MAX)
	}
}

pub(super) fn causal(draw: &mut Draw<'_>) -> Draft {
	let bits = draw.random.pick([0xFF80_0000, 0xFFC0_0001, 0x8000_0000, 0xFF7F_FFFF]);
	let (squares, cols) = (1 + draw.random.below(5), draw.size());
	Draft::floats(Op::Causal { bits }, &[(squares * cols, cols)])
}

pub(super) fn rotate_half(draw: &mut Draw<'_>) -> Draft {
	let (rows, half, runs) = (draw.size(), draw.size(), 1 + draw.random.below(6));
	Draft::floats(Op::RotateHalf { width: 2 * half }, &[(rows, 2 * half * runs)])
}
