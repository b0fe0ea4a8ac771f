use super::*;
use crate::Call;
use codec::Encode;

/// Indices are part of the encoding that clients sign; a change needs a new transaction version.
#[test]
fn indices_should_stay_as_published() {
	let index = |call: Call<Test>| call.encode().first().copied();
	let task = 0;
	let calls = [
		Call::post_task {
			program: Box::new(program()),
			work: work(),
			terms: terms(),
			allowed: Default::default(),
		},
		Call::cancel_task { task },
		Call::place_bid { task, price: 1 },
		Call::withdraw_bid { task },
		Call::assign { task },
		Call::heartbeat { task, states: 1, root: [0; 32] },
		Call::submit_claim { task, claim: claim(), ends: Default::default() },
		Call::finalise { task },
		Call::report_missed_deadline { task },
		Call::withdraw_claim { task },
		Call::remove_receipt { task },
	];
	assert_eq!(calls.map(index), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(Some));
	assert_eq!(HoldReason::Escrow.encode(), [0]);
	assert_eq!(HoldReason::Deposit.encode(), [1]);
}
