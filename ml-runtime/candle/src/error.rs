//! What can be wrong at the border.

use assay_blobs::BlobKey;
use assay_executor::{ExecError, TaskFault};
use safetensors::SafeTensorError;

/// Why something was not imported, exported or evaluated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// The file could not be read.
	#[error("cannot read the model file: {0}")]
	Unreadable(std::io::Error),
	/// The bytes are no safetensors file.
	#[error("not a safetensors file: {0}")]
	Safetensors(SafeTensorError),
	/// A parameter of the task is not in the file.
	#[error("the model file has no tensor `{name}`")]
	MissingTensor {
		/// Name of the parameter.
		name: String,
	},
	/// A tensor of the file is no parameter of the task.
	#[error("the model file has a tensor `{name}` that the manifest's model has not")]
	UnexpectedTensor {
		/// Name of the tensor.
		name: String,
	},
	/// A tensor is not `f32`.
	#[error("tensor `{name}` is {found}, but weights are F32 here: convert the file, in PyTorch by `.float()`")]
	WrongDType {
		/// Name of the tensor.
		name: String,
		/// What it holds.
		found: String,
	},
	/// A tensor has another shape than the parameter of this name.
	#[error("tensor `{name}` has shape {found:?}, the manifest's model needs {expected:?}")]
	WrongShape {
		/// Name of the tensor.
		name: String,
		/// Shape of the parameter.
		expected: Vec<usize>,
		/// Shape in the file.
		found: Vec<usize>,
	},
	/// Training cannot start from a weight that is NaN or infinite.
	#[error("tensor `{name}` has a NaN or an infinity")]
	NotFinite {
		/// Name of the tensor.
		name: String,
	},
	/// A model file does not fit in more ways than one.
	#[error("the model file does not fit:{}", list(.0))]
	Several(Vec<Error>),
	/// A state has another number of tensors than the task has slots (or parameters).
	#[error("{got} tensors given, {expected} needed")]
	SlotCount {
		/// Tensors needed.
		expected: usize,
		/// Tensors given.
		got: usize,
	},
	/// A tensor does not have the size that its type asks for.
	#[error("tensor {slot} has {got} {unit} instead of {expected}")]
	SlotSize {
		/// Which slot.
		slot: usize,
		/// `words` or `bytes`.
		unit: &'static str,
		/// Size needed.
		expected: u64,
		/// Size given.
		got: u64,
	},
	/// A tensor's bytes do not have the root under which they were asked for.
	#[error("the content of tensor {slot} is {found}, the state names {expected}")]
	WrongContent {
		/// Which slot.
		slot: usize,
		/// What the state names.
		expected: BlobKey,
		/// What the bytes hash to.
		found: BlobKey,
	},
	/// The bytes of a tile beyond the edge of its matrix are not zero: no honest tensor has these bytes.
	#[error("tensor {slot} has something in the padding of its tiles")]
	Padding {
		/// Which slot.
		slot: usize,
	},
	/// A record is too short for the fields of the manifest, or a field is missing.
	#[error("the records do not hold the manifest's fields")]
	Records,
	/// The manifest's evaluation program is refused.
	#[error(transparent)]
	Manifest(#[from] assay_compiler::Error),
	/// The operation set refuses the evaluation program.
	#[error("the evaluation program is refused: {0}")]
	Program(String),
	/// candle failed.
	#[error("candle: {0}")]
	Candle(candle_core::Error),
	/// The executor failed.
	#[error(transparent)]
	Executor(#[from] ExecError),
}

/// How many of several errors are told.
const TOLD: usize = 20;

/// A line for each error, as many as can be read.
fn list(errors: &[Error]) -> String {
	let told = errors.iter().take(TOLD).map(|error| format!("\n- {error}"));
	let rest = errors.len().saturating_sub(TOLD);
	let more = (rest > 0).then(|| format!("\n- and {rest} more"));
	told.chain(more).collect()
}

impl Error {
	/// All of these as one, if there are any.
	pub(crate) fn all(mut errors: Vec<Self>) -> Result<(), Self> {
		match errors.len() {
			0 => Ok(()),
			1 => Err(errors.remove(0)),
			_ => Err(Self::Several(errors)),
		}
	}
}

// The messages hold what these say; as sources they would be told twice.
impl From<SafeTensorError> for Error {
	fn from(error: SafeTensorError) -> Self {
		Self::Safetensors(error)
	}
}

impl From<candle_core::Error> for Error {
	fn from(error: candle_core::Error) -> Self {
		Self::Candle(error)
	}
}

impl From<TaskFault> for Error {
	fn from(fault: TaskFault) -> Self {
		Self::Executor(fault.into())
	}
}
