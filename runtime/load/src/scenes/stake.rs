//! Calls about stake.

use super::{crowd, each, Scene};
use crate::{chain::Chain, pack::Prepared, people::Person};
use assay_primitives::HardwareClass;
use assay_runtime::{constants::ASY, BlockNumber, Runtime};
use pallet_compute_staking::{Call, Config};
use polkadot_sdk::frame_support::BoundedVec;

/// More than a block takes.
const COUNT: u32 = 6_000;
const BOND: u128 = 200 * ASY;

/// What each of them does before, and the call.
fn scene(name: &str, before: Vec<Call<Runtime>>, call: Call<Runtime>, ahead: u32) -> Scene {
	Scene::new(format!("compute_staking.{name}"), move || {
		let mut chain = Chain::new();
		let people: Vec<Person> = crowd(&mut chain, "staker", COUNT);
		for who in &people {
			for call in &before {
				chain.call(&who.account(), call.clone());
			}
		}
		if ahead > 0 {
			chain.next(ahead);
		}
		Prepared { chain, calls: each(people, call.clone()) }
	})
}

pub(super) fn scenes() -> Vec<Scene> {
	let metadata = || BoundedVec::truncate_from(vec![7; 128]);
	let register = || Call::register { hardware: HardwareClass::Cpu, metadata: metadata() };
	let (bond, all) = (|| Call::bond { amount: BOND }, || Call::unbond { amount: BOND });
	let period: BlockNumber = <Runtime as Config>::UnbondingPeriod::get();
	let profile = Call::update_profile { hardware: HardwareClass::Gpu, metadata: metadata() };
	vec![
		scene("register", vec![], register(), 0),
		scene("update_profile", vec![register()], profile, 0),
		scene("deregister", vec![register()], Call::deregister {}, 0),
		scene("bond", vec![register()], bond(), 0),
		scene("bond_extra", vec![register(), bond()], Call::bond_extra { amount: ASY }, 0),
		scene("unbond", vec![register(), bond()], all(), 0),
		scene(
			"withdraw_unbonded",
			vec![register(), bond(), all()],
			Call::withdraw_unbonded {},
			period + 1,
		),
	]
}
