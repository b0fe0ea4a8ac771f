//! The products that are measured.

use assay_ops::{BatchMatMul, DType, HeadLayout, NodeSpec, Op, Operand, ValueType};

/// `batch` products of `m × k` and `k × n`; a transposed operand is stored the other way around.
#[derive(Clone, Copy)]
pub(crate) struct Product {
	pub(crate) name: &'static str,
	pub(crate) batch: usize,
	pub(crate) m: usize,
	pub(crate) k: usize,
	pub(crate) n: usize,
	pub(crate) transpose_a: bool,
	pub(crate) transpose_b: bool,
}

pub(crate) const PRODUCTS: [Product; 27] = [
	Product::new("n512", 512, 512, 512),
	Product::new("n1024", 1024, 1024, 1024),
	Product::new("n2048", 2048, 2048, 2048),
	// The gradients of a layer: of its weights, and of its input.
	Product::new("n1024-ta", 1024, 1024, 1024).ta(),
	Product::new("n1024-tb", 1024, 1024, 1024).tb(),
	Product::new("n1024-ta-tb", 1024, 1024, 1024).ta().tb(),
	Product::new("64x4096x64", 64, 4096, 64),
	Product::new("4096x64x64", 4096, 64, 64),
	Product::new("512x4096x128", 512, 4096, 128),
	// The layers of the example LeNet, and the gradients of their weights.
	Product::new("50176x25x6-tb", 50_176, 25, 6).tb(),
	Product::new("25x50176x6-ta", 25, 50_176, 6).ta(),
	Product::new("6400x150x16-tb", 6400, 150, 16).tb(),
	Product::new("150x6400x16-ta", 150, 6400, 16).ta(),
	Product::new("64x400x120-tb", 64, 400, 120).tb(),
	Product::new("400x64x120-ta", 400, 64, 120).ta(),
	// The layers of a small GPT on 1024 or 2048 tokens, and a gradient.
	Product::new("2048x384x384-tb", 2048, 384, 384).tb(),
	Product::new("1024x384x1152-tb", 1024, 384, 1152).tb(),
	Product::new("1024x384x1536-tb", 1024, 384, 1536).tb(),
	Product::new("1024x1536x384-tb", 1024, 1536, 384).tb(),
	Product::new("384x1024x1536-ta", 384, 1024, 1536).ta(),
	// A layer of Qwen3-0.6B on 256 tokens.
	Product::new("256x1024x3072-tb", 256, 1024, 3072).tb(),
	// A convolution of ResNet-18 on 8 images, 3 × 3 of 64 channels on 56 × 56 pixels, and its gradients.
	Product::new("25088x576x64-tb", 25_088, 576, 64).tb(),
	Product::new("64x25088x576-ta", 64, 25_088, 576).ta(),
	Product::new("25088x64x576", 25_088, 64, 576),
	// The heads of the GPT: scores from queries and keys, and values weighted by them.
	Product::new("48of64x64x64-tb", 64, 64, 64).tb().times(48),
	Product::new("48of128x64x128-tb", 128, 64, 128).tb().times(48),
	Product::new("48of128x128x64", 128, 128, 64).times(48),
];

/// Rows and columns as they are stored.
fn stored(rows: usize, cols: usize, transposed: bool) -> (usize, usize) {
	if transposed {
		(cols, rows)
	} else {
		(rows, cols)
	}
}

impl Product {
	const fn new(name: &'static str, m: usize, k: usize, n: usize) -> Self {
		Self { name, batch: 1, m, k, n, transpose_a: false, transpose_b: false }
	}

	const fn ta(self) -> Self {
		Self { transpose_a: true, ..self }
	}

	const fn tb(self) -> Self {
		Self { transpose_b: true, ..self }
	}

	const fn times(self, batch: usize) -> Self {
		Self { batch, ..self }
	}

	pub(crate) fn operations(&self) -> f64 {
		2.0 * (self.batch * self.m * self.k * self.n) as f64
	}

	/// Shapes of both operands of one product as they are stored.
	pub(crate) fn shapes(&self) -> [(usize, usize); 2] {
		let Self { m, k, n, transpose_a, transpose_b, .. } = *self;
		[stored(m, k, transpose_a), stored(k, n, transpose_b)]
	}

	/// Distances of neighbours along a row and along a column, of both operands.
	pub(crate) fn steps(&self) -> [(isize, isize); 2] {
		let [a, b] = self.shapes();
		let steps = |(_, cols): (usize, usize), transposed| {
			let (along, down) = stored(1, cols, transposed);
			(along as isize, down as isize)
		};
		[steps(a, self.transpose_a), steps(b, self.transpose_b)]
	}

	/// The node that computes all of the products, whose operands lie one below the other.
	pub(crate) fn spec(&self) -> NodeSpec {
		let Self { batch, m, n, transpose_a, transpose_b, .. } = *self;
		let ty = |(rows, cols): (usize, usize)| ValueType {
			dtype: DType::F32,
			rows: (batch * rows) as u32,
			cols: cols as u32,
		};
		let operand = |(id, shape)| Operand { id, ty: ty(shape) };
		let inputs: Vec<Operand> = (0..).zip(self.shapes()).map(operand).collect();
		let inputs = inputs.try_into().expect("a node may have two operands");
		let (a, b, out) = (HeadLayout::Stacked, HeadLayout::Stacked, HeadLayout::Stacked);
		let op = match batch {
			1 => Op::MatMul { transpose_a, transpose_b },
			_ => Op::BatchMatMul(BatchMatMul {
				batch: batch as u32,
				heads: 1,
				transpose_a,
				transpose_b,
				a,
				b,
				out,
			}),
		};
		NodeSpec { id: 2, op, inputs, ty: ty((m, n)) }
	}
}
