//! How good a model is, said twice: by the executor, bit for bit, and by candle.

use assay_compiler::{compile_forward, LossKind, Manifest, Precision};
use assay_executor::{DataSet, Kernels};
use assay_ops::{shuffle::record_at, CheckedProgram, Limits, NodeId};

use crate::{Error, Inputs, Model, Network};

/// Evaluation does not depend on the order of records, so any seed will do.
const SEED: [u8; 32] = [0; 32];

/// What an evaluation found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
	/// Records looked at: all of the data set.
	pub records: u64,
	/// Labels that count: one of each record, or one of each position, without those that are masked.
	pub labels: u64,
	/// Rows of logits: one for each label, counted or not.
	pub rows: u64,
	/// Whether there are labels; else what leaves the model is compared with numbers, and none is right or wrong.
	pub has_labels: bool,
	/// Labels that have the largest logit, by the executor.
	pub correct: u64,
	/// The same by candle.
	pub candle_correct: u64,
	/// Mean loss of what the executor makes.
	pub loss: f64,
	/// Largest distance between a logit of the executor and candle's, both computed in `f32`; infinite where only one
	/// of them is a finite number.
	pub largest_difference: f64,
	/// Largest magnitude of a finite logit of the executor in `f32`.
	pub largest_logit: f64,
	/// Largest distance between a logit in the manifest's numerics and in `f32`; 0 where they are the same.
	pub largest_rounding: f64,
	/// Logits of the executor that are NaN or infinite.
	pub non_finite: u64,
}

impl Evaluation {
	/// Share of labels that were found, by the executor.
	pub fn accuracy(&self) -> f64 {
		self.correct as f64 / self.labels.max(1) as f64
	}

	/// Share of labels that were found, by candle.
	pub fn candle_accuracy(&self) -> f64 {
		self.candle_correct as f64 / self.labels.max(1) as f64
	}

	/// Whether both agree: no logit differs by more than `tolerance` times the largest one (or 1).
	pub fn agrees_within(&self, tolerance: f64) -> bool {
		self.largest_difference <= tolerance * self.largest_logit.max(1.0)
	}
}

/// Evaluates a model on every record of a data set, whose number may be any. `observe` gets each record's
/// index, in no particular order, and its logits by the executor: one row per label.
///
/// Where products are those of integers, the executor does them once more in `f32`: that is what candle's logits are
/// compared with, and what is said of the integers is how far they are from it.
pub fn evaluate(
	manifest: &Manifest,
	model: &Model,
	data: &DataSet,
	kernels: &impl Kernels,
	mut observe: impl FnMut(u64, &[f32]),
) -> Result<Evaluation, Error> {
	let exact = Forward::new(manifest)?;
	let rounds = manifest.numerics.forward != Precision::F32;
	let plain = rounds.then(|| {
		let mut plain = manifest.clone();
		plain.numerics.forward = Precision::F32;
		Forward::new(&plain)
	});
	let plain = plain.transpose()?;
	let network = Network::new(&manifest.model, &model.tensors()?)?;
	let pass = Pass { manifest, model, data, exact, plain, network };
	let has_labels = manifest.loss.kind == LossKind::CrossEntropy;
	let mut found = Evaluation { records: data.records(), has_labels, ..Evaluation::default() };
	let batch = u64::from(manifest.task.batch);
	for step in 0..found.records.div_ceil(batch) {
		let rows = batch.min(found.records - step * batch);
		pass.batch(kernels, step, rows, &mut found, &mut observe)?;
	}
	found.loss /= found.labels.max(1) as f64;
	Ok(found)
}

/// The network as a program of the executor.
struct Forward {
	forward: assay_compiler::Forward,
	program: CheckedProgram,
	/// The nodes of the logits and of the labels that count, if not all do.
	marks: Vec<NodeId>,
}

impl Forward {
	fn new(manifest: &Manifest) -> Result<Self, Error> {
		let forward = compile_forward(manifest, manifest.task.batch)?;
		let program = forward.program.check(&Limits::new(manifest.data.record_size));
		let program = program.map_err(|error| Error::Program(error.to_string()))?;
		let marks = [forward.logits].into_iter().chain(forward.counted).collect();
		Ok(Self { forward, program, marks })
	}

	/// Logits of the batch of a step, and which of its labels count.
	fn run(
		&self,
		model: &Model,
		kernels: &impl Kernels,
		data: &DataSet,
		step: u64,
	) -> Result<(Vec<f32>, Option<Vec<u32>>), Error> {
		let Self { forward, program, marks } = self;
		let slots = forward.slots(model.slots());
		let outputs = assay_executor::evaluate(program, kernels, &slots, data, SEED, step, marks)?;
		let mut outputs = outputs.into_iter();
		let logits = outputs.next().ok_or(Error::Records)?;
		Ok((logits.into_iter().map(f32::from_bits).collect(), outputs.next()))
	}
}

struct Pass<'a> {
	manifest: &'a Manifest,
	model: &'a Model,
	data: &'a DataSet,
	exact: Forward,
	/// The same in `f32`, where that is something else.
	plain: Option<Forward>,
	network: Network,
}

impl Pass<'_> {
	/// Looks at the first `rows` records of batch `step`; those behind are of the next round.
	fn batch(
		&self,
		kernels: &impl Kernels,
		step: u64,
		rows: u64,
		found: &mut Evaluation,
		observe: &mut impl FnMut(u64, &[f32]),
	) -> Result<(), Error> {
		let data = self.data;
		let run = |forward: &Forward| forward.run(self.model, kernels, data, step);
		let (exact, counted) = run(&self.exact)?;
		let plain = self.plain.as_ref().map(run).transpose()?;
		let plain = plain.as_ref().map_or(&exact, |(plain, _)| plain);
		let first = step * u64::from(self.manifest.task.batch);
		let size = data.record_size() as usize;
		let indices: Vec<u64> = (first..first + rows)
			.map(|position| record_at(&SEED, position, data.records()))
			.collect();
		let records = indices.iter().map(|index| {
			let from = *index as usize * size;
			data.bytes().get(from..from + size).ok_or(Error::Records)
		});
		let inputs = Inputs::read(self.manifest, &records.collect::<Result<Vec<_>, _>>()?)?;
		let candle =
			self.network.forward(&inputs.values, inputs.mask.as_ref())?.to_vec2::<f32>()?;
		let width = candle.first().map_or(1, Vec::len).max(1);
		let logits = exact.chunks(width).zip(plain.chunks(width)).zip(&candle);
		let targets = inputs.targets.chunks(width);
		let wanted = inputs.labels.iter().map(|label| Wanted::Label(*label as usize));
		let wanted = wanted.chain(targets.map(Wanted::Numbers));
		for (row, (((exact, plain), candle), wanted)) in logits.zip(wanted).enumerate() {
			found.compare(plain, candle);
			found.largest_rounding = distance(exact, plain).max(found.largest_rounding);
			found.non_finite += exact.iter().filter(|logit| !logit.is_finite()).count() as u64;
			if counted.as_ref().is_none_or(|counted| counted.get(row) != Some(&0)) {
				found.add(exact, candle, wanted);
			}
		}
		let each = (exact.len() / self.manifest.task.batch.max(1) as usize).max(1);
		indices.iter().zip(exact.chunks(each)).for_each(|(index, logits)| observe(*index, logits));
		Ok(())
	}
}

/// What a row of logits should be.
#[derive(Clone, Copy)]
enum Wanted<'a> {
	Label(usize),
	Numbers(&'a [f32]),
}

impl Evaluation {
	/// Adds one row of logits that counts.
	fn add(&mut self, exact: &[f32], candle: &[f32], wanted: Wanted<'_>) {
		self.labels += 1;
		match wanted {
			Wanted::Label(label) => {
				self.correct += u64::from(best(exact) == Some(label));
				self.candle_correct += u64::from(best(candle) == Some(label));
				self.loss += cross_entropy(exact, label);
			},
			Wanted::Numbers(targets) => self.loss += mean_square(exact, targets),
		}
	}

	/// Looks for the largest difference in one row of logits.
	fn compare(&mut self, exact: &[f32], candle: &[f32]) {
		self.rows += 1;
		self.largest_difference = distance(exact, candle).max(self.largest_difference);
		let finite = exact.iter().filter(|logit| logit.is_finite());
		let largest = finite.map(|logit| f64::from(logit.abs()));
		self.largest_logit = largest.fold(self.largest_logit, f64::max);
	}
}

/// The largest distance between two numbers of the same place; infinite where only one is finite.
fn distance(some: &[f32], others: &[f32]) -> f64 {
	let distance = |(one, other): (&f32, &f32)| match (one.is_finite(), other.is_finite()) {
		(true, true) => (f64::from(*one) - f64::from(*other)).abs(),
		(false, false) => 0.0,
		_ => f64::INFINITY,
	};
	some.iter().zip(others).map(distance).fold(0.0, f64::max)
}

/// Where the largest number is, the first of equals; nowhere among NaN alone.
fn best(logits: &[f32]) -> Option<usize> {
	let mut best: Option<(usize, f32)> = None;
	for (index, logit) in logits.iter().enumerate().filter(|(_, logit)| !logit.is_nan()) {
		if best.is_none_or(|(_, most)| *logit > most) {
			best = Some((index, *logit));
		}
	}
	best.map(|(index, _)| index)
}

/// Cross-entropy of the softmax of the logits and a label; NaN for a label that is no class.
fn cross_entropy(logits: &[f32], label: usize) -> f64 {
	let Some(picked) = logits.get(label) else { return f64::NAN };
	let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
	let sum: f64 = logits.iter().map(|logit| f64::from(logit - most).exp()).sum();
	sum.ln() - f64::from(picked - most)
}

/// Mean square of the differences of a row.
fn mean_square(row: &[f32], targets: &[f32]) -> f64 {
	let square = |(x, target): (&f32, &f32)| (f64::from(*x) - f64::from(*target)).powi(2);
	row.iter().zip(targets).map(square).sum::<f64>() / row.len().max(1) as f64
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn best_should_be_the_first_when_equal_and_none_when_all_are_nan() {
		assert_eq!(best(&[1.0, 3.0, 3.0]), Some(1));
		assert_eq!(best(&[f32::NAN, -1.0]), Some(1));
		assert_eq!(best(&[f32::NAN]), None);
	}

	#[test]
	fn difference_should_be_infinite_when_only_one_side_is_finite() {
		let mut found = Evaluation { records: 1, ..Evaluation::default() };
		found.compare(&[1.0, 2.0], &[1.0, f32::NAN]);
		found.add(&[1.0, 2.0], &[1.0, f32::NAN], Wanted::Label(1));
		assert!(!found.agrees_within(1e9));
		assert_eq!((found.correct, found.candle_correct), (1, 0));
	}

	#[test]
	fn loss_should_be_ln_of_the_classes_when_logits_are_equal() {
		assert!((cross_entropy(&[0.5; 4], 2) - 4f64.ln()).abs() < 1e-12);
		assert!(cross_entropy(&[0.5; 4], 4).is_nan());
	}
}
