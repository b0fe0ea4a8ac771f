//! What is not asked of the runtime, because what follows says nothing about it.
//!
//! Root can break every rule by design: it replaces the code, erases storage, changes the issuance by
//! decree and frees money that something holds. And an unsigned call with the time of the block is no
//! transaction but the block author's own; a second one in a block panics, as the stock pallet says.
//!
//! A sub-identity that has no account cannot take the deposit that it leaves with: the stock pallet then
//! lets it be, reserved for ever (`quit_sub` ignores that the transfer fails). Nobody without an account
//! pays for a transaction, so on a chain it takes a call within a call.

use crate::{
	command::Origin,
	people::{account, Person, SUDO},
};
use assay_runtime::{RuntimeCall, System as Chain};
use polkadot_sdk::{
	frame_system::Call as System, pallet_balances::Call as Balances,
	pallet_identity::Call as Identity, pallet_multisig::Call as Multisig,
	pallet_proxy::Call as Proxy, pallet_staking::Call as Staking, pallet_sudo::Call as Sudo,
	pallet_utility::Call as Utility,
};

/// Whether the fuzzer makes this call.
pub fn permitted(call: &RuntimeCall, origin: Origin) -> bool {
	match origin {
		// Where it is refused for its origin alone, any call may be made.
		Origin::Signed(who) if orphans(call, who) => false,
		Origin::Signed(who) if who != SUDO => fits(call) && !wraps_a_decree(call),
		Origin::Signed(_) | Origin::Root => fits(call) && !decree(call),
		Origin::None => fits(call) && !matches!(call, RuntimeCall::Timestamp(_)),
	}
}

/// Calls within calls, not their own.
fn inner(call: &RuntimeCall) -> Vec<&RuntimeCall> {
	match call {
		RuntimeCall::Utility(
			Utility::batch { calls }
			| Utility::batch_all { calls }
			| Utility::force_batch { calls },
		) => calls.iter().collect(),
		RuntimeCall::Utility(
			Utility::as_derivative { call, .. }
			| Utility::dispatch_as { call, .. }
			| Utility::dispatch_as_fallible { call, .. }
			| Utility::with_weight { call, .. },
		)
		| RuntimeCall::Proxy(Proxy::proxy { call, .. } | Proxy::proxy_announced { call, .. })
		| RuntimeCall::Multisig(
			Multisig::as_multi { call, .. } | Multisig::as_multi_threshold_1 { call, .. },
		)
		| RuntimeCall::Sudo(
			Sudo::sudo { call }
			| Sudo::sudo_unchecked_weight { call, .. }
			| Sudo::sudo_as { call, .. },
		) => vec![&**call],
		RuntimeCall::Utility(Utility::if_else { main, fallback }) => vec![&**main, &**fallback],
		_ => Vec::new(),
	}
}

/// Whether the call may leave a deposit with nobody.
fn orphans(call: &RuntimeCall, who: Person) -> bool {
	let quits = |call: &RuntimeCall| matches!(call, RuntimeCall::Identity(Identity::quit_sub {}));
	let wraps = |call: &RuntimeCall| {
		let within = inner(call);
		within.iter().any(|call| quits(call) || inner(call).into_iter().any(quits))
	};
	(quits(call) && !Chain::account_exists(&account(who))) || wraps(call)
}

fn wraps_a_decree(call: &RuntimeCall) -> bool {
	inner(call).into_iter().any(decree)
}

/// Whether the call, or one within it, would break the rules if root made it.
fn decree(call: &RuntimeCall) -> bool {
	let own = match call {
		RuntimeCall::System(
			System::set_code { .. }
			| System::set_code_without_checks { .. }
			| System::set_storage { .. }
			| System::kill_storage { .. }
			| System::kill_prefix { .. }
			| System::authorize_upgrade { .. }
			| System::authorize_upgrade_without_checks { .. }
			| System::apply_authorized_upgrade { .. },
		) => true,
		RuntimeCall::Balances(
			Balances::force_unreserve { .. } | Balances::force_adjust_total_issuance { .. },
		) => true,
		// Writes a staker's ledger as told.
		RuntimeCall::Staking(Staking::restore_ledger { .. }) => true,
		RuntimeCall::Timestamp(_) => true,
		_ => false,
	};
	own || wraps_a_decree(call)
}

/// Whether the call is small enough for a block, which decoding ensures on a chain.
fn fits(call: &RuntimeCall) -> bool {
	use polkadot_sdk::frame_support::dispatch::GetDispatchInfo;
	let most = assay_runtime::configs::BlockWeights::get().max_block;
	call.get_dispatch_info().call_weight.all_lte(most)
}
