//! Accounts that act for others, within limits.

use crate::{constants::deposit, Balance, Balances, Runtime, RuntimeCall, RuntimeEvent, System};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use pallet_dispute::Call as Games;
use pallet_task_market::Call as Market;
use polkadot_sdk::{
	frame_support::{
		parameter_types,
		traits::{ConstU32, InstanceFilter},
	},
	pallet_proxy,
	sp_runtime::traits::BlakeTwo256,
};
use scale_info::TypeInfo;

parameter_types! {
	/// One row for the list.
	pub const ProxyDepositBase: Balance = deposit(1, 8);
	/// An account, a type and a delay for each proxy.
	pub const ProxyDepositFactor: Balance = deposit(0, 33);
	/// One row for the announcements.
	pub const AnnouncementDepositBase: Balance = deposit(1, 8);
	/// An account, a hash and a height for each announcement.
	pub const AnnouncementDepositFactor: Balance = deposit(0, 66);
}

/// What a proxy may do.
#[derive(
	Clone,
	Copy,
	Debug,
	Decode,
	DecodeWithMemTracking,
	Default,
	Encode,
	Eq,
	MaxEncodedLen,
	Ord,
	PartialEq,
	PartialOrd,
	TypeInfo,
)]
pub enum ProxyType {
	/// Everything.
	#[default]
	#[codec(index = 0)]
	Any,
	/// Everything but moving balances, and what could have the same end: posting tasks, stakes of solvers, and bonds.
	#[codec(index = 1)]
	NonTransfer,
	/// Staking and session keys, alone or in batches.
	#[codec(index = 2)]
	Staking,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		match self {
			ProxyType::Any => true,
			ProxyType::NonTransfer => !matches!(
				call,
				RuntimeCall::Balances(..)
					| RuntimeCall::ComputeStaking(..)
					| RuntimeCall::TaskMarket(Market::post_task { .. })
					| RuntimeCall::Dispute(Games::open { .. } | Games::open_withheld { .. })
			),
			ProxyType::Staking => matches!(
				call,
				RuntimeCall::Staking(..) | RuntimeCall::Session(..) | RuntimeCall::Utility(..)
			),
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		match (self, other) {
			(ProxyType::Any, _) => true,
			(_, ProxyType::Any) => false,
			(ProxyType::NonTransfer, _) => true,
			(ProxyType::Staking, other) => *other == ProxyType::Staking,
		}
	}
}

impl pallet_proxy::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type ProxyType = ProxyType;
	type ProxyDepositBase = ProxyDepositBase;
	type ProxyDepositFactor = ProxyDepositFactor;
	type MaxProxies = ConstU32<32>;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
	type MaxPending = ConstU32<32>;
	type CallHasher = BlakeTwo256;
	type AnnouncementDepositBase = AnnouncementDepositBase;
	type AnnouncementDepositFactor = AnnouncementDepositFactor;
	type BlockNumberProvider = System;
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::AccountId;
	use polkadot_sdk::pallet_balances::Call as Money;

	#[test]
	fn non_transfer_should_refuse_all_by_which_money_leaves() {
		let dest = AccountId::new([1; 32]).into();
		let refused: [RuntimeCall; 4] = [
			Money::transfer_allow_death { dest, value: 1 }.into(),
			pallet_compute_staking::Call::bond { amount: 1 }.into(),
			Games::open_withheld { task: 0 }.into(),
			Market::place_bid { task: 0, price: 1 }.into(),
		];
		let allowed = refused.map(|call| ProxyType::NonTransfer.filter(&call));
		assert_eq!(allowed, [false, false, false, true]);
	}
}
