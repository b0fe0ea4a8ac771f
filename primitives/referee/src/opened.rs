//! Operands read from openings, with a record of what was read.

use alloc::vec::Vec;
use core::cell::Cell;

use assay_commitment::{OpenedChunks, OpenedTiles};
use assay_ops::{
	eval::{Missing, Operands},
	NodeSpec,
};

use crate::{evidence::Inputs, step::Step, RefereeError};

/// Which of at most 64 pieces were read.
#[derive(Default)]
struct Used(Cell<u64>);

impl Used {
	fn mark(&self, position: usize) {
		let bit = u32::try_from(position).ok().and_then(|position| 1u64.checked_shl(position));
		self.0.set(self.0.get() | bit.unwrap_or(0));
	}

	fn count(&self) -> usize {
		self.0.get().count_ones() as usize
	}
}

/// Verified inputs of one computation.
pub(crate) struct Opened<'a> {
	operands: Vec<Option<(OpenedTiles<'a>, Used)>>,
	records: Option<(OpenedChunks<'a>, Used)>,
	record_size: u32,
}

impl<'a> Opened<'a> {
	/// Verifies every opening against the trace and the data root.
	pub(crate) fn verify(
		step: &Step,
		spec: &NodeSpec,
		inputs: &'a Inputs,
	) -> Result<Self, RefereeError> {
		if inputs.operands.len() != spec.inputs.len() {
			return Err(RefereeError::WrongOperandCount);
		}
		let mut operands = Vec::with_capacity(inputs.operands.len());
		for ((number, opening), operand) in (0u8..).zip(&inputs.operands).zip(&spec.inputs) {
			let Some(opening) = opening else {
				operands.push(None);
				continue;
			};
			if !step.has_output(operand.id, &opening.root, &opening.path) {
				return Err(RefereeError::OperandNotInTrace(number));
			}
			let opened = opening.tiles.verify(&opening.root, &operand.ty);
			let opened = opened.map_err(|error| RefereeError::Operand(number, error))?;
			operands.push(Some((opened, Used::default())));
		}
		let records = match &inputs.records {
			None => None,
			Some(chunks) => {
				let len = step.data_len().ok_or(RefereeError::Malformed)?;
				let opened = chunks.verify(&step.data, len).map_err(RefereeError::Records)?;
				Some((opened, Used::default()))
			},
		};
		Ok(Self { operands, records, record_size: step.context.record_size })
	}

	/// Refuses evidence with pieces that were not read. At least one piece is in every opening.
	pub(crate) fn all_used(&self) -> Result<(), RefereeError> {
		let mut operands = self.operands.iter().flatten();
		let tiles = operands.all(|(opened, used)| opened.tiles().len() == used.count());
		let mut records = self.records.iter();
		let chunks = records.all(|(opened, used)| opened.chunks().len() == used.count());
		(tiles && chunks).then_some(()).ok_or(RefereeError::Surplus)
	}
}

impl Operands for Opened<'_> {
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, Missing> {
		let (opened, used) = self.operands.get(operand).and_then(Option::as_ref).ok_or(Missing)?;
		let (position, word) = opened.find_word(row, col).ok_or(Missing)?;
		used.mark(position);
		Ok(word)
	}

	fn words(
		&self,
		operand: usize,
		row: u32,
		mut col: u32,
		words: &mut [u32],
	) -> Result<(), Missing> {
		let (opened, used) = self.operands.get(operand).and_then(Option::as_ref).ok_or(Missing)?;
		let mut rest = words;
		while !rest.is_empty() {
			let (position, count) = opened.find_words(row, col, rest).ok_or(Missing)?;
			used.mark(position);
			// At least one word was found; a matrix has fewer than 2^32 columns.
			col = col.saturating_add(u32::try_from(count.max(1)).map_err(|_| Missing)?);
			rest = rest.get_mut(count.max(1)..).ok_or(Missing)?;
		}
		Ok(())
	}

	fn record_byte(&self, record: u64, offset: u32) -> Result<u8, Missing> {
		let (opened, used) = self.records.as_ref().ok_or(Missing)?;
		let at = byte_offset(record, offset, self.record_size).ok_or(Missing)?;
		let (position, byte) = opened.find_byte(at).ok_or(Missing)?;
		used.mark(position);
		Ok(byte)
	}
}

/// Place of a byte of a record in the data set; `None` beyond the record.
pub(crate) fn byte_offset(record: u64, offset: u32, record_size: u32) -> Option<u64> {
	let inside = offset < record_size;
	inside.then(|| record.checked_mul(record_size.into())?.checked_add(offset.into())).flatten()
}

#[cfg(test)]
mod tests {
	use super::byte_offset;

	#[test]
	fn byte_should_be_inside_its_record() {
		assert_eq!(byte_offset(3, 9, 10), Some(39));
		assert_eq!(byte_offset(3, 10, 10), None, "that is the next record's first byte");
		assert_eq!(byte_offset(u64::MAX, 0, 2), None);
	}
}
