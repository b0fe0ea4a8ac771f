//! Matrix products: which tile, and where the matrices of a batch lie.

use assay_ops::{BatchMatMul, HeadLayout, HeadShape, NodeSpec, Op, K_BLOCK};

use super::{Argument, Launch, Steps, A, B, OUT};

/// Results along the side of a tile, and threads that compute it.
#[derive(Clone, Copy)]
struct Tile {
	side: u32,
	threads: u32,
	/// Kernels: A and B as they are, only B, only A, or both transposed.
	kernels: [&'static str; 4],
}

const LARGE: Tile = Tile {
	side: 128,
	threads: 256,
	kernels: ["matmul_128_nn", "matmul_128_nt", "matmul_128_tn", "matmul_128_tt"],
};

const SMALL: Tile = Tile {
	side: 32,
	threads: 64,
	kernels: ["matmul_32_nn", "matmul_32_nt", "matmul_32_tn", "matmul_32_tt"],
};

/// Fewer large tiles than this leave most of a device idle.
pub(super) const ENOUGH_TILES: u64 = 64;

/// Fewer small tiles than this do so, too: then the blocks of K are computed at the same time.
pub(super) const ENOUGH_SMALL_TILES: u64 = 256;

/// Distance of neighbouring rows of a matrix, and of the matrices of a batch, in words.
struct Strides {
	row: u32,
	item: u32,
	head: u32,
}

impl Strides {
	fn of(layout: HeadLayout, heads: u32, shape: HeadShape) -> Option<Self> {
		let matrix = shape.rows.checked_mul(shape.cols)?;
		let item = matrix.checked_mul(heads)?;
		Some(match layout {
			HeadLayout::Stacked => Self { row: shape.cols, item, head: matrix },
			HeadLayout::Interleaved => {
				Self { row: shape.cols.checked_mul(heads)?, item, head: shape.cols }
			},
		})
	}
}

/// One product, as a batch of one.
pub(super) fn single(transpose_a: bool, transpose_b: bool) -> BatchMatMul {
	BatchMatMul {
		batch: 1,
		heads: 1,
		transpose_a,
		transpose_b,
		a: HeadLayout::Stacked,
		b: HeadLayout::Stacked,
		out: HeadLayout::Stacked,
	}
}

/// The launches of a node that is a product or a batch of products.
pub(super) fn steps(spec: &NodeSpec) -> Option<Steps> {
	let product = match spec.op {
		Op::BatchMatMul(product) => product,
		Op::MatMul { transpose_a, transpose_b } => single(transpose_a, transpose_b),
		_ => return None,
	};
	let shapes = product.shapes(spec.operand(0)?, spec.operand(1)?)?;
	let (m, k, n) = (shapes.m, shapes.k, shapes.n);
	let heads = u32::from(product.heads);
	let matrices = product.batch.checked_mul(heads)?;
	let tiles =
		|side: u32| u64::from(m.div_ceil(side)) * u64::from(n.div_ceil(side)) * u64::from(matrices);
	let small = m.min(n) <= SMALL.side * 2 || tiles(LARGE.side) < ENOUGH_TILES;
	let tile = if small { SMALL } else { LARGE };
	let blocks = k.div_ceil(K_BLOCK);
	let split = small && matrices == 1 && tiles(SMALL.side) < ENOUGH_SMALL_TILES;
	let parts = if split { blocks } else { 1 };

	let a = Strides::of(product.a, heads, shapes.a)?;
	let b = Strides::of(product.b, heads, shapes.b)?;
	let out = Strides::of(product.out, heads, HeadShape { rows: m, cols: n })?;
	let (a_row, a_k) = if product.transpose_a { (1, a.row) } else { (a.row, 1) };
	let (b_k, b_col) = if product.transpose_b { (1, b.row) } else { (b.row, 1) };
	let arguments = [
		m, k, n, heads, parts, a_row, a_k, a.item, a.head, b_k, b_col, b.item, b.head, out.row,
		out.item, out.head,
	];
	let kernel = usize::from(product.transpose_a) * 2 + usize::from(product.transpose_b);
	let grid = u32::try_from(tiles(tile.side).checked_mul(parts.into())?).ok()?;
	let mut launch = Launch::of(tile.kernels[kernel], (grid, tile.threads), &[A, B, OUT], &[]);
	launch.arguments.push(Argument::Product(arguments));
	if parts > 1 {
		return Steps::folded(launch, m.checked_mul(n)?, parts);
	}
	Some(Steps::one(launch))
}
