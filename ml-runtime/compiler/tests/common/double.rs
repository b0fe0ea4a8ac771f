//! The forward pass of a program in `f64`, written apart from the op set: the oracle of gradients.

use assay_ops::{Broadcast, Op, Program, Window};

use super::{functions, heads};

/// A value: rows, columns, elements row by row.
#[derive(Clone)]
pub(crate) struct Matrix {
	pub(crate) rows: usize,
	pub(crate) cols: usize,
	pub(crate) data: Vec<f64>,
}

impl Matrix {
	pub(crate) fn new(rows: usize, cols: usize, at: impl Fn(usize, usize) -> f64) -> Self {
		let data = (0..rows * cols).map(|i| at(i / cols, i % cols)).collect();
		Self { rows, cols, data }
	}

	pub(crate) fn at(&self, row: usize, col: usize) -> f64 {
		self.data[row * self.cols + col]
	}
}

/// The loss of a step. `given(id, op)` provides the nodes without operands.
pub(crate) fn loss(program: &Program, mut given: impl FnMut(usize, &Op) -> Matrix) -> f64 {
	let mut values: Vec<Matrix> = Vec::new();
	for (id, node) in program.nodes.iter().take(usize::from(program.loss) + 1).enumerate() {
		let value = match node.inputs.as_slice() {
			[] => given(id, &node.op),
			inputs => {
				let operands: Vec<&Matrix> =
					inputs.iter().map(|id| &values[usize::from(*id)]).collect();
				apply(&node.op, &operands)
			},
		};
		values.push(value);
	}
	values[usize::from(program.loss)].data[0]
}

fn apply(op: &Op, x: &[&Matrix]) -> Matrix {
	let a = x[0];
	match op {
		Op::MatMul { transpose_a: false, transpose_b: true } => {
			let terms = |i, j| (0..a.cols).map(|k| a.at(i, k) * x[1].at(j, k)).sum();
			Matrix::new(a.rows, x[1].rows, terms)
		},
		Op::BatchMatMul(product) => heads::product(product, a, x[1]),
		Op::Im2Col(w) => patches(w, a),
		Op::MaxPool(w) => pool(w, a, |window| window.fold(f64::NEG_INFINITY, f64::max)),
		Op::AvgPool(w) => {
			let size = f64::from(w.kernel_h) * f64::from(w.kernel_w);
			pool(w, a, |window| window.sum::<f64>() / size)
		},
		Op::Reshape { rows, cols } => {
			Matrix { rows: *rows as usize, cols: *cols as usize, data: a.data.clone() }
		},
		Op::Unary(f) => Matrix::new(a.rows, a.cols, |i, j| functions::unary(*f, a.at(i, j))),
		Op::Binary(f, spread) => Matrix::new(a.rows, a.cols, |i, j| {
			functions::binary(*f, a.at(i, j), spread_to(spread, x[1], i, j))
		}),
		Op::Fma(spread) => Matrix::new(a.rows, a.cols, |i, j| {
			a.at(i, j) * spread_to(spread, x[1], i, j) + x[2].at(i, j)
		}),
		Op::Select(spread) => Matrix::new(a.rows, a.cols, |i, j| {
			let chosen = if spread_to(spread, x[1], i, j) == 0.0 { x[2] } else { a };
			chosen.at(i, j)
		}),
		Op::RowSum => Matrix::new(a.rows, 1, |i, _| (0..a.cols).map(|j| a.at(i, j)).sum()),
		Op::RowMax => Matrix::new(a.rows, 1, |i, _| {
			(0..a.cols).map(|j| a.at(i, j)).fold(f64::NEG_INFINITY, f64::max)
		}),
		Op::ColSum => Matrix::new(1, a.cols, |_, j| (0..a.rows).map(|i| a.at(i, j)).sum()),
		Op::Pick => Matrix::new(a.rows, 1, |i, _| a.at(i, x[1].at(i, 0) as usize)),
		Op::Gather => Matrix::new(x[1].rows, a.cols, |i, j| a.at(x[1].at(i, 0) as usize, j)),
		Op::Causal { bits } => Matrix::new(a.rows, a.cols, |i, j| {
			if j > i % a.cols {
				f64::from(f32::from_bits(*bits))
			} else {
				a.at(i, j)
			}
		}),
		Op::RotateHalf { width } => {
			let (width, half) = (*width as usize, *width as usize / 2);
			Matrix::new(a.rows, a.cols, |i, j| {
				if j % width < half {
					-a.at(i, j + half)
				} else {
					a.at(i, j - half)
				}
			})
		},
		other => panic!("{other:?} is not in a forward pass"),
	}
}

/// The element of a broadcast operand that goes to a place of the result.
fn spread_to(spread: &Broadcast, b: &Matrix, i: usize, j: usize) -> f64 {
	match spread {
		Broadcast::None => b.at(i, j),
		Broadcast::Row => b.at(0, j),
		Broadcast::Col => b.at(i, 0),
		Broadcast::Scalar => b.at(0, 0),
		Broadcast::Periodic { each } => b.at(i / *each as usize % b.rows, j % b.cols),
	}
}

fn side(size: u16, kernel: u8, stride: u8, pad: u8) -> usize {
	(usize::from(size) + 2 * usize::from(pad) - usize::from(kernel)) / usize::from(stride) + 1
}

/// The pixel under kernel entry (ky, kx) of position (oy, ox); nothing in the padding.
fn pixel(
	w: &Window,
	a: &Matrix,
	image: usize,
	o: (usize, usize),
	k: (usize, usize),
	c: usize,
) -> Option<f64> {
	let y = (o.0 * usize::from(w.stride_h) + k.0).checked_sub(w.pad_h.into());
	let x = (o.1 * usize::from(w.stride_w) + k.1).checked_sub(w.pad_w.into());
	match (y, x) {
		(Some(y), Some(x)) if y < w.height.into() && x < w.width.into() => {
			Some(a.at((image * usize::from(w.height) + y) * usize::from(w.width) + x, c))
		},
		_ => None,
	}
}

fn patches(w: &Window, a: &Matrix) -> Matrix {
	let (oh, ow) = outputs(w);
	let images = a.rows / (usize::from(w.height) * usize::from(w.width));
	let (kh, kw) = (usize::from(w.kernel_h), usize::from(w.kernel_w));
	Matrix::new(images * oh * ow, usize::from(w.channels) * kh * kw, |row, col| {
		let o = (row / ow % oh, row % ow);
		pixel(w, a, row / (oh * ow), o, (col / kw % kh, col % kw), col / (kh * kw)).unwrap_or(0.0)
	})
}

fn pool(w: &Window, a: &Matrix, f: impl Fn(&mut dyn Iterator<Item = f64>) -> f64) -> Matrix {
	let (oh, ow) = outputs(w);
	let images = a.rows / (usize::from(w.height) * usize::from(w.width));
	let (kh, kw) = (usize::from(w.kernel_h), usize::from(w.kernel_w));
	Matrix::new(images * oh * ow, a.cols, |row, c| {
		let o = (row / ow % oh, row % ow);
		let window = |k| pixel(w, a, row / (oh * ow), o, (k / kw, k % kw), c);
		f(&mut (0..kh * kw).filter_map(window))
	})
}

fn outputs(w: &Window) -> (usize, usize) {
	(
		side(w.height, w.kernel_h, w.stride_h, w.pad_h),
		side(w.width, w.kernel_w, w.stride_w, w.pad_w),
	)
}
