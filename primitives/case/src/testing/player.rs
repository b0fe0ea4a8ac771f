//! What a player of a game about a small task sees.

use alloc::{boxed::Box, vec::Vec};

use assay_commitment::{tile_of_words, LeafOpening, Path, SlotOpening};
use assay_dispute_game::{
	strategy::{Known, Lists, Oracle, Seam},
	Block, Children, Level, Root, Run, Span, Spot,
};
use assay_ops::Op;
use assay_referee::{prove::Prover, BlockEvidence, Evidence, Inputs, JoinEvidence, OutputOpening};

use super::Execution;
use crate::{BlockProof, Case, Join, NodeProof, PostedPartials, TileProof, Transcript};

/// What a player sees of a game.
pub struct View<'a> {
	/// Its own execution.
	pub own: &'a Execution,
	/// The other side's execution, if its lists are published.
	pub theirs: Option<&'a Execution>,
	/// What was said in the game.
	pub transcript: &'a Transcript,
}

fn path(siblings: assay_dispute_game::Path) -> Path {
	Path { siblings: siblings.into_inner().try_into().unwrap() }
}

impl View<'_> {
	fn case(&self) -> Case {
		self.own.task.case()
	}

	fn output(&self, spot: &Spot, lists: &Lists) -> Option<OutputOpening> {
		let (case, tiles) = (self.case(), lists.output.as_ref()?);
		let tile = LeafOpening {
			leaf: tiles.leaf(spot.tile)?,
			siblings: path(tiles.path(spot.tile, &case)?).siblings,
		};
		let root = lists.trace.leaf(spot.node)?;
		Some(OutputOpening { root, path: path(lists.trace.path(spot.node, &case)?), tile })
	}

	/// Openings of what a block reads, with the paths of the claimed trace.
	fn inputs(&self, spot: &Spot, block: u32, trace: &Known) -> Option<Inputs> {
		let task = &self.own.task;
		let step = spot.step.start;
		let (outputs, own_trace) = (self.own.outputs(step), self.own.trace(step));
		let context = task.context(step);
		let values = (&outputs[..], &task.data[..]);
		let prover = Prover { context: &context, trace: &own_trace, values: &values };
		let spec = &task.program.specs[spot.node as usize];
		let mut inputs = prover.inputs(spec, spot.tile, block)?;
		for (opening, source) in inputs.operands.iter_mut().zip(&spec.inputs) {
			if let Some(opening) = opening {
				opening.path = path(trace.path(source.id.into(), &self.case())?);
			}
		}
		Some(inputs)
	}
}

impl Oracle<Case> for View<'_> {
	fn own(&self, level: &Level) -> Vec<Root> {
		self.own.list(level)
	}

	fn own_partials(&self, spot: &Spot) -> Vec<Root> {
		self.own.partial_hashes(spot)
	}

	fn published(&self, level: &Level) -> Option<Vec<Root>> {
		self.theirs.map(|theirs| theirs.list(level))
	}

	fn revealed(&self, level: &Level) -> Vec<(Run, Children)> {
		let entries = self.transcript.revealed.iter().filter(|entry| entry.level == *level);
		entries.map(|entry| (entry.run, entry.children.clone())).collect()
	}

	fn posted_partials(&self) -> Vec<Root> {
		self.transcript.partials.to_vec()
	}

	fn spec(&self, node: u32) -> Option<NodeProof> {
		self.own.task.node(node)
	}

	fn join(&self, step: &Span, seam: Seam, trace: &Known, after: Option<&Known>) -> Option<Join> {
		let (task, case) = (&self.own.task, self.case());
		match seam {
			Seam::In { node } => {
				let proof = task.node(node)?;
				let Op::State { slot } = proof.spec.op else { return None };
				let slot = SlotOpening::prove(&self.own.slots(step.start), slot)?;
				let path = path(trace.path(node, &case)?);
				let evidence = JoinEvidence { root: trace.leaf(node)?, path, slot };
				Some(Join::In { node: proof, evidence })
			},
			Seam::Out { slot } => {
				let (proof, after) = (task.slot(slot)?, after?);
				let node = proof.slot.next.into();
				let opening = path(after.path(slot, &case)?);
				let opening = SlotOpening { root: after.leaf(slot)?, path: opening };
				let path = path(trace.path(node, &case)?);
				let evidence = JoinEvidence { root: trace.leaf(node)?, path, slot: opening };
				Some(Join::Out { slot: proof, evidence })
			},
		}
	}

	fn partials(&self, spot: &Spot, lists: &Lists) -> Option<PostedPartials> {
		let partials = self.own.partial_hashes(spot).try_into().ok()?;
		let node = self.own.task.node(spot.node)?;
		Some(PostedPartials { node, partials, output: self.output(spot, lists)? })
	}

	fn evidence(&self, spot: &Spot, block: Option<&Block>, lists: &Lists) -> Option<TileProof> {
		let node = self.own.task.node(spot.node)?;
		let Some(block) = block else {
			let inputs = self.inputs(spot, 0, &lists.trace)?;
			let evidence = Evidence { inputs, output: self.output(spot, lists)? };
			return Some(TileProof::Tile { node, evidence });
		};
		let inputs = self.inputs(spot, block.index, &lists.trace)?;
		let partials = self.own.partials(spot);
		let previous = block.index.checked_sub(1).map(|at| partials[at as usize]);
		let previous: Option<Box<_>> = previous.as_ref().map(tile_of_words);
		let evidence = BlockEvidence { inputs, previous };
		let block = BlockProof::new(&self.transcript.partials, block.index, evidence)?;
		Some(TileProof::Block { node, block })
	}
}

/// The length in bytes of the largest evidence about any tile or block of a step.
pub fn largest(execution: &Execution, step: u32) -> usize {
	use codec::Encode;
	let task = &execution.task;
	let (outputs, trace) = (execution.outputs(step), execution.trace(step));
	let context = task.context(step);
	let values = (&outputs[..], &task.data[..]);
	let prover = Prover { context: &context, trace: &trace, values: &values };
	let computed = task.program.specs.iter().filter(|spec| !matches!(spec.op, Op::State { .. }));
	let mut most = 0;
	for spec in computed {
		for tile in 0..spec.ty.tiles() as u32 {
			for block in 0..spec.blocks() {
				let inputs = prover.inputs(spec, tile, block).unwrap();
				most = most.max(inputs.encoded_size());
			}
		}
	}
	most
}
