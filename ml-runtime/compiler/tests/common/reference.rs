//! Steps by the reference semantics.

use assay_compiler::{compile, initial_slots, Compiled, Manifest};
use assay_ops::{
	eval::StepContext,
	step::{run_reference, StepResult},
	CheckedProgram, Limits, Program,
};

/// A task with its data and its state.
pub(crate) struct Run {
	pub(crate) compiled: Compiled,
	pub(crate) slots: Vec<Vec<u32>>,
	pub(crate) context: StepContext,
	checked: CheckedProgram,
	data: Vec<u8>,
}

impl Run {
	/// Before the first step.
	pub(crate) fn new(text: &str, data: Vec<u8>) -> Self {
		let manifest = Manifest::parse(text).unwrap();
		let compiled = compile(&manifest).unwrap();
		let record_size = manifest.data.record_size;
		let context = StepContext {
			seed: manifest.task.seed,
			step: 0,
			batch: manifest.task.batch,
			records: manifest.data.records.into(),
			record_size,
		};
		let slots = initial_slots(&compiled, &manifest.task.seed);
		let checked = compiled.program.check(&Limits::new(record_size)).unwrap();
		Self { compiled, slots, context, checked, data }
	}

	pub(crate) fn program(&self) -> &Program {
		&self.compiled.program
	}

	/// What the next step computes, without taking it.
	pub(crate) fn look(&self) -> StepResult {
		run_reference(&self.checked, &self.context, &self.slots, &self.data).unwrap()
	}

	/// Takes a step; its loss.
	pub(crate) fn step(&mut self) -> f32 {
		let result = self.look();
		let loss = f32::from_bits(result.outputs[usize::from(self.program().loss)][0]);
		self.slots = result.slots;
		self.context.step += 1;
		loss
	}

	/// A slot as numbers.
	pub(crate) fn numbers(&self, slot: usize) -> Vec<f64> {
		self.slots[slot].iter().map(|bits| f64::from(f32::from_bits(*bits))).collect()
	}
}
