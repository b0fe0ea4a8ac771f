//! Whether the records of a data set are what a program can read: tokens and labels that there are, and finite numbers.
//!
//! A program makes NaN of everything else, without a word, and of every later step.

use std::path::Path;

use assay_compiler::{Field, Format, Loss, LossKind};
use assay_executor::DataSet;
use assay_ops::{NodeSpec, Op, RecordFormat};

use super::{fault::Fault, task::Task};

/// Refuses a data set with a record that a program makes NaN of. Labels that do not count may be anything.
pub(crate) fn check(task: &Task, data: &DataSet, path: &Path) -> Result<(), Fault> {
	let manifest = &task.manifest;
	let fields = &manifest.data.fields;
	let refused = |name: &str, found: Option<(u64, String)>, help: String| match found {
		Some((record, found)) => {
			let (path, field) = (path.display().to_string(), name.to_owned());
			Err(Fault::Record { path, record, found, field, help })
		},
		None => Ok(()),
	};
	let input = &manifest.model.input;
	if let Some(field) = fields.get(input) {
		if !field.format.is_token() {
			let found = first(data, |record| numbers(record, field).find(|x| !x.is_finite()));
			let help = "every number of a record must be finite".into();
			refused(input, found.map(|(record, x)| (record, x.to_string())), help)?;
		} else if let Some(rows) = fewest(task, field, chosen_from) {
			let found = first(data, |record| words(record, field).find(|token| *token >= rows));
			let found = found.map(|(record, token)| (record, format!("token {token}")));
			let known = rows.saturating_sub(1);
			let help = format!(
				"the vocabulary has tokens 0 to {known}: make `vocab` larger, or mend the records"
			);
			refused(input, found, help)?;
		}
	}
	let Loss { kind, field: labels, mask, .. } = &manifest.loss;
	let Some(field) = fields.get(labels) else { return Ok(()) };
	// Where the program has a mask of labels, it is the one of the loss, or else the model's.
	let mask = task.compiled.forward.counted.and(mask.as_ref().or(manifest.model.mask.as_ref()));
	let mask = mask.and_then(|name| fields.get(name));
	if *kind == LossKind::Mse {
		let rows = mask.map_or(1, |mask| mask.width).max(1);
		let each = field.width.div_euclid(rows).max(1) as usize;
		let found = first(data, |record| {
			let counts = |row: usize| {
				mask.is_none_or(|mask| numbers(record, mask).nth(row).is_none_or(|x| x != 0.0))
			};
			let mut all = numbers(record, field).enumerate();
			all.find(|(index, x)| !x.is_finite() && counts(index / each)).map(|(_, x)| x)
		});
		let found = found.map(|(record, x)| (record, x.to_string()));
		return refused(labels, found, "every target of a record must be finite".into());
	}
	let Some(classes) = fewest(task, field, told_apart) else { return Ok(()) };
	let found = first(data, |record| {
		let mut counts = mask.map(|mask| numbers(record, mask).map(|x| x != 0.0));
		let mut counts = || counts.as_mut().and_then(Iterator::next).unwrap_or(true);
		words(record, field).find(|label| counts() && *label >= classes)
	});
	let found = found.map(|(record, label)| (record, format!("label {label}")));
	let known = classes.saturating_sub(1);
	let help = format!(
		"the model has classes 0 to {known}: make `out` of its last layer larger, or mend the records"
	);
	refused(labels, found, help)
}

/// The first record in which something is found.
fn first<T>(data: &DataSet, find: impl Fn(&[u8]) -> Option<T>) -> Option<(u64, T)> {
	let records = data.bytes().chunks_exact(data.record_size() as usize);
	(0..).zip(records).find_map(|(number, record)| Some((number, find(record)?)))
}

/// Rows of a table that the operand at position 1 chooses from.
fn chosen_from(spec: &NodeSpec) -> Option<(usize, u32)> {
	let table = spec.inputs.first().map(|table| table.ty.rows);
	table.filter(|_| matches!(spec.op, Op::Gather)).map(|rows| (1, rows))
}

/// Columns that labels, the operand at this position, tell apart.
fn told_apart(spec: &NodeSpec) -> Option<(usize, u32)> {
	match spec.op {
		Op::Pick => spec.inputs.first().map(|values| (1, values.ty.cols)),
		Op::OneHot { cols } => Some((0, cols)),
		_ => None,
	}
}

/// The least of what nodes say that a field goes to, as it is or in another shape.
fn fewest(
	task: &Task,
	field: &Field,
	bound: impl Fn(&NodeSpec) -> Option<(usize, u32)>,
) -> Option<u32> {
	let format = match field.format.bytes() {
		1 => RecordFormat::U8ToU32,
		_ => RecordFormat::U32,
	};
	let load = Op::Load { offset: field.offset, width: field.width, format };
	let (mut same, mut least) = (Vec::new(), None);
	for spec in &task.program.specs {
		let takes = |place: usize| spec.inputs.get(place).is_some_and(|one| same.contains(&one.id));
		if let Some((_, found)) = bound(spec).filter(|(place, _)| takes(*place)) {
			least = Some(least.map_or(found, |least: u32| least.min(found)));
		}
		if spec.op == load || (matches!(spec.op, Op::Reshape { .. }) && takes(0)) {
			same.push(spec.id);
		}
	}
	least
}

/// A field's numbers, scaled and shifted.
fn numbers<'a>(record: &'a [u8], field: &Field) -> impl Iterator<Item = f32> + 'a {
	let (scale, shift) = (f32::from_bits(field.scale), f32::from_bits(field.shift));
	let is_byte = field.format == Format::U8;
	let number = move |word| if is_byte { word as f32 } else { f32::from_bits(word) };
	words(record, field).map(move |word| number(word) * scale + shift)
}

/// A field's elements as they are.
fn words<'a>(record: &'a [u8], field: &Field) -> impl Iterator<Item = u32> + 'a {
	let each = field.format.bytes() as usize;
	let bytes = record.get(field.offset as usize..).unwrap_or_default();
	bytes.chunks_exact(each).take(field.width as usize).map(|bytes| {
		let mut word = [0; 4];
		word[..bytes.len()].copy_from_slice(bytes);
		u32::from_le_bytes(word)
	})
}
