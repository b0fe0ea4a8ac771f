//! Matrix products.

use assay_ops::{BatchMatMul, HeadLayout, HeadShape, Op, QuantFormat};

use crate::{Draft, Draw};

fn turned(transpose: bool, rows: u32, cols: u32) -> (u32, u32) {
	if transpose {
		(cols, rows)
	} else {
		(rows, cols)
	}
}

pub(super) fn matmul(draw: &mut Draw<'_>) -> Draft {
	product(draw, |transpose_a, transpose_b| Op::MatMul { transpose_a, transpose_b })
}

pub(super) fn mm_i8(draw: &mut Draw<'_>) -> Draft {
	quantised(draw, QuantFormat::I8)
}

pub(super) fn mm_q15x3(draw: &mut Draw<'_>) -> Draft {
	quantised(draw, QuantFormat::Q15)
}

fn quantised(draw: &mut Draw<'_>, format: QuantFormat) -> Draft {
	product(draw, |transpose_a, transpose_b| Op::QuantMatMul { format, transpose_a, transpose_b })
}

fn product(draw: &mut Draw<'_>, op: impl Fn(bool, bool) -> Op) -> Draft {
	let (m, k, n) = (draw.size(), draw.terms(), draw.size());
	let (transpose_a, transpose_b) = (draw.random.coin(), draw.random.coin());
	let shapes = [turned(transpose_a, m, k), turned(transpose_b, k, n)];
	Draft::floats(op(transpose_a, transpose_b), &shapes)
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
