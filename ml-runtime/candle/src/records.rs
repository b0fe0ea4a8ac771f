//! Records as candle's tensors and as labels, read a second time without compiler and kernels.

use assay_compiler::{Field, Format, Loss, Manifest, Shape};
use candle_core::{Device, Tensor};

use crate::Error;

/// A batch of records, decoded.
#[derive(Clone, Debug)]
pub struct Inputs {
	/// What the first layer gets: `batch × features`, or `batch × channels × height × width`.
	pub values: Tensor,
	/// The label of each record.
	pub labels: Vec<u32>,
}

impl Inputs {
	/// Decodes records by the fields of a manifest.
	pub fn read(manifest: &Manifest, records: &[&[u8]]) -> Result<Self, Error> {
		let field = |name: &str| manifest.data.fields.get(name).ok_or(Error::Records);
		let Loss::CrossEntropy { labels } = &manifest.loss;
		let (input, label) = (field(&manifest.model.input)?, field(labels)?);
		let mut values = Vec::new();
		let mut labels = Vec::new();
		for record in records {
			values.extend(numbers(input, bytes_of(input, record)?));
			labels.push(class(label, bytes_of(label, record)?)?);
		}
		let values = match manifest.model.shape {
			Shape::Features(width) => {
				Tensor::from_vec(values, (records.len(), width as usize), &Device::Cpu)?
			},
			Shape::Image { height, width, channels } => {
				let shape = (records.len(), height.into(), width.into(), channels.into());
				let shape: (usize, usize, usize, usize) = shape;
				// Records hold images pixel by pixel; candle wants them channel by channel.
				let pixels = Tensor::from_vec(values, shape, &Device::Cpu)?;
				pixels.permute((0, 3, 1, 2))?.contiguous()?
			},
		};
		Ok(Self { values, labels })
	}
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
		Format::U8 | Format::LabelU8 => bytes.iter().map(|b| prepared(f32::from(*b))).collect(),
		Format::F32 | Format::LabelU32 => {
			bytes.as_chunks().0.iter().map(|word| prepared(f32::from_le_bytes(*word))).collect()
		},
	}
}

/// The class in a label field.
fn class(field: &Field, bytes: &[u8]) -> Result<u32, Error> {
	match (field.format, bytes) {
		(Format::LabelU8, [byte]) => Ok(u32::from(*byte)),
		(Format::LabelU32, bytes) => {
			Ok(u32::from_le_bytes(bytes.try_into().map_err(|_| Error::Records)?))
		},
		(Format::U8 | Format::F32 | Format::LabelU8, _) => Err(Error::Records),
	}
}
