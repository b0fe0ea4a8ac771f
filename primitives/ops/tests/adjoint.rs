//! Gradients of linear operations are their adjoints: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩, exactly on small integers.

mod common;

use assay_ops::{BatchMatMul, Binary, Broadcast, HeadLayout, Op, ValueType, Window};
use common::{
	program::{float, integer, run},
	shapes, Random,
};

/// Small integers as floats, so that all sums are exact.
fn integers(random: &mut Random, n: u32) -> Vec<u32> {
	(0..n).map(|_| (random.below(17) as f32 - 8.0).to_bits()).collect()
}

fn dot(a: &[u32], b: &[u32]) -> f64 {
	a.iter()
		.zip(b)
		.map(|(a, b)| f64::from(f32::from_bits(*a)) * f64::from(f32::from_bits(*b)))
		.sum()
}

fn windows(random: &mut Random) -> Window {
	let (kernel_h, kernel_w) = (1 + random.below(4) as u8, 1 + random.below(4) as u8);
	Window {
		height: 4 + random.below(8) as u16,
		width: 4 + random.below(8) as u16,
		channels: 1 + random.below(4) as u16,
		kernel_h,
		kernel_w,
		stride_h: 1 + random.below(3) as u8,
		stride_w: 1 + random.below(3) as u8,
		pad_h: random.below(kernel_h.into()) as u8,
		pad_w: random.below(kernel_w.into()) as u8,
	}
}

#[test]
fn col2im_should_be_the_adjoint_of_im2col() {
	let mut random = Random(51);
	for _ in 0..300 {
		let w = windows(&mut random);
		let images = float(2 * w.pixels(), w.channels.into());
		let patches = float(2 * w.positions(), w.patch());
		let x = integers(&mut random, images.words() as u32);
		let y = integers(&mut random, patches.words() as u32);
		let forward = run(Op::Im2Col(w), &[(images, &x)]);
		let backward = run(Op::Col2Im(w), &[(patches, &y)]);
		assert_eq!(dot(&forward, &y), dot(&x, &backward), "{w:?}");
	}
}

#[test]
fn avg_pool_grad_should_be_the_adjoint_of_avg_pool() {
	let mut random = Random(52);
	for _ in 0..300 {
		// Window sizes of powers of two have exact reciprocals.
		let (kernel_h, kernel_w) = (1 << random.below(3), 1 << random.below(3));
		let w = Window { kernel_h, kernel_w, ..windows(&mut random) };
		let w = Window { pad_h: w.pad_h % kernel_h, pad_w: w.pad_w % kernel_w, ..w };
		let images = float(2 * w.pixels(), w.channels.into());
		let pooled = float(2 * w.positions(), w.channels.into());
		let x = integers(&mut random, images.words() as u32);
		let y = integers(&mut random, pooled.words() as u32);
		let forward = run(Op::AvgPool(w), &[(images, &x)]);
		let backward = run(Op::AvgPoolGrad(w), &[(pooled, &y)]);
		assert_eq!(dot(&forward, &y), dot(&x, &backward), "{w:?}");
	}
}

#[test]
fn max_pool_grad_should_send_each_gradient_to_its_maximum() {
	let mut random = Random(53);
	for _ in 0..300 {
		let w = windows(&mut random);
		let images = float(2 * w.pixels(), w.channels.into());
		let pooled = float(2 * w.positions(), w.channels.into());
		let x = integers(&mut random, images.words() as u32);
		let y = integers(&mut random, pooled.words() as u32);
		let forward = run(Op::MaxPool(w), &[(images, &x)]);
		let backward = run(Op::MaxPoolGrad(w), &[(images, &x), (pooled, &y)]);
		// Where the maxima stay in place, the pool is linear: the maximum itself is the product.
		assert_eq!(dot(&forward, &y), dot(&x, &backward), "{w:?}");
	}
}

#[test]
fn scatter_add_should_be_the_adjoint_of_gather() {
	let mut random = Random(54);
	for _ in 0..100 {
		let (rows, cols) = (1 + random.below(50), 1 + random.below(40));
		let n = 1 + random.below(1100);
		let (table, indices, picked) = (float(rows, cols), integer(n, 1), float(n, cols));
		let x = integers(&mut random, rows * cols);
		let y = integers(&mut random, n * cols);
		let at: Vec<u32> = (0..n).map(|_| random.below(rows)).collect();
		let forward = run(Op::Gather, &[(table, &x), (indices, &at)]);
		let backward = run(Op::ScatterAdd { rows }, &[(indices, &at), (picked, &y)]);
		assert_eq!(dot(&forward, &y), dot(&x, &backward), "{rows} {cols} {n}");
	}
}

#[test]
fn rotate_half_should_be_the_negative_of_its_adjoint() {
	let mut random = Random(55);
	for _ in 0..200 {
		let width = 2 * (1 + random.below(40));
		let ty = float(1 + random.below(5), width * (1 + random.below(4)));
		let x = integers(&mut random, ty.words() as u32);
		let y = integers(&mut random, ty.words() as u32);
		let forward = run(Op::RotateHalf { width }, &[(ty, &x)]);
		let backward = run(Op::RotateHalf { width }, &[(ty, &y)]);
		assert_eq!(dot(&forward, &y), -dot(&x, &backward), "{width} {ty:?}");
	}
}

#[test]
fn causal_should_be_its_own_adjoint_when_the_constant_is_zero() {
	let mut random = Random(56);
	for _ in 0..100 {
		let cols = 1 + random.below(40);
		let ty = float(cols * (1 + random.below(3)), cols);
		let x = integers(&mut random, ty.words() as u32);
		let y = integers(&mut random, ty.words() as u32);
		let masked = |v: &[u32]| run(Op::Causal { bits: 0 }, &[(ty, v)]);
		assert_eq!(dot(&masked(&x), &y), dot(&x, &masked(&y)), "{ty:?}");
	}
}

#[test]
fn periodic_operand_should_be_the_table_that_positions_gather() {
	let mut random = Random(57);
	for _ in 0..100 {
		let (p, q, each) = (1 + random.below(20), 1 + random.below(20), 1 + random.below(5));
		let a = float(p * each * (1 + random.below(3)), q * (1 + random.below(3)));
		let table = integers(&mut random, p * q);
		let zeros = vec![0; a.words() as usize];
		let op = Op::Binary(Binary::Add, Broadcast::Periodic { each });
		let spread = run(op, &[(a, &zeros), (float(p, q), &table)]);
		let at: Vec<u32> = (0..a.rows).map(|row| row / each % p).collect();
		let rows = run(Op::Gather, &[(float(p, q), &table), (integer(a.rows, 1), &at)]);
		let across = rows.chunks(q as usize).flat_map(|row| row.repeat((a.cols / q) as usize));
		assert_eq!(spread, across.collect::<Vec<u32>>(), "{p} {q} {each} {a:?}");
	}
}

/// One matrix out of a value.
fn matrix(
	words: &[u32],
	(ty, layout): (ValueType, HeadLayout),
	product: &BatchMatMul,
	(item, head): (u32, u32),
) -> (ValueType, Vec<u32>) {
	let heads = u32::from(product.heads);
	let (rows, cols, top, left) = match layout {
		HeadLayout::Stacked => {
			let rows = ty.rows / product.batch / heads;
			(rows, ty.cols, (item * heads + head) * rows, 0)
		},
		HeadLayout::Interleaved => {
			let (rows, cols) = (ty.rows / product.batch, ty.cols / heads);
			(rows, cols, item * rows, head * cols)
		},
	};
	let at = |row, col| words[((top + row) * ty.cols + left + col) as usize];
	let words = (0..rows).flat_map(|row| (0..cols).map(move |col| at(row, col))).collect();
	(float(rows, cols), words)
}

#[test]
fn batch_of_products_should_be_a_product_for_each_head() {
	let mut random = Random(58);
	for _ in 0..60 {
		let (op, types) = shapes::batch(&mut random);
		let Op::BatchMatMul(product) = op else { panic!("{op:?}") };
		let out = op.infer(&types, 1).expect("it takes its operands");
		let flops = common::program::spec(op, &types).flops().expect("it is small");
		if flops > 3_000_000 {
			continue;
		}
		let numbers = |ty: &ValueType| (0..ty.words()).map(|_| random.float()).collect();
		let [a, b]: [Vec<u32>; 2] =
			types.iter().map(numbers).collect::<Vec<_>>().try_into().expect("two operands");
		let whole = run(op, &[(types[0], &a), (types[1], &b)]);
		let BatchMatMul { transpose_a, transpose_b, .. } = product;
		let one = Op::MatMul { transpose_a, transpose_b };
		for at in (0..product.batch)
			.flat_map(|item| (0..u32::from(product.heads)).map(move |head| (item, head)))
		{
			let (a_type, a) = matrix(&a, (types[0], product.a), &product, at);
			let (b_type, b) = matrix(&b, (types[1], product.b), &product, at);
			let (_, expected) = matrix(&whole, (out, product.out), &product, at);
			assert_eq!(run(one, &[(a_type, &a), (b_type, &b)]), expected, "{at:?} {product:?}");
		}
	}
}
