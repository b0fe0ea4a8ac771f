use super::*;
use assay_primitives::Receipt;

#[test]
fn finalise_should_pay_solver_refund_rest_and_write_receipt() {
	new_test_ext(|| {
		let id = claimed();
		let program_root = Tasks::<Test>::get(id).unwrap().spec.program.root;
		jump_to(17);
		let before = free(SOLVER);
		assert_ok!(Market::finalise(signed(NOBODY), id));
		let deposit = Market::receipt_deposit();
		let receipt = Receipt {
			requester: REQUESTER,
			solver: SOLVER,
			program_root,
			claim_root: claim().root,
			final_state: claim().final_state,
			artifact_root: claim().artifact_root,
			paid: 800,
			block: 17,
			deposit,
		};
		assert_eq!(
			take_events(),
			[Event::TaskFinalised {
				task: id,
				requester: REQUESTER,
				solver: SOLVER,
				paid: 800,
				fee: 8,
				refunded: 202,
				receipt
			}]
		);
		assert_eq!(Receipts::<Test>::get(id), Some(receipt));
		assert_eq!(free(SOLVER), before + 800);
		assert_eq!(free(REQUESTER), PURSE - 808 - deposit);
		assert_eq!(held(HoldReason::Deposit, REQUESTER), deposit);
		assert_eq!(held(HoldReason::Escrow, REQUESTER), 0);
		let standing = Staking::standing(&SOLVER).unwrap();
		assert_eq!((standing.free, standing.completed), (10_000, 1));
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Final));
		8
	});
}

#[test]
fn finalise_should_happen_by_itself_after_challenge_window() {
	new_test_ext(|| {
		let id = claimed();
		run_to(16);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Claimed));
		run_to(17);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Final));
		8
	});
}

#[test]
fn finalise_should_fail_when_window_is_open_or_games_are() {
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::game_opened(id));
		jump_to(16);
		assert_noop!(Market::finalise(signed(NOBODY), id), Error::<Test>::DeadlineNotPassed);
		run_to(40);
		assert_noop!(Market::finalise(signed(NOBODY), id), Error::<Test>::GamesOpen);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Disputed));
		0
	});
}

#[test]
fn finalise_should_fail_when_there_is_no_claim() {
	new_test_ext(|| {
		let id = assigned();
		assert_noop!(Market::finalise(signed(NOBODY), id), Error::<Test>::NotClaimed);
		assert_noop!(Market::finalise(signed(NOBODY), 9), Error::<Test>::UnknownTask);
		0
	});
}
