//! Fees, terms and habits that the simulator and the models take from the runtime.

use assay_dispute_game::testing::sim::{
	Terms, CHEAP, EXTENSION, LONGEST_REPLAY, MAX_OPENINGS, MORTALITY, OPENING_FEE, OPENING_PAUSE,
	PER_BLOCK_OF_REPLAY, REFUSED_FEE, REPLAYS, SENDS, WITHDRAWAL,
};
use assay_primitives::MAX_OPEN_GAMES;
use assay_runtime::{
	constants::{ASY, MILLI},
	offchain::{challenger, player::Plays, signing},
	Balance, Runtime, RuntimeCall, TransactionPayment,
};
use codec::{Decode, Encode};
use polkadot_sdk::{
	frame_support::dispatch::{DispatchInfo, GetDispatchInfo, PostDispatchInfo},
	sp_io::TestExternalities,
	sp_runtime::{traits::TrailingZeroInput, Permill},
};

#[path = "../../pallets/dispute/tests/exhaustive/penalties.rs"]
mod penalties;

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

#[test]
fn terms_of_the_simulator_should_be_those_of_the_runtime() {
	let tariff = <Runtime as pallet_dispute::Config>::Tariff::get();
	let penalties = <Runtime as pallet_task_market::Config>::Penalties::get();
	let percent = |share: Permill| i64::from(share * 100u32);
	let terms = Terms {
		bond_base: (tariff.bond_base / MICRO) as i64,
		bond_factor: tariff.bond_factor.into(),
		challenger_share: percent(penalties.challenger_share),
		requester_share: percent(penalties.requester_share),
		disputed_withdrawal: percent(penalties.disputed_withdrawal),
		cost_multiple: penalties.cost_multiple.into(),
		places: MAX_OPEN_GAMES,
		clock: <Runtime as pallet_dispute::Config>::Clock::get().base,
	};
	assert_eq!(terms, Terms::default());
	assert_eq!(percent(penalties.withdrawal), WITHDRAWAL);
	let clock = <Runtime as pallet_dispute::Config>::Clock::get();
	assert_eq!((clock.replay_max - 1) / 2, LONGEST_REPLAY, "one block more than two replays");
	let per_block = tariff.per_gigaflop * Balance::from(clock.effort_per_block) / 1_000_000_000;
	assert_eq!((per_block / MICRO) as i64, PER_BLOCK_OF_REPLAY);
	assert_eq!(clock.extension, EXTENSION);
	assert_eq!(clock.reserve(), terms.clock / 4);
}

#[test]
fn habits_of_the_simulated_agent_should_be_those_of_the_worker() {
	let worker =
		[challenger::MAX_OPENINGS, challenger::OPENING_PAUSE, Plays::REPLAYS, Plays::OTHERS];
	assert_eq!(worker, [MAX_OPENINGS, OPENING_PAUSE, REPLAYS, CHEAP]);
	assert_eq!(signing::MAX_SENT as u32, SENDS);
	assert_eq!(signing::MORTALITY, u64::from(MORTALITY));
}

#[test]
fn penalties_of_the_stake_model_should_be_those_of_the_runtime() {
	let penalties = <Runtime as pallet_task_market::Config>::Penalties::get();
	assert_eq!(penalties, penalties::PENALTIES);
}
