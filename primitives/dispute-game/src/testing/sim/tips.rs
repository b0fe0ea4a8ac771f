//! What the honest side adds to its fees when its moves wait, by the rule of the runtime's worker (ADR 0026).

/// Blocks that a transaction waits without a tip.
const PATIENCE: u32 = 3;
/// Blocks in which the tip of a waiting transaction doubles, from [`FIRST`].
const DOUBLING: u32 = 2;
/// Blocks before the deadline in which the tip doubles, up to the most.
const HASTE: u32 = 3;
/// Blocks before the deadline in which there is a tip at once.
const LATE: u32 = 3;
/// The least tip.
const FIRST: i64 = 1_000;
/// Of a game's bond, a tip is this part at most.
const BOND_PART: i64 = 256;

/// The tip after block `now` of a transaction that has waited for so many blocks, is too late in block `until`, and belongs to
/// a game with this bond, in millionths of a token.
pub fn tip(now: u32, waited: u32, until: u32, bond: i64) -> i64 {
	let most = bond / BOND_PART;
	let doublings = waited.checked_sub(PATIENCE).map(|late| late / DOUBLING);
	let by_wait = doublings.map_or(0, |n| FIRST << n.min(32));
	let left = until.saturating_sub(now);
	let by_clock = match waited > 0 || left < LATE {
		true => Some(most.checked_shr(left / HASTE).unwrap_or(0)).filter(|tip| *tip >= FIRST),
		false => None,
	};
	by_wait.max(by_clock.unwrap_or(0)).min(most)
}

/// The highest tip of a move in a game with this bond.
pub(super) fn highest(bond: i64) -> i64 {
	bond / BOND_PART
}
