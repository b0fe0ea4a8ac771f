//! The parameters of a task as a model file.

use std::{
	borrow::Cow,
	collections::HashMap,
	io::{Read, Seek},
	path::Path,
};

use assay_commitment::Root;
use assay_compiler::Parameter;
use candle_core::{Device, Tensor};
use safetensors::{Dtype, SafeTensors, View};

use crate::{file::ModelFile, Error};

/// Key of the file's metadata that names the state the parameters were taken from.
const STATE_ROOT: &str = "assay.state_root";

/// The parameters of a task: names and shapes of `torch.nn.Sequential`, words of the slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
	parameters: Vec<Parameter>,
	slots: Vec<Vec<u32>>,
}

/// Number of elements of a parameter.
fn elements(parameter: &Parameter) -> u64 {
	parameter.shape.iter().map(|side| u64::from(*side)).product()
}

/// Shape of a parameter as others count.
pub(crate) fn shape(parameter: &Parameter) -> Vec<usize> {
	parameter.shape.iter().map(|side| *side as usize).collect()
}

/// The slots of the parameters: the first ones.
fn first_slots<'a>(
	parameters: &[Parameter],
	slots: &'a [impl AsRef<[u32]>],
) -> Result<Vec<&'a [u32]>, Error> {
	let Some(first) = slots.get(..parameters.len()) else {
		return Err(Error::SlotCount { expected: parameters.len(), got: slots.len() });
	};
	let first: Vec<&[u32]> = first.iter().map(AsRef::as_ref).collect();
	for (slot, (parameter, words)) in parameters.iter().zip(&first).enumerate() {
		let (expected, got) = (elements(parameter), words.len() as u64);
		if expected != got {
			return Err(Error::SlotSize { slot, unit: "words", expected, got });
		}
	}
	Ok(first)
}

/// Parameters as they are written.
fn views<'a>(
	parameters: &'a [Parameter],
	slots: &'a [impl AsRef<[u32]>],
) -> impl Iterator<Item = (&'a str, Words<'a>)> {
	parameters.iter().zip(slots).map(|(parameter, words)| {
		(parameter.name.as_str(), Words { shape: shape(parameter), words: words.as_ref() })
	})
}

/// The metadata of a file whose parameters are from the state with this root.
fn note(root: &Root) -> HashMap<String, String> {
	let hex: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
	HashMap::from([(STATE_ROOT.to_owned(), format!("0x{hex}"))])
}

impl Model {
	/// The parameters among the slots of a state: the first ones, in order. Others are left out.
	pub fn from_slots(
		parameters: &[Parameter],
		slots: &[impl AsRef<[u32]>],
	) -> Result<Self, Error> {
		let slots = first_slots(parameters, slots)?;
		let slots = slots.into_iter().map(<[u32]>::to_vec).collect();
		Ok(Self { parameters: parameters.to_vec(), slots })
	}

	/// Writes the model file of the parameters among the slots of a state, which are not copied: what
	/// [`Self::to_safetensors`] of them gives.
	pub fn write(
		parameters: &[Parameter],
		slots: &[impl AsRef<[u32]>],
		state_root: Option<&Root>,
		path: &Path,
	) -> Result<(), Error> {
		let slots = first_slots(parameters, slots)?;
		let views = views(parameters, &slots);
		Ok(safetensors::serialize_to_file(views, state_root.map(note), path)?)
	}

	/// Reads a model file that has exactly these parameters, in `f32`.
	pub fn from_safetensors(
		parameters: &[Parameter],
		file: impl Read + Seek,
	) -> Result<Self, Error> {
		let mut file = ModelFile::open(file)?;
		let missing =
			|parameter: &Parameter| Some(Error::MissingTensor { name: parameter.name.clone() });
		Error::all(file.faults(parameters, missing))?;
		let words = parameters.iter().filter_map(|parameter| file.words(parameter).transpose());
		Ok(Self { parameters: parameters.to_vec(), slots: words.collect::<Result<_, _>>()? })
	}

	/// Reads a model file to start training from: the words of each parameter, or `None` of those that it does not have
	/// and that start as the manifest says (adapters, a new head). All it has must be finite.
	pub fn start_from(
		parameters: &[Parameter],
		file: impl Read + Seek,
	) -> Result<Vec<Option<Vec<u32>>>, Error> {
		let mut file = ModelFile::open(file)?;
		Error::all(file.faults(parameters, |_| None))?;
		let (mut found, mut faults) = (Vec::new(), Vec::new());
		for parameter in parameters {
			let words = file.words(parameter)?;
			if !words.iter().flatten().all(|word| f32::from_bits(*word).is_finite()) {
				faults.push(Error::NotFinite { name: parameter.name.clone() });
			}
			// Those that are no longer wanted need not be in memory.
			found.push(words.filter(|_| faults.is_empty()));
		}
		Error::all(faults).map(|()| found)
	}

	/// The bytes of the model file: the same for the same parameters and root. The root of the state
	/// that the parameters are from is noted in the file's metadata.
	pub fn to_safetensors(&self, state_root: Option<&Root>) -> Result<Vec<u8>, Error> {
		let views = views(&self.parameters, &self.slots);
		Ok(safetensors::serialize(views, state_root.map(note))?)
	}

	/// The state root that a model file says it is from, as it is written there.
	pub fn noted_state_root(bytes: &[u8]) -> Result<Option<String>, Error> {
		let (_, metadata) = SafeTensors::read_metadata(bytes)?;
		let notes = metadata.metadata().as_ref();
		Ok(notes.and_then(|notes| notes.get(STATE_ROOT).cloned()))
	}

	/// Name, type and shape of every tensor of a model file, in order of name.
	pub fn list(bytes: &[u8]) -> Result<Vec<(String, String, Vec<usize>)>, Error> {
		let file = SafeTensors::deserialize(bytes)?;
		let tensors = file.iter();
		let mut tensors: Vec<_> = tensors
			.map(|(name, view)| (name.into(), view.dtype().to_string(), view.shape().to_vec()))
			.collect();
		tensors.sort();
		Ok(tensors)
	}

	/// Names and shapes.
	pub fn parameters(&self) -> &[Parameter] {
		&self.parameters
	}

	/// Words of each parameter, row-major: the first slots of a state.
	pub fn slots(&self) -> &[Vec<u32>] {
		&self.slots
	}

	/// The parameters as candle's tensors, in order.
	pub fn tensors(&self) -> Result<Vec<Tensor>, Error> {
		let tensor = |(parameter, words): (&Parameter, &Vec<u32>)| {
			let numbers: Vec<f32> = words.iter().map(|word| f32::from_bits(*word)).collect();
			Ok(Tensor::from_vec(numbers, shape(parameter), &Device::Cpu)?)
		};
		self.parameters.iter().zip(&self.slots).map(tensor).collect()
	}
}

/// A safetensors file with the matrix `logits` of `rows` rows, as other tools read it.
pub fn logits_file(logits: Vec<f32>, rows: u64) -> Result<Vec<u8>, Error> {
	let cols = (logits.len() as u64).checked_div(rows).unwrap_or(0) as usize;
	let words: Vec<u32> = logits.into_iter().map(f32::to_bits).collect();
	let view = Words { shape: vec![rows as usize, cols], words: &words };
	Ok(safetensors::serialize([("logits", view)], None)?)
}

/// Words that are written as they are.
struct Words<'a> {
	shape: Vec<usize>,
	words: &'a [u32],
}

impl View for Words<'_> {
	fn dtype(&self) -> Dtype {
		Dtype::F32
	}
	fn shape(&self) -> &[usize] {
		&self.shape
	}
	fn data(&self) -> Cow<'_, [u8]> {
		let bytes: Vec<_> = self.words.iter().map(|word| word.to_le_bytes()).collect();
		Cow::Owned(bytes.into_flattened())
	}
	fn data_len(&self) -> usize {
		self.words.len() * 4
	}
}
