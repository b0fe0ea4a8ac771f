//! What can go wrong at the command line. Each fault has a stable name for tools.

use std::{io, path::Path};

use assay_executor::{ExecError, MachineFault};
use assay_worker::KernelError;
use miette::Diagnostic;
use serde_json::json;

use super::memory::bytes;

/// Exit code for input that is refused.
const REFUSED: u8 = 3;

/// Exit code for a fault of this machine.
const MACHINE: u8 = 4;

/// Exit code for a check that found a difference.
const DIFFERENT: u8 = 5;

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Fault {
	/// A file that is needed cannot be read.
	#[error("{path} cannot be read")]
	#[diagnostic(code(assay::file::unreadable))]
	Unreadable { path: String, source: io::Error },
	/// A file cannot be written.
	#[error("{path} cannot be written")]
	#[diagnostic(code(assay::file::unwritable))]
	Unwritable { path: String, source: io::Error },
	/// The folder for the result holds something.
	#[error("{path} exists already")]
	#[diagnostic(
		code(assay::file::exists),
		help("choose another folder, or remove this one: nothing is overwritten")
	)]
	Exists { path: String },
	/// A file is larger than anything of its kind.
	#[error("{path} has {found} bytes, more than the {most} that are read here")]
	#[diagnostic(code(assay::file::too_large))]
	TooLarge { path: String, found: u64, most: u64 },
	/// A manifest is no text.
	#[error("{path} is not UTF-8 text")]
	#[diagnostic(code(assay::manifest::not_text))]
	NotText { path: String },
	/// A manifest is refused.
	#[error(transparent)]
	#[diagnostic(transparent)]
	Manifest(Box<assay_compiler::Error>),
	/// The program of a manifest or of a file does not pass the checks of the chain.
	#[error("the program is refused: {message}")]
	#[diagnostic(code(assay::program::refused))]
	Program { message: String },
	/// A data set does not have the size that the manifest says.
	#[error("{path} has {found} bytes, the manifest says {records} records of {record_size} bytes: {expected}")]
	#[diagnostic(
		code(assay::data::wrong_size),
		help("`records` and `record_size` in `[data]` must describe the whole file")
	)]
	DataSize { path: String, found: u64, expected: u64, records: u32, record_size: u32 },
	/// A data set for evaluation is not a whole number of records.
	#[error("{path} has {found} bytes, which is no number of records of {record_size} bytes")]
	#[diagnostic(code(assay::data::partial_record))]
	DataRecords { path: String, found: u64, record_size: u32 },
	/// A record holds something that the program would make NaN of.
	#[error("{path}: record {record} (counted from 0) has {found} in `{field}`")]
	#[diagnostic(code(assay::data::bad_record), help("{help}"))]
	Record { path: String, record: u64, found: String, field: String, help: String },
	/// An IDX file is malformed.
	#[error("{path} is refused")]
	#[diagnostic(code(assay::idx::malformed))]
	Idx { path: String, source: super::idx::IdxError },
	/// Images and labels do not belong together.
	#[error("there are {images} images but {labels} labels")]
	#[diagnostic(code(assay::idx::count))]
	IdxCount { images: usize, labels: usize },
	/// A model file or a state does not fit the manifest, or its content is not what its name says.
	#[error("{path} is refused")]
	#[diagnostic(code(assay::model::refused))]
	Model { path: String, source: Box<assay_candle::Error> },
	/// A blob of a state is not in the folder.
	#[error("blob {key} is not in {folder}")]
	#[diagnostic(
		code(assay::blob::missing),
		help(
			"fetch every tensor that the state manifest names (`assay-worker inspect` lists them)"
		)
	)]
	NoBlob { key: String, folder: String },
	/// A file is nothing that is known.
	#[error("{path} is no program, manifest, model file or state manifest")]
	#[diagnostic(code(assay::inspect::unknown))]
	UnknownFile { path: String },
	/// The folder is that of a longer training.
	#[error("{path} holds {held} steps of this training, more than the {asked} asked for")]
	#[diagnostic(
		code(assay::file::longer_training),
		help("choose another folder for fewer steps: nothing is overwritten")
	)]
	LongerTraining { path: String, held: u64, asked: u32 },
	/// A result would take the place of what it is made from.
	#[error("{path} is read by this command, so it cannot be written to")]
	#[diagnostic(code(assay::file::own_input), help("choose another name for the result"))]
	OwnInput { path: String },
	/// `--steps` is out of range.
	#[error("--steps must be at least 1")]
	#[diagnostic(code(assay::train::steps))]
	NoSteps,
	/// The task does not fit into memory.
	#[error("the task takes {} of memory, this machine has {}", bytes(*needed), bytes(*most))]
	#[diagnostic(
		code(assay::machine::memory),
		help("a smaller `batch` needs less; so does a machine with more memory")
	)]
	Memory { needed: u64, most: u64 },
	/// The folder is that of another training.
	#[error("{path} holds another training: {found}")]
	#[diagnostic(
		code(assay::file::other_training),
		help("choose another folder, or remove this one: nothing is overwritten")
	)]
	OtherTraining { path: String, found: String },
	/// The executor refuses the task.
	#[error("{0}")]
	#[diagnostic(code(assay::task::fault))]
	Task(String),
	/// Something of this machine.
	#[error("{message}")]
	#[diagnostic(code(assay::machine::fault))]
	Machine { message: String },
	/// A device that computes for this machine.
	#[error("{message}")]
	#[diagnostic(
		code(assay::machine::device),
		help("without --gpu the same command has the same result, and goes on from the last checkpoint")
	)]
	Device { message: String },
	/// The executor and candle disagree.
	#[error(
		"logits of the executor and of candle differ by up to {found:e}, the largest logit is {largest}{accuracy}"
	)]
	#[diagnostic(
		code(assay::eval::disagreement),
		help("`--tolerance` says how much is accepted; a large difference is a defect of one of both")
	)]
	Disagreement { found: f64, largest: f64, accuracy: String },
}

impl Fault {
	/// Makes an adaptor for `map_err`.
	pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
		move |source| Self::Unreadable { path: path.display().to_string(), source }
	}

	/// Makes an adaptor for `map_err`.
	pub(crate) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
		move |source| Self::Unwritable { path: path.display().to_string(), source }
	}

	/// Makes an adaptor for `map_err`: something at the border that concerns a file.
	pub(crate) fn model(path: &Path) -> impl FnOnce(assay_candle::Error) -> Self + '_ {
		move |error| match error {
			assay_candle::Error::Executor(error) => error.into(),
			assay_candle::Error::Unreadable(source) => Self::unreadable(path)(source),
			source => Self::Model { path: path.display().to_string(), source: source.into() },
		}
	}

	/// What the process returns.
	pub(crate) fn exit_code(&self) -> u8 {
		match self {
			Self::Unreadable { .. }
			| Self::Exists { .. }
			| Self::OtherTraining { .. }
			| Self::LongerTraining { .. }
			| Self::OwnInput { .. }
			| Self::TooLarge { .. }
			| Self::NotText { .. }
			| Self::Manifest(_)
			| Self::Program { .. }
			| Self::DataSize { .. }
			| Self::DataRecords { .. }
			| Self::Record { .. }
			| Self::Idx { .. }
			| Self::IdxCount { .. }
			| Self::Model { .. }
			| Self::NoBlob { .. }
			| Self::UnknownFile { .. }
			| Self::NoSteps
			| Self::Task(_) => REFUSED,
			Self::Unwritable { .. }
			| Self::Memory { .. }
			| Self::Machine { .. }
			| Self::Device { .. } => MACHINE,
			Self::Disagreement { .. } => DIFFERENT,
		}
	}

	/// What `--json` prints instead of a result.
	pub(crate) fn to_json(&self) -> serde_json::Value {
		let mut message = self.to_string();
		let mut cause = std::error::Error::source(self);
		while let Some(error) = cause {
			message = format!("{message}: {error}");
			cause = error.source();
		}
		json!({ "error": {
			"code": self.code().map(|code| code.to_string()),
			"message": message,
			"help": self.help().map(|help| help.to_string()),
			"exitCode": self.exit_code(),
		} })
	}
}

impl From<assay_compiler::Error> for Fault {
	fn from(error: assay_compiler::Error) -> Self {
		Self::Manifest(Box::new(error))
	}
}

impl From<ExecError> for Fault {
	fn from(error: ExecError) -> Self {
		match error {
			ExecError::Task(fault) => Self::Task(fault.to_string()),
			ExecError::Machine(MachineFault::Kernels(error @ KernelError::Device(_))) => {
				Self::Device { message: error.to_string() }
			},
			ExecError::Machine(fault) => Self::Machine { message: fault.to_string() },
		}
	}
}
