//! Which operand types an operation takes, and the type of its result.

use crate::{
	op::{BatchMatMul, Broadcast, Op, RecordFormat, Window},
	DType, ValueType,
};

/// Why an operation does not take its operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShapeError {
	/// The operation takes another number of operands.
	WrongArity {
		/// Operands that it takes.
		expected: u32,
		/// Operands that it was given.
		got: u32,
	},
	/// An operand holds the wrong kind of word.
	WrongDType {
		/// Which operand.
		operand: u32,
		/// The kind that the operation takes.
		expected: DType,
	},
	/// An operand does not have the shape that the others and the attributes ask for.
	WrongShape {
		/// Which operand.
		operand: u32,
		/// The rows and columns asked for.
		expected: (u32, u32),
		/// Its rows and columns.
		got: (u32, u32),
	},
	/// The inner dimensions of a matrix product differ.
	InnerMismatch {
		/// Terms of the left operand.
		left: u32,
		/// Terms of the right operand.
		right: u32,
	},
	/// A size, stride or kernel is 0, the kernel does not fit, or the padding is not smaller than it.
	BadWindow {
		/// The window.
		window: Window,
	},
	/// The rows are not a whole number of images (or of sets of window positions).
	RowsNotImages {
		/// Rows of the operand.
		rows: u32,
		/// Rows per image.
		per_image: u32,
	},
	/// A reshape changes the number of elements.
	CountMismatch {
		/// Elements of the operand.
		from: u64,
		/// Elements of the result.
		to: u64,
	},
	/// A broadcast operand's rows and columns do not repeat a whole number of times.
	NotPeriodic {
		/// Its rows and columns.
		period: (u32, u32),
		/// Rows of the result per row of the operand.
		each: u32,
		/// Rows and columns of the result.
		result: (u32, u32),
	},
	/// The matrices of a batch of heads do not fill an operand, or there are none.
	HeadsDoNotFit {
		/// Sequences.
		batch: u32,
		/// Heads.
		heads: u16,
	},
	/// The rows are not stacked squares.
	NotSquares {
		/// Rows of the operand.
		rows: u32,
		/// Columns of the operand.
		cols: u32,
	},
	/// A run of columns is odd or does not divide the columns.
	BadRun {
		/// Columns of a run.
		width: u32,
		/// Columns of the operand.
		cols: u32,
	},
	/// A step index stays for 0 steps or has 0 values.
	BadStepIndex,
	/// Rows or columns of the result are 0.
	EmptyResult,
	/// Rows or columns of the result do not fit 32 bits.
	TooLarge,
	/// The type of a state node is that of its slot, which the operation alone does not know.
	StateTypeIsTheSlots,
}

fn f32(rows: u32, cols: u32) -> Result<ValueType, ShapeError> {
	typed(DType::F32, rows, cols)
}

fn typed(dtype: DType, rows: u32, cols: u32) -> Result<ValueType, ShapeError> {
	if rows == 0 || cols == 0 {
		return Err(ShapeError::EmptyResult);
	}
	Ok(ValueType { dtype, rows, cols })
}

fn expect_dtype(operand: u32, ty: &ValueType, expected: DType) -> Result<(), ShapeError> {
	if ty.dtype != expected {
		return Err(ShapeError::WrongDType { operand, expected });
	}
	Ok(())
}

fn expect_shape(operand: u32, ty: &ValueType, expected: (u32, u32)) -> Result<(), ShapeError> {
	let got = (ty.rows, ty.cols);
	if got != expected {
		return Err(ShapeError::WrongShape { operand, expected, got });
	}
	Ok(())
}

/// Checks that both operands of a product have as many terms.
fn expect_inner(left: u32, right: u32) -> Result<(), ShapeError> {
	if left != right {
		return Err(ShapeError::InnerMismatch { left, right });
	}
	Ok(())
}

impl RecordFormat {
	/// The kind of word that it gives.
	fn dtype(&self) -> DType {
		match self {
			RecordFormat::U8ToF32 | RecordFormat::F32 => DType::F32,
			RecordFormat::U8ToU32 | RecordFormat::U32 => DType::U32,
		}
	}
}

impl Op {
	/// Number of operands.
	pub fn arity(&self) -> u32 {
		match self {
			Op::State { .. }
			| Op::Load { .. }
			| Op::Fill { .. }
			| Op::Mask { .. }
			| Op::Iota { .. }
			| Op::StepIndex { .. } => 0,
			Op::Im2Col(_)
			| Op::Col2Im(_)
			| Op::MaxPool(_)
			| Op::AvgPool(_)
			| Op::AvgPoolGrad(_)
			| Op::Reshape { .. }
			| Op::Unary(_)
			| Op::RowSum
			| Op::RowMax
			| Op::ColSum
			| Op::OneHot { .. }
			| Op::Causal { .. }
			| Op::RotateHalf { .. } => 1,
			Op::MatMul { .. }
			| Op::QuantMatMul { .. }
			| Op::BatchMatMul(_)
			| Op::MaxPoolGrad(_)
			| Op::Binary(..)
			| Op::Pick
			| Op::Gather
			| Op::ScatterAdd { .. } => 2,
			Op::Fma(_) | Op::Select(_) => 3,
		}
	}

	/// The type of the result for operands of these types, in a program with this batch size. A state
	/// node's type is its slot's; see [`crate::Program::check`].
	pub fn infer(&self, inputs: &[ValueType], batch: u32) -> Result<ValueType, ShapeError> {
		self.check_dtypes(inputs)?;
		match (self, inputs) {
			(Op::State { .. }, []) => Err(ShapeError::StateTypeIsTheSlots),
			(Op::Load { width, format, .. }, []) => typed(format.dtype(), batch, *width),
			(Op::Fill { rows, cols, .. } | Op::Mask { rows, cols, .. }, []) => f32(*rows, *cols),
			(
				Op::MatMul { transpose_a, transpose_b }
				| Op::QuantMatMul { transpose_a, transpose_b, .. },
				[a, b],
			) => {
				let (m, left) = if *transpose_a { (a.cols, a.rows) } else { (a.rows, a.cols) };
				let (right, n) = if *transpose_b { (b.cols, b.rows) } else { (b.rows, b.cols) };
				expect_inner(left, right)?;
				f32(m, n)
			},
			(Op::BatchMatMul(product), [a, b]) => infer_batch(product, a, b),
			(Op::Im2Col(w) | Op::Col2Im(w), [a]) => infer_patches(self, w, a),
			(
				Op::MaxPool(w) | Op::AvgPool(w) | Op::MaxPoolGrad(w) | Op::AvgPoolGrad(w),
				[.., a],
			) => infer_pool(self, w, inputs, a),
			(Op::Reshape { rows, cols }, [a]) => infer_reshape(a, *rows, *cols),
			(Op::Unary(_), [a]) => f32(a.rows, a.cols),
			(Op::Binary(_, broadcast), [a, b]) => {
				broadcast.check(a, b)?;
				f32(a.rows, a.cols)
			},
			(Op::Fma(broadcast) | Op::Select(broadcast), [a, b, c]) => {
				broadcast.check(a, b)?;
				expect_shape(2, c, (a.rows, a.cols))?;
				f32(a.rows, a.cols)
			},
			(Op::RowSum | Op::RowMax, [a]) => f32(a.rows, 1),
			(Op::ColSum, [a]) => f32(1, a.cols),
			(Op::Pick, [a, labels]) => {
				expect_shape(1, labels, (a.rows, 1))?;
				f32(a.rows, 1)
			},
			(Op::OneHot { cols }, [labels]) => {
				expect_shape(0, labels, (labels.rows, 1))?;
				f32(labels.rows, *cols)
			},
			(Op::Gather, [table, indices]) => {
				expect_shape(1, indices, (indices.rows, 1))?;
				f32(indices.rows, table.cols)
			},
			(Op::ScatterAdd { rows }, [indices, gradient]) => {
				expect_shape(0, indices, (gradient.rows, 1))?;
				f32(*rows, gradient.cols)
			},
			(Op::Iota { rows, .. }, []) => typed(DType::U32, *rows, 1),
			(Op::StepIndex { every, period }, []) => match (every, period) {
				(0, _) | (_, 0) => Err(ShapeError::BadStepIndex),
				(_, _) => typed(DType::U32, 1, 1),
			},
			(Op::Causal { .. }, [a]) => match a.rows.checked_rem(a.cols) {
				Some(0) => f32(a.rows, a.cols),
				_ => Err(ShapeError::NotSquares { rows: a.rows, cols: a.cols }),
			},
			(Op::RotateHalf { width }, [a]) => {
				match (a.cols.checked_rem(*width), width.checked_rem(2)) {
					(Some(0), Some(0)) => f32(a.rows, a.cols),
					(_, _) => Err(ShapeError::BadRun { width: *width, cols: a.cols }),
				}
			},
			(_, _) => Err(self.wrong_arity(inputs)),
		}
	}

	fn wrong_arity(&self, inputs: &[ValueType]) -> ShapeError {
		let got = u32::try_from(inputs.len()).unwrap_or(u32::MAX);
		ShapeError::WrongArity { expected: self.arity(), got }
	}

	/// Every operand must be `f32`, but labels and indices are `u32` and a reshape takes both.
	fn check_dtypes(&self, inputs: &[ValueType]) -> Result<(), ShapeError> {
		if inputs.len() != self.arity() as usize {
			return Err(self.wrong_arity(inputs));
		}
		for (operand, ty) in (0u32..).zip(inputs) {
			if ty.rows == 0 || ty.cols == 0 {
				return Err(ShapeError::EmptyResult);
			}
			if matches!(self, Op::Reshape { .. }) {
				continue;
			}
			let labels = matches!(
				(self, operand),
				(Op::OneHot { .. }, _) | (Op::Pick | Op::Gather, 1) | (Op::ScatterAdd { .. }, 0)
			);
			expect_dtype(operand, ty, if labels { DType::U32 } else { DType::F32 })?;
		}
		Ok(())
	}
}

impl Op {
	/// The window, if the operation slides one over images.
	pub fn window(&self) -> Option<&Window> {
		if let Op::Im2Col(w)
		| Op::Col2Im(w)
		| Op::MaxPool(w)
		| Op::MaxPoolGrad(w)
		| Op::AvgPool(w)
		| Op::AvgPoolGrad(w) = self
		{
			return Some(w);
		}
		None
	}
}

impl Broadcast {
	/// Checks that a broadcast operand fits a result of this type.
	fn check(&self, result: &ValueType, operand: &ValueType) -> Result<(), ShapeError> {
		let expected = match self {
			Broadcast::None => (result.rows, result.cols),
			Broadcast::Row => (1, result.cols),
			Broadcast::Col => (result.rows, 1),
			Broadcast::Scalar => (1, 1),
			Broadcast::Periodic { each } => {
				let rows = operand.rows.checked_mul(*each);
				let down = rows.and_then(|rows| result.rows.checked_rem(rows));
				let across = result.cols.checked_rem(operand.cols);
				if (down, across) != (Some(0), Some(0)) {
					return Err(ShapeError::NotPeriodic {
						period: (operand.rows, operand.cols),
						each: *each,
						result: (result.rows, result.cols),
					});
				}
				return Ok(());
			},
		};
		expect_shape(1, operand, expected)
	}
}

fn infer_reshape(a: &ValueType, rows: u32, cols: u32) -> Result<ValueType, ShapeError> {
	let ty = typed(a.dtype, rows, cols)?;
	if ty.words() != a.words() {
		return Err(ShapeError::CountMismatch { from: a.words(), to: ty.words() });
	}
	Ok(ty)
}

fn infer_batch(
	product: &BatchMatMul,
	a: &ValueType,
	b: &ValueType,
) -> Result<ValueType, ShapeError> {
	let misfit = ShapeError::HeadsDoNotFit { batch: product.batch, heads: product.heads };
	let shapes = product.shapes(a, b).ok_or(misfit)?;
	expect_inner(shapes.k, shapes.k_of_b)?;
	let (rows, cols) = product.out.whole(product, shapes.out()).ok_or(ShapeError::TooLarge)?;
	f32(rows, cols)
}

/// Number of images whose pixels (or window positions) fill the rows.
fn images(rows: u32, per_image: u32) -> Result<u32, ShapeError> {
	match (rows.checked_div(per_image), rows.checked_rem(per_image)) {
		(Some(images), Some(0)) => Ok(images),
		_ => Err(ShapeError::RowsNotImages { rows, per_image }),
	}
}

fn rows_of(images: u32, per_image: u32) -> Result<u32, ShapeError> {
	images.checked_mul(per_image).ok_or(ShapeError::TooLarge)
}

fn infer_patches(op: &Op, w: &Window, a: &ValueType) -> Result<ValueType, ShapeError> {
	w.validate()?;
	let channels = u32::from(w.channels);
	if matches!(op, Op::Im2Col(_)) {
		expect_shape(0, a, (a.rows, channels))?;
		return f32(rows_of(images(a.rows, w.pixels())?, w.positions())?, w.patch());
	}
	expect_shape(0, a, (a.rows, w.patch()))?;
	f32(rows_of(images(a.rows, w.positions())?, w.pixels())?, channels)
}

fn infer_pool(
	op: &Op,
	w: &Window,
	inputs: &[ValueType],
	last: &ValueType,
) -> Result<ValueType, ShapeError> {
	w.validate()?;
	let channels = u32::from(w.channels);
	match (op, inputs) {
		(Op::MaxPoolGrad(_), [x, gradient]) => {
			expect_shape(0, x, (x.rows, channels))?;
			let rows = rows_of(images(x.rows, w.pixels())?, w.positions())?;
			expect_shape(1, gradient, (rows, channels))?;
			f32(x.rows, channels)
		},
		(Op::AvgPoolGrad(_), _) => {
			expect_shape(0, last, (last.rows, channels))?;
			f32(rows_of(images(last.rows, w.positions())?, w.pixels())?, channels)
		},
		(_, _) => {
			expect_shape(0, last, (last.rows, channels))?;
			f32(rows_of(images(last.rows, w.pixels())?, w.positions())?, channels)
		},
	}
}
