//! What the game asks of the world: hashes and one referee.

use codec::Encode;

use crate::{Block, List, Root, Span, Spot};

/// What the referee found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
	/// The committed tile is what the program says.
	Correct,
	/// It is not.
	Wrong,
}

/// Evidence that does not verify, or does not belong to the tile in question. It proves nothing, so it
/// changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// A committed prefix of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
	/// Root of the list of the first states.
	pub root: Root,
	/// How many states it covers, at least 1.
	pub leaves: u32,
}

/// What the program says about the output of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
	/// Tiles of the output, `1 ..= MAX_LEAVES`.
	pub tiles: u32,
	/// Blocks of the reduction behind each tile, `1 ..= MAX_BLOCKS`; 1 where nothing is split.
	pub blocks: u32,
	/// Hash of the node's description, so that later evidence need not prove it again.
	pub spec: Root,
}

/// Everything the game cannot know by itself: how lists are hashed, what the program says, and whether
/// one tile is right. The chain fills it with the referee, tests with a toy.
///
/// The implementor is bound to one claim (task, program, data); every method must be a pure function
/// of its arguments and of that claim. Evidence must be checked against `spot`, `block`, `step` and
/// `trace`: they are what the game has pinned down, evidence is what a player says.
pub trait OneStep {
	/// A node of the program and its path in the program root.
	type Spec: Encode;
	/// Shows that a tensor root in a trace and a slot of a state differ although they are the same.
	type Join: Encode;
	/// The hashes of all partial tiles of one long reduction, and the opening that shows the last to be
	/// the tile in the trace.
	type Partials: Encode;
	/// Openings with which one tile, or one block of it, can be recomputed and compared.
	type Evidence: Encode;

	/// Plain hash, for positions of the game.
	fn hash(&self, bytes: &[u8]) -> Root;

	/// Hash that stands for a leaf in its tree. For [`List::Tiles`] leaves are already hashes.
	fn leaf(&self, list: List, value: &Root) -> Root;

	/// Hash of an inner node that is not the top.
	fn parent(&self, list: List, left: &Root, right: &Root) -> Root;

	/// Root of a list with `len` leaves from the two halves of its top node. With one leaf, `left` is
	/// the hash of that leaf and `right` is `None`.
	fn root(&self, list: List, len: u32, left: &Root, right: Option<&Root>) -> Root;

	/// The solver's heartbeat number `index`, if there is one.
	fn heartbeat(&self, index: u32) -> Option<Heartbeat>;

	/// What the program says about `node`; `None` if `spec` does not prove it.
	///
	/// Also `None` for a node that no tile verdict exists for, as one that copies a slot of the state:
	/// else a challenger could pick a tile that no defender can open. Such nodes are judged by
	/// [`judge_join`](Self::judge_join) only.
	fn shape(&self, node: u32, spec: &Self::Spec) -> Option<Shape>;

	/// Whether the trace of `step` joins the states around it at the place that `join` shows.
	fn judge_join(
		&self,
		step: &Span,
		trace: &Root,
		join: &Self::Join,
	) -> Result<Verdict, Malformed>;

	/// Root of the posted partials of a long reduction: `spot.blocks` of them, of which the last is the
	/// tile in the trace. Anything else is malformed.
	fn partials(&self, spot: &Spot, partials: &Self::Partials) -> Result<Root, Malformed>;

	/// Recomputes one tile, or one block of it, and compares it with what is committed.
	///
	/// Without `block` the whole tile is judged (and `spot.blocks` is 1). With it, block `j` takes the
	/// partial `j − 1` (none for the first) to the partial `j`.
	fn judge(
		&self,
		spot: &Spot,
		block: Option<&Block>,
		evidence: &Self::Evidence,
	) -> Result<Verdict, Malformed>;
}
