//! Contestants that run in turn.

use std::time::{Duration, Instant};
use std::{error::Error, thread};

use crate::{product::Product, python::Python};

/// How long the threads of a library may go on looking for work when its turn is over, which would take a core from
/// whoever is next.
const SETTLED: Duration = Duration::from_millis(60);

/// Of how many calls one is not timed.
const WARM_UP: u32 = 8;

/// One way to compute a product.
pub(crate) enum Contestant<'a> {
	/// A call in this process.
	Here(Box<dyn FnMut() + 'a>),
	/// A library in a process of its own.
	There(&'a mut Python, &'a Product),
}

impl Contestant<'_> {
	/// Seconds that a call takes, over some calls, after a few that are not timed: whoever comes after a pause finds caches
	/// cold and its threads asleep.
	fn seconds(&mut self, calls: u32) -> Result<f64, Box<dyn Error>> {
		match self {
			Self::Here(run) => {
				for _ in 0..calls.div_ceil(WARM_UP) {
					run();
				}
				let start = Instant::now();
				for _ in 0..calls {
					run();
				}
				Ok(start.elapsed().as_secs_f64() / f64::from(calls))
			},
			Self::There(python, product) => {
				let seconds = python.seconds(product, calls.div_ceil(WARM_UP), calls);
				thread::sleep(SETTLED);
				seconds
			},
		}
	}
}

/// Median seconds that a call of each contestant takes. In each round every one has a turn of about
/// `turn` seconds, so that what else the machine does falls upon all of them.
pub(crate) fn medians(
	rounds: usize,
	turn: f64,
	contestants: &mut [Contestant<'_>],
) -> Result<Vec<f64>, Box<dyn Error>> {
	let mut calls = Vec::new();
	for contestant in contestants.iter_mut() {
		contestant.seconds(1)?; // warms up
		calls.push((turn / contestant.seconds(1)?) as u32 + 1);
	}
	let mut times = vec![Vec::new(); contestants.len()];
	for _ in 0..rounds {
		for ((contestant, calls), times) in contestants.iter_mut().zip(&calls).zip(&mut times) {
			times.push(contestant.seconds(*calls)?);
		}
	}
	let median = |mut times: Vec<f64>| {
		times.sort_by(f64::total_cmp);
		times[times.len() / 2]
	};
	Ok(times.into_iter().map(median).collect())
}
