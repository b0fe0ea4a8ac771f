//! `[optimizer]`.

use toml::Spanned;

use super::{
	number::{Domain, Source},
	raw::{RawOptimizer, RawSchedule},
	section::Section,
	Bits, Course, Decay, Optimizer, Schedule, Task, Updates,
};
use crate::error::{Error, ErrorKind};

const OPTIMIZERS: &str = "sgd, adamw";
const SCHEDULES: &str = "constant, linear, cosine";
const DECAYS: &str = "all, matrices";

/// Most steps that one update may average.
const MAX_ACCUMULATE: u64 = 1024;

/// Most learning rates of a schedule: the table is part of the state.
const MAX_ENTRIES: u64 = 1 << 20;

pub(super) fn optimizer(
	source: &Source,
	mut raw: RawOptimizer,
	task: &Task,
) -> Result<(Optimizer, Updates), Error> {
	use Domain::{Fraction, NonNegative, Positive};
	let section = Section { source, kind: raw.kind.clone() };
	let accumulate = match raw.accumulate.take() {
		Some(steps) => source.integer("accumulate", &steps, 1..=MAX_ACCUMULATE)?,
		None => 1,
	};
	let clip = match raw.clip.take() {
		Some(clip) => Some(source.decimal("clip", &clip, Positive)?),
		None => None,
	};
	let decay = raw.decay.take().map_or(Ok(Decay::All), |kind| decay(source, &kind))?;
	let weight_decay = section.optional("weight_decay", raw.weight_decay.take(), NonNegative, 0);
	let optimizer = match raw.kind.get_ref().as_str() {
		"sgd" => Optimizer::Sgd {
			lr: section.required("lr", raw.lr.take(), Positive)?,
			momentum: section.optional("momentum", raw.momentum.take(), Fraction, 0)?,
			weight_decay: weight_decay?,
		},
		"adamw" => Optimizer::AdamW {
			lr: section.required("lr", raw.lr.take(), Positive)?,
			beta1: section.required("beta1", raw.beta1.take(), Fraction)?,
			beta2: section.required("beta2", raw.beta2.take(), Fraction)?,
			eps: section.required("eps", raw.eps.take(), Positive)?,
			weight_decay: weight_decay?,
		},
		_ => return Err(section.unknown("optimizer", OPTIMIZERS)),
	};
	section.unused("momentum", &raw.momentum)?;
	section.unused("beta1", &raw.beta1)?;
	section.unused("beta2", &raw.beta2)?;
	section.unused("eps", &raw.eps)?;
	let updates = task.steps.div_ceil(accumulate);
	let schedule = raw.schedule.map(|raw| schedule(source, raw, updates, optimizer.lr()));
	let schedule = schedule.transpose()?;
	Ok((optimizer, Updates { clip, accumulate, decay, schedule }))
}

fn decay(source: &Source, kind: &Spanned<String>) -> Result<Decay, Error> {
	match kind.get_ref().as_str() {
		"all" => Ok(Decay::All),
		"matrices" => Ok(Decay::Matrices),
		_ => Err(source.unknown("decay", kind, DECAYS)),
	}
}

/// A schedule for a task of `updates` updates.
fn schedule(
	source: &Source,
	mut raw: RawSchedule,
	updates: u32,
	lr: Bits,
) -> Result<Schedule, Error> {
	let section = Section { source, kind: raw.kind.clone() };
	let course = match raw.kind.get_ref().as_str() {
		"constant" => Course::Constant,
		"linear" => Course::Linear,
		"cosine" => Course::Cosine,
		_ => return Err(section.unknown("schedule", SCHEDULES)),
	};
	let most = raw.steps.as_ref().map_or(u64::from(updates), |steps| *steps.get_ref());
	let warmup = match raw.warmup.take() {
		Some(warmup) => source.integer("warmup", &warmup, 0..=most)?,
		None => 0,
	};
	let (mut steps, mut min) = (updates, lr);
	if course != Course::Constant {
		if let Some(given) = raw.steps.take() {
			steps = source.integer("steps", &given, 1..=MAX_ENTRIES)?;
		}
		let given = raw.min.as_ref().map(Spanned::span);
		min = section.optional("min", raw.min.take(), Domain::NonNegative, 0)?;
		if let (Some(span), true) = (given, min > lr) {
			let found = f32::from_bits(min).to_string();
			let expected = format!("at most `lr`, which is {}", f32::from_bits(lr));
			return Err(source.error(ErrorKind::OutOfRange { key: "min", found, expected }, span));
		}
	}
	section.unused("steps", &raw.steps)?;
	section.unused("min", &raw.min)?;
	let entries = updates.max(steps);
	if u64::from(entries) > MAX_ENTRIES {
		let kind = ErrorKind::ScheduleTooLong { updates: entries, max: MAX_ENTRIES };
		return Err(source.error(kind, raw.kind.span()));
	}
	Ok(Schedule { course, warmup, steps, entries, min })
}
