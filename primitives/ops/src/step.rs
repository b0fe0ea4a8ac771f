//! A whole step by the reference, for small programs: the oracle of every faster executor.

use alloc::{vec, vec::Vec};

use crate::{
	check::CheckedProgram,
	eval::{tile, EvalError, Missing, Operands, StepContext},
	op::Op,
	program::ValueType,
	spec::NodeSpec,
};

/// Everything that a step computes. Tensors are row-major without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepResult {
	/// The output of every node, in program order.
	pub outputs: Vec<Vec<u32>>,
	/// The content of every slot after the step.
	pub slots: Vec<Vec<u32>>,
}

/// Whole tensors and a whole data set as operands of one node.
struct Tensors<'a> {
	spec: &'a NodeSpec,
	outputs: &'a [Vec<u32>],
	data: &'a [u8],
	record_size: u32,
}

impl Operands for Tensors<'_> {
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, Missing> {
		let operand = self.spec.inputs.get(operand).ok_or(Missing)?;
		let tensor = self.outputs.get(usize::from(operand.id)).ok_or(Missing)?;
		let index = (row as usize).checked_mul(operand.ty.cols as usize).ok_or(Missing)?;
		let index = index.checked_add(col as usize).ok_or(Missing)?;
		tensor.get(index).copied().ok_or(Missing)
	}

	fn record_byte(&self, record: u64, offset: u32) -> Result<u8, Missing> {
		let index = record
			.checked_mul(self.record_size.into())
			.and_then(|start| start.checked_add(offset.into()))
			.and_then(|index| usize::try_from(index).ok())
			.ok_or(Missing)?;
		self.data.get(index).copied().ok_or(Missing)
	}
}

/// Runs one step: `slots` are the contents before it (row-major), `data` all records.
///
/// Fails where a slot does not have its type's number of words, or the data set is too short.
pub fn run_reference(
	program: &CheckedProgram,
	context: &StepContext,
	slots: &[Vec<u32>],
	data: &[u8],
) -> Result<StepResult, EvalError> {
	let mut outputs: Vec<Vec<u32>> = Vec::with_capacity(program.specs.len());
	for spec in &program.specs {
		let output = if let Op::State { slot } = spec.op {
			let content = slots.get(usize::from(slot)).ok_or(EvalError::Missing)?;
			if content.len() as u64 != spec.ty.words() {
				return Err(EvalError::Missing);
			}
			content.clone()
		} else {
			let record_size = context.record_size;
			whole(spec, context, &Tensors { spec, outputs: &outputs, data, record_size })?
		};
		outputs.push(output);
	}
	let mut next = Vec::with_capacity(program.slots.len());
	for slot in &program.slots {
		next.push(outputs.get(usize::from(slot.next)).ok_or(EvalError::Malformed)?.clone());
	}
	Ok(StepResult { outputs, slots: next })
}

/// All tiles of a node, put together.
fn whole(
	spec: &NodeSpec,
	context: &StepContext,
	operands: &impl Operands,
) -> Result<Vec<u32>, EvalError> {
	let words = usize::try_from(spec.ty.words()).map_err(|_| EvalError::Malformed)?;
	let mut tensor = vec![0; words];
	for index in 0..u32::try_from(spec.ty.tiles()).map_err(|_| EvalError::Malformed)? {
		place_tile(&mut tensor, &spec.ty, index, &tile(spec, context, operands, index)?)?;
	}
	Ok(tensor)
}

fn place_tile(
	tensor: &mut [u32],
	ty: &ValueType,
	index: u32,
	tile: &[u32],
) -> Result<(), EvalError> {
	let area = ty.tile_area(index).ok_or(EvalError::OutOfRange)?;
	for (place, row, col) in area.elements() {
		let target = u64::from(row).saturating_mul(ty.cols.into()).saturating_add(col.into());
		let target = usize::try_from(target).ok().and_then(|target| tensor.get_mut(target));
		if let (Some(target), Some(word)) = (target, tile.get(place)) {
			*target = *word;
		}
	}
	Ok(())
}
