//! Blocks that the real wasm makes.

use super::wasm;
use assay_host_functions::assay_executor;
use assay_runtime::{
	Hash, Header, Runtime, RuntimeCall, SignedPayload, System, TxExtension, UncheckedExtrinsic,
};
use codec::{Decode, Encode};
use polkadot_sdk::{
	frame_metadata_hash_extension::CheckMetadataHash,
	frame_system, pallet_timestamp,
	pallet_transaction_payment::ChargeTransactionPayment,
	sc_executor::WasmExecutor,
	sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
	sp_core::traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	sp_io::{SubstrateHostFunctions, TestExternalities},
	sp_keyring::Sr25519Keyring,
	sp_runtime::{
		generic::Era,
		traits::{BlakeTwo256, Hash as _, Header as _},
		ApplyExtrinsicResult, Digest, DigestItem, MultiAddress, MultiSignature,
	},
};
use std::time::{Duration, Instant};

/// Length of a slot in the preset `local_testnet`.
const SLOT_MS: u64 = 3_000;

/// Executes the wasm as a node does.
pub(crate) struct Machine {
	executor: WasmExecutor<(SubstrateHostFunctions, assay_executor::HostFunctions)>,
	hash: Vec<u8>,
}

/// A transaction that a block has taken in.
pub(crate) struct Applied {
	/// Bytes of the transaction.
	pub(crate) bytes: usize,
	/// How long the wasm took to apply it.
	pub(crate) time: Duration,
}

impl Machine {
	pub(crate) fn new() -> Self {
		Self {
			executor: WasmExecutor::builder().build(),
			hash: BlakeTwo256::hash(wasm()).0.to_vec(),
		}
	}

	/// Calls a function of the runtime's interface on the state of `chain`.
	pub(crate) fn call(&self, chain: &mut TestExternalities, method: &str, data: &[u8]) -> Vec<u8> {
		let fetcher = WrappedRuntimeCode(wasm().into());
		let code =
			RuntimeCode { code_fetcher: &fetcher, hash: self.hash.clone(), heap_pages: None };
		let context = CallContext::Onchain { import: false };
		let (result, _) = self.executor.call(&mut chain.ext(), &code, method, data, context);
		result.unwrap_or_else(|error| panic!("{method}: {error}"))
	}

	fn apply(&self, chain: &mut TestExternalities, transaction: &[u8]) {
		let result = self.call(chain, "BlockBuilder_apply_extrinsic", transaction);
		let result = ApplyExtrinsicResult::decode(&mut &result[..]).expect("decodes");
		assert_eq!(result, Ok(Ok(())));
	}

	/// Makes the next block, with one signed transaction that must succeed.
	pub(crate) fn make_block(
		&self,
		chain: &mut TestExternalities,
		who: Sr25519Keyring,
		call: RuntimeCall,
	) -> Applied {
		let number = chain.execute_with(System::block_number) + 1;
		let slot = 1_000 + u64::from(number);
		let claim = SecondaryPlainPreDigest { authority_index: 0, slot: slot.into() };
		let logs = vec![DigestItem::babe_pre_digest(PreDigest::SecondaryPlain(claim))];
		let (none, parent) = (Hash::zero(), Hash::repeat_byte(7));
		let header = Header::new(number, none, none, parent, Digest { logs });
		self.call(chain, "Core_initialize_block", &header.encode());
		let now = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now: slot * SLOT_MS });
		self.apply(chain, &UncheckedExtrinsic::new_bare(now).encode());
		let transaction = chain.execute_with(|| sign(who, call)).encode();
		let start = Instant::now();
		self.apply(chain, &transaction);
		let time = start.elapsed();
		let sealed = self.call(chain, "BlockBuilder_finalize_block", &[]);
		let sealed = Header::decode(&mut &sealed[..]).expect("decodes");
		assert_eq!(*sealed.number(), number);
		Applied { bytes: transaction.len(), time }
	}
}

/// A transaction of an account.
fn sign(who: Sr25519Keyring, call: RuntimeCall) -> UncheckedExtrinsic {
	let nonce = System::account_nonce(who.to_account_id());
	let extension: TxExtension = (
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckMortality::from(Era::immortal()),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		ChargeTransactionPayment::<Runtime>::from(0),
		CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	);
	let payload = SignedPayload::new(call, extension).expect("all extensions have their data");
	let signature = payload.using_encoded(|bytes| who.sign(bytes));
	let (call, extension, _) = payload.deconstruct();
	let address = MultiAddress::Id(who.to_account_id());
	UncheckedExtrinsic::new_signed(call, address, MultiSignature::Sr25519(signature), extension)
}
