//! Records as candle's tensors and as labels, read a second time without compiler and kernels.

use assay_compiler::{Field, Format, LossKind, Manifest, Shape};
use candle_core::{Device, Tensor};

use crate::Error;

/// A batch of records, decoded.
#[derive(Clone, Debug)]
pub struct Inputs {
	/// What the first layer gets: `batch × features`, `batch × length × features`,
	/// `batch × channels × height × width`, or tokens, `batch × length`.
	pub values: Tensor,
	/// 1 for each position of the sequences and 0 for padding, `batch × length`, if the model has a mask.
	pub mask: Option<Tensor>,
	/// The labels, record by record: one each, or one per position. None where there are targets.
	pub labels: Vec<u32>,
	/// The targets, record by record, if what leaves the model is compared with numbers.
	pub targets: Vec<f32>,
}

impl Inputs {
	/// Decodes records by the fields of a manifest.
	pub fn read(manifest: &Manifest, records: &[&[u8]]) -> Result<Self, Error> {
		let field = |name: &str| manifest.data.fields.get(name).ok_or(Error::Records);
		let (input, wanted) = (field(&manifest.model.input)?, field(&manifest.loss.field)?);
		let seen = |name: &String| -> Result<Tensor, Error> {
			let (field, mut seen) = (field(name)?, Vec::new());
			for record in records {
				let numbers = numbers(field, bytes_of(field, record)?);
				seen.extend(numbers.iter().map(|number| f32::from(u8::from(*number != 0.0))));
			}
			let shape = (records.len(), field.width as usize);
			Ok(Tensor::from_vec(seen, shape, &Device::Cpu)?)
		};
		let mask = manifest.model.mask.as_ref().map(seen).transpose()?;
		let (mut labels, mut targets) = (Vec::new(), Vec::new());
		for record in records {
			let bytes = bytes_of(wanted, record)?;
			match manifest.loss.kind {
				LossKind::CrossEntropy => labels.extend(classes(wanted, bytes)),
				LossKind::Mse => targets.extend(numbers(wanted, bytes)),
			}
		}
		let values = if let Shape::Tokens(length) = manifest.model.shape {
			let mut tokens = Vec::new();
			for record in records {
				tokens.extend(classes(input, bytes_of(input, record)?));
			}
			Tensor::from_vec(tokens, (records.len(), length as usize), &Device::Cpu)?
		} else {
			let mut values = Vec::new();
			for record in records {
				values.extend(numbers(input, bytes_of(input, record)?));
			}
			shaped(values, records.len(), manifest.model.shape)?
		};
		Ok(Self { values, mask, labels, targets })
	}
}

/// The numbers of `records` records in the shape of the model's input.
fn shaped(values: Vec<f32>, records: usize, shape: Shape) -> Result<Tensor, Error> {
	Ok(match shape {
		Shape::Features(width) | Shape::Tokens(width) => {
			Tensor::from_vec(values, (records, width as usize), &Device::Cpu)?
		},
		Shape::Sequence { length, features } => {
			let shape = (records, length as usize, features as usize);
			Tensor::from_vec(values, shape, &Device::Cpu)?
		},
		Shape::Image { height, width, channels } => {
			let shape = (records, height.into(), width.into(), channels.into());
			let shape: (usize, usize, usize, usize) = shape;
			// Records hold images pixel by pixel; candle wants them channel by channel.
			Tensor::from_vec(values, shape, &Device::Cpu)?.permute((0, 3, 1, 2))?.contiguous()?
		},
	})
}

/// The bytes of a field in a record.
fn bytes_of<'a>(field: &Field, record: &'a [u8]) -> Result<&'a [u8], Error> {
	let length = field.width as usize * field.format.bytes() as usize;
	record.get(field.offset as usize..).and_then(|rest| rest.get(..length)).ok_or(Error::Records)
}

/// The numbers of an input field, scaled and shifted.
fn numbers(field: &Field, bytes: &[u8]) -> Vec<f32> {
	let (scale, shift) = (f32::from_bits(field.scale), f32::from_bits(field.shift));
	let prepared = |number: f32| number * scale + shift;
	match field.format {
		Format::U8 | Format::LabelU8 | Format::TokenU8 => {
			bytes.iter().map(|b| prepared(f32::from(*b))).collect()
		},
		Format::F32 | Format::LabelU32 | Format::TokenU32 => {
			bytes.as_chunks().0.iter().map(|word| prepared(f32::from_le_bytes(*word))).collect()
		},
	}
}

/// The classes or tokens in a field.
fn classes(field: &Field, bytes: &[u8]) -> Vec<u32> {
	match field.format.bytes() {
		1 => bytes.iter().map(|byte| u32::from(*byte)).collect(),
		_ => bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect(),
	}
}
