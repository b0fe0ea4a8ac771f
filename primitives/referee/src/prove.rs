//! Makes evidence from whole values: what a challenger or defender does after executing a step, and
//! what the tests of the referee do.
//!
//! Which tiles a computation reads is found by doing it with operands that keep a record, so prover
//! and judge cannot disagree about it.

use alloc::{borrow::Cow, boxed::Box, collections::BTreeSet, vec::Vec};
use core::cell::RefCell;

use assay_commitment::{
	list::List, tile_bytes, tile_count, tile_hash, tile_of_words, DataTree, ListTag, Root,
	SlotOpening, TensorTree, CHUNK_BYTES,
};
use assay_ops::{
	eval::{self, Missing, Operands, StepContext, Tile},
	NodeId, NodeSpec, ValueType,
};

use crate::{
	evidence::{
		BlockEvidence, Evidence, Inputs, JoinEvidence, LeafProof, OperandOpening, OutputOpening,
		Partials, PrefixEvidence,
	},
	opened::byte_offset,
};

/// The values of one executed step.
pub trait Values {
	/// Output of a node, row-major.
	fn output(&self, id: NodeId) -> Option<&[u32]>;

	/// The data set.
	fn data(&self) -> Option<&[u8]>;

	/// Tree of a node's output, which has type `ty`. Override to keep trees between proofs.
	fn tree(&self, id: NodeId, ty: &ValueType) -> Option<Cow<'_, TensorTree>> {
		TensorTree::from_words(*ty, self.output(id)?).map(Cow::Owned)
	}

	/// Tree of the data set. Override to keep it between proofs.
	fn data_tree(&self) -> Option<Cow<'_, DataTree>> {
		DataTree::new(self.data()?).map(Cow::Owned)
	}
}

/// Outputs by node id and the data set.
impl Values for (&[Vec<u32>], &[u8]) {
	fn output(&self, id: NodeId) -> Option<&[u32]> {
		self.0.get(usize::from(id)).map(Vec::as_slice)
	}

	fn data(&self) -> Option<&[u8]> {
		Some(self.1)
	}
}

/// What a computation read.
#[derive(Default)]
struct Touched {
	tiles: [BTreeSet<u32>; 3],
	chunks: BTreeSet<u32>,
}

struct Recorder<'a, V> {
	spec: &'a NodeSpec,
	record_size: u32,
	values: &'a V,
	touched: RefCell<Touched>,
}

impl<V: Values> Operands for Recorder<'_, V> {
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, Missing> {
		let source = self.spec.inputs.get(operand).ok_or(Missing)?;
		let (tile, _) = source.ty.tile_of(row, col).ok_or(Missing)?;
		let words = self.values.output(source.id).ok_or(Missing)?;
		if let Some(tiles) = self.touched.borrow_mut().tiles.get_mut(operand) {
			tiles.insert(tile);
		}
		let at = u64::from(row).saturating_mul(source.ty.cols.into()).saturating_add(col.into());
		usize::try_from(at).ok().and_then(|at| words.get(at)).copied().ok_or(Missing)
	}

	fn record_byte(&self, record: u64, offset: u32) -> Result<u8, Missing> {
		let at = byte_offset(record, offset, self.record_size).ok_or(Missing)?;
		let chunk = at.checked_div(CHUNK_BYTES.into()).and_then(|chunk| u32::try_from(chunk).ok());
		self.touched.borrow_mut().chunks.insert(chunk.ok_or(Missing)?);
		let data = self.values.data().ok_or(Missing)?;
		usize::try_from(at).ok().and_then(|at| data.get(at)).copied().ok_or(Missing)
	}
}

/// A step as its prover sees it.
#[derive(Clone, Copy)]
pub struct Prover<'a, V> {
	/// Seed, step and form of the data set.
	pub context: &'a StepContext,
	/// The claimed trace. The operands that are opened must be in it with these values.
	pub trace: &'a List,
	/// The values.
	pub values: &'a V,
}

impl<V: Values> Prover<'_, V> {
	/// Inputs of one K-block of a tile (block 0 for a node without a long reduction). `None` when a
	/// value is missing or an opening would be larger than the referee takes.
	pub fn inputs(&self, spec: &NodeSpec, tile: u32, block: u32) -> Option<Inputs> {
		let record_size = self.context.record_size;
		let touched = RefCell::default();
		let recorder = Recorder { spec, record_size, values: self.values, touched };
		eval::block(spec, self.context, &recorder, tile, block).ok()?;
		let touched = recorder.touched.into_inner();
		let mut inputs = Inputs::default();
		for (operand, tiles) in spec.inputs.iter().zip(&touched.tiles) {
			let tiles: Vec<u32> = tiles.iter().copied().collect();
			let opening = if tiles.is_empty() {
				None
			} else {
				let words = self.values.output(operand.id)?;
				let tree = self.values.tree(operand.id, &operand.ty)?;
				let path = self.trace.prove(operand.id.into())?;
				let tiles = tree.open_words(&tiles, words)?;
				Some(OperandOpening { root: tree.root(), path, tiles })
			};
			inputs.operands.try_push(opening).ok()?;
		}
		let chunks: Vec<u32> = touched.chunks.iter().copied().collect();
		if !chunks.is_empty() {
			let data = self.values.data()?;
			inputs.records = Some(self.values.data_tree()?.open(&chunks, data)?);
		}
		Some(inputs)
	}

	/// The claimed tile; `claimed` is the tree of the claimed output, whose root is in the trace.
	pub fn output(&self, id: NodeId, claimed: &TensorTree, tile: u32) -> Option<OutputOpening> {
		let path = self.trace.prove(id.into())?;
		Some(OutputOpening { root: claimed.root(), path, tile: claimed.prove(tile)? })
	}

	/// Everything about a tile of a node without a long reduction.
	pub fn tile(&self, spec: &NodeSpec, claimed: &TensorTree, tile: u32) -> Option<Evidence> {
		let inputs = self.inputs(spec, tile, 0)?;
		Some(Evidence { inputs, output: self.output(spec.id, claimed, tile)? })
	}

	/// Everything about one K-block; `previous` is the partial before it, absent for block 0.
	pub fn block(
		&self,
		spec: &NodeSpec,
		tile: u32,
		block: u32,
		previous: Option<&Tile>,
	) -> Option<BlockEvidence> {
		let inputs = self.inputs(spec, tile, block)?;
		Some(BlockEvidence { inputs, previous: previous.map(tile_of_words) })
	}

	/// The partial tiles of a tile, in order.
	pub fn partials(&self, spec: &NodeSpec, tile: u32) -> Option<Vec<Tile>> {
		let record_size = self.context.record_size;
		let touched = RefCell::default();
		let operands = Recorder { spec, record_size, values: self.values, touched };
		let mut partials: Vec<Tile> = Vec::new();
		for block in 0..spec.blocks() {
			let sum = eval::block(spec, self.context, &operands, tile, block).ok()?;
			partials.push(partials.last().map_or(sum, |last| eval::fold(spec, last, &sum)));
		}
		Some(partials)
	}

	/// Where a tensor of the trace meets a slot of a state.
	pub fn join(&self, id: NodeId, slot_roots: &[Root], slot: u16) -> Option<JoinEvidence> {
		let root = *self.trace.tree().values().get(usize::from(id))?;
		let path = self.trace.prove(id.into())?;
		Some(JoinEvidence { root, path, slot: SlotOpening::prove(slot_roots, slot)? })
	}
}

/// The hashes of partial tiles, as they are posted.
pub fn partial_hashes(spec: &NodeSpec, tile: u32, partials: &[Tile]) -> Option<Partials> {
	let tiles = tile_count(&spec.ty)?;
	let hash = |partial| tile_hash(&tile_of_words(partial), tile, tiles);
	partials.iter().map(hash).collect::<Option<Vec<_>>>()?.try_into().ok()
}

/// The trees of all outputs of a step and the trace over their roots.
pub fn trace(specs: &[NodeSpec], values: &impl Values) -> Option<(Vec<TensorTree>, List)> {
	let tree = |spec: &NodeSpec| TensorTree::from_words(spec.ty, values.output(spec.id)?);
	let trees: Vec<TensorTree> = specs.iter().map(tree).collect::<Option<_>>()?;
	let roots = trees.iter().map(TensorTree::root).collect();
	Some((trees, List::new(ListTag::Trace, roots)?))
}

/// One state under a heartbeat and under the claim.
pub fn prefix(heartbeat: &List, claim: &List, index: u32) -> Option<PrefixEvidence> {
	let proof = |list: &List| {
		let leaf = *list.tree().values().get(usize::try_from(index).ok()?)?;
		Some(LeafProof { leaf, path: list.prove(index)? })
	};
	Some(PrefixEvidence { index, heartbeat: proof(heartbeat)?, claim: proof(claim)? })
}

/// First tile in which two matrices of the same type differ: where a challenger points.
pub fn first_difference(spec: &NodeSpec, mine: &[u32], theirs: &[u32]) -> Option<u32> {
	let bytes = |words, tile| -> Option<Box<_>> { tile_bytes(&spec.ty, words, tile) };
	(0..tile_count(&spec.ty)?).find(|tile| bytes(mine, *tile) != bytes(theirs, *tile))
}
