//! A virtual chain: games about one claim, with the rules that the pallets put around the game.

mod settle;
mod stake;

pub(super) use settle::{refund, share};

use alloc::vec::Vec;
use codec::Encode;

use super::{
	super::{arena::check, rng::mix, rng::toy_hash, Said, Toy},
	case::{replays, Case},
	money::{self, Books, Party},
	planted::Planted,
	scenario::Scenario,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
	/// Opens a game about a claim.
	Open { claim: u32, play: MoveOf<Toy> },
	/// Moves in a game.
	Move { game: u32, position: Root, play: MoveOf<Toy> },
	/// Ends a game whose clock has run out.
	Expire { game: u32 },
	/// Pays the solver of a claim.
	Finalise { claim: u32 },
	/// Starts to take stake out.
	Unbond { amount: i64 },
	/// Takes out what is due.
	Withdraw,
}

/// A transaction.
#[derive(Clone, Debug)]
pub(super) struct Tx {
	pub(super) from: Account,
	pub(super) call: Call,
	pub(super) tip: i64,
}

impl Tx {
	/// One without a tip.
	pub(super) fn plain(from: Account, call: Call) -> Self {
		Self { from, call, tip: 0 }
	}
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
	/// The stake is behind claims, or not yet due.
	Locked,
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

/// A claim and what became of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
	pub(super) standing: Standing,
	/// Last block for opening games.
	pub(super) until: u32,
	/// Games that are open, and that ever were.
	pub(super) open: u32,
	pub(super) games: u32,
}

/// A game and what the chain keeps about it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
	pub(super) claim: u32,
	/// How many games about the claim there were before.
	pub(super) nth: u32,
	/// How many of them were open.
	others: u32,
	pub(super) game: Game,
	pub(super) challenger: Account,
	/// The stride that it was opened about.
	pub(super) stride: Option<u32>,
	pub(super) said: Said,
	/// Worth of each side's moves.
	pub(super) costs: [i64; 2],
	pub(super) traced: bool,
}

/// What a match comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
	/// Games that ended.
	pub(super) games: u32,
	/// Those that took longer than the chain says that a game takes.
	pub(super) late: u32,
	/// Blocks of the longest, and of the longest that was alone.
	pub(super) longest: u32,
	pub(super) longest_alone: u32,
	/// Moves that were accepted.
	pub(super) moves: u32,
	/// Digest of everything that happened.
	pub(super) trace: u64,
}

/// A move or a payment, and all that came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fact {
	/// The block.
	pub(super) at: u32,
	/// Digest of all moves and ends so far.
	trace: u64,
	/// What each party may spend then.
	free: [i64; 3],
}

/// The state of the chain.
#[derive(Clone, Debug)]
pub(super) struct Chain<'a> {
	scenario: &'a Scenario<'a>,
	pub(super) now: u32,
	pub(super) games: Vec<Entry>,
	/// Numbers of the open games.
	pub(super) open: Vec<u32>,
	pub(super) claims: Vec<Claim>,
	/// Transactions of the honest agent that were included.
	pub(super) nonce: u32,
	/// Blocks in which the honest side was kept out, and how many of them in a row just now.
	pub(super) withheld: u32,
	pub(super) in_a_row: u32,
	pub(super) books: Books,
	pub(super) ends: Ends,
	/// The solver's stake beside what is behind claims.
	spare: stake::Spare,
	/// Everything that has happened.
	pub(super) facts: Vec<Fact>,
}

impl<'a> Chain<'a> {
	/// Claims that were just made.
	pub(super) fn new(scenario: &'a Scenario<'a>, now: u32) -> Self {
		let claim = |case: &Case<'_>| Claim {
			standing: Standing::Challenged,
			until: now + case.window,
			open: 0,
			games: 0,
		};
		let mut this = Self {
			scenario,
			now,
			games: Vec::new(),
			open: Vec::new(),
			claims: scenario.cases.iter().map(claim).collect(),
			nonce: 0,
			withheld: 0,
			in_a_row: 0,
			books: Books::default(),
			ends: Ends::default(),
			spare: stake::Spare::default(),
			facts: Vec::new(),
		};
		for case in &scenario.cases {
			this.books.hold(this.solver(), case.stake);
			this.books.hold(Party::Requester, case.reward);
		}
		this.bond_spare();
		this
	}

	/// What a claim is about.
	pub(super) fn case(&self, claim: u32) -> &'a Case<'a> {
		&self.scenario.cases[claim as usize]
	}

	/// What the claim of a game is about.
	pub(super) fn case_of(&self, number: u32) -> &'a Case<'a> {
		self.case(self.games[number as usize].claim)
	}

	/// Whether a fault is planted.
	fn has(&self, planted: Planted) -> bool {
		self.scenario.planted == Some(planted)
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
		!(0..self.claims.len() as u32).any(|claim| self.is_live(claim))
	}

	/// Whether a claim can still be disputed or defended.
	pub(super) fn is_live(&self, claim: u32) -> bool {
		self.claims[claim as usize].standing == Standing::Challenged
	}

	/// Whether games about a claim can be opened, if there is a place for them.
	pub(super) fn is_open(&self, claim: u32) -> bool {
		self.is_live(claim) && self.now <= self.claims[claim as usize].until
	}

	/// Whether another game about a claim could be opened.
	pub(super) fn has_place(&self, claim: u32) -> bool {
		self.claims[claim as usize].open < self.case(claim).places
	}

	/// Whether the trace of some step was posted in a game about the claim: it cannot be withdrawn any more.
	pub(super) fn is_traced(&self, claim: u32) -> bool {
		let mut open = self.open.iter().map(|open| &self.games[*open as usize]);
		open.any(|entry| entry.claim == claim && entry.traced)
	}

	/// Parameters of a game with this number about a claim.
	pub(super) fn params(&self, claim: u32, number: u32) -> Params {
		let id = (self.scenario.seed, number).using_encoded(toy_hash);
		let case = self.case(claim);
		// Time for the replays of the games that are open already: see ADR 0008.
		let more = replays(case.replay) * self.claims[claim as usize].open;
		Params { id, clock: case.params.clock + more, ..case.params }
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
		let slack = if self.has(Planted::Slow) { 2_000 } else { 0 };
		for _ in 0..self.scenario.tick {
			let due = |number: &&u32| self.deadline(**number) + slack <= block;
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
		for claim in 0..self.claims.len() as u32 {
			if self.is_final(claim) {
				self.finalise(claim);
			}
		}
		Ok(())
	}

	/// Whether the solver of a claim can be paid.
	fn is_final(&self, claim: u32) -> bool {
		let Claim { open, until, .. } = self.claims[claim as usize];
		self.is_live(claim) && open == 0 && self.now > until
	}

	/// First block in which the next move of an open game is too late.
	pub(super) fn deadline(&self, number: u32) -> u32 {
		self.games[number as usize].game.deadline().unwrap_or(u32::MAX)
	}

	/// Includes a transaction in a block whose author is the adversary's. Refused ones cost their fee and their
	/// tip, and nothing else.
	pub(super) fn include(&mut self, tx: &Tx) -> Result<(), Refused> {
		let bytes = match &tx.call {
			Call::Open { play, .. } | Call::Move { play, .. } => play.encoded_size(),
			Call::Expire { .. } | Call::Finalise { .. } | Call::Unbond { .. } | Call::Withdraw => 4,
		};
		let length = bytes as i64 * money::PER_BYTE;
		let fee = money::PER_MOVE + length;
		let party = self.party(tx.from);
		match party {
			Party::Foe => self.books.spend(party, tx.tip, 0),
			Party::Honest | Party::Requester => self.books.tip(party, Party::Foe, tx.tip),
		}
		match &tx.call {
			Call::Open { claim, play } => {
				let started = self.start(tx.from, *claim, play, fee);
				let cost = match started {
					Err(Refused::Full | Refused::Closed) => money::REFUSED_FEE,
					_ => money::OPENING_FEE,
				};
				self.books.spend(party, cost + length, 0);
				if started.is_err() {
					self.books.waste(party, cost + length);
				}
				started
			},
			Call::Move { game, position, play } => {
				let work = self.work(*game);
				let done = self.play(tx.from, *game, *position, play, fee + work);
				self.books.spend(party, fee, if done.is_ok() { work } else { 0 });
				if done != Ok(true) {
					self.books.waste(party, fee + if done.is_ok() { work } else { 0 });
				}
				done.map(drop)
			},
			Call::Expire { game } => {
				self.books.spend(party, fee, 0);
				self.expire(*game)
			},
			Call::Finalise { claim } => {
				self.books.spend(party, fee, 0);
				if !self.is_final(*claim) {
					return Err(Refused::Closed);
				}
				self.finalise(*claim);
				Ok(())
			},
			// Cheap, so that it does not seem to cost the adversary more than it does.
			Call::Unbond { amount } => {
				self.books.spend(party, money::REFUSED_FEE, 0);
				self.unbond(tx.from, *amount)
			},
			Call::Withdraw => {
				self.books.spend(party, money::REFUSED_FEE, 0);
				self.withdraw_unbonded(tx.from)
			},
		}
	}

	/// The adversary fills the rest of a block, at this tip for each call.
	pub(super) fn fill(&mut self, tip: i64) {
		self.books.spend(Party::Foe, price_of_a_block(tip), 0);
	}

	/// Worth of the replay behind the next move of a game.
	fn work(&self, number: u32) -> i64 {
		let replays = |entry: &Entry| entry.game.phase().kind().needs_replay();
		match self.games.get(number as usize).is_some_and(replays) {
			true => money::replay_cost(self.case_of(number).replay),
			false => 0,
		}
	}

	fn start(
		&mut self,
		from: Account,
		claim: u32,
		play: &MoveOf<Toy>,
		cost: i64,
	) -> Result<(), Refused> {
		if !self.is_open(claim) || from == SOLVER {
			return Err(Refused::Closed);
		}
		if !self.has_place(claim) {
			return Err(Refused::Full);
		}
		let number = self.games.len() as u32;
		let (case, params) = (self.case(claim), self.params(claim, number));
		let opened = Game::open(params, play, self.now, case.set.toy())?;
		self.books.hold(self.party(from), case.bond);
		self.note(&opened, number);
		let of = &mut self.claims[claim as usize];
		let (nth, others) = (of.games, of.open);
		(of.games, of.open) = (of.games + 1, of.open + 1);
		let stride = match play {
			Move::Open { stride, .. } => Some(*stride),
			_ => None,
		};
		let (game, said, costs) = (opened.game, Said::default(), [cost, 0]);
		let challenger = from;
		self.games.push(Entry {
			claim,
			nth,
			others,
			game,
			challenger,
			stride,
			said,
			costs,
			traced: false,
		});
		self.open.push(number);
		if let Effect::Ended(outcome) = opened.effect {
			self.settle(number, outcome);
		}
		Ok(())
	}

	/// Says whether the move has changed anything.
	fn play(
		&mut self,
		from: Account,
		number: u32,
		position: Root,
		play: &MoveOf<Toy>,
		cost: i64,
	) -> Result<bool, Refused> {
		if !self.open.contains(&number) {
			return Err(Refused::UnknownGame);
		}
		let side = play.kind().side();
		if from != self.account(number, side) && !play.kind().is_self_evident() {
			return Err(Refused::NotYours);
		}
		let Entry { claim, game: before, .. } = &self.games[number as usize];
		let (claim, withdrawn) = (*claim, matches!(play, Move::Concede));
		if withdrawn && self.is_traced(claim) {
			return Err(Refused::Closed);
		}
		let toy = self.case(claim).set.toy();
		let next = before.clone().apply(side, position, play, self.now, toy)?;
		if next.effect == Effect::AlreadyStands {
			assert_eq!(next.game, *before, "a repeated move changed the game");
			return Ok(false);
		}
		check(before, &next);
		self.note(&next, number);
		let entry = &mut self.games[number as usize];
		entry.said.write_down(entry.game.phase(), play);
		entry.costs[side as usize] += cost;
		entry.traced |= matches!(play, Move::PostTrace { .. });
		entry.game = next.game;
		match next.effect {
			Effect::Ended(_) if withdrawn => self.withdraw(claim),
			Effect::Ended(outcome) => self.settle(number, outcome),
			Effect::Turn { .. } | Effect::AlreadyStands => (),
		}
		Ok(true)
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
		self.record();
	}

	/// Writes down what has just happened.
	fn record(&mut self) {
		let (trace, free) = (self.ends.trace, self.books.free());
		self.facts.push(Fact { at: self.now, trace, free });
	}

	/// What must hold after every block.
	pub(super) fn check_block(&self) -> Result<(), &'static str> {
		if !self.books.balance() {
			return Err("money was made or lost");
		}
		if self.books.held() != self.owed() {
			return Err("what is on hold is not what claims and games hold");
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
		for (claim, state) in self.claims.iter().enumerate() {
			if state.open > self.case(claim as u32).places {
				return Err("more games are open than there are places");
			}
		}
		Ok(())
	}

	/// What must be on hold: stakes and rewards of live claims, bonds of open games, and what the solver has beside.
	pub(super) fn owed(&self) -> [i64; 3] {
		let mut owed = [0; 3];
		owed[self.solver() as usize] += self.spare.sum();
		for claim in (0..self.claims.len() as u32).filter(|claim| self.is_live(*claim)) {
			let case = self.case(claim);
			owed[self.solver() as usize] += case.stake;
			owed[Party::Requester as usize] += case.reward;
		}
		for number in &self.open {
			let who = self.party(self.games[*number as usize].challenger);
			owed[who as usize] += self.case_of(*number).bond;
		}
		owed
	}
}

/// What filling a block costs, at this tip for each call.
pub(super) fn price_of_a_block(tip: i64) -> i64 {
	let (fee, calls) = money::FILLING;
	calls * (fee + tip)
}
