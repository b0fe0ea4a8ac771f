//! The runtime's wasm, as a node executes it.

use crate::pack::Packed;
use assay_host_functions::assay_executor;
use assay_runtime::{Block, Header, RuntimeCall, System, UncheckedExtrinsic};
use codec::{Decode, Encode};
use polkadot_sdk::{
	frame_support::{dispatch::PerDispatchClass, weights::Weight},
	pallet_timestamp,
	sc_executor::WasmExecutor,
	sp_core::{
		storage::Storage,
		traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	},
	sp_io::{SubstrateHostFunctions, TestExternalities},
	sp_runtime::{
		traits::{BlakeTwo256, Block as _, Hash},
		ApplyExtrinsicResult,
	},
};
use std::time::{Duration, Instant};

/// Length of a slot in the preset.
const SLOT_MS: u64 = 3_000;
/// Executions of which the shortest counts.
const ROUNDS: usize = 3;

/// Executes blocks.
pub struct Machine {
	executor: WasmExecutor<(SubstrateHostFunctions, assay_executor::HostFunctions)>,
	wasm: Vec<u8>,
	hash: Vec<u8>,
}

/// What a block took.
pub struct Taken {
	/// The shortest of some executions, in a trie in memory.
	pub time: Duration,
	/// What the wasm charged, by class.
	pub weight: PerDispatchClass<Weight>,
}

impl Machine {
	/// A machine for this runtime.
	pub fn new(wasm: Vec<u8>) -> Self {
		let hash = BlakeTwo256::hash(&wasm).0.to_vec();
		Self { executor: WasmExecutor::builder().build(), wasm, hash }
	}

	fn call(&self, chain: &mut TestExternalities, method: &str, data: &[u8]) -> Vec<u8> {
		let fetcher = WrappedRuntimeCode(self.wasm.as_slice().into());
		let code =
			RuntimeCode { code_fetcher: &fetcher, hash: self.hash.clone(), heap_pages: None };
		let context = CallContext::Onchain { import: false };
		let (result, _) = self.executor.call(&mut chain.ext(), &code, method, data, context);
		result.unwrap_or_else(|error| panic!("{method}: {error}"))
	}

	/// Makes the block, and executes it as a node that imports it.
	pub fn execute(&self, packed: &Packed) -> Taken {
		let state = || {
			let (top, children_default) = (packed.rows.clone(), Default::default());
			TestExternalities::new(Storage { top, children_default })
		};
		let block = self.build(&mut state(), packed).encode();
		let mut shortest = Duration::MAX;
		let mut weight = PerDispatchClass::default();
		for _ in 0..ROUNDS {
			let mut chain = state();
			let start = Instant::now();
			self.call(&mut chain, "Core_execute_block", &block);
			shortest = shortest.min(start.elapsed());
			weight = chain.execute_with(System::block_weight);
		}
		Taken { time: shortest, weight }
	}

	fn build(&self, chain: &mut TestExternalities, packed: &Packed) -> Block {
		self.call(chain, "Core_initialize_block", &packed.header.encode());
		let now = pallet_timestamp::Call::set { now: packed.slot * SLOT_MS };
		let inherent = UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(now));
		let mut transactions = vec![inherent];
		transactions.extend(packed.transactions.iter().cloned());
		for transaction in &transactions {
			let done = self.call(chain, "BlockBuilder_apply_extrinsic", &transaction.encode());
			let done = ApplyExtrinsicResult::decode(&mut &done[..]).expect("decodes");
			assert_eq!(done, Ok(Ok(())));
		}
		let sealed = self.call(chain, "BlockBuilder_finalize_block", &[]);
		let header = Header::decode(&mut &sealed[..]).expect("decodes");
		Block::new(header, transactions)
	}
}
