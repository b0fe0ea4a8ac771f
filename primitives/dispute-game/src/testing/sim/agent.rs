//! The honest side: the production strategy, and around it what the runtime's off-chain worker does.
//!
//! It reads its duties from the chain, most urgent first, has an executor find the moves, and sends those that are
//! ready. Everything else that it knows is what it computed itself and a journal of the games it opened. The numbers
//! are those of `runtime/src/offchain`.

use alloc::vec::Vec;

use super::{
	chain::{Account, Call, Chain, Refused, Tx, CHALLENGER, SOLVER},
	executor::{Executor, Job, Part, Replay},
	oracle::Seen,
	planted::Planted,
	pool::{Pool, Urgency},
	scenario::Scenario,
};
use crate::{
	strategy::{next_move, opening},
	GameError, Move, Phase, Side,
};

/// Moves with a replay that its executor works on at most.
pub const REPLAYS: u32 = 2;
/// Moves without a replay that its executor works on at most.
pub const CHEAP: u32 = 16;
/// Blocks from that in which a turn begins to that which includes the move: one for the executor, and one for the pool.
pub(super) const LATENCY: u32 = 2;
/// Transactions that it sends after one block at most.
pub const SENDS: u32 = 16;
/// Games that it opens about one claim at most.
pub const MAX_OPENINGS: u32 = 3;
/// Blocks that an opening has to be included before another is sent.
pub const OPENING_PAUSE: u32 = 8;

/// What it remembers of its games about a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Journal {
	/// Games that it saw.
	games: u32,
	/// The latest of them.
	latest: Option<u32>,
	/// When it last sent an opening.
	sent: Option<u32>,
}

/// Something that the chain asks of it now, with the first block in which it is too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Duty {
	Continue { until: u32, game: u32 },
	Accuse { until: u32, claim: u32 },
}

impl Duty {
	fn until(&self) -> u32 {
		match self {
			Self::Continue { until, .. } | Self::Accuse { until, .. } => *until,
		}
	}
}

/// The honest agent.
#[derive(Clone, Debug)]
pub(super) struct Agent<'a> {
	scenario: &'a Scenario<'a>,
	began: u32,
	side: Side,
	pub(super) account: Account,
	pool: Pool,
	/// By claim, and what they were before each change.
	journals: Vec<Journal>,
	past: Vec<(u32, Journal)>,
	/// Claims that are not what it computed.
	wrong: Vec<bool>,
	executor: Executor,
	/// It was started with a journal in which something was missing.
	pub(super) went_back: bool,
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
		let eager = scenario.planted == Some(Planted::Eager);
		let wrong = scenario.cases.iter().map(|case| {
			let own = &case.set.honest.claim;
			!scenario.right && (eager || *own != case.claimed().claim)
		});
		Self {
			scenario,
			began: now,
			side,
			account,
			pool: Pool::new(account),
			journals: alloc::vec![Journal::default(); scenario.cases.len()],
			past: Vec::new(),
			wrong: wrong.collect(),
			executor: Executor::new(scenario, now),
			went_back: false,
			down_until: 0,
			wake: now + 1,
		}
	}

	/// First block from which on it waits for a move of its own to be included, or would if it could.
	pub(super) fn due_from(&self, chain: &Chain<'_>) -> Option<u32> {
		if chain.open.iter().any(|number| self.is_mine(chain, *number)) {
			return Some(chain.now);
		}
		let claims = 0..self.wrong.len() as u32;
		let waits = claims.filter(|claim| self.is_opening(chain, *claim));
		waits.map(|claim| chain.now.max(self.checked(claim))).min()
	}

	/// Block in which it has checked a claim.
	fn checked(&self, claim: u32) -> u32 {
		self.began + self.scenario.cases[claim as usize].check
	}

	/// Whether it has yet to open a game about a claim.
	pub(super) fn is_opening(&self, chain: &Chain<'_>, claim: u32) -> bool {
		let mine = |number: &u32| {
			let entry = &chain.games[*number as usize];
			entry.claim == claim && entry.challenger == CHALLENGER
		};
		self.wrong[claim as usize] && chain.is_live(claim) && !chain.open.iter().any(mine)
	}

	/// Whether its move is awaited in a game.
	pub(super) fn is_mine(&self, chain: &Chain<'_>, number: u32) -> bool {
		chain.games[number as usize].game.mover() == Some(self.side)
			&& chain.account(number, self.side) == self.account
	}

	/// Its transactions that the next block may include, in order.
	pub(super) fn pending<'b>(&'b self, chain: &Chain<'_>) -> impl Iterator<Item = &'b Tx> + 'b {
		self.pool.pending(chain.nonce, chain.now)
	}

	/// First block in which it may have something new to do.
	pub(super) fn wake(&self) -> u32 {
		self.wake
	}

	/// The process ends, and starts again in a later block, perhaps with an older journal.
	pub(super) fn crash(&mut self, until: u32) {
		self.down_until = until;
		self.executor = self.executor.again(self.scenario, self.down_until);
		for _ in 0..self.scenario.stale_journal {
			if let Some((claim, before)) = self.past.pop() {
				self.journals[claim as usize] = before;
				self.went_back = true;
			}
		}
	}

	/// What its executor has stored is damaged.
	pub(super) fn rot(&mut self, now: u32) {
		self.executor.rot();
		self.wake = self.wake.min(now + 1);
	}

	/// Looks at a new best block: what is due is worked on, and what is ready is sent.
	///
	/// Like the runtime's off-chain worker, it takes no notice of what is final: whatever it reads here may be undone, and its
	/// journal remembers games that no chain has any more.
	pub(super) fn look(&mut self, chain: &Chain<'a>) -> Result<(), &'static str> {
		let now = chain.now;
		self.wake = u32::MAX;
		if now < self.down_until || chain.is_over() {
			self.wake = self.down_until.max(now + 1);
			return Ok(());
		}
		self.pool.forget(chain.nonce, now);
		self.notice(chain);
		let mut duties = self.duties(chain);
		duties.sort_unstable_by_key(|duty| (duty.until(), *duty));
		let (mut asked, mut in_work, mut sent) = (Vec::new(), [0, 0], 0);
		for duty in duties {
			let Some(ready) = self.consult(chain, duty, &mut asked, &mut in_work) else { continue };
			if ready > now {
				self.wake = self.wake.min(ready);
			} else if sent < SENDS {
				self.send(chain, duty, chain.nonce + sent)?;
				sent += 1;
			}
		}
		self.executor.keep(&asked);
		// What is not included in time is sent again.
		self.wake = self.wake.min(self.pool.expiry(chain.nonce, now).unwrap_or(u32::MAX));
		Ok(())
	}

	fn duties(&mut self, chain: &Chain<'a>) -> Vec<Duty> {
		let mine = chain.open.iter().filter(|number| self.is_mine(chain, **number));
		let go_on = |game: &u32| Duty::Continue { until: chain.deadline(*game), game: *game };
		let mut duties: Vec<Duty> = mine.map(go_on).collect();
		// What could not be included in time is not sent.
		duties.retain(|duty| duty.until() > chain.now + 1);
		for claim in 0..self.wrong.len() as u32 {
			if self.is_opening(chain, claim) && self.may_open(chain, claim) {
				let until = chain.claims[claim as usize].until + 1;
				duties.push(Duty::Accuse { until, claim });
			}
		}
		duties
	}

	/// Whether it opens a game about a claim now.
	fn may_open(&mut self, chain: &Chain<'a>, claim: u32) -> bool {
		let journal = &self.journals[claim as usize];
		let from = journal.sent.map_or(self.checked(claim), |sent| sent + OPENING_PAUSE);
		if journal.games >= MAX_OPENINGS {
			return false;
		}
		if chain.now < from {
			self.wake = self.wake.min(from);
			return false;
		}
		// What would fail in the present state is not sent.
		chain.is_open(claim) && chain.has_place(claim)
	}

	/// Has the executor work on a duty, unless it has enough to do. Says when the move is ready.
	fn consult(
		&mut self,
		chain: &Chain<'a>,
		duty: Duty,
		asked: &mut Vec<Job>,
		in_work: &mut [u32; 2],
	) -> Option<u32> {
		let now = chain.now;
		let (job, claim, replay) = match duty {
			Duty::Accuse { claim, .. } => (Job::Open { claim }, claim, None),
			Duty::Continue { game, until } => {
				let entry = &chain.games[game as usize];
				let replay = replay(entry.claim, entry.game.phase());
				let length = chain.case_of(game).own_replay;
				if self.is_broken(entry.game.phase(), until - now, length) {
					self.wake = self.wake.min(now + 1);
					return None;
				}
				let position = entry.game.position();
				(Job::Move { game, position }, entry.claim, replay.map(|replay| (replay, length)))
			},
		};
		let work = &mut in_work[usize::from(replay.is_none())];
		let ready = match self.executor.ready(&job) {
			Some(ready) => ready,
			None if *work >= [REPLAYS, CHEAP][usize::from(replay.is_none())] => return None,
			None => {
				let whole = chain.case(claim).whole();
				self.executor.submit(job, (claim, whole), replay, now)
			},
		};
		*work += u32::from(ready > now);
		asked.push(job);
		Some(ready)
	}

	/// Whether a planted fault keeps it from answering in this phase, with so much time left.
	fn is_broken(&self, phase: &Phase, left: u32, length: u32) -> bool {
		match self.scenario.planted {
			Some(Planted::Mute(kind)) => phase.kind() == kind,
			Some(Planted::Late) => phase.kind().needs_replay() && left > length.max(1),
			_ => false,
		}
	}

	/// Writes something down about a claim.
	fn write(&mut self, claim: u32, journal: Journal) {
		let before = core::mem::replace(&mut self.journals[claim as usize], journal);
		self.past.push((claim, before));
	}

	/// Counts each of its games once.
	fn notice(&mut self, chain: &Chain<'_>) {
		if self.account != CHALLENGER {
			return;
		}
		for number in &chain.open {
			let entry = &chain.games[*number as usize];
			let journal = self.journals[entry.claim as usize];
			let new = journal.latest.is_none_or(|latest| latest < *number);
			if entry.challenger == CHALLENGER && new {
				let games = journal.games + 1;
				self.write(entry.claim, Journal { games, latest: Some(*number), ..journal });
			}
		}
	}

	fn send(&mut self, chain: &Chain<'a>, duty: Duty, nonce: u32) -> Result<(), &'static str> {
		let (call, claim) = match duty {
			Duty::Continue { game, .. } => (self.answer(chain, game)?, None),
			Duty::Accuse { claim, .. } => (self.accuse(chain, claim)?, Some(claim)),
		};
		let bond = match duty {
			Duty::Continue { game, .. } => chain.case_of(game).bond,
			Duty::Accuse { claim, .. } => chain.case(claim).bond,
		};
		let taken = self.pool.send(nonce, call, &Urgency { until: duty.until(), bond }, chain.now);
		if let Some(claim) = claim.filter(|_| taken) {
			let journal = self.journals[claim as usize];
			self.write(claim, Journal { sent: Some(chain.now), ..journal });
		}
		if claim.is_some() {
			self.wake = self.wake.min(chain.now + OPENING_PAUSE);
		}
		Ok(())
	}

	fn seen<'b>(&self, claim: u32, said: &'b super::super::Said) -> Seen<'b>
	where
		'a: 'b,
	{
		let (strategy, case) = (self.scenario.strategy, &self.scenario.cases[claim as usize]);
		let withheld = self.scenario.right || strategy.withholds;
		let own = match self.scenario.planted {
			Some(Planted::Mistaken) => case.set.liar(case.liar + 1),
			Some(Planted::Trusting) if self.executor.is_rotten() => case.set.liar(case.liar + 1),
			_ => &case.set.honest,
		};
		let theirs = (!withheld).then(|| case.claimed());
		Seen { own, theirs, said, spoiled: strategy.spoils, bent: false }
	}

	fn answer(&self, chain: &Chain<'a>, number: u32) -> Result<Call, &'static str> {
		let entry = &chain.games[number as usize];
		let toy = chain.case(entry.claim).set.toy();
		let play = next_move(&entry.game, self.side, &self.seen(entry.claim, &entry.said), toy);
		let play = play.ok_or("the honest side has nothing to say")?;
		Ok(Call::Move { game: number, position: entry.game.position(), play })
	}

	/// Opens a game about a claim.
	fn accuse(&self, chain: &Chain<'a>, claim: u32) -> Result<Call, &'static str> {
		let said = super::super::Said::default();
		let params = chain.params(claim, chain.games.len() as u32);
		let play = opening(&params, &self.seen(claim, &said), chain.case(claim).set.toy());
		let play = play.or_else(|| {
			let eager = self.scenario.planted == Some(Planted::Eager);
			eager.then_some(Move::Ask)
		});
		let play = play.ok_or("the honest challenger finds nothing wrong with a wrong claim")?;
		Ok(Call::Open { claim, play })
	}
}

/// The replay that a phase of a game about a claim needs.
fn replay(claim: u32, phase: &Phase) -> Option<Replay> {
	let part = match phase {
		Phase::Steps { span } | Phase::Step { span, .. } => Part::Stride(span.start),
		Phase::Trace { step } | Phase::Tile { step, .. } => Part::Step(step.start),
		_ => return None,
	};
	Some(Replay { claim, part })
}

/// Whether an honest agent's transaction may be refused so: it came too late, somebody was faster, or a
/// re-org has changed what it answered. Anything else is a wrong move.
pub(super) fn is_excusable(refused: Refused, tx: &Tx) -> bool {
	match refused {
		Refused::UnknownGame | Refused::Closed | Refused::Full => true,
		Refused::Game(GameError::StalePosition | GameError::GameOver) => true,
		// A move in a game that another game's number now stands for.
		Refused::NotYours => matches!(tx.call, Call::Move { .. }),
		Refused::Game(_) | Refused::Locked => false,
	}
}

/// The claim that a transaction of the honest challenger accuses.
pub(super) fn accused(tx: &Tx) -> Option<u32> {
	match &tx.call {
		Call::Open { claim, play: Move::Open { .. } | Move::Ask } => Some(*claim),
		_ => None,
	}
}
