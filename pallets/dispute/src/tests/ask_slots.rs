use super::*;

#[test]
fn ask_slots_should_pass_the_turn_on_and_stand_when_it_is_repeated() {
	new_test_ext(|| {
		let mut table = claimed(1, vec![Lie::State { step: 2 }]);
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		makes(&table, game, MoveKind::AskSlots, Side::Defender);
		0
	});
}
