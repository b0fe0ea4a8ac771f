//! Programs that use every operation, executed by the reference, with their commitments.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test file uses a part")]

use assay_commitment::{list::List, DataTree, ListTag, ProgramTree, TensorTree};
use assay_ops::{
	eval::StepContext,
	step::{run_reference, StepResult},
	BatchMatMul, Binary, Broadcast, CheckedProgram, DType, HeadLayout, Limits, Node, NodeSpec, Op,
	Program, QuantFormat, RecordFormat, Slot, Unary, ValueType, Window, OPSET_VERSION,
};
use assay_referee::{prove::trace, ProvenNode, Referee, Step};

pub const RECORD: u32 = 150;
pub const RECORDS: u64 = 77;

/// An executed step with everything that is known about it.
pub struct Run {
	pub program: CheckedProgram,
	pub tree: ProgramTree,
	pub before: Vec<Vec<u32>>,
	pub result: StepResult,
	pub trees: Vec<TensorTree>,
	pub trace: List,
	pub data: Vec<u8>,
	pub step: Step,
}

impl Run {
	pub fn values(&self) -> (&[Vec<u32>], &[u8]) {
		(&self.result.outputs, &self.data)
	}

	pub fn node<'a>(&self, spec: &'a NodeSpec) -> ProvenNode<'a> {
		let path = self.tree.prove_node(spec.id).unwrap();
		ProvenNode::verify(&self.step.program, spec, &path).unwrap()
	}

	/// The nodes that the referee recomputes.
	pub fn computed(&self) -> impl Iterator<Item = &NodeSpec> {
		self.program.specs.iter().filter(|spec| !matches!(spec.op, Op::State { .. }))
	}

	/// The step as claimed by a liar whose output of one node is another tensor. Operands of other
	/// nodes stay what they are.
	pub fn with_output(&self, id: u16, tree: &TensorTree) -> (Step, List) {
		let mut roots = self.trace.tree().values().to_vec();
		roots[usize::from(id)] = tree.root();
		let trace = List::new(ListTag::Trace, roots).unwrap();
		(Step { trace: trace.root(), ..self.step }, trace)
	}
}

/// Makes a prover for a run and a claimed trace.
#[macro_export]
macro_rules! prover {
	($run:expr, $trace:expr) => {
		Prover { context: &$run.step.context, trace: $trace, values: &$run.values() }
	};
}

/// A fixed stream of numbers (xorshift64*).
pub struct Random(pub u64);

impl Random {
	pub fn next(&mut self) -> u64 {
		self.0 ^= self.0 >> 12;
		self.0 ^= self.0 << 25;
		self.0 ^= self.0 >> 27;
		self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
	}

	/// A number from small to middling, seldom something odd.
	pub fn f32(&mut self) -> u32 {
		let odd =
			[0, 0x8000_0000, 1, 0x8000_0007, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC0_1234];
		match self.next() % 400 {
			pick @ 0..8 => odd[pick as usize],
			_ => (0x3E80_0000 + (self.next() as u32 % 0x0200_0000)) | ((self.next() as u32) << 31),
		}
	}
}

/// A program in the making.
#[derive(Default)]
pub struct Builder {
	nodes: Vec<Node>,
	slots: Vec<Slot>,
}

impl Builder {
	pub fn add(&mut self, op: Op, inputs: &[u16]) -> u16 {
		self.nodes.push(Node { op, inputs: inputs.to_vec().try_into().unwrap() });
		self.nodes.len() as u16 - 1
	}

	pub fn state(&mut self, rows: u32, cols: u32) -> u16 {
		let slot = self.slots.len() as u16;
		let id = self.add(Op::State { slot }, &[]);
		let ty = ValueType { dtype: DType::F32, rows, cols };
		self.slots.push(Slot { ty, next: id, parameter: true });
		id
	}

	/// Names the node that a slot continues with.
	pub fn next(&mut self, slot: usize, next: u16) {
		self.slots[slot].next = next;
	}

	pub fn run(mut self, seed: u64) -> Run {
		let loss = self.add(Op::Fill { bits: 0, rows: 1, cols: 1 }, &[]);
		let program = Program {
			opset: OPSET_VERSION,
			batch: 34,
			nodes: self.nodes.try_into().unwrap(),
			slots: self.slots.try_into().unwrap(),
			loss,
		};
		let program = program.check(&Limits::new(RECORD)).unwrap();
		let mut random = Random(seed);
		let mut fill = |slot: &Slot| (0..slot.ty.words()).map(|_| random.f32()).collect();
		let before: Vec<Vec<u32>> = program.slots.iter().map(&mut fill).collect();
		let data: Vec<u8> = (0..RECORDS * u64::from(RECORD)).map(|_| random.next() as u8).collect();
		let (seed, batch) = ([seed as u8; 32], program.batch);
		let context = StepContext { seed, step: 5, batch, records: RECORDS, record_size: RECORD };
		let result = run_reference(&program, &context, &before, &data).unwrap();
		let (trees, trace) = trace(&program.specs, &(&result.outputs[..], &data[..])).unwrap();
		let tree = ProgramTree::new(&program).unwrap();
		let data_root = DataTree::new(&data).unwrap().root();
		let step = Step {
			referee: Referee::V1,
			program: tree.commitment(),
			trace: trace.root(),
			context,
			data: data_root,
		};
		Run { program, tree, before, result, trees, trace, data, step }
	}
}

const UNARIES: [Unary; 12] = [
	Unary::Neg,
	Unary::Sqrt,
	Unary::Relu,
	Unary::Exp,
	Unary::Log,
	Unary::Tanh,
	Unary::Erf,
	Unary::Abs,
	Unary::Sigmoid,
	Unary::Silu,
	Unary::Gelu,
	Unary::Rsqrt,
];

const BINARIES: [Binary; 11] = [
	Binary::Add,
	Binary::Sub,
	Binary::Mul,
	Binary::Div,
	Binary::ReluGrad,
	Binary::Max,
	Binary::Min,
	Binary::TanhGrad,
	Binary::SigmoidGrad,
	Binary::SiluGrad,
	Binary::GeluGrad,
];

const SPREADS: [Broadcast; 4] =
	[Broadcast::None, Broadcast::Row, Broadcast::Col, Broadcast::Scalar];

/// Every operation, on matrices of random sizes of two or three tiles a side, with K below one block.
pub fn zoo(seed: u64) -> Run {
	let mut b = Builder::default();
	let mut random = Random(seed);
	let mut size = || 33 + (random.next() % 60) as u32;
	let (m, k, n) = (size(), size(), size());
	let (a, w) = (b.state(m, k), b.state(k, n));
	let (a_t, w_t) = (b.state(k, m), b.state(n, k));
	let x = b.state(m, n);
	let spread = [b.state(m, n), b.state(1, n), b.state(m, 1), b.state(1, 1)];
	for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true), (true, true)] {
		let inputs = [if transpose_a { a_t } else { a }, if transpose_b { w_t } else { w }];
		b.add(Op::MatMul { transpose_a, transpose_b }, &inputs);
		for format in [QuantFormat::I8, QuantFormat::Q15] {
			b.add(Op::QuantMatMul { format, transpose_a, transpose_b }, &inputs);
		}
	}
	for (broadcast, operand) in SPREADS.into_iter().zip(spread) {
		b.add(Op::Fma(broadcast), &[x, operand, spread[0]]);
		b.add(Op::Select(broadcast), &[x, operand, spread[0]]);
		for binary in BINARIES {
			b.add(Op::Binary(binary, broadcast), &[x, operand]);
		}
	}
	b.add(Op::Binary(Binary::Mul, Broadcast::None), &[x, x]);
	for unary in UNARIES {
		b.add(Op::Unary(unary), &[x]);
	}
	for op in [Op::RowSum, Op::RowMax, Op::ColSum, Op::Reshape { rows: n, cols: m }] {
		b.add(op, &[x]);
	}
	let labels = loads(&mut b);
	rows(&mut b, (x, labels));
	heads(&mut b);
	images(&mut b, 5 + (random.next() % 5) as u16, 5 + (random.next() % 5) as u16);
	let moved = b.add(Op::Binary(Binary::Sub, Broadcast::Scalar), &[x, spread[3]]);
	b.next(4, moved);
	b.run(seed)
}

/// Operations on records; gives the labels.
fn loads(b: &mut Builder) -> u16 {
	let load = |offset, width, format| Op::Load { offset, width, format };
	let values = b.add(load(3, 36, RecordFormat::F32), &[]);
	b.add(load(0, 70, RecordFormat::U8ToF32), &[]);
	b.add(load(1, 33, RecordFormat::U32), &[]);
	let labels = b.add(load(149, 1, RecordFormat::U8ToU32), &[]);
	b.add(Op::Pick, &[values, labels]);
	b.add(Op::OneHot { cols: 40 }, &[labels]);
	b.add(Op::Fill { bits: 0x3F80_0001, rows: 40, cols: 33 }, &[]);
	let mask = Op::Mask { stream: 3, threshold: 1 << 31, scale: 0x4000_0000, rows: 40, cols: 40 };
	b.add(mask, &[]);
	labels
}

/// Operations on rows that have a number or repeat: of `x`, and of labels of which some are too large.
fn rows(b: &mut Builder, (x, labels): (u16, u16)) {
	b.add(Op::Gather, &[x, labels]);
	let gradient = b.state(34, 70);
	b.add(Op::ScatterAdd { rows: 200 }, &[labels, gradient]);
	b.add(Op::Iota { rows: 70, first: 7, stride: 0x4000_0001 }, &[]);
	b.add(Op::StepIndex { every: 2, period: 3 }, &[]);
	let squares = b.state(4 * 40, 40);
	b.add(Op::Causal { bits: 0xFF80_0000 }, &[squares]);
	for width in [8, 40] {
		b.add(Op::RotateHalf { width }, &[squares]);
	}
	for (rows, cols, each) in [(40, 40, 1), (40, 20, 4), (8, 10, 5)] {
		let (period, broadcast) = (b.state(rows, cols), Broadcast::Periodic { each });
		b.add(Op::Binary(Binary::Mul, broadcast), &[squares, period]);
		b.add(Op::Fma(broadcast), &[squares, period, squares]);
		b.add(Op::Select(broadcast), &[squares, period, squares]);
	}
}

/// Attention of two sequences of 20 tokens with three heads of 24, without its softmax, and its
/// gradients.
fn heads(b: &mut Builder) {
	use HeadLayout::{Interleaved, Stacked};
	let [queries, keys] = [b.state(40, 72), b.state(40, 72)];
	let plain = BatchMatMul {
		batch: 2,
		heads: 3,
		transpose_a: false,
		transpose_b: false,
		a: Stacked,
		b: Interleaved,
		out: Interleaved,
	};
	let inner = BatchMatMul { a: Interleaved, transpose_b: true, out: Stacked, ..plain };
	let scores = b.add(Op::BatchMatMul(inner), &[queries, keys]);
	b.add(Op::BatchMatMul(plain), &[scores, keys]);
	b.add(Op::BatchMatMul(BatchMatMul { transpose_a: true, ..plain }), &[scores, keys]);
}

fn images(b: &mut Builder, height: u16, width: u16) {
	let window = |kernel, stride, pad| Window {
		height,
		width,
		channels: 35,
		kernel_h: kernel,
		kernel_w: kernel,
		stride_h: stride,
		stride_w: stride,
		pad_h: pad,
		pad_w: pad,
	};
	let image = b.state(2 * u32::from(height * width), 35);
	for w in [window(3, 2, 1), window(2, 3, 0)] {
		let patches = b.add(Op::Im2Col(w), &[image]);
		b.add(Op::Col2Im(w), &[patches]);
	}
	for w in [window(2, 2, 0), window(3, 1, 0), window(1, 3, 0), window(3, 2, 1)] {
		let pooled = b.add(Op::MaxPool(w), &[image]);
		b.add(Op::MaxPoolGrad(w), &[image, pooled]);
		let mean = b.add(Op::AvgPool(w), &[image]);
		b.add(Op::AvgPoolGrad(w), &[mean]);
	}
}

/// Long reductions: exactly one and two blocks, and tails.
pub fn long(seed: u64) -> Run {
	let mut b = Builder::default();
	for k in [512, 513, 1024, 1100] {
		let (a, w) = (b.state(40, k), b.state(k, 33));
		b.add(Op::MatMul { transpose_a: false, transpose_b: false }, &[a, w]);
		b.add(Op::MatMul { transpose_a: true, transpose_b: true }, &[w, a]);
		let format = QuantFormat::Q15;
		let quantised = Op::QuantMatMul { format, transpose_a: false, transpose_b: false };
		b.add(quantised, &[a, w]);
		b.add(Op::ColSum, &[w]);
	}
	for columns in [1024, 1025, 2100] {
		let x = b.state(40, columns);
		b.add(Op::RowSum, &[x]);
		b.add(Op::RowMax, &[x]);
	}
	let tall = b.state(1025, 40);
	b.add(Op::ColSum, &[tall]);
	scatter(&mut b);
	long_heads(&mut b);
	b.run(seed)
}

/// 35 tokens of each of 34 records, and their gradient.
fn scatter(b: &mut Builder) {
	let tokens = b.add(Op::Load { offset: 0, width: 35, format: RecordFormat::U8ToU32 }, &[]);
	let tokens = b.add(Op::Reshape { rows: 34 * 35, cols: 1 }, &[tokens]);
	let gradient = b.state(34 * 35, 33);
	b.add(Op::ScatterAdd { rows: 200 }, &[tokens, gradient]);
}

/// Two heads over 600 terms each, in every layout of the result.
fn long_heads(b: &mut Builder) {
	use HeadLayout::{Interleaved, Stacked};
	let (left, right) = (b.state(2 * 12, 600), b.state(600, 2 * 12));
	let (transpose_a, transpose_b) = (false, false);
	let product = |out| BatchMatMul {
		batch: 1,
		heads: 2,
		transpose_a,
		transpose_b,
		a: Stacked,
		b: Interleaved,
		out,
	};
	b.add(Op::BatchMatMul(product(Interleaved)), &[left, right]);
	b.add(Op::BatchMatMul(product(Stacked)), &[left, right]);
	let (a, b_layout) = (Interleaved, Stacked);
	let turned =
		BatchMatMul { transpose_a: true, transpose_b: true, a, b: b_layout, ..product(Stacked) };
	b.add(Op::BatchMatMul(turned), &[right, left]);
}
