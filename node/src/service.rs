//! The node's wiring: which parts there are and what each of them gets. No rules live here.

mod consensus;
mod epochs;
mod equivocation;

use crate::{blobs, cli::Run, offchain, rpc};
use assay_runtime::apis::RuntimeApi;
use consensus::{Finality, Network, Parts, Settings};
use epochs::InStep;
use equivocation::Reporting;
use jsonrpsee::RpcModule;
use polkadot_sdk::{
	sc_client_api::BlockBackend,
	sc_consensus::{DefaultImportQueue, LongestChain},
	sc_consensus_babe::{self as babe, BabeBlockImport, BabeLink},
	sc_consensus_grandpa::{self as grandpa, GrandpaBlockImport, LinkHalf, SharedVoterState},
	sc_executor::WasmExecutor,
	sc_network::{
		config::{FullNetworkConfiguration, NetworkBackendType},
		Litep2pNetworkBackend, NetworkBackend, NetworkWorker,
	},
	sc_network_sync::WarpSyncConfig,
	sc_rpc::SubscriptionTaskExecutor,
	sc_service::{
		self, config::Configuration, BuildNetworkParams, Error, PartialComponents,
		SpawnTasksParams, TaskManager,
	},
	sc_sysinfo,
	sc_telemetry::{Telemetry, TelemetryWorker},
	sc_transaction_pool::{self, TransactionPoolHandle},
	sc_transaction_pool_api::OffchainTransactionPoolFactory,
	sp_consensus_babe::inherents::{BabeCreateInherentDataProviders, InherentDataProvider},
	sp_io::SubstrateHostFunctions,
	sp_timestamp,
};
use rpc::assay::{Assay, AssayApiServer};
use std::{sync::Arc, time::Duration};

/// Blocks, transactions unopened.
pub(crate) type Block = assay_runtime::opaque::Block;
/// What the runtime may call outside itself.
pub(crate) type HostFunctions =
	(SubstrateHostFunctions, assay_host_functions::assay_executor::HostFunctions);
/// The chain: state, blocks, runtime calls.
pub(crate) type Client = sc_service::TFullClient<Block, RuntimeApi, WasmExecutor<HostFunctions>>;
/// The database.
pub(crate) type Backend = sc_service::TFullBackend<Block>;
/// Which fork is best.
pub(crate) type SelectChain = LongestChain<Backend, Block>;
/// Transactions that wait.
pub(crate) type Pool = TransactionPoolHandle<Block, Client>;

type GrandpaImport = GrandpaBlockImport<Backend, Block, Client, SelectChain>;
type BabeImport = Reporting<
	InStep<
		BabeBlockImport<
			Block,
			Client,
			GrandpaImport,
			BabeCreateInherentDataProviders<Block>,
			SelectChain,
		>,
	>,
>;
type RpcBuilder = Box<dyn Fn(SubscriptionTaskExecutor) -> Result<RpcModule<()>, Error>>;

/// The parts of consensus that block import and block production share.
pub(crate) struct Consensus {
	import: BabeImport,
	babe: BabeLink<Block>,
	grandpa: LinkHalf<Block, Client, SelectChain>,
	voter_state: SharedVoterState,
	rpc: RpcBuilder,
	telemetry: Option<Telemetry>,
}

/// A node without network and RPC servers: enough for the subcommands.
pub(crate) type Partial =
	PartialComponents<Client, Backend, SelectChain, DefaultImportQueue<Block>, Pool, Consensus>;

/// How many blocks at most lie between two stored proofs of finality.
const JUSTIFICATION_PERIOD: u32 = 512;

/// Builds everything that needs no network.
pub(crate) fn partial(config: &Configuration) -> Result<Partial, Error> {
	let telemetry = config
		.telemetry_endpoints
		.clone()
		.filter(|endpoints| !endpoints.is_empty())
		.map(|endpoints| {
			let worker = TelemetryWorker::new(16)?;
			let telemetry = worker.handle().new_telemetry(endpoints);
			Ok::<_, polkadot_sdk::sc_telemetry::Error>((worker, telemetry))
		})
		.transpose()?;
	let (client, backend, keystore_container, task_manager) =
		sc_service::new_full_parts::<Block, RuntimeApi, _>(
			config,
			telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
			sc_service::new_wasm_executor::<HostFunctions>(&config.executor),
			Vec::new(),
		)?;
	let client = Arc::new(client);
	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});
	let select_chain = LongestChain::new(backend.clone());
	let transaction_pool = Arc::new(
		sc_transaction_pool::Builder::new(
			task_manager.spawn_essential_handle(),
			client.clone(),
			config.role.is_authority().into(),
		)
		.with_options(config.transaction_pool.clone())
		.with_prometheus(config.prometheus_registry())
		.build(),
	);

	let (grandpa_import, grandpa) = grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD,
		&(client.clone() as Arc<_>),
		select_chain.clone(),
		telemetry.as_ref().map(|t| t.handle()),
	)?;
	let justification_import = grandpa_import.clone();
	let babe_config = babe::configuration(&*client)?;
	let slot_duration = babe_config.slot_duration();
	let (import, babe) = babe::block_import(
		babe_config,
		grandpa_import,
		client.clone(),
		inherents(slot_duration),
		select_chain.clone(),
		equivocation::stock_reports(),
	)?;
	let reports = OffchainTransactionPoolFactory::new(transaction_pool.clone());
	let import = InStep::new(import, client.clone(), babe.epoch_changes().clone());
	let import = Reporting::new(import, client.clone(), select_chain.clone(), reports);
	let (import_queue, babe_worker) = babe::import_queue(babe::ImportQueueParams {
		link: babe.clone(),
		block_import: import.clone(),
		justification_import: Some(Box::new(justification_import)),
		client: client.clone(),
		slot_duration,
		spawner: &task_manager.spawn_essential_handle(),
		registry: config.prometheus_registry(),
		telemetry: telemetry.as_ref().map(|t| t.handle()),
	})?;

	let voter_state = SharedVoterState::empty();
	let authority_set = grandpa.shared_authority_set().clone();
	let deps = rpc::Deps {
		client: client.clone(),
		pool: transaction_pool.clone(),
		select_chain: select_chain.clone(),
		chain_spec: config.chain_spec.cloned_box(),
		keystore: keystore_container.keystore(),
		babe: babe_worker,
		voter_state: voter_state.clone(),
		finality_proofs: grandpa::FinalityProofProvider::new_for_service(
			backend.clone(),
			Some(authority_set.clone()),
		),
		authority_set,
		justifications: grandpa.justification_stream(),
	};
	let rpc: RpcBuilder =
		Box::new(move |executor| rpc::module(&deps, executor).map_err(Error::Application));

	Ok(PartialComponents {
		client,
		backend,
		task_manager,
		keystore_container,
		select_chain,
		import_queue,
		transaction_pool,
		other: Consensus { import, babe, grandpa, voter_state, rpc, telemetry },
	})
}

/// What a block must contain that no transaction brings: its slot and its time.
fn inherents(
	slot_duration: polkadot_sdk::sp_consensus_babe::SlotDuration,
) -> BabeCreateInherentDataProviders<Block> {
	Arc::new(move |_, ()| async move {
		let time = sp_timestamp::InherentDataProvider::from_system_time();
		let slot = InherentDataProvider::from_timestamp_and_slot_duration(*time, slot_duration);
		Ok((slot, time))
	})
}

/// Starts a node over the network backend that the configuration names.
pub(crate) fn full(config: Configuration, run: &Run) -> Result<TaskManager, Error> {
	match config.network.network_backend {
		NetworkBackendType::Litep2p => full_over::<Litep2pNetworkBackend>(config, run),
		NetworkBackendType::Libp2p => full_over::<NetworkWorker<_, _>>(config, run),
	}
}

fn full_over<N>(config: Configuration, run: &Run) -> Result<TaskManager, Error>
where
	N: NetworkBackend<Block, assay_runtime::Hash>,
{
	let PartialComponents {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: Consensus { import, babe, grandpa, voter_state, rpc, mut telemetry },
	} = partial(&config)?;
	let registry = config.prometheus_registry().cloned();
	let mut net_config =
		FullNetworkConfiguration::<_, _, N>::new(&config.network, registry.clone());
	let metrics = N::register_notification_metrics(registry.as_ref());
	let genesis = client.block_hash(0)?.ok_or_else(|| Error::Other("no genesis block".into()))?;
	let protocol = grandpa::protocol_standard_name(&genesis, &config.chain_spec);
	let (protocol_config, notifications) = grandpa::grandpa_peers_set_config::<_, N>(
		protocol.clone(),
		metrics.clone(),
		net_config.peer_store_handle(),
	);
	net_config.add_notification_protocol(protocol_config);
	let (blob_protocol, blob_config, blob_requests) = blobs::protocol::<N>(&genesis);
	net_config.add_request_response_protocol(blob_config);
	let warp_proofs = grandpa::warp_proof::NetworkProvider::new(
		backend.clone(),
		grandpa.shared_authority_set().clone(),
		Vec::new(),
	);
	let (service, system_rpc_tx, tx_handler_controller, sync, _bitswap) =
		sc_service::build_network(BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: transaction_pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: Some(WarpSyncConfig::WithProvider(Arc::new(warp_proofs))),
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;
	let network = Network { service, sync, finality: Finality { protocol, notifications } };

	let role = config.role;
	let settings = Settings::of(&config);
	if run.hwbench {
		measure_hardware(&config);
	}
	let peers = blobs::NetworkPeers {
		service: network.service.clone(),
		sync: network.sync.clone(),
		protocol: blob_protocol,
		runtime: config.tokio_handle.clone(),
	};
	let patience = Duration::from_secs(run.blob_patience);
	let downloads =
		blobs::start(&task_manager, blobs::open(&config)?, peers, blob_requests, patience);
	let executor_base = config.base_path.config_dir(config.chain_spec.id()).join("executor");
	let executor = run.worker.start(&executor_base, downloads.fetcher().clone());
	// The worker ends with the node's tasks.
	task_manager.keep_alive(executor.clone());
	if run.runs_offchain_workers(&config, executor.is_some()) {
		let deps = offchain::Deps {
			client: client.clone(),
			backend: backend.clone(),
			keystore: keystore_container.keystore(),
			network: network.service.clone(),
			pool: transaction_pool.clone(),
			is_validator: role.is_authority(),
			executor: executor.clone(),
		};
		offchain::spawn(&task_manager, deps)?;
	}
	sc_service::spawn_tasks(SpawnTasksParams {
		config,
		client: client.clone(),
		backend,
		task_manager: &mut task_manager,
		keystore: keystore_container.keystore(),
		transaction_pool: transaction_pool.clone(),
		rpc_builder: with_assay(rpc, Assay { downloads: Arc::new(downloads), executor }),
		network: network.service.clone(),
		system_rpc_tx,
		tx_handler_controller,
		sync_service: network.sync.clone(),
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	let parts = Parts {
		tasks: &task_manager,
		client,
		pool: transaction_pool,
		keystore: keystore_container.keystore(),
		registry,
		telemetry: telemetry.as_ref().map(|t| t.handle()),
	};
	if role.is_authority() {
		parts.make_blocks(&settings, &network, select_chain, import, babe)?;
	}
	if settings.grandpa {
		parts.finalise(settings, network, grandpa, voter_state)?;
	}
	Ok(task_manager)
}

/// Adds the methods of Assay's own, which need a network.
fn with_assay(rpc: RpcBuilder, assay: Assay) -> RpcBuilder {
	Box::new(move |executor| {
		let mut module = rpc(executor)?;
		module.merge(assay.clone().into_rpc()).map_err(|error| Error::Application(error.into()))?;
		Ok(module)
	})
}

/// Prints how fast this machine is.
fn measure_hardware(config: &Configuration) {
	let scratch = config.database.path().filter(|path| std::fs::create_dir_all(path).is_ok());
	let scores = sc_sysinfo::gather_hwbench(scratch, &sc_sysinfo::Requirements(Vec::new()));
	sc_sysinfo::print_hwbench(&scores);
}
