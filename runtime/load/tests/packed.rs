//! Blocks packed with one call keep their limits. What they take is for `scripts/load.sh` to say.

use assay_load::{pack::pack, scenes};
use assay_ops::{MAX_NODES, MAX_SLOTS};
use assay_runtime::{
	configs::{BlockLength, BlockWeights},
	Runtime,
};
use polkadot_sdk::frame_support::traits::GetCallName;

/// Packs the block of a scene, and checks its limits.
fn packed(name: &str) -> (usize, bool) {
	let scene = scenes::all().into_iter().find(|scene| scene.name == name);
	let packed = pack(scene.expect("there is such a scene").prepare());
	let limits = BlockWeights::get();
	let total = packed.weight.total();
	assert!(total.all_lte(limits.max_block), "{name}: {total:?}");
	if let Some(most) = limits.get(packed.class).max_total {
		let spent = *packed.weight.get(packed.class);
		assert!(spent.all_lte(most), "{name}: {spent:?}");
	}
	assert!(packed.bytes <= *BlockLength::get().max.get(packed.class) as usize, "{name}");
	println!("load.packed.{name} {} calls {}", packed.transactions.len(), packed.is_full);
	(packed.transactions.len(), packed.is_full)
}

#[test]
fn block_should_keep_its_limits_when_it_is_full_of_posted_tasks() {
	let (calls, is_full) = packed("task_market.post_task");
	// More than fifty programs of 4,096 nodes and 512 slots have.
	let leaves = calls * (MAX_NODES + MAX_SLOTS) as usize;
	assert!(is_full && leaves > 50 * (4_096 + 512), "{calls}");
}

#[test]
fn block_should_keep_its_limits_when_it_is_full_of_verdicts() {
	let (calls, is_full) = packed("tile.matmul");
	assert!(is_full && calls > 25, "{calls}");
}

#[test]
fn block_should_take_a_conviction_of_every_claim_that_the_chain_can_have_games_about() {
	assert_eq!(packed("dispute.pick_tile.convicts_beside_31").0, 8);
}

#[test]
fn there_should_be_a_scene_for_every_call_of_ours() {
	let names: Vec<String> = scenes::all().into_iter().map(|scene| scene.name).collect();
	let has = |name: String| names.contains(&name);
	let calls = [
		("compute_staking", pallet_compute_staking::Call::<Runtime>::get_call_names()),
		("task_market", pallet_task_market::Call::<Runtime>::get_call_names()),
		("dispute", pallet_dispute::Call::<Runtime>::get_call_names()),
	];
	for (pallet, calls) in calls {
		assert!(calls.len() >= 7, "{calls:?}");
		for call in calls {
			assert!(has(format!("{pallet}.{call}")), "{pallet}.{call}");
		}
	}
}
