//! What all contestants train on.

use std::{error::Error, fs};

use assay_candle::{Inputs, Model};
use assay_compiler::{compile, initial_slots, Manifest};
use assay_executor::{DataSet, Job, OnNonFinite, Prepared};
use assay_ops::{CheckedProgram, Limits};
use candle_core::Tensor;
use tempfile::TempDir;

/// More steps than a bench runs, so that this as a stride means no commitments.
pub(crate) const NEVER: u32 = 1 << 24;

/// An example with records of the right form and random content.
pub(crate) struct Setup {
	pub(crate) batch: usize,
	/// Values and labels of the records.
	pub(crate) inputs: Inputs,
	/// Initial parameters.
	pub(crate) parameters: Vec<Tensor>,
	/// Manifest and records as files, for contestants in other processes.
	pub(crate) folder: TempDir,
	program: CheckedProgram,
	seed: [u8; 32],
	initial: Vec<Vec<u32>>,
	data: DataSet,
}

impl Setup {
	/// Compiles a manifest for that many records, each byte of which `byte` draws from its place in
	/// the record and a random number.
	pub(crate) fn new(
		text: &str,
		records: usize,
		byte: impl Fn(usize, u8) -> u8,
	) -> Result<Self, Box<dyn Error>> {
		let manifest = Manifest::parse(text)?;
		let compiled = compile(&manifest)?;
		let size = manifest.data.record_size as usize;
		let program = compiled.program.check(&Limits::new(manifest.data.record_size));
		let noise = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 24) as u8;
		let bytes: Vec<u8> = (0..records * size).map(|i| byte(i % size, noise(i))).collect();
		let folder = tempfile::tempdir()?;
		fs::write(folder.path().join("task.toml"), text)?;
		fs::write(folder.path().join("data.bin"), &bytes)?;
		let all: Vec<&[u8]> = bytes.chunks_exact(size).collect();
		let initial = initial_slots(&compiled, &manifest.task.seed);
		Ok(Self {
			batch: manifest.task.batch as usize,
			inputs: Inputs::read(&manifest, &all)?,
			parameters: Model::from_slots(&compiled.parameters, &initial)?.tensors()?,
			folder,
			program: program.map_err(|error| format!("{error:?}"))?,
			seed: manifest.task.seed,
			initial,
			data: DataSet::new(bytes, manifest.data.record_size)?,
		})
	}

	/// The training with commitments after each `stride` steps.
	pub(crate) fn job(&self, stride: u32) -> Prepared {
		let job = Job {
			program: self.program.clone(),
			seed: self.seed,
			first_step: 0,
			steps: NEVER.into(),
			stride,
			data: self.data.clone(),
			initial: self.initial.clone(),
			on_non_finite: OnNonFinite::Continue,
		};
		job.prepare(u64::MAX).expect("the example can be run")
	}
}
