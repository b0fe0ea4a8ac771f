//! The accounts that send calls.

use assay_runtime::{AccountId, Address};
use polkadot_sdk::{sp_keyring::Sr25519Keyring, sp_runtime::MultiAddress};
use std::sync::OnceLock;

/// Number of an account here.
pub type Person = u8;

/// The accounts: ten with money, of which two are validators' stashes, and two without.
const KEYS: [Sr25519Keyring; 12] = [
	Sr25519Keyring::Alice,
	Sr25519Keyring::Bob,
	Sr25519Keyring::Charlie,
	Sr25519Keyring::Dave,
	Sr25519Keyring::Eve,
	Sr25519Keyring::Ferdie,
	Sr25519Keyring::EveStash,
	Sr25519Keyring::FerdieStash,
	Sr25519Keyring::AliceStash,
	Sr25519Keyring::BobStash,
	Sr25519Keyring::One,
	Sr25519Keyring::Two,
];

/// How many accounts there are.
pub const COUNT: Person = KEYS.len() as Person;
/// The account whose key is the sudo key.
pub const SUDO: Person = 0;
/// Those that usually post tasks.
pub const REQUESTERS: [Person; 3] = [0, 1, 8];
/// Those that usually are solvers.
pub const SOLVERS: [Person; 5] = [2, 3, 4, 6, 9];
/// Those that usually open games.
pub const CHALLENGERS: [Person; 4] = [5, 7, 1, 3];
/// Stashes of validators.
pub const STASHES: [Person; 2] = [8, 9];

fn table() -> &'static [AccountId] {
	static TABLE: OnceLock<Vec<AccountId>> = OnceLock::new();
	TABLE.get_or_init(|| KEYS.iter().map(|key| key.to_account_id()).collect())
}

/// The account of a person.
pub fn account(who: Person) -> AccountId {
	table()[usize::from(who % COUNT)].clone()
}

/// The address of a person.
pub fn address(who: Person) -> Address {
	MultiAddress::Id(account(who))
}

/// The person with this account, if it is one of ours.
pub fn person(account: &AccountId) -> Option<Person> {
	table().iter().position(|known| known == account).map(|at| at as Person)
}

/// The name of a person.
pub fn name(who: Person) -> String {
	KEYS[usize::from(who % COUNT)].to_string()
}
