//! Checks over everything, too slow for every call.

use super::Ledger;
use crate::{
	fault::{guarded, Fault, Rule},
	store::Store,
};
use assay_runtime::{AccountId, Balance, Runtime, RuntimeHoldReason};
use codec::{Decode, Encode};
use polkadot_sdk::{
	frame_system, pallet_balances, pallet_identity, pallet_multisig, pallet_proxy, pallet_staking,
};

/// Counts everything again, and checks the stock pallets.
pub fn audit(store: &mut Store, ledger: &Ledger) -> Result<(), Fault> {
	let counted = Ledger::count(store);
	if counted != *ledger {
		let detail = format!("kept {ledger:?}, counted {counted:?}");
		return Err(Fault::new(Rule::Bookkeeping, "ledger", detail));
	}
	let (unnamed, deposits, staked) = guarded(|| store.with(|| (unnamed(), deposits(), staked())))?;
	let unnamed = unnamed?;
	if unnamed != deposits {
		let detail = format!("{unnamed} reserved without a reason, {deposits} in deposits");
		return Err(Fault::new(Rule::ReservesHaveRows, "Balances", detail));
	}
	let reason = RuntimeHoldReason::from(pallet_staking::HoldReason::Staking).encode();
	let held = ledger.of(&reason);
	if staked != held {
		let detail = format!("{held} held, {staked} in ledgers");
		return Err(Fault::new(Rule::HoldsHaveRows, "Staking", detail));
	}
	guarded(|| store.with(try_state))?
}

/// What is reserved beside holds, over all accounts.
fn unnamed() -> Result<Balance, Fault> {
	let mut unnamed: Balance = 0;
	for (who, account) in frame_system::Account::<Runtime>::iter() {
		let held = held(&who);
		let rest = account.data.reserved.checked_sub(held);
		let fault = || {
			let detail = format!("{who}: {} reserved, {held} held", account.data.reserved);
			Fault::new(Rule::ReservesHaveRows, "Balances", detail)
		};
		unnamed = unnamed.wrapping_add(rest.ok_or_else(fault)?);
	}
	Ok(unnamed)
}

fn held(who: &AccountId) -> Balance {
	pallet_balances::Holds::<Runtime>::get(who).iter().map(|hold| hold.amount).sum()
}

/// What the stock pallets that still reserve say that they reserve.
fn deposits() -> Balance {
	let proxies = pallet_proxy::Proxies::<Runtime>::iter_values().map(|row| row.1);
	let announcements = pallet_proxy::Announcements::<Runtime>::iter_values().map(|row| row.1);
	let multisigs = pallet_multisig::Multisigs::<Runtime>::iter_values().map(|row| row.deposit);
	let identities = pallet_identity::IdentityOf::<Runtime>::iter_values()
		.map(|row| row.deposit + fees(row.judgements.iter().map(|(_, judgement)| judgement)));
	let subs = pallet_identity::SubsOf::<Runtime>::iter_values().map(|row| row.0);
	let names =
		pallet_identity::UsernameInfoOf::<Runtime>::iter_values().map(|row| name(&row.provider));
	let pending =
		pallet_identity::PendingUsernames::<Runtime>::iter_values().map(|row| name(&row.2));
	let rows = proxies.chain(announcements).chain(multisigs).chain(identities);
	rows.chain(subs).chain(names).chain(pending).sum()
}

/// What a registrar is promised stays reserved until it judges.
fn fees<'a>(judgements: impl Iterator<Item = &'a pallet_identity::Judgement<Balance>>) -> Balance {
	let fee = |judgement: &pallet_identity::Judgement<Balance>| match judgement {
		pallet_identity::Judgement::FeePaid(fee) => *fee,
		_ => 0,
	};
	judgements.map(fee).sum()
}

/// What the authority behind a user name reserves. The type is not exported, but its encoding is known.
fn name(provider: &impl Encode) -> Balance {
	const BY_DEPOSIT: u8 = 1;
	match provider.encode().split_first() {
		Some((&BY_DEPOSIT, mut deposit)) => Balance::decode(&mut deposit).unwrap_or_default(),
		_ => 0,
	}
}

/// What the ledgers of stakers say.
fn staked() -> Balance {
	pallet_staking::Ledger::<Runtime>::iter_values().map(|ledger| ledger.total).sum()
}

#[cfg(not(feature = "try-runtime"))]
fn try_state() -> Result<(), Fault> {
	Ok(())
}

/// The invariants of all pallets, as they are checked around an upgrade.
#[cfg(feature = "try-runtime")]
fn try_state() -> Result<(), Fault> {
	use assay_runtime::{AllPalletsWithSystem, BlockNumber, System};
	use polkadot_sdk::frame_support::traits::{TryState, TryStateSelect};
	let now = System::block_number();
	<AllPalletsWithSystem as TryState<BlockNumber>>::try_state(now, TryStateSelect::All)
		.map_err(|fault| Fault::new(Rule::TryState, "all", format!("{fault:?}")))
}
