//! What an end weighs: what it came to, not the worst that it could have been.

use super::*;
use crate::WeightInfo;
use assay_primitives::{Claims, Games};
use polkadot_sdk::frame_support::{
	dispatch::DispatchResultWithPostInfo,
	weights::{constants::RocksDbWeight, Weight},
};

/// The weight that a call said it had.
fn charged(done: DispatchResultWithPostInfo) -> Weight {
	done.unwrap().actual_weight.expect("less than the worst")
}

/// Weight of a conviction by the referee with so many other games.
fn conviction(others: u32) -> Weight {
	let mut spent = Weight::zero();
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		for _ in 0..others {
			table.opened(RIVAL);
		}
		let play = table.until(game, MoveKind::PickTile);
		let cost = stored(game).challenger_cost + worth(&play);
		spent = charged(send(CHALLENGER, game, position(game), play));
		burned_stake(cost)
	});
	spent
}

#[test]
fn conviction_should_weigh_as_many_games_as_it_closes() {
	let (alone, more) = (conviction(0), conviction(3));
	assert_eq!(more - alone, <()>::close_game().saturating_mul(3));
	let parts = <()>::judged_move() + Market::claim_weight() + <()>::settle();
	assert_eq!(alone, parts + Market::convict_weight());
	let all = <()>::close_game().saturating_mul(assay_primitives::MAX_OPEN_GAMES.into());
	assert_eq!(crate::Pallet::<Test>::ending_weight(true), alone + all);
}

#[test]
fn acquittal_should_weigh_no_other_games_when_there_are_some() {
	new_test_ext(|| {
		let table = accused(1, lie(MLP.update));
		let games = [table.opened(CHALLENGER), table.opened(CHALLENGER)];
		let play = table.until(games[0], MoveKind::PickTile);
		let spent = charged(send(CHALLENGER, games[0], position(games[0]), play));
		let ended = <()>::settle() + Market::acquit_weight();
		assert_eq!(spent, <()>::judged_move() + Market::claim_weight() + ended);
		table.turn(games[1]);
		jump_to(60);
		let spent = charged(Dispute::expire(signed(STRANGER), games[1]));
		assert_eq!(spent, <()>::light_move() + Market::claim_weight() + ended);
		assert!(spent.all_lt(crate::Pallet::<Test>::ending_weight(false)));
		2 * (BOND - 50)
	});
}

#[test]
fn agenda_should_end_as_many_games_as_their_ends_leave_room_for() {
	new_test_ext(|| {
		same_clocks();
		let table = accused(1, lie(MLP.update));
		for _ in 0..3 {
			let game = table.opened(CHALLENGER);
			table.turn(game);
		}
		let ended =
			<()>::light_move() + Market::claim_weight() + <()>::settle() + Market::acquit_weight();
		jump_to(35);
		let worst = crate::Pallet::<Test>::ending_weight(false);
		// Room for one end, and then for the worst of another, but for no third.
		let buckets = <()>::tick_bucket().saturating_mul(41);
		TickWeight::set(<()>::tick_base() + buckets + ended + worst);
		run_to(36);
		assert_eq!(Disputes::<Test>::count(), 1);
		check_books();
		run_to(37);
		assert_eq!(Disputes::<Test>::count(), 0);
		3 * (BOND - 50)
	});
}

#[test]
fn moves_should_weigh_no_judge_when_they_need_none() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		let play = table.next(game).unwrap();
		let spent = charged(send(SOLVER, game, position(game), play));
		assert_eq!(spent, <()>::light_move() + Market::claim_weight());
		assert!(<()>::judged_move().ref_time() > <()>::light_move().ref_time());
		0
	});
}

#[test]
fn refused_opening_should_weigh_the_look_for_a_claim_and_a_place() {
	let look = Market::claim_weight() + RocksDbWeight::get().reads(1);
	assert_eq!(crate::Pallet::<Test>::refused_opening_weight(), look);
}

#[test]
fn looking_whether_the_chain_was_full_should_weigh_two_reads() {
	let weight = <Dispute as Games<u64, u64>>::last_full_weight();
	assert_eq!(weight, RocksDbWeight::get().reads(2));
}

#[test]
fn withdrawal_should_weigh_each_game_and_the_look_for_more() {
	let weight = <Dispute as Games<u64, u64>>::withdraw_weight;
	assert_eq!(weight(0), <()>::close_game());
	assert_eq!(weight(5), <()>::close_game().saturating_mul(6));
}
