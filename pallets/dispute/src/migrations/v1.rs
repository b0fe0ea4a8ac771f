//! From storage version 0 to 1: an open game says under which runtime it was opened.
//!
//! One pass over at most [`Config::MaxGames`] rows, in the block of the upgrade.

use alloc::{collections::BTreeMap, vec::Vec};
use core::marker::PhantomData;

use assay_dispute_game::Game;
use assay_primitives::{Attempt, TaskId};
use codec::{Decode, Encode};
use frame_support::{
	ensure,
	migrations::VersionedMigration,
	pallet_prelude::Weight,
	traits::{Get, UncheckedOnRuntimeUpgrade},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::TryRuntimeError;

use crate::{
	frame_support, frame_system, sp_runtime, BalanceOf, Config, Dispute, DisputeOf, Disputes,
	GameId, Pallet, Tariff,
};

/// The migration, which runs once: only where storage has version 0.
pub type V0ToV1<T> =
	VersionedMigration<0, 1, NameRuntime<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// Spec version of the last runtime that stored rows of version 0.
const BEFORE: u32 = 1;

/// A row of version 0.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct OldDispute<AccountId, Balance, BlockNumber> {
	task: TaskId,
	attempt: Attempt,
	challenger: AccountId,
	solver: AccountId,
	bond: Balance,
	tariff: Tariff<Balance>,
	challenger_cost: Balance,
	solver_cost: Balance,
	traced: bool,
	agenda: BlockNumber,
	game: Game,
}

/// [`OldDispute`] as a runtime stored it.
type OldDisputeOf<T> =
	OldDispute<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

/// The row of version 1 that a row of version 0 becomes.
fn renewed<T: Config>(old: OldDisputeOf<T>) -> DisputeOf<T> {
	Dispute {
		task: old.task,
		attempt: old.attempt,
		challenger: old.challenger,
		solver: old.solver,
		opened_under: BEFORE,
		bond: old.bond,
		tariff: old.tariff,
		challenger_cost: old.challenger_cost,
		solver_cost: old.solver_cost,
		traced: old.traced,
		agenda: old.agenda,
		game: old.game,
	}
}

/// What [`V0ToV1`] does to the rows.
pub struct NameRuntime<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for NameRuntime<T> {
	fn on_runtime_upgrade() -> Weight {
		let mut rows = 0u64;
		Disputes::<T>::translate(|_, old: OldDisputeOf<T>| {
			rows = rows.saturating_add(1);
			Some(renewed::<T>(old))
		});
		T::DbWeight::get().reads_writes(rows, rows)
	}

	#[cfg(feature = "try-runtime")]
	fn pre_upgrade() -> Result<Vec<u8>, TryRuntimeError> {
		Self::rows_before()
	}

	#[cfg(feature = "try-runtime")]
	fn post_upgrade(before: Vec<u8>) -> Result<(), TryRuntimeError> {
		Self::check_after(&before)
	}
}

impl<T: Config> NameRuntime<T> {
	/// All rows of version 0, encoded; every one must decode.
	pub fn rows_before() -> Result<Vec<u8>, TryRuntimeError> {
		let rows: BTreeMap<GameId, OldDisputeOf<T>> = old::Disputes::<T>::iter().collect();
		Self::check_count(rows.len())?;
		Ok(rows.encode())
	}

	/// Each row is what its old form becomes, and there are no others.
	pub fn check_after(before: &[u8]) -> Result<(), TryRuntimeError> {
		let rows = BTreeMap::<GameId, OldDisputeOf<T>>::decode(&mut &*before)
			.map_err(|_| "the rows of before do not decode")?;
		Self::check_count(rows.len())?;
		for (id, old) in rows {
			let renewed = Some(renewed::<T>(old));
			ensure!(Disputes::<T>::get(id) == renewed, "a game has changed on the way");
		}
		Ok(())
	}

	fn check_count(rows: usize) -> Result<(), TryRuntimeError> {
		let all = u32::try_from(rows) == Ok(Disputes::<T>::count());
		ensure!(all, "a stored game does not decode");
		Ok(())
	}
}

/// The storage item by the name that it has.
mod old {
	use super::{Config, OldDisputeOf, Pallet};
	use crate::{
		frame_support::{storage_alias, Twox64Concat},
		GameId,
	};

	/// The rows as version 0 has them.
	#[storage_alias]
	pub(super) type Disputes<T: Config> =
		StorageMap<Pallet<T>, Twox64Concat, GameId, OldDisputeOf<T>>;
}
