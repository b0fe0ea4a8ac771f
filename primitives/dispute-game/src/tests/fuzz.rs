//! Arbitrary bytes as games and moves: no panic, and nothing that decodes breaks a promise.

use codec::{Decode, Encode, MaxEncodedLen};
use proptest::prelude::*;

use super::toy;
use crate::{testing::Toy, Game, Level, Move, MoveOf, Params, Phase, Run, Side};

/// Games from bytes: the discriminant of the phase is steered so that most of them decode.
fn game(params: &Params, phase: u8, bytes: &[u8]) -> Option<Game> {
	let mut encoded = params.encode();
	encoded.push(phase);
	encoded.extend_from_slice(bytes);
	Game::decode(&mut &encoded[..]).ok()
}

fn arbitrary_params() -> impl Strategy<Value = Params> {
	(any::<[u32; 9]>(), any::<bool>()).prop_map(|(words, sane)| {
		let mut params = toy().params([0; 32]);
		if !sane {
			let [steps, stride, nodes, slots, _, clock, reserve, extension, _] = words;
			params.steps = steps;
			params.stride = stride;
			params.nodes = nodes;
			params.slots = slots;
			(params.clock, params.reserve, params.extension) = (clock, reserve, extension);
		}
		params
	})
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(4_000))]

	#[test]
	fn game_should_not_panic_when_it_is_made_of_arbitrary_bytes(
		params in arbitrary_params(),
		phase in 0u8..11,
		bytes in proptest::collection::vec(prop_oneof![0u8..3, any::<u8>()], 1200),
		play in 0u8..16,
		content in proptest::collection::vec(prop_oneof![0u8..3, any::<u8>()], 600),
		side in any::<bool>(),
		now in any::<u32>(),
	) {
		let toy = toy();
		let Some(game) = game(&params, phase, &bytes) else { return Ok(()) };
		let mut encoded = vec![play];
		encoded.extend_from_slice(&content);
		let Ok(play) = MoveOf::<Toy>::decode(&mut &encoded[..]) else { return Ok(()) };
		let side = if side { Side::Challenger } else { Side::Defender };
		let (position, turn) = (game.position(), game.clocks().turn);
		for now in [now, turn, turn.saturating_add(1)] {
			let _ = game.clone().apply(side, position, &play, now, &toy);
			let _ = game.clone().timeout(now);
		}
		let _ = (game.deadline(), game.bound(), game.moves_left(), game.outcome());
		prop_assert!(game.encoded_size() <= Game::max_encoded_len());
		prop_assert_eq!(Game::decode(&mut &game.encode()[..]), Ok(game));
	}

	#[test]
	fn search_should_not_panic_when_its_runs_are_arbitrary(
		start in any::<u32>(), count in any::<u32>(), child in 0u32..18, len in 0usize..17,
	) {
		let (toy, run) = (toy(), Run { start, count });
		let params = toy.params([0; 32]);
		let children = || vec![[1; 32]; len].try_into().unwrap();
		let level = Level::Claim;
		let pick = Phase::Pick { level, run, children: children() };
		let _ = crate::rules::answer::<Toy>(&params, &pick, &Move::Pick { child }, &toy);
		let bisect = Phase::Bisect { level, run, hash: [1; 32] };
		let play = Move::Bisect { children: children() };
		let _ = crate::rules::answer::<Toy>(&params, &bisect, &play, &toy);
		let _ = (pick.moves_left(&params), bisect.moves_left(&params));
	}
}

#[test]
fn game_should_fit_a_kibibyte() {
	assert!(Game::max_encoded_len() <= 1024 + 64, "{}", Game::max_encoded_len());
}
