//! A game in progress, and what must hold after every move.

use assay_dispute_game::{
	strategy::{next_move, opening},
	testing::{Execution, Record, Said, Toy, View},
	Effect, Game, GameError, Move, MoveOf, Params, Root, Side, Transition, MAX_MOVES,
};
use codec::{Decode, Encode, MaxEncodedLen};

use crate::Source;

/// Moves tried at most, accepted or not.
const ATTEMPTS: u32 = 80;

pub(super) struct Table<'a> {
	toy: &'a Toy,
	sides: [Execution; 2],
	/// Who plays honestly and at once; nobody if both are adversaries.
	right: Option<Side>,
	/// Whether the players see each other's lists.
	published: bool,
	game: Game,
	records: Vec<Record>,
	/// What they have revealed.
	said: Said,
	/// Hashes that occur in the game, for forgeries.
	pool: Vec<Root>,
	now: u32,
}

impl<'a> Table<'a> {
	/// Opens a game; `None` if there is no opening, or it is refused.
	pub(super) fn open(
		source: &mut Source,
		toy: &'a Toy,
		params: Params,
		sides: [Execution; 2],
		right: Option<Side>,
		published: bool,
	) -> Option<Self> {
		let now = source.choose(&[0, 1, 1000, u32::MAX - 500]);
		let said = Said::default();
		let view = View { own: &sides[0], theirs: published.then_some(&sides[1]), said: &said };
		let honest = right == Some(Side::Challenger);
		let play = match source.below(if honest { 1 } else { 4 }) {
			0 => opening(&params, &view, toy),
			1 => Some(Move::Ask),
			2 => opening(&params, &view, toy).and_then(|play| forged(source, &play, &[])),
			_ => made_up(source),
		};
		let position = Game::first_position(&params, toy);
		let play = play?;
		let opened = Game::open(params, &play, now, toy);
		assert_eq!(opened, Game::open(params, &play, now, toy), "the same opening twice");
		if honest {
			assert!(opened.is_ok(), "an honest challenger cannot open with {play:?}: {opened:?}");
		}
		let game = opened.ok()?.game;
		let record = Record { phase: None, position, side: Side::Challenger, play, at: now };
		let pool = sides.iter().flat_map(|own| own.claim.iter().copied()).collect();
		Some(Self { toy, sides, right, published, game, records: vec![record], said, pool, now })
	}

	/// Plays to the end.
	pub(super) fn play(&mut self, source: &mut Source) {
		for _ in 0..ATTEMPTS {
			let Some(mover) = self.game.mover() else { break };
			if self.right == Some(mover) && source.flag() {
				self.honest(mover);
			} else if !source.is_empty() {
				self.adversary(source);
			}
		}
		while let Some(mover) = self.game.mover() {
			if self.right == Some(mover) {
				self.honest(mover);
			} else {
				self.silence();
			}
		}
		self.ended();
	}

	/// What the strategy says for whoever's turn it is.
	fn sensible(&self, side: Side) -> Option<MoveOf<Toy>> {
		let (own, other) = match side {
			Side::Challenger => (&self.sides[0], &self.sides[1]),
			Side::Defender => (&self.sides[1], &self.sides[0]),
		};
		let theirs = self.published.then_some(other);
		next_move(&self.game, side, &View { own, theirs, said: &self.said }, self.toy)
	}

	/// The honest player moves at once. It always has a move, and that move is always accepted.
	fn honest(&mut self, side: Side) {
		let play = self.sensible(side);
		let play = play.unwrap_or_else(|| panic!("{side:?} has no move in {:?}", self.game));
		let done = self.attempt(side, self.game.position(), play.clone());
		assert!(done.is_ok(), "the move {play:?} of an honest {side:?} is refused: {done:?}");
	}

	/// Something that strangers or the other side can do.
	fn adversary(&mut self, source: &mut Source) {
		let Some(mover) = self.game.mover() else { return };
		let play = match source.below(7) {
			0 | 1 => self.sensible(mover),
			2 | 3 => {
				let pool = self.pool.clone();
				self.sensible(mover).and_then(|play| forged(source, &play, &pool))
			},
			4 => made_up(source),
			5 => Some(source.below(self.records.len() as u32) as usize)
				.map(|at| self.records[at].play.clone()),
			_ => return self.wait(source),
		};
		let Some(play) = play else { return };
		let position = match source.below(8) {
			0 => self.records[source.below(self.records.len() as u32) as usize].position,
			_ => self.game.position(),
		};
		let side = if source.below(8) == 0 { mover.other() } else { mover };
		// What only the honest side's account may play, strangers cannot.
		let foreign = Some(play.kind().side()) == self.right && self.right == Some(side);
		if !foreign || play.kind().is_self_evident() {
			let _ = self.attempt(side, position, play);
		}
	}

	/// Blocks pass, but not beyond the deadline of an honest mover, who moves at once.
	fn wait(&mut self, source: &mut Source) {
		let deadline = self.game.deadline().unwrap_or(self.now);
		if self.game.mover() != self.right {
			self.now = self.now.saturating_add(source.below(120)).min(deadline.saturating_add(3));
		}
		let early = self.now < deadline;
		let ended = self.game.clone().timeout(self.now);
		assert_eq!(early, ended == Err(GameError::DeadlineNotReached { deadline }));
		if !early && source.flag() {
			self.silence();
		}
	}

	/// The mover says nothing.
	fn silence(&mut self) {
		let (mover, deadline) = (self.game.mover(), self.game.deadline());
		let (Some(mover), Some(deadline)) = (mover, deadline) else { return };
		assert!(deadline <= self.game.bound(), "a deadline beyond the bound: {:?}", self.game);
		self.now = self.now.max(deadline);
		let next = self.game.clone().timeout(self.now).expect("the deadline has passed");
		let loser = next.game.outcome().map(|outcome| outcome.winner().other());
		assert_eq!(loser, Some(mover), "silence of {mover:?} ended in {next:?}");
		self.game = next.game;
	}

	/// Tries a move, twice, and compares.
	fn attempt(&mut self, side: Side, position: Root, play: MoveOf<Toy>) -> Result<(), GameError> {
		let before = self.game.clone();
		let apply = |game: &Game| game.clone().apply(side, position, &play, self.now, self.toy);
		let tried = apply(&before);
		assert_eq!(tried, apply(&before), "the same move twice");
		let next = tried?;
		if next.effect == Effect::AlreadyStands {
			assert_eq!(next.game, before, "a repeated move changed the game");
			return Ok(());
		}
		assert_eq!((Some(side), position), (before.mover(), before.position()));
		assert!(before.deadline().is_some_and(|deadline| self.now < deadline), "{play:?} too late");
		assert_eq!(apply(&next.game).map(|next| next.effect), Ok(Effect::AlreadyStands));
		holds(&before, &next);
		self.said.write_down(before.phase(), &play);
		let phase = Some(before.phase().clone());
		self.records.push(Record { phase, position, side, play, at: self.now });
		self.pool.push(next.game.position());
		self.game = next.game;
		Ok(())
	}

	fn ended(&self) {
		let outcome = self.game.outcome().expect("nobody is to move");
		assert!(self.game.clocks().turn <= self.game.bound());
		assert_eq!(self.game.clone().timeout(u32::MAX), Err(GameError::GameOver));
		if let Some(right) = self.right {
			assert_eq!(outcome.winner(), right, "{outcome:?} after {:?}", self.records);
		}
	}
}

/// What must hold after every accepted move.
fn holds(before: &Game, Transition { game, effect }: &Transition) {
	assert!(game.moves_left() < before.moves_left(), "no progress: {before:?} {game:?}");
	assert!(game.moves() == before.moves() + 1 && game.moves() <= MAX_MOVES);
	assert_ne!(game.position(), before.position());
	assert_eq!((game.params(), game.bound()), (before.params(), before.bound()));
	let encoded = game.encode();
	assert!(encoded.len() <= Game::max_encoded_len());
	assert_eq!(Game::decode(&mut &encoded[..]).as_ref(), Ok(game));
	let clocks = game.clocks();
	let used = |side| {
		let clock = clocks.of(side);
		game.params().clock.checked_sub(clock.left + clock.reserve).expect("clocks only shrink")
	};
	let age = clocks.turn - clocks.opened;
	assert_eq!(used(Side::Challenger) + used(Side::Defender), age, "time is lost: {game:?}");
	match effect {
		Effect::Turn { side, deadline } => {
			assert_eq!((game.mover(), game.deadline()), (Some(*side), Some(*deadline)));
			assert!(*deadline <= game.bound() && *deadline > clocks.turn);
		},
		Effect::Ended(outcome) => {
			assert_eq!((game.mover(), game.outcome()), (None, Some(*outcome)));
		},
		Effect::AlreadyStands => panic!("an accepted move changed nothing"),
	}
}

/// The move with a few bytes of its encoding changed, if that is a move.
fn forged(source: &mut Source, play: &MoveOf<Toy>, pool: &[Root]) -> Option<MoveOf<Toy>> {
	Decode::decode(&mut &source.edited(play.encode(), pool)[..]).ok()
}

/// Any move.
fn made_up(source: &mut Source) -> Option<MoveOf<Toy>> {
	let kind = source.below(16) as u8;
	let length = source.below(120) as usize;
	let content = [source.bytes(length), &[0; 64]].concat();
	Decode::decode(&mut &[&[kind], &content[..]].concat()[..]).ok()
}
