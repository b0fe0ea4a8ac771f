use super::*;
use assay_case::{testing::View, Brief};
use assay_dispute_game::strategy::{next_move, opening};

/// The move that a player finds from a brief and its own execution alone.
fn found(brief: &Brief, own: &Execution, theirs: Option<&Execution>) -> Option<CaseMove> {
	let view = View { own, theirs, transcript: &brief.transcript };
	match &brief.game {
		Some(game) => next_move(game, brief.side, &view, &brief.case),
		None => opening(&brief.params, &view, &brief.case),
	}
}

#[test]
fn briefs_should_lead_a_withheld_game_to_its_end_when_players_know_nothing_else() {
	new_test_ext(|| {
		let mut table = claimed(3, lie(MLP.update));
		table.withheld = true;
		let brief = Dispute::opening_brief(0, []).unwrap();
		assert_eq!((&brief.game, brief.side), (&None, Side::Challenger));
		let first = found(&brief, &table.challenger, None).unwrap();
		assert_ok!(open(CHALLENGER, 0, first));
		while let Some(brief) = Dispute::game_brief(0, []) {
			let (own, who) = match brief.side {
				Side::Challenger => (&table.challenger, CHALLENGER),
				Side::Defender => (&table.solver, SOLVER),
			};
			let play = found(&brief, own, None).unwrap();
			let at = brief.game.unwrap().position();
			assert_ok!(send(who, 0, at, play));
		}
		assert_eq!(Market::phase_of(0), None);
		burned_stake(STAKE / 20)
	});
}

#[test]
fn opening_brief_should_name_every_heartbeat() {
	new_test_ext(|| {
		let honest = Execution::new(&assay_case::testing::mlp(3, 1), vec![]);
		with_beats(1, lie(MLP.update), &[(1, &honest), (3, &honest)]);
		let brief = Dispute::opening_brief(0, [1, 3]).unwrap();
		let prefixes: Vec<u32> = brief.case.heartbeats.iter().map(|(states, _)| *states).collect();
		assert_eq!(prefixes, [1, 3]);
		let root = |states| {
			let list = &honest.claim()[..states];
			assay_commitment::list::root(assay_commitment::ListTag::States, list)
		};
		let roots: Vec<_> = brief.case.heartbeats.iter().map(|(_, root)| *root).collect();
		assert_eq!(roots, [root(1), root(3)]);
		assert!(Dispute::opening_brief(7, []).is_none() && Dispute::game_brief(0, []).is_none());
		0
	});
}
