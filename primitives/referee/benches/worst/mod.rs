//! Every operation in a shape near the limits on what one tile may depend on and take.

use assay_ops::{
	BatchMatMul, Binary, Broadcast, CheckedProgram, DType, HeadLayout, Limits, Node, NodeSpec, Op,
	Program, QuantFormat, RecordFormat, Slot, Unary, ValueType, Window, MAX_NODES, OPSET_VERSION,
};

pub(crate) const BATCH: u32 = 64;

/// Two chunks, so that a part of each record can lie across their border.
pub(crate) const RECORD_SIZE: u32 = 2048;

/// A name, an operation, and the types of its operands.
pub(crate) type Case = (&'static str, Op, Vec<ValueType>);

fn float(rows: u32, cols: u32) -> ValueType {
	ValueType { dtype: DType::F32, rows, cols }
}

fn labels(rows: u32) -> ValueType {
	ValueType { dtype: DType::U32, rows, cols: 1 }
}

pub(crate) fn cases() -> Vec<Case> {
	let mask = Op::Mask { stream: 1, threshold: 1 << 31, scale: 0x4000_0000, rows: 64, cols: 64 };
	let load = Op::Load { offset: 960, width: 32, format: RecordFormat::F32 };
	let product = Op::MatMul { transpose_a: false, transpose_b: false };
	let gradient = Op::MatMul { transpose_a: true, transpose_b: false };
	let quantised = |format| Op::QuantMatMul { format, transpose_a: false, transpose_b: false };
	let square = float(64, 64);
	let mut cases = vec![
		("load", load, vec![]),
		("fill", Op::Fill { bits: 1, rows: 64, cols: 64 }, vec![]),
		("mask", mask, vec![]),
		("matmul", product, vec![float(64, 1024), float(1024, 64)]),
		// As many blocks as there may be, the tiles of a block one below the other.
		("matmul.512_blocks", gradient, vec![float(512 * 512, 64), float(512 * 512, 32)]),
		("mm_i8", quantised(QuantFormat::I8), vec![float(64, 1024), float(1024, 64)]),
		("mm_q15x3", quantised(QuantFormat::Q15), vec![float(64, 1024), float(1024, 64)]),
		// Lines of 1000 words among tiles of 1024: some runs of 32 cross a border.
		("reshape", Op::Reshape { rows: 64, cols: 1000 }, vec![float(2000, 32)]),
		("fma", Op::Fma(Broadcast::None), vec![square; 3]),
		("select", Op::Select(Broadcast::None), vec![square; 3]),
		("row_sum", Op::RowSum, vec![float(64, 2048)]),
		("row_max", Op::RowMax, vec![float(64, 2048)]),
		("col_sum", Op::ColSum, vec![float(1024, 64)]),
		// The labels of a tile lie in 32 tiles.
		("pick", Op::Pick, vec![float(64, 1024), labels(64)]),
		("one_hot", Op::OneHot { cols: 64 }, vec![labels(64)]),
		("gather", Op::Gather, vec![float(2048, 64), labels(64)]),
		// All rows go to the one tile down.
		("scatter_add", Op::ScatterAdd { rows: 32 }, vec![labels(1024), float(1024, 64)]),
		("iota", Op::Iota { rows: 64, first: 1, stride: 3 }, vec![]),
		("step_index", Op::StepIndex { every: 2, period: 3 }, vec![]),
		("causal", Op::Causal { bits: 0 }, vec![square]),
		("rotate_half", Op::RotateHalf { width: 48 }, vec![float(64, 192)]),
	];
	cases.extend(functions());
	cases.extend(batches());
	cases.extend(windows());
	cases
}

fn functions() -> Vec<Case> {
	let square = float(64, 64);
	let unary = |name, function| (name, Op::Unary(function), vec![square]);
	let binary = |name, function| (name, Op::Binary(function, Broadcast::None), vec![square; 2]);
	let periodic = Op::Binary(Binary::Add, Broadcast::Periodic { each: 1 });
	vec![
		unary("unary.sqrt", Unary::Sqrt),
		unary("unary.rsqrt", Unary::Rsqrt),
		unary("unary.exp", Unary::Exp),
		unary("unary.log", Unary::Log),
		unary("unary.tanh", Unary::Tanh),
		unary("unary.erf", Unary::Erf),
		unary("unary.sigmoid", Unary::Sigmoid),
		unary("unary.silu", Unary::Silu),
		unary("unary.gelu", Unary::Gelu),
		binary("binary.add", Binary::Add),
		binary("binary.div", Binary::Div),
		binary("binary.max", Binary::Max),
		binary("binary.min", Binary::Min),
		binary("binary.tanh_grad", Binary::TanhGrad),
		binary("binary.sigmoid_grad", Binary::SigmoidGrad),
		binary("binary.silu_grad", Binary::SiluGrad),
		binary("binary.gelu_grad", Binary::GeluGrad),
		("binary.periodic", periodic, vec![float(144, 144), float(48, 48)]),
	]
}

/// Weights times values, where a tile holds parts of `heads` heads of `32 / heads` columns.
fn context(name: &'static str, heads: u16, tokens: u32) -> Case {
	let product = BatchMatMul {
		batch: 1,
		heads,
		transpose_a: false,
		transpose_b: false,
		a: HeadLayout::Stacked,
		b: HeadLayout::Interleaved,
		out: HeadLayout::Interleaved,
	};
	let weights = float(u32::from(heads) * tokens, tokens);
	(name, Op::BatchMatMul(product), vec![weights, float(tokens, 32)])
}

/// As many blocks as there may be, where those of the second of two products begin inside a tile.
fn uneven() -> Case {
	let product = BatchMatMul {
		batch: 2,
		heads: 1,
		transpose_a: false,
		transpose_b: false,
		a: HeadLayout::Interleaved,
		b: HeadLayout::Interleaved,
		out: HeadLayout::Interleaved,
	};
	let terms = 512 * 512 - 1;
	let operands = vec![float(2 * 32, terms), float(2 * terms, 32)];
	("batch_matmul.512_blocks", Op::BatchMatMul(product), operands)
}

fn batches() -> Vec<Case> {
	vec![
		// Two blocks of 512 terms, as many as a tile of one head may have.
		context("batch_matmul.long", 1, 1024),
		context("batch_matmul.16_heads", 16, 64),
		context("batch_matmul.32_heads", 32, 32),
		uneven(),
	]
}

/// A window with stride 1 on images of 64 channels.
fn window((height, width): (u16, u16), (kernel_h, kernel_w): (u8, u8)) -> Window {
	let (stride_h, stride_w, pad_h, pad_w) = (1, 1, 0, 0);
	let channels = 64;
	Window { height, width, channels, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w }
}

/// Images one line of which is a row of tiles, most of them as many lines as a tile may read tiles.
fn windows() -> Vec<Case> {
	let pixels = |w: &Window| float(w.pixels(), w.channels.into());
	let positions = |w: &Window| float(w.positions(), w.channels.into());
	// One position in each line, and patches that begin with several lines.
	let patches = Window { channels: 32, stride_w: 25, ..window((36, 32), (5, 8)) };
	let scattered = window((9, 13), (6, 6));
	// Windows of 256 pixels: as much work as there may be.
	let pool = window((36, 32), (16, 16));
	// 16 windows of 16 pixels lie over a pixel.
	let max_gradient = window((22, 32), (8, 2));
	// 256 windows lie over a pixel.
	let mean_gradient = window((67, 63), (16, 16));
	vec![
		("im2col", Op::Im2Col(patches), vec![pixels(&patches)]),
		("col2im", Op::Col2Im(scattered), vec![float(scattered.positions(), scattered.patch())]),
		("max_pool", Op::MaxPool(pool), vec![pixels(&pool)]),
		(
			"max_pool_grad",
			Op::MaxPoolGrad(max_gradient),
			vec![pixels(&max_gradient), positions(&max_gradient)],
		),
		("avg_pool", Op::AvgPool(pool), vec![pixels(&pool)]),
		("avg_pool_grad", Op::AvgPoolGrad(mean_gradient), vec![positions(&mean_gradient)]),
	]
}

/// A program of this operation among as many nodes as a program may have, and its spec.
#[allow(dead_code)] // whoever plays games about it wants the program as it is posted
pub(crate) fn program(case: &Case) -> (CheckedProgram, NodeSpec) {
	let (program, node) = posted(case);
	let checked = program.check(&Limits::new(RECORD_SIZE));
	let checked = checked.unwrap_or_else(|error| panic!("{}: {error:?}", case.0));
	let spec = checked.specs[node as usize].clone();
	(checked, spec)
}

/// The same program before its check, and the node of the operation.
pub(crate) fn posted((_, op, operands): &Case) -> (Program, u32) {
	let mut nodes = Vec::new();
	let mut slots = Vec::new();
	for (slot, ty) in (0..).zip(operands) {
		nodes.push(Node { op: Op::State { slot }, inputs: Default::default() });
		slots.push(Slot { ty: *ty, next: slot, parameter: false });
	}
	let inputs: Vec<u16> = (0..slots.len() as u16).collect();
	nodes.push(Node { op: *op, inputs: inputs.try_into().expect("at most three operands") });
	let constant = Op::Fill { bits: 0, rows: 1, cols: 1 };
	nodes.resize(MAX_NODES as usize, Node { op: constant, inputs: Default::default() });
	let program = Program {
		opset: OPSET_VERSION,
		batch: BATCH,
		nodes: nodes.try_into().expect("as many as fit"),
		slots: slots.try_into().expect("at most three slots"),
		loss: MAX_NODES as u16 - 1,
	};
	(program, operands.len() as u32)
}
