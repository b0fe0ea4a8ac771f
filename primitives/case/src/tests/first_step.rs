use assay_dispute_game::{Fault, Outcome};

use crate::testing::{mlp, play, Execution, Lie, Task, MLP};

/// Steps of the task below: the first, one inside a stride, and the only one of the last stride.
const PLACES: [u32; 3] = [0, 4, 6];

/// A task of two strides of three steps and a third of one, which goes on after `first_step` steps.
fn task(first_step: u32) -> Task {
	Task { first_step, ..mlp(7, 3) }
}

/// Lies at a step, each with what it is found to be. Slots lie too where the claim would not show it.
fn lies(step: u32) -> [(Vec<Lie>, Fault); 4] {
	let output = |node, word| Lie::Output { step, node, word, bit: 3 };
	let slot = Lie::Slot { step, slot: 0 };
	[
		(vec![output(MLP.update, 1799)], Fault::Tile),
		(vec![output(MLP.hidden, 0), slot], Fault::Tile),
		(vec![slot], Fault::Join),
		(vec![Lie::Input { step, node: 1 }, slot], Fault::Join),
	]
}

#[test]
fn liar_should_be_convicted_of_the_same_when_the_task_goes_on_with_a_training() {
	for first_step in [0, 5] {
		let task = task(first_step);
		let honest = Execution::new(&task, vec![]);
		for (lies, fault) in PLACES.into_iter().flat_map(|place| lies(first_step + place)) {
			let liar = Execution::new(&task, lies);
			for withheld in [false, true] {
				let played = play(&honest, &liar, withheld).expect("something differs");
				let convicted = Outcome::Convicted(fault);
				assert_eq!(played.outcome, convicted, "{:?} {withheld}", liar.lies);
			}
		}
	}
}

#[test]
fn honest_should_be_acquitted_when_the_task_goes_on_with_a_training() {
	let task = task(5);
	let honest = Execution::new(&task, vec![]);
	for (lies, fault) in PLACES.into_iter().flat_map(|place| lies(5 + place)) {
		let accuser = Execution::new(&task, lies);
		// A join that is in order is no move: the accuser has nothing to say.
		let silent = fault == Fault::Join;
		let expected = if silent { Outcome::ChallengerTimedOut } else { Outcome::Acquitted };
		for withheld in [false, true] {
			let played = play(&accuser, &honest, withheld).expect("something differs");
			assert_eq!(played.outcome, expected, "{:?} {withheld}", accuser.lies);
		}
	}
}

#[test]
fn challenger_should_have_nothing_to_say_when_a_task_that_goes_on_is_done_as_it_would() {
	let honest = Execution::new(&task(5), vec![]);
	assert!(play(&honest, &honest, false).is_none());
}

#[test]
fn states_should_be_those_of_one_run_when_a_task_goes_on_where_another_ended() {
	let whole = Execution::new(&mlp(12, 3), vec![]);
	let task = Task { first_step: 6, init: whole.states[6].clone(), ..mlp(6, 3) };
	let rest = Execution::new(&task, vec![]);
	assert_eq!(rest.claim(), whole.claim()[2..]);
	assert_eq!(task.init_root(), whole.claim()[2]);
	assert_eq!(rest.artifact(), whole.artifact());
}
