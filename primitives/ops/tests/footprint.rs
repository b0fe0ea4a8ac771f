//! The bound on what a tile depends on, against what evaluation really reads.

mod common;

use std::{
	cell::{Cell, RefCell},
	collections::HashSet,
};

use assay_ops::{
	eval::{block, element, fold, tile, Missing, Operands, StepContext},
	NodeSpec, Op, Window,
};
use common::{
	cases,
	program::{context, float, spec},
	shapes, Random,
};

/// Operands with arbitrary content that note which tiles and chunks are read.
struct Recorder<'a> {
	spec: &'a NodeSpec,
	record_size: u32,
	tiles: RefCell<HashSet<(usize, u32)>>,
	last: Cell<(usize, u32)>,
	chunks: RefCell<HashSet<u64>>,
}

impl<'a> Recorder<'a> {
	fn new(spec: &'a NodeSpec, record_size: u32) -> Self {
		Self {
			spec,
			record_size,
			tiles: RefCell::default(),
			last: Cell::new((usize::MAX, 0)),
			chunks: RefCell::default(),
		}
	}

	/// Tiles read, chunks counting half.
	fn footprint(&self) -> u32 {
		(self.tiles.borrow().len() + self.chunks.borrow().len().div_ceil(2)) as u32
	}
}

impl Operands for Recorder<'_> {
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, Missing> {
		let ty = self.spec.operand(operand).expect("the operand exists");
		let (tile, place) = ty.tile_of(row, col).expect("the element lies inside");
		if self.last.replace((operand, tile)) != (operand, tile) {
			self.tiles.borrow_mut().insert((operand, tile));
		}
		// Labels that hit many columns; numbers that hold NaN and both zeros.
		let mixed = (tile * 1024 + place).wrapping_mul(0x9E37_79B9) ^ (operand as u32);
		Ok(match self.spec.op {
			Op::Pick if operand == 1 => mixed % (self.spec.operand(0).expect("values").cols + 1),
			Op::OneHot { cols } => mixed % (cols + 1),
			_ if mixed.is_multiple_of(61) => 0x7FC0_0001,
			_ if mixed.is_multiple_of(7) => mixed & 0x8000_0000,
			_ => mixed & 0xBFFF_FFFF,
		})
	}

	fn record_byte(&self, record: u64, offset: u32) -> Result<u8, Missing> {
		assert!(offset < self.record_size);
		let index = record * u64::from(self.record_size) + u64::from(offset);
		self.chunks.borrow_mut().insert(index / 1024);
		Ok(index as u8)
	}
}

fn step_of(spec: &NodeSpec, random: &mut Random) -> StepContext {
	let size = match spec.op {
		Op::Load { offset, width, format } => offset + width * format.bytes() + random.below(50),
		_ => 1,
	};
	context(spec.ty.rows, 100_000 + u64::from(random.below(1000)), size)
}

/// Some tiles of a node: the first, the last and a few between.
fn some_tiles(spec: &NodeSpec, random: &mut Random) -> Vec<u32> {
	let tiles = spec.ty.tiles() as u32;
	let mut some: Vec<u32> = (0..6).map(|_| random.below(tiles)).collect();
	some.extend([0, tiles - 1]);
	some.sort_unstable();
	some.dedup();
	some
}

#[test]
fn footprint_should_bound_what_every_tile_reads() {
	let mut random = Random(41);
	for _ in 0..cases(4_000) {
		let spec = shapes::node(&mut random);
		let step = step_of(&spec, &mut random);
		let bound = spec.worst_footprint();
		if spec.worst_tile_work() > 1 << 20 {
			continue;
		}
		for tile in some_tiles(&spec, &mut random) {
			let recorder = Recorder::new(&spec, step.record_size);
			let index = random.below(spec.blocks());
			block(&spec, &step, &recorder, tile, index).expect("everything is there");
			let read = recorder.footprint();
			assert!(read <= bound, "tile {tile} reads {read}, bound {bound}: {spec:?}");
		}
	}
}

#[test]
fn tile_should_equal_its_elements_and_its_folded_blocks() {
	let mut random = Random(42);
	for _ in 0..cases(1_000).min(20_000) {
		let spec = shapes::node(&mut random);
		let step = step_of(&spec, &mut random);
		if spec.worst_tile_work() > 1 << 18 {
			continue;
		}
		let recorder = Recorder::new(&spec, step.record_size);
		let index = random.below(spec.ty.tiles() as u32);
		let whole = tile(&spec, &step, &recorder, index).expect("everything is there");
		let mut folded = block(&spec, &step, &recorder, index, 0).expect("block 0");
		for k in 1..spec.blocks() {
			folded = fold(&folded, &block(&spec, &step, &recorder, index, k).expect("a block"));
		}
		assert_eq!(whole, folded, "{spec:?}");
		let area = spec.ty.tile_area(index).expect("the tile exists");
		let mut padding = whole;
		for (place, row, col) in area.elements() {
			padding[place] = 0;
			let alone = element(&spec, &step, &recorder, row, col);
			assert_eq!(alone, Ok(whole[place]), "({row}, {col}) of {spec:?}");
		}
		assert_eq!(padding, [0; 1024], "padding of {spec:?}");
	}
}

fn window(size: u16, channels: u16, kernel: u8, stride: u8, pad: u8) -> Window {
	Window {
		height: size,
		width: size,
		channels,
		kernel_h: kernel,
		kernel_w: kernel,
		stride_h: stride,
		stride_w: stride,
		pad_h: pad,
		pad_w: pad,
	}
}

#[test]
fn footprint_should_admit_common_layers() {
	let admitted = |op: Op, types: &[_]| {
		let spec = spec(op, types);
		assert!(spec.worst_footprint() <= 36, "{} for {spec:?}", spec.worst_footprint());
		assert!(spec.worst_tile_work() <= 1 << 20, "{spec:?}");
	};
	// 3 × 3 convolutions at MNIST and CIFAR sizes, forward and backward.
	for (size, channels) in [(32, 32), (32, 64), (28, 32), (16, 64), (14, 64), (8, 128), (7, 64)] {
		let w = window(size, channels, 3, 1, 1);
		let images = float(64 * w.pixels(), channels.into());
		admitted(Op::Im2Col(w), &[images]);
		admitted(Op::Col2Im(w), &[float(64 * w.positions(), w.patch())]);
	}
	// 2 × 2 pooling after them.
	for (size, channels) in [(32, 32), (28, 32), (14, 64), (8, 128)] {
		let w = window(size, channels, 2, 2, 0);
		let (images, pooled) = (64 * w.pixels(), 64 * w.positions());
		let channels = channels.into();
		admitted(Op::MaxPool(w), &[float(images, channels)]);
		admitted(Op::MaxPoolGrad(w), &[float(images, channels), float(pooled, channels)]);
		admitted(Op::AvgPool(w), &[float(images, channels)]);
		admitted(Op::AvgPoolGrad(w), &[float(pooled, channels)]);
	}
	// Flatten and back.
	for (pixels, channels) in [(49, 32), (49, 64), (49, 8), (64, 16), (196, 32)] {
		let (images, flat) = (float(64 * pixels, channels), float(64, pixels * channels));
		admitted(Op::Reshape { rows: 64, cols: pixels * channels }, &[images]);
		admitted(Op::Reshape { rows: 64 * pixels, cols: channels }, &[flat]);
	}
	// Grey images out of flat records.
	admitted(Op::Reshape { rows: 64 * 784, cols: 1 }, &[float(64, 784)]);
	// The largest matrix product and row reduction.
	let plain = Op::MatMul { transpose_a: false, transpose_b: false };
	admitted(plain, &[float(1 << 16, 1 << 15), float(1 << 15, 1 << 16)]);
	admitted(Op::RowSum, &[float(64, 1152)]);
}

#[test]
fn footprint_should_refuse_rows_that_are_too_wide_to_sum() {
	assert_eq!(spec(Op::RowSum, &[float(64, 1153)]).worst_footprint(), 37);
}
