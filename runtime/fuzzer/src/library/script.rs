//! Whole games, move by move.

use super::Segment;
use crate::fault::guarded;
use assay_case::{testing::play, CaseMove};
use assay_dispute_game::Move;

/// Which game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Style {
	/// The claim's variant.
	pub claim: usize,
	/// What the challenger executed.
	pub challenger: usize,
	/// Whether the solver publishes nothing.
	pub withheld: bool,
	/// Whether the challenger lets the solver bring the evidence.
	pub late: bool,
}

/// The moves of a game, the opening first.
pub struct Script {
	/// In order.
	pub moves: Vec<CaseMove>,
}

impl Script {
	pub(super) fn new(segment: &Segment, style: Style) -> Option<Self> {
		let execution = |variant: usize| Some(&segment.variants.get(variant)?.execution);
		let (challenger, claim) = (execution(style.challenger)?, execution(style.claim)?);
		// Whoever believes in another beginning has no game to play.
		let played = guarded(|| play(challenger, claim, style.withheld)).ok()??;
		let mut moves = played.moves;
		if style.late {
			let last = moves.pop()?;
			moves.extend(leave_to_the_solver(last)?);
		}
		Some(Self { moves })
	}
}

/// The last move without its evidence, and the move that brings it.
fn leave_to_the_solver(last: CaseMove) -> Option<[CaseMove; 2]> {
	match last {
		Move::PickTile { node, tile, spec, evidence: Some(evidence) } => {
			let pick = Move::PickTile { node, tile, spec, evidence: None };
			Some([pick, Move::OpenTile { evidence }])
		},
		Move::PickBlock { block, evidence: Some(evidence) } => {
			let pick = Move::PickBlock { block, evidence: None };
			Some([pick, Move::OpenTile { evidence }])
		},
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::{
		super::{library, KIND_COUNT},
		*,
	};
	use assay_dispute_game::MoveKind;
	use std::collections::BTreeSet;

	#[test]
	fn scripts_should_have_every_move_but_those_of_heartbeats() {
		let mut seen = BTreeSet::new();
		for kind in 0..KIND_COUNT {
			let task = &library().whole(kind).task;
			let segment = library().segment(kind, task.first_step, task.steps);
			for variant in 0..segment.variants.len() {
				for (withheld, late) in [(false, false), (true, false), (false, true)] {
					let style = Style { claim: variant, challenger: 0, withheld, late };
					let script = library().script(kind, &segment, style);
					let moves = script.iter().flat_map(|script| &script.moves);
					seen.extend(moves.map(|play| play.kind() as u8));
				}
			}
		}
		let missing = (0..16u8).filter(|kind| !seen.contains(kind)).collect::<Vec<_>>();
		let expected = [MoveKind::PrefixFault as u8, MoveKind::Concede as u8];
		assert_eq!(BTreeSet::from_iter(missing), BTreeSet::from(expected));
	}
}
