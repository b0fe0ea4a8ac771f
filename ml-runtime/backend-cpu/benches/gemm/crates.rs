//! Peers that are crates, on slices of one product.

#![allow(unsafe_code, reason = "the crates take pointers")]

use gemm::Parallelism;

use crate::product::Product;

/// One product by the crate `gemm`.
pub(crate) fn by_gemm(
	product: &Product,
	parallelism: Parallelism,
	a: &[f32],
	b: &[f32],
	out: &mut [f32],
) {
	let Product { m, k, n, .. } = *product;
	assert_eq!([a.len(), b.len(), out.len()], [m * k, k * n, m * n]);
	let [(a_cs, a_rs), (b_cs, b_rs)] = product.steps();
	let (out, out_cs, out_rs) = (out.as_mut_ptr(), 1, n as isize);
	let (a, b) = (a.as_ptr(), b.as_ptr());
	let (read, conjugate) = (false, false);
	// SAFETY: all elements lie inside the slices, whose lengths were checked, and `out` is borrowed
	// alone.
	unsafe {
		gemm::gemm(
			m,
			n,
			k,
			out,
			out_cs,
			out_rs,
			read,
			a,
			a_cs,
			a_rs,
			b,
			b_cs,
			b_rs,
			0.0,
			1.0,
			conjugate,
			conjugate,
			conjugate,
			parallelism,
		);
	}
}

/// One product by the crate `matrixmultiply`, on one thread.
pub(crate) fn by_matrixmultiply(product: &Product, a: &[f32], b: &[f32], out: &mut [f32]) {
	let Product { m, k, n, .. } = *product;
	assert_eq!([a.len(), b.len(), out.len()], [m * k, k * n, m * n]);
	let [(a_cs, a_rs), (b_cs, b_rs)] = product.steps();
	let (out, out_cs, out_rs) = (out.as_mut_ptr(), 1, n as isize);
	let (a, b) = (a.as_ptr(), b.as_ptr());
	// SAFETY: as above.
	unsafe {
		matrixmultiply::sgemm(m, k, n, 1.0, a, a_rs, a_cs, b, b_rs, b_cs, 0.0, out, out_rs, out_cs);
	}
}
