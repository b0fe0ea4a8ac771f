use codec::Encode;

use super::*;
use crate::{Call, HoldReason};

/// Indices are part of the encoding that clients sign; a change needs a new transaction version.
#[test]
fn indices_should_stay_as_published() {
	let index = |call: Call<Test>| call.encode().first().copied();
	let (hardware, metadata) = (HardwareClass::Cpu, metadata(0));
	let calls = [
		Call::register { hardware, metadata: metadata.clone() },
		Call::update_profile { hardware, metadata },
		Call::deregister {},
		Call::bond { amount: 1 },
		Call::bond_extra { amount: 1 },
		Call::unbond { amount: 1 },
		Call::withdraw_unbonded {},
	];
	assert_eq!(calls.map(index), [0, 1, 2, 3, 4, 5, 6].map(Some));
	assert_eq!(HoldReason::Stake.encode(), [0]);
	assert_eq!(HoldReason::Registration.encode(), [1]);
	let faults = [Fault::Fraud, Fault::MissedDeadline, Fault::Withdrawal];
	assert_eq!(faults.map(|fault| fault.encode()), [[0], [1], [2]].map(|b| b.to_vec()));
}
