//! What other terms would do: a search for each of some values of each of them, the others as they are.

use assay_dispute_game::testing::sim::{Terms, Wanted};
use assay_sim::args::Args;
use std::process::ExitCode;

use crate::search;

/// A term, and the values that are tried.
struct Curve {
	name: &'static str,
	set: fn(&mut Terms, i64),
	get: fn(&Terms) -> i64,
	values: &'static [i64],
}

/// The terms. Amounts are in millionths of a token, shares in percent of the stake.
const CURVES: [Curve; 8] = [
	Curve {
		name: "bond_base",
		set: |terms, value| terms.bond_base = value,
		get: |terms| terms.bond_base,
		values: &[500_000, 1_000_000, 2_000_000, 4_496_000, 9_000_000],
	},
	Curve {
		name: "bond_factor",
		set: |terms, value| terms.bond_factor = value,
		get: |terms| terms.bond_factor,
		values: &[0, 1, 5, 20],
	},
	Curve {
		name: "challenger_share",
		set: |terms, value| terms.challenger_share = value,
		get: |terms| terms.challenger_share,
		values: &[1, 5, 10, 20, 40],
	},
	Curve {
		name: "requester_share",
		set: |terms, value| terms.requester_share = value,
		get: |terms| terms.requester_share,
		values: &[0, 10, 25, 50, 75],
	},
	Curve {
		name: "disputed_withdrawal",
		set: |terms, value| terms.disputed_withdrawal = value,
		get: |terms| terms.disputed_withdrawal,
		values: &[5, 10, 20, 25, 50, 100],
	},
	Curve {
		name: "cost_multiple",
		set: |terms, value| terms.cost_multiple = value,
		get: |terms| terms.cost_multiple,
		values: &[0, 1, 5, 10, 20],
	},
	Curve {
		name: "places",
		set: |terms, value| terms.places = u32::try_from(value).unwrap_or(1),
		get: |terms| terms.places.into(),
		values: &[2, 8, 16, 32, 64],
	},
	Curve {
		name: "clock",
		set: |terms, value| terms.clock = u32::try_from(value).unwrap_or(1),
		get: |terms| terms.clock.into(),
		values: &[150, 200, 300, 450],
	},
];

/// Sets a term, as in `clock=600`.
pub(crate) fn set(terms: &mut Terms, text: &str) -> Result<(), String> {
	let names = || CURVES.map(|curve| curve.name).join(", ");
	let (name, value) = text.split_once('=').ok_or_else(|| format!("{text}: write NAME=VALUE"))?;
	let curve = CURVES.iter().find(|curve| curve.name == name);
	let curve = curve.ok_or_else(|| format!("no term is called {name}; there are {}", names()))?;
	let value: u32 = value.parse().map_err(|_| format!("{text}: not a whole number"))?;
	(curve.set)(terms, value.into());
	Ok(())
}

/// Searches with every value of every term, `args.games` games each. The runtime's values are marked.
pub(crate) fn curves(args: &Args, wanted: &Wanted) -> ExitCode {
	let mut right = true;
	for curve in &CURVES {
		for value in curve.values {
			let mut terms = Terms::default();
			let usual = (curve.get)(&terms) == *value;
			(curve.set)(&mut terms, *value);
			let wanted = Wanted { terms, ..*wanted };
			let found = search::found(args, &wanted);
			// Other terms may be wrong, and any may be too cheap: that is what the curve is to show.
			right &= found.is_right() || !usual;
			let mark = if usual { " runtime" } else { "" };
			println!("CURVE {}={value}{mark} {}", curve.name, found.figures());
			found.show_faults(1, &wanted);
		}
	}
	ExitCode::from(u8::from(!right))
}
