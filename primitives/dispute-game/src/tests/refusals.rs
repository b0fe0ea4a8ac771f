//! Bad input: a named error, and nothing changes.

use alloc::{vec, vec::Vec};

use super::{honest, liar, toy};
use crate::{
	rules,
	strategy::{opening, prefix_fault, root_of, Known},
	testing::{Execution, Lie, Said, Toy, View},
	Block, Fault, Focus, Game, GameError, Heartbeat, Level, List, Move, MoveOf, Outcome, Params,
	Phase, Root, Run, Shape, Shown, Span, Spot, MAX_LEAVES,
};

const ROOT: Root = [1; 32];

fn step() -> Span {
	Span { start: 4, len: 1, before: ROOT, after: ROOT }
}

fn answer(phase: Phase, play: MoveOf<Toy>) -> Result<Phase, GameError> {
	let toy = toy();
	let claim = honest(&toy).execution.claim_root();
	rules::answer(&toy.params(claim), &phase, &play, &toy)
}

fn no_path(leaf: Root) -> Shown {
	Shown { leaf, path: Default::default() }
}

#[test]
fn params_should_be_refused_when_out_of_range() {
	let toy = toy();
	let open = |change: fn(&mut Params)| {
		let mut params = toy.params(ROOT);
		change(&mut params);
		Game::open(params, &Move::Ask, 5, &toy).map(|next| next.game.moves())
	};
	assert_eq!(open(|_| ()), Ok(1));
	let bad: [fn(&mut Params); 12] = [
		|params| params.steps = 0,
		|params| params.stride = 0,
		|params| params.stride = MAX_LEAVES + 1,
		|params| (params.steps, params.stride) = (MAX_LEAVES, 1),
		|params| (params.steps, params.stride) = (u32::MAX, 1),
		|params| params.nodes = 0,
		|params| params.nodes = MAX_LEAVES + 1,
		|params| params.slots = 0,
		|params| params.slots = MAX_LEAVES + 1,
		|params| params.reserve = params.clock,
		|params| params.extension = params.reserve / 2 + 1,
		|params| (params.clock, params.reserve, params.extension) = (0, 0, 0),
	];
	for (index, change) in bad.into_iter().enumerate() {
		assert_eq!(open(change), Err(GameError::BadParams), "case {index}");
	}
}

#[test]
fn opening_should_be_refused_when_it_opens_nothing() {
	let toy = toy();
	let play = Move::PostTrace { root: ROOT };
	let refused = Game::open(toy.params(ROOT), &play, 5, &toy);
	assert_eq!(refused.map(|next| next.effect), Err(GameError::NotYourTurn));
	let play = Move::Pick { child: 0 };
	let refused = Game::open(toy.params(ROOT), &play, 5, &toy);
	assert!(matches!(refused, Err(GameError::WrongPhase { .. })));
}

#[test]
fn open_should_be_refused_when_stride_or_proof_is_wrong() {
	let toy = toy();
	let own = honest(&toy).execution;
	let known = Known::complete(List::Claim, own.claim.clone(), &toy);
	let shown = |leaf| known.shown(leaf, &toy).unwrap();
	let open = |stride, before, after| Move::Open { stride, before, after };
	let none = || Phase::Claim { leaf: None };
	let (first, last) = (open(0, shown(0), shown(1)), open(2, shown(2), shown(3)));
	assert!(matches!(answer(none(), first.clone()), Ok(Phase::Steps { span }) if span.len == 4));
	let short = answer(none(), last);
	assert!(matches!(short, Ok(Phase::Steps { span }) if (span.start, span.len) == (8, 2)));
	let out = answer(none(), open(3, shown(2), shown(3)));
	assert_eq!(out, Err(GameError::LeafOutOfRange));
	let far = answer(none(), open(u32::MAX, shown(2), shown(3)));
	assert_eq!(far, Err(GameError::LeafOutOfRange));
	assert_eq!(answer(none(), open(0, shown(1), shown(1))), Err(GameError::ProofInvalid));
	assert_eq!(answer(none(), open(0, shown(0), shown(2))), Err(GameError::ProofInvalid));
	assert_eq!(answer(Phase::Claim { leaf: Some(2) }, first), Err(GameError::NotTheLeaf));
}

#[test]
fn prefix_fault_should_convict_when_heartbeat_and_claim_differ_only() {
	let mut toy = toy();
	let (true_run, lie) = (honest(&toy).execution, Lie::Slot { step: 2, slot: 0 });
	let claim = liar(&toy, &[lie]).execution.claim;
	for early in [&true_run.claim[..2], &claim[..2]] {
		let root = root_of(List::Claim, early, &toy);
		toy.heartbeats.push(Heartbeat { root, leaves: 2 });
	}
	let params = toy.params(root_of(List::Claim, &claim, &toy));
	let early = true_run.claim[..2].to_vec();
	let play = prefix_fault(0, early.clone(), claim.clone(), &toy).unwrap();
	let next = Game::open(params, &play, 5, &toy).unwrap();
	assert_eq!(next.game.outcome(), Some(Outcome::Convicted(Fault::Prefix)));
	assert!(prefix_fault(1, claim[..2].to_vec(), claim.clone(), &toy).is_none());

	let Move::PrefixFault { leaf, in_heartbeat, in_claim, .. } = play else { unreachable!() };
	let fault = |heartbeat, leaf, in_heartbeat, in_claim| {
		let play = Move::PrefixFault { heartbeat, leaf, in_heartbeat, in_claim };
		Game::open(params, &play, 5, &toy).map(|next| next.effect)
	};
	let missing = fault(2, leaf, in_heartbeat.clone(), in_claim.clone());
	assert_eq!(missing, Err(GameError::LeafOutOfRange));
	let beyond = fault(0, 2, in_heartbeat.clone(), in_claim.clone());
	assert_eq!(beyond, Err(GameError::LeafOutOfRange));
	let forged = Shown { leaf: ROOT, ..in_claim.clone() };
	let forged = fault(0, leaf, in_heartbeat.clone(), forged);
	assert_eq!(forged, Err(GameError::ProofInvalid), "not what the claim has");
	let swapped = fault(0, leaf, in_claim, in_heartbeat);
	assert_eq!(swapped, Err(GameError::ProofInvalid));
	let same = |leaves: Vec<Root>| Known::complete(List::Claim, leaves, &toy).shown(1, &toy);
	let equal = fault(1, 1, same(claim[..2].to_vec()).unwrap(), same(claim).unwrap());
	assert_eq!(equal, Err(GameError::NoFault));
}

#[test]
fn post_steps_should_be_refused_when_it_does_not_end_in_the_claimed_state() {
	let toy = toy();
	let span = Span { start: 4, len: 4, before: ROOT, after: [2; 32] };
	let post = |leaves: Vec<Root>| {
		let known = Known::complete(List::Steps, leaves.clone(), &toy);
		let last = known.path(leaves.len() as u32 - 1, &toy).unwrap();
		answer(Phase::Steps { span }, Move::PostSteps { root: known.root(), last })
	};
	assert!(post(vec![[5; 32], [6; 32], [7; 32], [2; 32]]).is_ok());
	let other_end = post(vec![[5; 32], [6; 32], [7; 32], [3; 32]]);
	assert_eq!(other_end, Err(GameError::ProofInvalid));
	assert_eq!(post(vec![[5; 32], [6; 32], [2; 32]]), Err(GameError::ProofInvalid));
}

#[test]
fn pick_step_should_take_exactly_the_neighbours_that_are_not_known() {
	let toy = toy();
	let span = Span { start: 4, len: 3, before: ROOT, after: [4; 32] };
	let known = Known::complete(List::Steps, vec![[2; 32], [3; 32], [4; 32]], &toy);
	let shown = |leaf| known.shown(leaf, &toy);
	let pick = |leaf, step, before, after| {
		let phase = Phase::Step { span, root: known.root(), leaf };
		answer(phase, Move::PickStep { step, before, after })
	};
	let at = |start, before, after| {
		Ok(Phase::Trace { step: Span { start, len: 1, before: [before; 32], after: [after; 32] } })
	};
	assert_eq!(pick(None, 0, None, shown(0)), at(4, 1, 2));
	assert_eq!(pick(None, 1, shown(0), shown(1)), at(5, 2, 3));
	assert_eq!(pick(None, 2, shown(1), None), at(6, 3, 4));
	for (step, before, after) in
		[(0, shown(0), shown(0)), (0, None, None), (1, None, shown(1)), (2, shown(1), shown(2))]
	{
		assert_eq!(pick(None, step, before, after), Err(GameError::WrongNeighbours));
	}
	assert_eq!(pick(None, 3, shown(2), None), Err(GameError::LeafOutOfRange));
	assert_eq!(pick(None, 1, shown(1), shown(1)), Err(GameError::ProofInvalid));
	assert_eq!(pick(Some(1), 0, None, shown(0)), Err(GameError::NotTheLeaf));
}

fn tile(focus: Focus, node: u32, tile: u32, spec: u32) -> Result<Phase, GameError> {
	let play = Move::PickTile { node, tile, spec, evidence: None };
	answer(Phase::Tile { step: step(), trace: ROOT, focus }, play)
}

#[test]
fn pick_tile_should_be_refused_when_node_tile_or_program_is_wrong() {
	assert!(matches!(tile(Focus::Trace, 4, 2, 4), Ok(Phase::Opening { block: None, .. })));
	assert!(matches!(tile(Focus::Trace, 3, 2, 3), Ok(Phase::Partials { .. })));
	assert_eq!(tile(Focus::Trace, 5, 0, 5), Err(GameError::LeafOutOfRange));
	assert_eq!(tile(Focus::Trace, 4, 3, 4), Err(GameError::LeafOutOfRange));
	assert_eq!(tile(Focus::Trace, 4, 0, 3), Err(GameError::ProofInvalid));
	assert_eq!(tile(Focus::Trace, 1, 0, 1), Err(GameError::ProofInvalid), "copies of slots join");
	assert_eq!(tile(Focus::Node(3), 4, 0, 4), Err(GameError::NotTheLeaf));
	assert_eq!(tile(Focus::Tile { node: 4, tile: 1 }, 4, 0, 4), Err(GameError::NotTheLeaf));
	assert_eq!(tile(Focus::Slot(0), 4, 0, 4), Err(GameError::NotTheLeaf));
	assert!(tile(Focus::Tile { node: 4, tile: 1 }, 4, 1, 4).is_ok());
}

#[test]
fn ask_should_be_refused_when_there_is_nothing_left_to_ask() {
	let at = |focus| Phase::Tile { step: step(), trace: ROOT, focus };
	let tiles = |node| Move::AskTiles { node, spec: node, output: no_path(ROOT) };
	for focus in [Focus::Node(4), Focus::Tile { node: 4, tile: 0 }, Focus::Slot(0)] {
		assert_eq!(answer(at(focus), Move::Ask), Err(GameError::NothingToAsk));
		assert_eq!(answer(at(focus), Move::AskSlots), Err(GameError::NothingToAsk));
	}
	let searched = answer(at(Focus::Tile { node: 4, tile: 0 }), tiles(4));
	assert_eq!(searched, Err(GameError::NothingToAsk));
	assert_eq!(answer(at(Focus::Node(3)), tiles(4)), Err(GameError::NotTheLeaf));
	assert_eq!(answer(at(Focus::Trace), tiles(4)), Err(GameError::ProofInvalid));
	let found = Phase::Claim { leaf: Some(1) };
	assert_eq!(answer(found, Move::Ask), Err(GameError::NothingToAsk));
}

#[test]
fn tiles_should_not_be_asked_for_when_there_is_one() {
	let toy = Toy { tiles: 1, ..toy() };
	let known = Known::complete(List::Trace, vec![ROOT; 5], &toy);
	let phase = Phase::Tile { step: step(), trace: known.root(), focus: Focus::Trace };
	let play = Move::AskTiles { node: 4, spec: 4, output: known.shown(4, &toy).unwrap() };
	let refused = rules::answer(&toy.params(ROOT), &phase, &play, &toy);
	assert_eq!(refused, Err(GameError::NothingToAsk));
}

#[test]
fn pick_should_be_refused_when_child_does_not_exist_or_is_the_first_state() {
	let children = || vec![ROOT; 4].try_into().unwrap();
	let pick = |level, child| {
		answer(
			Phase::Pick { level, run: Run::whole(4), children: children() },
			Move::Pick { child },
		)
	};
	assert_eq!(pick(Level::Claim, 0), Err(GameError::LeafOutOfRange));
	assert_eq!(pick(Level::Claim, 1), Ok(Phase::Claim { leaf: Some(1) }));
	assert_eq!(pick(Level::Claim, 4), Err(GameError::LeafOutOfRange));
	assert_eq!(pick(Level::Claim, u32::MAX), Err(GameError::LeafOutOfRange));
	let trace = Level::Trace { step: step(), root: ROOT };
	assert!(matches!(pick(trace, 0), Ok(Phase::Tile { focus: Focus::Node(0), .. })));
}

#[test]
fn evidence_should_change_nothing_when_it_is_malformed() {
	let toy = Toy { stride: 1, ..toy() };
	let lie = Lie::Tile { step: 1, node: 4, tile: 0, block: 0 };
	let mut game = verdict_game(&toy, &[lie]);
	let (position, side) = (game.position(), game.mover().unwrap());
	let shown = || no_path(ROOT);
	let bad = crate::testing::ToyEvidence { inputs: vec![], output: None, partials: None };
	let pick = Move::PickTile { node: 4, tile: 0, spec: 4, evidence: Some(bad.clone()) };
	let refused = game.clone().apply(side, position, &pick, 1000, &toy);
	assert_eq!(refused, Err(GameError::ProofInvalid));
	let split = Move::PickTile { node: 3, tile: 0, spec: 3, evidence: Some(bad.clone()) };
	let refused = game.clone().apply(side, position, &split, 1000, &toy);
	assert_eq!(refused, Err(GameError::ReductionIsSplit));
	let join =
		crate::testing::ToyJoin { out: false, slot: 0, in_state: shown(), in_trace: shown() };
	let refused = game.clone().apply(side, position, &Move::JoinFault { join }, 1000, &toy);
	assert_eq!(refused, Err(GameError::ProofInvalid));
	let blind = Move::PickTile { node: 4, tile: 0, spec: 4, evidence: None };
	game = game.apply(side, position, &blind, 1000, &toy).unwrap().game;
	let open = Move::OpenTile { evidence: bad };
	let side = game.mover().unwrap();
	let refused = game.clone().apply(side, game.position(), &open, 1000, &toy);
	assert_eq!(refused, Err(GameError::ProofInvalid));
}

#[test]
fn join_should_be_no_fault_when_it_is_in_order() {
	let toy = Toy { stride: 1, ..toy() };
	let lies = [Lie::Tile { step: 1, node: 4, tile: 0, block: 0 }];
	let game = verdict_game(&toy, &lies);
	let theirs = Execution::new(&toy, lies.to_vec());
	let view = View { own: &theirs, theirs: None, said: &Said::default() };
	let Phase::Tile { step, trace, .. } = *game.phase() else { unreachable!() };
	let level = Level::Trace { step, root: trace };
	let known = Known::complete(List::Trace, theirs.list(&level), &toy);
	let seam = crate::strategy::Seam::In { node: 0 };
	let join = crate::strategy::Oracle::<Toy>::join(&view, &step, seam, &known, None).unwrap();
	let side = game.mover().unwrap();
	let position = game.position();
	let refused = game.apply(side, position, &Move::JoinFault { join }, 1000, &toy);
	assert_eq!(refused, Err(GameError::NoFault));
}

#[test]
fn pick_block_should_be_refused_when_there_is_no_such_block() {
	let spot = Spot { step: step(), trace: ROOT, node: 3, tile: 0, blocks: 3, spec: ROOT };
	let pick = |block| {
		let play = Move::PickBlock { block, evidence: None };
		answer(Phase::Block { spot, partials: ROOT }, play)
	};
	let block = Some(Block { index: 2, partials: ROOT });
	assert_eq!(pick(2), Ok(Phase::Opening { spot, block }));
	assert_eq!(pick(3), Err(GameError::LeafOutOfRange));
}

#[test]
fn node_should_be_refused_when_its_shape_is_beyond_the_limits() {
	let toy = toy();
	for Shape { tiles, blocks, .. } in [
		Shape { tiles: 0, blocks: 1, spec: ROOT },
		Shape { tiles: MAX_LEAVES + 1, blocks: 1, spec: ROOT },
		Shape { tiles: 1, blocks: 0, spec: ROOT },
		Shape { tiles: 1, blocks: crate::MAX_BLOCKS + 1, spec: ROOT },
	] {
		let strange = Toy { tiles, blocks, ..toy.clone() };
		let phase = Phase::Tile { step: step(), trace: ROOT, focus: Focus::Trace };
		let play = Move::PickTile { node: 3, tile: 0, spec: 3, evidence: None };
		let refused = rules::answer(&toy.params(ROOT), &phase, &play, &strange);
		assert_eq!(refused, Err(GameError::BadShape));
	}
}

/// A game in which the trace of step 1 has been posted.
fn verdict_game(toy: &Toy, lies: &[Lie]) -> Game {
	let (own, theirs) = (honest(toy).execution, liar(toy, lies).execution);
	let view = View { own: &own, theirs: Some(&theirs), said: &Said::default() };
	let params = toy.params(theirs.claim_root());
	let first = opening(&params, &view, toy).unwrap();
	let game = Game::open(params, &first, 1000, toy).unwrap().game;
	let view = View { own: &theirs, theirs: None, said: &Said::default() };
	let play = crate::strategy::defender(&game, &view, toy).unwrap();
	let position = game.position();
	game.apply(crate::Side::Defender, position, &play, 1000, toy).unwrap().game
}
