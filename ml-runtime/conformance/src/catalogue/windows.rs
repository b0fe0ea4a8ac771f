//! Patches and pools.

use assay_ops::{Op, Window};

use crate::{Draft, Draw};

/// A window, and a number of images.
fn window(draw: &mut Draw<'_>) -> (Window, u32) {
	let large = draw.large;
	let random = &mut *draw.random;
	let mut side = || {
		let (kernel, more) = match random.below(8) {
			0 if large => (1 + random.below(31), 60),
			_ => (1 + random.below(5), 10),
		};
		let pad = random.below(kernel);
		// At least one whole window.
		let least = kernel.saturating_sub(2 * pad).max(1);
		(kernel as u8, pad as u8, 1 + random.below(4) as u8, (least + random.below(more)) as u16)
	};
	let (kernel_h, pad_h, stride_h, height) = side();
	let (kernel_w, pad_w, stride_w, width) = side();
	let channels = draw.size_up_to(130) as u16;
	let images = 1 + draw.random.below(if draw.large { 40 } else { 4 });
	let window =
		Window { height, width, channels, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w };
	(window, images)
}

fn pixels(w: &Window, images: u32) -> (u32, u32) {
	(images * w.pixels(), w.channels.into())
}

fn positions(w: &Window, images: u32) -> (u32, u32) {
	(images * w.positions(), w.channels.into())
}

pub(super) fn im2col(draw: &mut Draw<'_>) -> Draft {
	let (w, images) = window(draw);
	Draft::floats(Op::Im2Col(w), &[pixels(&w, images)])
}

pub(super) fn col2im(draw: &mut Draw<'_>) -> Draft {
	let (w, images) = window(draw);
	Draft::floats(Op::Col2Im(w), &[(images * w.positions(), w.patch())])
}

pub(super) fn max_pool(draw: &mut Draw<'_>) -> Draft {
	let (w, images) = window(draw);
	Draft::floats(Op::MaxPool(w), &[pixels(&w, images)])
}

pub(super) fn max_pool_grad(draw: &mut Draw<'_>) -> Draft {
	let (w, images) = window(draw);
	Draft::floats(Op::MaxPoolGrad(w), &[pixels(&w, images), positions(&w, images)])
}

pub(super) fn avg_pool(draw: &mut Draw<'_>) -> Draft {
	let (w, images) = window(draw);
	Draft::floats(Op::AvgPool(w), &[pixels(&w, images)])
}

pub(super) fn avg_pool_grad(draw: &mut Draw<'_>) -> Draft {
	let (w, images) = window(draw);
	Draft::floats(Op::AvgPoolGrad(w), &[positions(&w, images)])
}
