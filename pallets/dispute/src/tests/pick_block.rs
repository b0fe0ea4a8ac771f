use super::*;

const CONVICTED: Outcome = Outcome::Convicted(Fault::Tile);

fn split(block: u32) -> Vec<Lie> {
	let partial = Lie::Partial { step: 2, node: MLP.hidden, tile: 0, block };
	vec![partial, Lie::Slot { step: 2, slot: 0 }]
}

#[test]
fn pick_block_should_convict_when_partial_is_wrong() {
	for block in [0, 1] {
		new_test_ext(|| {
			let table = claimed(1, split(block));
			let game = table.opened(CHALLENGER);
			use MoveKind::*;
			for next in [PostTrace, PickTile, PostPartials] {
				assert_eq!(table.turn(game), next);
			}
			ends(&table, game, PickBlock, CHALLENGER, CONVICTED)
		});
	}
}

#[test]
fn pick_block_should_acquit_when_partial_is_right() {
	for block in [0, 1] {
		new_test_ext(|| {
			let table = accused(1, split(block));
			let game = table.opened(CHALLENGER);
			ends(&table, game, MoveKind::PickBlock, CHALLENGER, Outcome::Acquitted)
		});
	}
}

#[test]
fn pick_block_should_let_the_solver_open_when_there_is_no_evidence() {
	for (lies, honest) in [(split(1), false), (vec![], true)] {
		new_test_ext(|| {
			let table = if honest { accused(1, split(1)) } else { claimed(1, lies.clone()) };
			let game = table.opened(CHALLENGER);
			let Move::PickBlock { block, .. } = table.until(game, MoveKind::PickBlock) else {
				panic!()
			};
			assert_eq!(block, 1);
			let none = |block| Move::PickBlock { block, evidence: None };
			let at = position(game);
			assert_noop!(send(CHALLENGER, game, at, none(2)), Error::<Test>::LeafOutOfRange);
			assert_ok!(send(CHALLENGER, game, at, none(block)));
			let outcome = if honest { Outcome::Acquitted } else { CONVICTED };
			ends(&table, game, MoveKind::OpenTile, STRANGER, outcome)
		});
	}
}

#[test]
fn pick_block_should_fail_when_evidence_is_malformed() {
	new_test_ext(|| {
		let table = claimed(1, split(1));
		let game = table.opened(CHALLENGER);
		let Move::PickBlock { evidence: Some(evidence), .. } =
			table.until(game, MoveKind::PickBlock)
		else {
			panic!()
		};
		let at = position(game);
		let pick = |block, evidence| {
			send(CHALLENGER, game, at, Move::PickBlock { block, evidence: Some(evidence) })
		};
		assert_noop!(pick(0, evidence.clone()), Error::<Test>::ProofInvalid);
		let assay_case::TileProof::Block { node, mut block } = evidence else { panic!() };
		block.after.leaf[0] ^= 1;
		let forged = assay_case::TileProof::Block { node, block };
		assert_noop!(pick(1, forged), Error::<Test>::ProofInvalid);
		0
	});
}
