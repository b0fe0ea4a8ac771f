use super::*;
use crate::MAX_HEARTBEATS;

#[test]
fn heartbeat_should_store_root_and_move_deadline() {
	new_test_ext(|| {
		let id = assigned();
		jump_to(17);
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 1, [9; 32]));
		assert_eq!(
			take_events(),
			[Event::HeartbeatReceived { task: id, solver: SOLVER, states: 1, root: [9; 32] }]
		);
		let task = Tasks::<Test>::get(id).unwrap();
		assert_eq!((task.phase(), task.deadline()), (TaskPhase::Training, 27));
		assert_eq!(Market::heartbeat_root(id, 1), Some([9; 32]));
		assert_eq!(Market::heartbeat_root(id, 2), None);
		0
	});
}

#[test]
fn heartbeat_should_keep_task_running_when_chain_looks_at_it() {
	new_test_ext(|| {
		let id = assigned();
		for states in 1..=6u32 {
			run_to(System::block_number() + 8);
			assert_ok!(Market::heartbeat(signed(SOLVER), id, states, [9; 32]));
		}
		assert_eq!(System::block_number(), 55);
		assert_eq!(Tasks::<Test>::get(id).unwrap().deadline(), 57);
		0
	});
}

#[test]
fn heartbeat_should_keep_the_latest_when_list_is_full() {
	new_test_ext(|| {
		let work = Work { steps: 99, stride: 1, ..work() };
		let terms = Terms { reward: 1_600, ..terms() };
		let program = Box::new(program());
		assert_ok!(Market::post_task(signed(REQUESTER), program, work, terms, Default::default()));
		register(SOLVER, 10_000);
		assert_ok!(Market::place_bid(signed(SOLVER), 0, 800));
		run_to(7);
		for states in 1..=MAX_HEARTBEATS + 1 {
			assert_ok!(Market::heartbeat(signed(SOLVER), 0, states, [states as u8; 32]));
		}
		let kept: Vec<u32> = Heartbeats::<Test>::get(0).iter().map(|beat| beat.states).collect();
		assert_eq!(kept, (2..=MAX_HEARTBEATS + 1).collect::<Vec<_>>());
		0
	});
}

#[test]
fn heartbeat_should_fail_when_there_is_no_progress_or_too_much() {
	new_test_ext(|| {
		let id = assigned();
		assert_noop!(Market::heartbeat(signed(SOLVER), id, 0, [9; 32]), Error::<Test>::NoProgress);
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 3, [9; 32]));
		assert_noop!(Market::heartbeat(signed(SOLVER), id, 3, [9; 32]), Error::<Test>::NoProgress);
		assert_noop!(
			Market::heartbeat(signed(SOLVER), id, 7, [9; 32]),
			Error::<Test>::TooManyStates
		);
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 6, [9; 32]));
		0
	});
}

#[test]
fn heartbeat_should_fail_when_late_or_of_another_or_out_of_stage() {
	new_test_ext(|| {
		let id = assigned();
		let beat = |who, id| Market::heartbeat(signed(who), id, 1, [9; 32]);
		assert_noop!(beat(RIVAL, id), Error::<Test>::NotSolver);
		assert_noop!(beat(SOLVER, 9), Error::<Test>::UnknownTask);
		jump_to(18);
		assert_noop!(beat(SOLVER, id), Error::<Test>::DeadlinePassed);
		let open = post();
		assert_noop!(beat(SOLVER, open), Error::<Test>::NotRunning);
		0
	});
}
