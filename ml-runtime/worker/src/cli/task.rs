//! A manifest with its data set.

use std::{
	fs::{self, File},
	io::{Cursor, Read, Seek},
	path::Path,
};

use assay_candle::Model;
use assay_commitment::{program_root, ProgramCommitment};
use assay_compiler::{compile, initial_slots_but, Compiled, Manifest, MAX_MANIFEST_BYTES};
use assay_executor::{DataSet, Job, OnNonFinite};
use assay_ops::{CheckedProgram, Limits};

use super::{fault::Fault, records};

/// A manifest and what it means.
pub(crate) struct Task {
	pub(crate) manifest: Manifest,
	pub(crate) compiled: Compiled,
	pub(crate) program: CheckedProgram,
	pub(crate) commitment: ProgramCommitment,
}

/// What a model file is read from.
pub(crate) trait Source: Read + Seek {}

impl<R: Read + Seek> Source for R {}

/// Size of a file.
fn size(path: &Path) -> Result<u64, Fault> {
	let data = fs::metadata(path).map_err(Fault::unreadable(path))?;
	if data.is_dir() {
		return Err(Fault::unreadable(path)(std::io::ErrorKind::IsADirectory.into()));
	}
	Ok(data.len())
}

/// Refuses a file of more than `most` bytes.
fn bounded(path: &Path, most: u64) -> Result<(), Fault> {
	match size(path)? {
		found if found > most => {
			Err(Fault::TooLarge { path: path.display().to_string(), found, most })
		},
		_ => Ok(()),
	}
}

/// Content of a file of at most `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Fault> {
	bounded(path, most)?;
	fs::read(path).map_err(Fault::unreadable(path))
}

impl Task {
	/// Reads and compiles a manifest.
	pub(crate) fn load(path: &Path) -> Result<Self, Fault> {
		let bytes = read(path, MAX_MANIFEST_BYTES as u64)?;
		let not_text = |_| Fault::NotText { path: path.display().to_string() };
		Self::parse(path, &String::from_utf8(bytes).map_err(not_text)?)
	}

	/// Compiles the text of a manifest, which is that of a file.
	pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Fault> {
		let named = |error: assay_compiler::Error| error.in_file(&path.display().to_string());
		let manifest = Manifest::parse(text).map_err(named)?;
		let compiled = compile(&manifest).map_err(named)?;
		let refused = |message: String| Fault::Program { message };
		let limits = Limits::new(manifest.data.record_size);
		let program =
			compiled.program.check(&limits).map_err(|error| refused(error.to_string()))?;
		let commitment = program_root(&program).ok_or_else(|| refused("it is too large".into()))?;
		Ok(Self { manifest, compiled, program, commitment })
	}

	/// The training of so many steps from these slots.
	pub(crate) fn job(
		&self,
		data: DataSet,
		initial: Vec<Vec<u32>>,
		steps: u32,
		on_non_finite: OnNonFinite,
	) -> Job {
		let about = &self.manifest.task;
		Job {
			program: self.program.clone(),
			seed: about.seed,
			steps: steps.into(),
			stride: about.stride,
			data,
			first_step: 0,
			initial,
			on_non_finite,
		}
	}

	/// What every slot holds before the first step, and the parameters that `weights`, a model file, does
	/// not have. Those start as the manifest says; without a file, all do.
	pub(crate) fn initial(
		&self,
		weights: Option<&Path>,
	) -> Result<(Vec<Vec<u32>>, Vec<String>), Fault> {
		let (mut given, mut kept) = (Vec::new(), Vec::new());
		if let Some(path) = weights {
			let parameters = &self.compiled.parameters;
			given = Model::start_from(parameters, self.model_file(path)?)
				.map_err(Fault::model(path))?;
			let names = parameters.iter().zip(&given).filter(|(_, words)| words.is_none());
			kept = names.map(|(parameter, _)| parameter.name.clone()).collect();
		}
		Ok((initial_slots_but(&self.compiled, &self.manifest.task.seed, given), kept))
	}

	/// A model file, to be read.
	pub(crate) fn model_file(&self, path: &Path) -> Result<Box<dyn Source>, Fault> {
		// Four bytes a number and a header; a larger file cannot be the model.
		let most = self.program.cost.words.saturating_mul(4).saturating_add(1 << 20);
		bounded(path, most)?;
		let unreadable = |error| Fault::unreadable(path)(error);
		let file = File::open(path).map_err(unreadable)?;
		if file.metadata().map_err(unreadable)?.is_file() {
			return Ok(Box::new(file));
		}
		// A pipe can be read but once, and only from its start.
		let mut bytes = Vec::new();
		file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
		Ok(Box::new(Cursor::new(bytes)))
	}

	/// Reads the data set that the task is about: exactly as many records as the manifest says.
	pub(crate) fn training_data(&self, path: &Path) -> Result<DataSet, Fault> {
		let (records, record_size) = (self.manifest.data.records, self.manifest.data.record_size);
		let (found, expected) = (size(path)?, u64::from(records) * u64::from(record_size));
		if found != expected {
			let path = path.display().to_string();
			return Err(Fault::DataSize { path, found, expected, records, record_size });
		}
		self.records(path)
	}

	/// Reads a data set with any number of the task's records.
	pub(crate) fn other_data(&self, path: &Path) -> Result<DataSet, Fault> {
		let (found, record_size) = (size(path)?, self.manifest.data.record_size);
		if found == 0 || !found.is_multiple_of(record_size.into()) {
			let path = path.display().to_string();
			return Err(Fault::DataRecords { path, found, record_size });
		}
		self.records(path)
	}

	fn records(&self, path: &Path) -> Result<DataSet, Fault> {
		let data = DataSet::from_file(path, self.manifest.data.record_size)?;
		records::check(self, &data, path)?;
		Ok(data)
	}
}
