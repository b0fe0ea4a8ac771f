//! Fees: one unit per picosecond of weight, a millionth of an ASY per byte, scaled with demand. Four
//! fifths go to the treasury, the rest and all tips to the author of the block.

use super::treasury::TreasuryAccount;
use crate::{constants::MICRO, AccountId, Authorship, Balance, Balances, Runtime, RuntimeEvent};
use polkadot_sdk::{
	frame_support::{
		parameter_types,
		traits::{
			fungible::{Balanced, Credit},
			tokens::imbalance::ResolveTo,
			ConstU128, ConstU8, Imbalance, OnUnbalanced,
		},
		weights::{ConstantMultiplier, IdentityFee},
	},
	pallet_transaction_payment::{self, FungibleAdapter, Multiplier, TargetedFeeAdjustment},
	sp_runtime::{traits::Bounded, FixedPointNumber, Perquintill},
};

parameter_types! {
	/// Fullness at which fees neither rise nor fall.
	pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(25);
	/// How fast they move: at most about 10 % in an hour of full blocks.
	pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
	/// Fees never fall below the base price, so that an idle chain is not free to flood.
	pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_integer(1);
	/// No limit upwards.
	pub MaximumMultiplier: Multiplier = Multiplier::max_value();
}

/// Splits what a transaction paid.
pub struct SplitFees;

impl OnUnbalanced<Credit<AccountId, Balances>> for SplitFees {
	fn on_unbalanceds(mut parts: impl Iterator<Item = Credit<AccountId, Balances>>) {
		let Some(fee) = parts.next() else { return };
		let (treasury, mut author) = fee.ration(80, 20);
		if let Some(tip) = parts.next() {
			tip.merge_into(&mut author);
		}
		ResolveTo::<TreasuryAccount, Balances>::on_unbalanced(treasury);
		if let Some(account) = Authorship::author() {
			// An account that cannot take it, below the existential deposit, leaves it to be burned.
			let _ = Balances::resolve(&account, author);
		}
	}
}

impl pallet_transaction_payment::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type OnChargeTransaction = FungibleAdapter<Balances, SplitFees>;
	type WeightToFee = IdentityFee<Balance>;
	type LengthToFee = ConstantMultiplier<Balance, ConstU128<MICRO>>;
	type FeeMultiplierUpdate = TargetedFeeAdjustment<
		Self,
		TargetBlockFullness,
		AdjustmentVariable,
		MinimumMultiplier,
		MaximumMultiplier,
	>;
	// Of priority only, not of what is paid: with it a stranger who would have its ordinary transactions
	// taken before a move in a dispute must tip each of them about as much as the whole move costs.
	type OperationalFeeMultiplier = ConstU8<255>;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}
