//! Patches and pools.

use assay_ops::{Op, Window};

use crate::check_op;

const fn window(
	size: (u16, u16, u16),
	kernel: (u8, u8),
	stride: (u8, u8),
	pad: (u8, u8),
) -> Window {
	Window {
		height: size.0,
		width: size.1,
		channels: size.2,
		kernel_h: kernel.0,
		kernel_w: kernel.1,
		stride_h: stride.0,
		stride_w: stride.1,
		pad_h: pad.0,
		pad_w: pad.1,
	}
}

#[test]
fn patches_should_equal_reference_when_windows_vary() {
	let windows = [
		window((1, 1, 1), (1, 1), (1, 1), (0, 0)),
		window((7, 9, 3), (3, 2), (1, 1), (0, 0)),
		window((8, 8, 1), (5, 5), (1, 1), (2, 2)),
		window((9, 6, 5), (3, 3), (2, 3), (1, 2)),
		window((5, 5, 40), (4, 4), (4, 4), (3, 0)),
		// Windows that are a word apart: some, and more than are turned at a time.
		window((14, 14, 6), (5, 5), (1, 1), (0, 0)),
		window((6, 40, 2), (3, 3), (2, 1), (1, 1)),
		window((20, 33, 1), (2, 2), (1, 1), (0, 1)),
		window((4, 20, 1), (1, 1), (1, 1), (0, 0)),
		// Many channels.
		window((5, 6, 16), (1, 1), (2, 2), (0, 0)),
		window((4, 9, 19), (1, 3), (1, 1), (0, 1)),
		window((9, 4, 33), (3, 1), (2, 1), (1, 0)),
		window((3, 8, 21), (1, 5), (1, 2), (0, 4)),
		window((8, 3, 17), (7, 1), (1, 1), (3, 0)),
		window((6, 7, 40), (3, 3), (1, 1), (1, 1)),
		window((7, 6, 24), (3, 3), (2, 2), (1, 1)),
		window((6, 6, 18), (5, 5), (1, 1), (2, 2)),
		window((4, 5, 16), (2, 2), (2, 1), (0, 1)),
	];
	for (seed, w) in (1..).zip(windows) {
		for images in [1, 5] {
			check_op(Op::Im2Col(w), &[(images * w.pixels(), w.channels.into())], seed);
			check_op(Op::Col2Im(w), &[(images * w.positions(), w.patch())], seed);
		}
	}
}

#[test]
fn pools_should_equal_reference_when_windows_overlap() {
	let windows = [
		window((2, 2, 1), (2, 2), (2, 2), (0, 0)),
		window((8, 10, 6), (2, 2), (2, 2), (0, 0)),
		window((9, 7, 3), (3, 2), (2, 1), (0, 0)),
		window((7, 7, 33), (3, 3), (1, 1), (0, 0)),
		window((7, 7, 2), (2, 2), (3, 3), (0, 0)),
		window((9, 11, 4), (3, 3), (2, 2), (0, 0)),
		window((8, 14, 17), (4, 4), (1, 2), (0, 0)),
		// Padding: the usual, one that a window sees little beside, and windows apart from each other.
		window((9, 11, 4), (3, 3), (2, 2), (1, 1)),
		window((3, 2, 5), (3, 5), (1, 1), (2, 4)),
		window((1, 1, 2), (2, 3), (1, 1), (1, 2)),
		window((7, 8, 3), (2, 2), (2, 3), (1, 1)),
		window((6, 9, 20), (4, 3), (5, 1), (3, 0)),
	];
	for (seed, w) in (1..).zip(windows) {
		for images in [1, 7] {
			let channels = w.channels.into();
			let (input, output) =
				((images * w.pixels(), channels), (images * w.positions(), channels));
			check_op(Op::MaxPool(w), &[input], seed);
			check_op(Op::MaxPoolGrad(w), &[input, output], seed);
			check_op(Op::AvgPool(w), &[input], seed);
			check_op(Op::AvgPoolGrad(w), &[output], seed);
		}
	}
}
