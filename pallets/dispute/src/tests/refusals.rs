use super::*;
use assay_case::testing::{mlp, play};
use assay_dispute_game::PhaseKind;

/// One move of every kind that is a call, from games about other claims.
fn samples() -> Vec<CaseMove> {
	let strange = |lies: Vec<Lie>, withheld| {
		let task = mlp(3, 3);
		let (honest, liar) = (Execution::new(&task, vec![]), Execution::new(&task, lies));
		play(&honest, &liar, withheld).unwrap().moves
	};
	let mut moves = strange(lie(MLP.update), true);
	moves.extend(strange(lie(MLP.hidden), false));
	moves.extend(strange(vec![Lie::Slot { step: 2, slot: 0 }], true));
	moves.extend(strange(vec![Lie::State { step: 3 }], true));
	let Some(Move::PickTile { evidence: Some(evidence), .. }) =
		moves.iter().find(|play| matches!(play, Move::PickTile { evidence: Some(_), .. }))
	else {
		panic!()
	};
	let opening = Move::OpenTile { evidence: evidence.clone() };
	moves.push(opening);
	let mut kinds: Vec<MoveKind> = Vec::new();
	moves.retain(|play| {
		let new = !kinds.contains(&play.kind());
		kinds.push(play.kind());
		new
	});
	moves
}

fn accepts(phase: PhaseKind, kind: MoveKind) -> bool {
	use MoveKind::*;
	match phase {
		PhaseKind::Trace => kind == PostTrace,
		PhaseKind::Tile => {
			matches!(kind, Ask | AskSlots | AskTiles | PickTile | JoinFault)
		},
		PhaseKind::Partials => kind == PostPartials,
		PhaseKind::Block => kind == PickBlock,
		PhaseKind::Steps => kind == PostSteps,
		PhaseKind::Step => matches!(kind, PickStep | Ask),
		other => panic!("no game here comes to {other:?}"),
	}
}

#[test]
fn every_call_should_fail_when_phase_or_turn_is_another() {
	let samples = samples();
	// All but the two that are no calls on a game.
	assert_eq!(samples.len(), 14);
	new_test_ext(|| {
		let table = claimed(3, lie(MLP.hidden));
		let game = table.opened(CHALLENGER);
		let mut phases = 0;
		for _ in 0..6 {
			let state = stored(game).game;
			let (phase, mover) = (state.phase().kind(), state.mover().unwrap());
			for play in &samples {
				let side = play.kind().side();
				let who = *stored(game).account(side);
				let sent = || send(who, game, position(game), play.clone());
				if side != mover {
					assert_noop!(sent(), Error::<Test>::NotYourTurn);
				} else if !accepts(phase, play.kind()) {
					assert_noop!(sent(), Error::<Test>::WrongPhase);
				}
			}
			phases += 1;
			if phases < 6 {
				table.turn(game);
			}
		}
		assert_eq!(stored(game).game.phase().kind(), PhaseKind::Block);
		0
	});
}
