//! Batches of products in `f64`.

use assay_ops::{BatchMatMul, HeadLayout};

use super::double::Matrix;

/// Rows and columns of the matrices in a value.
fn shape(layout: HeadLayout, p: &BatchMatMul, x: &Matrix) -> (usize, usize) {
	let (batch, heads) = (p.batch as usize, usize::from(p.heads));
	match layout {
		HeadLayout::Stacked => (x.rows / (batch * heads), x.cols),
		HeadLayout::Interleaved => (x.rows / batch, x.cols / heads),
	}
}

/// Element (i, j) of matrix (item, head).
fn at(layout: HeadLayout, p: &BatchMatMul, x: &Matrix, place: [usize; 4]) -> f64 {
	let ([item, head, i, j], (rows, cols)) = (place, shape(layout, p, x));
	match layout {
		HeadLayout::Stacked => x.at((item * usize::from(p.heads) + head) * rows + i, j),
		HeadLayout::Interleaved => x.at(item * rows + i, head * cols + j),
	}
}

pub(crate) fn product(p: &BatchMatMul, a: &Matrix, b: &Matrix) -> Matrix {
	assert!(!p.transpose_a, "not in a forward pass");
	let (batch, heads) = (p.batch as usize, usize::from(p.heads));
	let ((m, k), (rows, cols)) = (shape(p.a, p, a), shape(p.b, p, b));
	let n = if p.transpose_b { rows } else { cols };
	let element = |item, head, i, j| -> f64 {
		let right = |l| if p.transpose_b { [item, head, j, l] } else { [item, head, l, j] };
		(0..k).map(|l| at(p.a, p, a, [item, head, i, l]) * at(p.b, p, b, right(l))).sum()
	};
	match p.out {
		HeadLayout::Stacked => Matrix::new(batch * heads * m, n, |row, j| {
			element(row / m / heads, row / m % heads, row % m, j)
		}),
		HeadLayout::Interleaved => Matrix::new(batch * m, heads * n, |row, col| {
			element(row / m, col / n, row % m, col % n)
		}),
	}
}
