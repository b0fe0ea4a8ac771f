//! Keeps BABE's import in step with finality.
//!
//! sc-consensus-babe 0.60 asks which block is best; then finality may settle on another fork, which drops the weight of
//! that block; then the import wants the weight, and ends with "No block weight for parent header". The sync starts all
//! over, to the annoyance of its peers. A wrapper around the import tries such a block again at once.
//!
//! Before it imports a block that announces an epoch, BABE's import also puts that epoch into a tree in memory, and
//! takes it out again on some of the ways in which the import can fail, not on all: not after that race, nor where the
//! parent has no state any more. From there on the tree names a block that the database does not have: to prune the
//! tree fails with "Header was not found in the database", so that no block that starts an epoch is imported or made
//! until the node is started again. The wrapper remembers the tree, and puts it back. Until then, an instant later,
//! others can see it as it was.

use super::{Block, Client};
use futures::lock::Mutex;
use jsonrpsee::core::async_trait;
use polkadot_sdk::{
	sc_client_api::HeaderBackend,
	sc_consensus::{BlockCheckParams, BlockImport, BlockImportParams, ImportResult, StateAction},
	sc_consensus_babe::{contains_epoch_change, BabeIntermediate, Epoch, INTERMEDIATE_KEY},
	sc_consensus_epochs::SharedEpochChanges,
	sp_consensus::Error,
	sp_runtime::traits::Header as _,
};
use std::sync::Arc;

/// A block import that tries again where finality came between, and leaves the tree of epochs as it was where a block
/// is not imported.
#[derive(Clone)]
pub(crate) struct InStep<I> {
	inner: I,
	client: Arc<Client>,
	epochs: SharedEpochChanges<Block, Epoch>,
	/// Held while a block is imported that changes the tree: what is put back must not undo another block's change.
	turn: Arc<Mutex<()>>,
}

impl<I> InStep<I> {
	/// Wraps BABE's import, whose tree of epochs this is.
	pub(super) fn new(
		inner: I,
		client: Arc<Client>,
		epochs: SharedEpochChanges<Block, Epoch>,
	) -> Self {
		Self { inner, client, epochs, turn: Arc::default() }
	}
}

impl<I: BlockImport<Block, Error = Error> + Send + Sync> InStep<I> {
	async fn import(&self, block: BlockImportParams<Block>) -> Result<ImportResult, Error> {
		let with_state = block.with_state();
		if !with_state && !contains_epoch_change::<Block>(&block.header) {
			return self.inner.import_block(block).await;
		}
		let _turn = self.turn.lock().await;
		if with_state {
			// It resets the tree, and only after it was imported.
			return self.inner.import_block(block).await;
		}
		let before = self.epochs.shared_data().clone();
		let result = self.inner.import_block(block).await;
		if !matches!(result, Ok(ImportResult::Imported(_))) {
			*self.epochs.shared_data() = before;
		}
		result
	}
}

/// Whether finality came between.
fn is_overtaken(error: &Error) -> bool {
	matches!(error, Error::ChainLookup(what) if what.starts_with("No block weight"))
}

/// The same block once more; `None` for one of the node's own, whose state cannot be copied.
fn copy(block: &BlockImportParams<Block>) -> Option<BlockImportParams<Block>> {
	let mut copy = BlockImportParams::new(block.origin, block.header.clone());
	copy.state_action = match block.state_action {
		StateAction::ApplyChanges(_) => return None,
		StateAction::Execute => StateAction::Execute,
		StateAction::ExecuteIfPossible => StateAction::ExecuteIfPossible,
		StateAction::Skip => StateAction::Skip,
	};
	copy.justifications = block.justifications.clone();
	copy.post_digests = block.post_digests.clone();
	copy.body = block.body.clone();
	copy.indexed_body = block.indexed_body.clone();
	copy.finalized = block.finalized;
	copy.auxiliary = block.auxiliary.clone();
	copy.fork_choice = block.fork_choice;
	copy.import_existing = block.import_existing;
	copy.create_gap = block.create_gap;
	copy.post_hash = block.post_hash;
	if let Ok(known) = block.get_intermediate::<BabeIntermediate<Block>>(INTERMEDIATE_KEY) {
		let epoch_descriptor = known.epoch_descriptor.clone();
		copy.insert_intermediate(INTERMEDIATE_KEY, BabeIntermediate::<Block> { epoch_descriptor });
	}
	Some(copy)
}

#[async_trait]
impl<I: BlockImport<Block, Error = Error> + Send + Sync> BlockImport<Block> for InStep<I> {
	type Error = Error;

	async fn check_block(&self, block: BlockCheckParams<Block>) -> Result<ImportResult, Error> {
		self.inner.check_block(block).await
	}

	async fn import_block(&self, block: BlockImportParams<Block>) -> Result<ImportResult, Error> {
		// The weight of a parent is there as long as the parent is: finality takes only those of other forks.
		let is_fork = self.client.info().best_hash != *block.header.parent_hash();
		let again = is_fork.then(|| copy(&block)).flatten();
		match (self.import(block).await, again) {
			(Err(error), Some(again)) if is_overtaken(&error) => {
				log::debug!(target: "babe", "finality overtook an import, which is tried again");
				self.import(again).await
			},
			(result, _) => result,
		}
	}
}

#[cfg(test)]
mod tests {
	use super::super::{HostFunctions, SelectChain};
	use super::*;
	use assay_runtime::Hash;
	use polkadot_sdk::{
		sc_block_builder::BlockBuilderBuilder,
		sc_chain_spec::{ChainSpec as _, GenericChainSpec, NoExtension},
		sc_client_api::{execution_extensions::ExecutionExtensions, Finalizer},
		sc_client_db::{BlocksPruning, DatabaseSettings, DatabaseSource},
		sc_consensus::StorageChanges,
		sc_consensus_babe::{self as babe, BabeConfiguration},
		sc_consensus_epochs::descendent_query,
		sc_executor::WasmExecutor,
		sc_service::{self, ClientConfig, GenesisBlockBuilder},
		sc_transaction_pool_api::{OffchainTransactionPoolFactory, RejectAllTxPool},
		sp_consensus::BlockOrigin,
		sp_consensus_babe::{
			digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
			inherents::InherentDataProvider,
			Slot,
		},
		sp_core::testing::TaskExecutor,
		sp_genesis_builder::DEV_RUNTIME_PRESET,
		sp_inherents::InherentDataProvider as _,
		sp_runtime::{traits::Block as _, Digest, DigestItem, Storage},
		sp_timestamp,
	};
	use std::sync::Mutex as Cell;

	/// The slot of the first block.
	const FIRST: u64 = 1_000_000;

	type Import = Box<dyn BlockImport<Block, Error = Error> + Send + Sync>;

	/// What goes wrong with the next import.
	#[derive(Clone, Copy)]
	enum Trouble {
		/// This block becomes final after BABE has asked for the best one.
		Finality(Hash),
		/// The state of the parent is gone.
		NoState,
	}

	type Troubles = Arc<Cell<Option<Trouble>>>;

	/// The client's import, for once without the state of a parent.
	struct Inner {
		client: Arc<Client>,
		trouble: Troubles,
	}

	#[async_trait]
	impl BlockImport<Block> for Inner {
		type Error = Error;

		async fn check_block(&self, block: BlockCheckParams<Block>) -> Result<ImportResult, Error> {
			self.client.check_block(block).await
		}

		async fn import_block(
			&self,
			block: BlockImportParams<Block>,
		) -> Result<ImportResult, Error> {
			if let Some(Trouble::NoState) = self.trouble.lock().unwrap().take() {
				return Ok(ImportResult::MissingState);
			}
			self.client.import_block(block).await
		}
	}

	/// A chain of one validator, and BABE's import into it.
	struct Chain {
		client: Arc<Client>,
		config: BabeConfiguration,
		epochs: SharedEpochChanges<Block, Epoch>,
		import: Import,
		trouble: Troubles,
		_directory: tempfile::TempDir,
	}

	/// What all chains of a test begin with; to compile the runtime takes seconds.
	struct Genesis {
		executor: WasmExecutor<HostFunctions>,
		storage: Storage,
	}

	impl Genesis {
		fn new() -> Self {
			let wasm = assay_runtime::WASM_BINARY.expect("tests are built with the runtime's wasm");
			let spec = GenericChainSpec::<NoExtension, HostFunctions>::builder(wasm, None)
				.with_genesis_config_preset_name(DEV_RUNTIME_PRESET)
				.build();
			let storage = spec.as_storage_builder().build_storage().unwrap();
			Self { executor: WasmExecutor::builder().build(), storage }
		}
	}

	impl Chain {
		/// A chain whose import is BABE's with something around it.
		fn new<W>(genesis: &Genesis, wrap: W) -> Self
		where
			W: FnOnce(Import, Arc<Client>, SharedEpochChanges<Block, Epoch>) -> Import,
		{
			let directory = tempfile::tempdir().unwrap();
			let backend = sc_service::new_db_backend::<Block>(DatabaseSettings {
				trie_cache_maximum_size: None,
				state_pruning: None,
				source: DatabaseSource::ParityDb { path: directory.path().into() },
				blocks_pruning: BlocksPruning::KeepAll,
				pruning_filters: Vec::new(),
				metrics_registry: None,
			})
			.unwrap();
			let executor = genesis.executor.clone();
			let genesis = GenesisBlockBuilder::new_with_storage(
				genesis.storage.clone(),
				true,
				backend.clone(),
				executor.clone(),
			)
			.unwrap();
			let extensions = ExecutionExtensions::new(None, Arc::new(executor.clone()));
			let client: Arc<Client> = Arc::new(
				sc_service::new_client(
					backend.clone(),
					executor,
					genesis,
					None,
					None,
					extensions,
					Box::new(TaskExecutor::new()),
					None,
					None,
					ClientConfig::default(),
				)
				.unwrap(),
			);
			let trouble = Troubles::default();
			let race = (client.clone(), trouble.clone());
			let inherents = move |_, ()| {
				let (client, trouble) = race.clone();
				async move {
					if let Some(Trouble::Finality(block)) = *trouble.lock().unwrap() {
						client.finalize_block(block, None, true).unwrap();
					}
					let time = sp_timestamp::InherentDataProvider::from_system_time();
					Ok((InherentDataProvider::new(Slot::from(FIRST)), time))
				}
			};
			let config = babe::configuration(&*client).unwrap();
			let (import, link) = babe::block_import(
				config.clone(),
				Inner { client: client.clone(), trouble: trouble.clone() },
				client.clone(),
				inherents,
				SelectChain::new(backend),
				OffchainTransactionPoolFactory::new(RejectAllTxPool::default()),
			)
			.unwrap();
			let epochs = link.epoch_changes().clone();
			let import = wrap(Box::new(import), client.clone(), epochs.clone());
			Self { client, config, epochs, import, trouble, _directory: directory }
		}

		/// Makes an empty block, its own with its state, another's without; an error if the tree of epochs does not say how.
		fn author(
			&self,
			parent: Hash,
			slot: u64,
			origin: BlockOrigin,
		) -> Result<BlockImportParams<Block>, String> {
			let slot = Slot::from(slot);
			let number = self.client.number(parent).unwrap().unwrap();
			let epoch_descriptor = self
				.epochs
				.shared_data()
				.epoch_descriptor_for_child_of(
					descendent_query(&*self.client),
					&parent,
					number,
					slot,
				)
				.map_err(|error| error.to_string())?
				.unwrap();
			let claim = SecondaryPlainPreDigest { authority_index: 0, slot };
			let claim = DigestItem::babe_pre_digest(PreDigest::SecondaryPlain(claim));
			let mut builder = BlockBuilderBuilder::new(&*self.client)
				.on_parent_block(parent)
				.with_parent_block_number(number)
				.with_inherent_digests(Digest { logs: vec![claim] })
				.build()
				.unwrap();
			let time = slot.timestamp(self.config.slot_duration()).unwrap();
			let time = sp_timestamp::InherentDataProvider::new(time);
			let inherents = (InherentDataProvider::new(slot), time);
			let inherents = futures::executor::block_on(inherents.create_inherent_data()).unwrap();
			for inherent in builder.create_inherents(inherents).unwrap() {
				builder.push(inherent).unwrap();
			}
			let built = builder.build().unwrap();
			let (header, body) = built.block.deconstruct();
			let mut block = BlockImportParams::new(origin, header);
			block.body = Some(body);
			if origin == BlockOrigin::Own {
				let changes = StorageChanges::Changes(built.storage_changes);
				block.state_action = StateAction::ApplyChanges(changes);
			}
			block.insert_intermediate(
				INTERMEDIATE_KEY,
				BabeIntermediate::<Block> { epoch_descriptor },
			);
			Ok(block)
		}

		fn import(&self, block: BlockImportParams<Block>) -> Result<Hash, String> {
			let hash = block.post_hash();
			match futures::executor::block_on(self.import.import_block(block)) {
				Ok(ImportResult::Imported(_)) => Ok(hash),
				other => Err(format!("{other:?}")),
			}
		}

		/// Two forks in the second epoch, of which the import takes the first for the best; and, with some trouble, the
		/// first block of the third epoch on the second, which becomes final then or after it. Then another one.
		fn with(
			&self,
			trouble: impl FnOnce(Hash) -> Trouble,
			origin: BlockOrigin,
		) -> [Result<Hash, String>; 2] {
			let make = |parent, slot| self.import(self.author(parent, slot, origin)?);
			let [second, third] = [1, 2].map(|epoch| FIRST + epoch * self.config.epoch_length);
			let root = make(self.client.info().genesis_hash, FIRST).unwrap();
			let root = make(root, second).unwrap();
			let best = make(root, second + 1).unwrap();
			let other = make(root, second + 2).unwrap();
			assert_eq!(self.client.info().best_hash, best);
			*self.trouble.lock().unwrap() = Some(trouble(other));
			let first = make(other, third);
			*self.trouble.lock().unwrap() = None;
			self.client.finalize_block(other, None, true).unwrap();
			[first, make(other, third + 1)]
		}
	}

	/// Once the stock import goes on as well, the wrapper can go.
	#[test]
	fn import_should_go_on_when_the_first_block_of_an_epoch_was_not_imported() {
		let finality: fn(Hash) -> Trouble = Trouble::Finality;
		let overtaken = "No block weight for parent header";
		let genesis = Genesis::new();
		for (trouble, origin, symptom) in [
			(finality, BlockOrigin::Own, overtaken),
			(finality, BlockOrigin::NetworkBroadcast, overtaken),
			(|_| Trouble::NoState, BlockOrigin::Own, "Ok(MissingState)"),
		] {
			let stock = Chain::new(&genesis, |import, _, _| import).with(trouble, origin);
			assert!(stock[0].as_ref().unwrap_err().contains(symptom));
			assert!(stock[1].as_ref().unwrap_err().contains("Header was not found"));
			let [first, second] = Chain::new(&genesis, |import, client, epochs| {
				Box::new(InStep::new(import, client, epochs))
			})
			.with(trouble, origin);
			match origin {
				BlockOrigin::Own => assert!(first.unwrap_err().contains(symptom)),
				_ => assert!(first.is_ok(), "{first:?}"),
			}
			assert!(second.is_ok(), "{second:?}");
		}
	}
}
