//! What the chain says about the game, and the real transitions of it.

use std::{
	cell::RefCell,
	collections::{HashMap, HashSet},
	rc::Rc,
};

use assay_dispute_game::{
	testing::{Said, Toy},
	Effect, Game, GameError, MoveOf, Root, Side,
};
use codec::Encode;

use crate::{
	invariants::{self, at, Waited},
	moves,
	scenario::Scenario,
	search::digest,
};

/// A signed move.
#[derive(Clone)]
pub(crate) struct Sent {
	/// The side that it is for.
	pub(crate) side: Side,
	/// The position that it answers.
	pub(crate) position: Root,
	/// The move.
	pub(crate) play: Rc<MoveOf<Toy>>,
}

/// A game that is not open yet, or has been opened, and what was said in it.
pub(crate) struct Board {
	/// The real game.
	pub(crate) game: Option<Game>,
	/// Every accepted move.
	pub(crate) records: Rc<Vec<Sent>>,
	/// What they have revealed.
	pub(crate) said: Rc<Said>,
	/// Stands for the game, clocks included.
	pub(crate) id: u128,
}

impl Board {
	fn new(game: Option<Game>, (records, said): History) -> Rc<Self> {
		let id = digest(&game.encode());
		Rc::new(Self { game, records, said, id })
	}

	/// Whose move is awaited.
	pub(crate) fn mover(&self) -> Option<Side> {
		match &self.game {
			None => Some(Side::Challenger),
			Some(game) => game.mover(),
		}
	}

	/// Whether the game is open.
	pub(crate) fn is_live(&self) -> bool {
		self.game.as_ref().is_some_and(|game| game.mover().is_some())
	}
}

/// A scenario, and what was found out about it. The game's transitions are pure functions of the game, the
/// block and the move, so each is made once; moves and records depend on what was said only.
pub(crate) struct Rules {
	pub(crate) set: Scenario,
	honest: RefCell<HashMap<Root, Rc<MoveOf<Toy>>>>,
	adversary: RefCell<HashMap<Root, Plays>>,
	third: RefCell<HashMap<Root, Plays>>,
	history: RefCell<HashMap<Root, History>>,
	attempts: RefCell<HashMap<Attempt, Answer>>,
	pub(crate) verified: RefCell<HashSet<(u128, u32, Waited)>>,
}

type Plays = Rc<Vec<Rc<MoveOf<Toy>>>>;

/// A game, a block, a side, and a move that answers a position.
type Attempt = (u128, u32, usize, *const MoveOf<Toy>);

/// The board after a move, nothing if it stands already, or why it is refused.
type Answer = Result<Option<Rc<Board>>, GameError>;

/// Every accepted move, and what they have revealed.
type History = (Rc<Vec<Sent>>, Rc<Said>);

impl Rules {
	/// Nothing is found out yet.
	pub(crate) fn new(set: Scenario) -> Self {
		Self {
			set,
			honest: Default::default(),
			adversary: Default::default(),
			third: Default::default(),
			history: Default::default(),
			attempts: Default::default(),
			verified: Default::default(),
		}
	}

	/// Before the game.
	pub(crate) fn unopened(&self) -> Rc<Board> {
		Board::new(None, Default::default())
	}

	/// The position that stands.
	pub(crate) fn position(&self, board: &Board) -> Root {
		match &board.game {
			None => Game::first_position(&self.set.params(), self.set.toy()),
			Some(game) => game.position(),
		}
	}

	fn sent(&self, side: Side, board: &Board, play: &Rc<MoveOf<Toy>>) -> Sent {
		Sent { side, position: self.position(board), play: play.clone() }
	}

	/// The honest move in this position. An agent that has just been restored, with nothing but the bytes
	/// of the chain, says the same.
	pub(crate) fn honest(&self, board: &Board) -> Sent {
		let position = self.position(board);
		let known = self.honest.borrow().get(&position).cloned();
		let play = known.unwrap_or_else(|| {
			let play = moves::honest(&self.set, board.game.as_ref(), &board.said);
			let restored = board.game.as_ref().map(invariants::restored);
			let again = moves::honest(&self.set, restored.as_ref(), &board.said);
			assert_eq!(again, play, "a restored agent says something else");
			let play = Rc::new(play);
			self.honest.borrow_mut().insert(position, play.clone());
			play
		});
		self.sent(self.set.honest, board, &play)
	}

	/// What the adversary may try for its own side.
	pub(crate) fn adversary(&self, board: &Board) -> Vec<Sent> {
		let position = self.position(board);
		let known = self.adversary.borrow().get(&position).cloned();
		let plays = known.unwrap_or_else(|| {
			let plays = moves::adversary(&self.set, board.game.as_ref(), &board.said);
			let plays: Plays = Rc::new(plays.into_iter().map(Rc::new).collect());
			self.adversary.borrow_mut().insert(position, plays.clone());
			plays
		});
		plays.iter().map(|play| self.sent(self.set.honest.other(), board, play)).collect()
	}

	/// What a third account may try for the honest side.
	pub(crate) fn third(&self, board: &Board) -> Vec<Sent> {
		let Some(game) = &board.game else { return Vec::new() };
		let known = self.third.borrow().get(&game.position()).cloned();
		let plays = known.unwrap_or_else(|| {
			let plays = moves::third(&self.set, game, &board.said);
			let plays: Plays = Rc::new(plays.into_iter().map(Rc::new).collect());
			self.third.borrow_mut().insert(game.position(), plays.clone());
			plays
		});
		plays.iter().map(|play| self.sent(self.set.honest, board, play)).collect()
	}

	/// Whether whoever plays or watches may make this move at any time, once its position stands.
	pub(crate) fn is_free(&self, sent: &Sent) -> bool {
		let third = self.third.borrow();
		sent.side != self.set.honest
			|| third.get(&sent.position).is_some_and(|plays| plays.contains(&sent.play))
	}

	/// Makes a move in block `now`: the board after it, or why it is refused; `None` if it already stands.
	pub(crate) fn attempt(&self, board: &Board, sent: &Sent, now: u32) -> Answer {
		let Sent { side, play, .. } = sent;
		// Every move that was sent is kept in these tables, once for its position, so that its address stands for both.
		let attempt = (board.id, now, at(*side), Rc::as_ptr(play));
		if let Some(answer) = self.attempts.borrow().get(&attempt) {
			return answer.clone();
		}
		let answer = self.apply(board, sent, now);
		// Refusals are soon made again, and are most of all.
		if answer.is_ok() {
			self.attempts.borrow_mut().insert(attempt, answer.clone());
		}
		answer
	}

	/// The same without writing it down, for what is tried once only.
	pub(crate) fn apply(&self, board: &Board, sent: &Sent, now: u32) -> Answer {
		let (toy, Sent { side, position, play }) = (self.set.toy(), sent);
		let next = match &board.game {
			None if *position != self.position(board) => return Err(GameError::StalePosition),
			None => Game::open(self.set.params(), play, now, toy)?,
			Some(game) => game.clone().apply(*side, *position, play, now, toy)?,
		};
		if next.effect == Effect::AlreadyStands {
			assert_eq!(Some(&next.game), board.game.as_ref(), "a repeated move changed the game");
			return Ok(None);
		}
		if let Some(before) = &board.game {
			invariants::check(before, &next);
		}
		let again = next.game.clone().apply(*side, *position, play, now, toy);
		let again = again.map(|again| (again.effect, again.game == next.game));
		assert_eq!(again, Ok((Effect::AlreadyStands, true)), "a move that stands was not accepted");
		let history = self.history_after(board, sent, next.game.position());
		Ok(Some(Board::new(Some(next.game), history)))
	}

	fn history_after(&self, board: &Board, sent: &Sent, position: Root) -> History {
		let make = || {
			let (mut records, mut said) = ((*board.records).clone(), (*board.said).clone());
			records.push(sent.clone());
			if let Some(game) = &board.game {
				said.write_down(game.phase(), &sent.play);
			}
			(Rc::new(records), Rc::new(said))
		};
		self.history.borrow_mut().entry(position).or_insert_with(make).clone()
	}

	/// Ends the game by silence.
	pub(crate) fn expire(&self, board: &Board, now: u32) -> Result<Rc<Board>, GameError> {
		let game = board.game.clone().ok_or(GameError::GameOver)?;
		let next = game.timeout(now)?;
		Ok(Board::new(Some(next.game), (board.records.clone(), board.said.clone())))
	}
}
