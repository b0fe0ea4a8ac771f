//! How long typical games are.

use alloc::{vec, vec::Vec};

use super::{honest, kinds, liar, meet, toy};
use crate::{
	testing::{Habit, Lie, Player, Toy},
	Fault, MoveKind as K, Outcome, Phase, MAX_LEAVES, MAX_MOVES,
};

const TILE: Outcome = Outcome::Convicted(Fault::Tile);

fn lie(step: u32, node: u32, block: u32) -> Lie {
	Lie::Tile { step, node, tile: 1, block }
}

#[test]
fn game_should_take_three_moves_when_stride_is_one() {
	let toy = Toy { stride: 1, ..toy() };
	let (game, records) = meet(honest(&toy), liar(&toy, &[lie(6, 4, 0)])).unwrap();
	assert_eq!(game.outcome(), Some(TILE));
	assert_eq!(kinds(&records), [K::Open, K::PostTrace, K::PickTile]);
}

#[test]
fn game_should_take_five_moves_when_there_is_a_stride() {
	let toy = toy();
	for step in 0..toy.steps {
		let (game, records) = meet(honest(&toy), liar(&toy, &[lie(step, 2, 0)])).unwrap();
		assert_eq!(game.outcome(), Some(TILE));
		let expected = [K::Open, K::PostSteps, K::PickStep, K::PostTrace, K::PickTile];
		assert_eq!(kinds(&records), expected, "step {step}");
	}
}

#[test]
fn game_should_take_two_more_moves_when_reduction_is_split() {
	let toy = Toy { stride: 1, ..toy() };
	for block in 0..toy.blocks {
		let (game, records) = meet(honest(&toy), liar(&toy, &[lie(6, 3, block)])).unwrap();
		assert_eq!(game.outcome(), Some(TILE));
		let expected = [K::Open, K::PostTrace, K::PickTile, K::PostPartials, K::PickBlock];
		assert_eq!(kinds(&records), expected, "block {block}");
	}
}

#[test]
fn game_should_end_in_a_join_fault_when_trace_does_not_join() {
	let toy = Toy { stride: 1, ..toy() };
	for slot in 0..toy.slots {
		for lie in [Lie::Slot { step: 3, slot }, Lie::Input { step: 3, slot }] {
			let (game, records) = meet(honest(&toy), liar(&toy, &[lie])).unwrap();
			assert_eq!(game.outcome(), Some(Outcome::Convicted(Fault::Join)));
			assert_eq!(kinds(&records), [K::Open, K::PostTrace, K::JoinFault]);
		}
	}
}

#[test]
fn defender_should_open_the_tile_when_challenger_brings_no_evidence() {
	let toy = Toy { stride: 1, ..toy() };
	let mut blind = honest(&toy);
	blind.habit.picks_blindly = true;
	let (game, records) = meet(blind, liar(&toy, &[lie(6, 4, 0)])).unwrap();
	assert_eq!(game.outcome(), Some(TILE));
	assert_eq!(kinds(&records), [K::Open, K::PostTrace, K::PickTile, K::OpenTile]);
}

#[test]
fn withheld_list_should_need_five_rounds_when_it_has_two_to_the_twenty_leaves() {
	let steps = (1 << 20) - 1;
	let toy = Toy { steps, stride: 1, nodes: 2, slots: 1, tiles: 1, blocks: 1, ..toy() };
	let honest = honest(&toy);
	let mut liar = Player { execution: honest.execution.clone(), habit: Habit::default() };
	let wrong = (1 << 20) - 700;
	for state in &mut liar.execution.claim[wrong..] {
		state[0] ^= 1;
	}
	liar.habit.withholds = true;
	let (game, records) = meet(honest, liar).unwrap();
	assert!(game.outcome().unwrap().claim_falls());
	let mut expected = vec![K::Ask];
	for _ in 0..5 {
		expected.extend([K::Bisect, K::Pick]);
	}
	expected.push(K::Open);
	assert_eq!(kinds(&records)[..expected.len()], expected);
}

/// The moves down to the trace of a game in which the claim and the steps are withheld.
const DOWN: [K; 10] = [
	K::Ask,
	K::Bisect,
	K::Pick,
	K::Open,
	K::PostSteps,
	K::Ask,
	K::Bisect,
	K::Pick,
	K::PickStep,
	K::PostTrace,
];

fn withheld(lie: Lie) -> (Outcome, Vec<K>) {
	let toy = toy();
	let mut liar = liar(&toy, &[lie]);
	liar.habit.withholds = true;
	let (game, records) = meet(honest(&toy), liar).unwrap();
	(game.outcome().unwrap(), kinds(&records))
}

#[test]
fn tile_should_be_found_by_asking_at_every_level_when_all_is_withheld() {
	for node in [2, 4] {
		let (outcome, moves) = withheld(lie(5, node, 0));
		let asks = [K::Ask, K::Bisect, K::Pick, K::AskTiles, K::Bisect, K::Pick, K::PickTile];
		assert_eq!((outcome, moves), (TILE, [&DOWN[..], &asks].concat()));
	}
	let (outcome, moves) = withheld(lie(5, 3, 1));
	let asks = [K::Ask, K::Bisect, K::Pick, K::AskTiles, K::Bisect, K::Pick, K::PickTile];
	let split = [K::PostPartials, K::PickBlock];
	assert_eq!((outcome, moves), (TILE, [&DOWN[..], &asks, &split].concat()));
}

#[test]
fn join_should_be_found_by_asking_when_the_slots_are_withheld() {
	for slot in 0..2 {
		let (outcome, moves) = withheld(Lie::Slot { step: 5, slot });
		let asks = [K::AskSlots, K::Bisect, K::Pick, K::JoinFault];
		let expected = [&DOWN[..], &asks].concat();
		assert_eq!((outcome, moves), (Outcome::Convicted(Fault::Join), expected));
	}
}

#[test]
fn claim_should_fall_by_silence_when_a_state_is_the_hash_of_nothing() {
	let (outcome, moves) = withheld(Lie::State { step: 8 });
	assert_eq!(outcome, Outcome::Convicted(Fault::Silence));
	assert_eq!(moves, [&DOWN[..], &[K::AskSlots]].concat());
}

#[test]
fn longest_game_should_have_max_moves_when_every_list_is_longest() {
	let mut params = toy().params([0; 32]);
	(params.nodes, params.slots) = (MAX_LEAVES, MAX_LEAVES);
	let mut longest = 0;
	for stride in (1..=20).map(|bits| 1 << bits).flat_map(|stride| [stride, stride - 1, stride + 1])
	{
		for steps in [u32::MAX, (MAX_LEAVES - 1).saturating_mul(stride)] {
			(params.stride, params.steps) = (stride, steps);
			if params.check(0).is_ok() {
				longest = longest.max(Phase::Claim { leaf: None }.moves_left(&params));
			}
		}
	}
	assert_eq!(longest, MAX_MOVES);
}
