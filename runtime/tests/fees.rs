//! Fees that other numbers rest on.

use assay_dispute_game::testing::sim::{OPENING_FEE, REFUSED_FEE};
use assay_runtime::{
	constants::{ASY, MILLI},
	Balance, Runtime, RuntimeCall, TransactionPayment,
};
use codec::{Decode, Encode};
use polkadot_sdk::{
	frame_support::dispatch::{DispatchInfo, GetDispatchInfo, PostDispatchInfo},
	sp_io::TestExternalities,
	sp_runtime::traits::TrailingZeroInput,
};

/// Millionths of a token, in which the simulator counts.
const MICRO: Balance = MILLI / 1_000;
/// Bytes of a signed transaction around its call.
const AROUND: u32 = 200;

/// What a transaction costs with these bytes, of which the simulator's tariff is one millionth each.
fn fee(call: &RuntimeCall, post: &PostDispatchInfo) -> (Balance, u32) {
	let info: DispatchInfo = call.get_dispatch_info();
	let bytes = call.encoded_size() as u32;
	(TransactionPayment::compute_actual_fee(bytes + AROUND, &info, post, 0), bytes)
}

fn opening() -> RuntimeCall {
	let start = [62, 0];
	RuntimeCall::decode(&mut TrailingZeroInput::new(&start)).expect("the call `open`")
}

#[test]
fn openings_should_cost_at_most_what_the_simulator_assumes_when_the_chain_is_calm() {
	TestExternalities::default().execute_with(|| {
		let call = opening();
		let (dearest, bytes) = fee(&call, &().into());
		let assumed = |fee: i64| (fee as Balance + Balance::from(bytes)) * MICRO;
		assert!(dearest <= assumed(OPENING_FEE), "{dearest}");
		let looked = Some(pallet_dispute::Pallet::<Runtime>::refused_opening_weight()).into();
		let (refused, _) = fee(&call, &looked);
		assert!(refused <= assumed(REFUSED_FEE), "{refused}");
		assert!(dearest > 4 * refused, "{dearest} and {refused}");
		assert!(dearest < ASY / 50);
	});
}
