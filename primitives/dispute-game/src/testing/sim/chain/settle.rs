//! How games and claims end, and who pays whom.

use super::{
	super::money::{Terms, WITHDRAWAL},
	Account, Chain, Claim, Party, Planted, Standing,
};
use crate::{Outcome, Side};

/// Most of a slash that goes to a challenger for its costs, in percent.
const COST_CAP: i64 = 5;
/// Most blocks of a clock for two replays, as in the runtime.
const REPLAY_MAX: u32 = 50;
/// Blocks that the chain may take to end a game whose clock has run out, as in the runtime.
const AGENDA_SLACK: u32 = 64;

/// What the solver gets out of a lost bond, for moves of this worth.
pub(in super::super) fn refund(bond: i64, defending: i64) -> i64 {
	defending.min(bond / 2)
}

/// What a challenger that convicts a claim gets, for moves of this worth.
pub(in super::super) fn share(terms: &Terms, stake: i64, accusing: i64) -> i64 {
	stake * terms.challenger_share / 100 + accusing.min(stake * COST_CAP / 100)
}

/// Most blocks from the opening of a game to its end, if others about its claim were open.
fn longest(base: u32, others: u32) -> u32 {
	2 * (base + REPLAY_MAX * (others + 1)) + AGENDA_SLACK
}

impl Chain<'_> {
	fn claim_mut(&mut self, claim: u32) -> &mut Claim {
		&mut self.claims[claim as usize]
	}

	/// A game has ended: its bond goes back or is lost, and the claim hears of it.
	pub(super) fn settle(&mut self, number: u32, outcome: Outcome) {
		let (claim, case) = (self.games[number as usize].claim, self.case_of(number));
		let full = !self.has_place(claim);
		self.close(number);
		let entry = &self.games[number as usize];
		let (challenger, [accusing, defending]) = (entry.challenger, entry.costs);
		let (who, bond) = (self.party(challenger), case.bond);
		if outcome.claim_falls() {
			self.give_back(who, bond);
			self.fall(claim, challenger, accusing);
			return;
		}
		let paid = if self.has(Planted::Unpaid) { 0 } else { refund(bond, defending) };
		self.books.pay(who, self.solver(), paid);
		self.books.burn(who, bond - paid);
		if self.has(Planted::Minted) {
			self.books.mint(who, 1);
		}
		self.record();
		if full {
			let until = self.now + case.window;
			let claim = self.claim_mut(claim);
			claim.until = claim.until.max(until);
		}
	}

	fn give_back(&mut self, who: Party, bond: i64) {
		if !self.has(Planted::Kept) {
			self.books.release(who, bond);
		}
	}

	/// Takes a game off the books.
	fn close(&mut self, number: u32) {
		self.open.retain(|open| *open != number);
		let entry = &self.games[number as usize];
		let (claim, others) = (entry.claim, entry.others);
		let lasted = self.now - entry.game.clocks().opened;
		let late = lasted > longest(self.scenario.terms.clock, others);
		self.claim_mut(claim).open -= 1;
		self.ends.games += 1;
		self.ends.late += u32::from(late);
		self.ends.longest = self.ends.longest.max(lasted);
		if others == 0 {
			self.ends.longest_alone = self.ends.longest_alone.max(lasted);
		}
	}

	/// A claim was found wrong.
	fn fall(&mut self, claim: u32, accuser: Account, cost: i64) {
		let (case, solver) = (self.case(claim), self.solver());
		let (terms, stake) = (&self.scenario.terms, case.stake);
		let to_accuser = share(terms, stake, cost);
		let to_requester = stake * terms.requester_share / 100;
		self.books.pay(solver, self.party(accuser), to_accuser);
		self.books.pay(solver, Party::Requester, to_requester);
		self.books.burn(solver, stake - to_accuser - to_requester);
		self.books.release(Party::Requester, case.reward);
		self.close_all(claim);
		self.claim_mut(claim).standing = Standing::Convicted(accuser);
		self.record();
	}

	/// Numbers of the open games about a claim.
	fn about(&self, claim: u32) -> alloc::vec::Vec<u32> {
		let about = |number: &u32| self.games[*number as usize].claim == claim;
		self.open.iter().copied().filter(about).collect()
	}

	/// The solver takes a claim back.
	pub(super) fn withdraw(&mut self, claim: u32) {
		let (stake, solver) = (self.case(claim).stake, self.solver());
		let games = self.about(claim);
		let disputed = !games.is_empty();
		let Terms { disputed_withdrawal, cost_multiple, .. } = self.scenario.terms;
		let share = if disputed { disputed_withdrawal } else { WITHDRAWAL };
		let cost = |number: &u32| self.games[*number as usize].costs[Side::Challenger as usize];
		let spent: i64 = games.iter().map(cost).sum();
		let amount = (stake * share / 100).max(spent * cost_multiple).min(stake);
		// Half of it at most is given away, unless the challengers spent more.
		let half = (amount / 2 - spent).max(0);
		let (to_requester, each) = match i64::try_from(games.len()) {
			Ok(count @ 1..) => (half / 2, half / 2 / count),
			_ => (amount / 2, 0),
		};
		let mut lost = amount;
		for number in games {
			let entry = &self.games[number as usize];
			let owed = (entry.costs[Side::Challenger as usize] + each).min(lost);
			lost -= owed;
			self.books.pay(solver, self.party(entry.challenger), owed);
		}
		self.books.pay(solver, Party::Requester, to_requester.min(lost));
		self.books.burn(solver, lost - to_requester.min(lost));
		self.books.release(solver, stake - amount);
		self.books.release(Party::Requester, self.case(claim).reward);
		self.close_all(claim);
		self.claim_mut(claim).standing = Standing::Withdrawn;
		self.record();
	}

	/// Games about a claim that is gone are closed; their challengers lose nothing.
	fn close_all(&mut self, claim: u32) {
		for number in self.about(claim) {
			let who = self.party(self.games[number as usize].challenger);
			self.close(number);
			self.give_back(who, self.case(claim).bond);
		}
	}

	pub(super) fn finalise(&mut self, claim: u32) {
		let (case, solver) = (self.case(claim), self.solver());
		self.books.release(solver, case.stake);
		self.books.pay(Party::Requester, solver, case.reward);
		self.claim_mut(claim).standing = Standing::Final;
		self.record();
	}
}
