//! One file per call, and one per group of the market's requests.

mod bond;
mod constants;
mod deregister;
mod indices;
mod lock;
mod register;
mod requests;
mod slash;
mod unbond;
mod update_profile;
mod withdraw_unbonded;

pub(crate) use assay_primitives::{Fault, HardwareClass, Slash, Slashed, Stakes};
pub(crate) use polkadot_sdk::frame_support::{assert_noop, assert_ok};
pub(crate) use polkadot_sdk::sp_runtime::TokenError;

pub(crate) use crate::mock::*;
pub(crate) use crate::{Error, Event, Locks, Metadata, Solvers};

/// A multihash-like value.
pub(crate) fn metadata(byte: u8) -> Metadata {
	Metadata::truncate_from(vec![byte; 34])
}

/// Registers `who` and bonds `amount`; forgets the events of that.
pub(crate) fn solver_with(who: u64, amount: u64) {
	assert_ok!(Staking::register(RuntimeOrigin::signed(who), HardwareClass::Cpu, metadata(0)));
	assert_ok!(Staking::bond(RuntimeOrigin::signed(who), amount));
	System::reset_events();
}

/// The stored row of `who`.
pub(crate) fn row(who: u64) -> crate::SolverOf<Test> {
	Solvers::<Test>::get(who).unwrap()
}
