//! One match from the claims to their end.

mod misfortune;

use alloc::{string::String, vec::Vec};

use super::{
	super::Rng,
	agent::{accused, is_excusable, Agent},
	chain::{price_of_a_block, Call, Chain, Fact, Tx},
	deeds::{self, Deed, Deeds},
	foe::Foe,
	judge::judge,
	library::Library,
	money::Party,
	scenario::{Censor, Flood, Mishap, Order, Scenario, Wanted},
	strategies::Strategy,
	tips::highest,
};
use crate::MoveKind;
use misfortune::{Branch, Finality};

/// Blocks after which a match that has not ended is a fault.
const FOREVER: u32 = 1 << 24;

/// What one match came to.
#[derive(Clone, Copy, Debug)]
pub struct Report {
	/// What the adversary tried.
	pub strategy: &'static Strategy,
	/// Whether the honest agent has made the claims. Otherwise it challenges those that are wrong.
	pub right: bool,
	/// Claims.
	pub claims: u32,
	/// Games that were played.
	pub games: u32,
	/// Games that took longer than two clocks, which are longer where others are open, and the agenda's delay.
	pub late: u32,
	/// Blocks of the longest game.
	pub longest: u32,
	/// Blocks of the longest that was alone about its claim when it was opened.
	pub longest_alone: u32,
	/// Blocks until all claims were gone or final.
	pub blocks: u32,
	/// Moves that were accepted.
	pub moves: u32,
	/// What the adversary lost, in millionths of a token. Tips of the honest side are its gain.
	pub loss: i64,
	/// Worth of the honest side's moves and its tips, before anything was paid back.
	pub cost: i64,
	/// Tips of the honest side.
	pub tips: i64,
	/// What was at stake behind the claims, or behind those that were wrong.
	pub stake: i64,
	/// Every wrong claim fell to an accomplice of its own solver.
	pub self_inflicted: bool,
	/// What the adversary did.
	pub deeds: Deeds,
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
	Scenario::draw(seed, wanted, library).play()
}

impl Scenario<'_> {
	/// Plays the match to its end.
	///
	/// Panics where an invariant of the game itself does not hold.
	pub fn play(&self) -> Result<Report, Fault> {
		let (seed, strategy) = (self.seed, self.strategy.name);
		let fault = |what: &str| Fault { seed, strategy, what: what.into() };
		let mut world = World::new(self);
		world.run().map_err(fault)?;
		judge(self, &world.chain).map_err(fault)?;
		Ok(world.report())
	}
}

struct World<'a> {
	scenario: &'a Scenario<'a>,
	began: u32,
	chain: Chain<'a>,
	agent: Agent<'a>,
	foe: Foe<'a>,
	rng: Rng,
	/// Of the scenario's forks, crashes and damages, those whose time has come.
	forked: usize,
	crashed: usize,
	rotted: usize,
	branches: Vec<Branch<'a>>,
	finality: Finality,
	/// Something has happened in the present block: everybody looks at the next.
	stirred: bool,
	/// The best branch is made in secret until this block: the agent does not see it.
	hidden_until: u32,
	/// Money that is left for filling blocks.
	purse: i64,
	deeds: Deeds,
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
			forked: 0,
			crashed: 0,
			rotted: 0,
			branches: Vec::new(),
			finality: Finality::new(scenario),
			stirred: true,
			hidden_until: 0,
			purse: scenario.flood.map_or(0, |flood| flood.purse),
			deeds: Deeds::default(),
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
			let open = self.chain.open.clone();
			self.chain.begin(next)?;
			self.note_ends(&open);
			if !self.chain.is_over() {
				self.make_block()?;
			}
			self.stirred = self.chain.ends.moves != moves;
			self.chain.check_block()?;
			if self.chain.now >= self.hidden_until {
				self.agent.look(&self.chain)?;
			}
			self.misfortune()?;
			if self.chain.is_over() && self.branches.is_empty() {
				return self.finality.check(&self.chain);
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
		let branch = self.branches.iter().map(|branch| branch.until).min();
		let hidden = (self.hidden_until > self.chain.now).then_some(self.hidden_until);
		let ends = self.chain.claims.iter().filter(|claim| claim.open == 0);
		let end = ends.map(|claim| claim.until + 1).filter(|end| *end > self.chain.now).min();
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

	/// Blocks that the honest side can still be kept out of a chain.
	fn left(&self, chain: &Chain<'_>) -> u32 {
		self.scenario.budget.saturating_sub(chain.withheld)
	}

	fn make_block(&mut self) -> Result<(), &'static str> {
		let waiting: Vec<Tx> = self.agent.pending(&self.chain).cloned().collect();
		let [before, after] = self.foe.act(&self.chain, &waiting);
		let withholds = !waiting.is_empty() && self.withholds(&waiting);
		let blind = self.chain.now < self.agent.down_until.max(self.hidden_until);
		if withholds {
			self.chain.withheld += u32::from(!blind);
			self.chain.in_a_row += 1;
			let opens = waiting.iter().any(|tx| accused(tx).is_some());
			self.deeds.when(opens, Deed::MutedOpening);
		} else if !waiting.is_empty() {
			self.chain.in_a_row = 0;
		}
		let kept_out = withholds || self.floods(&waiting);
		let wanted = if kept_out { &[] } else { waiting.as_slice() };
		let ahead = self.scenario.order == Order::Last || self.scenario.strategy.copies;
		let theirs = before.into_iter().chain(after).collect();
		let (mine, theirs) = self.lane(wanted, theirs, ahead);
		if ahead {
			theirs.iter().for_each(|tx| self.include_foe(tx, &waiting));
		}
		for tx in &mine {
			self.include_honest(tx)?;
		}
		if !ahead {
			theirs.iter().for_each(|tx| self.include_foe(tx, &waiting));
		}
		Ok(())
	}

	/// What one block's lane takes of both sides' transactions: what tips most, the honest side's in the order of their
	/// nonces. Of those that tip the same the adversary's come first if it is `ahead`.
	fn lane(&self, honest: &[Tx], foes: Vec<Tx>, ahead: bool) -> (Vec<Tx>, Vec<Tx>) {
		let (mut room, mut verdicts) = (self.scenario.lane, self.scenario.verdicts);
		let (mut mine, mut theirs) = (Vec::new(), Vec::new());
		let (mut honest, mut foes) = (honest.iter().peekable(), foes.into_iter().peekable());
		while room > 0 {
			let own = match (honest.peek(), foes.peek()) {
				(None, None) => break,
				(Some(tx), Some(other)) => tx.tip > other.tip || (tx.tip == other.tip && !ahead),
				(own, _) => own.is_some(),
			};
			let tx = if own { honest.next().cloned() } else { foes.next() };
			let Some(tx) = tx else { break };
			if has_evidence(&tx) {
				if verdicts == 0 {
					// Later ones of the same account have to wait as well.
					if own {
						honest = [].iter().peekable();
					}
					continue;
				}
				verdicts -= 1;
			}
			room -= 1;
			(if own { &mut mine } else { &mut theirs }).push(tx);
		}
		(mine, theirs)
	}

	fn include_foe(&mut self, tx: &Tx, waiting: &[Tx]) {
		if let Call::Open { claim, .. } = tx.call {
			self.foe.sent(tx.from, claim);
		}
		let deeds = deeds::of(tx, &self.chain, self.scenario);
		let open = self.chain.open.clone();
		// What is refused has cost its fee.
		match self.chain.include(tx) {
			Ok(()) => {
				self.deeds.join(deeds);
				self.deeds.when(waiting.iter().any(|other| other.call == tx.call), Deed::Copied);
				self.note_ends(&open);
			},
			Err(refused) => self.deeds.join(deeds::of_refused(tx, refused)),
		}
	}

	/// Takes note of games that were open and are not.
	fn note_ends(&mut self, before: &[u32]) {
		if before.len() > self.chain.open.len() {
			for number in before.iter().filter(|number| !self.chain.open.contains(number)) {
				self.deeds.join(deeds::of_end(*number, &self.chain));
			}
		}
	}

	fn include_honest(&mut self, tx: &Tx) -> Result<(), &'static str> {
		self.chain.nonce += 1;
		self.deeds.join(deeds::of_honest(tx));
		if accused(tx).is_some_and(|claim| self.chain.case(claim).right) {
			return Err("the honest challenger accuses a right claim");
		}
		match self.chain.include(tx) {
			Ok(()) => Ok(()),
			Err(refused) if is_excusable(refused, tx) => {
				let full = refused == super::chain::Refused::Full;
				self.deeds.when(full, Deed::ShutOut);
				Ok(())
			},
			Err(_) if accused(tx).is_some() => Err("the honest side's opening is wrong in itself"),
			Err(_) => Err("the honest side's move is wrong in itself"),
		}
	}

	/// Whether the adversary fills this block with calls that pay more than any move of the honest side.
	fn floods(&mut self, waiting: &[Tx]) -> bool {
		let Some(Flood { late, .. }) = self.scenario.flood else { return false };
		let Some(highest) = waiting.iter().map(|tx| tx.tip).max() else { return false };
		let price = price_of_a_block(highest + 1);
		if price > self.purse || (late && !self.lasts()) {
			return false;
		}
		self.purse -= price;
		self.chain.fill(highest + 1);
		self.deeds.add(Deed::Flooded);
		true
	}

	/// Whether the purse lasts until a clock or a window of the honest side's is empty, at the highest price.
	fn lasts(&self) -> bool {
		let bonds = self.scenario.cases.iter().map(|case| case.bond);
		let price = price_of_a_block(highest(bonds.max().unwrap_or(0)) + 1);
		let last = self.chain.now + u32::try_from(self.purse / price).unwrap_or(u32::MAX / 2);
		let mine = |number: &&u32| self.agent.is_mine(&self.chain, **number);
		let mut games = self.chain.open.iter().filter(mine);
		let mut claims = (0..self.chain.claims.len() as u32)
			.filter(|claim| self.agent.is_opening(&self.chain, *claim))
			.map(|claim| self.chain.claims[claim as usize].until);
		games.any(|number| self.chain.deadline(*number) <= last)
			|| claims.any(|until| until <= last)
	}

	/// Whether the honest side's moves stay out of this block.
	fn withholds(&mut self, waiting: &[Tx]) -> bool {
		let row = self.chain.in_a_row < self.scenario.streak;
		if self.left(&self.chain) == 0 || !row {
			return false;
		}
		match self.scenario.censor {
			Censor::Never => false,
			Censor::AtOnce => true,
			Censor::AtRandom => self.rng.one_in(2),
			Censor::ForTips => {
				let bonds = self.scenario.cases.iter().map(|case| case.bond);
				let most = bonds.map(highest).min().unwrap_or(0);
				waiting.iter().any(|tx| tx.tip < most)
			},
			// The budget is spent when the last block would be reached by it.
			Censor::AtTheEnd => {
				let left = self.left(&self.chain);
				let near = |number: &u32| self.chain.deadline(*number) <= self.chain.now + left + 1;
				self.chain.open.iter().any(near)
			},
		}
	}

	fn report(&self) -> Report {
		let (books, ends) = (&self.chain.books, self.chain.ends);
		let Scenario { right, cases, .. } = self.scenario;
		// The requester of a wrong task may be its solver's accomplice.
		let shared = if *right { 0 } else { books.gain(Party::Requester).max(0) };
		let attacked = cases.iter().filter(|case| case.right == *right);
		Report {
			strategy: self.scenario.strategy,
			right: *right,
			claims: cases.len() as u32,
			games: ends.games,
			late: ends.late,
			longest: ends.longest,
			longest_alone: ends.longest_alone,
			blocks: self.chain.now - self.began,
			moves: ends.moves,
			loss: -books.gain(Party::Foe) - shared,
			cost: books.spent(Party::Honest),
			tips: books.tipped(Party::Honest),
			stake: attacked.map(|case| case.stake).sum(),
			self_inflicted: !right && super::judge::is_self_inflicted(self.scenario, &self.chain),
			deeds: self.deeds(),
			trace: ends.trace,
		}
	}

	fn deeds(&self) -> Deeds {
		let (mut deeds, Scenario { right, cases, .. }) = (self.deeds, self.scenario);
		deeds.when(!right && cases.iter().any(|case| case.right), Deed::MetRightClaims);
		deeds.when(self.agent.went_back, Deed::WentBackInJournal);
		deeds.when(self.chain.nonce > 0 && self.foe.sent_lost_branch, Deed::SentLostBranch);
		deeds
	}
}

/// Whether a transaction is a move that may bring evidence.
fn has_evidence(tx: &Tx) -> bool {
	let Call::Move { play, .. } = &tx.call else { return false };
	matches!(play.kind(), MoveKind::PickTile | MoveKind::PickBlock | MoveKind::OpenTile)
}
