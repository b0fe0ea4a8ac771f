use super::*;
use crate::AgendaCursor;
use polkadot_sdk::frame_support::weights::Weight;

#[test]
fn agenda_should_pass_tasks_on_when_buckets_are_full() {
	new_test_ext(|| {
		let ids: Vec<TaskId> = (0..6).map(|_| post()).collect();
		let blocks = |ids: &[TaskId]| -> Vec<_> {
			ids.iter().map(|id| Tasks::<Test>::get(id).unwrap().agenda).collect()
		};
		assert_eq!(blocks(&ids), [7, 7, 8, 8, 9, 9].map(Some));
		take_events();
		let extra = post();
		assert_eq!(blocks(&[extra]), [None]);
		assert_eq!(take_events()[1], Event::AgendaFull { task: extra });
		run_to(9);
		assert!(ids.iter().all(|id| Market::phase_of(*id).is_none()));
		assert_eq!(Market::phase_of(extra), Some(TaskPhase::Open));
		assert_ok!(Market::assign(signed(NOBODY), extra));
		assert_eq!(Market::phase_of(extra), None);
		0
	});
}

#[test]
fn agenda_should_catch_up_when_a_block_had_no_weight_left() {
	new_test_ext(|| {
		let ids: Vec<TaskId> = (0..4).map(|_| post()).collect();
		jump_to(20);
		assert_eq!(Market::phase_of(ids[0]), Some(TaskPhase::Open));
		run_to(21);
		assert!(ids.iter().all(|id| Market::phase_of(*id).is_none()));
		assert_eq!(AgendaCursor::<Test>::get(), 22);
		0
	});
}

#[test]
fn agenda_should_keep_the_rest_of_a_bucket_when_weight_runs_out() {
	new_test_ext(|| {
		let ids = [post(), post()];
		jump_to(6);
		let one = <() as crate::WeightInfo>::tick_base()
			.saturating_add(<() as crate::WeightInfo>::tick_bucket())
			.saturating_add(Pallet::<Test>::tick_task_weight());
		TickWeight::set(one);
		for _ in 0..8 {
			run_to(System::block_number() + 1);
			Market::do_try_state().unwrap();
			if Market::phase_of(ids[0]).is_none() {
				break;
			}
		}
		assert_eq!(Market::phase_of(ids[0]), None);
		assert_eq!(Market::phase_of(ids[1]), Some(TaskPhase::Open));
		run_to(System::block_number() + 1);
		assert_eq!(Market::phase_of(ids[1]), None);
		TickWeight::set(Weight::MAX);
		0
	});
}

#[test]
fn agenda_should_report_when_an_automatic_step_fails() {
	new_test_ext(|| {
		let id = assigned();
		let claimed = Tasks::<Test>::get(id).unwrap();
		// Without its lock, the solver cannot be slashed.
		let stake = claimed.job().unwrap().stake;
		assert_ok!(<Staking as Stakes<u64, u64>>::release(id, &SOLVER, false));
		run_to(18);
		let error = pallet_compute_staking::Error::<Test>::NotLocked.into();
		assert_eq!(take_events(), [Event::AutomaticStepFailed { task: id, error }]);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Assigned));
		assert_ok!(<Staking as Stakes<u64, u64>>::lock(id, &SOLVER, stake));
		assert_ok!(Market::report_missed_deadline(signed(NOBODY), id));
		80
	});
}

#[test]
fn agenda_should_wait_when_deadline_moved_to_the_block_of_the_entry() {
	new_test_ext(|| {
		let id = assigned();
		assert_eq!(Tasks::<Test>::get(id).unwrap().agenda, Some(18));
		run_to(8);
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 1, [9; 32]));
		assert_eq!(Tasks::<Test>::get(id).unwrap().deadline(), 18);
		take_events();
		run_to(18);
		assert_eq!(take_events(), []);
		assert_eq!(Tasks::<Test>::get(id).unwrap().agenda, Some(19));
		run_to(19);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Open));
		80
	});
}
