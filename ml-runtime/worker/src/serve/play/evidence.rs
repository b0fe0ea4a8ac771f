//! Openings for one tile or block.
//!
//! Values are those of this worker's own execution. They are what the other side has committed to as
//! well, since everything before the disputed node is agreed on; the paths are those of the disputed
//! trace, which may be known only as far as a search has revealed it.

use assay_backend_cpu::Kernels;
use assay_case::{BlockProof, TileProof};
use assay_commitment::LeafOpening;
use assay_dispute_game::{
	strategy::{Known, Lists as Given},
	Block, Spot,
};
use assay_ops::NodeSpec;
use assay_referee::{Evidence, Inputs, OutputOpening};

use super::oracle::{path, Player};
use crate::serve::Behaviour;

impl<K: Kernels, B: Behaviour> Player<'_, K, B> {
	/// The disputed tile, as a hash, in the disputed trace.
	pub(super) fn output(&self, spot: &Spot, given: &Given) -> Option<OutputOpening> {
		let case = &self.brief.case;
		let root = given.trace.leaf(spot.node)?;
		let spec = self.lists.job().program().specs.get(spot.node as usize)?;
		let tile = match (spec.ty.tiles(), given.output.as_ref()) {
			// The only tile of a tensor is the tensor.
			(1, _) => LeafOpening { leaf: root, siblings: Default::default() },
			(_, Some(tiles)) => LeafOpening {
				leaf: tiles.leaf(spot.tile)?,
				siblings: tiles.path(spot.tile, case)?.into_inner().try_into().ok()?,
			},
			(_, None) => return None,
		};
		Some(OutputOpening { root, path: path(given.trace.path(spot.node, case)?)?, tile })
	}

	/// Puts the paths of the disputed trace into openings of one's own.
	fn placed(&self, spec: &NodeSpec, mut inputs: Inputs, trace: &Known) -> Option<Inputs> {
		for (operand, opening) in spec.inputs.iter().zip(inputs.operands.iter_mut()) {
			if let Some(opening) = opening {
				opening.path = path(trace.path(operand.id.into(), &self.brief.case)?)?;
			}
		}
		Some(inputs)
	}

	/// Everything about a tile whose reduction is not split.
	pub(super) fn tile(&self, spot: &Spot, given: &Given) -> Option<TileProof> {
		let node = self.node(spot.node)?;
		let trace = self.lists.around(&spot.step, node.spec.id)?;
		let inputs = trace.prover().inputs(&node.spec, spot.tile, 0)?;
		let inputs = self.placed(&node.spec, inputs, &given.trace)?;
		let evidence = Evidence { inputs, output: self.output(spot, given)? };
		Some(TileProof::Tile { node, evidence })
	}

	/// Everything about one block of a tile whose reduction is split.
	pub(super) fn block(&self, spot: &Spot, block: &Block, given: &Given) -> Option<TileProof> {
		let node = self.node(spot.node)?;
		let trace = self.lists.around(&spot.step, node.spec.id)?;
		let (partials, _) = trace.partials(node.spec.id, spot.tile).ok()?;
		let mut evidence =
			trace.open_block(node.spec.id, spot.tile, block.index, &partials).ok()?;
		evidence.inputs = self.placed(&node.spec, evidence.inputs, &given.trace)?;
		let posted = &self.brief.transcript.partials;
		let block = BlockProof::new(posted, block.index, evidence)?;
		Some(TileProof::Block { node, block })
	}
}
