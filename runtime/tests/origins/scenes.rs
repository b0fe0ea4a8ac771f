//! Where each call can be made, and the call.

use crate::{
	common::{people::*, table::*},
	Who,
};
use assay_case::{
	testing::{mlp, play, Execution, Lie, Task, MLP},
	CaseMove,
};
use assay_commitment::{list, ListTag};
use assay_dispute_game::{strategy::prefix_fault, Move, MoveKind, Side};
use assay_runtime::{Runtime, RuntimeCall, System};
use pallet_dispute::{Call as Game, Disputes};
use pallet_task_market::Call as Market;

pub(crate) fn small() -> Task {
	mlp(3, 1)
}

pub(crate) fn bid() {
	enlist(SOLVER);
	ok(REQUESTER, post(&small()));
	ok(SOLVER, Market::place_bid { task: 0, price: PRICE });
}

pub(crate) fn assigned() {
	bid();
	run_to(System::block_number() + BIDDING + 1);
}

pub(crate) fn claimed() {
	assigned();
	ok(SOLVER, submit(0, &Execution::new(&small(), vec![])));
}

/// The games in which every move of a dispute has its place: task, lies, whether lists are withheld.
fn stories() -> Vec<(Task, Vec<Lie>, bool)> {
	let bit = |node| vec![Lie::Output { step: 2, node, word: 0, bit: 30 }];
	let visible = Lie::Slot { step: 2, slot: 0 };
	let partial = Lie::Partial { step: 2, node: MLP.hidden, tile: 0, block: 1 };
	vec![
		(mlp(3, 1), bit(MLP.relu), false),
		(mlp(3, 3), bit(MLP.relu), false),
		(mlp(3, 1), vec![partial, visible], false),
		(mlp(3, 1), vec![visible], false),
		(mlp(3, 1), bit(MLP.update), true),
		(mlp(3, 3), bit(MLP.update), true),
		(mlp(3, 1), vec![Lie::State { step: 2 }], true),
	]
}

/// The moves of a game; an `open_tile` ends those that it can end.
fn moves(task: &Task, lies: &[Lie], withheld: bool, late: bool) -> Vec<CaseMove> {
	let (honest, liar) = (Execution::new(task, vec![]), Execution::new(task, lies.to_vec()));
	let mut moves = play(&honest, &liar, withheld).expect("the claim is wrong").moves;
	if let Some(Move::PickTile { evidence, .. }) = moves.last_mut().filter(|_| late) {
		let evidence = evidence.take();
		moves.extend(evidence.map(|evidence| Move::OpenTile { evidence }));
	}
	moves
}

/// A wrong claim, and the moves against it.
fn against(task: &Task, lies: Vec<Lie>, moves: Vec<CaseMove>) -> Vec<CaseMove> {
	Table::with_liar(task, lies);
	moves
}

pub(crate) fn opening(withheld: bool) -> (Who, RuntimeCall) {
	let (task, lies, _) = stories().swap_remove(0);
	let moves = moves(&task, &lies, withheld, false);
	let moves = against(&task, lies, moves);
	(CHALLENGER, opening_call(&moves[0]))
}

fn opening_call(play: &CaseMove) -> RuntimeCall {
	match play.clone() {
		Move::Open { stride, before, after } => Game::open { task: 0, stride, before, after },
		Move::Ask => Game::open_withheld { task: 0 },
		other => panic!("{:?} opens no game", other.kind()),
	}
	.into()
}

/// A claim that departs from a heartbeat.
pub(crate) fn departing() -> (Who, RuntimeCall) {
	assigned();
	let honest = Execution::new(&small(), vec![]);
	let lie = Lie::Output { step: 0, node: MLP.update, word: 0, bit: 30 };
	let liar = Execution::new(&small(), vec![lie]);
	let beat = honest.claim()[..2].to_vec();
	let root = list::root(ListTag::States, &beat);
	ok(SOLVER, Market::heartbeat { task: 0, states: 2, root });
	ok(SOLVER, submit(0, &liar));
	let fault = prefix_fault(2, beat, liar.claim(), &small().case());
	let Some(Move::PrefixFault { leaf, in_heartbeat, in_claim, .. }) = fault else {
		panic!("the lists differ")
	};
	(CHALLENGER, Game::prefix_fault { task: 0, states: 2, leaf, in_heartbeat, in_claim }.into())
}

/// A game up to the first move of a kind after its opening, and that move.
pub(crate) fn turn(kind: MoveKind) -> (Who, RuntimeCall) {
	let late = kind == MoveKind::OpenTile;
	let has = |moves: &[CaseMove]| moves.iter().skip(1).position(|play| play.kind() == kind);
	for (task, lies, withheld) in stories() {
		let moves = moves(&task, &lies, withheld, late);
		let Some(at) = has(&moves) else { continue };
		let moves = against(&task, lies, moves);
		ok(CHALLENGER, opening_call(&moves[0]));
		for play in &moves[1..=at] {
			ok(mover(play), move_call(play));
		}
		return (mover(&moves[at + 1]), move_call(&moves[at + 1]));
	}
	panic!("no game has {kind:?}");
}

fn mover(play: &CaseMove) -> Who {
	match play.kind().side() {
		Side::Challenger => CHALLENGER,
		Side::Defender => SOLVER,
	}
}

fn move_call(play: &CaseMove) -> RuntimeCall {
	let game = 0;
	let stored = Disputes::<Runtime>::get(game).expect("the game is open");
	let position = stored.game.position();
	match play.clone() {
		Move::Open { stride, before, after } => {
			Game::pick_stride { game, position, stride, before, after }.into()
		},
		Move::Ask => Game::ask { game, position }.into(),
		Move::Bisect { children } => Game::bisect { game, position, children }.into(),
		Move::Pick { child } => Game::pick { game, position, child }.into(),
		Move::AskSlots => Game::ask_slots { game, position }.into(),
		Move::AskTiles { node, spec, output } => {
			Game::ask_tiles { game, position, node, spec: Box::new(spec), output }.into()
		},
		Move::JoinFault { join } => {
			Game::join_fault { game, position, join: Box::new(join) }.into()
		},
		other => call(game, other),
	}
}
