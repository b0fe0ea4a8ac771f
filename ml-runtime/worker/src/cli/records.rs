//! Whether the records of a data set are what a program can read: tokens and labels that there are, and finite numbers.
//!
//! A program makes NaN of everything else, without a word, and of every later step.

use std::path::Path;

use assay_compiler::{Field, Format, Loss};
use assay_executor::DataSet;
use assay_ops::{NodeId, Op, RecordFormat};

use super::{fault::Fault, task::Task};

/// Refuses a data set with a record that a program makes NaN of. Labels that do not count may be anything.
pub(crate) fn check(task: &Task, data: &DataSet, path: &Path) -> Result<(), Fault> {
	let fields = &task.manifest.data.fields;
	for spec in &task.program.specs {
		let Op::Load { offset, width, format } = spec.op else { continue };
		let read = |field: &Field| (field.offset, field.width) == (offset, width);
		let Some((name, field)) = fields.iter().find(|(_, field)| read(field)) else { continue };
		let size = data.record_size() as usize;
		let records = || (0u64..).zip(data.bytes().chunks_exact(size));
		let refuse = |record, found: String, help: String| {
			let (path, field) = (path.display().to_string(), name.clone());
			Err(Fault::Record { path, record, found, field, help })
		};
		match format {
			RecordFormat::U8ToF32 => {},
			RecordFormat::F32 => {
				for (record, bytes) in records() {
					if let Some(x) = numbers(bytes, field).find(|x| !x.is_finite()) {
						let help = "every number of a record must be finite".into();
						return refuse(record, x.to_string(), help);
					}
				}
			},
			RecordFormat::U8ToU32 | RecordFormat::U32 => {
				let Some(bound) = bound(task, spec.id) else { continue };
				let mask = mask_of(task, name).and_then(|mask| fields.get(mask));
				for (record, bytes) in records() {
					let mut counts = mask.map(|mask| numbers(bytes, mask).map(|x| x != 0.0));
					let mut counts = || counts.as_mut().and_then(Iterator::next).unwrap_or(true);
					if let Some(found) = words(bytes, field).find(|x| counts() && *x >= bound) {
						let last = bound - 1;
						let (what, help) = match field.format.is_token() {
							true => ("token", format!("the vocabulary has tokens 0 to {last}: make `vocab` larger")),
							false => (
								"label",
								format!("the model has classes 0 to {last}: make `out` of its last layer larger"),
							),
						};
						let help = format!("{help}, or mend the records");
						return refuse(record, format!("{what} {found}"), help);
					}
				}
			},
		}
	}
	Ok(())
}

/// What all values of an integer field must be below: the fewest rows or columns that they choose from.
fn bound(task: &Task, load: NodeId) -> Option<u32> {
	let mut same = vec![load];
	let mut least = None;
	for spec in &task.program.specs {
		let input = |place: usize| spec.inputs.get(place).filter(|one| same.contains(&one.id));
		let bound = match spec.op {
			Op::Reshape { .. } if input(0).is_some() => {
				same.push(spec.id);
				None
			},
			Op::Gather if input(1).is_some() => spec.inputs.first().map(|table| table.ty.rows),
			Op::Pick if input(1).is_some() => spec.inputs.first().map(|values| values.ty.cols),
			Op::OneHot { cols } if input(0).is_some() => Some(cols),
			_ => None,
		};
		least = match (least, bound) {
			(Some(least), Some(bound)) => Some(bound.min(least)),
			(least, bound) => least.or(bound),
		};
	}
	least
}

/// The field that says which of the labels in the field `name` count.
fn mask_of<'a>(task: &'a Task, name: &str) -> Option<&'a str> {
	let fields = &task.manifest.data.fields;
	let Loss::CrossEntropy { labels, mask, .. } = &task.manifest.loss;
	if labels != name {
		return None;
	}
	let width = |name: &str| fields.get(name).map(|field| field.width);
	let model = task.manifest.model.mask.as_deref();
	mask.as_deref().or(model.filter(|mask| width(mask) == width(labels)))
}

/// The bytes of a field in a record.
fn part<'a>(record: &'a [u8], field: &Field) -> &'a [u8] {
	let bytes = record.get(field.offset as usize..).unwrap_or_default();
	let length = field.width as usize * field.format.bytes() as usize;
	bytes.get(..length).unwrap_or_default()
}

/// A field's numbers, scaled and shifted.
fn numbers<'a>(record: &'a [u8], field: &Field) -> impl Iterator<Item = f32> + 'a {
	let (scale, shift) = (f32::from_bits(field.scale), f32::from_bits(field.shift));
	let is_byte = field.format == Format::U8;
	let words = words(record, field);
	words.map(move |word| if is_byte { word as f32 } else { f32::from_bits(word) } * scale + shift)
}

/// A field's elements as they are.
fn words<'a>(record: &'a [u8], field: &Field) -> impl Iterator<Item = u32> + 'a {
	let each = field.format.bytes() as usize;
	part(record, field).chunks_exact(each).map(|bytes| {
		let mut word = [0; 4];
		word[..bytes.len()].copy_from_slice(bytes);
		u32::from_le_bytes(word)
	})
}
