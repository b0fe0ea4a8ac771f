//! Who may make which call: every call by nobody, by root, by a stranger, by whom it is meant for, and by all others who have
//! a part in the task or the game, the opposing side first.
//!
//! The calls come from the metadata. One without a row here fails the test.

mod common;
#[path = "origins/scenes.rs"]
mod scenes;
#[path = "origins/stock.rs"]
mod stock;

use assay_case::testing::Execution;
use assay_dispute_game::MoveKind;
use assay_primitives::HardwareClass;
use assay_runtime::{
	constants::ASY, BabeConfig, Balances, BalancesConfig, Runtime, RuntimeCall,
	RuntimeGenesisConfig, RuntimeOrigin, System, BABE_GENESIS_EPOCH_CONFIG,
};
use common::{people::*, table::*};
use pallet_compute_staking::Call as Stake;
use pallet_dispute::{Call as Game, Disputes};
use pallet_task_market::Call as Market;
use polkadot_sdk::{
	frame_support::{
		__private::metadata::{v14::RuntimeMetadataV14, RuntimeMetadata},
		storage::{with_transaction, TransactionOutcome},
	},
	sp_io::TestExternalities,
	sp_keyring::Sr25519Keyring,
	sp_runtime::{traits::Dispatchable, BuildStorage, DispatchError},
};
use scale_info::TypeDef;
use scenes::*;
use Sr25519Keyring as Who;

/// How a call is answered.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
	/// It does what it says.
	Done,
	/// The origin is of the wrong kind.
	BadOrigin,
	/// The account is the wrong one, or has not what it takes: the error's name.
	Refused(&'static str),
}

use Answer::{BadOrigin, Done, Refused};

/// A chain with money and no validators, made without the wasm.
fn chain() -> TestExternalities {
	let accounts = [REQUESTER, SOLVER, CHALLENGER, RIVAL, STRANGER];
	let balances = accounts.map(|who| (who.to_account_id(), 1_000_000 * ASY)).into();
	let genesis = RuntimeGenesisConfig {
		babe: BabeConfig { epoch_config: BABE_GENESIS_EPOCH_CONFIG, ..Default::default() },
		balances: BalancesConfig { balances, ..Default::default() },
		..Default::default()
	};
	let mut chain = TestExternalities::new(genesis.build_storage().expect("genesis is valid"));
	chain.execute_with(|| run_to(1));
	chain
}

/// What a call is answered. Leaves no trace.
fn ask(call: RuntimeCall, origin: RuntimeOrigin) -> Answer {
	let answer = with_transaction(|| {
		let answer = call.dispatch(origin).map(drop).map_err(|refused| refused.error);
		TransactionOutcome::Rollback(Ok::<_, DispatchError>(answer))
	});
	match answer.and_then(|answer| answer) {
		Ok(()) => Done,
		Err(DispatchError::BadOrigin) => BadOrigin,
		Err(DispatchError::Module(error)) => Refused(error.message.unwrap_or("unnamed")),
		Err(_) => Refused("not of a pallet"),
	}
}

/// Where a call can be made, by whom, and which call.
type Scene = fn() -> (Who, RuntimeCall);

/// A call, what a stranger is answered, and the scene in which its party's call is done.
type Row = (&'static str, &'static str, Answer, Scene);

const ROWS: &[Row] = &[
	("ComputeStaking", "register", Done, || {
		let call = Stake::register { hardware: HardwareClass::Cpu, metadata: Default::default() };
		(SOLVER, call.into())
	}),
	("ComputeStaking", "update_profile", Refused("NotRegistered"), || {
		enlist(SOLVER);
		let (hardware, metadata) = (HardwareClass::Gpu, Default::default());
		(SOLVER, Stake::update_profile { hardware, metadata }.into())
	}),
	("ComputeStaking", "deregister", Refused("NotRegistered"), || {
		let (hardware, metadata) = (HardwareClass::Cpu, Default::default());
		ok(SOLVER, Stake::register { hardware, metadata });
		(SOLVER, Stake::deregister {}.into())
	}),
	("ComputeStaking", "bond", Refused("NotRegistered"), || {
		let (hardware, metadata) = (HardwareClass::Cpu, Default::default());
		ok(SOLVER, Stake::register { hardware, metadata });
		(SOLVER, Stake::bond { amount: BONDED }.into())
	}),
	("ComputeStaking", "bond_extra", Refused("NotRegistered"), || {
		enlist(SOLVER);
		(SOLVER, Stake::bond_extra { amount: ASY }.into())
	}),
	("ComputeStaking", "unbond", Refused("NotRegistered"), || {
		enlist(SOLVER);
		(SOLVER, Stake::unbond { amount: ASY }.into())
	}),
	("ComputeStaking", "withdraw_unbonded", Refused("NotRegistered"), || {
		enlist(SOLVER);
		ok(SOLVER, Stake::unbond { amount: ASY });
		System::set_block_number(1_000_000);
		(SOLVER, Stake::withdraw_unbonded {}.into())
	}),
	("TaskMarket", "post_task", Done, || (REQUESTER, post(&small()).into())),
	("TaskMarket", "cancel_task", Refused("NotRequester"), || {
		ok(REQUESTER, post(&small()));
		(REQUESTER, Market::cancel_task { task: 0 }.into())
	}),
	("TaskMarket", "place_bid", Refused("NotRegistered"), || {
		enlist(SOLVER);
		ok(REQUESTER, post(&small()));
		(SOLVER, Market::place_bid { task: 0, price: PRICE }.into())
	}),
	("TaskMarket", "withdraw_bid", Refused("NoSuchBid"), || {
		bid();
		(SOLVER, Market::withdraw_bid { task: 0 }.into())
	}),
	("TaskMarket", "assign", Done, || {
		bid();
		System::set_block_number(System::block_number() + BIDDING + 1);
		(SOLVER, Market::assign { task: 0 }.into())
	}),
	("TaskMarket", "heartbeat", Refused("NotSolver"), || {
		assigned();
		(SOLVER, Market::heartbeat { task: 0, states: 1, root: [1; 32] }.into())
	}),
	("TaskMarket", "submit_claim", Refused("NotSolver"), || {
		assigned();
		(SOLVER, submit(0, &Execution::new(&small(), vec![])).into())
	}),
	("TaskMarket", "finalise", Done, || {
		claimed();
		System::set_block_number(System::block_number() + CHALLENGE + 1);
		(SOLVER, Market::finalise { task: 0 }.into())
	}),
	("TaskMarket", "report_missed_deadline", Done, || {
		assigned();
		System::set_block_number(System::block_number() + HEARTBEAT + 1);
		(REQUESTER, Market::report_missed_deadline { task: 0 }.into())
	}),
	("TaskMarket", "withdraw_claim", Refused("NotSolver"), || {
		claimed();
		(SOLVER, Market::withdraw_claim { task: 0 }.into())
	}),
	("TaskMarket", "remove_receipt", Refused("NotRequester"), || {
		claimed();
		run_to(System::block_number() + CHALLENGE + 1);
		(REQUESTER, Market::remove_receipt { task: 0 }.into())
	}),
	("Dispute", "open", Done, || opening(false)),
	("Dispute", "open_withheld", Done, || opening(true)),
	("Dispute", "prefix_fault", Done, departing),
	("Dispute", "ask", Refused("NotYourGame"), || turn(MoveKind::Ask)),
	("Dispute", "bisect", Done, || turn(MoveKind::Bisect)),
	("Dispute", "pick", Refused("NotYourGame"), || turn(MoveKind::Pick)),
	("Dispute", "post_steps", Refused("NotYourGame"), || turn(MoveKind::PostSteps)),
	("Dispute", "pick_step", Refused("NotYourGame"), || turn(MoveKind::PickStep)),
	("Dispute", "post_trace", Refused("NotYourGame"), || turn(MoveKind::PostTrace)),
	("Dispute", "join_fault", Done, || turn(MoveKind::JoinFault)),
	("Dispute", "ask_slots", Refused("NotYourGame"), || turn(MoveKind::AskSlots)),
	("Dispute", "ask_tiles", Refused("NotYourGame"), || turn(MoveKind::AskTiles)),
	("Dispute", "pick_tile", Refused("NotYourGame"), || turn(MoveKind::PickTile)),
	("Dispute", "post_partials", Refused("NotYourGame"), || turn(MoveKind::PostPartials)),
	("Dispute", "pick_block", Refused("NotYourGame"), || turn(MoveKind::PickBlock)),
	("Dispute", "open_tile", Done, || turn(MoveKind::OpenTile)),
	("Dispute", "expire", Done, || {
		turn(MoveKind::PostTrace);
		let deadline = Disputes::<Runtime>::get(0).and_then(|stored| stored.game.deadline());
		System::set_block_number(deadline.expect("the game is open"));
		(CHALLENGER, Game::expire { game: 0 }.into())
	}),
	("Dispute", "pick_stride", Refused("NotYourGame"), || turn(MoveKind::Open)),
];

/// Calls that somebody with another part is answered otherwise than a stranger.
const OTHERS: &[(&str, Who, Answer)] = &[
	("place_bid", REQUESTER, Refused("RequesterCannotBid")),
	("open", SOLVER, Refused("OwnClaim")),
	("open_withheld", SOLVER, Refused("OwnClaim")),
	("prefix_fault", SOLVER, Refused("OwnClaim")),
];

/// Pallet and name of every call of the runtime that is or is not one of our pallets'.
fn calls(ours: bool) -> Vec<(String, String, u8, u8)> {
	let metadata = TestExternalities::default().execute_with(Runtime::metadata);
	let RuntimeMetadata::V14(metadata) = metadata.1 else { panic!("the oldest is V14") };
	let mut calls = all_calls(&metadata);
	calls.retain(|(pallet, ..)| {
		["ComputeStaking", "TaskMarket", "Dispute"].contains(&pallet.as_str()) == ours
	});
	calls
}

fn all_calls(metadata: &RuntimeMetadataV14) -> Vec<(String, String, u8, u8)> {
	let mut all = Vec::new();
	for pallet in &metadata.pallets {
		let ty = pallet.calls.as_ref().and_then(|calls| metadata.types.resolve(calls.ty.id));
		let Some(TypeDef::Variant(def)) = ty.map(|ty| &ty.type_def) else { continue };
		let call = |variant: &scale_info::Variant<scale_info::form::PortableForm>| {
			(pallet.name.clone(), variant.name.clone(), pallet.index, variant.index)
		};
		all.extend(def.variants.iter().map(call));
	}
	all
}

#[test]
fn every_call_of_ours_should_have_a_row() {
	let mut calls: Vec<_> = calls(true).into_iter().map(|(p, c, ..)| (p, c)).collect();
	let mut rows: Vec<_> = ROWS.iter().map(|(p, c, ..)| (p.to_string(), c.to_string())).collect();
	calls.sort();
	rows.sort();
	assert_eq!(calls, rows);
	assert_eq!(calls.len(), 36);
}

#[test]
fn every_call_of_ours_should_be_answered_by_its_origin() {
	for (pallet, name, stranger, scene) in ROWS {
		chain().execute_with(|| {
			let (party, call) = scene();
			let issued = Balances::total_issuance();
			let signed = |who: Who| RuntimeOrigin::signed(who.to_account_id());
			let answers = [
				ask(call.clone(), RuntimeOrigin::none()),
				ask(call.clone(), RuntimeOrigin::root()),
				ask(call.clone(), signed(STRANGER)),
				ask(call.clone(), signed(party)),
			];
			assert_eq!(answers, [BadOrigin, BadOrigin, *stranger, Done], "{pallet}.{name}");
			let others =
				[REQUESTER, SOLVER, CHALLENGER, RIVAL].into_iter().filter(|who| *who != party);
			for other in others {
				let special = OTHERS.iter().find(|row| (row.0, row.1) == (*name, other));
				let answer = special.map_or(*stranger, |row| row.2);
				assert_eq!(
					ask(call.clone(), signed(other)),
					answer,
					"{pallet}.{name} by {other:?}"
				);
			}
			assert_eq!(Balances::total_issuance(), issued, "asking changes nothing");
		});
	}
}
