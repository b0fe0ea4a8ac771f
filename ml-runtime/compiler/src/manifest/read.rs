//! From TOML to a validated [`Manifest`].

use std::{collections::BTreeMap, sync::Arc};

use assay_ops::soft::ONE;
use toml::Spanned;

use super::{
	number::{Domain, Source},
	raw::{RawData, RawField, RawLoss, RawManifest, RawModel, RawTask},
	read_layers, read_optimizer,
	section::Section,
	Data, Field, Format, Layer, Loss, LossKind, Manifest, Model, Numerics, Precision, Shape, Task,
};
use crate::{
	error::{Error, ErrorKind},
	COMPILER_VERSION, MAX_MANIFEST_BYTES,
};

const MAX_COUNT: u64 = u32::MAX as u64;
const MAX_BATCH: u64 = 1 << 16;
const MAX_RECORD: u64 = 1 << 24;
const MAX_SIDE: u64 = 4096;
const MAX_FIELDS: usize = 64;
const FORMATS: &str = "u8, f32, label_u8, label_u32, token_u8, token_u32";

pub(super) fn manifest(text: &str) -> Result<Manifest, Error> {
	if text.len() > MAX_MANIFEST_BYTES {
		let kind = ErrorKind::TooLarge { bytes: text.len(), max: MAX_MANIFEST_BYTES };
		return Err(Error::new(kind, None, &Arc::from("")));
	}
	let source = Source(Arc::from(text));
	let raw: RawManifest = toml::from_str(text).map_err(|error| {
		let kind = ErrorKind::Malformed { message: error.message().into() };
		Error::new(kind, error.span(), &source.0)
	})?;
	let found = *raw.compiler.get_ref();
	if found != u64::from(COMPILER_VERSION) {
		let kind = ErrorKind::Version { found, supported: COMPILER_VERSION };
		return Err(source.error(kind, raw.compiler.span()));
	}
	let batch_span = raw.task.batch.span();
	let task = task(&source, raw.task)?;
	let data = data(&source, raw.data)?;
	if task.batch > data.records {
		let kind = ErrorKind::BatchTooLarge { batch: task.batch, records: data.records };
		return Err(source.error(kind, batch_span));
	}
	let model = model(&source, raw.model, &data)?;
	let numerics = Numerics {
		forward: precision(&source, raw.numerics.forward)?,
		backward: precision(&source, raw.numerics.backward)?,
	};
	let loss = loss(&source, raw.loss, &data)?;
	let (optimizer, updates) = read_optimizer::optimizer(&source, raw.optimizer, &task)?;
	Ok(Manifest { task, data, model, numerics, loss, optimizer, updates, source: source.0 })
}

fn precision(source: &Source, raw: Option<Spanned<String>>) -> Result<Precision, Error> {
	let Some(raw) = raw else { return Ok(Precision::F32) };
	Ok(match raw.get_ref().as_str() {
		"f32" => Precision::F32,
		"q15x3" => Precision::Q15x3,
		"i8" => Precision::I8,
		_ => return Err(source.unknown("precision", &raw, "f32, q15x3, i8")),
	})
}

fn task(source: &Source, raw: RawTask) -> Result<Task, Error> {
	let steps: u32 = source.integer("steps", &raw.steps, 1..=MAX_COUNT)?;
	Ok(Task {
		name: source.name(raw.name.get_ref(), raw.name.span())?,
		steps,
		stride: source.integer("stride", &raw.stride, 1..=steps.into())?,
		batch: source.integer("batch", &raw.batch, 1..=MAX_BATCH)?,
		seed: source.seed(&raw.seed)?,
	})
}

fn data(source: &Source, raw: RawData) -> Result<Data, Error> {
	let record_size = source.integer("record_size", &raw.record_size, 1..=MAX_RECORD)?;
	if raw.fields.len() > MAX_FIELDS {
		let found = raw.fields.len().to_string();
		let expected = format!("at most {MAX_FIELDS} fields");
		let kind = ErrorKind::OutOfRange { key: "fields", found, expected };
		return Err(source.error(kind, raw.record_size.span()));
	}
	let mut fields = BTreeMap::new();
	for (name, raw) in raw.fields {
		let name = source.name(&name, raw.offset.span())?;
		let field = field(source, &name, raw, record_size)?;
		fields.insert(name, field);
	}
	let records = source.integer("records", &raw.records, 1..=MAX_COUNT)?;
	Ok(Data { records, record_size, fields })
}

fn field(source: &Source, name: &str, raw: RawField, record_size: u32) -> Result<Field, Error> {
	let format = format(source, &raw.format)?;
	let offset: u32 = source.integer("offset", &raw.offset, 0..=MAX_RECORD)?;
	let width: u32 = source.integer("width", &raw.width, 1..=MAX_RECORD)?;
	let end = u64::from(offset) + u64::from(width) * u64::from(format.bytes());
	if end > u64::from(record_size) {
		let kind = ErrorKind::FieldOutsideRecord { field: name.into(), end, record_size };
		return Err(source.error(kind, raw.width.span()));
	}
	if format.is_label() || format.is_token() {
		let keys = [("scale", &raw.scale), ("shift", &raw.shift)];
		if let Some((key, value)) = keys.iter().find_map(|(k, v)| Some((*k, v.as_ref()?))) {
			let kind = ErrorKind::UnusedKey { kind: raw.format.get_ref().clone(), key };
			return Err(source.error(kind, value.span()));
		}
	}
	let decimal = |key, value: Option<_>, domain, default| {
		value.map_or(Ok(default), |value| source.decimal(key, &value, domain))
	};
	let scale = decimal("scale", raw.scale, Domain::NonZero, ONE)?;
	let shift = decimal("shift", raw.shift, Domain::Any, 0)?;
	Ok(Field { offset, width, format, scale, shift })
}

fn format(source: &Source, raw: &Spanned<String>) -> Result<Format, Error> {
	Ok(match raw.get_ref().as_str() {
		"u8" => Format::U8,
		"f32" => Format::F32,
		"label_u8" => Format::LabelU8,
		"label_u32" => Format::LabelU32,
		"token_u8" => Format::TokenU8,
		"token_u32" => Format::TokenU32,
		_ => return Err(source.unknown("format", raw, FORMATS)),
	})
}

fn named_field<'a>(
	source: &Source,
	data: &'a Data,
	name: &Spanned<String>,
	labels: bool,
) -> Result<&'a Field, Error> {
	let field = name.get_ref();
	let found = data.fields.get(field).ok_or_else(|| {
		source.error(ErrorKind::NoSuchField { field: field.clone() }, name.span())
	})?;
	if found.format.is_label() == labels {
		return Ok(found);
	}
	let inputs = "u8 or f32, or token_u8 or token_u32 before an embedding";
	let expected = if labels { "label_u8 or label_u32" } else { inputs };
	Err(source.error(ErrorKind::WrongFormat { field: field.clone(), expected }, name.span()))
}

/// The name of a field of numbers, if one is given.
fn mask(
	source: &Source,
	data: &Data,
	name: Option<&Spanned<String>>,
) -> Result<Option<(String, u32)>, Error> {
	let Some(name) = name else { return Ok(None) };
	let field = named_field(source, data, name, false)?;
	if field.format.is_token() {
		let (field, expected) = (name.get_ref().clone(), "u8 or f32");
		return Err(source.error(ErrorKind::WrongFormat { field, expected }, name.span()));
	}
	Ok(Some((name.get_ref().clone(), field.width)))
}

/// The mask of a model of this shape: a number for each position.
fn model_mask(
	source: &Source,
	data: &Data,
	name: Option<&Spanned<String>>,
	shape: Shape,
) -> Result<Option<String>, Error> {
	let (Some((field, width)), Some(name)) = (mask(source, data, name)?, name) else {
		return Ok(None);
	};
	let (Shape::Tokens(expected) | Shape::Sequence { length: expected, .. }) = shape else {
		let kind = ErrorKind::NotASequence { layer: "mask", found: shape.to_string() };
		return Err(source.error(kind, name.span()));
	};
	if width != expected {
		let kind = ErrorKind::MaskWidth { field, width, expected };
		return Err(source.error(kind, name.span()));
	}
	Ok(Some(field))
}

fn model(source: &Source, raw: RawModel, data: &Data) -> Result<Model, Error> {
	let field = named_field(source, data, &raw.input, false)?;
	let (shape, elements) = shape(source, &raw.shape, field.format)?;
	let width = field.width;
	if elements != u64::from(width) {
		return Err(source.error(ErrorKind::InputWidth { width, elements }, raw.shape.span()));
	}
	let mask = model_mask(source, data, raw.mask.as_ref(), shape)?;
	let layers = read_layers::layers(source, raw.layer, 0)?;
	read_layers::check_count(source, &layers, raw.shape.span())?;
	if !layers.iter().any(Layer::learns) {
		return Err(source.error(ErrorKind::NothingToTrain, raw.shape.span()));
	}
	Ok(Model { input: raw.input.into_inner(), shape, mask, layers })
}

/// The shape and its number of elements.
fn shape(source: &Source, raw: &Spanned<Vec<u64>>, format: Format) -> Result<(Shape, u64), Error> {
	let count = |value| source.bounded::<u32>("shape", value, raw.span(), 1..=MAX_RECORD);
	let pixels = |value| source.bounded::<u16>("shape", value, raw.span(), 1..=MAX_SIDE);
	match (format.is_token(), raw.get_ref().as_slice()) {
		(true, [length]) => Ok((Shape::Tokens(count(*length)?), *length)),
		(false, [features]) => Ok((Shape::Features(count(*features)?), *features)),
		(false, [length, features]) => {
			let shape = Shape::Sequence { length: count(*length)?, features: count(*features)? };
			Ok((shape, length * features))
		},
		(false, [height, width, channels]) => Ok((
			Shape::Image {
				height: pixels(*height)?,
				width: pixels(*width)?,
				channels: pixels(*channels)?,
			},
			height * width * channels,
		)),
		(tokens, other) => {
			let numbers = "[features], [length, features] or [height, width, channels]";
			let expected = if tokens { "[length], as the input is tokens" } else { numbers }.into();
			let found = format!("{other:?}");
			let kind = ErrorKind::OutOfRange { key: "shape", found, expected };
			Err(source.error(kind, raw.span()))
		},
	}
}

fn loss(source: &Source, raw: RawLoss, data: &Data) -> Result<Loss, Error> {
	let section = Section { source, kind: raw.kind.clone() };
	let (kind, field) = match raw.kind.get_ref().as_str() {
		"cross_entropy" => {
			section.unused("targets", &raw.targets)?;
			let labels = section.need("labels", raw.labels)?;
			named_field(source, data, &labels, true)?;
			(LossKind::CrossEntropy, labels)
		},
		"mse" => {
			section.unused("labels", &raw.labels)?;
			let targets = section.need("targets", raw.targets)?;
			let found = named_field(source, data, &targets, false)?;
			if found.format.is_token() {
				let (field, expected) = (targets.get_ref().clone(), "u8 or f32");
				let kind = ErrorKind::WrongFormat { field, expected };
				return Err(source.error(kind, targets.span()));
			}
			(LossKind::Mse, targets)
		},
		_ => return Err(section.unknown("loss", "cross_entropy, mse")),
	};
	let mask = mask(source, data, raw.mask.as_ref())?.map(|(field, _)| field);
	let span = field.span().into();
	Ok(Loss { kind, field: field.into_inner(), mask, span })
}
