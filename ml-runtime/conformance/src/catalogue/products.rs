//! Matrix products.

use assay_ops::{BatchMatMul, HeadLayout, HeadShape, Op};

use crate::{Draft, Draw};

fn turned(transpose: bool, rows: u32, cols: u32) -> (u32, u32) {
	if transpose {
		(cols, rows)
	} else {
		(rows, cols)
	}
}

pub(super) fn matmul(draw: &mut Draw<'_>) -> Draft {
	let (m, k, n) = (draw.size(), draw.terms(), draw.size());
	let (transpose_a, transpose_b) = (draw.random.coin(), draw.random.coin());
	let shapes = [turned(transpose_a, m, k), turned(transpose_b, k, n)];
	Draft::floats(Op::MatMul { transpose_a, transpose_b }, &shapes)
}

pub(super) fn batch(draw: &mut Draw<'_>) -> Draft {
	let (m, k, n) = (draw.size(), draw.terms(), draw.size());
	let mut layout = || draw.random.pick([HeadLayout::Stacked, HeadLayout::Interleaved]);
	let (a, b, out) = (layout(), layout(), layout());
	let (transpose_a, transpose_b) = (draw.random.coin(), draw.random.coin());
	let (batch, heads) = (1 + draw.random.below(4), 1 + draw.random.below(6) as u16);
	let product = BatchMatMul { batch, heads, transpose_a, transpose_b, a, b, out };
	let whole = |layout: HeadLayout, (rows, cols)| {
		// Sizes are far from overflow; a shape of nothing would be refused.
		layout.whole(&product, HeadShape { rows, cols }).unwrap_or_default()
	};
	let a = whole(a, turned(transpose_a, m, k));
	let b = whole(b, turned(transpose_b, k, n));
	Draft::floats(Op::BatchMatMul(product), &[a, b])
}
