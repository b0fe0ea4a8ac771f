//! The runtime under measurement: its wasm, and a state for it to work on.

use assay_host_functions::assay_executor;
use codec::{Decode, Encode};
use polkadot_sdk::{
	frame_benchmarking::{
		benchmarking, BenchmarkBatch, BenchmarkConfig, BenchmarkList, BenchmarkResult,
	},
	sc_chain_spec::GenesisConfigBuilderRuntimeCaller,
	sc_client_db::BenchmarkingState,
	sc_executor::WasmExecutor,
	sp_core::traits::{CallContext, RuntimeCode, WrappedRuntimeCode},
	sp_externalities::Extensions,
	sp_genesis_builder::DEV_RUNTIME_PRESET,
	sp_io::SubstrateHostFunctions,
	sp_runtime::traits::{BlakeTwo256, Hash},
	sp_state_machine::{OverlayedChanges, StateMachine},
};
use std::borrow::Cow;

/// What the runtime calls beside the stock host functions. The executor's are there so that the
/// wasm loads; without the extension of a node they do nothing.
type OwnFunctions = (benchmarking::HostFunctions, assay_executor::HostFunctions);
type HostFunctions = (SubstrateHostFunctions, OwnFunctions);
type State = BenchmarkingState<BlakeTwo256>;

/// What a run is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
	/// Learn whether the benchmark's own assertions hold.
	Verify,
	/// Count accesses and bytes of proof.
	Count,
	/// Measure the time, so many times.
	Time(u32),
}

/// The runtime on its `development` genesis.
pub(crate) struct Wasm {
	code: Vec<u8>,
	executor: WasmExecutor<HostFunctions>,
	/// For timing: nothing is recorded, as in a node that imports blocks.
	plain: State,
	/// For counting: accesses and proofs are recorded.
	tracked: State,
}

impl Wasm {
	/// Loads the runtime and builds its genesis.
	pub(crate) fn new(code: Vec<u8>) -> Result<Self, String> {
		let genesis = GenesisConfigBuilderRuntimeCaller::<OwnFunctions>::new(&code)
			.get_storage_for_named_preset(Some(&DEV_RUNTIME_PRESET.to_string()))?;
		Ok(Self {
			executor: WasmExecutor::builder().build(),
			plain: State::new(genesis.clone(), None, false, false)?,
			tracked: State::new(genesis, None, true, true)?,
			code,
		})
	}

	/// Which benchmarks the runtime has.
	pub(crate) fn benchmarks(&self) -> Result<Vec<BenchmarkList>, String> {
		// What follows the list describes the storage, and is not needed.
		self.call(&self.tracked, "Benchmark_benchmark_metadata", &false.encode())
	}

	/// Runs one benchmark at one point.
	pub(crate) fn run(
		&self,
		benchmark: &BenchmarkConfig,
		purpose: Purpose,
	) -> Result<Vec<BenchmarkResult>, String> {
		let (state, verify, internal_repeats) = match purpose {
			Purpose::Verify => (&self.plain, true, 1),
			Purpose::Count => (&self.tracked, false, 1),
			Purpose::Time(repeat) => (&self.plain, false, repeat),
		};
		let config = BenchmarkConfig { verify, internal_repeats, ..benchmark.clone() };
		let batches: Result<Vec<BenchmarkBatch>, String> =
			self.call(state, "Benchmark_dispatch_benchmark", &config.encode())?;
		Ok(batches?.into_iter().flat_map(|batch| batch.results).collect())
	}

	fn call<R: Decode>(&self, state: &State, method: &str, input: &[u8]) -> Result<R, String> {
		let code = WrappedRuntimeCode(Cow::Borrowed(self.code.as_slice()));
		let hash = BlakeTwo256::hash(&self.code).as_bytes().to_vec();
		let code = RuntimeCode { code_fetcher: &code, heap_pages: None, hash };
		let mut overlay = OverlayedChanges::<BlakeTwo256>::default();
		let mut extensions = Extensions::default();
		let output = StateMachine::new(
			state,
			&mut overlay,
			&self.executor,
			method,
			input,
			&mut extensions,
			&code,
			CallContext::Offchain,
		)
		.execute()
		.map_err(|error| format!("{method}: {error}"))?;
		R::decode(&mut output.as_slice()).map_err(|error| format!("answer of {method}: {error}"))
	}
}
