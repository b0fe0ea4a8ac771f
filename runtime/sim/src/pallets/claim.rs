//! One claim on the chain, its people, and what they agreed on.

use super::{
	lore::{Lore, Version, LIARS},
	people::{account, enlist, fund_accuser, money, send},
};
use assay_dispute_game::testing::{
	sim::{About, Crowd, Strategy, Wanted, STRATEGIES},
	Rng,
};
use assay_primitives::{Assurance, Claim as Claimed, ClaimEnds, TaskId, Terms, Work};
use assay_runtime::{constants::ASY, AccountId, Balance, BlockNumber, Runtime, RuntimeCall};
use pallet_dispute::GameId;
use pallet_task_market::{Call as Market, NextTask};
use std::collections::HashMap;

/// Blocks for bids.
pub(super) const BIDDING: BlockNumber = 5;
/// Prices, and with them stakes and places for games: 2, 8 and 32.
const PRICES: [Balance; 3] = [5 * ASY, 20 * ASY, 80 * ASY];
/// Places of claims with these prices.
const PLACES: [u32; 3] = [2, 8, 32];
/// Accounts that accuse, all claims of a round together, unless the command line says otherwise.
const ACCUSERS: u32 = 1_000;

/// When the adversary moves in a game.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
	pub(super) position: [u8; 32],
	pub(super) at: BlockNumber,
}

/// One claim and everything around it.
pub(super) struct Claim {
	pub(super) task: TaskId,
	pub(super) strategy: &'static Strategy,
	/// Whether it is right.
	pub(super) right: bool,
	pub(super) content: usize,
	/// The execution behind it.
	pub(super) version: Version,
	/// First wrong execution of the adversary.
	pub(super) liar: usize,
	pub(super) requester: AccountId,
	pub(super) solver: AccountId,
	/// The honest challenger, of a wrong claim.
	pub(super) challenger: AccountId,
	pub(super) accusers: Vec<AccountId>,
	/// How many of them have accused.
	pub(super) used: usize,
	pub(super) price: Balance,
	pub(super) places: u32,
	window: BlockNumber,
	pub(super) plans: HashMap<GameId, Plan>,
	/// Calls that were made, to be made again.
	pub(super) past: Vec<(AccountId, RuntimeCall)>,
	/// Games that the honest challenger opened, and when the last.
	pub(super) opened: (u32, BlockNumber),
	/// The honest side is kept off the chain for so many blocks, from when it has moved once.
	pub(super) outage: BlockNumber,
	pub(super) out_until: BlockNumber,
	/// First block in which somebody may have something to do.
	pub(super) wake: BlockNumber,
	/// Money of solver and challenger before the claim was disputed.
	before: [Balance; 2],
	pub(super) rng: Rng,
}

impl Claim {
	/// The claim with this number of a round.
	pub(super) fn draw(number: u32, rng: &mut Rng, wanted: &Wanted) -> Self {
		let strategy = wanted.strategy.unwrap_or_else(|| any_strategy(rng));
		let right = match strategy.about {
			About::Right => true,
			About::Wrong => false,
			About::Any => rng.one_in(2),
		};
		let liar = rng.below(LIARS as u32) as usize;
		let version = if right { Version::Right } else { Version::Wrong(liar) };
		let size = match strategy {
			// Who asks makes the solver move often; it moves once a block.
			Strategy { known: None, asks: true, .. } if right => 0,
			Strategy { shuts: true, .. } => 0,
			Strategy { known: Some(_), .. } => 2,
			Strategy { crowd: Crowd::Full, .. } => 1 + rng.below(2) as usize,
			_ => rng.below(8).saturating_sub(5) as usize,
		};
		let places = PLACES[size];
		let accusers = match strategy.crowd {
			_ if !right && !strategy.sham => 0,
			_ if wanted.adversaries.is_some() => wanted.adversaries.unwrap_or_default(),
			Crowd::One => 1,
			Crowd::Few => 2 + rng.below(2),
			Crowd::Full if strategy.shuts => places + 8,
			Crowd::Full => places + rng.below(places + 1),
		};
		let first = rng.below(ACCUSERS);
		let accuser = |index| account("accuser", (first + index) % ACCUSERS.max(accusers));
		Self {
			task: TaskId::MAX,
			strategy,
			right,
			content: rng.below(3) as usize,
			version,
			liar,
			requester: account("requester", number),
			solver: account("solver", number),
			challenger: account("challenger", number),
			accusers: (0..accusers).map(accuser).collect(),
			used: 0,
			price: PRICES[size],
			places,
			window: 20 + rng.below(20),
			plans: HashMap::new(),
			past: Vec::new(),
			opened: (0, 0),
			outage: if rng.one_in(4) { 1 + rng.below(40) } else { 0 },
			out_until: 0,
			wake: 0,
			before: [0; 2],
			rng: Rng(rng.word()),
		}
	}

	/// Gives its people money, posts its task and bids for it.
	pub(super) fn post(&mut self, lore: &Lore) -> Result<(), String> {
		enlist(&self.solver)?;
		for who in [&self.requester, &self.challenger].into_iter().chain(&self.accusers) {
			fund_accuser(who)?;
		}
		self.task = NextTask::<Runtime>::get();
		let task = &lore.contents[self.content].task;
		let work = Work {
			data_root: task.data_root(),
			records: task.records(),
			record_size: task.record_size,
			first_step: task.first_step,
			init_root: task.init_root(),
			init_slots: task.init_slots(),
			seed: task.seed,
			steps: task.steps,
			stride: task.stride,
		};
		let terms = Terms {
			reward: self.price,
			bidding: BIDDING,
			training: 200,
			heartbeat: 200,
			challenge: self.window + self.outage,
			assurance: Assurance::Challenge,
			hardware: None,
		};
		let program = Box::new(task.posted.clone());
		let allowed = vec![self.solver.clone()].try_into().map_err(|_| "one is allowed")?;
		let post = Market::post_task { program, work, terms, allowed };
		send(&self.requester, post).map_err(|error| format!("post: {error:?}"))?;
		let bid = Market::place_bid { task: self.task, price: self.price };
		send(&self.solver, bid).map_err(|error| format!("bid: {error:?}"))
	}

	/// Makes the claim.
	pub(super) fn submit(&mut self, lore: &Lore) -> Result<(), String> {
		let execution = lore.contents[self.content].execution(self.version);
		let list = execution.claim();
		let claim = Claimed {
			root: execution.claim_root(),
			states: list.len() as u32,
			final_state: *list.last().ok_or("a claim has states")?,
			artifact_root: execution.artifact(),
			steps: execution.task.steps,
		};
		let [first, last] = execution.ends();
		let submit =
			Market::submit_claim { task: self.task, claim, ends: ClaimEnds { first, last } };
		send(&self.solver, submit).map_err(|error| format!("claim: {error:?}"))?;
		self.before = [money(&self.solver), money(&self.challenger)];
		Ok(())
	}

	/// What solver and challenger have more than before, or less.
	pub(super) fn gains(&self) -> [i128; 2] {
		let now = [money(&self.solver), money(&self.challenger)];
		[0, 1].map(|who| now[who] as i128 - self.before[who] as i128)
	}

	/// The stake behind it.
	pub(super) fn stake(&self) -> Balance {
		(2 * self.price).max(10 * ASY)
	}
}

fn any_strategy(rng: &mut Rng) -> &'static Strategy {
	loop {
		let strategy = &STRATEGIES[rng.below(STRATEGIES.len() as u32) as usize];
		if strategy.known.is_none() {
			return strategy;
		}
	}
}
