//! What events say about money.

use assay_runtime::{Balance, Runtime, RuntimeEvent};
use pallet_compute_staking::Event as Stakes;
use pallet_dispute::Event as Dispute;
use pallet_task_market::Event as Market;
use polkadot_sdk::pallet_balances::Event as Balances;

/// By how much the balances pallet says that the issuance changed; sums wrap.
pub fn issuance_change(events: &[RuntimeEvent]) -> Balance {
	let one = |event: &RuntimeEvent| match event {
		RuntimeEvent::Balances(event) => balances(event),
		_ => 0,
	};
	events.iter().map(one).fold(0, Balance::wrapping_add)
}

fn balances(event: &Balances<Runtime>) -> Balance {
	match event {
		Balances::Minted { amount, .. }
		| Balances::Restored { amount, .. }
		| Balances::Issued { amount }
		| Balances::MintedCredit { amount } => *amount,
		Balances::Burned { amount, .. }
		| Balances::Suspended { amount, .. }
		| Balances::Rescinded { amount }
		| Balances::BurnedDebt { amount }
		| Balances::BurnedHeld { amount, .. } => amount.wrapping_neg(),
		Balances::TotalIssuanceForced { old, new } => new.wrapping_sub(*old),
		_ => 0,
	}
}

/// What our pallets say that they burned, and what the balances pallet says was lost as dust.
pub fn told_burns(events: &[RuntimeEvent]) -> Balance {
	events.iter().map(burn).fold(0, Balance::wrapping_add)
}

fn burn(event: &RuntimeEvent) -> Balance {
	match event {
		RuntimeEvent::TaskMarket(
			Market::TaskFinalised { fee, .. } | Market::PartPaid { fee, .. },
		) => *fee,
		RuntimeEvent::ComputeStaking(Stakes::Slashed { burned, .. })
		| RuntimeEvent::Dispute(Dispute::BondSlashed { burned, .. }) => *burned,
		RuntimeEvent::Balances(Balances::DustLost { amount, .. }) => *amount,
		_ => 0,
	}
}
