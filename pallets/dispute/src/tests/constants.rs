use super::*;
use crate::{ClockRules, Tariff};
use polkadot_sdk::{
	frame_support::{traits::Hooks, weights::Weight},
	frame_system::limits::BlockWeights,
	sp_io::TestExternalities,
};

fn check() {
	TestExternalities::default().execute_with(<Dispute as Hooks<u64>>::integrity_test);
}

#[test]
fn constants_should_pass_when_they_are_those_of_the_mock() {
	check();
}

#[test]
#[should_panic(expected = "an extension must fit twice")]
fn constants_should_panic_when_extension_is_too_long() {
	Clock::set(ClockRules { extension: 6, ..Clock::get() });
	check();
}

#[test]
#[should_panic(expected = "replays take time")]
fn constants_should_panic_when_replays_take_no_time() {
	Clock::set(ClockRules { effort_per_block: 0, ..Clock::get() });
	check();
}

#[test]
#[should_panic(expected = "every game must have a clock")]
fn constants_should_panic_when_there_is_no_clock() {
	Clock::set(ClockRules { base: 0, extension: 0, ..Clock::get() });
	check();
}

#[test]
#[should_panic(expected = "every game must have a clock")]
fn constants_should_panic_when_clocks_are_endless() {
	Clock::set(ClockRules { replay_max: u32::MAX, ..Clock::get() });
	check();
}

#[test]
#[should_panic(expected = "half of the bond")]
fn constants_should_panic_when_bond_does_not_cover_a_defence_twice() {
	DisputeTariff::set(Tariff { bond_factor: 1, ..DisputeTariff::get() });
	check();
}

#[test]
#[should_panic(expected = "claims must be disputable")]
fn constants_should_panic_when_no_game_is_allowed() {
	MaxGames::set(0);
	check();
}

#[test]
#[should_panic(expected = "must find a place in the agenda")]
fn constants_should_panic_when_agenda_is_smaller_than_the_number_of_games() {
	MaxGames::set(3 * 64 + 1);
	check();
}

#[test]
#[should_panic(expected = "end a game in one block")]
fn constants_should_panic_when_agenda_cannot_end_a_game() {
	TickWeight::set(crate::Pallet::<Test>::ending_weight(false));
	check();
}

#[test]
#[should_panic(expected = "the heaviest move must fit a block")]
fn constants_should_panic_when_heaviest_move_does_not_fit() {
	let heaviest = crate::Pallet::<Test>::ending_weight(true);
	Blocks::set(BlockWeights::simple_max(heaviest - Weight::from_parts(1, 0)));
	check();
}

#[test]
#[should_panic(expected = "must fit the dispute lane within a clock")]
fn constants_should_panic_when_lane_is_too_narrow_for_all_games() {
	// Seven moves of 164 KiB fit a block beside ordinary transactions, so forty games take six blocks.
	let narrow = ClockRules { base: 7, extension: 0, replay_max: 0, ..Clock::get() };
	Clock::set(narrow);
	check();
	Clock::set(ClockRules { base: 6, ..narrow });
	check();
}

#[test]
#[should_panic(expected = "while a machine ends two replays for other games")]
fn constants_should_panic_when_replays_for_others_outlast_a_clock() {
	// Thirty of 40 blocks are no reserve; two extensions of five leave twenty.
	Clock::set(ClockRules { replay_max: 20, ..Clock::get() });
	check();
	Clock::set(ClockRules { replay_max: 21, ..Clock::get() });
	check();
}

#[test]
fn clock_should_grow_with_replays_up_to_its_bound() {
	let rules = Clock::get();
	assert_eq!((rules.budget(0, 0), rules.budget(500_000_000, 0)), (41, 42));
	assert_eq!((rules.budget(4_499_999_999, 0), rules.budget(u64::MAX, 0)), (49, 50));
	assert_eq!((rules.budget(0, 1), rules.budget(500_000_000, 31)), (42, 40 + 2 * 32));
	assert_eq!((rules.budget(u64::MAX, 31), rules.longest()), (40 + 10 * 32, 40 + 10 * 32));
	assert_eq!(rules.reserve(), 10, "a quarter of the base, whatever is added for replays");
}

/// Breaks the books, sees `try_state` say so, and mends them.
fn breaks(expected: &str, change: impl FnOnce(&mut crate::DisputeOf<Test>)) {
	let honest = stored(0);
	let mut broken = honest.clone();
	change(&mut broken);
	Disputes::<Test>::insert(0, broken);
	let found = format!("{:?}", Dispute::do_try_state());
	assert!(found.contains(expected), "{found}");
	Disputes::<Test>::insert(0, honest);
	check_books();
}

#[test]
fn try_state_should_see_books_that_are_wrong() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		table.opened(CHALLENGER);
		breaks("invariant 1", |game| game.bond += 1);
		breaks("invariant 2", |game| game.task = 1);
		breaks("invariant 3", |game| game.agenda = 5);
		let fails = |expected: &str| {
			let found = format!("{:?}", Dispute::do_try_state());
			assert!(found.contains(expected), "{found}");
		};
		Agenda::<Test>::insert(90, polkadot_sdk::frame_support::BoundedVec::truncate_from(vec![7]));
		fails("invariant 3");
		Agenda::<Test>::remove(90);
		GamesOf::<Test>::insert(4, polkadot_sdk::frame_support::BoundedVec::truncate_from(vec![0]));
		fails("invariant 2");
		GamesOf::<Test>::remove(4);
		NextGame::<Test>::put(0);
		fails("invariant 5");
		NextGame::<Test>::put(1);
		MaxGames::set(0);
		fails("invariant 5");
		MaxGames::set(40);
		0
	});
}
