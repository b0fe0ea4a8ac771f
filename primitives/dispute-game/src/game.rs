//! The game as a value.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	rules, Clocks, Effect, Fault, GameError, MoveOf, OneStep, Outcome, Params, Phase, Root, Side,
	Transition,
};

/// One dispute: what was fixed at its opening, where it stands and what its clocks say.
///
/// There are two ways on, [`apply`](Self::apply) and [`timeout`](Self::timeout). Both take the game by
/// value, so a refused move cannot half-change it.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Game {
	params: Params,
	phase: Phase,
	clocks: Clocks,
	position: Root,
	previous: Root,
	moves: u32,
}

impl Game {
	/// The position that the opening move answers. It depends on the game's parameters only, not on the
	/// block, so a re-org leaves the moves of a game valid.
	pub fn first_position(params: &Params, hash: &impl OneStep) -> Root {
		params.using_encoded(|bytes| hash.hash(bytes))
	}

	/// Opens a game with the challenger's first move: `open` (the usual one), `ask` (the claim's list is
	/// withheld) or `prefix_fault` (which ends it at once).
	///
	/// Errors: [`GameError::BadParams`], and those of [`apply`](Self::apply).
	pub fn open<S: OneStep>(
		params: Params,
		opening: &MoveOf<S>,
		now: u32,
		one_step: &S,
	) -> Result<Transition, GameError> {
		params.check(now)?;
		let position = Self::first_position(&params, one_step);
		let game = Self {
			params,
			phase: Phase::Claim { leaf: None },
			clocks: Clocks::new(&params, now),
			position,
			previous: position,
			moves: 0,
		};
		game.apply(Side::Challenger, position, opening, now, one_step)
	}

	/// Makes a move for `side` in answer to `position`.
	///
	/// Repeating the move that was made last, against the position it answered, succeeds and changes
	/// nothing. Everything else must answer the position that stands, or it is void
	/// ([`GameError::StalePosition`]).
	pub fn apply<S: OneStep>(
		self,
		side: Side,
		position: Root,
		play: &MoveOf<S>,
		now: u32,
		one_step: &S,
	) -> Result<Transition, GameError> {
		if self.stands(&position, play, one_step) {
			return Ok(Transition { game: self, effect: Effect::AlreadyStands });
		}
		let mover = self.mover().ok_or(GameError::GameOver)?;
		if position != self.position {
			return Err(GameError::StalePosition);
		}
		if side != mover || side != play.kind().side() {
			return Err(GameError::NotYourTurn);
		}
		let next = successor(&position, play, one_step);
		let clocks = self.clocks.stop(side, now)?;
		let phase = rules::answer(&self.params, &self.phase, play, one_step)?;
		let clocks = clocks.start(&phase, self.params.extension);
		let moves = self.moves.saturating_add(1);
		let game = Self { phase, clocks, position: next, previous: position, moves, ..self };
		let effect = game.standing();
		Ok(Transition { game, effect })
	}

	/// The game as if it had been opened later, and the turn at hand begun at `now`: for a time in which nobody could move.
	pub fn restarted(mut self, now: u32) -> Self {
		let still = now.saturating_sub(self.clocks.turn);
		self.clocks.opened = self.clocks.opened.saturating_add(still);
		self.clocks.turn = self.clocks.turn.saturating_add(still);
		self
	}

	/// Ends the game if the clock of the side to move has run out. Anyone may call it.
	///
	/// A silent defender loses the claim. A silent challenger loses the challenge, and settles nothing.
	pub fn timeout(self, now: u32) -> Result<Transition, GameError> {
		let mover = self.mover().ok_or(GameError::GameOver)?;
		let deadline = self.clocks.deadline(mover);
		if now < deadline {
			return Err(GameError::DeadlineNotReached { deadline });
		}
		let outcome = match mover {
			Side::Challenger => Outcome::ChallengerTimedOut,
			Side::Defender => Outcome::Convicted(Fault::Silence),
		};
		let game = Self { phase: Phase::Over { outcome }, ..self };
		Ok(Transition { game, effect: Effect::Ended(outcome) })
	}

	/// Whose move is awaited; nobody's once the game is over.
	pub fn mover(&self) -> Option<Side> {
		self.phase.turn().ok()
	}

	/// First block in which the awaited move is too late; `None` once the game is over.
	pub fn deadline(&self) -> Option<u32> {
		self.mover().map(|side| self.clocks.deadline(side))
	}

	/// The block by which the game is over whatever anyone does: `opened + 2 · clock`.
	pub fn bound(&self) -> u32 {
		self.clocks.opened.saturating_add(self.params.clock.saturating_mul(2))
	}

	/// How the game ended, if it has.
	pub fn outcome(&self) -> Option<Outcome> {
		self.phase.turn().err()
	}

	/// What was fixed at the opening.
	pub fn params(&self) -> &Params {
		&self.params
	}

	/// Where the game stands.
	pub fn phase(&self) -> &Phase {
		&self.phase
	}

	/// Both clocks.
	pub fn clocks(&self) -> &Clocks {
		&self.clocks
	}

	/// What the next move must name: the hash of everything said so far.
	pub fn position(&self) -> Root {
		self.position
	}

	/// Moves made so far, the opening included.
	pub fn moves(&self) -> u32 {
		self.moves
	}

	/// Most moves that can still be made. Every move makes it smaller, so games end.
	pub fn moves_left(&self) -> u32 {
		self.phase.moves_left(&self.params)
	}

	/// Whether `play` is the move that was made last.
	fn stands<S: OneStep>(&self, position: &Root, play: &MoveOf<S>, one_step: &S) -> bool {
		*position == self.previous && successor(position, play, one_step) == self.position
	}

	fn standing(&self) -> Effect {
		match self.phase.turn() {
			Ok(side) => Effect::Turn { side, deadline: self.clocks.deadline(side) },
			Err(outcome) => Effect::Ended(outcome),
		}
	}
}

/// The position after `play` was made in answer to `position`.
pub fn successor<S: OneStep>(position: &Root, play: &MoveOf<S>, one_step: &S) -> Root {
	let said = play.using_encoded(|bytes| one_step.hash(bytes));
	(position, said).using_encoded(|bytes| one_step.hash(bytes))
}
