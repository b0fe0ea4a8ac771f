//! Every unit of a bond goes somewhere.

use super::*;

#[test]
fn bond_should_leave_nothing_on_hold_when_it_is_odd() {
	new_test_ext(|| {
		DisputeTariff::set(crate::Tariff { bond_base: 1_001, ..DisputeTariff::get() });
		let table = accused(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		assert_eq!((bond_of(CHALLENGER), (BOND + 1) % 2), (BOND + 1, 1));
		table.play(game);
		assert_eq!(bond_of(CHALLENGER), 0);
		let slashed =
			Event::BondSlashed { game, challenger: CHALLENGER, paid: 50, burned: BOND + 1 - 50 };
		assert_eq!(take_events().last(), Some(&slashed));
		BOND + 1 - 50
	});
}
