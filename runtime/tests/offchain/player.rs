//! Each move is one call.

use assay_case::CaseMove;
use assay_dispute_game::{Move, Shown};
use assay_runtime::{
	offchain::player::{call, Table},
	RuntimeCall,
};
use codec::Decode;
use polkadot_sdk::{
	frame_support::traits::GetCallMetadata, frame_support::traits::GetCallName,
	sp_runtime::traits::TrailingZeroInput,
};

const NEW: Table = Table::New(3);
const OPEN: Table = Table::Open { task: 3, game: 5, position: [6; 32] };

fn zero<T: Decode>() -> T {
	T::decode(&mut TrailingZeroInput::zeroes())
		.expect("zeroes are a value of every type of evidence")
}

fn moves() -> Vec<(CaseMove, Option<&'static str>, Option<&'static str>)> {
	let shown: Shown = zero();
	vec![
		(
			Move::Open { stride: 0, before: shown.clone(), after: shown.clone() },
			Some("open"),
			Some("pick_stride"),
		),
		(
			Move::PrefixFault {
				heartbeat: 1,
				leaf: 0,
				in_heartbeat: shown.clone(),
				in_claim: shown.clone(),
			},
			Some("prefix_fault"),
			Some("prefix_fault"),
		),
		(Move::Ask, Some("open_withheld"), Some("ask")),
		(Move::Bisect { children: zero() }, None, Some("bisect")),
		(Move::Pick { child: 1 }, None, Some("pick")),
		(Move::PostSteps { root: [1; 32], last: zero() }, None, Some("post_steps")),
		(Move::PickStep { step: 0, before: None, after: None }, None, Some("pick_step")),
		(Move::PostTrace { root: [1; 32] }, None, Some("post_trace")),
		(Move::JoinFault { join: zero() }, None, Some("join_fault")),
		(Move::AskTiles { node: 0, spec: zero(), output: shown }, None, Some("ask_tiles")),
		(Move::AskSlots, None, Some("ask_slots")),
		(
			Move::PickTile { node: 0, tile: 0, spec: zero(), evidence: Some(zero()) },
			None,
			Some("pick_tile"),
		),
		(Move::PostPartials { partials: zero() }, None, Some("post_partials")),
		(Move::PickBlock { block: 0, evidence: None }, None, Some("pick_block")),
		(Move::OpenTile { evidence: zero() }, None, Some("open_tile")),
		(Move::Concede, None, Some("withdraw_claim")),
	]
}

fn named(call: Option<RuntimeCall>) -> Option<&'static str> {
	call.map(|call| call.get_call_metadata().function_name)
}

#[test]
fn every_move_should_be_the_call_of_its_name_and_no_call_where_it_is_no_move() {
	for (play, opening, answer) in moves() {
		let kind = play.kind();
		assert_eq!(named(call(NEW, play.clone())), opening, "{kind:?} to open a game");
		assert_eq!(named(call(OPEN, play)), answer, "{kind:?} in a game");
	}
}

#[test]
fn every_call_of_the_game_should_be_reached_by_a_move() {
	let reached: Vec<_> =
		moves().into_iter().flat_map(|(_, new, open)| [new, open]).flatten().collect();
	for name in pallet_dispute::Call::<assay_runtime::Runtime>::get_call_names() {
		assert!(*name == "expire" || reached.contains(name), "{name}");
	}
}

#[test]
fn calls_should_name_their_task_game_and_position() {
	let ask = pallet_dispute::Call::ask { game: 5, position: [6; 32] };
	assert_eq!(call(OPEN, Move::Ask), Some(ask.into()));
	let withdraw = pallet_task_market::Call::withdraw_claim { task: 3 };
	assert_eq!(call(OPEN, Move::Concede), Some(withdraw.into()));
}
