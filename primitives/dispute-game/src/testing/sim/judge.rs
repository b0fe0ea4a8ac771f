//! What must be true at the end of a match.

use super::{
	chain::{refund, share, Chain, Standing, CHALLENGER},
	money::Party,
	scenario::Scenario,
};
use crate::{Outcome, Side};

/// Says what went wrong, if something did: a claim, a bond, or the honest side's money, which is counted again from the
/// games.
pub(super) fn judge(scenario: &Scenario<'_>, chain: &Chain<'_>) -> Result<(), &'static str> {
	for claim in 0..scenario.cases.len() as u32 {
		fate(claim, chain)?;
	}
	if !chain.open.is_empty() || chain.books.held() != chain.owed() {
		return Err("something is on hold although all claims are gone");
	}
	let gain = chain.books.gain(Party::Honest);
	let spent = chain.books.spent(Party::Honest);
	let work = spent - chain.books.paid(Party::Honest);
	let (owed, repaid) = match scenario.right {
		true => solver(scenario, chain),
		false => challenger(scenario, chain)?,
	};
	if gain - work < owed + repaid - spent {
		return Err("the honest side did not get what it is owed");
	}
	// A bond pays for a defence, but for tips and for moves that others were faster with.
	let lost = chain.books.tipped(Party::Honest) + chain.books.wasted(Party::Honest);
	if scenario.right && gain - work < owed - lost {
		return Err("the honest solver paid for its defence");
	}
	Ok(())
}

/// Whether a claim came to the end that it deserves.
fn fate(claim: u32, chain: &Chain<'_>) -> Result<(), &'static str> {
	match (chain.case(claim).right, chain.claims[claim as usize].standing) {
		(_, Standing::Challenged) => Err("a claim is neither gone nor final"),
		(true, Standing::Final) => Ok(()),
		(true, Standing::Convicted(_)) => Err("a right claim was convicted"),
		(true, Standing::Withdrawn) => Err("a right claim was withdrawn"),
		(false, Standing::Final) => Err("a wrong claim became final"),
		(false, Standing::Convicted(_) | Standing::Withdrawn) => Ok(()),
	}
}

/// What an honest solver is owed for its work, and for its defence.
fn solver(scenario: &Scenario<'_>, chain: &Chain<'_>) -> (i64, i64) {
	let rewards = scenario.cases.iter().map(|case| case.reward).sum();
	let refunds = chain.games.iter().map(|entry| {
		let [_, defending] = entry.costs;
		refund(chain.case(entry.claim).bond, defending)
	});
	(rewards, refunds.sum())
}

/// What an honest challenger is owed for convictions, and for moves against claims that were taken back.
fn challenger(scenario: &Scenario<'_>, chain: &Chain<'_>) -> Result<(i64, i64), &'static str> {
	let (mut owed, mut repaid) = (0, 0);
	for entry in chain.games.iter().filter(|entry| entry.challenger == CHALLENGER) {
		let (case, claim) = (chain.case(entry.claim), &chain.claims[entry.claim as usize]);
		let cost = entry.costs[Side::Challenger as usize];
		match (entry.game.outcome(), claim.standing) {
			(Some(end), _) if !end.claim_falls() => {
				return Err("the honest challenger lost its bond");
			},
			(Some(Outcome::Convicted(_)), _) => owed += share(&scenario.terms, case.stake, cost),
			// At least while ten times that is not more than all that there is.
			(_, Standing::Withdrawn) => repaid += cost.min(case.stake / 10),
			_ => (),
		}
	}
	let own = |claim: u32| chain.claims[claim as usize].standing == Standing::Convicted(CHALLENGER);
	let mut wrong = wrong(scenario);
	// A conviction is worth more than all that led to it.
	if wrong.all(own) && owed <= chain.books.spent(Party::Honest) {
		return Err("the honest challenger was not paid");
	}
	Ok((owed, repaid))
}

fn wrong<'s>(scenario: &'s Scenario<'_>) -> impl Iterator<Item = u32> + 's {
	let cases = (0..).zip(&scenario.cases);
	cases.filter(|(_, case)| !case.right).map(|(claim, _)| claim)
}

/// Whether every wrong claim fell to somebody else than the honest challenger.
pub(super) fn is_self_inflicted(scenario: &Scenario<'_>, chain: &Chain<'_>) -> bool {
	let standing = |claim: u32| chain.claims[claim as usize].standing;
	let other = |claim: u32| matches!(standing(claim), Standing::Convicted(by) if by != CHALLENGER);
	wrong(scenario).all(other)
}
