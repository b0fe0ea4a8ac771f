//! The honest side: the production strategy, and around it what the runtime's off-chain worker does.
//!
//! It reads its duties from the chain, most urgent first, has an executor replay what must be replayed,
//! and sends the moves that are ready. Everything else that it knows is what it computed itself and a
//! journal of the games it opened. The numbers are those of `runtime/src/offchain`.

use alloc::vec::Vec;

use super::{
	chain::{Account, Call, Chain, Refused, Tx, CHALLENGER, SOLVER},
	oracle::Seen,
	scenario::Scenario,
};
use crate::{
	strategy::{next_move, opening},
	GameError, Move, Phase, Side,
};

/// Transactions that it sends after one block at most.
pub(super) const SENDS: u32 = 16;
/// Blocks for which a transaction may wait for inclusion.
const MORTALITY: u32 = 32;
/// Games that it opens about one claim at most.
const MAX_OPENINGS: u32 = 3;
/// Blocks that an opening has to be included before another is sent.
const OPENING_PAUSE: u32 = 8;

/// A transaction in the pool.
#[derive(Clone, Debug)]
struct Sent {
	nonce: u32,
	tx: Tx,
	at: u32,
}

/// What it remembers of its games about the claim.
#[derive(Clone, Copy, Debug, Default)]
struct Journal {
	/// Games that it saw.
	games: u32,
	/// The latest of them.
	latest: Option<u32>,
	/// When it last sent an opening.
	sent: Option<u32>,
}

/// Replays, one after the other: when one is done, the next is for the game whose deadline is nearest. A replay
/// that was made once is kept until the process ends.
#[derive(Clone, Debug, Default)]
struct Executor {
	jobs: Vec<(Job, u32)>,
	busy_until: u32,
}

/// What is replayed: a phase's stride or step, by its first step.
type Job = (bool, u32);

impl Executor {
	/// Begins a job, if it was not begun already and no other is at work. Says when it is done, or, where it has to
	/// wait, when to ask again. Whoever asks for several begins with the most urgent.
	fn ask(&mut self, job: Option<Job>, length: u32, now: u32) -> u32 {
		let Some(job) = job.filter(|_| length > 0) else { return now };
		if let Some((_, ready)) = self.jobs.iter().find(|(known, _)| *known == job) {
			return *ready;
		}
		if self.busy_until <= now {
			self.busy_until = now + length;
			self.jobs.push((job, self.busy_until));
		}
		self.busy_until
	}
}

/// The replay that a phase needs.
fn job(phase: &Phase) -> Option<Job> {
	match phase {
		Phase::Steps { span } | Phase::Step { span, .. } => Some((true, span.start)),
		Phase::Trace { step } | Phase::Tile { step, .. } => Some((false, step.start)),
		_ => None,
	}
}

/// The honest agent.
#[derive(Clone, Debug)]
pub(super) struct Agent<'a> {
	scenario: &'a Scenario<'a>,
	side: Side,
	pub(super) account: Account,
	pool: Vec<Sent>,
	journal: Journal,
	executor: Executor,
	/// When it has checked the claim.
	checked: u32,
	/// Not running until this block.
	pub(super) down_until: u32,
	/// First block in which something that it waits for may be there.
	wake: u32,
}

impl<'a> Agent<'a> {
	pub(super) fn new(scenario: &'a Scenario<'a>, now: u32) -> Self {
		let (side, account) = match scenario.right {
			true => (Side::Defender, SOLVER),
			false => (Side::Challenger, CHALLENGER),
		};
		Self {
			scenario,
			side,
			account,
			pool: Vec::new(),
			journal: Journal::default(),
			executor: Executor::default(),
			checked: now + scenario.check,
			down_until: 0,
			wake: now + 1,
		}
	}

	/// First block from which on it waits for a move of its own to be included, or would if it could.
	pub(super) fn due_from(&self, chain: &Chain<'_>) -> Option<u32> {
		let mine = |number: &u32| self.is_mine(chain, *number);
		match chain.is_over() {
			false if chain.open.iter().any(mine) => Some(chain.now),
			false if self.is_opening(chain) => Some(chain.now.max(self.checked)),
			_ => None,
		}
	}

	/// Whether it has yet to open a game.
	pub(super) fn is_opening(&self, chain: &Chain<'_>) -> bool {
		let mine = |number: &u32| chain.games[*number as usize].challenger == CHALLENGER;
		self.account == CHALLENGER && !chain.open.iter().any(mine)
	}

	/// Whether its move is awaited in a game.
	fn is_mine(&self, chain: &Chain<'_>, number: u32) -> bool {
		chain.games[number as usize].game.mover() == Some(self.side)
			&& chain.account(number, self.side) == self.account
	}

	/// Its transactions that the next block may include, in order.
	pub(super) fn pending<'b>(&'b self, chain: &Chain<'_>) -> impl Iterator<Item = &'b Tx> + 'b {
		let (mut nonce, now) = (chain.nonce, chain.now);
		self.pool.iter().filter_map(move |sent| {
			let next = sent.nonce == nonce && now <= sent.at + MORTALITY;
			nonce += u32::from(next);
			next.then_some(&sent.tx)
		})
	}

	/// First block in which it may have something new to do.
	pub(super) fn wake(&self) -> u32 {
		self.wake
	}

	/// The process ends, and starts again after some blocks.
	pub(super) fn crash(&mut self, now: u32, blocks: u32) {
		self.down_until = now + blocks;
		self.executor = Executor { jobs: Vec::new(), busy_until: self.down_until };
		if self.scenario.stale_journal {
			self.journal = Journal::default();
		}
	}

	/// Looks at a new best block: what is due is worked on, and what is ready is sent.
	pub(super) fn look(&mut self, chain: &Chain<'a>) -> Result<(), &'static str> {
		let now = chain.now;
		self.wake = u32::MAX;
		if now < self.down_until || chain.is_over() {
			self.wake = self.down_until.max(now + 1);
			return Ok(());
		}
		self.pool.retain(|sent| sent.nonce >= chain.nonce || now < sent.at + 2 * MORTALITY);
		self.notice(chain);
		let mut games: Vec<(u32, u32)> = chain
			.open
			.iter()
			.filter(|number| self.is_mine(chain, **number))
			.map(|number| (chain.deadline(*number), *number))
			.collect();
		games.sort_unstable();
		let mut sent = 0;
		for (_, number) in games {
			let job = job(chain.games[number as usize].game.phase());
			let ready = self.executor.ask(job, self.scenario.replay, now);
			if ready > now {
				self.wake = self.wake.min(ready);
			} else if sent < SENDS {
				let call = self.answer(chain, number)?;
				let _ = self.send(chain, chain.nonce + sent, call);
				sent += 1;
			}
		}
		if sent < SENDS && self.account == CHALLENGER {
			self.accuse(chain, chain.nonce + sent)?;
		}
		// What is not included in time is sent again.
		let expiries = self.pool.iter().filter(|sent| sent.nonce >= chain.nonce);
		let expiry = expiries.map(|sent| sent.at + MORTALITY + 1).filter(|at| *at > now).min();
		self.wake = self.wake.min(expiry.unwrap_or(u32::MAX));
		Ok(())
	}

	/// Counts each of its games once.
	fn notice(&mut self, chain: &Chain<'_>) {
		for number in &chain.open {
			let mine = chain.games[*number as usize].challenger == CHALLENGER;
			if mine && self.journal.latest.is_none_or(|latest| latest < *number) {
				self.journal.games += 1;
				self.journal.latest = Some(*number);
			}
		}
	}

	/// Hands a transaction to the pool, which keeps the one that it has with this nonce while that is valid.
	/// Says whether it took this one.
	fn send(&mut self, chain: &Chain<'_>, nonce: u32, call: Call) -> bool {
		let valid = |sent: &Sent| sent.nonce == nonce && chain.now <= sent.at + MORTALITY;
		if self.pool.iter().any(valid) {
			return false;
		}
		self.pool.retain(|sent| sent.nonce != nonce);
		self.pool.push(Sent { nonce, tx: Tx { from: self.account, call }, at: chain.now });
		self.pool.sort_by_key(|sent| sent.nonce);
		true
	}

	fn seen<'b>(&self, said: &'b super::super::Said) -> Seen<'b>
	where
		'a: 'b,
	{
		let strategy = self.scenario.strategy;
		let withheld = self.scenario.right || strategy.withholds;
		Seen {
			own: &self.scenario.set.honest,
			theirs: (!withheld).then(|| self.scenario.claimed()),
			said,
			spoiled: strategy.spoils,
		}
	}

	fn answer(&self, chain: &Chain<'a>, number: u32) -> Result<Call, &'static str> {
		let entry = &chain.games[number as usize];
		let toy = self.scenario.set.toy();
		let play = next_move(&entry.game, self.side, &self.seen(&entry.said), toy);
		let play = play.ok_or("the honest side has nothing to say")?;
		Ok(Call::Move { game: number, position: entry.game.position(), play })
	}

	/// Opens a game about the claim, if it has none and may.
	fn accuse(&mut self, chain: &Chain<'a>, nonce: u32) -> Result<(), &'static str> {
		let now = chain.now;
		let has_one = |number: &u32| chain.games[*number as usize].challenger == CHALLENGER;
		if chain.open.iter().any(has_one) || self.journal.games >= MAX_OPENINGS {
			return Ok(());
		}
		let paused = self.journal.sent.map_or(self.checked, |sent| sent + OPENING_PAUSE);
		if now < paused {
			self.wake = self.wake.min(paused);
			return Ok(());
		}
		// What would fail in the present state is not sent.
		if now >= chain.until || !chain.has_place() {
			return Ok(());
		}
		let said = super::super::Said::default();
		let params = chain.params(chain.games.len() as u32);
		let play = opening(&params, &self.seen(&said), self.scenario.set.toy());
		let play = play.ok_or("the honest challenger finds nothing wrong with a wrong claim")?;
		if self.send(chain, nonce, Call::Open(play)) {
			self.journal.sent = Some(now);
		}
		self.wake = self.wake.min(now + OPENING_PAUSE);
		Ok(())
	}
}

/// Whether an honest agent's transaction may be refused so: it came too late, somebody was faster, or a
/// re-org has changed what it answered. Anything else is a wrong move.
pub(super) fn is_excusable(refused: Refused, tx: &Tx) -> bool {
	match refused {
		Refused::UnknownGame | Refused::Closed | Refused::Full => true,
		Refused::Game(GameError::StalePosition | GameError::GameOver) => true,
		// A move in a game that another game's number now stands for.
		Refused::NotYours => matches!(tx.call, Call::Move { .. }),
		Refused::Game(_) => false,
	}
}

/// Whether an accusation of the honest challenger is one.
pub(super) fn is_opening(tx: &Tx) -> bool {
	matches!(&tx.call, Call::Open(Move::Open { .. } | Move::Ask))
}
