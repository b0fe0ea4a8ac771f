//! Reports validators that seal two blocks for one slot.
//!
//! The stock import looks for such pairs as well, but sc-consensus-babe 0.60 shows the runtime headers from which the
//! seal was taken off: each of its reports fails with `InvalidEquivocationProof`, and nobody is ever slashed. Its
//! reports are rejected here ([`stock_reports`]), and a wrapper around the import makes the right ones. The stock
//! import logs "Submitted equivocation report" at INFO all the same, although nothing was sent by it.
//!
//! Seals are remembered in memory only: of a pair with a restart between its blocks, this node knows but one.

use super::{Block, Client, SelectChain};
use jsonrpsee::core::async_trait;
use polkadot_sdk::{
	sc_consensus::{BlockCheckParams, BlockImport, BlockImportParams, ImportResult},
	sc_transaction_pool_api::{OffchainTransactionPoolFactory, RejectAllTxPool},
	sp_api::{ApiExt, ProvideRuntimeApi},
	sp_consensus::{BlockOrigin, Error, SelectChain as _},
	sp_consensus_babe::{
		check_equivocation_proof, digests::CompatibleDigestItem, AuthorityId, BabeApi, Epoch,
		EquivocationProof, OpaqueKeyOwnershipProof, Slot,
	},
	sp_runtime::traits::Header as _,
};
use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, PoisonError},
};

type Header = assay_runtime::Header;
type Proof = EquivocationProof<Header>;

/// Seals that are remembered, one for each validator of a slot. At about 1.3 a slot they are those of the last
/// 46 minutes in production, whose slots have 6 s, and of 23 minutes where slots have 3 s.
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

/// Whether a slot is one of an epoch's.
fn covers(epoch: &Epoch, slot: Slot) -> bool {
	epoch.start_slot <= slot && slot < epoch.start_slot + epoch.duration
}

/// The header of a block that may be half of an equivocation, with its seal.
fn news(block: &BlockImportParams<Block>) -> Option<Header> {
	// Others are no news, and their state may be absent.
	let is_news = matches!(
		block.origin,
		BlockOrigin::NetworkBroadcast | BlockOrigin::ConsensusBroadcast | BlockOrigin::Own
	);
	// A seal stays in the header where the verifier is skipped, as in the gap of a warp sync.
	let is_verified = !block.post_digests.is_empty();
	(is_news && is_verified).then(|| block.post_header())
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
		} else if slot < epoch.start_slot {
			// Older than its parent: its seal was verified with an epoch that this state has left behind.
			return Ok(None);
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
		match self.note(slot, author, header) {
			Some(proof) if check_equivocation_proof(proof.clone()) => self.report(proof).await,
			Some(_) | None => Ok(()),
		}
	}

	/// Hands a proof to the pool of this node, whose validator may put it into a block.
	async fn report(&self, proof: Proof) -> Result<(), String> {
		let best = self.select_chain.best_chain().await.map_err(|error| error.to_string())?.hash();
		let what = format!("{:?} has sealed two blocks for slot {}", proof.offender, proof.slot);
		let Some(owner) = self.owner(&proof, best) else {
			log::warn!(target: "babe", "{what}; not reported, as no state proves whose key that is");
			return Ok(());
		};
		let mut api = self.client.runtime_api();
		api.register_extension(self.pool.offchain_transaction_pool(best));
		let sent = api
			.submit_report_equivocation_unsigned_extrinsic(best, proof, owner)
			.map_err(|error| format!("{what}; the report failed: {error}"))?;
		match sent {
			Some(()) => log::warn!(target: "babe", "{what}, which is reported"),
			None => log::warn!(target: "babe", "{what}; no report came of it, or the pool has one"),
		}
		Ok(())
	}

	/// Proves whose key has sealed two blocks.
	fn owner(&self, proof: &Proof, best: assay_runtime::Hash) -> Option<OpaqueKeyOwnershipProof> {
		let (first, second) = (&proof.first_header, &proof.second_header);
		// The runtime wants the session of the slot, and a state proves only the keys of its own. The states after the
		// two blocks are of that session, but an import that failed leaves none. The parent's is one session behind
		// at the start of an epoch, and the best block's may be on either side.
		let states = [second.hash(), first.hash(), *second.parent_hash(), best];
		states.into_iter().find_map(|at| {
			// An instance of the API is good for one block.
			let api = self.client.runtime_api();
			api.current_epoch(at).ok().filter(|epoch| covers(epoch, proof.slot))?;
			api.generate_key_ownership_proof(at, proof.slot, proof.offender.clone()).ok().flatten()
		})
	}
}

#[async_trait]
impl<I: BlockImport<Block, Error = Error> + Send + Sync> BlockImport<Block> for Reporting<I> {
	type Error = Error;

	async fn check_block(&self, block: BlockCheckParams<Block>) -> Result<ImportResult, Error> {
		self.inner.check_block(block).await
	}

	async fn import_block(&self, block: BlockImportParams<Block>) -> Result<ImportResult, Error> {
		let header = news(&block);
		let result = self.inner.import_block(block).await;
		// A bad block is evidence as well, since its seal was verified before. Memory stays bounded: only who may author
		// in a slot can seal for it, and of those only the first header is kept.
		if let Some(header) = header {
			if let Err(error) = self.look(header).await {
				log::warn!(target: "babe", "an equivocation may go unreported: {error}");
			}
		}
		result
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use polkadot_sdk::{
		sp_consensus_babe::{
			digests::{PreDigest, SecondaryPlainPreDigest},
			AuthorityPair,
		},
		sp_core::{crypto::ByteArray, Pair},
		sp_runtime::{Digest, DigestItem},
	};

	fn header(number: u32) -> Header {
		let root = Default::default();
		Header::new(number, root, root, root, Digest::default())
	}

	fn author(byte: u8) -> AuthorityId {
		AuthorityId::from_slice(&[byte; 32]).expect("32 bytes are a key")
	}

	/// A key that can seal.
	fn pair(byte: u8) -> AuthorityPair {
		AuthorityPair::from_seed(&[byte; 32])
	}

	/// A block for slot 7 as the verifier leaves it: the seal is apart from the header.
	fn sealed(pair: &AuthorityPair, number: u32) -> BlockImportParams<Block> {
		let claim = SecondaryPlainPreDigest { authority_index: 0, slot: Slot::from(7) };
		let mut header = header(number);
		let claim = DigestItem::babe_pre_digest(PreDigest::SecondaryPlain(claim));
		header.digest_mut().push(claim);
		let seal = pair.sign(header.hash().as_ref());
		let mut block = BlockImportParams::new(BlockOrigin::NetworkBroadcast, header);
		block.post_digests.push(DigestItem::babe_seal(seal));
		block
	}

	/// What is noted of two blocks of one author.
	fn proof(author: AuthorityId, blocks: [BlockImportParams<Block>; 2]) -> Proof {
		let mut seals = Seals::default();
		let [first, second] = blocks.map(|block| news(&block).expect("a verified seal"));
		assert_eq!(seals.note(Slot::from(7), author.clone(), first), None);
		seals.note(Slot::from(7), author, second).expect("two blocks")
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

	#[test]
	fn note_should_keep_the_newest_slots_when_an_old_one_comes_late() {
		let mut seals = Seals::default();
		for slot in 1..=REMEMBERED as u64 {
			assert_eq!(seals.note(Slot::from(slot), author(1), header(1)), None);
		}
		assert_eq!(seals.note(Slot::from(0), author(1), header(1)), None);
		assert!(seals.note(Slot::from(1), author(1), header(2)).is_some());
		assert_eq!(seals.note(Slot::from(0), author(1), header(2)), None);
	}

	#[test]
	fn proof_should_hold_when_one_key_made_both_seals() {
		let blocks = [1, 2].map(|number| sealed(&pair(1), number));
		assert!(check_equivocation_proof(proof(pair(1).public(), blocks)));
	}

	#[test]
	fn proof_should_not_hold_when_another_key_made_a_seal() {
		let blocks = [sealed(&pair(1), 1), sealed(&pair(2), 2)];
		assert!(!check_equivocation_proof(proof(pair(1).public(), blocks)));
	}

	#[test]
	fn news_should_be_none_when_a_block_comes_by_a_sync() {
		use BlockOrigin::{GapSync, NetworkInitialSync, WarpSync};
		for origin in [GapSync, NetworkInitialSync, WarpSync] {
			let mut block = sealed(&pair(1), 1);
			block.origin = origin;
			assert_eq!(news(&block), None);
		}
	}

	#[test]
	fn news_should_be_none_when_the_verifier_was_skipped() {
		let mut block = sealed(&pair(1), 1);
		block.header = block.post_header();
		block.post_digests.clear();
		assert_eq!(news(&block), None);
	}

	#[test]
	fn covers_should_hold_from_the_first_slot_of_an_epoch_to_its_last() {
		let epoch = Epoch {
			epoch_index: 2,
			start_slot: Slot::from(20),
			duration: 10,
			authorities: Vec::new(),
			randomness: Default::default(),
			config: assay_runtime::BABE_GENESIS_EPOCH_CONFIG,
		};
		let covered: Vec<u64> = (0..50).filter(|slot| covers(&epoch, Slot::from(*slot))).collect();
		assert_eq!(covered, (20..30).collect::<Vec<u64>>());
	}
}
