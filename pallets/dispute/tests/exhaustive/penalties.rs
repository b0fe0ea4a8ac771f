//! What a faulty solver loses in the stake model: as in the runtime, whose tests take in this file and compare.

use pallet_task_market::Penalties;
use polkadot_sdk::sp_runtime::Permill;

/// `MarketPenalties` of the runtime, which depends on the pallets and cannot be asked here.
pub(crate) const PENALTIES: Penalties = Penalties {
	requester_share: Permill::from_percent(25),
	challenger_share: Permill::from_percent(10),
	cost_cap: Permill::from_percent(5),
	auditor_share: Permill::from_percent(10),
	missed_deadline: Permill::from_percent(5),
	withdrawal: Permill::from_percent(50),
	disputed_withdrawal: Permill::from_percent(50),
	cost_multiple: 10,
};
