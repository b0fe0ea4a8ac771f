//! The adversary: all accounts but the honest agent's, with one mind.

use alloc::vec::Vec;

use super::{
	super::{player::nonsense, Execution, Rng, Said},
	bend::Bend,
	case::Case,
	chain::{Account, Call, Chain, Claim, Entry, Tx, CHALLENGER, FIRST_FOE, SOLVER},
	oracle::Seen,
	scenario::Scenario,
	strategies::{Lists, Pace},
};
use crate::{
	strategy::{next_move, opening},
	Move, MoveOf, Root, Side,
};

/// What it remembers at most of what was sent, to send it again.
const MEMORY: usize = 24;

/// When it will move in a game.
#[derive(Clone, Copy, Debug)]
struct Plan {
	position: Root,
	at: u32,
}

/// The adversary.
#[derive(Clone, Debug)]
pub(super) struct Foe<'a> {
	scenario: &'a Scenario<'a>,
	rng: Rng,
	/// By number of the game.
	plans: Vec<Plan>,
	/// Accounts that have accused, in all and by claim.
	used: u32,
	accused: Vec<u32>,
	/// Everything that was sent, by anyone.
	past: Vec<Tx>,
	/// A branch was lost: send it all again.
	pub(super) lost_branch: bool,
	/// That was done.
	pub(super) sent_lost_branch: bool,
	/// First block in which it will act.
	wake: u32,
}

impl<'a> Foe<'a> {
	pub(super) fn new(scenario: &'a Scenario<'a>, now: u32) -> Self {
		Self {
			scenario,
			rng: Rng(scenario.seed ^ 0xF0E),
			plans: Vec::new(),
			used: 0,
			accused: alloc::vec![0; scenario.cases.len()],
			past: Vec::new(),
			lost_branch: false,
			sent_lost_branch: false,
			wake: now + 1,
		}
	}

	/// First block in which it will act.
	pub(super) fn wake(&self) -> u32 {
		self.wake
	}

	/// Whether it still has accusations to make about a claim.
	fn has_accounts(&self, claim: u32) -> bool {
		self.accused[claim as usize] < self.scenario.cases[claim as usize].accounts
	}

	/// The adversary's side of a game, if its move is awaited there.
	fn side(&self, chain: &Chain<'_>, number: u32) -> Option<Side> {
		let mover = chain.games[number as usize].game.mover()?;
		let who = chain.account(number, mover);
		let own = who >= FIRST_FOE || (who == SOLVER && !self.scenario.right);
		own.then_some(mover)
	}

	/// What it puts into this block, while it sees what the honest side waits for: what goes before, and
	/// what goes after.
	pub(super) fn act(&mut self, chain: &Chain<'a>, pool: &[Tx]) -> [Vec<Tx>; 2] {
		let strategy = self.scenario.strategy;
		let (mut early, mut late) = (Vec::new(), Vec::new());
		self.wake = u32::MAX;
		if strategy.copies {
			early.extend(pool.iter().filter_map(|tx| self.copy(chain, tx)));
		}
		if self.lost_branch {
			self.lost_branch = false;
			self.sent_lost_branch = !self.past.is_empty();
			early.extend(self.past.iter().filter(|tx| self.may_send(tx)).cloned());
		}
		for _ in 0..strategy.noise {
			early.extend(self.noise(chain));
		}
		let moves = self.moves(chain);
		match self.rng.one_in(2) {
			true => early.extend(moves),
			false => late.extend(moves),
		}
		self.accuse(chain, &mut late);
		if strategy.early {
			let expire = |game: &u32| Call::Expire { game: *game };
			let claims = 0..chain.claims.len() as u32;
			let finalise = claims.map(|claim| Call::Finalise { claim });
			let calls = chain.open.iter().map(expire).chain(finalise);
			late.extend(calls.map(|call| Tx::plain(FIRST_FOE, call)));
		}
		if strategy.unbonds && !self.scenario.right {
			// Before an opening or a verdict that it sees coming, and again behind it.
			early.extend(Self::take_out(chain));
			late.extend(Self::take_out(chain));
		}
		let remembers = strategy.noise > 0 || strategy.replays;
		for tx in pool.iter().chain(&early).chain(&late).filter(|_| remembers) {
			if self.past.len() < MEMORY {
				self.past.push(tx.clone());
			} else {
				self.past[self.rng.below(MEMORY as u32) as usize] = tx.clone();
			}
		}
		if strategy.noise > 0 || strategy.early || strategy.unbonds {
			// Again soon, though nothing else may happen.
			self.wake = self.wake.min(chain.now + 1 + self.rng.below(40));
		}
		[early, late]
	}

	/// Tries to take out all of its stake, what is behind claims, and a bit; and what it is waiting for.
	fn take_out(chain: &Chain<'_>) -> Vec<Tx> {
		let (locked, bonded) = chain.stakes();
		let amounts = [bonded, locked, 1].map(|amount| Call::Unbond { amount });
		let calls = amounts.into_iter().chain([Call::Withdraw]);
		calls.map(|call| Tx::plain(SOLVER, call)).collect()
	}

	/// Whether it can sign this: its own, or moves that anyone may make.
	fn may_send(&self, tx: &Tx) -> bool {
		let honest = if self.scenario.right { SOLVER } else { CHALLENGER };
		tx.from != honest
	}

	/// The moves that are due now.
	fn moves(&mut self, chain: &Chain<'a>) -> Vec<Tx> {
		let mut due = Vec::new();
		for number in &chain.open {
			let Some(side) = self.side(chain, *number) else { continue };
			let at = self.plan(chain, *number, side);
			if at > chain.now {
				self.wake = self.wake.min(at);
			} else if let Some(play) = self.choice(chain, *number, side) {
				let from = chain.account(*number, side);
				let position = chain.games[*number as usize].game.position();
				due.push(Tx::plain(from, Call::Move { game: *number, position, play }));
			}
		}
		due
	}

	/// When it moves in a game; never, if it has fallen silent there.
	fn plan(&mut self, chain: &Chain<'a>, number: u32, side: Side) -> u32 {
		let Entry { game, nth, .. } = &chain.games[number as usize];
		let (position, now, deadline) = (game.position(), chain.now, chain.deadline(number));
		let known = self.plans.get(number as usize).filter(|plan| plan.position == position);
		if let Some(plan) = known {
			return plan.at;
		}
		let made = made(game.moves(), side);
		let silent = |most: u8| made > self.rng.below(u32::from(most) + 1);
		let last = deadline.saturating_sub(1).max(now);
		let strategy = self.scenario.strategy;
		let places = chain.case_of(number).places;
		let holds = strategy.shuts && side == Side::Challenger && nth + 1 < places;
		let absent = strategy.absent && side == Side::Defender;
		let at = match (holds || absent || strategy.silent.is_some_and(silent), strategy.pace) {
			(true, _) => u32::MAX,
			(false, Pace::Prompt) => now,
			(false, Pace::Last) => last,
			(false, Pace::Any) => now + self.rng.below(last - now + 1),
			(false, Pace::Alternate) if made.is_multiple_of(2) => now,
			(false, Pace::Alternate) => last,
		};
		let vacant = Plan { position: Root::default(), at: 0 };
		while self.plans.len() <= number as usize {
			self.plans.push(vacant);
		}
		self.plans[number as usize] = Plan { position, at };
		at
	}

	/// The execution that it plays a game by, the one about a claim with this number.
	fn execution(&self, case: &Case<'a>, number: u32, side: Side, made: u32) -> &'a Execution {
		let strategy = self.scenario.strategy;
		let own = match (self.scenario.right, side) {
			// An accuser believes in something wrong; several believe in several things, if not in the same.
			(true, _) if strategy.doubles => case.set.liar(case.liar),
			(true, _) => case.set.liar(case.liar + number),
			// Whoever accuses beside what is wrong knows what is.
			(false, Side::Challenger) if strategy.knows() => &case.set.honest,
			(false, _) => case.claimed(),
		};
		match strategy.lists[(made % 2) as usize] {
			Lists::Right => &case.set.honest,
			Lists::Mirror(moves) if made < u32::from(moves) => &case.set.honest,
			Lists::Own | Lists::Garbage | Lists::Mirror(_) => own,
		}
	}

	fn seen<'b>(&self, case: &Case<'a>, own: &'a Execution, side: Side, said: &'b Said) -> Seen<'b>
	where
		'a: 'b,
	{
		let published = side == Side::Challenger && !self.scenario.strategy.asks;
		let theirs = published.then(|| case.claimed());
		Seen { own, theirs, said, spoiled: false, bent: side == Side::Defender }
	}

	/// What it plays in a game.
	fn choice(
		&mut self,
		chain: &Chain<'a>,
		number: u32,
		side: Side,
	) -> Option<MoveOf<super::super::Toy>> {
		let (entry, case) = (&chain.games[number as usize], chain.case_of(number));
		let made = made(entry.game.moves(), side);
		let own = self.execution(case, number, side, made);
		let strategy = self.scenario.strategy;
		let withdrawable = !chain.is_traced(entry.claim);
		if strategy.concedes && side == Side::Defender && withdrawable && self.rng.one_in(2) {
			return Some(Move::Concede);
		}
		// Who has posted a list of another execution answers by that.
		let lists = [own, &case.set.honest, case.claimed()];
		let executions = &lists[..if side == Side::Defender { 3 } else { 1 }];
		let sensible = executions.iter().find_map(|own| {
			let seen = self.seen(case, own, side, &entry.said);
			next_move(&entry.game, side, &seen, case.set.toy())
		});
		let claimed = case.claimed();
		let bend = Bend { strategy, nth: entry.nth, made, own, claimed, said: &entry.said };
		bend.choose(&entry.game, side, sensible, &mut self.rng)
	}

	/// Opens as many games as it has accounts and the claims have places for, one claim after the other.
	fn accuse(&mut self, chain: &Chain<'a>, txs: &mut Vec<Tx>) {
		let claims = self.scenario.cases.len() as u32;
		let first = self.used;
		for claim in (0..claims).map(|offset| (first + offset) % claims) {
			let Claim { open, .. } = chain.claims[claim as usize];
			let taken = open + u32::from(self.scenario.strategy.shuts);
			let mut places = chain.case(claim).places.saturating_sub(taken);
			while places > 0 && self.has_accounts(claim) && chain.is_open(claim) {
				let number = (chain.games.len() + txs.len()) as u32;
				let nth = self.accused[claim as usize];
				if let Some(play) = self.opening(chain, claim, (number, nth)) {
					txs.push(Tx::plain(FIRST_FOE + self.used, Call::Open { claim, play }));
				}
				self.use_account(claim);
				places -= 1;
			}
		}
	}

	fn use_account(&mut self, claim: u32) {
		self.used += 1;
		self.accused[claim as usize] += 1;
	}

	fn opening(
		&mut self,
		chain: &Chain<'a>,
		claim: u32,
		(number, nth): (u32, u32),
	) -> Option<MoveOf<super::super::Toy>> {
		let (strategy, case) = (self.scenario.strategy, chain.case(claim));
		if strategy.asks && (strategy.milks || !self.rng.one_in(4)) {
			return Some(Move::Ask);
		}
		let own = self.execution(case, number, Side::Challenger, 0);
		let said = Said::default();
		let params = chain.params(claim, number);
		let seen = self.seen(case, own, Side::Challenger, &said);
		let sensible = opening(&params, &seen, case.set.toy());
		let claimed = case.claimed();
		let bend = Bend { strategy, nth, made: 0, own, claimed, said: &said };
		bend.open(&params, sensible, &mut self.rng)
	}

	/// Somebody else's transaction under an account of its own.
	fn copy(&self, chain: &Chain<'a>, tx: &Tx) -> Option<Tx> {
		match &tx.call {
			Call::Open { claim, .. } => {
				self.has_accounts(*claim).then(|| Tx::plain(FIRST_FOE + self.used, tx.call.clone()))
			},
			Call::Move { game, play, .. } => {
				let open = chain.open.contains(game);
				(open && play.kind().is_self_evident())
					.then(|| Tx::plain(FIRST_FOE, tx.call.clone()))
			},
			Call::Expire { .. } | Call::Finalise { .. } | Call::Unbond { .. } | Call::Withdraw => {
				None
			},
		}
	}

	/// A nonsense move in some open game, by an account of the adversary.
	fn noise(&mut self, chain: &Chain<'a>) -> Option<Tx> {
		let open = chain.open.get(self.rng.below(chain.open.len() as u32) as usize)?;
		let game = &chain.games[*open as usize].game;
		let noisy = if self.scenario.right { Side::Challenger } else { Side::Defender };
		let past = self.rng.below(self.past.len() as u32) as usize;
		let (past, position) = match self.past.get(past).map(|tx| &tx.call) {
			Some(Call::Move { position, play, .. }) => (Some(play), *position),
			Some(Call::Open { play, .. }) => (Some(play), game.position()),
			_ => (None, game.position()),
		};
		let mut rng = self.rng.clone();
		let play = nonsense(past, past, noisy, &mut rng);
		let position = if rng.one_in(2) { position } else { game.position() };
		let from: Account = match (noisy, rng.below(4)) {
			(_, 0) => FIRST_FOE,
			(Side::Defender, _) => SOLVER,
			(Side::Challenger, _) => chain.account(*open, Side::Challenger),
		};
		self.rng = rng;
		let tx = Tx::plain(from, Call::Move { game: *open, position, play });
		self.may_send(&tx).then_some(tx)
	}

	/// Notes that the accounts of copied openings are used.
	pub(super) fn sent(&mut self, from: Account, claim: u32) {
		if from >= FIRST_FOE + self.used {
			self.use_account(claim);
		}
	}
}

/// Moves that a side has made when so many were made in all.
fn made(moves: u32, side: Side) -> u32 {
	match side {
		Side::Challenger => moves.div_ceil(2),
		Side::Defender => moves / 2,
	}
}
