//! Admission and price of a program.

use alloc::boxed::Box;

use assay_commitment::ProgramTree;
use assay_ops::{Limits, Program, ProgramError};
use assay_primitives::{ProgramInfo, Quote, Work, MAX_SEARCHABLE};
use codec::Encode;
use frame_support::{ensure, pallet_prelude::DispatchError, traits::Get};
use sp_runtime::traits::SaturatedConversion;

use crate::{frame_support, sp_runtime, BalanceOf, Config, Error, Pallet};

const GIGA: u128 = 1_000_000_000;

/// What the op set admits can be searched for a tile.
const _: () = assert!(Limits::new(0).value_tiles == MAX_SEARCHABLE as u64);

impl<T: Config> Pallet<T> {
	/// Checks that every tile of the program can be judged and that a step can be replayed; returns
	/// what the chain keeps of it.
	pub(crate) fn admit(program: &Program, record_size: u32) -> Result<ProgramInfo, Error<T>> {
		let limits = T::Limits::get();
		let len = u32::try_from(program.encoded_size()).unwrap_or(u32::MAX);
		ensure!(len <= limits.program_len, Error::ProgramTooLong);
		ensure!(!program.slots.is_empty(), Error::ProgramWithoutState);
		let checked = program.check(&Limits::new(record_size))?;
		// A checked program has as many leaves as the tree takes: this cannot fail.
		let tree = ProgramTree::new(&checked).ok_or(Error::ProgramEmpty)?;
		let commitment = tree.commitment();
		let info = ProgramInfo {
			root: commitment.root,
			len,
			opset: program.opset,
			nodes: commitment.nodes,
			slots: commitment.slots,
			batch: program.batch,
			flops: checked.cost.flops,
			bytes: checked.cost.bytes,
			words: checked.cost.words,
		};
		ensure!(
			info.effort(1) <= limits.stride_effort && info.words <= limits.step_words,
			Error::ProgramStepTooExpensive
		);
		Ok(info)
	}

	/// Checks that a stride can be replayed within the clock of a dispute.
	pub(crate) fn check_stride(program: &ProgramInfo, work: &Work) -> Result<(), Error<T>> {
		let replayable = program.effort(work.stride) <= T::Limits::get().stride_effort;
		ensure!(replayable && work.stride <= MAX_SEARCHABLE, Error::StrideTooLong);
		Ok(())
	}

	/// Least reward for `steps` steps.
	pub(crate) fn min_reward(program: &ProgramInfo, steps: u32) -> BalanceOf<T> {
		let prices = T::Prices::get();
		let part = |per_step: u64, price: BalanceOf<T>| {
			let units = u128::from(per_step).saturating_mul(steps.into());
			units.saturating_mul(price.saturated_into()).div_ceil(GIGA)
		};
		part(program.flops, prices.per_gigaflop)
			.saturating_add(part(program.bytes, prices.per_gigabyte))
			.saturated_into::<BalanceOf<T>>()
			.max(1u32.into())
	}

	/// What posting the program for `steps` steps, with a reward of `reward` or the least one, costs.
	pub(crate) fn do_quote(
		program: Box<Program>,
		record_size: u32,
		steps: u32,
	) -> Result<Quote<BalanceOf<T>>, DispatchError> {
		let program = Self::admit(&program, record_size)?;
		let min_reward = Self::min_reward(&program, steps);
		let fee = Self::fee_on(min_reward);
		Ok(Quote { program, min_reward, fee, deposit: Self::task_deposit() })
	}
}

impl<T> From<ProgramError> for Error<T> {
	fn from(error: ProgramError) -> Self {
		match error {
			ProgramError::WrongOpset { .. } => Error::ProgramWrongOpset,
			ProgramError::Empty => Error::ProgramEmpty,
			ProgramError::ForwardReference { .. } => Error::ProgramForwardReference,
			ProgramError::Shape { .. } => Error::ProgramWrongShape,
			ProgramError::NoSuchSlot { .. } => Error::ProgramNoSuchSlot,
			ProgramError::SlotReadTwice { .. } => Error::ProgramSlotReadTwice,
			ProgramError::BadSlot { .. } => Error::ProgramBadSlot,
			ProgramError::SlotNextMismatch { .. } => Error::ProgramSlotNextMismatch,
			ProgramError::BadLoss { .. } => Error::ProgramBadLoss,
			ProgramError::LoadOutOfRecord { .. } => Error::ProgramLoadOutOfRecord,
			ProgramError::StreamUsedTwice { .. } => Error::ProgramStreamUsedTwice,
			ProgramError::ValueTooLarge { .. } => Error::ProgramValueTooLarge,
			ProgramError::TooManyBlocks { .. } => Error::ProgramTooManyBlocks,
			ProgramError::FootprintTooLarge { .. } => Error::ProgramFootprintTooLarge,
			ProgramError::TooMuchWork { .. } => Error::ProgramTooMuchWork,
			ProgramError::TooMuchMemory { .. } => Error::ProgramTooMuchMemory,
			ProgramError::CostOverflow => Error::ProgramCostOverflow,
		}
	}
}
