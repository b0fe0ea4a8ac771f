//! What a player knows.

use assay_backend_cpu::Kernels;
use assay_case::{Brief, Case, Join, NodeProof, PostedPartials, SlotProof, TileProof};
use assay_commitment::{ProgramTree, SlotOpening};
use assay_dispute_game::{
	strategy::{Known, Lists as Given, Oracle, Seam},
	Block, Children, Level, Root, Run, Span, Spot,
};
use assay_ops::{NodeId, Op};
use assay_referee::JoinEvidence;

use super::lists::Lists;
use crate::serve::Behaviour;

/// One side of a dispute.
pub(crate) struct Player<'a, K, B> {
	pub(crate) lists: &'a Lists<'a, K, B>,
	pub(crate) program: &'a ProgramTree,
	pub(crate) brief: &'a Brief,
}

/// A path as evidence holds it.
pub(super) fn path(path: assay_dispute_game::Path) -> Option<assay_commitment::Path> {
	Some(assay_commitment::Path { siblings: path.into_inner().try_into().ok()? })
}

impl<K: Kernels, B: Behaviour> Player<'_, K, B> {
	pub(super) fn node(&self, node: u32) -> Option<NodeProof> {
		let id = NodeId::try_from(node).ok()?;
		let spec = self.lists.job().program().specs.get(usize::from(id))?.clone();
		Some(NodeProof { spec, path: self.program.prove_node(id)? })
	}

	/// A root in a trace, and its path.
	fn in_trace(&self, trace: &Known, node: u32, slot: SlotOpening) -> Option<JoinEvidence> {
		let root = trace.leaf(node)?;
		Some(JoinEvidence { root, path: path(trace.path(node, &self.brief.case)?)?, slot })
	}

	fn join_in(&self, step: &Span, node: u32, trace: &Known) -> Option<Join> {
		let proof = self.node(node)?;
		let Op::State { slot } = proof.spec.op else { return None };
		let before = self.lists.trace(step)?.before().slots().to_vec();
		let evidence = self.in_trace(trace, node, SlotOpening::prove(&before, slot)?)?;
		Some(Join::In { node: proof, evidence })
	}

	fn join_out(&self, slot: u32, trace: &Known, after: &Known) -> Option<Join> {
		let index = u16::try_from(slot).ok()?;
		let declared = *self.lists.job().program().slots.get(usize::from(index))?;
		let opening = SlotOpening {
			root: after.leaf(slot)?,
			path: path(after.path(slot, &self.brief.case)?)?,
		};
		let evidence = self.in_trace(trace, declared.next.into(), opening)?;
		let proof = SlotProof { index, slot: declared, path: self.program.prove_slot(index)? };
		Some(Join::Out { slot: proof, evidence })
	}
}

impl<K: Kernels, B: Behaviour> Oracle<Case> for Player<'_, K, B> {
	fn own(&self, level: &Level) -> Vec<Root> {
		self.lists.own(level)
	}

	fn own_partials(&self, spot: &Spot) -> Vec<Root> {
		self.lists.own_partials(spot)
	}

	fn published(&self, level: &Level) -> Option<Vec<Root>> {
		self.lists.published(level)
	}

	fn revealed(&self, level: &Level) -> Vec<(Run, Children)> {
		let revealed = self.brief.transcript.revealed.iter();
		let here = revealed.filter(|revealed| revealed.level == *level);
		here.map(|revealed| (revealed.run, revealed.children.clone())).collect()
	}

	fn posted_partials(&self) -> Vec<Root> {
		self.brief.transcript.partials.to_vec()
	}

	fn spec(&self, node: u32) -> Option<NodeProof> {
		self.node(node)
	}

	fn join(&self, step: &Span, seam: Seam, trace: &Known, after: Option<&Known>) -> Option<Join> {
		match seam {
			Seam::In { node } => self.join_in(step, node, trace),
			Seam::Out { slot } => self.join_out(slot, trace, after?),
		}
	}

	fn partials(&self, spot: &Spot, given: &Given) -> Option<PostedPartials> {
		Some(PostedPartials {
			node: self.node(spot.node)?,
			partials: self.lists.own_partials(spot).try_into().ok()?,
			output: self.output(spot, given)?,
		})
	}

	fn evidence(&self, spot: &Spot, block: Option<&Block>, given: &Given) -> Option<TileProof> {
		match block {
			None => self.tile(spot, given),
			Some(block) => self.block(spot, block, given),
		}
	}
}
