//! A compiled program from posting to receipt, through several pallets of the real runtime.

mod common;

use assay_case::testing::{Execution, Task};
use assay_commitment::{list, ListTag, Root};
use assay_compiler::{compile, initial_slots, Manifest};
use assay_primitives::{TaskId, TaskPhase};
use assay_runtime::{constants::ASY, Balance, Balances, RuntimeEvent, System, TaskMarket};
use common::{people::*, table::*};
use pallet_task_market::{Call, Event};
use polkadot_sdk::sp_keyring::Sr25519Keyring;

/// Steps of the training here; the manifest asks for more.
const STEPS: u32 = 3;

/// The compiler's example for the digits, over pixels and labels that are made up.
fn digits() -> Task {
	let text = include_str!("../../ml-runtime/compiler/examples/mlp-digits.toml");
	let manifest = Manifest::parse(text).expect("the example is right");
	let compiled = compile(&manifest).expect("the example compiles");
	let slots = initial_slots(&compiled, &manifest.task.seed);
	let size = manifest.data.record_size;
	let byte = |at: u32| match at % size {
		64 => at / size % 10,
		pixel => (at / size * 7 + pixel * 3) % 17,
	};
	let data = (0..manifest.data.records * size).map(|at| byte(at) as u8).collect();
	Task { seed: manifest.task.seed, ..Task::new(compiled.program, data, size, slots, (STEPS, 1)) }
}

/// Root of the first `states` states.
fn prefix(execution: &Execution, states: u32) -> Root {
	list::root(ListTag::States, &execution.claim()[..states as usize])
}

fn phase(task: TaskId) -> Option<TaskPhase> {
	TaskMarket::task(task).map(|view| view.phase)
}

/// Posts the task and gives it to the one bidder.
fn assigned(task: &Task, solver: Sr25519Keyring) -> TaskId {
	enlist(solver);
	ok(REQUESTER, post(task));
	assert_eq!(phase(0), Some(TaskPhase::Open));
	ok(solver, Call::place_bid { task: 0, price: PRICE });
	run_to(System::block_number() + BIDDING + 1);
	assert_eq!(phase(0), Some(TaskPhase::Assigned));
	0
}

/// Heartbeats after the first states, and the claim.
fn train(execution: &Execution, id: TaskId, solver: Sr25519Keyring) {
	for states in 1..STEPS {
		run_to(System::block_number() + HEARTBEAT);
		ok(solver, Call::heartbeat { task: id, states, root: prefix(execution, states) });
		assert_eq!(phase(id), Some(TaskPhase::Training));
	}
	ok(solver, submit(id, execution));
	assert_eq!(phase(id), Some(TaskPhase::Claimed));
}

/// The claim has become final; checks the receipt against it and removes it.
fn receipt(execution: &Execution, id: TaskId, solver: Sr25519Keyring) {
	let receipt = TaskMarket::receipt_of(id).expect("the task is final");
	assert_eq!(receipt.solver, solver.to_account_id());
	assert_eq!(receipt.claim_root, execution.claim_root());
	assert_eq!(receipt.final_state, execution.state(STEPS));
	assert_eq!(receipt.program_root, execution.task.tree.commitment().root);
	assert_eq!((receipt.paid, phase(id)), (PRICE, None));
	assert_eq!(held(REQUESTER), receipt.deposit);
	ok(REQUESTER, Call::remove_receipt { task: id });
}

/// All have left: nothing is on hold, and no money came or went except as told.
fn settled(before: &[(Sr25519Keyring, Balance)], issuance: Balance) {
	check_books();
	for (who, expected) in before {
		assert_eq!((money(*who), held(*who)), (*expected, 0), "{who}");
	}
	assert_eq!(Balances::total_issuance(), issuance);
}

/// The fee on the price, which burns.
const FEE: Balance = PRICE / 100;

#[test]
fn task_should_be_paid_by_the_chain_itself_when_its_claim_stands() {
	let execution = Execution::new(&digits(), vec![]);
	started().execute_with(|| {
		let (issuance, purse) = (Balances::total_issuance(), money(REQUESTER));
		let id = assigned(&execution.task, SOLVER);
		assert!(held(REQUESTER) > REWARD);
		train(&execution, id, SOLVER);
		run_to(System::block_number() + CHALLENGE);
		assert_eq!(phase(id), Some(TaskPhase::Claimed));
		run_to(System::block_number() + 1);
		receipt(&execution, id, SOLVER);
		leave(SOLVER);
		let paid = [(REQUESTER, purse - PRICE - FEE), (SOLVER, purse + PRICE)];
		settled(&paid, issuance - FEE);
	});
}

#[test]
fn task_should_be_paid_by_anyones_call_when_the_chain_has_no_room() {
	let execution = Execution::new(&digits(), vec![]);
	started().execute_with(|| {
		let (issuance, purse) = (Balances::total_issuance(), money(REQUESTER));
		enlist(SOLVER);
		ok(REQUESTER, post(&execution.task));
		ok(SOLVER, Call::place_bid { task: 0, price: PRICE });
		assert!(send(STRANGER, Call::assign { task: 0 }).is_err(), "bids are still taken");
		skip(BIDDING + 1);
		ok(STRANGER, Call::assign { task: 0 });
		ok(SOLVER, submit(0, &execution));
		assert!(send(STRANGER, Call::finalise { task: 0 }).is_err(), "it can still be challenged");
		skip(CHALLENGE + 1);
		ok(STRANGER, Call::finalise { task: 0 });
		receipt(&execution, 0, SOLVER);
		leave(SOLVER);
		let paid = [(REQUESTER, purse - PRICE - FEE), (SOLVER, purse + PRICE)];
		settled(&paid, issuance - FEE);
	});
}

/// Lets blocks pass in which the chain does nothing by itself.
fn skip(blocks: u32) {
	System::set_block_number(System::block_number() + blocks);
}

#[test]
fn task_should_go_to_another_solver_when_the_first_misses_a_heartbeat() {
	let execution = Execution::new(&digits(), vec![]);
	started().execute_with(|| {
		let (issuance, purse) = (Balances::total_issuance(), money(REQUESTER));
		let id = assigned(&execution.task, SOLVER);
		run_to(System::block_number() + HEARTBEAT);
		assert_eq!(phase(id), Some(TaskPhase::Assigned));
		run_to(System::block_number() + 1);
		assert_eq!(phase(id), Some(TaskPhase::Open));
		let reopened = |event: &RuntimeEvent| {
			matches!(
				event,
				RuntimeEvent::TaskMarket(Event::TaskReopened { task: 0, attempt: 1, .. })
			)
		};
		assert!(take_events().iter().any(reopened));
		let root = prefix(&execution, 1);
		assert!(send(SOLVER, Call::heartbeat { task: id, states: 1, root }).is_err());
		enlist(RIVAL);
		ok(RIVAL, Call::place_bid { task: id, price: PRICE });
		run_to(System::block_number() + BIDDING + 1);
		train(&execution, id, RIVAL);
		run_to(System::block_number() + CHALLENGE + 1);
		receipt(&execution, id, RIVAL);
		leave(SOLVER);
		leave(RIVAL);
		// A twentieth of the first solver's stake, which burns: the solver had not begun.
		let lost = 8 * ASY;
		assert_eq!(lost, STAKE / 20);
		let paid =
			[(REQUESTER, purse - PRICE - FEE), (SOLVER, purse - lost), (RIVAL, purse + PRICE)];
		settled(&paid, issuance - FEE - lost);
	});
}

#[test]
fn task_should_cost_nothing_when_nobody_bids() {
	let task = digits();
	started().execute_with(|| {
		let (issuance, purse) = (Balances::total_issuance(), money(REQUESTER));
		ok(REQUESTER, post(&task));
		run_to(System::block_number() + BIDDING + 1);
		assert_eq!(phase(0), None);
		settled(&[(REQUESTER, purse)], issuance);
	});
}
