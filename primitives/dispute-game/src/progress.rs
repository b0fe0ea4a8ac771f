//! Why games end: a number that every move makes smaller.

use crate::{Focus, Level, Params, Phase, Run, MAX_LEAVES};

/// Most moves of any game, the opening included: five rounds of search in the claim, four in a stride
/// (there are less than 2³² steps), five each in the trace and in the tiles of a node.
pub const MAX_MOVES: u32 = 50;

/// The evidence for a tile or block is awaited: `open_tile`.
const OPENING: u32 = 1;
/// A slot has been found: `join_fault`.
const JOIN: u32 = 1;
/// Partials are posted: `pick_block`, and what follows.
const BLOCK: u32 = 1 + OPENING;
/// Partials are awaited: `post_partials`, and what follows.
const PARTIALS: u32 = 1 + BLOCK;
/// A tile has been found: `pick_tile`, and what follows.
const TILE_FOUND: u32 = 1 + PARTIALS;

/// A node has been found: a search for the tile, and what follows.
fn node_found() -> u32 {
	search(MAX_LEAVES).saturating_add(TILE_FOUND)
}

/// A trace is awaited: `post_trace`, a search for the node or a slot, and what follows.
fn trace(params: &Params) -> u32 {
	let nodes = search(params.nodes).saturating_add(node_found());
	let slots = search(params.slots).saturating_add(JOIN);
	nodes.max(slots).saturating_add(1)
}

/// The states of a stride of `len` steps are posted: a search, `pick_step`, and what follows.
fn step(params: &Params, len: u32) -> u32 {
	search(len).saturating_add(1).saturating_add(trace(params))
}

/// A state of the claim has been found: `open`, `post_steps`, and what follows.
fn state_found(params: &Params) -> u32 {
	match params.stride {
		1 => trace(params).saturating_add(1),
		stride => step(params, stride).saturating_add(2),
	}
}

/// Moves of a search in `leaves`: `ask`, then `bisect` and `pick` in each round.
fn search(leaves: u32) -> u32 {
	rounds(leaves).saturating_add(1)
}

fn rounds(leaves: u32) -> u32 {
	Run::whole(leaves).rounds().saturating_mul(2)
}

/// What follows once a search in `level` has found its leaf.
fn found(params: &Params, level: &Level) -> u32 {
	match level {
		Level::Claim => state_found(params),
		Level::Steps { .. } => trace(params).saturating_add(1),
		Level::Trace { .. } => node_found(),
		Level::Slots { .. } => JOIN,
		Level::Tiles { .. } => TILE_FOUND,
	}
}

impl Phase {
	/// Most moves that can still be made; 0 once the game is over. Every move makes it smaller.
	pub fn moves_left(&self, params: &Params) -> u32 {
		match self {
			Self::Claim { leaf: None } => {
				search(params.leaves()).saturating_add(state_found(params))
			},
			Self::Claim { leaf: Some(_) } => state_found(params),
			Self::Steps { span } => step(params, span.len).saturating_add(1),
			Self::Step { span, leaf: None, .. } => step(params, span.len),
			Self::Step { leaf: Some(_), .. } => trace(params).saturating_add(1),
			Self::Trace { .. } => trace(params),
			Self::Tile { focus: Focus::Trace, .. } => trace(params).saturating_sub(1),
			Self::Tile { focus: Focus::Node(_), .. } => node_found(),
			Self::Tile { focus: Focus::Tile { .. }, .. } => TILE_FOUND,
			Self::Tile { focus: Focus::Slot(_), .. } => JOIN,
			Self::Partials { .. } => PARTIALS,
			Self::Block { .. } => BLOCK,
			Self::Opening { .. } => OPENING,
			Self::Bisect { level, run, .. } => {
				rounds(run.count).saturating_add(found(params, level))
			},
			Self::Pick { level, run, .. } => {
				rounds(run.count).saturating_sub(1).saturating_add(found(params, level))
			},
			Self::Over { .. } => 0,
		}
	}
}
