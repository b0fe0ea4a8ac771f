//! RPC beyond what every Substrate node serves: nonces, fees, BABE, GRANDPA, sync state.

pub(crate) mod assay;
mod jobs;

use crate::service::{Backend, Block, Client, Pool, SelectChain};
use assay_runtime::{AccountId, Balance, Nonce};
use jsonrpsee::RpcModule;
use polkadot_sdk::{
	pallet_transaction_payment::RuntimeDispatchInfo,
	pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer},
	sc_chain_spec::ChainSpec,
	sc_consensus_babe::BabeWorkerHandle,
	sc_consensus_babe_rpc::{Babe, BabeApiServer},
	sc_consensus_grandpa::{
		FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
	},
	sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer},
	sc_rpc::SubscriptionTaskExecutor,
	sc_sync_state_rpc::{SyncState, SyncStateApiServer},
	sp_keystore::KeystorePtr,
	sp_runtime::traits::NumberFor,
	substrate_frame_rpc_system::{System, SystemApiServer},
};
use std::sync::Arc;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What the methods need of the node.
pub(crate) struct Deps {
	pub(crate) client: Arc<Client>,
	pub(crate) pool: Arc<Pool>,
	pub(crate) select_chain: SelectChain,
	pub(crate) chain_spec: Box<dyn ChainSpec>,
	pub(crate) keystore: KeystorePtr,
	pub(crate) babe: BabeWorkerHandle<Block>,
	pub(crate) voter_state: SharedVoterState,
	pub(crate) authority_set: SharedAuthoritySet<assay_runtime::Hash, NumberFor<Block>>,
	pub(crate) justifications: GrandpaJustificationStream<Block>,
	pub(crate) finality_proofs: Arc<FinalityProofProvider<Backend, Block>>,
}

/// All of them.
pub(crate) fn module(
	deps: &Deps,
	executor: SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Error> {
	let client = || deps.client.clone();
	let mut module = RpcModule::new(());
	module.merge(SystemApiServer::<_, AccountId, Nonce>::into_rpc(System::new(
		client(),
		deps.pool.clone(),
	)))?;
	module.merge(
		TransactionPaymentApiServer::<assay_runtime::Hash, RuntimeDispatchInfo<Balance>>::into_rpc(
			TransactionPayment::new(client()),
		),
	)?;
	let babe =
		Babe::new(client(), deps.babe.clone(), deps.keystore.clone(), deps.select_chain.clone());
	module.merge(babe.into_rpc())?;
	let grandpa = Grandpa::new(
		executor,
		deps.authority_set.clone(),
		deps.voter_state.clone(),
		deps.justifications.clone(),
		deps.finality_proofs.clone(),
	);
	module.merge(grandpa.into_rpc())?;
	let sync_state = SyncState::new(
		deps.chain_spec.cloned_box(),
		client(),
		deps.authority_set.clone(),
		deps.babe.clone(),
	)?;
	module.merge(sync_state.into_rpc())?;
	Ok(module)
}
