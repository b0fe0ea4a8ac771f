//! Single matches: what each comes to, and the smallest one that comes to the same.

use assay_dispute_game::testing::sim::{shrink, Fault, Library, Saved, Scenario, Wanted};
use assay_sim::{
	bounds::HARM,
	run::{caught, quietly},
};
use std::{fs, path::Path, process::ExitCode};

/// What a match came to that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
	/// It ended wrongly, or panicked.
	Fault(String),
	/// A game took too long.
	Late,
	/// Harm was too cheap.
	Cheap,
}

/// What is wrong with a match.
fn verdict(scenario: &Scenario<'_>) -> Option<Wrong> {
	let report = match caught(|| scenario.play()) {
		Err(panic) => return Some(Wrong::Fault(panic)),
		Ok(Err(fault)) => return Some(Wrong::Fault(fault.what)),
		Ok(Ok(report)) => report,
	};
	let cheap = report.cost > 0 && report.loss * 100 / report.cost < HARM;
	match (report.late > 0, cheap) {
		(true, _) => Some(Wrong::Late),
		(false, true) => Some(Wrong::Cheap),
		(false, false) => None,
	}
}

/// The smallest match that goes wrong as this one does, as text that [`play_file`] reads.
pub(crate) fn smallest(fault: &Fault, wanted: &Wanted) -> String {
	let mut library = Library::default();
	let scenario = Scenario::draw(fault.seed, wanted, &mut library);
	quietly(|| {
		let wrong = verdict(&scenario);
		let smallest = shrink(&scenario, |smaller| wrong.is_some() && verdict(smaller) == wrong);
		smallest.write()
	})
}

/// Plays the matches of a file, and fails if one goes wrong.
pub(crate) fn play_file(file: &Path) -> ExitCode {
	let played = fs::read_to_string(file).map_err(|error| error.to_string());
	match played.and_then(|text| play(&text)) {
		Ok(clean) => ExitCode::from(u8::from(!clean)),
		Err(error) => {
			eprintln!("error: {}: {error}", file.display());
			ExitCode::from(2)
		},
	}
}

/// Plays written matches. Says whether none went wrong.
fn play(text: &str) -> Result<bool, String> {
	let saved = Saved::read(text)?;
	let scenarios = saved.scenarios()?;
	let mut clean = true;
	for scenario in &scenarios {
		let wrong = quietly(|| verdict(scenario));
		clean &= wrong.is_none();
		match wrong {
			None => println!("right"),
			Some(Wrong::Fault(what)) => println!("WRONG {what}"),
			Some(Wrong::Late) => println!("LATE"),
			Some(Wrong::Cheap) => println!("CHEAP"),
		}
	}
	Ok(clean)
}
