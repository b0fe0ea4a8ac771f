use super::*;
use assay_case::Join;

const CONVICTED: Outcome = Outcome::Convicted(Fault::Join);

fn input() -> Vec<Lie> {
	vec![Lie::Input { step: 2, node: 1 }, Lie::Slot { step: 2, slot: 0 }]
}

#[test]
fn join_fault_should_convict_when_trace_does_not_start_or_end_in_the_state() {
	for lies in [input(), vec![Lie::Slot { step: 2, slot: 1 }]] {
		for by in [CHALLENGER, STRANGER] {
			new_test_ext(|| {
				let table = claimed(1, lies.clone());
				let game = table.opened(CHALLENGER);
				ends(&table, game, MoveKind::JoinFault, by, CONVICTED)
			});
		}
	}
}

#[test]
fn join_fault_should_convict_when_slots_were_found_by_search() {
	new_test_ext(|| {
		let mut table = claimed(1, vec![Lie::Slot { step: 2, slot: 1 }]);
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		ends(&table, game, MoveKind::JoinFault, CHALLENGER, CONVICTED)
	});
}

#[test]
fn join_fault_should_fail_when_join_is_in_order() {
	new_test_ext(|| {
		let table = accused(1, input());
		let game = table.opened(CHALLENGER);
		let play = table.until(game, MoveKind::JoinFault);
		assert_noop!(send(CHALLENGER, game, position(game), play), Error::<Test>::NoFault);
		let table = accused_out();
		let game = table.opened(RIVAL);
		let play = table.until(game, MoveKind::JoinFault);
		assert_noop!(send(STRANGER, game, position(game), play), Error::<Test>::NoFault);
		0
	});
}

/// An accuser who believes that the last slot does not join, of the claim that stands already.
fn accused_out() -> Table {
	let solver = Execution::new(&assay_case::testing::mlp(3, 1), vec![]);
	let challenger = Execution::new(&solver.task, vec![Lie::Slot { step: 2, slot: 1 }]);
	Table { task: 0, challenger, solver, withheld: false }
}

#[test]
fn join_fault_should_fail_when_evidence_is_malformed() {
	new_test_ext(|| {
		let table = claimed(1, vec![Lie::Slot { step: 2, slot: 1 }]);
		let game = table.opened(CHALLENGER);
		let Move::JoinFault { join: Join::Out { slot, evidence } } =
			table.until(game, MoveKind::JoinFault)
		else {
			panic!()
		};
		let at = position(game);
		let send = |slot, evidence| {
			let join = Join::Out { slot, evidence };
			super::send(CHALLENGER, game, at, Move::JoinFault { join })
		};
		let mut forged = evidence.clone();
		forged.root[0] ^= 1;
		assert_noop!(send(slot.clone(), forged), Error::<Test>::ProofInvalid);
		let mut forged = evidence.clone();
		forged.slot.root[0] ^= 1;
		assert_noop!(send(slot.clone(), forged), Error::<Test>::ProofInvalid);
		let other = table.solver.task.slot(0).unwrap();
		assert_noop!(send(other, evidence), Error::<Test>::ProofInvalid);
		0
	});
}
