//! A chain whose blocks are made by whatever code its state holds, as a node makes them.

use assay_host_functions::assay_executor;
use assay_runtime::{
	AccountId, BlockNumber, Hash, Header, Runtime, RuntimeCall, RuntimeEvent, SignedPayload,
	System, TxExtension, UncheckedExtrinsic,
};
use codec::{Decode, Encode};
use polkadot_sdk::{
	frame_metadata_hash_extension::CheckMetadataHash,
	frame_system, pallet_balances, pallet_timestamp,
	pallet_transaction_payment::ChargeTransactionPayment,
	sc_chain_spec::GenesisConfigBuilderRuntimeCaller,
	sc_executor::WasmExecutor,
	sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
	sp_core::{
		storage::{well_known_keys::CODE, StateVersion, Storage},
		traits::{
			CallContext, CodeExecutor, ReadRuntimeVersionExt, RuntimeCode, WrappedRuntimeCode,
		},
	},
	sp_externalities::Externalities,
	sp_io::{SubstrateHostFunctions, TestExternalities},
	sp_keyring::Sr25519Keyring,
	sp_runtime::{
		generic::Era,
		traits::{BlakeTwo256, Hash as _, Header as _},
		ApplyExtrinsicResult, Digest, DigestItem, DispatchError, MultiAddress, MultiSignature,
	},
	sp_version::RuntimeVersion,
};

/// Length of a slot in the preset `local_testnet`.
const SLOT_MS: u64 = 3_000;
/// Most transactions of a block here, so that their declared weights fit it.
const MOST: usize = 20;

/// What an account wants to do.
pub(crate) type Order = (Sr25519Keyring, RuntimeCall);

type Executor = WasmExecutor<(SubstrateHostFunctions, assay_executor::HostFunctions)>;

/// The state of a chain and what executes its code.
pub(crate) struct Chain {
	genesis: Storage,
	state: TestExternalities,
	executor: Executor,
	code: Vec<u8>,
	hash: Vec<u8>,
	/// What the code says it is.
	pub(crate) version: RuntimeVersion,
	parent: Hash,
	/// The transactions of every block so far.
	pub(crate) blocks: Vec<Vec<Order>>,
	/// The events of every block so far.
	pub(crate) events: Vec<(BlockNumber, RuntimeEvent)>,
}

impl Chain {
	/// The local test network at genesis, with `code` as its runtime.
	pub(crate) fn new(code: &[u8]) -> Self {
		let storage = GenesisConfigBuilderRuntimeCaller::<()>::new(code)
			.get_storage_for_named_preset(Some(&"local_testnet".to_owned()))
			.expect("the preset is one of the runtime's");
		Self::from_genesis(code, storage, Executor::builder().build())
	}

	/// The same chain at its genesis, whose code need not be compiled again.
	pub(crate) fn twin(&self, code: &[u8]) -> Self {
		Self::from_genesis(code, self.genesis.clone(), self.executor.clone())
	}

	fn from_genesis(code: &[u8], genesis: Storage, executor: Executor) -> Self {
		let storage = genesis.clone();
		let mut state = TestExternalities::new_with_code_and_state(code, storage, StateVersion::V1);
		state.register_extension(ReadRuntimeVersionExt::new(executor.clone()));
		let mut chain = Self {
			genesis,
			state,
			executor,
			code: Vec::new(),
			hash: Vec::new(),
			version: RuntimeVersion::default(),
			parent: Hash::repeat_byte(7),
			blocks: Vec::new(),
			events: Vec::new(),
		};
		chain.load();
		chain
	}

	/// Takes the code from the state.
	fn load(&mut self) {
		let code = self.state.ext().storage(CODE).expect("the state has code");
		self.hash = BlakeTwo256::hash(&code).0.to_vec();
		self.code = code;
		let version = self.call("Core_version", &[]);
		self.version = RuntimeVersion::decode(&mut &version[..]).expect("it is a version");
	}

	/// Calls a function of the chain's runtime.
	pub(crate) fn call(&mut self, method: &str, data: &[u8]) -> Vec<u8> {
		let fetcher = WrappedRuntimeCode((&self.code[..]).into());
		let hash = self.hash.clone();
		let code = RuntimeCode { code_fetcher: &fetcher, hash, heap_pages: None };
		let context = CallContext::Onchain { import: false };
		let mut ext = self.state.ext();
		let (result, _) = self.executor.call(&mut ext, &code, method, data, context);
		result.unwrap_or_else(|error| panic!("{method}: {error}"))
	}

	/// Calls a function of the chain's runtime whose answer is a `T`.
	pub(crate) fn ask<T: Decode>(&mut self, method: &str, argument: impl Encode) -> T {
		let answer = self.call(method, &argument.encode());
		T::decode(&mut &answer[..]).unwrap_or_else(|error| panic!("{method}: {error}"))
	}

	/// Reads the state by the types of the runtime before the upgrade.
	pub(crate) fn read<R>(&mut self, read: impl FnOnce() -> R) -> R {
		self.state.execute_with(read)
	}

	/// Does something with the state that is forgotten afterwards.
	pub(crate) fn forget<R>(&mut self, act: impl FnOnce() -> R) -> R {
		self.state.ext().storage_start_transaction();
		let result = self.state.execute_with(act);
		self.state.ext().storage_rollback_transaction().expect("it was started");
		result
	}

	/// The last block.
	pub(crate) fn height(&mut self) -> BlockNumber {
		self.read(System::block_number)
	}

	/// Makes as many blocks as these transactions need, in this order; each must succeed.
	pub(crate) fn make(&mut self, orders: Vec<Order>) {
		let mut orders = orders.into_iter().peekable();
		while orders.peek().is_some() {
			self.begin();
			let mut taken = vec![];
			while let Some((who, order)) = orders.next_if(|_| taken.len() < MOST) {
				// A block in which the chain itself has much to do, as where an era ends, may be full.
				if !self.include(who, &order) {
					self.seal(taken);
					self.begin();
					taken = vec![];
					assert!(self.include(who, &order), "an empty block is full");
				}
				taken.push((who, order));
			}
			self.seal(taken);
		}
	}

	/// Makes one block with these transactions, which must succeed.
	pub(crate) fn block(&mut self, orders: Vec<Order>) {
		self.begin();
		for (who, order) in &orders {
			assert!(self.include(*who, order), "the block is full");
		}
		self.seal(orders);
	}

	/// Makes empty blocks up to this one.
	pub(crate) fn run_to(&mut self, block: BlockNumber) {
		while self.height() < block {
			self.block(vec![]);
		}
	}

	/// What a transaction in a block of its own comes to. That block is forgotten.
	pub(crate) fn attempt(&mut self, (who, order): Order) -> Result<(), DispatchError> {
		self.state.ext().storage_start_transaction();
		self.begin();
		let transaction = self.sign(who, order);
		let done = self.apply(&transaction).expect("the chain takes it in");
		self.state.ext().storage_rollback_transaction().expect("it was started");
		done
	}

	/// Begins the next block: its header, and the inherent that every block has.
	fn begin(&mut self) {
		let number = self.height() + 1;
		let slot = 1_000 + u64::from(number);
		let claim = SecondaryPlainPreDigest { authority_index: 0, slot: slot.into() };
		let logs = vec![DigestItem::babe_pre_digest(PreDigest::SecondaryPlain(claim))];
		let none = Hash::zero();
		let header = Header::new(number, none, none, self.parent, Digest { logs });
		self.call("Core_initialize_block", &header.encode());
		let now = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now: slot * SLOT_MS });
		let now = UncheckedExtrinsic::new_bare(now);
		assert_eq!(self.apply(&now), Ok(Ok(())));
	}

	/// Ends the block that was begun, which has these transactions.
	fn seal(&mut self, orders: Vec<Order>) {
		self.blocks.push(orders);
		let header: Header = self.ask("BlockBuilder_finalize_block", ());
		self.parent = header.hash();
		let number = *header.number();
		let events = self.read(System::events).into_iter();
		self.events.extend(events.map(|record| (number, record.event)));
		if header.digest.logs.contains(&DigestItem::RuntimeEnvironmentUpdated) {
			self.load();
		}
	}

	fn apply(&mut self, transaction: &UncheckedExtrinsic) -> ApplyExtrinsicResult {
		self.ask("BlockBuilder_apply_extrinsic", transaction)
	}

	/// Sends a signed transaction, which must succeed; whether the block had room for it.
	fn include(&mut self, who: Sr25519Keyring, order: &RuntimeCall) -> bool {
		let transaction = self.sign(who, order.clone());
		match self.apply(&transaction) {
			Err(refused) if refused.exhausted_resources() => false,
			done => {
				assert_eq!(done, Ok(Ok(())), "{order:?}");
				true
			},
		}
	}

	/// A transaction of an account, for the runtime that the chain has now.
	fn sign(&mut self, who: Sr25519Keyring, call: RuntimeCall) -> UncheckedExtrinsic {
		let account = who.to_account_id();
		let (nonce, genesis) =
			self.read(|| (System::account_nonce(&account), System::block_hash(0)));
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
		let (spec, format) = (self.version.spec_version, self.version.transaction_version);
		let implied = ((), spec, format, genesis, genesis, (), (), (), None, ());
		let payload = SignedPayload::from_raw(call, extension, implied);
		let signature = payload.using_encoded(|bytes| who.sign(bytes));
		let (call, extension, _) = payload.deconstruct();
		let address = MultiAddress::Id(account);
		UncheckedExtrinsic::new_signed(call, address, MultiSignature::Sr25519(signature), extension)
	}

	/// What every account has, free and on hold. Checks that it is all there is.
	pub(crate) fn purses(&mut self) -> Vec<(AccountId, pallet_balances::AccountData<u128>)> {
		self.read(|| {
			let accounts = frame_system::Account::<Runtime>::iter();
			let mut purses: Vec<_> = accounts.map(|(who, account)| (who, account.data)).collect();
			purses.sort_by_key(|(who, _)| who.clone());
			let sum: u128 = purses.iter().map(|(_, data)| data.free + data.reserved).sum();
			assert_eq!(sum, assay_runtime::Balances::total_issuance());
			purses
		})
	}
}
