//! Plays whole matches, and checks after every transition what must always hold.

use alloc::vec::Vec;
use codec::{Encode, MaxEncodedLen};

use super::{
	player::{nonsense, Player, Said, View},
	Rng, Toy,
};
use crate::{
	strategy::{next_move, opening},
	Effect, Game, GameError, Move, MoveOf, Outcome, Phase, Root, Side, Transition,
};

/// A move that was accepted.
#[derive(Clone, Debug)]
pub struct Record {
	/// Where the game stood; `None` for the opening.
	pub phase: Option<Phase>,
	/// The position it answered.
	pub position: Root,
	/// Who made it.
	pub side: Side,
	/// The move.
	pub play: MoveOf<Toy>,
	/// When.
	pub at: u32,
}

/// A challenger against a claim.
#[derive(Clone, Debug)]
pub struct Match {
	/// Accuses.
	pub challenger: Player,
	/// Has made the claim.
	pub defender: Player,
	/// Block in which the game opens.
	pub opened: u32,
	/// For everything that is left to chance.
	pub seed: u64,
}

/// Plays a match to its end. `None` if the challenger finds nothing to accuse.
///
/// Panics when an invariant of the game does not hold.
pub fn play(set: &Match) -> Option<(Game, Vec<Record>)> {
	let toy = &set.defender.execution.toy;
	let params = toy.params(set.defender.execution.claim_root());
	let said = Said::default();
	let mut table = Table { set, records: Vec::new(), said, rng: Rng(set.seed) };
	let first = match set.challenger.habit.asks {
		true => Move::Ask,
		false => opening(&params, &table.view(Side::Challenger), toy)?,
	};
	let position = Game::first_position(&params, toy);
	let Transition { mut game, .. } =
		Game::open(params, &first, set.opened, toy).expect("the challenger knows how to open");
	let side = Side::Challenger;
	let at = set.opened;
	table.records.push(Record { phase: None, position, side, play: first, at });
	while let Some(side) = game.mover() {
		game = table.turn(game, side);
	}
	Some((game, table.records))
}

struct Table<'a> {
	set: &'a Match,
	records: Vec<Record>,
	said: Said,
	rng: Rng,
}

impl Table<'_> {
	fn player(&self, side: Side) -> &Player {
		match side {
			Side::Challenger => &self.set.challenger,
			Side::Defender => &self.set.defender,
		}
	}

	fn view(&self, side: Side) -> View<'_> {
		let other = self.player(side.other());
		let published = !other.habit.withholds && !self.player(side).habit.asks;
		View {
			own: &self.player(side).execution,
			theirs: published.then_some(&other.execution),
			said: &self.said,
		}
	}

	/// One turn: noise of both players, then the mover's move or its silence.
	fn turn(&mut self, mut game: Game, side: Side) -> Game {
		for noisy in [Side::Challenger, Side::Defender] {
			for _ in 0..self.player(noisy).habit.noise {
				game = self.noise(game, noisy);
			}
		}
		if game.mover() != Some(side) {
			return game;
		}
		let deadline = game.deadline().expect("someone moves");
		let at = self.pace(side, game.clocks().turn, deadline);
		let position = game.position();
		let play = self.choice(&game, side);
		match play.and_then(|play| self.attempt(&game, side, position, play, at).ok()) {
			Some(next) => next,
			None => silence(game, deadline),
		}
	}

	fn pace(&mut self, side: Side, from: u32, deadline: u32) -> u32 {
		let habit = &self.player(side).habit;
		match (habit.lingers, habit.dawdles) {
			(true, _) => deadline - 1,
			(false, true) => from + self.rng.below(deadline - from),
			(false, false) => from,
		}
	}

	/// What the strategy says, bent by the player's habits.
	fn choice(&self, game: &Game, side: Side) -> Option<MoveOf<Toy>> {
		let habit = &self.player(side).habit;
		let made = self.records.iter().filter(|record| record.side == side).count();
		if habit.silent_after.is_some_and(|most| made >= most as usize) {
			return None;
		}
		let may_concede = matches!(game.phase(), Phase::Steps { .. } | Phase::Trace { .. });
		if habit.concedes && may_concede {
			return Some(Move::Concede);
		}
		let toy = &self.set.defender.execution.toy;
		match next_move(game, side, &self.view(side), toy)? {
			Move::PickTile { node, tile, spec, .. } if habit.picks_blindly => {
				Some(Move::PickTile { node, tile, spec, evidence: None })
			},
			Move::PickBlock { block, .. } if habit.picks_blindly => {
				Some(Move::PickBlock { block, evidence: None })
			},
			play => Some(play),
		}
	}

	/// A nonsense move of a player. It may only be one of its own side, or one that nobody can abuse.
	fn noise(&mut self, game: Game, noisy: Side) -> Game {
		let Some(deadline) = game.deadline() else { return game };
		let sensible = game.mover().and_then(|side| self.choice(&game, side));
		let mut rng = self.rng.clone();
		let any = rng.below(self.records.len() as u32) as usize;
		let any = self.records.get(any).map(|record| &record.play);
		let play = nonsense(any, sensible.as_ref(), noisy, &mut rng);
		let side = if rng.one_in(8) { noisy.other() } else { play.kind().side() };
		let position = match self.records.get(rng.below(40) as usize) {
			Some(record) => record.position,
			None => game.position(),
		};
		let at = game.clocks().turn + rng.below(deadline - game.clocks().turn);
		self.rng = rng;
		// What only the other side's account may play is tried too late, so that it must be refused.
		let abuse = side != noisy && !play.kind().is_self_evident();
		match self.attempt(&game, side, position, play, if abuse { deadline } else { at }) {
			Ok(next) => next,
			Err(_) => game,
		}
	}

	fn attempt(
		&mut self,
		game: &Game,
		side: Side,
		position: Root,
		play: MoveOf<Toy>,
		at: u32,
	) -> Result<Game, GameError> {
		let toy = &self.set.defender.execution.toy;
		let next = game.clone().apply(side, position, &play, at, toy)?;
		if next.effect == Effect::AlreadyStands {
			assert_eq!(&next.game, game, "a repeated move changed the game");
			return Ok(next.game);
		}
		let again = next.game.clone().apply(side, position, &play, at, toy);
		assert_eq!(again.map(|again| again.effect), Ok(Effect::AlreadyStands));
		check(game, &next);
		self.said.write_down(game.phase(), &play);
		let phase = Some(game.phase().clone());
		self.records.push(Record { phase, position, side, play, at });
		Ok(next.game)
	}
}

fn silence(game: Game, deadline: u32) -> Game {
	let early = game.clone().timeout(deadline - 1);
	assert_eq!(early, Err(GameError::DeadlineNotReached { deadline }));
	assert!(deadline <= game.bound(), "a game lasted beyond its bound");
	let mover = game.mover();
	let next = game.timeout(deadline).expect("the deadline has passed");
	let lapsed = next.game.outcome() == Some(Outcome::ChallengerTimedOut);
	assert_eq!(lapsed, mover == Some(Side::Challenger));
	next.game
}

/// What must hold after every accepted move.
pub(super) fn check(before: &Game, Transition { game, effect }: &Transition) {
	assert!(game.moves_left() < before.moves_left(), "no progress: {before:?} {game:?}");
	assert!(game.moves() == before.moves() + 1 && game.moves() <= crate::MAX_MOVES);
	assert_ne!(game.position(), before.position());
	assert!(game.encoded_size() <= Game::max_encoded_len());
	let budget = game.params().clock;
	let used = |side| {
		let clock = game.clocks().of(side);
		budget - clock.left - clock.reserve
	};
	let age = game.clocks().turn - game.clocks().opened;
	assert_eq!(used(Side::Challenger) + used(Side::Defender), age);
	match effect {
		Effect::Turn { side, deadline } => {
			assert_eq!((game.mover(), game.deadline()), (Some(*side), Some(*deadline)));
			assert!(*deadline <= game.bound() && *deadline > game.clocks().turn);
		},
		Effect::Ended(outcome) => {
			assert_eq!((game.mover(), game.outcome()), (None, Some(*outcome)));
		},
		Effect::AlreadyStands => panic!("an accepted move changed nothing"),
	}
}
