//! Operations with the types of their operands, before any word is chosen.

use assay_ops::{DType, NodeSpec, Op, Operand, ValueType};

use crate::Random;

/// One operand.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
	/// Its type.
	pub ty: ValueType,
	/// For `u32`: words from this on name nothing.
	pub bound: u32,
}

/// An operation with the types of its operands.
#[derive(Clone, Debug)]
pub struct Draft {
	/// What is computed.
	pub op: Op,
	/// The operands; for `State` the content of the slot.
	pub operands: Vec<Wanted>,
}

impl Draft {
	/// An operation on floats of these shapes.
	pub fn floats(op: Op, shapes: &[(u32, u32)]) -> Self {
		let operands = shapes.iter().map(|(rows, cols)| Wanted {
			ty: ValueType { dtype: DType::F32, rows: *rows, cols: *cols },
			bound: 0,
		});
		Self { op, operands: operands.collect() }
	}

	/// The same, where one operand is a column of labels below `bound`.
	pub fn with_labels(mut self, operand: usize, bound: u32) -> Self {
		if let Some(wanted) = self.operands.get_mut(operand) {
			wanted.ty.dtype = DType::U32;
			wanted.bound = bound;
		}
		self
	}

	/// The node, for a batch of that many records; `None` if the types do not fit the operation.
	pub fn spec(&self, batch: u32) -> Option<NodeSpec> {
		let types: Vec<_> = self.operands.iter().map(|wanted| wanted.ty).collect();
		if let (Op::State { .. }, [ty]) = (&self.op, types.as_slice()) {
			return Some(NodeSpec { id: 9, op: self.op, inputs: Default::default(), ty: *ty });
		}
		let ty = self.op.infer(&types, batch).ok()?;
		let inputs: Vec<_> = (0..).zip(types).map(|(id, ty)| Operand { id, ty }).collect();
		Some(NodeSpec { id: 9, op: self.op, inputs: inputs.try_into().ok()?, ty })
	}
}

/// What drafts are drawn from.
#[derive(Debug)]
pub struct Draw<'a> {
	/// Random numbers.
	pub random: &'a mut Random,
	/// Whether sizes of thousands occur.
	pub large: bool,
}

impl Draw<'_> {
	/// Rows or columns: 1, both sides of what kernels are built around, or any up to 100.
	pub fn size(&mut self) -> u32 {
		const EDGES: [u32; 16] = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97];
		match self.random.below(16) {
			0 if self.large => 1 + self.random.below(5000),
			0..=4 => 1 + self.random.below(100),
			_ => self.random.pick(EDGES),
		}
	}

	/// A size of at most `limit`.
	pub fn size_up_to(&mut self, limit: u32) -> u32 {
		self.size().min(limit)
	}

	/// Terms of a sum: often both sides of a block's end.
	pub fn terms(&mut self) -> u32 {
		const EDGES: [u32; 12] = [1, 2, 31, 32, 33, 511, 512, 513, 1023, 1024, 1025, 2049];
		match self.random.below(16) {
			0 if self.large => 1 + self.random.below(70_000),
			0..=6 => 1 + self.random.below(100),
			_ => self.random.pick(EDGES),
		}
	}
}
