//! What must hold after every call.

mod books;
mod events;
mod ledger;
mod stock;

pub use books::Books;
pub use events::{issuance_change, told_burns};
pub use ledger::Ledger;
pub use stock::audit;

use crate::store::{Change, Part};
use assay_runtime::Runtime;
use polkadot_sdk::{
	frame_support::storage::StoragePrefixedMap, frame_system, pallet_balances,
	sp_core::storage::well_known_keys, sp_io::hashing::twox_128,
};
use std::sync::OnceLock;

/// The parts of the storage that these checks know.
pub struct Parts {
	/// Accounts with their balances.
	pub accounts: Part,
	/// What is held, by reason.
	pub holds: Part,
}

/// See [`Parts`].
pub fn parts() -> &'static Parts {
	static PARTS: OnceLock<Parts> = OnceLock::new();
	PARTS.get_or_init(|| Parts {
		accounts: frame_system::Account::<Runtime>::final_prefix(),
		holds: pallet_balances::Holds::<Runtime>::final_prefix(),
	})
}

/// What a refused transaction may change besides the accounts that pay and are paid: the system's notes
/// about the block (its count of transactions among them), the fees', the issuance, which is checked on its
/// own, and the note of who the author is, which is made late where the block began without validators.
pub fn paying_may_change(change: &Change<'_>) -> bool {
	static PALLETS: OnceLock<[[u8; 16]; 4]> = OnceLock::new();
	let pallets = PALLETS.get_or_init(|| {
		["System", "TransactionPayment", "Balances", "Authorship"]
			.map(|pallet| twox_128(pallet.as_bytes()))
	});
	let holds = change.key.starts_with(&parts().holds);
	let index = change.key == well_known_keys::EXTRINSIC_INDEX;
	index || !holds && pallets.iter().any(|pallet| change.key.starts_with(pallet))
}
