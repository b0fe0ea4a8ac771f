//! What one block of a tile reads, against what the node declares.

use std::{
	cell::{Cell, RefCell},
	collections::BTreeSet,
};

use assay_commitment::CHUNK_BYTES;
use assay_ops::{
	eval::{block, EvalError, Missing, Operands, StepContext},
	DType, NodeSpec, Op,
};

use crate::Source;

/// Operands of which nothing exists but what is read: words that follow from their place.
struct Imagined<'a> {
	spec: &'a NodeSpec,
	seed: u32,
	record_size: u32,
	tiles: RefCell<BTreeSet<(usize, u32)>>,
	chunks: RefCell<BTreeSet<u64>>,
	reads: Cell<u64>,
}

impl Operands for Imagined<'_> {
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, Missing> {
		self.reads.set(self.reads.get() + 1);
		let ty = self.spec.inputs[operand].ty;
		let (tile, _) = ty.tile_of(row, col).expect("a read outside of an operand");
		self.tiles.borrow_mut().insert((operand, tile));
		let word = (row.wrapping_mul(0x9E37_79B9) ^ col.wrapping_mul(0x85EB_CA6B) ^ self.seed)
			.wrapping_mul(0xC2B2_AE35);
		Ok(match ty.dtype {
			DType::F32 => word,
			// Indices: most of them name a row or column that there is, far apart.
			DType::U32 if word.is_multiple_of(16) => word,
			DType::U32 => {
				let sides =
					[self.spec.inputs[0].ty.rows, self.spec.inputs[0].ty.cols, self.spec.ty.rows];
				(word >> 4) % sides[(self.seed % 3) as usize].max(1)
			},
		})
	}

	fn record_byte(&self, record: u64, offset: u32) -> Result<u8, Missing> {
		self.reads.set(self.reads.get() + 1);
		assert!(offset < self.record_size, "a read outside of a record");
		let at = record * u64::from(self.record_size) + u64::from(offset);
		self.chunks.borrow_mut().insert(at / u64::from(CHUNK_BYTES));
		Ok((at as u32 ^ self.seed) as u8)
	}
}

/// Computes one block of a tile of an accepted node.
pub(crate) fn check(source: &mut Source, spec: &NodeSpec, batch: u32, record_size: u32) {
	let context = StepContext {
		seed: [source.below(4) as u8; 32],
		step: source.choose(&[0, 1, 7, u64::from(u32::MAX)]),
		batch,
		records: source
			.choose(&[1, u64::from(batch), 60_000, u64::from(u32::MAX)])
			.max(batch.into()),
		record_size,
	};
	let tiles = spec.ty.tiles() as u32;
	let inside = source.below(tiles);
	let tile = source.choose(&[0, tiles - 1, inside, tiles]);
	let blocks = spec.blocks();
	let inside = source.below(blocks);
	let part = source.choose(&[0, blocks - 1, inside, blocks]);
	let operands = Imagined {
		spec,
		seed: source.word(),
		record_size,
		tiles: RefCell::default(),
		chunks: RefCell::default(),
		reads: Cell::new(0),
	};
	let found = block(spec, &context, &operands, tile, part);
	let expected = match spec.op {
		_ if tile >= tiles || part >= blocks => Some(EvalError::OutOfRange),
		Op::State { .. } => Some(EvalError::NotEvaluable),
		_ => None,
	};
	assert_eq!(found.err(), expected, "tile {tile}, block {part} of {spec:?}");
	let chunks = operands.chunks.borrow().len() as u64;
	let touched = operands.tiles.borrow().len() as u64 + chunks.div_ceil(2);
	let declared = u64::from(spec.worst_footprint());
	assert!(
		touched <= declared,
		"tile {tile}, block {part} reads {touched} tiles of {declared}: {spec:?}"
	);
	// An operation reads three words at most, and looks for the place of a word before it reads it.
	let (reads, work) = (operands.reads.get(), spec.worst_tile_work());
	assert!(
		reads <= 4 * work,
		"tile {tile}, block {part}: {reads} reads, {work} operations: {spec:?}"
	);
}
