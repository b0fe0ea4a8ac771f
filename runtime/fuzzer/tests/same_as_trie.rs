//! The flat store and the trie of `TestExternalities` are the same to the runtime.

use assay_runtime::RuntimeOrigin;
use assay_runtime_fuzzer::{
	block,
	command::{Command, Origin, Way},
	generate::Generator,
	genesis, people, transaction,
	world::{Outcome, World},
};
use polkadot_sdk::{
	sp_core::storage::{well_known_keys::CODE, Storage},
	sp_io::{storage, TestExternalities},
	sp_runtime::traits::Dispatchable,
};
use std::collections::BTreeMap;

/// Commands of each life that is compared.
const COMMANDS: usize = 1_500;

/// Executes a command without any check; says whether a call was accepted.
fn execute(command: &Command, slot: &mut u64) -> Option<bool> {
	let (origin, way, call) = match command {
		Command::Block { ahead } => {
			block::end();
			*slot += 1;
			assert_eq!(block::begin(*ahead, *slot), Ok(Ok(())));
			block::take_events();
			return None;
		},
		Command::Call { origin, way, call } => (*origin, *way, (**call).clone()),
	};
	let accepted = match (way, origin) {
		(Way::Transaction, Origin::Signed(who)) => {
			transaction::send(&people::account(who), call).is_ok_and(|answer| answer.is_ok())
		},
		_ => {
			let origin: RuntimeOrigin = origin.runtime();
			call.dispatch(origin).is_ok()
		},
	};
	block::take_events();
	Some(accepted)
}

fn all_rows() -> BTreeMap<Vec<u8>, Vec<u8>> {
	let mut rows = BTreeMap::new();
	let mut key = Vec::new();
	while let Some(next) = storage::next_key(&key) {
		let value = storage::get(&next).expect("a key has a value");
		rows.insert(next.clone(), value.to_vec());
		key = next;
	}
	rows
}

#[test]
fn storage_should_be_the_same_when_a_trie_keeps_it() {
	for seed in 1..=3 {
		let storage = Storage { top: genesis::rows().clone(), ..Default::default() };
		let mut chain = TestExternalities::new(storage);
		let mut slot = block::FIRST_SLOT;
		slot += 1;
		chain.execute_with(|| {
			assert_eq!(block::begin(1, slot), Ok(Ok(())));
			block::take_events();
		});
		let mut world = World::new().expect("the first block is right");
		let mut generator = Generator::new(seed, 0);
		for at in 0..COMMANDS {
			let command = world.store.with(|| generator.choose());
			let outcome = world.apply(&command).expect("no rule is broken");
			let now = world.store.with(assay_runtime::System::block_number);
			generator.model.learn(&world.events, now);
			let accepted = chain.execute_with(|| execute(&command, &mut slot));
			let expected = match outcome {
				Outcome::Begun => None,
				outcome => Some(outcome == Outcome::Accepted),
			};
			assert_eq!(accepted, expected, "command {at} of seed {seed}: {command:?}");
		}
		let mut rows = chain.execute_with(all_rows);
		// `TestExternalities` always has code; the native runtime reads none.
		rows.remove(CODE);
		let mut flat = world.store.rows().clone();
		flat.remove(CODE);
		let differs = |key: &&Vec<u8>| rows.get(*key) != flat.get(*key);
		let different: Vec<_> = rows.keys().chain(flat.keys()).filter(differs).collect();
		assert!(different.is_empty(), "seed {seed}: {different:?}");
	}
}
