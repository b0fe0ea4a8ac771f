//! How far the models go.

use assay_dispute_game::Params;

/// Clocks, and what the adversary may do to the honest side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
	/// Blocks that each side has in all.
	pub(crate) clock: u32,
	/// Part of them that comes as extensions.
	pub(crate) reserve: u32,
	/// Blocks of an extension.
	pub(crate) extension: u32,
	/// Most blocks one after the other in which the honest side cannot get a move through.
	pub(crate) streak: u8,
	/// Most such blocks in all.
	pub(crate) budget: u8,
	/// Blocks that one re-org may undo; 0 for no re-org.
	pub(crate) reorg: u8,
	/// Blocks that the honest agent is down in its one crash; 0 for no crash.
	pub(crate) down: u8,
	/// Whether the adversary tries every move there is, or only a few of each kind.
	pub(crate) wide: bool,
}

impl Bounds {
	/// Sets the clocks of a game.
	pub(crate) fn set(&self, params: Params) -> Params {
		let Self { clock, reserve, extension, .. } = *self;
		Params { clock, reserve, extension, ..params }
	}
}

/// Whether the deep forms are asked for: `ASSAY_MODELS=deep`.
pub(crate) fn deep() -> bool {
	std::env::var("ASSAY_MODELS").is_ok_and(|form| form == "deep")
}

/// Every move of the adversary; nobody is disturbed, or for two blocks in the deep form. At most eleven turns
/// of the honest side, the clock again no longer than they and the last extension take.
pub(crate) fn wide() -> Bounds {
	let (budget, clock, reserve) = if deep() { (2, 15, 8) } else { (0, 13, 4) };
	let extension = reserve / 2;
	Bounds { clock, reserve, extension, streak: 2, budget, reorg: 0, down: 0, wide: true }
}

/// Few moves; three blocks in which the honest side is held back, a crash or a re-org or both, at any time.
///
/// A quiet game takes one block for each of at most `turns` turns. Clocks are as tight as the game
/// promises: what `turns` and the budget take, and one block, so that the last turn has the four that three
/// missed ones and its own need. The main part of the clock is a few blocks of that; only extensions, of
/// which one is longer than the longest streak, keep the honest side in time.
pub(crate) fn disturbed(turns: u32, reorg: u8, down: u8) -> Bounds {
	let (budget, reserve) = (3, 10);
	let clock = (turns + u32::from(budget) + 1).max(reserve + 1);
	Bounds { clock, reserve, extension: 5, streak: 3, budget, reorg, down, wide: false }
}
