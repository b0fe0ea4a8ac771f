//! The transition table: every phase against every move.

use alloc::{vec, vec::Vec};

use super::toy;
use crate::{
	rules,
	testing::{Toy, ToyEvidence, ToyJoin, ToyOpening, ToyPartials},
	Focus, GameError, Level, Move, MoveKind as M, MoveOf, Outcome, Phase, PhaseKind as P, Root,
	Run, Shown, Side, Span, Spot,
};

const ROOT: Root = [1; 32];
const STEP: Span = Span { start: 0, len: 1, before: ROOT, after: ROOT };

/// Which moves answer a phase; every other is refused as such.
fn answers(phase: &Phase) -> &'static [M] {
	let withdrawable = |level: &Level| matches!(level, Level::Claim | Level::Steps { .. });
	match phase {
		Phase::Claim { leaf: None } => &[M::Open, M::PrefixFault, M::Ask],
		Phase::Claim { leaf: Some(_) } => &[M::Open, M::Ask],
		Phase::Steps { .. } => &[M::PostSteps, M::Concede],
		Phase::Step { .. } => &[M::PickStep, M::Ask],
		Phase::Trace { .. } => &[M::PostTrace, M::Concede],
		Phase::Tile { .. } => &[M::PickTile, M::JoinFault, M::Ask, M::AskTiles, M::AskSlots],
		Phase::Partials { .. } => &[M::PostPartials],
		Phase::Block { .. } => &[M::PickBlock],
		Phase::Opening { .. } => &[M::OpenTile],
		Phase::Bisect { level, .. } if withdrawable(level) => &[M::Bisect, M::Concede],
		Phase::Bisect { .. } => &[M::Bisect],
		Phase::Pick { .. } => &[M::Pick],
		Phase::Over { .. } => &[],
	}
}

fn phases() -> Vec<Phase> {
	let span = Span { len: 4, ..STEP };
	let spot = Spot { step: STEP, trace: ROOT, node: 3, tile: 0, blocks: 3, spec: ROOT };
	let levels = [
		Level::Claim,
		Level::Steps { span, root: ROOT },
		Level::Trace { step: STEP, root: ROOT },
		Level::Tiles { step: STEP, trace: ROOT, node: 3, tiles: 3, root: ROOT },
		Level::Slots { step: STEP, trace: ROOT },
	];
	let run = Run::whole(4);
	let focuses = [Focus::Trace, Focus::Node(3), Focus::Tile { node: 3, tile: 0 }, Focus::Slot(0)];
	let tile = |focus| Phase::Tile { step: STEP, trace: ROOT, focus };
	let children = || vec![ROOT; 4].try_into().unwrap();
	let mut phases = vec![
		Phase::Claim { leaf: None },
		Phase::Claim { leaf: Some(1) },
		Phase::Steps { span },
		Phase::Step { span, root: ROOT, leaf: None },
		Phase::Step { span, root: ROOT, leaf: Some(1) },
		Phase::Trace { step: STEP },
		Phase::Partials { spot },
		Phase::Block { spot, partials: ROOT },
		Phase::Opening { spot, block: None },
		Phase::Over { outcome: Outcome::Acquitted },
	];
	phases.extend(focuses.map(tile));
	phases.extend(levels.map(|level| Phase::Bisect { level, run, hash: ROOT }));
	phases.extend(levels.map(|level| Phase::Pick { level, run, children: children() }));
	phases
}

fn moves() -> [MoveOf<Toy>; 16] {
	let shown = || Shown { leaf: ROOT, path: Default::default() };
	let opening = || ToyOpening { tensor: shown(), tile: shown() };
	let evidence = || ToyEvidence { inputs: vec![], output: None, partials: None };
	let join = ToyJoin { out: false, slot: 0, in_state: shown(), in_trace: shown() };
	[
		Move::Open { stride: 0, before: shown(), after: shown() },
		Move::PrefixFault { heartbeat: 0, leaf: 0, in_heartbeat: shown(), in_claim: shown() },
		Move::Ask,
		Move::Bisect { children: Default::default() },
		Move::Pick { child: 1 },
		Move::PostSteps { root: ROOT, last: Default::default() },
		Move::PickStep { step: 0, before: None, after: None },
		Move::PostTrace { root: ROOT },
		Move::JoinFault { join },
		Move::AskTiles { node: 3, spec: 3, output: shown() },
		Move::PickTile { node: 3, tile: 0, spec: 3, evidence: None },
		Move::PostPartials { partials: ToyPartials { hashes: vec![], output: opening() } },
		Move::PickBlock { block: 0, evidence: None },
		Move::OpenTile { evidence: evidence() },
		Move::Concede,
		Move::AskSlots,
	]
}

#[test]
fn move_should_answer_phase_when_and_only_when_the_table_says_so() {
	let toy = toy();
	let params = toy.params(ROOT);
	let mut seen = Vec::new();
	for phase in phases() {
		for play in moves() {
			let (at, tried) = (phase.kind(), play.kind());
			let result = rules::answer(&params, &phase, &play, &toy);
			let refused = result == Err(GameError::WrongPhase { phase: at, tried });
			assert_eq!(!refused, answers(&phase).contains(&tried), "{phase:?} {tried:?}");
			if let Ok(next) = result {
				assert!(next.moves_left(&params) < phase.moves_left(&params));
				seen.push((at, tried));
			}
		}
	}
	// Enough of the samples are whole moves for the second half of the check to mean something.
	for pair in [
		(P::Claim, M::Ask),
		(P::Step, M::Ask),
		(P::Trace, M::PostTrace),
		(P::Tile, M::Ask),
		(P::Tile, M::AskSlots),
		(P::Tile, M::PickTile),
		(P::Block, M::PickBlock),
		(P::Pick, M::Pick),
		(P::Steps, M::Concede),
	] {
		assert!(seen.contains(&pair), "{pair:?}");
	}
}

#[test]
fn every_answer_should_belong_to_the_side_whose_turn_it_is() {
	for phase in phases() {
		for play in answers(&phase) {
			assert_eq!(phase.turn(), Ok(play.side()), "{phase:?} {play:?}");
		}
	}
}

#[test]
fn codec_indices_should_stay_when_code_changes() {
	use codec::Encode;
	for play in moves() {
		assert_eq!(play.encode()[0], play.kind().encode()[0]);
	}
	for phase in phases() {
		assert_eq!(phase.encode()[0], phase.kind().encode()[0]);
	}
	let first = |play: &MoveOf<Toy>| play.encode()[0];
	let order: Vec<u8> = moves().iter().map(first).collect();
	assert_eq!(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
	assert_eq!((Side::Challenger, Side::Defender).encode(), [0, 1]);
}

#[test]
fn strangers_should_only_play_moves_that_cannot_be_abused() {
	let open: Vec<M> =
		moves().iter().map(Move::kind).filter(|kind| kind.is_self_evident()).collect();
	assert_eq!(open, [M::PrefixFault, M::Bisect, M::JoinFault, M::OpenTile]);
}
