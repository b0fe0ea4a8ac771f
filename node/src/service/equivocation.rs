//! Reports validators that seal two blocks for one slot.
//!
//! The stock import looks for such pairs as well, but sc-consensus-babe 0.60 shows the runtime headers from which the
//! seal was taken off: each of its reports fails with `InvalidEquivocationProof`, and nobody is ever slashed. Its
//! reports are rejected here ([`stock_reports`]), and a wrapper around the import makes the right ones.

use super::{Block, Client, SelectChain};
use jsonrpsee::core::async_trait;
use polkadot_sdk::{
	sc_consensus::{BlockCheckParams, BlockImport, BlockImportParams, ImportResult},
	sc_transaction_pool_api::{OffchainTransactionPoolFactory, RejectAllTxPool},
	sp_api::{ApiExt, ProvideRuntimeApi},
	sp_consensus::{BlockOrigin, Error, SelectChain as _},
	sp_consensus_babe::{
		check_equivocation_proof, digests::CompatibleDigestItem, AuthorityId, BabeApi,
		EquivocationProof, Slot,
	},
	sp_runtime::traits::Header as _,
};
use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, PoisonError},
};

type Header = assay_runtime::Header;
type Proof = EquivocationProof<Header>;

/// Seals that are remembered: half an hour of slots of three seconds.
const REMEMBERED: usize = 600;

/// Where the stock import's own reports go: nowhere.
pub(super) fn stock_reports() -> OffchainTransactionPoolFactory<Block> {
	OffchainTransactionPoolFactory::new(RejectAllTxPool::default())
}

/// The newest seals by slot and validator.
#[derive(Default)]
struct Seals(BTreeMap<(Slot, AuthorityId), Header>);

impl Seals {
	/// Takes note of a header; a proof if its validator has sealed another one for the slot.
	fn note(&mut self, slot: Slot, author: AuthorityId, header: Header) -> Option<Proof> {
		let first = self.0.entry((slot, author.clone())).or_insert_with(|| header.clone()).clone();
		if self.0.len() > REMEMBERED {
			self.0.pop_first();
		}
		(first.hash() != header.hash()).then_some(EquivocationProof {
			offender: author,
			slot,
			first_header: first,
			second_header: header,
		})
	}
}

/// A block import that reports equivocations.
#[derive(Clone)]
pub(crate) struct Reporting<I> {
	inner: I,
	client: Arc<Client>,
	select_chain: SelectChain,
	pool: OffchainTransactionPoolFactory<Block>,
	seals: Arc<Mutex<Seals>>,
}

impl<I> Reporting<I> {
	pub(super) fn new(
		inner: I,
		client: Arc<Client>,
		select_chain: SelectChain,
		pool: OffchainTransactionPoolFactory<Block>,
	) -> Self {
		Self { inner, client, select_chain, pool, seals: Arc::default() }
	}

	/// Which validator a header is of, and for which slot.
	fn author(&self, header: &Header) -> Result<Option<(Slot, AuthorityId)>, String> {
		let parent = *header.parent_hash();
		let claim = header.digest().logs().iter().find_map(|log| log.as_babe_pre_digest());
		let Some(claim) = claim else { return Ok(None) };
		let slot = claim.slot();
		let api = self.client.runtime_api();
		let mut epoch = api.current_epoch(parent).map_err(|error| error.to_string())?;
		if slot >= epoch.start_slot + epoch.duration {
			// The first block of an epoch.
			epoch = api.next_epoch(parent).map_err(|error| error.to_string())?;
		}
		let author = epoch.authorities.get(claim.authority_index() as usize);
		Ok(author.map(|(author, _)| (slot, author.clone())))
	}

	fn note(&self, slot: Slot, author: AuthorityId, header: Header) -> Option<Proof> {
		self.seals.lock().unwrap_or_else(PoisonError::into_inner).note(slot, author, header)
	}

	/// Looks at a block whose seal was verified.
	async fn look(&self, header: Header) -> Result<(), String> {
		let Some((slot, author)) = self.author(&header)? else { return Ok(()) };
		let parent = *header.parent_hash();
		let proof = self.note(slot, author, header);
		match proof {
			Some(proof) if check_equivocation_proof(proof.clone()) => {
				self.report(proof, parent).await
			},
			Some(_) | None => Ok(()),
		}
	}

	/// Hands a proof to the pool of this node, whose validator may put it into a block.
	async fn report(&self, proof: Proof, parent: assay_runtime::Hash) -> Result<(), String> {
		let best = self.select_chain.best_chain().await.map_err(|error| error.to_string())?.hash();
		let (slot, offender) = (proof.slot, proof.offender.clone());
		// An instance of the API is good for one block.
		let owner = [parent, best].into_iter().find_map(|at| {
			let api = self.client.runtime_api();
			api.generate_key_ownership_proof(at, slot, offender.clone()).ok().flatten()
		});
		let Some(owner) = owner else { return Ok(()) };
		log::warn!(target: "babe", "{offender:?} has sealed two blocks for slot {slot}, which is reported");
		let mut api = self.client.runtime_api();
		api.register_extension(self.pool.offchain_transaction_pool(best));
		api.submit_report_equivocation_unsigned_extrinsic(best, proof, owner)
			.map_err(|error| error.to_string())?;
		Ok(())
	}
}

#[async_trait]
impl<I: BlockImport<Block, Error = Error> + Send + Sync> BlockImport<Block> for Reporting<I> {
	type Error = Error;

	async fn check_block(&self, block: BlockCheckParams<Block>) -> Result<ImportResult, Error> {
		self.inner.check_block(block).await
	}

	async fn import_block(&self, block: BlockImportParams<Block>) -> Result<ImportResult, Error> {
		// Others are no news, and their state may be absent.
		let is_news = matches!(
			block.origin,
			BlockOrigin::NetworkBroadcast | BlockOrigin::ConsensusBroadcast | BlockOrigin::Own
		);
		let header = is_news.then(|| block.post_header());
		let result = self.inner.import_block(block).await?;
		if let Some(header) = header {
			if let Err(error) = self.look(header).await {
				log::warn!(target: "babe", "equivocations cannot be looked for: {error}");
			}
		}
		Ok(result)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use polkadot_sdk::{sp_core::crypto::ByteArray, sp_runtime::Digest};

	fn header(number: u32) -> Header {
		let root = Default::default();
		Header::new(number, root, root, root, Digest::default())
	}

	fn author(byte: u8) -> AuthorityId {
		AuthorityId::from_slice(&[byte; 32]).expect("32 bytes are a key")
	}

	#[test]
	fn note_should_prove_only_what_one_validator_sealed_twice_for_one_slot() {
		let mut seals = Seals::default();
		assert_eq!(seals.note(Slot::from(7), author(1), header(1)), None);
		assert_eq!(seals.note(Slot::from(7), author(1), header(1)), None);
		assert_eq!(seals.note(Slot::from(7), author(2), header(2)), None);
		assert_eq!(seals.note(Slot::from(8), author(1), header(2)), None);
		let proof = seals.note(Slot::from(7), author(1), header(3)).expect("two blocks");
		assert_eq!((proof.offender, proof.slot), (author(1), Slot::from(7)));
		assert_eq!((proof.first_header, proof.second_header), (header(1), header(3)));
	}

	#[test]
	fn note_should_forget_the_oldest_slots_when_there_are_too_many() {
		let mut seals = Seals::default();
		for slot in 0..REMEMBERED as u64 + 5 {
			assert_eq!(seals.note(Slot::from(slot), author(1), header(1)), None);
		}
		assert_eq!(seals.0.len(), REMEMBERED);
		assert_eq!(seals.note(Slot::from(0), author(1), header(2)), None);
	}
}
