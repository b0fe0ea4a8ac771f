//! Programs to play about.

use alloc::{vec, vec::Vec};

use assay_ops::{
	Binary, Broadcast, DType, Node, Op, Program, RecordFormat, Slot, Unary, ValueType,
	OPSET_VERSION,
};

use super::Task;

/// A program in the making.
#[derive(Clone, Debug, Default)]
pub struct Builder {
	nodes: Vec<Node>,
	slots: Vec<Slot>,
}

impl Builder {
	/// Adds a node.
	pub fn add(&mut self, op: Op, inputs: &[u16]) -> u16 {
		self.nodes.push(Node { op, inputs: inputs.to_vec().try_into().unwrap() });
		self.nodes.len() as u16 - 1
	}

	/// Adds a slot of numbers, which stays what it is unless [`next`](Self::next) says otherwise, and
	/// its node.
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

	/// Adds a node of two operands.
	pub fn two(&mut self, op: Binary, spread: Broadcast, a: u16, b: u16) -> u16 {
		self.add(Op::Binary(op, spread), &[a, b])
	}

	/// Adds a matrix product.
	pub fn product(&mut self, a: (u16, bool), b: (u16, bool)) -> u16 {
		let op = Op::MatMul { transpose_a: a.1, transpose_b: b.1 };
		self.add(op, &[a.0, b.0])
	}

	/// Adds a constant.
	pub fn constant(&mut self, bits: u32) -> u16 {
		self.add(Op::Fill { bits, rows: 1, cols: 1 }, &[])
	}

	/// The program whose loss is node `loss`.
	pub fn program(self, batch: u32, loss: u16) -> Program {
		let (nodes, slots) = (self.nodes.try_into().unwrap(), self.slots.try_into().unwrap());
		Program { opset: OPSET_VERSION, batch, nodes, slots, loss }
	}

	/// Numbers between −1 and 1 for every slot.
	pub fn init(program: &Program) -> Vec<Vec<u32>> {
		Self::numbers(program, 119)
	}

	/// Numbers of both signs for every slot, of eight powers of two, the least of them with this biased exponent.
	fn numbers(program: &Program, least: u32) -> Vec<Vec<u32>> {
		let mut seed = 1u32;
		let mut number = || {
			seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
			(seed & 0x807F_FFFF) | ((least + (seed >> 28) % 8) << 23)
		};
		let words = |slot: &Slot| slot.ty.words();
		program.slots.iter().map(|slot| (0..words(slot)).map(|_| number()).collect()).collect()
	}
}

/// The nodes of [`mlp`] by name.
#[derive(Clone, Copy, Debug)]
pub struct Mlp {
	/// Weights of the first layer, a state node.
	pub first: u32,
	/// Images, 2 × 600.
	pub load: u32,
	/// Images times weights: a long reduction of two blocks.
	pub hidden: u32,
	/// ReLU of it, forward.
	pub relu: u32,
	/// Gradient of the second layer's weights, backward.
	pub gradient: u32,
	/// The new weights of the first layer, 600 × 3 in 19 tiles, optimiser.
	pub update: u32,
	/// The new weights of the second layer, optimiser.
	pub second_update: u32,
}

/// The nodes of [`mlp`].
pub const NODES: Mlp =
	Mlp { first: 0, load: 2, hidden: 4, relu: 5, gradient: 10, update: 17, second_update: 15 };

/// A perceptron with 600 inputs, 3 hidden units and 1 output, trained with gradient descent on batches
/// of 2 records of 601 bytes.
pub fn mlp(steps: u32, stride: u32) -> Task {
	let mut b = Builder::default();
	let first = b.state(600, 3); // 0
	let second = b.state(3, 1); // 1
	let load = |offset, width| Op::Load { offset, width, format: RecordFormat::U8ToF32 };
	let x = b.add(load(0, 600), &[]); // 2
	let y = b.add(load(600, 1), &[]); // 3
	let hidden = b.product((x, false), (first, false)); // 4
	let relu = b.add(Op::Unary(Unary::Relu), &[hidden]); // 5
	let out = b.product((relu, false), (second, false)); // 6
	let error = b.two(Binary::Sub, Broadcast::None, out, y); // 7
	let square = b.two(Binary::Mul, Broadcast::None, error, error); // 8
	let loss = b.add(Op::ColSum, &[square]); // 9
	let d_second = b.product((relu, true), (error, false)); // 10
	let d_relu = b.product((error, false), (second, true)); // 11
	let d_hidden = b.two(Binary::ReluGrad, Broadcast::None, hidden, d_relu); // 12
	let d_first = b.product((x, true), (d_hidden, false)); // 13
	let rate = b.constant(0xAF00_0000); // 14
	let new_second = b.add(Op::Fma(Broadcast::Scalar), &[d_second, rate, second]); // 15
	let scaled = b.two(Binary::Mul, Broadcast::Scalar, d_first, rate); // 16
	let new_first = b.two(Binary::Add, Broadcast::None, first, scaled); // 17
	b.next(0, new_first);
	b.next(1, new_second);
	let program = b.program(2, loss);
	let mut init = Builder::init(&program);
	// All first weights are positive, so that no hidden unit is dead and every lie has consequences.
	init[0].iter_mut().for_each(|word| *word &= 0x7FFF_FFFF);
	let data = (0..7 * 601u32).map(|byte| (byte.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
	Task::new(program, data, 601, init, (steps, stride))
}

/// A product of two matrices of 64 × 512 and 512 × 64: the most work that a tile can be. Its sums are subnormal, and some
/// of their terms too small to change them, which takes the referee longest.
pub fn large_product() -> Task {
	let mut b = Builder::default();
	let (left, right) = (b.state(64, 512), b.state(512, 64));
	b.product((left, false), (right, false));
	let loss = b.constant(0);
	let program = b.program(1, loss);
	let init = Builder::numbers(&program, 50);
	Task::new(program, vec![0; 64], 64, init, (1, 1))
}
