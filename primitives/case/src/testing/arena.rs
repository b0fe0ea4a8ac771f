//! Plays whole games between two executions.

use alloc::vec::Vec;

use assay_dispute_game::{
	strategy::{next_move, opening},
	Effect, Game, Move, Outcome, Phase, Side,
};

use super::{Execution, View};
use crate::{CaseMove, Revealed, Transcript};

/// A game that has ended.
#[derive(Clone, Debug)]
pub struct Played {
	/// How.
	pub outcome: Outcome,
	/// The moves.
	pub moves: Vec<CaseMove>,
}

/// Plays `challenger` against the claim of `defender`. `None` if the challenger has nothing to say.
/// With `withheld`, the defender publishes nothing. Who has no move, or an unacceptable one, is silent.
pub fn play(challenger: &Execution, defender: &Execution, withheld: bool) -> Option<Played> {
	let case = defender.task.case();
	let params = defender.task.params(defender.claim_root());
	let mut transcript = Transcript::default();
	let theirs = (!withheld).then_some(defender);
	let first = {
		let view = View { own: challenger, theirs, transcript: &transcript };
		opening(&params, &view, &case)?
	};
	let mut moves = [first.clone()].to_vec();
	let mut game = Game::open(params, &first, 10, &case).unwrap().game;
	while let Some(side) = game.mover() {
		let view = match side {
			Side::Challenger => View { own: challenger, theirs, transcript: &transcript },
			Side::Defender => View { own: defender, theirs: None, transcript: &transcript },
		};
		let play = next_move(&game, side, &view, &case);
		let applied = play
			.as_ref()
			.and_then(|play| game.clone().apply(side, game.position(), play, 10, &case).ok());
		game = match (applied, play) {
			(Some(next), Some(play)) => {
				note(&mut transcript, game.phase(), &play);
				assert_ne!(next.effect, Effect::AlreadyStands);
				moves.push(play);
				next.game
			},
			_ => game.clone().timeout(u32::MAX).unwrap().game,
		};
	}
	Some(Played { outcome: game.outcome()?, moves })
}

fn note(transcript: &mut Transcript, phase: &Phase, play: &CaseMove) {
	match (phase, play) {
		(Phase::Bisect { level, run, .. }, Move::Bisect { children }) => {
			let entry = Revealed { level: *level, run: *run, children: children.clone() };
			transcript.revealed.try_push(entry).unwrap();
		},
		(_, Move::PostPartials { partials }) => transcript.partials = partials.partials.clone(),
		_ => (),
	}
}
