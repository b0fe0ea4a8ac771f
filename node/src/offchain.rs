//! Off-chain workers: what runs beside block execution, after each new best block.

use crate::service::{Backend, Block, Client, Pool};
use assay_executor_host::Host;
use assay_host_functions::ExecutorExt;
use assay_runtime::Hash;
use futures::FutureExt;
use polkadot_sdk::{
	sc_client_api::Backend as _,
	sc_network::service::traits::NetworkService,
	sc_offchain::{OffchainWorkerOptions, OffchainWorkers},
	sc_service::{Error, TaskManager},
	sc_transaction_pool_api::OffchainTransactionPoolFactory,
	sp_externalities::Extension,
	sp_keystore::KeystorePtr,
};
use std::sync::Arc;

/// What off-chain workers need of the node.
pub(crate) struct Deps {
	pub(crate) client: Arc<Client>,
	pub(crate) backend: Arc<Backend>,
	pub(crate) keystore: KeystorePtr,
	pub(crate) network: Arc<dyn NetworkService>,
	pub(crate) pool: Arc<Pool>,
	pub(crate) is_validator: bool,
	pub(crate) executor: Option<Host>,
}

/// Extensions for the off-chain calls of one block. The executor is reached this way and no other:
/// block execution never sees them, so nothing on chain can come to depend on a machine's hardware.
fn custom_extensions(executor: Option<Host>) -> impl Fn(Hash) -> Vec<Box<dyn Extension>> {
	move |_at| {
		let executor = executor.iter().cloned().map(ExecutorExt::new);
		executor.map(|extension| Box::new(extension) as Box<dyn Extension>).collect()
	}
}

/// Starts them.
pub(crate) fn spawn(tasks: &TaskManager, deps: Deps) -> Result<(), Error> {
	let workers = OffchainWorkers::<_, Block, _>::new(OffchainWorkerOptions {
		runtime_api_provider: deps.client.clone(),
		keystore: Some(deps.keystore),
		offchain_db: deps.backend.offchain_storage(),
		transaction_pool: Some(OffchainTransactionPoolFactory::new(deps.pool)),
		network_provider: Arc::new(deps.network),
		is_validator: deps.is_validator,
		enable_http_requests: false,
		custom_extensions: custom_extensions(deps.executor),
	})?;
	let run = workers.run(deps.client, tasks.spawn_handle()).boxed();
	tasks.spawn_handle().spawn("offchain-workers-runner", "offchain-worker", run);
	Ok(())
}
