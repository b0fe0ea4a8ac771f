use super::*;

#[test]
fn post_partials_should_pass_the_turn_on_and_stand_when_it_is_repeated() {
	new_test_ext(|| {
		let mut table = claimed(1, lie(MLP.hidden));
		table.withheld = false;
		let game = table.opened(CHALLENGER);
		makes(&table, game, MoveKind::PostPartials, Side::Challenger);
		0
	});
}

#[test]
fn post_partials_should_fail_when_they_are_incomplete_or_do_not_end_in_the_tile() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.hidden));
		let game = table.opened(CHALLENGER);
		let Move::PostPartials { partials } = table.until(game, MoveKind::PostPartials) else {
			panic!()
		};
		let garble = |change: fn(&mut Vec<[u8; 32]>)| {
			let mut garbled = partials.clone();
			let mut hashes = partials.partials.to_vec();
			change(&mut hashes);
			garbled.partials = hashes.try_into().unwrap();
			send(SOLVER, game, position(game), Move::PostPartials { partials: garbled })
		};
		assert_noop!(garble(|hashes| hashes[1][0] ^= 1), Error::<Test>::ProofInvalid);
		assert_noop!(garble(|hashes| hashes.truncate(1)), Error::<Test>::ProofInvalid);
		assert_noop!(garble(|hashes| hashes.insert(0, [0; 32])), Error::<Test>::ProofInvalid);
		// Only the last is tied to the trace: a wrong one before it is for the challenger to pick.
		assert_ok!(garble(|hashes| hashes[0][0] ^= 1));
		assert_eq!(Transcripts::<Test>::get(game).partials.len(), 2);
		0
	});
}
