//! Jobs that train the example manifests of the compiler on the digits.
#![allow(dead_code, reason = "each test file uses its part")]

use assay_compiler::{compile, compile_forward, initial_slots, Compiled, Manifest};
use assay_executor::{DataSet, Job, OnNonFinite, Prepared};
use assay_ops::{CheckedProgram, Limits};

const DIGITS: &[u8] = include_bytes!("../../testdata/digits.bin");

/// Bytes of a record of the digits.
const RECORD: usize = 65;

/// Records that are trained on; the rest are for the test of accuracy.
const TRAINED_ON: usize = 1437;

/// A perceptron with SGD.
pub(crate) const MLP: &str = include_str!("../../../compiler/examples/mlp-digits.toml");

/// A small LeNet with SGD.
pub(crate) const LENET: &str = include_str!("../../../compiler/examples/lenet-digits.toml");

/// A small LeNet with AdamW.
pub(crate) const LENET_ADAMW: &str =
	include_str!("../../../compiler/examples/lenet-digits-adamw.toml");

/// A small network with residual blocks.
pub(crate) const RESNET: &str = include_str!("../../../compiler/examples/resnet-digits.toml");

/// A small GPT.
pub(crate) const GPT: &str = include_str!("../../../compiler/examples/gpt-tiny.toml");

/// A small encoder with adapters.
pub(crate) const BERT: &str = include_str!("../../../compiler/examples/bert-lora-tiny.toml");

/// A small language model with shared keys and values, and adapters.
pub(crate) const LLAMA: &str = include_str!("../../../compiler/examples/llama-lora-tiny.toml");

/// A small vision transformer, whose layers the others have not.
pub(crate) const VISION: &str = include_str!("../../../compiler/examples/vision-digits.toml");

/// A manifest whose products are those of integers, of one format forward and of the other backward.
pub(crate) fn quantised(manifest: &str) -> String {
	format!("{manifest}\n[numerics]\nforward = \"i8\"\nbackward = \"q15x3\"\n")
}

/// The records that are trained on.
pub(crate) fn training_data() -> DataSet {
	DataSet::new(&DIGITS[..TRAINED_ON * RECORD], RECORD as u32).unwrap()
}

/// The records that are not.
pub(crate) fn test_data() -> DataSet {
	DataSet::new(&DIGITS[TRAINED_ON * RECORD..], RECORD as u32).unwrap()
}

/// A manifest and what it means.
pub(crate) struct Training {
	pub(crate) manifest: Manifest,
	pub(crate) compiled: Compiled,
}

impl Training {
	pub(crate) fn new(text: &str) -> Self {
		let manifest = Manifest::parse(text).unwrap();
		let compiled = compile(&manifest).unwrap();
		Self { manifest, compiled }
	}

	/// As many records as the manifest asks for: of the digits, or text-like where it has others.
	fn data(&self) -> DataSet {
		let (count, size) = (self.manifest.data.records, self.manifest.data.record_size);
		if size == RECORD as u32 {
			return training_data();
		}
		// The last byte is a class of an encoder's manifest, and a letter like others for a GPT.
		let letter = |i: u32| match i % size {
			last if last == size - 1 => (i / size % 2) as u8,
			place => (i / size * 7 + place * place) as u8 % 100,
		};
		DataSet::new((0..count * size).map(letter).collect::<Vec<u8>>(), size).unwrap()
	}

	/// The job with another length.
	pub(crate) fn job(&self, steps: u64, stride: u32) -> Job {
		let task = &self.manifest.task;
		let limits = Limits::new(self.manifest.data.record_size);
		Job {
			program: self.compiled.program.check(&limits).unwrap(),
			seed: task.seed,
			first_step: 0,
			steps,
			stride,
			data: self.data(),
			initial: initial_slots(&self.compiled, &task.seed),
			on_non_finite: OnNonFinite::Stop,
		}
	}

	/// The evaluation of all test records in one batch, and its nodes of logits and labels.
	pub(crate) fn evaluation(&self) -> (CheckedProgram, [u16; 2]) {
		let forward = compile_forward(&self.manifest, test_data().records() as u32).unwrap();
		let program = forward.program.check(&Limits::new(RECORD as u32)).unwrap();
		(program, [forward.logits, forward.labels])
	}
}

/// Prepares a job with any amount of memory.
pub(crate) fn prepare(job: Job) -> Prepared {
	job.prepare(u64::MAX).unwrap()
}

/// The perceptron for a few steps.
pub(crate) fn short_mlp(steps: u64, stride: u32) -> Prepared {
	prepare(Training::new(MLP).job(steps, stride))
}
