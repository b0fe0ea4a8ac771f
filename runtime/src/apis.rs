//! What the node and other clients may ask the runtime.

use crate::{
	genesis_config_presets, timing, AccountId, Babe, Balance, Block, BlockNumber, ComputeStaking,
	Dispute, Executive, Grandpa, Historical, InherentDataExt, Nonce, Runtime, RuntimeCall,
	RuntimeGenesisConfig, SessionKeys, Staking, System, TaskMarket, TransactionPayment,
	BABE_GENESIS_EPOCH_CONFIG, VERSION,
};
use alloc::{boxed::Box, vec::Vec};
use assay_case::NodeProof;
use assay_primitives::{Claims, DisputedClaim, Quote, Receipt, TaskId, TaskView};
use assay_runtime_apis::{
	GameId, GameView, Program, RefereeError, SolverView, StepView, TileQuestions, UnbondingView,
};
use codec::Encode;
use pallet_compute_staking::SolverOf;
use pallet_dispute::{DisputeOf, GamesOf};
use polkadot_sdk::{
	frame_support::{
		genesis_builder_helper::{build_state, get_preset},
		traits::{Get, KeyOwnerProofSystem},
		view_functions::{self, ViewFunctionDispatchError, ViewFunctionId},
		weights::Weight,
	},
	frame_system_rpc_runtime_api as system_api, pallet_staking_runtime_api as staking_api,
	pallet_transaction_payment::{FeeDetails, RuntimeDispatchInfo},
	pallet_transaction_payment_rpc_runtime_api as payment_api, sp_api, sp_block_builder,
	sp_consensus_babe as babe, sp_consensus_grandpa as grandpa,
	sp_core::{crypto::KeyTypeId, OpaqueMetadata},
	sp_genesis_builder::{self, PresetId},
	sp_inherents::{CheckInherentsResult, InherentData},
	sp_offchain,
	sp_runtime::{
		traits::{Block as BlockT, NumberFor},
		transaction_validity::{TransactionSource, TransactionValidity},
		ApplyExtrinsicResult, DispatchError, ExtrinsicInclusionMode,
	},
	sp_session,
	sp_staking::{EraIndex, Page},
	sp_transaction_pool::runtime_api as pool_api,
	sp_version::RuntimeVersion,
};

type LazyBlock = <Block as BlockT>::LazyBlock;
type Header = <Block as BlockT>::Header;
type Extrinsic = <Block as BlockT>::Extrinsic;
type BlockHash = <Block as BlockT>::Hash;

fn solver_view(solver: SolverOf<Runtime>) -> SolverView<Balance, BlockNumber> {
	let standing = solver.standing();
	let chunks = solver.unbonding.into_iter();
	SolverView {
		standing,
		unbonding: chunks.map(|c| UnbondingView { amount: c.amount, due: c.due }).collect(),
		metadata: solver.metadata.into_inner(),
		deposit: solver.deposit,
		bonded: solver.bonded,
		locked: solver.locked,
		locks: solver.locks,
		last_active: solver.reputation.last_active,
	}
}

fn game_view(dispute: DisputeOf<Runtime>) -> GameView<AccountId, Balance> {
	GameView {
		mover: dispute.game.mover(),
		deadline: dispute.game.deadline(),
		task: dispute.task,
		attempt: dispute.attempt,
		challenger: dispute.challenger,
		solver: dispute.solver,
		bond: dispute.bond,
		challenger_cost: dispute.challenger_cost,
		solver_cost: dispute.solver_cost,
		traced: dispute.traced,
		game: dispute.game,
	}
}

sp_api::impl_runtime_apis! {
	impl sp_api::Core<Block> for Runtime {
		fn version() -> RuntimeVersion {
			VERSION
		}

		fn execute_block(block: LazyBlock) {
			Executive::execute_block(block);
		}

		fn initialize_block(header: &Header) -> ExtrinsicInclusionMode {
			Executive::initialize_block(header)
		}
	}

	impl sp_api::Metadata<Block> for Runtime {
		fn metadata() -> OpaqueMetadata {
			OpaqueMetadata::new(Runtime::metadata().into())
		}

		fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
			Runtime::metadata_at_version(version)
		}

		fn metadata_versions() -> Vec<u32> {
			Runtime::metadata_versions()
		}
	}

	impl view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
		fn execute_view_function(
			id: ViewFunctionId,
			input: Vec<u8>,
		) -> Result<Vec<u8>, ViewFunctionDispatchError> {
			Runtime::execute_view_function(id, input)
		}
	}

	impl sp_block_builder::BlockBuilder<Block> for Runtime {
		fn apply_extrinsic(extrinsic: Extrinsic) -> ApplyExtrinsicResult {
			Executive::apply_extrinsic(extrinsic)
		}

		fn finalize_block() -> Header {
			Executive::finalize_block()
		}

		fn inherent_extrinsics(data: InherentData) -> Vec<Extrinsic> {
			data.create_extrinsics()
		}

		fn check_inherents(block: LazyBlock, data: InherentData) -> CheckInherentsResult {
			data.check_extrinsics(&block)
		}
	}

	impl pool_api::TaggedTransactionQueue<Block> for Runtime {
		fn validate_transaction(
			source: TransactionSource,
			extrinsic: Extrinsic,
			block_hash: BlockHash,
		) -> TransactionValidity {
			Executive::validate_transaction(source, extrinsic, block_hash)
		}
	}

	impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
		fn offchain_worker(header: &Header) {
			Executive::offchain_worker(header);
			crate::offchain::run();
		}
	}

	impl sp_session::SessionKeys<Block> for Runtime {
		fn generate_session_keys(
			owner: Vec<u8>,
			seed: Option<Vec<u8>>,
		) -> sp_session::OpaqueGeneratedSessionKeys {
			SessionKeys::generate(&owner, seed).into()
		}

		fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
			SessionKeys::decode_into_raw_public_keys(&encoded)
		}
	}

	impl babe::BabeApi<Block> for Runtime {
		fn configuration() -> babe::BabeConfiguration {
			let epoch = Babe::epoch_config().unwrap_or(BABE_GENESIS_EPOCH_CONFIG);
			babe::BabeConfiguration {
				slot_duration: Babe::slot_duration(),
				epoch_length: timing::EpochSlots::<Runtime>::get(),
				c: epoch.c,
				authorities: Babe::authorities().to_vec(),
				randomness: Babe::randomness(),
				allowed_slots: epoch.allowed_slots,
			}
		}

		fn current_epoch_start() -> babe::Slot {
			Babe::current_epoch_start()
		}

		fn current_epoch() -> babe::Epoch {
			Babe::current_epoch()
		}

		fn next_epoch() -> babe::Epoch {
			Babe::next_epoch()
		}

		fn generate_key_ownership_proof(
			_slot: babe::Slot,
			authority_id: babe::AuthorityId,
		) -> Option<babe::OpaqueKeyOwnershipProof> {
			Historical::prove((babe::KEY_TYPE, authority_id))
				.map(|proof| babe::OpaqueKeyOwnershipProof::new(proof.encode()))
		}

		fn submit_report_equivocation_unsigned_extrinsic(
			equivocation_proof: babe::EquivocationProof<Header>,
			key_owner_proof: babe::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			Babe::submit_unsigned_equivocation_report(equivocation_proof, key_owner_proof.decode()?)
		}
	}

	impl grandpa::GrandpaApi<Block> for Runtime {
		fn grandpa_authorities() -> grandpa::AuthorityList {
			Grandpa::grandpa_authorities()
		}

		fn current_set_id() -> grandpa::SetId {
			Grandpa::current_set_id()
		}

		fn submit_report_equivocation_unsigned_extrinsic(
			equivocation_proof: grandpa::EquivocationProof<BlockHash, NumberFor<Block>>,
			key_owner_proof: grandpa::OpaqueKeyOwnershipProof,
		) -> Option<()> {
			Grandpa::submit_unsigned_equivocation_report(
				equivocation_proof,
				key_owner_proof.decode()?,
			)
		}

		fn generate_key_ownership_proof(
			_set_id: grandpa::SetId,
			authority_id: grandpa::AuthorityId,
		) -> Option<grandpa::OpaqueKeyOwnershipProof> {
			Historical::prove((grandpa::KEY_TYPE, authority_id))
				.map(|proof| grandpa::OpaqueKeyOwnershipProof::new(proof.encode()))
		}
	}

	impl system_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
		fn account_nonce(account: AccountId) -> Nonce {
			System::account_nonce(account)
		}
	}

	impl payment_api::TransactionPaymentApi<Block, Balance> for Runtime {
		fn query_info(extrinsic: Extrinsic, len: u32) -> RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_info(extrinsic, len)
		}

		fn query_fee_details(extrinsic: Extrinsic, len: u32) -> FeeDetails<Balance> {
			TransactionPayment::query_fee_details(extrinsic, len)
		}

		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl payment_api::TransactionPaymentCallApi<Block, Balance, RuntimeCall> for Runtime {
		fn query_call_info(call: RuntimeCall, len: u32) -> RuntimeDispatchInfo<Balance> {
			TransactionPayment::query_call_info(call, len)
		}

		fn query_call_fee_details(call: RuntimeCall, len: u32) -> FeeDetails<Balance> {
			TransactionPayment::query_call_fee_details(call, len)
		}

		fn query_weight_to_fee(weight: Weight) -> Balance {
			TransactionPayment::weight_to_fee(weight)
		}

		fn query_length_to_fee(length: u32) -> Balance {
			TransactionPayment::length_to_fee(length)
		}
	}

	impl staking_api::StakingApi<Block, Balance, AccountId> for Runtime {
		fn nominations_quota(balance: Balance) -> u32 {
			Staking::api_nominations_quota(balance)
		}

		fn eras_stakers_page_count(era: EraIndex, account: AccountId) -> Page {
			Staking::api_eras_stakers_page_count(era, account)
		}

		fn pending_rewards(era: EraIndex, account: AccountId) -> bool {
			Staking::api_pending_rewards(era, account)
		}
	}

	impl assay_runtime_apis::TaskMarketApi<Block, AccountId, Balance, BlockNumber> for Runtime {
		fn task(task: TaskId) -> Option<TaskView<AccountId, Balance, BlockNumber>> {
			TaskMarket::task(task)
		}

		fn receipt(task: TaskId) -> Option<Receipt<AccountId, Balance, BlockNumber>> {
			TaskMarket::receipt_of(task)
		}

		fn claim(task: TaskId) -> Option<DisputedClaim<AccountId, Balance, BlockNumber>> {
			TaskMarket::claim(task)
		}

		fn quote(
			program: Program,
			record_size: u32,
			steps: u32,
		) -> Result<Quote<Balance>, DispatchError> {
			TaskMarket::quote(Box::new(program), record_size, steps)
		}
	}

	impl assay_runtime_apis::ComputeStakingApi<Block, AccountId, Balance, BlockNumber> for Runtime {
		fn solver(who: AccountId) -> Option<SolverView<Balance, BlockNumber>> {
			ComputeStaking::solver(who).map(solver_view)
		}

		fn lock(task: TaskId, who: AccountId) -> Option<Balance> {
			ComputeStaking::lock_of(who, task)
		}
	}

	impl assay_runtime_apis::DisputeApi<Block, AccountId, Balance> for Runtime {
		fn game(game: GameId) -> Option<GameView<AccountId, Balance>> {
			Dispute::game(game).map(game_view)
		}

		fn games_of(task: TaskId) -> Vec<GameId> {
			GamesOf::<Runtime>::get(task).into_inner()
		}

		fn bond_for(task: TaskId) -> Option<Balance> {
			Dispute::bond_for(task)
		}

		fn recompute(
			step: StepView,
			node: NodeProof,
			questions: TileQuestions,
		) -> Vec<Result<Vec<u32>, RefereeError>> {
			step.recompute(&node, &questions)
		}
	}

	impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
		fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
			build_state::<RuntimeGenesisConfig>(config)
		}

		fn get_preset(id: &Option<PresetId>) -> Option<Vec<u8>> {
			get_preset::<RuntimeGenesisConfig>(id, genesis_config_presets::get_preset)
		}

		fn preset_names() -> Vec<PresetId> {
			genesis_config_presets::preset_names()
		}
	}

	#[cfg(feature = "try-runtime")]
	impl polkadot_sdk::frame_try_runtime::TryRuntime<Block> for Runtime {
		fn on_runtime_upgrade(
			checks: polkadot_sdk::frame_try_runtime::UpgradeCheckSelect,
		) -> (Weight, Weight) {
			let weight = Executive::try_runtime_upgrade(checks).expect("the upgrade holds its checks");
			(weight, crate::configs::BlockWeights::get().max_block)
		}

		fn execute_block(
			block: LazyBlock,
			state_root_check: bool,
			signature_check: bool,
			select: polkadot_sdk::frame_try_runtime::TryStateSelect,
		) -> Weight {
			Executive::try_execute_block(block, state_root_check, signature_check, select)
				.expect("the block executes")
		}
	}

	#[cfg(feature = "runtime-benchmarks")]
	impl polkadot_sdk::frame_benchmarking::Benchmark<Block> for Runtime {
		fn benchmark_metadata(
			extra: bool,
		) -> (
			Vec<polkadot_sdk::frame_benchmarking::BenchmarkList>,
			Vec<polkadot_sdk::frame_support::traits::StorageInfo>,
		) {
			crate::benchmarks::list(extra)
		}

		fn dispatch_benchmark(
			config: polkadot_sdk::frame_benchmarking::BenchmarkConfig,
		) -> Result<
			Vec<polkadot_sdk::frame_benchmarking::BenchmarkBatch>,
			alloc::string::String,
		> {
			crate::benchmarks::dispatch(config)
		}
	}
}
