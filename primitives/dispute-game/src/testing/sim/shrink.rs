//! Smaller matches that go wrong in the same way.

use alloc::{boxed::Box, vec::Vec};

use super::{
	breed::FEATURES,
	scenario::{Censor, Scenario},
};

/// Things that are left out at most.
const MOST: u32 = 256;

/// Leaves out of a match whatever can be left out of it while it still fails.
pub fn shrink<'a>(
	scenario: &Scenario<'a>,
	mut fails: impl FnMut(&Scenario<'a>) -> bool,
) -> Scenario<'a> {
	let mut best = scenario.clone();
	for _ in 0..MOST {
		match smaller(&best).into_iter().find(|smaller| fails(smaller)) {
			Some(smaller) => best = smaller,
			None => break,
		}
	}
	best
}

/// The match without each of the things that it has and could do without.
fn smaller<'a>(of: &Scenario<'a>) -> Vec<Scenario<'a>> {
	let mut all = Vec::new();
	let mut without = |leave_out: &dyn Fn(&mut Scenario<'a>)| {
		let mut smaller = of.clone();
		leave_out(&mut smaller);
		all.push(smaller);
	};
	let attacked = of.cases.iter().filter(|case| case.right == of.right).count();
	for (number, case) in of.cases.iter().enumerate() {
		if case.right != of.right || attacked > 1 {
			without(&|smaller| {
				smaller.cases.remove(number);
			});
		}
	}
	for number in 0..of.forks.len() {
		without(&|smaller| {
			smaller.forks.remove(number);
		});
	}
	for number in 0..of.crashes.len() {
		without(&|smaller| {
			smaller.crashes.remove(number);
		});
	}
	for number in 0..of.rots.len() {
		without(&|smaller| {
			smaller.rots.remove(number);
		});
	}
	if of.flood.is_some() {
		without(&|smaller| smaller.flood = None);
	}
	if of.censor != Censor::Never {
		without(&|smaller| smaller.censor = Censor::Never);
	}
	if of.stale_journal > 0 {
		without(&|smaller| smaller.stale_journal = 0);
	}
	for (number, case) in of.cases.iter().enumerate() {
		if case.replay > 0 {
			without(&|smaller| {
				(smaller.cases[number].replay, smaller.cases[number].own_replay) = (0, 0);
			});
		}
		if case.accounts > 0 {
			without(&|smaller| smaller.cases[number].accounts /= 2);
			without(&|smaller| smaller.cases[number].accounts -= 1);
		}
	}
	for plain in (0..FEATURES).filter_map(|feature| of.strategy.without(feature)) {
		let plain = &*Box::leak(Box::new(plain));
		without(&|smaller| smaller.strategy = plain);
	}
	all
}
