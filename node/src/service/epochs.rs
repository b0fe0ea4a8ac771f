//! Takes back what a failed import leaves in BABE's tree of epochs.
//!
//! sc-consensus-babe 0.60 puts the epoch that a block announces into a tree in memory before it imports the block, and
//! takes it out again on some of the ways in which that import can fail, not on all. It misses a block whose parent has
//! no state any more, and a race: the import asks which block is best; then finality settles on another fork, which
//! drops the weight of that block; then the import wants the weight, and ends with "No block weight for parent header".
//! From there on the tree names a block that the database does not have: to prune the tree fails with "Header was not
//! found in the database", so that no block that starts an epoch is imported or made until the node is started again.
//! Hence a wrapper around the import, which remembers the tree. The sync asks again for a block that fell victim to the
//! race; a block of the node's own is lost. Until the tree is put back, an instant later, others can see it as it was.

use super::Block;
use futures::lock::Mutex;
use jsonrpsee::core::async_trait;
use polkadot_sdk::{
	sc_consensus::{BlockCheckParams, BlockImport, BlockImportParams, ImportResult},
	sc_consensus_babe::{contains_epoch_change, Epoch},
	sc_consensus_epochs::SharedEpochChanges,
	sp_consensus::Error,
};
use std::sync::Arc;

/// A block import that leaves the tree of epochs as it was where a block is not imported.
#[derive(Clone)]
pub(crate) struct Restoring<I> {
	inner: I,
	epochs: SharedEpochChanges<Block, Epoch>,
	/// Held while a block is imported that changes the tree: what is put back must not undo another block's change.
	turn: Arc<Mutex<()>>,
}

impl<I> Restoring<I> {
	/// Wraps BABE's import, whose tree of epochs this is.
	pub(super) fn new(inner: I, epochs: SharedEpochChanges<Block, Epoch>) -> Self {
		Self { inner, epochs, turn: Arc::default() }
	}
}

#[async_trait]
impl<I: BlockImport<Block, Error = Error> + Send + Sync> BlockImport<Block> for Restoring<I> {
	type Error = Error;

	async fn check_block(&self, block: BlockCheckParams<Block>) -> Result<ImportResult, Error> {
		self.inner.check_block(block).await
	}

	async fn import_block(&self, block: BlockImportParams<Block>) -> Result<ImportResult, Error> {
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

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{Client, HostFunctions, SelectChain};
	use assay_runtime::Hash;
	use polkadot_sdk::{
		sc_block_builder::BlockBuilderBuilder,
		sc_chain_spec::{ChainSpec as _, GenericChainSpec, NoExtension},
		sc_client_api::{execution_extensions::ExecutionExtensions, Finalizer, HeaderBackend},
		sc_client_db::{BlocksPruning, DatabaseSettings, DatabaseSource},
		sc_consensus::{StateAction, StorageChanges},
		sc_consensus_babe::{self as babe, BabeConfiguration, BabeIntermediate, INTERMEDIATE_KEY},
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
			W: FnOnce(Import, SharedEpochChanges<Block, Epoch>) -> Import,
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
			let import = wrap(Box::new(import), epochs.clone());
			Self { client, config, epochs, import, trouble, _directory: directory }
		}

		/// Makes an empty block as a validator does; an error if the tree of epochs does not say how.
		fn author(&self, parent: Hash, slot: u64) -> Result<BlockImportParams<Block>, String> {
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
			let mut block = BlockImportParams::new(BlockOrigin::Own, header);
			block.body = Some(body);
			block.state_action =
				StateAction::ApplyChanges(StorageChanges::Changes(built.storage_changes));
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
		/// first block of the third epoch on the second, which becomes final then or after it. Then the same once more.
		fn with(&self, trouble: impl FnOnce(Hash) -> Trouble) -> [Result<Hash, String>; 2] {
			let make = |parent, slot| self.import(self.author(parent, slot)?);
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
			[first, make(other, third)]
		}
	}

	/// Once the stock import goes on as well, the wrapper can go.
	#[test]
	fn import_should_go_on_when_the_first_block_of_an_epoch_was_not_imported() {
		let troubles: [(fn(Hash) -> Trouble, _); 2] = [
			(Trouble::Finality, "No block weight for parent header"),
			(|_| Trouble::NoState, "Ok(MissingState)"),
		];
		let genesis = Genesis::new();
		for (trouble, symptom) in troubles {
			let stock = Chain::new(&genesis, |import, _| import).with(trouble);
			let wrapped = |import, epochs| -> Import { Box::new(Restoring::new(import, epochs)) };
			let wrapped = Chain::new(&genesis, wrapped).with(trouble);
			for first in [&stock[0], &wrapped[0]] {
				assert!(first.as_ref().unwrap_err().contains(symptom));
			}
			assert!(stock[1].as_ref().unwrap_err().contains("Header was not found"));
			assert!(wrapped[1].is_ok());
		}
	}
}
