//! What the operations of sequences mean in candle, in `f64`.

use assay_ops::{BatchMatMul, HeadLayout};
use candle_core::{Device, Result, Tensor};

fn indices(count: usize, f: impl Fn(usize) -> usize) -> Result<Tensor> {
	let indices: Vec<u32> = (0..count).map(|i| f(i) as u32).collect();
	Tensor::new(indices, &Device::Cpu)
}

/// Rows that each stand for `each`, and all of it over and over.
pub(super) fn periodic(b: &Tensor, like: &Tensor, each: u32) -> Result<Tensor> {
	let ((rows, cols), (period, across)) = (like.dims2()?, b.dims2()?);
	let down = indices(rows, |row| row / each as usize % period)?;
	let along = indices(cols, |col| col % across)?;
	b.index_select(&down, 0)?.index_select(&along, 1)
}

pub(super) fn causal(filled: f64, x: &Tensor) -> Result<Tensor> {
	let (rows, cols) = x.dims2()?;
	let seen = |i: usize| u8::from(i % cols <= i / cols % cols);
	let seen: Vec<u8> = (0..rows * cols).map(seen).collect();
	let seen = Tensor::from_vec(seen, (rows, cols), &Device::Cpu)?;
	seen.where_cond(x, &Tensor::full(filled, (rows, cols), &Device::Cpu)?)
}

pub(super) fn rotate_half(width: usize, x: &Tensor) -> Result<Tensor> {
	let (rows, cols) = x.dims2()?;
	let runs = x.reshape((rows, cols / width, width))?;
	let (first, second) = (runs.narrow(2, 0, width / 2)?, runs.narrow(2, width / 2, width / 2)?);
	Tensor::cat(&[second.neg()?, first], 2)?.reshape((rows, cols))
}

/// The matrices of a value, `batch × heads × rows × cols`, turned where they are stored so.
fn matrices(p: &BatchMatMul, layout: HeadLayout, turned: bool, x: &Tensor) -> Result<Tensor> {
	let (batch, heads) = (p.batch as usize, usize::from(p.heads));
	let (rows, cols) = x.dims2()?;
	let all = match layout {
		HeadLayout::Stacked => x.reshape((batch, heads, rows / (batch * heads), cols))?,
		HeadLayout::Interleaved => {
			x.reshape((batch, rows / batch, heads, cols / heads))?.transpose(1, 2)?
		},
	};
	if turned {
		return all.transpose(2, 3)?.contiguous();
	}
	all.contiguous()
}

pub(super) fn batch(p: &BatchMatMul, a: &Tensor, b: &Tensor) -> Result<Tensor> {
	let (a, b) = (matrices(p, p.a, p.transpose_a, a)?, matrices(p, p.b, p.transpose_b, b)?);
	let product = a.matmul(&b)?;
	let (batch, heads, rows, cols) = product.dims4()?;
	match p.out {
		HeadLayout::Stacked => product.reshape((batch * heads * rows, cols)),
		HeadLayout::Interleaved => {
			product.transpose(1, 2)?.contiguous()?.reshape((batch * rows, heads * cols))
		},
	}
}
