//! What is fixed when a game opens.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{GameError, Root, MAX_LEAVES};

/// What is fixed when a game opens. [`Game::open`](crate::Game::open) refuses values out of range.
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
pub struct Params {
	/// Names this game among all games of all chains (hash of genesis, task, attempt, claim, number).
	pub id: Root,
	/// Root of the claim: the list of `Σ_0, Σ_h … Σ_N`.
	pub claim: Root,
	/// Steps that were done before the first state of the claim: steps are numbered from here.
	pub first_step: u32,
	/// Steps of the claim, `N ≥ 1`.
	pub steps: u32,
	/// Steps of one stride, `1 ≤ h ≤ MAX_LEAVES`; the last stride may be shorter.
	pub stride: u32,
	/// Nodes of the program, `1 ..= MAX_LEAVES`.
	pub nodes: u32,
	/// Slots of a state, `1 ..= MAX_LEAVES`.
	pub slots: u32,
	/// Version of the referee that judges this game.
	pub referee: u16,
	/// Blocks that each side has for all its moves, `C_max + D`.
	pub clock: u32,
	/// Part of `clock` that is handed out only as extensions; less than `clock`.
	pub reserve: u32,
	/// Blocks that a side has at least when its turn begins, as long as its reserve lasts; twice that
	/// where it must replay first. At most half of `reserve`.
	pub extension: u32,
}

impl Params {
	/// Number of strides, `⌈N / h⌉`.
	pub fn strides(&self) -> u32 {
		self.steps.checked_div(self.stride).map_or(0, |whole| {
			let rest = self.steps.checked_rem(self.stride).unwrap_or(0);
			whole.saturating_add(u32::from(rest > 0))
		})
	}

	/// Leaves of the claim: one more than strides.
	pub fn leaves(&self) -> u32 {
		self.strides().saturating_add(1)
	}

	/// Number of the first step and number of steps of a stride.
	pub(crate) fn span(&self, stride: u32) -> Option<(u32, u32)> {
		let start = stride.checked_mul(self.stride)?;
		let left = self.steps.checked_sub(start).filter(|left| *left > 0)?;
		Some((self.first_step.checked_add(start)?, left.min(self.stride)))
	}

	/// Refuses values out of range, and clocks that would run past the last block number.
	pub(crate) fn check(&self, now: u32) -> Result<(), GameError> {
		let in_range = self.steps > 0
			&& self.first_step.checked_add(self.steps).is_some()
			&& (1..=MAX_LEAVES).contains(&self.stride)
			&& self.leaves() <= MAX_LEAVES
			&& (1..=MAX_LEAVES).contains(&self.nodes)
			&& (1..=MAX_LEAVES).contains(&self.slots)
			&& self.reserve < self.clock
			&& self.extension <= self.reserve.saturating_div(2);
		let ends = self.clock.checked_mul(2).and_then(|both| now.checked_add(both));
		if in_range && ends.is_some() {
			Ok(())
		} else {
			Err(GameError::BadParams)
		}
	}
}
