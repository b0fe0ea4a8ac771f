//! Duties, moves and transactions, with an executor that a test scripts.

mod bids;
mod challenger;
mod player;
mod solver;
mod tips;

use assay_commitment::{list, state_of_slots, ListTag};
use assay_host_functions::{
	Executor, ExecutorExt, Job, JobResult, JobStatus, SubmitError, Work as JobWork,
};
use assay_ops::{Binary, Broadcast, DType, Node, Op, Program, Slot, ValueType};
use assay_primitives::{Assurance, Claim, ClaimEnds, HardwareClass, Root, Terms, Work};
use assay_runtime::{
	constants::ASY,
	offchain::{
		run,
		signing::{CHALLENGER_KEYS, SOLVER_KEYS},
	},
	Balance, BlockNumber, Hash, Runtime, RuntimeCall, RuntimeOrigin, System, TaskMarket,
	UncheckedExtrinsic,
};
use codec::DecodeAll;
use polkadot_sdk::{
	frame_support::{assert_ok, traits::Hooks},
	frame_system, pallet_balances,
	sp_core::{
		crypto::KeyTypeId,
		offchain::{
			testing::{TestOffchainExt, TestTransactionPoolExt},
			OffchainDbExt, OffchainWorkerExt, TransactionPoolExt,
		},
	},
	sp_io::TestExternalities,
	sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie},
	sp_keystore::{testing::MemoryKeystore, Keystore, KeystoreExt},
	sp_runtime::{generic::Preamble, traits::Dispatchable, BuildStorage, MultiAddress},
};
use std::sync::{Arc, Mutex};

/// The states of every claim in these tests.
fn states() -> [Root; 2] {
	[state_of_slots(0, &[3; 32]), state_of_slots(1, &[6; 32])]
}

fn claim_root() -> Root {
	list::root(ListTag::States, &states())
}

/// Paths of both states.
fn ends() -> ClaimEnds {
	let [first, last] = [0, 1].map(|at| list::prove(ListTag::States, &states(), at).unwrap());
	ClaimEnds { first, last }
}

/// An executor that keeps the jobs it gets and says what a test wants.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
	jobs: Vec<Job>,
	train: Option<JobStatus>,
	check: Option<JobStatus>,
	play: Option<JobStatus>,
	hand_in: Option<JobStatus>,
	prepare: Option<JobStatus>,
	/// Root of any prefix of any list.
	prefix: Option<Root>,
	/// A task whose data nobody has.
	unprepared: Option<assay_primitives::TaskId>,
}

impl Fake {
	fn say(&self, change: impl FnOnce(&mut Script)) {
		change(&mut self.0.lock().unwrap());
	}

	/// The jobs since the last look.
	fn asked(&self) -> Vec<Job> {
		std::mem::take(&mut self.0.lock().unwrap().jobs)
	}
}

impl Executor for Fake {
	fn submit(&self, job: &[u8]) -> Result<u64, SubmitError> {
		let job = Job::decode_all(&mut &*job).map_err(|_| SubmitError::Malformed)?;
		let mut script = self.0.lock().unwrap();
		let id = match job.work {
			JobWork::Prepare if script.unprepared == Some(job.context.task) => 6,
			JobWork::Train => 1,
			JobWork::Check(_) => 2,
			JobWork::Play { .. } => 3,
			JobWork::HandIn => 4,
			JobWork::Prepare => 5,
		};
		script.jobs.push(job);
		Ok(id)
	}

	fn poll(&self, id: u64) -> JobStatus {
		let script = self.0.lock().unwrap();
		let answer = match id {
			1 => script.train.clone(),
			2 => script.check.clone(),
			3 => script.play.clone(),
			4 => script.hand_in.clone(),
			5 => script.prepare.clone().or(Some(JobStatus::Done(JobResult::Ready))),
			6 => Some(JobStatus::Done(JobResult::Wait { reason: Default::default() })),
			_ => Some(JobStatus::Unknown),
		};
		answer.unwrap_or(JobStatus::Queued)
	}

	fn cancel(&self, _: u64) -> bool {
		false
	}

	fn prefix(&self, _: &Root, _: u32) -> Option<Root> {
		self.0.lock().unwrap().prefix
	}
}

/// The transactions that left the node since the last look: who signed, what.
type Sent<'a> = &'a dyn Fn() -> Vec<(Sr25519Keyring, RuntimeCall)>;

/// The same, as they left it.
type Raw<'a> = &'a dyn Fn() -> Vec<Vec<u8>>;

/// A node at block 1 of a chain on which Alice has posted task 0 and Bob is a solver; Charlie has money.
/// Its keystore holds `keys`.
fn node(keys: &[(KeyTypeId, Sr25519Keyring)], test: impl FnOnce(&Fake, Sent)) {
	raw_node(keys, |fake, raw| test(fake, &|| raw().iter().map(|bytes| opened(bytes)).collect()));
}

fn raw_node(keys: &[(KeyTypeId, Sr25519Keyring)], test: impl FnOnce(&Fake, Raw)) {
	let (mut ext, fake) = (chain(), Fake::default());
	ext.execute_with(|| {
		post();
		let metadata = Default::default();
		let hardware = HardwareClass::Cpu;
		act(Bob, pallet_compute_staking::Call::<Runtime>::register { hardware, metadata });
		act(Bob, pallet_compute_staking::Call::<Runtime>::bond { amount: 1_000 * ASY });
	});
	// What posting indexed reaches the node's local storage.
	ext.persist_offchain_overlay();
	let keystore = MemoryKeystore::new();
	for (kind, key) in keys {
		keystore.sr25519_generate_new(*kind, Some(&key.to_seed())).unwrap();
	}
	let (offchain, _) = TestOffchainExt::with_offchain_db(ext.offchain_db());
	let (pool, state) = TestTransactionPoolExt::new();
	ext.register_extension(OffchainDbExt::new(offchain.clone()));
	ext.register_extension(OffchainWorkerExt::new(offchain));
	ext.register_extension(TransactionPoolExt::new(pool));
	ext.register_extension(KeystoreExt::new(keystore));
	ext.register_extension(ExecutorExt::new(fake.clone()));
	let sent = move || state.write().transactions.drain(..).collect();
	ext.execute_with(|| test(&fake, &sent));
}

fn chain() -> TestExternalities {
	let mut storage = frame_system::GenesisConfig::<Runtime>::default().build_storage().unwrap();
	let balances = [Alice, Bob, Charlie].map(|key| (key.to_account_id(), 10_000 * ASY)).to_vec();
	pallet_balances::GenesisConfig::<Runtime> { balances, ..Default::default() }
		.assimilate_storage(&mut storage)
		.unwrap();
	let mut ext = TestExternalities::new(storage);
	ext.execute_with(|| {
		frame_system::BlockHash::<Runtime>::insert(0, Hash::repeat_byte(9));
		run_to(1);
	});
	ext
}

/// Begins each block up to and including `block`.
fn run_to(block: BlockNumber) {
	while System::block_number() < block {
		let next = System::block_number() + 1;
		System::set_block_number(next);
		frame_system::BlockHash::<Runtime>::insert(next, Hash::repeat_byte(next as u8));
		TaskMarket::on_initialize(next);
	}
}

/// What a transaction says, once its signature is checked.
fn opened(bytes: &[u8]) -> (Sr25519Keyring, RuntimeCall) {
	use polkadot_sdk::sp_runtime::traits::Checkable;
	let transaction = UncheckedExtrinsic::decode_all(&mut &*bytes).unwrap();
	let call = transaction.function.clone();
	let Preamble::Signed(MultiAddress::Id(account), _, _) = &transaction.preamble else {
		panic!("transactions of workers are signed");
	};
	let key = Sr25519Keyring::from_account_id(account).unwrap();
	let context = frame_system::ChainContext::<Runtime>::default();
	assert_ok!(transaction.check(&context).map(|_| ()));
	(key, call)
}

/// Makes a call as the chain would.
fn act(key: Sr25519Keyring, call: impl Into<RuntimeCall>) {
	let call: RuntimeCall = call.into();
	assert_ok!(call.dispatch(RuntimeOrigin::signed(key.to_account_id())));
}

/// Adds a parameter to itself.
fn program() -> Program {
	let ty = ValueType { dtype: DType::F32, rows: 1, cols: 1 };
	let nodes = vec![
		Node { op: Op::State { slot: 0 }, inputs: Default::default() },
		Node {
			op: Op::Binary(Binary::Add, Broadcast::None),
			inputs: vec![0, 0].try_into().unwrap(),
		},
	];
	let slots = vec![Slot { ty, next: 1, parameter: true }];
	Program {
		opset: assay_ops::OPSET_VERSION,
		batch: 1,
		nodes: nodes.try_into().unwrap(),
		slots: slots.try_into().unwrap(),
		loss: 1,
	}
}

fn work() -> Work {
	Work {
		data_root: [1; 32],
		records: 1,
		record_size: 4,
		first_step: 0,
		init_root: states()[0],
		init_slots: [3; 32],
		seed: [4; 32],
		steps: 1,
		stride: 1,
	}
}

fn terms() -> Terms<Balance, BlockNumber> {
	Terms {
		reward: 10 * ASY,
		bidding: 5,
		training: 100,
		heartbeat: 20,
		challenge: 20,
		assurance: Assurance::Challenge,
		hardware: None,
	}
}

fn claim() -> Claim {
	let [_, final_state] = states();
	Claim { root: claim_root(), states: 2, final_state, artifact_root: [6; 32], steps: 1 }
}

/// The call that claims it.
fn submit() -> pallet_task_market::Call<Runtime> {
	pallet_task_market::Call::submit_claim { task: 0, claim: claim(), ends: ends() }
}

/// Makes one step of a task take so many operations.
fn set_effort(id: assay_primitives::TaskId, effort: u64) {
	pallet_task_market::Tasks::<Runtime>::mutate(id, |task| {
		let program = &mut task.as_mut().unwrap().spec.program;
		(program.flops, program.bytes) = (effort, 0);
	});
}

/// Alice posts a task; the first is there from the start.
fn post() {
	let post = pallet_task_market::Call::<Runtime>::post_task {
		program: Box::new(program()),
		work: work(),
		terms: terms(),
		allowed: Default::default(),
	};
	act(Alice, post);
}

/// Bob has the task, at block 7.
fn assigned() {
	act(Bob, pallet_task_market::Call::<Runtime>::place_bid { task: 0, price: 9 * ASY });
	run_to(7);
}

/// Bob has claimed, at block 7.
fn claimed() {
	assigned();
	act(Bob, submit());
}
