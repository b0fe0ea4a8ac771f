//! The bound on what a tile depends on, against what evaluation really reads.

mod common;

use std::{
	cell::{Cell, RefCell},
	collections::HashSet,
};

use assay_ops::{
	eval::{block, element, fold, tile, Missing, Operands, StepContext},
	BatchMatMul, Binary, Broadcast, HeadLayout, Limits, NodeSpec, Op, ValueType, Window,
};
use common::{
	cases,
	program::{context, float, integer, spec, try_spec},
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
			Op::Gather if operand == 1 => mixed % (self.spec.operand(0).expect("table").rows + 1),
			Op::OneHot { cols } => mixed % (cols + 1),
			Op::ScatterAdd { rows } if operand == 0 => mixed % (rows + 1),
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
			let next = block(&spec, &step, &recorder, index, k).expect("a block");
			folded = fold(&spec, &folded, &next);
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
	admitted(Op::RowSum, &[float(64, 1 << 19)]);
	admitted(Op::RowMax, &[float(64, 1 << 19)]);
	// Embedding of 64 sequences of 256 tokens in a vocabulary of 50,257, and its gradient.
	let (table, tokens) = (float(50_257, 768), integer(1 << 14, 1));
	admitted(Op::Gather, &[table, tokens]);
	admitted(Op::ScatterAdd { rows: 50_257 }, &[tokens, float(1 << 14, 768)]);
}

#[test]
fn footprint_should_bound_tiles_that_hold_the_ends_of_several_images() {
	// Images of one line of 20 pixels: 32 of them may lie in three images, with five lines of positions
	// each.
	let w = Window { height: 1, width: 20, stride_w: 5, ..window(1, 1, 5, 1, 4) };
	let spec = spec(Op::Col2Im(w), &[float(5 * w.positions(), w.patch())]);
	let recorder = Recorder::new(&spec, 1);
	block(&spec, &context(1, 1, 1), &recorder, 1, 0).expect("everything is there");
	assert_eq!((recorder.footprint(), spec.worst_footprint()), (4, 4));
}

const SEQUENCES: u32 = 3;

/// The six products of attention over `tokens` tokens with heads of `size` columns.
fn attention(tokens: u32, size: u32, heads: u16) -> [NodeSpec; 6] {
	use HeadLayout::{Interleaved, Stacked};
	let wide = float(SEQUENCES * tokens, size * u32::from(heads));
	let square = float(SEQUENCES * tokens * u32::from(heads), tokens);
	let plain = BatchMatMul {
		batch: SEQUENCES,
		heads,
		transpose_a: false,
		transpose_b: false,
		a: Stacked,
		b: Interleaved,
		out: Interleaved,
	};
	let inner = BatchMatMul { a: Interleaved, transpose_b: true, out: Stacked, ..plain };
	let across = BatchMatMul { transpose_a: true, ..plain };
	[
		// Q · Kᵀ, and dO · Vᵀ behind the weights.
		(inner, wide),
		(inner, wide),
		// P · V, and dS · K behind Q.
		(plain, square),
		(plain, square),
		// dSᵀ · Q behind K, and Pᵀ · dO behind V.
		(across, square),
		(across, square),
	]
	.map(|(product, a)| spec(Op::BatchMatMul(product), &[a, wide]))
}

/// The most that any tile of the node reads.
fn most_read(spec: &NodeSpec) -> u32 {
	let step = context(1, 1, 1);
	let read = |tile| {
		let recorder = Recorder::new(spec, 1);
		block(spec, &step, &recorder, tile, 0).expect("everything is there");
		recorder.footprint()
	};
	let tiles = spec.ty.tiles() as u32;
	[0, 1, tiles / 2, tiles - 1].into_iter().filter(|tile| *tile < tiles).map(read).max().unwrap()
}

#[test]
fn footprint_should_be_what_attention_reads() {
	let sizes =
		[(32, 8), (64, 16), (64, 64), (128, 32), (256, 64), (512, 64), (512, 32), (256, 16)];
	for (tokens, size) in sizes {
		for heads in [4, 6, 12] {
			for spec in attention(tokens, size, heads) {
				let bound = spec.worst_footprint();
				assert_eq!(bound, most_read(&spec), "{spec:?}");
				assert!(bound <= 36 && spec.worst_tile_work() <= 1 << 20, "{bound} {spec:?}");
			}
		}
	}
}

#[test]
fn footprint_should_exceed_a_judgement_when_heads_are_small_and_sequences_long() {
	// A tile of the result holds two heads of 16 columns or four of 8, each with weights of its own.
	for (tokens, size, most) in [(512, 16, 3 * 16), (256, 8, 5 * 8)] {
		let specs = attention(tokens, size, 8);
		assert_eq!([&specs[2], &specs[4]].map(|spec| spec.worst_footprint()), [most; 2]);
		assert_eq!([&specs[2], &specs[4]].map(most_read), [most; 2]);
	}
}

/// Batches of products of every form, whose bounds are the hardest to see.
#[test]
fn footprint_should_bound_what_tiles_of_batches_of_products_read() {
	let mut random = Random(43);
	for _ in 0..cases(3_000) {
		let (op, types) = shapes::batch(&mut random);
		let spec = spec(op, &types);
		if spec.worst_tile_work() > 1 << 18 {
			continue;
		}
		let step = context(1, 1, 1);
		for tile in some_tiles(&spec, &mut random) {
			let recorder = Recorder::new(&spec, 1);
			let index = random.below(spec.blocks());
			block(&spec, &step, &recorder, tile, index).expect("everything is there");
			let (read, bound) = (recorder.footprint(), spec.worst_footprint());
			assert!(read <= bound, "tile {tile} reads {read}, bound {bound}: {spec:?}");
		}
	}
}

#[test]
fn footprint_should_be_one_tile_of_what_repeats_in_step_with_tiles() {
	let operand = |a: ValueType, each, period| {
		let op = Op::Binary(Binary::Mul, Broadcast::Periodic { each });
		spec(op, &[a, period]).worst_footprint() - 1
	};
	// A table of positions over sequences, and over heads; a short period; a table over stacked heads.
	assert_eq!(operand(float(4 * 128, 256), 1, float(128, 64)), 1);
	assert_eq!(operand(float(4 * 128, 256), 1, float(128, 16)), 1);
	assert_eq!(operand(float(4 * 12, 256), 1, float(12, 256)), 1);
	assert_eq!(operand(float(4 * 128, 256), 8, float(64, 256)), 1);
	// 48 rows: a tile may hold the last of one period and the first of the next.
	assert_eq!(operand(float(4 * 48, 256), 1, float(48, 256)), 2);
	let rotated = |width| spec(Op::RotateHalf { width }, &[float(64, 4 * width)]);
	assert_eq!([2, 8, 32, 64, 128].map(|width| rotated(width).worst_footprint()), [1; 5]);
	assert_eq!([48, 80].map(|width| rotated(width).worst_footprint()), [4; 2]);
}

/// Bytes of a path of twenty siblings, more than any tree under a claim is deep.
const PATH: usize = 4 + 20 * 32;

/// Siblings that an opening of these leaves, in ascending order, has in a BLAKE3 tree over `count`
/// leaves from `first` on.
fn siblings(leaves: &[u32], first: u32, count: u32) -> usize {
	if leaves.is_empty() {
		return 1;
	}
	if count == 1 {
		return 0;
	}
	let left = count.next_power_of_two() / 2;
	let (before, after) = leaves.split_at(leaves.partition_point(|leaf| *leaf < first + left));
	siblings(before, first, left) + siblings(after, first + left, count - left)
}

/// Bytes of the evidence for a block of a tile that reads what was recorded: the tiles with their
/// indices and siblings, a root and its path for each operand and for the result, the result's own place,
/// and the partial before the block.
fn evidence_bytes(recorder: &Recorder<'_>) -> usize {
	let spec = recorder.spec;
	let tiles = recorder.tiles.borrow();
	let operand = |number: usize| {
		let ty = spec.operand(number).expect("the operand exists");
		let of_this = tiles.iter().filter(|(operand, _)| *operand == number);
		let mut leaves: Vec<u32> = of_this.map(|(_, tile)| *tile).collect();
		leaves.sort_unstable();
		let siblings = siblings(&leaves, 0, ty.tiles() as u32);
		leaves.len() * (4 + 4096) + 4 + siblings * 32 + 4 + 32 + PATH
	};
	let partial = if spec.blocks() > 1 { 1 + 4096 } else { 0 };
	(0..spec.inputs.len()).map(operand).sum::<usize>() + 32 + PATH + 32 + PATH + partial
}

/// Nodes with operands of up to 2²⁰ tiles that read many of them.
fn far_apart(random: &mut Random) -> Option<NodeSpec> {
	let (op, mut types) = match random.below(8) {
		0 => (Op::Gather, vec![float(1 << (15 + random.below(11)), 32), integer(1 << 10, 1)]),
		1 => (Op::Pick, vec![float(64, 1 << (15 + random.below(9))), integer(64, 1)]),
		2 => {
			let (transpose_a, transpose_b) = (random.below(2) == 0, random.below(2) == 0);
			let side = 1 << (12 + random.below(4));
			let op = Op::MatMul { transpose_a, transpose_b };
			(op, vec![float(side, side), float(side, side)])
		},
		3 => {
			let rows = 1 << (10 + random.below(6));
			let of = [integer(rows, 1), float(rows, 1 << (5 + random.below(10)))];
			(Op::ScatterAdd { rows: 1 << 12 }, of.to_vec())
		},
		4 => shapes::batch(random),
		_ => shapes::windowed(random),
	};
	// More images, or more products.
	let more = 1 << random.below(16);
	let op = match op {
		Op::BatchMatMul(product) => {
			let batch = product.batch.checked_mul(more)?;
			Op::BatchMatMul(BatchMatMul { batch, ..product })
		},
		other => other,
	};
	if matches!(op, Op::BatchMatMul(_)) || op.window().is_some() {
		for ty in &mut types {
			ty.rows = ty.rows.checked_mul(more)?;
		}
	}
	let admitted = Limits::new(1);
	let few = |ty: &ValueType| ty.tiles() <= admitted.value_tiles;
	let spec = try_spec(op, &types, 1).filter(|spec| types.iter().chain([&spec.ty]).all(few))?;
	let judged = spec.worst_footprint() <= admitted.footprint
		&& spec.worst_tile_work() <= admitted.tile_work;
	judged.then_some(spec)
}

#[test]
fn evidence_should_stay_below_160_kib_when_its_node_is_admitted() {
	let mut random = Random(44);
	let (mut most, mut largest) = (0, 0);
	for _ in 0..cases(1_500) {
		let Some(spec) = far_apart(&mut random) else { continue };
		if spec.worst_footprint() < 30 {
			continue;
		}
		let step = context(1, 1, 1);
		for tile in some_tiles(&spec, &mut random) {
			let recorder = Recorder::new(&spec, 1);
			let index = random.below(spec.blocks());
			block(&spec, &step, &recorder, tile, index).expect("everything is there");
			let bytes = evidence_bytes(&recorder);
			assert!(bytes <= 160 * 1024, "{bytes} bytes for tile {tile} of {spec:?}");
			most = most.max(bytes);
			largest = largest.max(recorder.footprint());
		}
	}
	// They would not say much if none came near.
	println!("{most} bytes at most, {largest} tiles at most");
	assert!(most > 145 * 1024 && largest >= 34);
}
