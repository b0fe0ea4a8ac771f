//! Kernels that change one bit.

use std::sync::Arc;

use assay_ops::{eval::StepContext, NodeSpec};
use assay_worker::{KernelError, Kernels, RecordSource};

use crate::plan::Plan;

/// A bit of the significand that moves a number by about an eighth of itself.
const BIT: u32 = 1 << 20;

/// Computes as `kernels` do, but changes one bit where the plan says so. What follows is computed from
/// the changed word, so the run is consistent everywhere else.
pub(crate) struct BitFlip<K> {
	pub(crate) kernels: K,
	pub(crate) plan: Arc<Plan>,
}

impl<K: Kernels> Kernels for BitFlip<K> {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		self.kernels.run(spec, ctx, operands, records, out)?;
		let here = self.plan.place().is_some_and(|place| {
			place.flips && place.node == Some(spec.id) && place.step == ctx.step
		});
		if here {
			// The largest number, so that no ReLU behind it hides the change.
			if let Some(word) = out.iter_mut().max_by_key(|word| (**word).cast_signed()) {
				*word ^= BIT;
			}
		}
		Ok(())
	}
}
