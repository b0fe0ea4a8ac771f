//! Versions of the judge, side by side.

use assay_ops::{
	eval::{self, EvalError, Operands, StepContext, Tile},
	NodeSpec,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// One version of the judge. A game stores the version it was opened under and is judged by that one to its
/// end; any change of a verdict or of the form of evidence needs a new version (ADR 0023).
///
/// What an operation means is no matter of the version but of the operation set that the task was posted
/// with. So each version judges by one set, and a game about a claim is opened under the newest version
/// [of the claim's set](Self::of_opset), never under one that would judge the claim by rules it was not made by.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts variant indices; nothing here is written by hand"
)]
pub enum Referee {
	/// The first.
	#[codec(index = 1)]
	V1,
	/// Exists to be upgraded to, in the test of upgrades alone.
	#[cfg(feature = "next")]
	#[codec(index = 2)]
	V2,
}

impl Referee {
	/// The versions that this build has, oldest first.
	pub const ALL: &'static [Self] = &[
		Self::V1,
		#[cfg(feature = "next")]
		Self::V2,
	];

	/// The version with this number, as games store it; `None` where this build does not have it.
	pub fn of(number: u16) -> Option<Self> {
		Self::ALL.iter().copied().find(|known| known.number() == number)
	}

	/// The newest version that judges by this operation set; `None` where this build has none.
	pub fn of_opset(opset: u16) -> Option<Self> {
		Self::ALL.iter().rev().copied().find(|known| known.opset() == opset)
	}

	/// The number of the version, as games store it.
	pub fn number(self) -> u16 {
		match self {
			Self::V1 => 1,
			#[cfg(feature = "next")]
			Self::V2 => 2,
		}
	}

	/// The operation set that it judges by.
	pub fn opset(self) -> u16 {
		match self {
			Self::V1 => 1,
			#[cfg(feature = "next")]
			Self::V2 => 2,
		}
	}

	/// What a block of a tile must be, put to the partial before it: the one thing that a verdict about a
	/// tile rests on.
	pub(crate) fn partial(
		self,
		spec: &NodeSpec,
		context: &StepContext,
		operands: &impl Operands,
		(tile, block): (u32, u32),
		previous: Option<&Tile>,
	) -> Result<Tile, EvalError> {
		let sum = eval::block(spec, context, operands, tile, block)?;
		let partial = previous.map_or(sum, |previous| eval::fold(spec, previous, &sum));
		match self {
			Self::V1 => Ok(partial),
			#[cfg(feature = "next")]
			Self::V2 => Ok(crate::next::amend(spec, partial)),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use assay_ops::OPSETS;

	#[test]
	fn versions_should_be_found_by_their_numbers() {
		for known in Referee::ALL {
			assert_eq!(Referee::of(known.number()), Some(*known));
			// The encoding is the number, so it says the same in a message to an executor.
			assert_eq!(known.encode(), [known.number() as u8]);
		}
		assert_eq!(Referee::of(0), None);
		assert_eq!(Referee::of(Referee::ALL.len() as u16 + 1), None);
	}

	#[test]
	fn every_admitted_operation_set_should_have_a_judge() {
		for opset in OPSETS {
			assert_eq!(Referee::of_opset(*opset).map(Referee::opset), Some(*opset));
		}
		assert_eq!(Referee::of_opset(0), None);
	}

	#[test]
	fn first_version_should_judge_by_the_first_operation_set() {
		assert_eq!(Referee::of_opset(1), Some(Referee::V1));
		assert_eq!((Referee::V1.number(), Referee::V1.opset()), (1, 1));
	}
}
