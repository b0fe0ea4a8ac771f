use super::*;
use polkadot_sdk::sp_runtime::TokenError;

fn post_with(
	work: Work,
	terms: Terms<u64, u64>,
) -> Result<(), polkadot_sdk::sp_runtime::DispatchError> {
	Market::post_task(signed(REQUESTER), Box::new(program()), work, terms, Default::default())
}

#[test]
fn post_task_should_hold_escrow_and_deposit() {
	new_test_ext(|| {
		let id = post();
		let deposit = Market::task_deposit();
		assert_eq!((id, NextTask::<Test>::get()), (0, 1));
		assert_eq!(held(HoldReason::Escrow, REQUESTER), 1_010);
		assert_eq!(held(HoldReason::Deposit, REQUESTER), deposit);
		let task = Tasks::<Test>::get(id).unwrap();
		assert_eq!(
			take_events(),
			[Event::TaskPosted {
				task: 0,
				requester: REQUESTER,
				spec: task.spec,
				allowed: Default::default(),
				escrow: 1_010,
				deposit
			}]
		);
		assert_eq!((task.phase(), task.deadline()), (TaskPhase::Open, 6));
		0
	});
}

#[test]
fn post_task_should_store_root_cost_and_sizes_only() {
	new_test_ext(|| {
		let id = post();
		let info = Tasks::<Test>::get(id).unwrap().spec.program;
		let checked = program().check(&assay_ops::Limits::new(16)).unwrap();
		let tree = assay_commitment::ProgramTree::new(&checked).unwrap();
		assert_eq!(info.root, tree.commitment().root);
		assert_eq!((info.nodes, info.slots, info.batch, info.flops), (4, 1, 2, 16));
		assert_eq!((info.bytes, info.effort(2)), (100, 2 * (16 + 16 * 100)));
		assert_eq!(info.len as usize, codec::Encode::encode(&program()).len());
		0
	});
}

#[test]
fn post_task_should_fail_when_work_is_malformed() {
	new_test_ext(|| {
		let cases = [
			(Work { steps: 0, ..work() }, Error::<Test>::NoSteps),
			(Work { stride: 0, ..work() }, Error::NoSteps),
			(Work { steps: 100, stride: 1, ..work() }, Error::TooManyStates),
			(Work { records: 0, ..work() }, Error::NoRecords),
			(Work { record_size: 0, ..work() }, Error::NoRecords),
			(Work { records: u32::MAX, record_size: u32::MAX, ..work() }, Error::DataTooLarge),
			// An effort of 1,616 a step, 101,000 a stride.
			(Work { steps: 200, stride: 63, ..work() }, Error::StrideTooLong),
		];
		for (work, error) in cases {
			assert_noop!(post_with(work, terms()), error);
		}
		assert_ok!(post_with(
			Work { steps: 99, stride: 1, ..work() },
			Terms { reward: 1_600, ..terms() }
		));
		0
	});
}

#[test]
fn post_task_should_fail_when_a_window_is_out_of_bounds() {
	new_test_ext(|| {
		let short = [
			Terms { bidding: 1, ..terms() },
			Terms { training: 1, heartbeat: 1, ..terms() },
			Terms { heartbeat: 1, ..terms() },
			Terms { challenge: 2, ..terms() },
		];
		for terms in short {
			assert_noop!(post_with(work(), terms), Error::<Test>::WindowTooShort);
		}
		let long = [
			Terms { bidding: 101, ..terms() },
			Terms { training: 1_001, ..terms() },
			Terms { heartbeat: 51, ..terms() },
			Terms { challenge: 101, ..terms() },
		];
		for terms in long {
			assert_noop!(post_with(work(), terms), Error::<Test>::WindowTooLong);
		}
		0
	});
}

#[test]
fn post_task_should_fail_when_reward_is_below_least() {
	new_test_ext(|| {
		let with = |reward| post_with(work(), Terms { reward, ..terms() });
		assert_noop!(with(159), Error::<Test>::RewardTooLow);
		assert_ok!(with(160));
		0
	});
}

#[test]
fn post_task_should_fail_when_balance_is_too_small() {
	new_test_ext(|| {
		let rich = Terms { reward: 2 * PURSE, ..terms() };
		assert_noop!(post_with(work(), rich), TokenError::FundsUnavailable);
		let result = Market::post_task(
			signed(NOBODY),
			Box::new(program()),
			work(),
			terms(),
			Default::default(),
		);
		assert!(result.is_err());
		0
	});
}
