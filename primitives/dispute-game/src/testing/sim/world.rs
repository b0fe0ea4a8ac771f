//! One match from the claim to its end.

use alloc::{string::String, vec::Vec};

use super::{
	super::Rng,
	agent::{is_excusable, is_opening, Agent},
	chain::{Call, Chain, Standing, Tx, CHALLENGER},
	foe::Foe,
	library::Library,
	money::Party,
	scenario::{Censor, Mishap, Order, Scenario, Wanted, VERDICTS},
	strategies::Strategy,
};
use crate::MoveKind;

/// Blocks after which a match that has not ended is a fault.
const FOREVER: u32 = 1 << 24;

/// What one match came to.
#[derive(Clone, Copy, Debug)]
pub struct Report {
	/// What the adversary tried.
	pub strategy: &'static Strategy,
	/// Whether the claim was right.
	pub right: bool,
	/// Games that were played.
	pub games: u32,
	/// Games that ended after their bound and the agenda's delay.
	pub late: u32,
	/// Blocks of the longest game.
	pub longest: u32,
	/// Blocks until the claim was gone or final.
	pub blocks: u32,
	/// Moves that were accepted.
	pub moves: u32,
	/// What the adversary lost, in millionths of a token.
	pub loss: i64,
	/// Worth of the honest side's moves, before anything was paid back.
	pub cost: i64,
	/// What was at stake behind the claim.
	pub stake: i64,
	/// The claim fell to an accomplice of its own solver.
	pub self_inflicted: bool,
	/// Digest of everything that happened.
	pub trace: u64,
}

/// A match that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
	/// Its seed.
	pub seed: u64,
	/// What the adversary tried.
	pub strategy: &'static str,
	/// What went wrong.
	pub what: String,
}

/// Plays the match of a seed to its end.
///
/// Panics where an invariant of the game itself does not hold.
pub fn play(seed: u64, wanted: &Wanted, library: &mut Library) -> Result<Report, Fault> {
	let scenario = Scenario::draw(seed, wanted, library);
	let fault = |what: &str| Fault { seed, strategy: scenario.strategy.name, what: what.into() };
	let mut world = World::new(&scenario);
	world.run().map_err(fault)?;
	world.judge().map_err(fault)?;
	Ok(world.report())
}

/// A branch that a re-org will bring back.
struct Branch<'a> {
	chain: Chain<'a>,
	/// Block in which the other branch has been made.
	until: u32,
}

struct World<'a> {
	scenario: &'a Scenario<'a>,
	began: u32,
	chain: Chain<'a>,
	agent: Agent<'a>,
	foe: Foe<'a>,
	rng: Rng,
	fork: Option<Mishap>,
	crash: Option<Mishap>,
	branch: Option<Branch<'a>>,
	/// Something has happened in the present block: everybody looks at the next.
	stirred: bool,
	/// The best branch is made in secret until this block: the agent does not see it.
	hidden_until: u32,
}

impl<'a> World<'a> {
	fn new(scenario: &'a Scenario<'a>) -> Self {
		let mut rng = Rng(scenario.seed ^ 0x0B10C);
		let began = rng.below(1 << 30);
		Self {
			scenario,
			began,
			chain: Chain::new(scenario, began),
			agent: Agent::new(scenario, began),
			foe: Foe::new(scenario, began),
			rng,
			fork: scenario.fork,
			crash: scenario.crash,
			branch: None,
			stirred: true,
			hidden_until: 0,
		}
	}

	fn run(&mut self) -> Result<(), &'static str> {
		loop {
			let next = self.next_block();
			if next - self.began > FOREVER {
				return Err("the match does not end");
			}
			self.lose_time(next);
			let moves = self.chain.ends.moves;
			self.chain.begin(next)?;
			if !self.chain.is_over() {
				self.make_block()?;
			}
			self.stirred = self.chain.ends.moves != moves;
			self.chain.check_block()?;
			if self.chain.now >= self.hidden_until {
				self.agent.look(&self.chain)?;
			}
			self.misfortune();
			if self.chain.is_over() && self.branch.is_none() {
				return Ok(());
			}
		}
	}

	/// The next block in which anything happens; those between are empty.
	fn next_block(&self) -> u32 {
		let soon = self.chain.now + 1;
		if self.stirred || self.agent.pending(&self.chain).next().is_some() {
			return soon;
		}
		let expiry = self.chain.open.iter().map(|number| self.chain.deadline(*number)).min();
		let branch = self.branch.as_ref().map(|branch| branch.until);
		let hidden = (self.hidden_until > self.chain.now).then_some(self.hidden_until);
		let end = self.chain.open.is_empty().then_some(self.chain.until + 1);
		let events = [expiry, branch, hidden, end, Some(self.agent.wake()), Some(self.foe.wake())];
		events.into_iter().flatten().min().map_or(soon, |event| event.max(soon))
	}

	/// Blocks in which the agent is down although it has something to do.
	fn lose_time(&mut self, next: u32) {
		let blind = self.agent.down_until.max(self.hidden_until);
		if let Some(from) = self.agent.due_from(&self.chain) {
			self.chain.withheld += next.min(blind).saturating_sub(from);
		}
	}

	/// Blocks that the honest side can still be kept out of the chain.
	fn left(&self) -> u32 {
		self.scenario.budget.saturating_sub(self.chain.withheld)
	}

	fn make_block(&mut self) -> Result<(), &'static str> {
		let mut verdicts = 0;
		let fits = |tx: &&Tx| {
			verdicts += usize::from(has_evidence(tx));
			verdicts <= VERDICTS
		};
		let waiting: Vec<Tx> = self.agent.pending(&self.chain).take_while(fits).cloned().collect();
		let [before, after] = self.foe.act(&self.chain, &waiting);
		let withholds = !waiting.is_empty() && self.withholds();
		let blind = self.chain.now < self.agent.down_until.max(self.hidden_until);
		if withholds {
			self.chain.withheld += u32::from(!blind);
			self.chain.in_a_row += 1;
		} else if !waiting.is_empty() {
			self.chain.in_a_row = 0;
		}
		// The adversary's moves fill the lane at most up to the honest side's.
		let lane = self.scenario.lane as usize;
		let room = if withholds { lane } else { lane.saturating_sub(waiting.len()) };
		let txs: Vec<Tx> = before.into_iter().chain(after).take(room).collect();
		let ahead = self.scenario.order == Order::Last || self.scenario.strategy.copies;
		if ahead {
			txs.iter().for_each(|tx| self.include_foe(tx));
		}
		if !withholds {
			for tx in &waiting {
				self.include_honest(tx)?;
			}
		}
		if !ahead {
			txs.iter().for_each(|tx| self.include_foe(tx));
		}
		Ok(())
	}

	fn include_foe(&mut self, tx: &Tx) {
		if matches!(tx.call, Call::Open(_)) {
			self.foe.sent(tx.from);
		}
		// What is refused has cost its fee.
		let _ = self.chain.include(tx);
	}

	fn include_honest(&mut self, tx: &Tx) -> Result<(), &'static str> {
		self.chain.nonce += 1;
		match self.chain.include(tx) {
			Ok(()) => Ok(()),
			Err(refused) if is_excusable(refused, tx) => Ok(()),
			Err(_) if is_opening(tx) => Err("the honest side's opening is wrong in itself"),
			Err(_) => Err("the honest side's move is wrong in itself"),
		}
	}

	/// Whether the honest side's moves stay out of this block.
	fn withholds(&mut self) -> bool {
		let row = self.chain.in_a_row < self.scenario.streak;
		if self.left() == 0 || !row {
			return false;
		}
		match self.scenario.censor {
			Censor::Never => false,
			Censor::AtOnce => true,
			Censor::AtRandom => self.rng.one_in(2),
			// The budget is spent when the last block would be reached by it.
			Censor::AtTheEnd => {
				let left = self.left();
				let near = |number: &u32| self.chain.deadline(*number) <= self.chain.now + left + 1;
				self.chain.open.iter().any(near)
			},
		}
	}

	/// Re-orgs and crashes.
	fn misfortune(&mut self) {
		let now = self.chain.now;
		if self.branch.as_ref().is_some_and(|branch| now >= branch.until) {
			if let Some(branch) = self.branch.take() {
				// The other branch is one block longer, and nobody saw it before it was.
				self.hidden_until = branch.until + 1;
				self.chain = branch.chain;
				self.stirred = true;
				self.foe.lost_branch = self.scenario.strategy.replays;
			}
			return;
		}
		let moves = self.chain.ends.moves;
		let due = |mishap: &Mishap| moves > mishap.after;
		if self.chain.is_over() || now < self.hidden_until {
			return;
		}
		if let Some(fork) = self.fork.filter(due) {
			self.fork = None;
			// Either branch costs the honest side at most what the chain then shows.
			if self.branch.is_none() && self.left() >= 2 * fork.blocks + 2 {
				self.branch = Some(Branch { chain: self.chain.clone(), until: now + fork.blocks });
			}
		} else if let Some(crash) = self.crash.filter(due) {
			self.crash = None;
			if self.branch.is_none() && self.left() > crash.blocks {
				self.agent.crash(now, crash.blocks);
			}
		}
	}

	/// What must be true at the end.
	fn judge(&self) -> Result<(), &'static str> {
		let Scenario { right, stake, .. } = *self.scenario;
		let gain = self.chain.books.gain(Party::Honest);
		match (right, self.chain.standing) {
			(_, Standing::Challenged) => Err("the claim is neither gone nor final"),
			(true, Standing::Final) if gain < stake / 4 => Err("the honest solver was not paid"),
			(true, Standing::Final) => Ok(()),
			(true, Standing::Convicted(_)) => Err("a right claim was convicted"),
			(true, Standing::Withdrawn) => Err("a right claim was withdrawn"),
			(false, Standing::Final) => Err("a wrong claim became final"),
			(false, Standing::Withdrawn) => Ok(()),
			(false, Standing::Convicted(CHALLENGER)) if gain <= 0 => {
				Err("the honest challenger was not paid")
			},
			(false, Standing::Convicted(_)) => Ok(()),
		}?;
		// Its bond was lost only if its game was.
		let lost = |number: usize| {
			let entry = &self.chain.games[number];
			let outcome = entry.game.outcome();
			entry.challenger == CHALLENGER && outcome.is_some_and(|end| !end.claim_falls())
		};
		if !right && (0..self.chain.games.len()).any(lost) {
			return Err("the honest challenger lost its bond");
		}
		Ok(())
	}

	fn report(&self) -> Report {
		let books = &self.chain.books;
		let ends = self.chain.ends;
		// The requester of a wrong task may be its solver's accomplice.
		let shared = if self.scenario.right { 0 } else { books.gain(Party::Requester).max(0) };
		Report {
			strategy: self.scenario.strategy,
			right: self.scenario.right,
			games: ends.games,
			late: ends.late,
			longest: ends.longest,
			blocks: self.chain.now - self.began,
			moves: ends.moves,
			loss: -books.gain(Party::Foe) - shared,
			cost: books.spent(Party::Honest),
			stake: self.scenario.stake,
			self_inflicted: matches!(self.chain.standing, Standing::Convicted(by) if by != CHALLENGER),
			trace: ends.trace,
		}
	}
}

/// Whether a transaction is a move that may bring evidence.
fn has_evidence(tx: &Tx) -> bool {
	let Call::Move { play, .. } = &tx.call else { return false };
	matches!(play.kind(), MoveKind::PickTile | MoveKind::PickBlock | MoveKind::OpenTile)
}
