use super::*;
use assay_case::TileProof;

const CONVICTED: Outcome = Outcome::Convicted(Fault::Tile);

#[test]
fn pick_tile_should_convict_in_three_extrinsics_when_any_part_of_the_step_is_wrong() {
	let parts = [MLP.load, MLP.relu, MLP.gradient, MLP.update, MLP.second_update];
	for node in parts {
		new_test_ext(|| {
			let table = claimed(1, lie(node));
			let game = table.opened(CHALLENGER);
			assert_eq!(table.turn(game), MoveKind::PostTrace);
			ends(&table, game, MoveKind::PickTile, CHALLENGER, CONVICTED)
		});
	}
}

#[test]
fn pick_tile_should_acquit_when_accusation_is_false() {
	for node in [MLP.load, MLP.relu, MLP.gradient, MLP.update] {
		new_test_ext(|| {
			let table = accused(1, lie(node));
			let game = table.opened(CHALLENGER);
			let burned = ends(&table, game, MoveKind::PickTile, CHALLENGER, Outcome::Acquitted);
			// All that the solver did was to post a trace: 10, 33 bytes and a replay.
			assert_eq!(burned, BOND - (10 + 33 + 7));
			assert_eq!(Balances::free_balance(SOLVER), PURSE - 1_000_000 - 50 + 50);
			run_to(206);
			assert_eq!(Market::phase_of(0), Some(TaskPhase::Final));
			burned + PRICE / 100
		});
	}
}

#[test]
fn pick_tile_should_let_the_solver_open_when_there_is_no_evidence() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		let Move::PickTile { node, tile, spec, .. } = table.until(game, MoveKind::PickTile) else {
			panic!()
		};
		let play = Move::PickTile { node, tile, spec, evidence: None };
		let answered = position(game);
		take_events();
		assert_ok!(send(CHALLENGER, game, answered, play.clone()));
		let effect = Effect::Turn { side: Side::Defender, deadline: 36 };
		assert_eq!(take_events(), [moved(&table, game, answered, &play, CHALLENGER, effect)]);
		0
	});
}

#[test]
fn pick_tile_should_fail_when_evidence_is_malformed() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		let Move::PickTile { node, tile, spec, evidence: Some(evidence) } =
			table.until(game, MoveKind::PickTile)
		else {
			panic!()
		};
		let TileProof::Tile { node: proof, evidence: good } = evidence.clone() else { panic!() };
		let at = position(game);
		let pick = |node, tile, spec: &_, evidence| {
			let spec = Clone::clone(spec);
			send(CHALLENGER, game, at, Move::PickTile { node, tile, spec, evidence })
		};
		let with = |evidence| Some(TileProof::Tile { node: proof.clone(), evidence });
		let mut forged = good.clone();
		forged.output.tile.leaf[0] ^= 1;
		assert_noop!(pick(node, tile, &spec, with(forged)), Error::<Test>::ProofInvalid);
		let mut missing = good.clone();
		missing.inputs.operands[0] = None;
		assert_noop!(pick(node, tile, &spec, with(missing)), Error::<Test>::ProofInvalid);
		let good = Some(evidence);
		assert_noop!(pick(node, tile + 1, &spec, good.clone()), Error::<Test>::ProofInvalid);
		assert_noop!(pick(node, 19, &spec, good.clone()), Error::<Test>::LeafOutOfRange);
		assert_noop!(pick(node - 1, tile, &spec, good.clone()), Error::<Test>::ProofInvalid);
		assert_noop!(pick(18, tile, &spec, good.clone()), Error::<Test>::LeafOutOfRange);
		let other = table.solver.task.node(MLP.relu).unwrap();
		assert_noop!(pick(node, tile, &other, good.clone()), Error::<Test>::ProofInvalid);
		// A copied slot is for `join_fault`, a split reduction for `post_partials`.
		let first = table.solver.task.node(MLP.first).unwrap();
		assert_noop!(pick(MLP.first, 0, &first, None), Error::<Test>::ProofInvalid);
		let hidden = table.solver.task.node(MLP.hidden).unwrap();
		assert_noop!(pick(MLP.hidden, 0, &hidden, good), Error::<Test>::ReductionIsSplit);
		0
	});
}

#[test]
fn solver_should_get_at_most_half_of_the_bond_when_its_costs_are_more() {
	new_test_ext(|| {
		DisputeTariff::set(crate::Tariff { bond_base: 0, bond_factor: 2, ..DisputeTariff::get() });
		let table = accused(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		table.until(game, MoveKind::PickTile);
		Disputes::<Test>::mutate(game, |game| game.as_mut().unwrap().solver_cost = 1_000_000);
		let bond = 2 * (2 * 7 + 4 * (10 + 4_096));
		table.turn(game);
		let slashed =
			Event::BondSlashed { game, challenger: CHALLENGER, paid: bond / 2, burned: bond / 2 };
		assert_eq!(take_events().last(), Some(&slashed));
		bond / 2
	});
}

#[test]
fn pick_tile_should_announce_a_verdict_only_when_there_is_evidence() {
	type Games = crate::Pallet<Test>;
	assert_eq!(Games::tile_weight(true), Games::ending_weight(true));
	assert_eq!(Games::tile_weight(false), Games::light_weight());
	let times = [Games::light_weight(), Games::ending_weight(false), Games::ending_weight(true)];
	assert!(times.is_sorted_by(|a, b| a.ref_time() < b.ref_time()), "{times:?}");
	assert!(Games::light_weight().ref_time() > 0);
}
