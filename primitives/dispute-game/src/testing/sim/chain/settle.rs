//! How games and claims end, and who pays whom.

use super::{super::money::Terms, Account, Chain, Party, Standing};
use crate::{Outcome, Side};

/// Most of a slash that goes to a challenger for its costs, in percent.
const COST_CAP: i64 = 5;
/// Taken from the stake when an undisputed claim is withdrawn, in percent.
const WITHDRAWAL: i64 = 5;

impl Chain<'_> {
	/// A game has ended: its bond goes back or is lost, and the claim hears of it.
	pub(super) fn settle(&mut self, number: u32, outcome: Outcome) {
		let full = !self.has_place();
		self.close(number);
		let entry = &self.games[number as usize];
		let (challenger, [accusing, defending]) = (entry.challenger, entry.costs);
		let (who, bond) = (self.party(challenger), self.scenario.bond);
		if outcome.claim_falls() {
			self.books.release(who, bond);
			self.fall(challenger, accusing);
			return;
		}
		let paid = defending.min(bond / 2);
		self.books.pay(who, self.solver(), paid);
		self.books.burn(who, bond - paid);
		if full {
			self.until = self.until.max(self.now + self.scenario.window);
		}
	}

	/// Takes a game off the books.
	fn close(&mut self, number: u32) {
		self.open.retain(|open| *open != number);
		let game = &self.games[number as usize].game;
		let (opened, bound) = (game.clocks().opened, game.bound());
		// The agenda ends a few games a block, and all of them may be due.
		let delay = self.scenario.places.div_ceil(self.scenario.tick);
		self.ends.games += 1;
		self.ends.late += u32::from(self.now > bound + delay);
		self.ends.longest = self.ends.longest.max(self.now - opened);
	}

	/// The claim was found wrong.
	fn fall(&mut self, accuser: Account, cost: i64) {
		let (stake, solver) = (self.scenario.stake, self.solver());
		let Terms { challenger_share, requester_share, .. } = self.scenario.terms;
		let to_accuser = stake * challenger_share / 100 + cost.min(stake * COST_CAP / 100);
		let to_requester = stake * requester_share / 100;
		self.books.pay(solver, self.party(accuser), to_accuser);
		self.books.pay(solver, Party::Requester, to_requester);
		self.books.burn(solver, stake - to_accuser - to_requester);
		self.books.release(Party::Requester, stake / 2);
		self.close_all();
		self.standing = Standing::Convicted(accuser);
	}

	/// The solver takes its claim back.
	pub(super) fn withdraw(&mut self) {
		let (stake, solver) = (self.scenario.stake, self.solver());
		let disputed = !self.open.is_empty();
		let Terms { disputed_withdrawal, cost_multiple, .. } = self.scenario.terms;
		let share = if disputed { disputed_withdrawal } else { WITHDRAWAL };
		let cost = |number: &u32| self.games[*number as usize].costs[Side::Challenger as usize];
		let spent: i64 = self.open.iter().map(cost).sum();
		let amount = (stake * share / 100).max(spent * cost_multiple).min(stake);
		let mut lost = amount;
		for number in self.open.clone() {
			let entry = &self.games[number as usize];
			let owed = entry.costs[Side::Challenger as usize].min(lost);
			lost -= owed;
			self.books.pay(solver, self.party(entry.challenger), owed);
		}
		self.books.burn(solver, lost);
		self.books.release(solver, stake - amount);
		self.books.release(Party::Requester, stake / 2);
		self.close_all();
		self.standing = Standing::Withdrawn;
	}

	/// Games about a claim that is gone are closed; their challengers lose nothing.
	fn close_all(&mut self) {
		for number in self.open.clone() {
			let who = self.party(self.games[number as usize].challenger);
			self.close(number);
			self.books.release(who, self.scenario.bond);
		}
	}

	pub(super) fn finalise(&mut self) {
		let (stake, solver) = (self.scenario.stake, self.solver());
		self.books.release(solver, stake);
		self.books.pay(Party::Requester, solver, stake / 2);
		self.standing = Standing::Final;
	}
}
