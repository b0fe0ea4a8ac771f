//! Re-orgs, crashes and damaged files, several in one match, also while others last.

use super::{Deed, Mishap, World};
use crate::testing::sim::{chain::Chain, planted::Planted};

/// A branch that a re-org will bring back.
#[derive(Clone, Debug)]
pub(super) struct Branch<'a> {
	chain: Chain<'a>,
	/// Block in which the other branch has been made.
	pub(super) until: u32,
	/// The last block that all branches have that there were beside this one.
	base: u32,
}

impl<'a> World<'a> {
	/// What happens between two blocks; an error where something is undone that was final.
	pub(super) fn misfortune(&mut self) -> Result<(), &'static str> {
		let now = self.chain.now;
		if let Some(due) = self.branches.iter().position(|branch| now >= branch.until) {
			let branch = self.branches.remove(due);
			self.deeds.when(now < self.agent.down_until, Deed::ReorgedWhileDown);
			// The other branch is one block longer, and nobody saw it before it was.
			self.hidden_until = branch.until + 1;
			self.chain = branch.chain;
			self.stirred = true;
			self.foe.lost_branch = self.scenario.strategy.replays;
			return self.finality.check(&self.chain);
		}
		if now < self.hidden_until {
			return Ok(());
		}
		self.finality.advance(&self.chain);
		if !self.chain.is_over() {
			self.fork();
			self.crash();
			self.rot();
		}
		Ok(())
	}

	/// The next of these that begins now.
	fn due(&self, mishaps: &[Mishap], begun: usize) -> Option<Mishap> {
		let moves = self.chain.ends.moves;
		mishaps.get(begun).copied().filter(|mishap| moves > mishap.after)
	}

	/// Begins a branch that will replace this one, unless it would undo what is final or one of those that there are
	/// already would be longer.
	fn fork(&mut self) {
		let Some(fork) = self.due(&self.scenario.forks, self.forked) else { return };
		self.forked += 1;
		let (now, until) = (self.chain.now, self.chain.now + fork.blocks);
		let base = self.branches.iter().map(|branch| branch.base).min().unwrap_or(now);
		let longest = self.branches.iter().all(|branch| branch.until + 1 < until);
		let down = self.agent.down_until.saturating_sub(now);
		// Either branch costs the honest side at most what the chain then shows.
		let bearable = self.left(&self.chain) >= 2 * fork.blocks + 2 + down;
		if longest && bearable && until - base <= self.scenario.finality {
			self.deeds.when(!self.branches.is_empty(), Deed::ForkedAgain);
			self.branches.push(Branch { chain: self.chain.clone(), until, base });
		}
	}

	/// What the honest side has stored is damaged, perhaps before it has done anything.
	fn rot(&mut self) {
		let moves = self.chain.ends.moves;
		if self.scenario.rots.get(self.rotted).is_some_and(|rot| moves >= rot.after) {
			self.rotted += 1;
			self.agent.rot(self.chain.now);
			self.deeds.add(Deed::DamagedFiles);
		}
	}

	/// The honest side's process ends for a while.
	fn crash(&mut self) {
		let Some(crash) = self.due(&self.scenario.crashes, self.crashed) else { return };
		self.crashed += 1;
		let now = self.chain.now;
		let until = self.agent.down_until.max(now + crash.blocks);
		// Also on each branch, where it begins as long before as that is old.
		let bears = |branch: &Branch<'_>| {
			let hidden = 2 * (branch.until - branch.chain.now) + 2;
			self.left(&branch.chain) >= hidden + (until - now)
		};
		if self.left(&self.chain) > until - now && self.branches.iter().all(bears) {
			self.deeds.when(!self.branches.is_empty(), Deed::CrashedInFork);
			self.agent.crash(until);
		}
	}
}

/// The blocks that are final: no re-org takes them back.
#[derive(Clone, Debug)]
pub(super) struct Finality {
	/// Blocks behind the best one.
	lag: u32,
	/// Moves and payments in final blocks, and what they have come to.
	count: usize,
	last: Option<super::Fact>,
}

impl Finality {
	pub(super) fn new(scenario: &super::Scenario<'_>) -> Self {
		let hasty = scenario.planted == Some(Planted::Hasty);
		Self { lag: if hasty { 0 } else { scenario.finality }, count: 0, last: None }
	}

	/// Looks at a chain that everybody sees.
	fn advance(&mut self, chain: &Chain<'_>) {
		let block = chain.now.saturating_sub(self.lag);
		while let Some(fact) = chain.facts.get(self.count).filter(|fact| fact.at <= block) {
			(self.count, self.last) = (self.count + 1, Some(*fact));
		}
	}

	/// Whether a chain has all that is final: the same outcomes, and the same money for the same.
	pub(super) fn check(&self, chain: &Chain<'_>) -> Result<(), &'static str> {
		match self.count.checked_sub(1).and_then(|last| chain.facts.get(last)).copied() == self.last
		{
			true => Ok(()),
			false => Err("what was final is undone"),
		}
	}
}
