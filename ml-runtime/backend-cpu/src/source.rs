//! Operations without operands: records, masks.

use assay_ops::{eval::StepContext, philox, shuffle, RecordFormat};

use crate::scalar::canonical_word;
use crate::{KernelError, RecordSource};

/// Part of each record of the step's batch, one row of `out` per record.
pub(crate) struct Load<'a> {
	/// First byte of the part.
	pub offset: usize,
	/// Words per record.
	pub width: usize,
	/// How bytes become words.
	pub format: RecordFormat,
	/// Which step.
	pub ctx: &'a StepContext,
	/// The data set.
	pub records: &'a dyn RecordSource,
}

impl Load<'_> {
	/// Fills `out`.
	pub(crate) fn run(&self, out: &mut [u32]) -> Result<(), KernelError> {
		let first = self.ctx.step.wrapping_mul(u64::from(self.ctx.batch));
		for (row, position) in out.chunks_exact_mut(self.width).zip(first..) {
			let index = shuffle::record_at(&self.ctx.seed, position, self.ctx.records);
			self.row(index, row).ok_or(KernelError::Record { index })?;
		}
		Ok(())
	}

	fn row(&self, index: u64, out: &mut [u32]) -> Option<()> {
		let part = self.records.record(index)?.get(self.offset..)?;
		match self.format {
			RecordFormat::U8ToF32 => {
				let bytes = part.get(..self.width)?;
				out.iter_mut().zip(bytes).for_each(|(out, b)| *out = f32::from(*b).to_bits());
			},
			RecordFormat::U8ToU32 => {
				let bytes = part.get(..self.width)?;
				out.iter_mut().zip(bytes).for_each(|(out, b)| *out = u32::from(*b));
			},
			RecordFormat::F32 => words(part, out, canonical_word)?,
			RecordFormat::U32 => words(part, out, |word| word)?,
		}
		Some(())
	}
}

fn words(bytes: &[u8], out: &mut [u32], convert: impl Fn(u32) -> u32) -> Option<()> {
	let bytes = bytes.get(..out.len() * 4)?;
	for (out, bytes) in out.iter_mut().zip(bytes.chunks_exact(4)) {
		*out = convert(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
	}
	Some(())
}

/// A dropout mask.
pub(crate) struct Mask {
	/// Key of the random numbers.
	pub key: [u32; 2],
	/// Which step.
	pub step: u64,
	/// Words below this are dropped.
	pub threshold: u32,
	/// What is stored for the others.
	pub scale: u32,
}

impl Mask {
	/// Fills `out`, whose first word is element `first` (a multiple of 4) of the mask.
	pub(crate) fn run(&self, first: u32, out: &mut [u32]) {
		let scale = canonical_word(self.scale);
		let (low, high) = (self.step as u32, (self.step >> 32) as u32);
		for (block, out) in (first / 4..).zip(out.chunks_mut(4)) {
			let random = philox::philox([block, 0, low, high], self.key);
			for (out, random) in out.iter_mut().zip(random) {
				*out = if random >= self.threshold { scale } else { 0 };
			}
		}
	}
}
