//! Values with their types.

use assay_ops::{NodeSpec, Op, ValueType};

use crate::matmul::Strided;
use crate::KernelError;

/// A value and its shape.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
	/// Row-major words.
	pub words: &'a [u32],
	/// Rows.
	pub rows: usize,
	/// Columns.
	pub cols: usize,
}

impl<'a> Value<'a> {
	/// The value as an operand of a matrix product.
	pub(crate) fn strided(&self) -> Strided<'a> {
		Strided { words: self.words, stride: self.cols }
	}
}

/// Rows and columns.
pub(crate) fn count(ty: &ValueType) -> (usize, usize) {
	(ty.rows as usize, ty.cols as usize)
}

/// The operands with their types, each of the right length, in a program with this batch size.
///
/// The node is one that the op spec has: kernels rely on the relations between shapes.
pub(crate) fn values<'a>(
	spec: &NodeSpec,
	batch: u32,
	operands: &[&'a [u32]],
) -> Result<Vec<Value<'a>>, KernelError> {
	let types: Vec<ValueType> = match spec.op {
		Op::State { .. } => vec![spec.ty],
		_ => spec.inputs.iter().map(|input| input.ty).collect(),
	};
	let known = matches!(spec.op, Op::State { .. }) || spec.op.infer(&types, batch) == Ok(spec.ty);
	if !known || types.len() != operands.len() {
		return Err(KernelError::Shape);
	}
	let value = |(ty, words): (&ValueType, &&'a [u32])| {
		let (rows, cols) = count(ty);
		(rows.checked_mul(cols) == Some(words.len()))
			.then_some(Value { words, rows, cols })
			.ok_or(KernelError::Shape)
	};
	types.iter().zip(operands).map(value).collect()
}
