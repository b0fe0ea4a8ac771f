//! A few dozen claims at once on one chain.

use crate::{
	books::{check_books, Fate, Story},
	claim::{Claim, BIDDING},
	foe,
	genesis::{chain, next_block, take_events},
	honest::{self, Node},
	people::held,
};
use assay_dispute_game::testing::{
	sim::{Deeds, Fault, Report, Tally, Wanted},
	Rng,
};
use assay_runtime::{Balance, Balances, BlockNumber, Runtime, System};
use assay_sim::run::fault;
use pallet_task_market::Tasks;
use std::collections::HashMap;

/// Claims of a round.
const CLAIMS: u32 = 24;
/// Blocks after which a round that has not ended is a fault.
const FOREVER: BlockNumber = 20_000;
/// Blocks between two checks of all books.
const CHECKS: BlockNumber = 10;
/// The tally counts in millionths of a token.
const UNIT: Balance = 1_000_000;

/// Plays the round of a seed.
pub(crate) fn play(seed: u64, wanted: &Wanted, node: &Node) -> Tally {
	let mut tally = Tally::default();
	node.forget();
	let played = chain(node).execute_with(|| {
		let mut round = Round::new(seed, wanted, node);
		round.run().map(|()| round.judge())
	});
	match played {
		Ok(claims) => {
			for claim in claims {
				tally.count(seed, claim);
			}
		},
		Err(what) => {
			let strategy = wanted.strategy.map_or("?", |strategy| strategy.name);
			tally.count(seed, Err(fault(seed, strategy, what)));
		},
	}
	tally
}

struct Round<'a> {
	seed: u64,
	node: &'a Node,
	claims: Vec<Claim>,
	index: HashMap<u32, usize>,
	story: Story,
	/// What went wrong with single claims.
	faults: Vec<(usize, String)>,
	/// Issuance when the claims were made.
	issued: Balance,
	rng: Rng,
}

impl<'a> Round<'a> {
	fn new(seed: u64, wanted: &Wanted, node: &'a Node) -> Self {
		let mut rng = Rng(seed ^ 0x0B0E);
		let claims = (0..CLAIMS).map(|number| Claim::draw(number, &mut rng, wanted)).collect();
		let (index, story, faults) = (HashMap::new(), Story::default(), Vec::new());
		Self { seed, node, claims, index, story, faults, issued: 0, rng }
	}

	fn run(&mut self) -> Result<(), String> {
		for (number, claim) in self.claims.iter_mut().enumerate() {
			self.node.with_lore(|lore| claim.post(lore))?;
			self.node.note(claim);
			self.index.insert(claim.task, number);
		}
		// A block may have no weight left for all of them.
		for _ in 0..4 * BIDDING {
			next_block();
			if self.claims.iter().all(Claim::is_assigned) {
				break;
			}
		}
		for claim in &mut self.claims {
			self.node.with_lore(|lore| claim.submit(lore))?;
		}
		take_events();
		self.issued = Balances::total_issuance();
		let began = System::block_number();
		while self.is_live() {
			if System::block_number() - began > FOREVER {
				return Err("the round does not end".into());
			}
			self.block()?;
		}
		self.check()
	}

	fn is_live(&self) -> bool {
		let rows = |claim: &Claim| Tasks::<Runtime>::contains_key(claim.task);
		!self.story.games.is_empty() || self.claims.iter().any(rows)
	}

	fn block(&mut self) -> Result<(), String> {
		next_block();
		self.story.read(take_events());
		let now = System::block_number();
		for task in std::mem::take(&mut self.story.stirred) {
			if let Some(number) = self.index.get(&task) {
				self.claims[*number].wake = now;
			}
		}
		let first = self.rng.below(CLAIMS) as usize;
		for offset in 0..self.claims.len() {
			let number = (first + offset) % self.claims.len();
			if self.claims[number].wake <= now && honest::is_live(&self.claims[number]) {
				self.turn(number);
			}
		}
		self.story.read(take_events());
		if now.is_multiple_of(CHECKS) {
			self.check()?;
		}
		Ok(())
	}

	/// What is done about one claim in a block.
	fn turn(&mut self, number: usize) {
		let (claim, node) = (&mut self.claims[number], self.node);
		let now = System::block_number();
		claim.wake = BlockNumber::MAX;
		let out = now < claim.out_until;
		let pool = if out { Vec::new() } else { honest::actions(claim) };
		if out {
			claim.wake = claim.out_until;
		}
		let act = |claim: &mut Claim| node.with_lore(|lore| foe::act(claim, lore, &pool));
		if claim.strategy.copies || claim.rng.one_in(2) {
			act(claim);
			// What has become of its moves in this block it sees in the next.
			let _ = honest::include(&pool);
		} else {
			if let Err(error) = honest::include(&pool) {
				self.faults.push((number, format!("the honest side was refused: {error}")));
			}
			act(claim);
		}
		if !pool.is_empty() {
			claim.wake = claim.wake.min(now + 1);
			if claim.outage > 0 && claim.out_until == 0 {
				claim.out_until = now + claim.outage;
			}
		}
	}

	/// Money and invariants.
	fn check(&self) -> Result<(), String> {
		let (issued, burned) = (Balances::total_issuance(), self.story.burned);
		if issued + burned != self.issued {
			return Err(format!("{} were issued, {issued} are, {burned} were burned", self.issued));
		}
		check_books()
	}

	/// What each claim came to.
	fn judge(&self) -> Vec<Result<Report, Fault>> {
		let mut reports = Vec::new();
		for (number, claim) in self.claims.iter().enumerate() {
			let known = self.faults.iter().find(|(of, _)| *of == number);
			let judged = match known {
				Some((_, what)) => Err(what.clone()),
				None => self.judge_claim(claim),
			};
			let name = claim.strategy.name;
			let count = self.story.counts.get(&claim.task).copied().unwrap_or_default();
			let report = |(loss, cost)| Report {
				strategy: claim.strategy,
				right: claim.right,
				claims: 1,
				games: count.games,
				late: count.late,
				longest: count.longest,
				longest_alone: count.longest_alone,
				blocks: 0,
				moves: count.moves,
				loss,
				cost,
				tips: 0,
				stake: (claim.stake() / UNIT) as i64,
				self_inflicted: self.is_self_inflicted(claim),
				deeds: Deeds::default(),
				trace: self.story.digest,
			};
			reports.push(judged.map(report).map_err(|what| fault(self.seed, name, what)));
		}
		reports
	}

	/// What the adversary lost and what the honest side spent, in the tally's unit.
	fn judge_claim(&self, claim: &Claim) -> Result<(i64, i64), String> {
		let [solver, challenger] = claim.gains();
		let refund = self.story.refunds.get(&claim.task).copied().unwrap_or_default();
		let defending = self.story.defended.get(&claim.task).copied().unwrap_or_default();
		let accusing = self.story.accused.get(&claim.challenger).copied().unwrap_or_default();
		let (stake, lost) = (claim.stake(), (claim.loss() / UNIT as i128) as i64);
		let fate = self.story.fates.get(&claim.task);
		if claim.right {
			let owed = (claim.price + refund) as i128;
			return match fate {
				Some(Fate::Paid(paid)) if *paid == claim.price && solver == owed => {
					Ok((lost, (defending / UNIT) as i64))
				},
				fate => Err(format!("a right claim: {fate:?}, solver {solver} of {owed}")),
			};
		}
		let challenged = held(&claim.challenger) == 0;
		match fate {
			_ if self.story.losers.contains(&claim.challenger) => {
				Err("the honest challenger lost its bond".into())
			},
			_ if !challenged => Err("the honest challenger's bond is still held".into()),
			Some(Fate::Convicted(by)) => {
				let taken = self.story.lost_stake.get(&claim.task).copied().unwrap_or_default();
				let share = (stake / 10) as i128;
				let own = *by == claim.challenger;
				if taken != stake {
					return Err(format!("{taken} of the stake of {stake} were taken"));
				}
				if (own && challenger <= share) || (!own && challenger < 0) {
					return Err(format!("the honest challenger has {challenger} more"));
				}
				Ok((lost, (accusing / UNIT) as i64))
			},
			Some(Fate::Withdrawn) if challenger >= 0 => Ok((lost, (accusing / UNIT) as i64)),
			fate => Err(format!("a wrong claim: {fate:?}, challenger {challenger}")),
		}
	}

	/// Whether a wrong claim fell to somebody else than the honest challenger.
	fn is_self_inflicted(&self, claim: &Claim) -> bool {
		let fate = self.story.fates.get(&claim.task);
		matches!(fate, Some(Fate::Convicted(by)) if *by != claim.challenger)
	}
}
