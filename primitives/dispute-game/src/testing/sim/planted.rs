//! Faults that are planted on purpose, so that the simulator can be seen to find them.

use crate::PhaseKind;

/// Something that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
	/// The honest side never answers in this phase.
	Mute(PhaseKind),
	/// The honest side begins to replay when it is too late for that.
	Late,
	/// The honest side accuses right claims, too.
	Eager,
	/// The honest side's moves are of another execution.
	Mistaken,
	/// Whoever loses a bond keeps a part of it.
	Minted,
	/// A bond that is given back stays on hold.
	Kept,
	/// The solver's costs are not paid from a lost bond.
	Unpaid,
	/// Games end long after they should.
	Slow,
	/// The honest side believes what its damaged files say.
	Trusting,
	/// Stake behind claims can be taken out.
	Unlocked,
	/// Blocks are taken for final as soon as they are made.
	Hasty,
}
