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
	/// Most blocks, one after the other or not, in which the honest side cannot get a move through.
	pub(crate) budget: u8,
	/// Blocks that one re-org may undo; 0 for no re-org.
	pub(crate) reorg: u8,
	/// Blocks that the honest agent is down in a crash; 0 for no crash.
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

/// Whether the full forms are asked for: `ASSAY_MODELS=full`.
pub(crate) fn full() -> bool {
	std::env::var("ASSAY_MODELS").is_ok_and(|form| form == "full")
}

/// Every move of the adversary; nobody is disturbed, or for two blocks in the full form. The clock is again
/// no longer than `turns` of the honest side and the last extension take, of at most eleven in the full form.
pub(crate) fn wide(turns: u32) -> Bounds {
	let (budget, clock, reserve) = if full() { (2, 15, 8) } else { (0, (turns + 1).max(5), 4) };
	let extension = reserve / 2;
	Bounds { clock, reserve, extension, budget, reorg: 0, down: 0, wide: true }
}

/// What is done to the honest side, at any time, beside what the adversary says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disturbance {
	/// What it is called.
	pub(crate) name: &'static str,
	/// Blocks in which the honest side cannot get a move through, in all or one after the other.
	pub(crate) budget: u8,
	/// Blocks that one re-org may undo.
	pub(crate) reorg: u8,
	/// Blocks that the honest agent is down in a crash.
	pub(crate) down: u8,
}

/// A block of censorship and of a re-org, and a crash that lasts into the next block.
pub(crate) const SLIGHT: Disturbance = Disturbance { name: "slight", budget: 1, reorg: 1, down: 2 };
/// Three blocks of censorship, a crash, a re-org, or two of them, or all.
pub(crate) const ALL: Disturbance = Disturbance { name: "all", budget: 3, reorg: 3, down: 2 };

/// Few moves; the honest side is disturbed.
///
/// A quiet game takes one block for each of at most `turns` turns. Clocks are as tight as the game
/// promises: what `turns` and the budget take, and one block, so that the last turn has what the missed
/// blocks and its own need. The main part of the clock is a few blocks of that; only extensions, of
/// which one is longer than the budget, keep the honest side in time.
pub(crate) fn disturbed(turns: u32, disturbance: Disturbance) -> Bounds {
	let Disturbance { budget, reorg, down, .. } = disturbance;
	let extension = u32::from(budget) + 2;
	let reserve = 2 * extension;
	let clock = (turns + u32::from(budget) + 1).max(reserve + 1);
	Bounds { clock, reserve, extension, budget, reorg, down, wide: false }
}
