//! Gradients of linear operations are their adjoints: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩, exactly on small integers.

mod common;

use assay_ops::{Op, Window};
use common::{
	program::{float, run},
	Random,
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
		let w = Window { kernel_h, kernel_w, pad_h: 0, pad_w: 0, ..windows(&mut random) };
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
		let w = Window { pad_h: 0, pad_w: 0, ..windows(&mut random) };
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
