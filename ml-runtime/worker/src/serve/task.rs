//! From a job's context to something that can be run.

use assay_executor::{DataSet, Job, Memory, OnNonFinite, Prepared};
use assay_ops::{CheckedProgram, Limits, Program};
use assay_worker_protocol::{BlobKey, ListTag, Root, TaskContext};
use codec::DecodeAll;

use super::{link::Link, tensor::words_of_tiles, trouble::Trouble};

/// Gets everything that a task names, checks it and plans the run.
pub(crate) fn prepare(link: &Link, context: &TaskContext) -> Result<Prepared, Trouble> {
	let program = program(context)?;
	// Before any of it is taken. Who trains, or checks, may have to answer for it.
	let records = context.records.saturating_mul(context.record_size.into());
	let needed = Memory::of(&program, records).dispute;
	if let Some(most) = link.memory.filter(|most| needed > *most) {
		return Err(Trouble::Memory { needed, most });
	}
	let initial = initial(link, context, &program)?;
	let job = Job {
		program,
		seed: context.seed,
		first_step: context.first_step.into(),
		steps: context.steps.into(),
		stride: context.stride,
		data: data(link, context)?,
		initial,
		on_non_finite: OnNonFinite::Continue,
	};
	let prepared = job.prepare(u64::MAX).map_err(|fault| Trouble::Task(fault.to_string()))?;
	if prepared.init_root() != context.init_root {
		return Err(Trouble::Task("the initial tensors are not those of the initial state".into()));
	}
	Ok(prepared)
}

fn program(context: &TaskContext) -> Result<CheckedProgram, Trouble> {
	let program = Program::decode_all(&mut context.program.as_slice())
		.map_err(|error| Trouble::Task(format!("the program cannot be decoded: {error}")))?;
	let checked = program.check(&Limits::new(context.record_size));
	checked.map_err(|error| Trouble::Task(format!("the program is refused: {error}")))
}

fn data(link: &Link, context: &TaskContext) -> Result<DataSet, Trouble> {
	let bytes = link.need("the data set", &context.data_root)?;
	if context.records.checked_mul(context.record_size.into()) != Some(bytes.len() as u64) {
		let (records, size) = (context.records, context.record_size);
		let why = format!("{} bytes of data are not {records} records of {size}", bytes.len());
		return Err(Trouble::Task(why));
	}
	DataSet::new(bytes, context.record_size).map_err(|fault| Trouble::Task(fault.to_string()))
}

/// Content of every slot before the first step.
fn initial(
	link: &Link,
	context: &TaskContext,
	program: &CheckedProgram,
) -> Result<Vec<Vec<u32>>, Trouble> {
	let (what, tag) = ("the list of the initial tensors", ListTag::Slots);
	let key = BlobKey::List { tag, root: context.init_slots };
	let tensors = link.list(tag, &context.init_slots)?.ok_or(Trouble::Missing { what, key })?;
	if tensors.len() != program.slots.len() {
		let why = "the initial state has another number of tensors than the program has slots";
		return Err(Trouble::Task(why.into()));
	}
	let slot = |(slot, root): (&assay_ops::Slot, &Root)| {
		let tensor = link.need("a tensor of the initial state", root)?;
		words_of_tiles(&slot.ty, &tensor)
			.ok_or_else(|| Trouble::Task("an initial tensor does not fit its slot".into()))
	};
	program.slots.iter().zip(&tensors).map(slot).collect()
}
