//! The parameters of a task as a model file.

use std::{
	borrow::Cow,
	collections::{BTreeSet, HashMap},
	path::Path,
};

use assay_commitment::Root;
use assay_compiler::Parameter;
use candle_core::{Device, Tensor};
use safetensors::{tensor::TensorView, Dtype, SafeTensors, View};

use crate::Error;

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
fn shape(parameter: &Parameter) -> Vec<usize> {
	parameter.shape.iter().map(|side| *side as usize).collect()
}

/// What a model file has of these parameters, each as this reads it. Names everything that does not fit, and what is
/// no parameter.
fn read<'a, T>(
	parameters: &[Parameter],
	bytes: &'a [u8],
	one: impl Fn(&SafeTensors<'a>, &Parameter) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
	let file = SafeTensors::deserialize(bytes)?;
	let (mut found, mut errors) = (Vec::new(), Vec::new());
	for parameter in parameters {
		match one(&file, parameter) {
			Ok(words) => found.push(words),
			Err(error) => errors.push(error),
		}
	}
	let known: BTreeSet<_> = parameters.iter().map(|known| known.name.as_str()).collect();
	let mut unknown = file.names();
	unknown.retain(|name| !known.contains(name));
	unknown.sort_unstable();
	errors.extend(unknown.into_iter().map(|name| Error::UnexpectedTensor { name: name.into() }));
	Error::all(errors).map(|()| found)
}

/// A parameter, if the file has it.
fn view<'a>(
	file: &SafeTensors<'a>,
	parameter: &Parameter,
) -> Result<Option<TensorView<'a>>, Error> {
	let name = parameter.name.clone();
	let Ok(view) = file.tensor(&name) else { return Ok(None) };
	if view.dtype() != Dtype::F32 {
		return Err(Error::WrongDType { name, found: view.dtype().to_string() });
	}
	let (expected, found) = (shape(parameter), view.shape().to_vec());
	if expected != found {
		return Err(Error::WrongShape { name, expected, found });
	}
	Ok(Some(view))
}

/// The words of a tensor of `f32`.
fn words<'a>(view: &TensorView<'a>) -> impl Iterator<Item = u32> + use<'a> {
	view.data().as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
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
	pub fn from_safetensors(parameters: &[Parameter], bytes: &[u8]) -> Result<Self, Error> {
		let slots = read(parameters, bytes, |file, parameter| {
			let missing = || Error::MissingTensor { name: parameter.name.clone() };
			Ok(words(&view(file, parameter)?.ok_or_else(missing)?).collect())
		})?;
		Ok(Self { parameters: parameters.to_vec(), slots })
	}

	/// Puts the tensors of a model file into `slots`, whose first ones are the parameters: weights from
	/// which training starts. Returns the names of the parameters that the file does not have and that
	/// keep what they are (adapters, a new head). After an error nothing has changed.
	pub fn start_from(
		parameters: &[Parameter],
		slots: &mut [Vec<u32>],
		bytes: &[u8],
	) -> Result<Vec<String>, Error> {
		let Some(first) = slots.get_mut(..parameters.len()) else {
			return Err(Error::SlotCount { expected: parameters.len(), got: slots.len() });
		};
		let found = read(parameters, bytes, |file, parameter| {
			let found = view(file, parameter)?;
			let infinite = |word: u32| !f32::from_bits(word).is_finite();
			if found.as_ref().is_some_and(|view| words(view).any(infinite)) {
				return Err(Error::NotFinite { name: parameter.name.clone() });
			}
			Ok(found)
		})?;
		let mut kept = Vec::new();
		for ((slot, parameter), found) in first.iter_mut().zip(parameters).zip(found) {
			match found {
				// One after the other: all of them at once would be the model a second time.
				Some(view) => *slot = words(&view).collect(),
				None => kept.push(parameter.name.clone()),
			}
		}
		Ok(kept)
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
