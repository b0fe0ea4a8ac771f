//! What clients learn from the runtime's APIs, on the real runtime.

mod common;

use assay_case::testing::{mlp, Lie, Task, MLP};
use assay_dispute_game::Side;
use assay_primitives::{HardwareClass, TaskPhase, TaskView};
use assay_runtime::{
	apis::api::dispatch, constants::ASY, AccountId, Balance, BlockNumber, ComputeStaking, Dispute,
	Runtime, System, TaskMarket,
};
use assay_runtime_apis::{
	runtime_decl_for_compute_staking_api::ComputeStakingApi,
	runtime_decl_for_dispute_api::DisputeApi, runtime_decl_for_task_market_api::TaskMarketApi,
	UnbondingView,
};
use codec::{Decode, DecodeAll, Encode};
use common::{people::*, table::*};
use pallet_compute_staking::{Call as Stake, Config as StakeConfig};
use pallet_dispute::Disputes;
use pallet_task_market::{Error as MarketError, Tasks};

/// An id that no task and no game here has.
const UNKNOWN: u32 = 77;

/// A task of three steps, each of which is committed to.
fn small() -> Task {
	mlp(3, 1)
}

/// An answer as a stranger's client gets it: by name, in bytes.
fn asked<Answer: Decode>(method: &str, arguments: impl Encode) -> Answer {
	let answer = dispatch(method, &arguments.encode());
	let answer = answer.unwrap_or_else(|| panic!("there is no {method}"));
	Answer::decode_all(&mut &answer[..]).expect("the answer is of this type")
}

#[test]
fn apis_should_answer_none_when_nothing_has_that_id() {
	started().execute_with(|| {
		let stranger = STRANGER.to_account_id();
		assert_eq!(Runtime::task(UNKNOWN), None);
		assert_eq!(Runtime::receipt(UNKNOWN), None);
		assert_eq!(Runtime::claim(UNKNOWN), None);
		assert_eq!(Runtime::solver(stranger.clone()), None);
		assert_eq!(Runtime::lock(UNKNOWN, stranger), None);
		assert_eq!(Runtime::game(UNKNOWN), None);
		assert!(Runtime::games_of(UNKNOWN).is_empty());
		assert_eq!(Runtime::bond_for(UNKNOWN), None);
	});
}

#[test]
fn task_should_be_what_the_market_stores_when_posted() {
	started().execute_with(|| {
		ok(REQUESTER, post(&small()));
		let view = Runtime::task(0);
		assert_eq!(view, TaskMarket::task(0));
		let (view, stored) = (view.expect("posted"), Tasks::<Runtime>::get(0).expect("posted"));
		assert_eq!(view.requester, REQUESTER.to_account_id());
		assert_eq!((view.deadline, view.spec), (stored.deadline(), stored.spec));
		assert_eq!((view.phase, view.solver), (TaskPhase::Open, None));
		assert_eq!((Runtime::claim(0), Runtime::bond_for(0)), (None, None));
	});
}

#[test]
fn quote_should_be_what_posting_then_costs_when_the_program_is_right() {
	let task = small();
	started().execute_with(|| {
		let quote = Runtime::quote(task.posted.clone(), task.record_size, task.steps);
		let same = TaskMarket::quote(Box::new(task.posted.clone()), task.record_size, task.steps);
		assert_eq!(quote, same);
		let quote = quote.expect("the program is right");
		ok(REQUESTER, post(&task));
		assert_eq!(Runtime::task(0).expect("posted").spec.program, quote.program);
		assert_eq!(held(REQUESTER), REWARD + REWARD / 100 + quote.deposit);
	});
}

#[test]
fn quote_should_be_the_error_of_posting_when_the_program_is_malformed() {
	let mut task = small();
	task.posted.nodes = Default::default();
	started().execute_with(|| {
		let refused = Runtime::quote(task.posted.clone(), task.record_size, task.steps).map(|_| ());
		assert_eq!(refused, Err(MarketError::<Runtime>::ProgramEmpty.into()));
		assert_eq!(refused, send(REQUESTER, post(&task)));
	});
}

#[test]
fn solver_should_be_shown_with_all_its_stake_when_some_is_on_its_way_out() {
	started().execute_with(|| {
		enlist(SOLVER);
		ok(SOLVER, Stake::unbond { amount: ASY });
		let solver = Runtime::solver(SOLVER.to_account_id()).expect("registered");
		let due = System::block_number() + <Runtime as StakeConfig>::UnbondingPeriod::get();
		assert_eq!(solver.unbonding, [UnbondingView { amount: ASY, due }]);
		assert_eq!((solver.bonded, solver.standing.free), (BONDED - ASY, BONDED - ASY));
		assert_eq!((solver.locked, solver.locks), (0, 0));
		assert_eq!(solver.standing.hardware, HardwareClass::Cpu);
		assert_eq!(solver.last_active, System::block_number());
		assert!(solver.metadata.is_empty());
		assert_eq!(solver.deposit + BONDED, held(SOLVER));
	});
}

#[test]
fn claim_should_be_shown_with_bond_and_lock_when_it_can_be_challenged() {
	started().execute_with(|| {
		let id = Table::with_liar(&small(), vec![]).task;
		let task = Runtime::task(id).expect("claimed");
		let claim = Runtime::claim(id).expect("claimed");
		assert_eq!((task.phase, task.claim), (TaskPhase::Claimed, Some(claim.claim)));
		assert_eq!(claim.challenge_until, task.deadline);
		assert_eq!((claim.solver, claim.stake), (SOLVER.to_account_id(), STAKE));
		let bond = Runtime::bond_for(id);
		assert!(bond.is_some_and(|bond| bond > 0));
		assert_eq!(bond, Dispute::bond_for(id));
		assert_eq!(Runtime::lock(id, SOLVER.to_account_id()), Some(STAKE));
		assert_eq!(Runtime::lock(id, STRANGER.to_account_id()), None);
		let solver = Runtime::solver(SOLVER.to_account_id()).expect("registered");
		assert_eq!((solver.locked, solver.standing.free), (STAKE, BONDED - STAKE));
	});
}

#[test]
fn receipt_should_take_the_place_of_task_and_claim_when_the_task_is_paid() {
	started().execute_with(|| {
		let id = Table::with_liar(&small(), vec![]).task;
		assert_eq!(Runtime::receipt(id), None);
		run_to(System::block_number() + CHALLENGE + 1);
		let receipt = Runtime::receipt(id);
		assert_eq!(receipt, TaskMarket::receipt_of(id));
		let receipt = receipt.expect("paid");
		assert_eq!((receipt.solver, receipt.paid), (SOLVER.to_account_id(), PRICE));
		assert_eq!((Runtime::task(id), Runtime::claim(id)), (None, None));
		assert_eq!(Runtime::lock(id, SOLVER.to_account_id()), None);
	});
}

#[test]
fn game_should_be_shown_with_parties_and_turn_when_open() {
	started().execute_with(|| {
		let lie = Lie::Output { step: 2, node: MLP.relu, word: 0, bit: 30 };
		let table = Table::with_liar(&small(), vec![lie]);
		let bond = Runtime::bond_for(table.task).expect("claimed");
		let id = table.open();
		assert_eq!(Runtime::games_of(table.task), [id]);
		let (view, stored) = (Runtime::game(id), Disputes::<Runtime>::get(id));
		let (view, stored) = (view.expect("open"), stored.expect("open"));
		assert_eq!((view.task, view.attempt), (table.task, stored.attempt));
		assert_eq!((view.bond, view.bond), (bond, held(CHALLENGER)));
		let parties = (CHALLENGER.to_account_id(), SOLVER.to_account_id());
		assert_eq!((view.challenger, view.solver), parties);
		assert_eq!((view.challenger_cost, view.solver_cost), (stored.challenger_cost, 0));
		assert_eq!((view.mover, view.traced), (Some(Side::Defender), false));
		assert_eq!(view.deadline, stored.game.deadline());
		assert_eq!(view.game, stored.game);
		while Disputes::<Runtime>::contains_key(id) {
			table.turn(id);
		}
		assert_eq!((Runtime::game(id), Runtime::games_of(table.task)), (None, vec![]));
		assert_eq!((Runtime::task(table.task), Runtime::bond_for(table.task)), (None, None));
		let solver = Runtime::solver(SOLVER.to_account_id()).expect("registered");
		assert_eq!((solver.bonded, solver.standing.convicted), (BONDED - STAKE, 1));
	});
}

#[test]
fn apis_should_answer_the_same_when_asked_by_name() {
	started().execute_with(|| {
		let id = Table::with_liar(&small(), vec![]).task;
		let task: Option<TaskView<AccountId, Balance, BlockNumber>> =
			asked("TaskMarketApi_task", id);
		assert!(task.is_some());
		assert_eq!(task, TaskMarket::task(id));
		let solver = SOLVER.to_account_id();
		let lock: Option<Balance> = asked("ComputeStakingApi_lock", (id, &solver));
		assert!(lock.is_some());
		assert_eq!(lock, ComputeStaking::lock_of(solver, id));
		let bond: Option<Balance> = asked("DisputeApi_bond_for", id);
		assert!(bond.is_some());
		assert_eq!(bond, Dispute::bond_for(id));
	});
}
