//! A virtual chain: games about one claim, with the rules that the pallets put around the game.

mod settle;

use alloc::vec::Vec;
use codec::Encode;

use super::{
	super::{arena::check, rng::mix, rng::toy_hash, Said, Toy},
	money::{self, Books, Party},
	scenario::{replays, Scenario},
};
use crate::{Effect, Game, GameError, Move, MoveOf, Params, Root, Side, Transition};

/// An account. Those from [`FIRST_FOE`] on are the adversary's.
pub(super) type Account = u32;
/// Has made the claim.
pub(super) const SOLVER: Account = 0;
/// The honest challenger of a wrong claim.
pub(super) const CHALLENGER: Account = 1;
/// First account of the adversary that accuses.
pub(super) const FIRST_FOE: Account = 2;

/// What somebody sends to the chain.
#[derive(Clone, Debug)]
pub(super) enum Call {
	/// Opens a game.
	Open(MoveOf<Toy>),
	/// Moves in a game.
	Move { game: u32, position: Root, play: MoveOf<Toy> },
	/// Ends a game whose clock has run out.
	Expire { game: u32 },
	/// Pays the solver.
	Finalise,
}

/// A transaction.
#[derive(Clone, Debug)]
pub(super) struct Tx {
	pub(super) from: Account,
	pub(super) call: Call,
}

/// Why a transaction has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
	/// The game itself refuses.
	Game(GameError),
	/// There is no such game, or no more.
	UnknownGame,
	/// The claim is gone or final, or its window is over.
	Closed,
	/// No more games can be opened.
	Full,
	/// Another account's move.
	NotYours,
}

impl From<GameError> for Refused {
	fn from(error: GameError) -> Self {
		Self::Game(error)
	}
}

/// What became of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
	/// It can be challenged.
	Challenged,
	/// It was convicted by the game of this account.
	Convicted(Account),
	/// It was withdrawn.
	Withdrawn,
	/// It is paid.
	Final,
}

/// A game and what the chain keeps about it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
	pub(super) game: Game,
	pub(super) challenger: Account,
	pub(super) said: Said,
	/// Worth of each side's moves.
	costs: [i64; 2],
	pub(super) traced: bool,
}

/// What a match comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
	/// Games that ended.
	pub(super) games: u32,
	/// Those that ended after their bound, and more than the agenda's delay.
	pub(super) late: u32,
	/// Blocks of the longest.
	pub(super) longest: u32,
	/// Moves that were accepted.
	pub(super) moves: u32,
	/// Digest of everything that happened.
	pub(super) trace: u64,
}

/// The state of the chain.
#[derive(Clone, Debug)]
pub(super) struct Chain<'a> {
	scenario: &'a Scenario<'a>,
	pub(super) now: u32,
	pub(super) games: Vec<Entry>,
	/// Numbers of the open games.
	pub(super) open: Vec<u32>,
	pub(super) standing: Standing,
	/// Last block for opening games.
	pub(super) until: u32,
	/// Transactions of the honest agent that were included.
	pub(super) nonce: u32,
	/// Blocks in which the honest side was kept out, and how many of them in a row just now.
	pub(super) withheld: u32,
	pub(super) in_a_row: u32,
	pub(super) books: Books,
	pub(super) ends: Ends,
}

impl<'a> Chain<'a> {
	/// A claim that was just made.
	pub(super) fn new(scenario: &'a Scenario<'a>, now: u32) -> Self {
		let mut this = Self {
			scenario,
			now,
			games: Vec::new(),
			open: Vec::new(),
			standing: Standing::Challenged,
			until: now + scenario.window,
			nonce: 0,
			withheld: 0,
			in_a_row: 0,
			books: Books::default(),
			ends: Ends::default(),
		};
		this.books.hold(this.solver(), scenario.stake);
		this.books.hold(Party::Requester, scenario.stake / 2);
		this
	}

	fn toy(&self) -> &'a Toy {
		self.scenario.set.toy()
	}

	/// Whose money the solver's is.
	fn solver(&self) -> Party {
		if self.scenario.right {
			Party::Honest
		} else {
			Party::Foe
		}
	}

	/// Whose money an account's is.
	pub(super) fn party(&self, who: Account) -> Party {
		match who {
			SOLVER => self.solver(),
			CHALLENGER => Party::Honest,
			_ => Party::Foe,
		}
	}

	/// Whether nothing is left to happen.
	pub(super) fn is_over(&self) -> bool {
		self.standing != Standing::Challenged
	}

	/// Whether another game could be opened.
	pub(super) fn has_place(&self) -> bool {
		self.open.len() < self.scenario.places as usize
	}

	/// Parameters of a game with this number.
	pub(super) fn params(&self, number: u32) -> Params {
		let id = (self.scenario.seed, number).using_encoded(toy_hash);
		// Time for the replays of the games that are open already: see ADR 0008.
		let Params { clock, .. } = self.scenario.params;
		let clock = clock + replays(self.scenario.replay) * self.open.len() as u32;
		Params { id, clock, ..self.scenario.params }
	}

	/// The account that plays a side of a game.
	pub(super) fn account(&self, number: u32, side: Side) -> Account {
		match side {
			Side::Challenger => self.games[number as usize].challenger,
			Side::Defender => SOLVER,
		}
	}

	/// A new block begins: games whose clocks have run out end, as many as a block has time for, and a
	/// claim that can no longer be challenged becomes final. Says whether an honest side lost by silence.
	pub(super) fn begin(&mut self, block: u32) -> Result<(), &'static str> {
		self.now = block;
		for _ in 0..self.scenario.tick {
			let due = |number: &&u32| self.deadline(**number) <= block;
			let Some(number) = self.open.iter().filter(due).min_by_key(|n| self.deadline(**n))
			else {
				break;
			};
			let number = *number;
			let mover = self.games[number as usize].game.mover();
			let mover = mover.ok_or("an open game has no mover")?;
			self.expire(number).map_err(|_| "a clock has run out, and the game goes on")?;
			let silent = self.account(number, mover);
			if self.party(silent) == Party::Honest {
				return Err("the honest side lost by silence within its budget");
			}
		}
		let over = self.open.is_empty() && block > self.until;
		if over && self.standing == Standing::Challenged {
			self.finalise();
		}
		Ok(())
	}

	/// First block in which the next move of an open game is too late.
	pub(super) fn deadline(&self, number: u32) -> u32 {
		self.games[number as usize].game.deadline().unwrap_or(u32::MAX)
	}

	/// Includes a transaction. Refused ones cost their fee, and nothing else.
	pub(super) fn include(&mut self, tx: &Tx) -> Result<(), Refused> {
		let bytes = match &tx.call {
			Call::Open(play) | Call::Move { play, .. } => play.encoded_size(),
			Call::Expire { .. } | Call::Finalise => 4,
		};
		let length = bytes as i64 * money::PER_BYTE;
		let fee = money::PER_MOVE + length;
		let party = self.party(tx.from);
		match &tx.call {
			Call::Open(play) => {
				let started = self.start(tx.from, play, fee);
				let cost = match started {
					Err(Refused::Full | Refused::Closed) => money::REFUSED_FEE,
					_ => money::OPENING_FEE,
				};
				self.books.spend(party, cost + length, 0);
				started
			},
			Call::Move { game, position, play } => {
				let work = self.work(*game);
				let done = self.play(tx.from, *game, *position, play, fee + work);
				self.books.spend(party, fee, if done.is_ok() { work } else { 0 });
				done
			},
			Call::Expire { game } => {
				self.books.spend(party, fee, 0);
				self.expire(*game)
			},
			Call::Finalise => {
				self.books.spend(party, fee, 0);
				let over = self.open.is_empty() && self.now > self.until;
				if !over || self.is_over() {
					return Err(Refused::Closed);
				}
				self.finalise();
				Ok(())
			},
		}
	}

	/// Worth of the replay behind the next move of a game.
	fn work(&self, number: u32) -> i64 {
		let replays = |entry: &Entry| entry.game.phase().kind().needs_replay();
		match self.games.get(number as usize).is_some_and(replays) {
			true => money::replay_cost(self.scenario.replay),
			false => 0,
		}
	}

	fn start(&mut self, from: Account, play: &MoveOf<Toy>, cost: i64) -> Result<(), Refused> {
		if self.is_over() || self.now > self.until || from == SOLVER {
			return Err(Refused::Closed);
		}
		if !self.has_place() {
			return Err(Refused::Full);
		}
		let number = self.games.len() as u32;
		let params = self.params(number);
		let opened = Game::open(params, play, self.now, self.toy())?;
		self.books.hold(self.party(from), self.scenario.bond);
		self.note(&opened, number);
		let game = opened.game;
		let said = Said::default();
		let entry = Entry { game, challenger: from, said, costs: [cost, 0], traced: false };
		self.games.push(entry);
		self.open.push(number);
		if let Effect::Ended(outcome) = opened.effect {
			self.settle(number, outcome);
		}
		Ok(())
	}

	fn play(
		&mut self,
		from: Account,
		number: u32,
		position: Root,
		play: &MoveOf<Toy>,
		cost: i64,
	) -> Result<(), Refused> {
		if !self.open.contains(&number) {
			return Err(Refused::UnknownGame);
		}
		let side = play.kind().side();
		if from != self.account(number, side) && !play.kind().is_self_evident() {
			return Err(Refused::NotYours);
		}
		let withdrawn = matches!(play, Move::Concede);
		let traced = || self.open.iter().any(|open| self.games[*open as usize].traced);
		if withdrawn && traced() {
			return Err(Refused::Closed);
		}
		let before = &self.games[number as usize].game;
		let next = before.clone().apply(side, position, play, self.now, self.toy())?;
		if next.effect == Effect::AlreadyStands {
			assert_eq!(next.game, *before, "a repeated move changed the game");
			return Ok(());
		}
		check(before, &next);
		self.note(&next, number);
		let entry = &mut self.games[number as usize];
		entry.said.write_down(entry.game.phase(), play);
		entry.costs[side as usize] += cost;
		entry.traced |= matches!(play, Move::PostTrace { .. });
		entry.game = next.game;
		match next.effect {
			Effect::Ended(_) if withdrawn => self.withdraw(),
			Effect::Ended(outcome) => self.settle(number, outcome),
			Effect::Turn { .. } | Effect::AlreadyStands => (),
		}
		Ok(())
	}

	fn expire(&mut self, number: u32) -> Result<(), Refused> {
		if !self.open.contains(&number) {
			return Err(Refused::UnknownGame);
		}
		let ended = self.games[number as usize].game.clone().timeout(self.now)?;
		self.note(&ended, number);
		self.games[number as usize].game = ended.game;
		if let Effect::Ended(outcome) = ended.effect {
			self.settle(number, outcome);
		}
		Ok(())
	}

	/// Adds a transition to the digest.
	fn note(&mut self, next: &Transition, number: u32) {
		let word = u64::from_le_bytes(next.game.position()[..8].try_into().unwrap());
		let outcome = next.game.outcome().map_or(0, |outcome| outcome.encode()[0] + 1);
		let when = u64::from(self.now) << 32 ^ u64::from(number) << 8 ^ u64::from(outcome);
		self.ends.trace = mix(self.ends.trace ^ word).wrapping_add(when);
		self.ends.moves += 1;
	}

	/// What must hold after every block.
	pub(super) fn check_block(&self) -> Result<(), &'static str> {
		if !self.books.balance() {
			return Err("money was made or lost");
		}
		if self.open.len() > self.scenario.places as usize {
			return Err("more games are open than there are places");
		}
		for number in &self.open {
			let game = &self.games[*number as usize].game;
			match game.deadline() {
				None => return Err("a game that is over is kept"),
				Some(deadline) if deadline > game.bound() => {
					return Err("a turn outlasts its game")
				},
				Some(_) => (),
			}
		}
		if self.is_over() && (!self.open.is_empty() || self.books.on_hold() != 0) {
			return Err("something is left over of a claim that is gone");
		}
		Ok(())
	}
}
