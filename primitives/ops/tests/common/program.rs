//! Building small programs and node specs for tests.

use assay_ops::{
	eval::{Missing, Operands, StepContext},
	DType, Node, NodeId, NodeSpec, Op, Operand, Program, Slot, ValueType, OPSET_VERSION,
};

/// An `f32` matrix type.
pub fn float(rows: u32, cols: u32) -> ValueType {
	ValueType { dtype: DType::F32, rows, cols }
}

/// A `u32` matrix type.
pub fn integer(rows: u32, cols: u32) -> ValueType {
	ValueType { dtype: DType::U32, rows, cols }
}

/// The spec of an operation on operands of these types; batch 1.
pub fn spec(op: Op, types: &[ValueType]) -> NodeSpec {
	try_spec(op, types, 1).expect("the operation takes these operands")
}

/// The spec, if the operation takes the operands.
pub fn try_spec(op: Op, types: &[ValueType], batch: u32) -> Option<NodeSpec> {
	let ty = op.infer(types, batch).ok()?;
	let inputs: Vec<Operand> = (0..).zip(types).map(|(id, ty)| Operand { id, ty: *ty }).collect();
	Some(NodeSpec { id: 100, op, inputs: inputs.try_into().ok()?, ty })
}

/// A program of these nodes.
pub fn program(batch: u32, nodes: &[(Op, &[NodeId])], slots: &[Slot], loss: NodeId) -> Program {
	let node = |(op, inputs): &(Op, &[NodeId])| Node {
		op: *op,
		inputs: inputs.to_vec().try_into().expect("at most three inputs"),
	};
	Program {
		opset: OPSET_VERSION,
		batch,
		nodes: nodes.iter().map(node).collect::<Vec<_>>().try_into().expect("few nodes"),
		slots: slots.to_vec().try_into().expect("few slots"),
		loss,
	}
}

/// A context for tests.
pub fn context(batch: u32, records: u64, record_size: u32) -> StepContext {
	StepContext { seed: [5; 32], step: 3, batch, records, record_size }
}

/// Row-major operands and a data set.
pub struct Matrices<'a> {
	pub columns: Vec<u32>,
	pub words: Vec<&'a [u32]>,
	pub data: &'a [u8],
	pub record_size: u32,
}

impl Operands for Matrices<'_> {
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, Missing> {
		assert!(col < self.columns[operand], "column outside the matrix");
		let index = row as usize * self.columns[operand] as usize + col as usize;
		self.words[operand].get(index).copied().ok_or(Missing)
	}

	fn record_byte(&self, record: u64, offset: u32) -> Result<u8, Missing> {
		assert!(offset < self.record_size, "byte outside the record");
		self.data
			.get(record as usize * self.record_size as usize + offset as usize)
			.copied()
			.ok_or(Missing)
	}
}

/// Runs one operation on whole matrices by elements.
pub fn run(op: Op, operands: &[(ValueType, &[u32])]) -> Vec<u32> {
	let types: Vec<ValueType> = operands.iter().map(|(ty, _)| *ty).collect();
	let spec = spec(op, &types);
	let matrices = Matrices {
		columns: types.iter().map(|ty| ty.cols).collect(),
		words: operands.iter().map(|(_, words)| *words).collect(),
		data: &[],
		record_size: 0,
	};
	let context = context(1, 1, 0);
	let at = |row, col| assay_ops::eval::element(&spec, &context, &matrices, row, col);
	(0..spec.ty.rows)
		.flat_map(|row| (0..spec.ty.cols).map(move |col| (row, col)))
		.map(|(row, col)| at(row, col).expect("all operands are there"))
		.collect()
}

/// Bits of floats.
pub fn bits(values: &[f32]) -> Vec<u32> {
	values.iter().map(|v| v.to_bits()).collect()
}
