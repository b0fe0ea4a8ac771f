//! The stock pallets' calls: which need root, and which an account.

use crate::{ask, calls, chain, common::people::STRANGER, BadOrigin, Refused};
use assay_runtime::{RuntimeCall, RuntimeOrigin};
use codec::Decode;
use polkadot_sdk::sp_runtime::traits::TrailingZeroInput;

/// Calls of the stock pallets that need root.
const ROOT: &[(&str, &[&str])] = &[
	(
		"System",
		&[
			"set_heap_pages",
			"set_code",
			"set_code_without_checks",
			"set_storage",
			"kill_storage",
			"kill_prefix",
			"authorize_upgrade",
			"authorize_upgrade_without_checks",
		],
	),
	("Utility", &["dispatch_as", "with_weight", "dispatch_as_fallible"]),
	("Babe", &["plan_config_change"]),
	(
		"Balances",
		&["force_transfer", "force_unreserve", "force_set_balance", "force_adjust_total_issuance"],
	),
	("Treasury", &["spend_local", "remove_approval", "spend", "void_spend"]),
	(
		"Staking",
		&[
			"set_validator_count",
			"increase_validator_count",
			"scale_validator_count",
			"force_no_eras",
			"force_new_era",
			"force_new_era_always",
			"set_invulnerables",
			"force_unstake",
			"cancel_deferred_slash",
			"set_staking_configs",
			"set_min_commission",
			"deprecate_controller_batch",
			"restore_ledger",
			"manual_slash",
		],
	),
	("Grandpa", &["note_stalled"]),
	(
		"Identity",
		&[
			"add_registrar",
			"kill_identity",
			"add_username_authority",
			"remove_username_authority",
			"kill_username",
			"remove_registrar",
		],
	),
];

/// Calls that any origin may make: one does nothing, the other only what root has authorized.
const EVERYBODY: &[(&str, &[&str])] = &[("System", &["remark", "apply_authorized_upgrade"])];

/// Calls that nobody signs: the time of a block, and reports that carry their own proof.
const UNSIGNED: &[(&str, &[&str])] = &[
	("Timestamp", &["set"]),
	("Babe", &["report_equivocation_unsigned"]),
	("Grandpa", &["report_equivocation_unsigned"]),
];

fn listed(list: &[(&str, &[&str])], pallet: &str, call: &str) -> bool {
	list.iter().any(|(name, calls)| *name == pallet && calls.contains(&call))
}

/// A call with all its arguments empty or zero, or the first one if it has no zero.
fn plain(pallet: u8, index: u8) -> RuntimeCall {
	let with = |first: u8| {
		let start = [pallet, index, first];
		RuntimeCall::decode(&mut TrailingZeroInput::new(&start)).ok()
	};
	(0..2).find_map(with).unwrap_or_else(|| panic!("call {pallet}.{index} has no plain form"))
}

#[test]
fn stranger_should_be_refused_for_its_origin_when_a_stock_call_needs_root() {
	let mut privileged = 0;
	chain().execute_with(|| {
		let stranger = || RuntimeOrigin::signed(STRANGER.to_account_id());
		for (pallet, name, index, call) in calls(false) {
			let answer = ask(plain(index, call), stranger());
			let needs_root = listed(ROOT, &pallet, &name);
			privileged += usize::from(needs_root);
			let expected = match pallet.as_str() {
				"Sudo" => answer == Refused("RequireSudo"),
				_ => (answer == BadOrigin) == (needs_root || listed(UNSIGNED, &pallet, &name)),
			};
			assert!(expected, "{pallet}.{name}: {answer:?}");
		}
	});
	assert_eq!(privileged, ROOT.iter().map(|(_, calls)| calls.len()).sum::<usize>());
}

#[test]
fn nobody_should_be_refused_for_its_origin_when_a_stock_call_is_signed() {
	chain().execute_with(|| {
		for (pallet, name, index, call) in calls(false) {
			let open = listed(UNSIGNED, &pallet, &name) || listed(EVERYBODY, &pallet, &name);
			if !open {
				assert_eq!(
					ask(plain(index, call), RuntimeOrigin::none()),
					BadOrigin,
					"{pallet}.{name}"
				);
			}
		}
	});
}
