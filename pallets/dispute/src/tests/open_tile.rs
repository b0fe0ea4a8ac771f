use super::*;
use assay_case::TileProof;

/// A game whose challenger has picked a tile of this node and brought no evidence.
fn picked(table: &Table, node: u32) -> crate::GameId {
	let game = table.opened(CHALLENGER);
	let Move::PickTile { node: found, tile, spec, .. } = table.until(game, MoveKind::PickTile)
	else {
		panic!()
	};
	assert_eq!(found, node);
	let play = Move::PickTile { node, tile, spec, evidence: None };
	assert_ok!(send(CHALLENGER, game, position(game), play));
	game
}

#[test]
fn open_tile_should_acquit_and_pay_the_solver_when_tile_is_right() {
	for by in [SOLVER, STRANGER] {
		new_test_ext(|| {
			let table = accused(1, lie(MLP.gradient));
			let game = picked(&table, MLP.gradient);
			ends(&table, game, MoveKind::OpenTile, by, Outcome::Acquitted)
		});
	}
}

#[test]
fn open_tile_should_convict_when_tile_is_wrong_whoever_brings_it() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.gradient));
		let game = picked(&table, MLP.gradient);
		ends(&table, game, MoveKind::OpenTile, STRANGER, Outcome::Convicted(Fault::Tile))
	});
}

#[test]
fn open_tile_should_fail_when_evidence_is_malformed_or_about_another_tile() {
	new_test_ext(|| {
		let table = accused(1, lie(MLP.update));
		let game = picked(&table, MLP.update);
		let Move::OpenTile { evidence } = table.until(game, MoveKind::OpenTile) else { panic!() };
		let TileProof::Tile { node, evidence } = evidence else { panic!() };
		let at = position(game);
		let open = |node, evidence| {
			let evidence = TileProof::Tile { node, evidence };
			send(SOLVER, game, at, Move::OpenTile { evidence })
		};
		let other = table.solver.task.node(MLP.relu).unwrap();
		assert_noop!(open(other, evidence.clone()), Error::<Test>::ProofInvalid);
		let mut surplus = evidence.clone();
		surplus.inputs.operands.try_push(None).unwrap();
		assert_noop!(open(node.clone(), surplus), Error::<Test>::ProofInvalid);
		let mut forged = evidence.clone();
		forged.output.root[31] ^= 1;
		assert_noop!(open(node.clone(), forged), Error::<Test>::ProofInvalid);
		assert_ok!(open(node, evidence));
		BOND - 50 - (worth_of_opening(&take_events()) + 10)
	});
}

/// Bytes of the last move among the events.
fn worth_of_opening(events: &[Event<Test>]) -> u64 {
	let bytes = |event: &Event<Test>| match event {
		Event::Moved { kind: MoveKind::OpenTile, bytes, .. } => Some(u64::from(*bytes)),
		_ => None,
	};
	events.iter().find_map(bytes).unwrap()
}
