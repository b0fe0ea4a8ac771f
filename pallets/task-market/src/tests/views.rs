use super::*;

#[test]
fn task_should_show_solver_heartbeat_and_claim() {
	new_test_ext(|| {
		let id = assigned();
		let view = Market::task(id).unwrap();
		assert_eq!((view.solver, view.deadline, view.heartbeat), (Some((SOLVER, 800)), 17, None));
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 2, [9; 32]));
		let beat = Heartbeat { states: 2, root: [9; 32] };
		assert_eq!(Market::task(id).unwrap().heartbeat, Some(beat));
		assert_ok!(submit(id));
		let view = Market::task(id).unwrap();
		assert_eq!((view.phase, view.claim), (TaskPhase::Claimed, Some(claim())));
		run_to(17);
		assert_eq!(Market::task(id), None);
		assert_eq!(Market::receipt_of(id).unwrap().paid, 800);
		8
	});
}
