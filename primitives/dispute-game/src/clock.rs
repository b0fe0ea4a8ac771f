//! Chess clocks in blocks.
//!
//! A side's clock holds `clock` blocks in all: a main part, and a `reserve` from which it is topped up
//! when its turn begins with little left. Both parts together never grow, so each side uses at most
//! `clock` blocks and a game is over by `opened + 2 · clock`, extensions included.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{GameError, Params, Phase, Side};

/// What one side has left.
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
pub struct Clock {
	/// Blocks for the turn at hand.
	pub left: u32,
	/// Blocks that extensions may still add to `left`.
	pub reserve: u32,
}

/// The clocks of a game. Only the mover's runs.
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
pub struct Clocks {
	/// Block in which the game was opened.
	pub opened: u32,
	/// Block in which the current turn began.
	pub turn: u32,
	/// The challenger's clock.
	pub challenger: Clock,
	/// The defender's clock.
	pub defender: Clock,
}

impl Clocks {
	pub(crate) fn new(params: &Params, now: u32) -> Self {
		let clock =
			Clock { left: params.clock.saturating_sub(params.reserve), reserve: params.reserve };
		Self { opened: now, turn: now, challenger: clock, defender: clock }
	}

	/// The clock of one side.
	pub fn of(&self, side: Side) -> Clock {
		match side {
			Side::Challenger => self.challenger,
			Side::Defender => self.defender,
		}
	}

	/// First block in which a move of `side`, whose turn it is, is too late.
	pub fn deadline(&self, side: Side) -> u32 {
		self.turn.saturating_add(self.of(side).left)
	}

	/// Stops the clock of `side` at `now`.
	pub(crate) fn stop(mut self, side: Side, now: u32) -> Result<Self, GameError> {
		let elapsed = now.checked_sub(self.turn).ok_or(GameError::TimeReversed)?;
		let clock = self.mutate(side);
		clock.left = match clock.left.checked_sub(elapsed) {
			None | Some(0) => return Err(GameError::DeadlinePassed),
			Some(left) => left,
		};
		self.turn = now;
		Ok(self)
	}

	/// Starts the turn of whoever `phase` waits for, topping its clock up.
	pub(crate) fn start(mut self, phase: &Phase, extension: u32) -> Self {
		let factor = if phase.kind().needs_replay() { 2 } else { 1 };
		if let Ok(side) = phase.turn() {
			let clock = self.mutate(side);
			let wanted = extension.saturating_mul(factor).saturating_sub(clock.left);
			let granted = wanted.min(clock.reserve);
			clock.left = clock.left.saturating_add(granted);
			clock.reserve = clock.reserve.saturating_sub(granted);
		}
		self
	}

	fn mutate(&mut self, side: Side) -> &mut Clock {
		match side {
			Side::Challenger => &mut self.challenger,
			Side::Defender => &mut self.defender,
		}
	}
}
