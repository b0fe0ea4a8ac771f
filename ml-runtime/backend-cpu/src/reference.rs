//! The slow backend: the op spec's own code, tile by tile.

use assay_ops::{
	eval::{self, EvalError, Missing, Operands, StepContext},
	NodeSpec, Op, TILE,
};
use rayon::prelude::*;

use crate::{KernelError, Kernels, RecordSource};

/// Kernels that ask `assay_ops` for every tile. Integers only, so slow, and right by definition.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReferenceKernels;

struct Source<'a> {
	spec: &'a NodeSpec,
	operands: &'a [&'a [u32]],
	records: &'a dyn RecordSource,
}

// Slices of words and a `Sync` source may be read from several threads at once.
impl Operands for Source<'_> {
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, Missing> {
		let ty = self.spec.operand(operand).ok_or(Missing)?;
		let at = row as usize * ty.cols as usize + col as usize;
		self.operands.get(operand).and_then(|words| words.get(at)).copied().ok_or(Missing)
	}

	fn record_byte(&self, record: u64, offset: u32) -> Result<u8, Missing> {
		let bytes = self.records.record(record).ok_or(Missing)?;
		bytes.get(offset as usize).copied().ok_or(Missing)
	}
}

impl Kernels for ReferenceKernels {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		if out.len() as u64 != spec.ty.words() {
			return Err(KernelError::Shape);
		}
		if let Op::State { .. } = spec.op {
			let slot = operands.first().filter(|slot| slot.len() == out.len());
			out.copy_from_slice(slot.ok_or(KernelError::Shape)?);
			return Ok(());
		}
		let source = Source { spec, operands, records };
		let cols = spec.ty.cols as usize;
		let tile_cols = spec.ty.tile_cols();
		// A band is a row of tiles; bands are independent.
		out.par_chunks_mut(cols * TILE as usize).enumerate().try_for_each(|(row, band)| {
			for col in 0..tile_cols {
				let tile = eval::tile(spec, ctx, &source, row as u32 * tile_cols + col)
					.map_err(|error| fault(&source, ctx, error))?;
				let from = (col * TILE) as usize;
				let lines = band.chunks_mut(cols).zip(tile.chunks_exact(TILE as usize));
				for (line, words) in lines {
					let line = &mut line[from..cols.min(from + TILE as usize)];
					line.copy_from_slice(&words[..line.len()]);
				}
			}
			Ok(())
		})
	}
}

/// What is missing: of the operations, only `Load` can be at a loss without the shapes being wrong.
fn fault(source: &Source<'_>, ctx: &StepContext, error: EvalError) -> KernelError {
	match (source.spec.op, error) {
		(Op::Load { .. }, EvalError::Missing) => {
			let first = ctx.step.wrapping_mul(u64::from(ctx.batch));
			let positions = (0..u64::from(ctx.batch)).map(|row| first.wrapping_add(row));
			let index = positions
				.map(|position| assay_ops::shuffle::record_at(&ctx.seed, position, ctx.records))
				.find(|index| source.records.record(*index).is_none());
			KernelError::Record { index: index.unwrap_or(0) }
		},
		_ => KernelError::Shape,
	}
}
