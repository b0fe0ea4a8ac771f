//! The learning rate of each update, as a table.
//!
//! Rates lie in rows of 32, in a slot that never changes: update `t` reads row `t / 32` of the table by
//! [`Op::Gather`] and column `t mod 32` by [`Op::Pick`]. They are negated, as updates subtract. A state
//! whose step is beyond the table starts over.

use assay_ops::{soft, NodeId, Op};

use crate::{
	fixed::{between, half_cosine, Fixed},
	graph::{Graph, Refusal, Role},
	init::Init,
	manifest::{Course, Schedule},
};

const WIDTH: u32 = 32;

/// The node of `−lr`, 1 × 1, in a program whose updates take `every` steps each.
pub(crate) fn minus_rate(
	graph: &mut Graph,
	schedule: &Schedule,
	lr: u32,
	every: u32,
) -> Result<NodeId, Refusal> {
	let rows = schedule.entries.div_ceil(WIDTH);
	let words = (0..rows * WIDTH).map(|t| soft::neg(rate(schedule, lr, t))).collect();
	let table = graph.slot(rows, WIDTH, Role::Table, Init::Table { words })?.node;
	let row = graph.add(Op::StepIndex { every: every * WIDTH, period: rows }, &[])?;
	let col = graph.add(Op::StepIndex { every, period: WIDTH }, &[])?;
	let rates = graph.add(Op::Gather, &[table, row])?;
	graph.add(Op::Pick, &[rates, col])
}

/// The learning rate of update `t`, counted from 0.
fn rate(schedule: &Schedule, lr: u32, t: u32) -> u32 {
	if t < schedule.warmup {
		return between(0, lr, Fixed::ratio(t + 1, schedule.warmup));
	}
	let whole = schedule.steps.saturating_sub(schedule.warmup).max(1);
	let done = Fixed::ratio((t - schedule.warmup).min(whole), whole);
	match schedule.course {
		Course::Constant => lr,
		Course::Linear => between(schedule.min, lr, Fixed::ONE.minus(done)),
		Course::Cosine => between(schedule.min, lr, half_cosine(done)),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn rates(course: Course) -> Vec<f64> {
		let min = 0.1f32.to_bits();
		let schedule = Schedule { course, warmup: 4, steps: 14, entries: 20, min };
		let rate = |t| f64::from(f32::from_bits(rate(&schedule, 0.5f32.to_bits(), t)));
		(0..20).map(rate).collect()
	}

	#[test]
	fn rate_should_rise_evenly_and_then_follow_its_course() {
		for course in [Course::Constant, Course::Linear, Course::Cosine] {
			for (t, found) in rates(course).into_iter().enumerate() {
				let done = ((t as f64 - 4.0) / 10.0).clamp(0.0, 1.0);
				let expected = match course {
					_ if t < 4 => 0.5 * (t as f64 + 1.0) / 4.0,
					Course::Constant => 0.5,
					Course::Linear => 0.1 + 0.4 * (1.0 - done),
					Course::Cosine => 0.1 + 0.4 * (1.0 + (std::f64::consts::PI * done).cos()) / 2.0,
				};
				assert!((found - expected).abs() < 1e-7, "{course:?} {t}: {found} {expected}");
			}
		}
	}
}
