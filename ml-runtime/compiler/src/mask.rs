//! Which positions are padding, and which labels count.

use assay_ops::{
	soft::{INFINITY, ONE},
	Binary, Broadcast, NodeId, Op,
};

use crate::graph::{Graph, Refusal};

/// The least finite number: the score of padding. It is finite, so that a sequence of nothing but padding still has
/// a softmax.
const LEAST: u32 = 0xFF7F_FFFF;

/// 10⁻⁹: no mean is divided by less, however few positions there are.
const SMALL: u32 = 0x3089_705F;

/// The positions of each record that are not padding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask {
	/// `batch × length`, 1 or 0.
	seen: NodeId,
	length: u32,
}

impl Mask {
	/// From numbers (`batch × length`), of which those that are 0 mark padding.
	pub(crate) fn new(graph: &mut Graph, numbers: NodeId) -> Result<Self, Refusal> {
		let seen = choose(graph, numbers, ONE, 0)?;
		Ok(Self { seen, length: graph.ty(numbers).cols })
	}

	/// 1 or 0 for each position, one below the other.
	pub(crate) fn column(&self, graph: &mut Graph) -> Result<NodeId, Refusal> {
		let rows = graph.ty(self.seen).rows.checked_mul(self.length);
		let rows = rows.ok_or("too many positions in a batch")?;
		graph.add(Op::Reshape { rows, cols: 1 }, &[self.seen])
	}

	/// Scores of `heads` squares for each record, in which the columns of padding are as low as can be.
	pub(crate) fn hide(
		&self,
		graph: &mut Graph,
		scores: NodeId,
		heads: u16,
	) -> Result<NodeId, Refusal> {
		let ceiling = choose(graph, self.seen, INFINITY, LEAST)?;
		let each = u32::from(heads).checked_mul(self.length);
		let each = each.ok_or("too many positions in a batch")?;
		graph.binary(Binary::Min, Broadcast::Periodic { each }, scores, ceiling)
	}

	/// The least share of positions that a mean is divided by.
	pub(crate) fn at_least_some(graph: &mut Graph, share: NodeId) -> Result<NodeId, Refusal> {
		graph.with_constant(Binary::Max, share, SMALL)
	}
}

/// `other` where `numbers` are 0, `one` elsewhere.
fn choose(graph: &mut Graph, numbers: NodeId, one: u32, other: u32) -> Result<NodeId, Refusal> {
	let ty = graph.ty(numbers);
	let mut fill = |bits| graph.add(Op::Fill { bits, rows: ty.rows, cols: ty.cols }, &[]);
	let (one, other) = (fill(one)?, fill(other)?);
	graph.add(Op::Select(Broadcast::None), &[one, numbers, other])
}

/// `values` where `seen` (of the same shape) is not 0, and `+0` elsewhere, also where they are NaN there.
pub(crate) fn only(graph: &mut Graph, values: NodeId, seen: NodeId) -> Result<NodeId, Refusal> {
	let ty = graph.ty(values);
	let nothing = graph.add(Op::Fill { bits: 0, rows: ty.rows, cols: ty.cols }, &[])?;
	graph.add(Op::Select(Broadcast::None), &[values, seen, nothing])
}
