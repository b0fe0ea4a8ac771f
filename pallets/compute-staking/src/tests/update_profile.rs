use super::*;

#[test]
fn update_profile_should_replace_hardware_and_metadata() {
	new_test_ext(|| {
		solver_with(SOLVER, 100);
		let origin = RuntimeOrigin::signed(SOLVER);
		assert_ok!(Staking::update_profile(origin, HardwareClass::MultiGpu, metadata(9)));
		assert_eq!(
			events(),
			[Event::ProfileUpdated {
				solver: SOLVER,
				hardware: HardwareClass::MultiGpu,
				metadata: metadata(9)
			}]
		);
		assert_eq!((row(SOLVER).hardware, row(SOLVER).bonded), (HardwareClass::MultiGpu, 100));
		0
	});
}

#[test]
fn update_profile_should_fail_when_not_registered() {
	new_test_ext(|| {
		assert_noop!(
			Staking::update_profile(RuntimeOrigin::signed(SOLVER), HardwareClass::Cpu, metadata(0)),
			Error::<Test>::NotRegistered
		);
		0
	});
}
