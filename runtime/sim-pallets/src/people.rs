//! Accounts, their money, and what they call.

use assay_primitives::HardwareClass;
use assay_runtime::{
	constants::ASY, AccountId, Balance, Balances, ComputeStaking, Runtime, RuntimeCall,
	RuntimeOrigin, System,
};
use pallet_compute_staking::Call as Stake;
use polkadot_sdk::{
	pallet_balances,
	sp_io::hashing::blake2_256,
	sp_keyring::Sr25519Keyring,
	sp_runtime::{traits::Dispatchable, DispatchError, MultiAddress},
};

/// What solvers have bonded when a match begins.
const BONDED: Balance = 2_000 * ASY;
/// What accounts have at least when a match begins.
const PURSE: Balance = 1_000 * ASY;

/// Accounts with money at genesis, who fund all others.
const BANKS: [Sr25519Keyring; 8] = [
	Sr25519Keyring::Alice,
	Sr25519Keyring::Bob,
	Sr25519Keyring::Charlie,
	Sr25519Keyring::Dave,
	Sr25519Keyring::Eve,
	Sr25519Keyring::Ferdie,
	Sr25519Keyring::EveStash,
	Sr25519Keyring::FerdieStash,
];

/// The account of this name and number.
pub(crate) fn account(name: &str, number: u32) -> AccountId {
	let mut seed = name.as_bytes().to_vec();
	seed.extend(number.to_le_bytes());
	AccountId::new(blake2_256(&seed))
}

/// Makes a call.
pub(crate) fn send(who: &AccountId, call: impl Into<RuntimeCall>) -> Result<(), DispatchError> {
	let origin = RuntimeOrigin::signed(who.clone());
	call.into().dispatch(origin).map(drop).map_err(|refused| refused.error)
}

/// All money of an account, on hold or not.
pub(crate) fn money(who: &AccountId) -> Balance {
	let data = System::account(who).data;
	data.free + data.reserved
}

/// Money of an account on hold.
pub(crate) fn held(who: &AccountId) -> Balance {
	System::account(who).data.reserved
}

/// Gives an account money, if it has little.
pub(crate) fn fund(who: &AccountId, purse: Balance) -> Result<(), String> {
	let free = Balances::free_balance(who);
	if free >= purse / 2 {
		return Ok(());
	}
	let dest = MultiAddress::Id(who.clone());
	let call =
		|value| pallet_balances::Call::<Runtime>::transfer_keep_alive { dest: dest.clone(), value };
	let funded = BANKS.iter().any(|bank| send(&bank.to_account_id(), call(purse)).is_ok());
	funded.then_some(()).ok_or("the banks are empty".into())
}

/// Gives an accuser money, if it has little.
pub(crate) fn fund_accuser(who: &AccountId) -> Result<(), String> {
	fund(who, PURSE)
}

/// Makes an account a solver with stake, if it is none or has little.
pub(crate) fn enlist(who: &AccountId) -> Result<(), String> {
	fund(who, 2 * BONDED + PURSE)?;
	let done = |call: Stake<Runtime>| send(who, call).map_err(|error| format!("stake: {error:?}"));
	match ComputeStaking::solver(who.clone()) {
		None => {
			done(Stake::register { hardware: HardwareClass::Cpu, metadata: Default::default() })?;
			done(Stake::bond { amount: BONDED })
		},
		Some(solver) if solver.bonded == 0 => done(Stake::bond { amount: BONDED }),
		Some(solver) if solver.bonded < BONDED / 2 => {
			done(Stake::bond_extra { amount: BONDED - solver.bonded })
		},
		Some(_) => Ok(()),
	}
}
