//! One claim on the chain, its people, and what they agreed on.

use crate::{
	content::{Claimed, Content, Version, LIARS},
	lore::Lore,
	people::{account, enlist, fund_accuser, money, send},
};
use assay_dispute_game::testing::{
	sim::{About, Crowd, Strategy, Wanted, Without, STRATEGIES},
	Rng,
};
use assay_primitives::{program_key, Assurance, ClaimEnds, TaskId, Terms, MAX_OPEN_GAMES};
use assay_runtime::{
	constants::ASY, AccountId, Balance, BlockNumber, Runtime, RuntimeCall, System, TaskMarket,
};
use codec::Encode;
use pallet_dispute::GameId;
use pallet_task_market::{Call as Market, NextTask, Stage, Tasks};
use polkadot_sdk::{sp_core::offchain::StorageKind, sp_io};
use std::collections::HashMap;

/// Blocks for bids.
pub(crate) const BIDDING: BlockNumber = 5;
/// Prices, and with them stakes and places for games: few, some and all.
const PRICES: [Balance; 3] = [5 * ASY, 20 * ASY, 80 * ASY];
/// Numbers of accusers' accounts that are set aside for each claim: whose loss something is must be known.
const ACCUSERS: u32 = 1 << 16;

/// When the adversary moves in a game.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
	pub(crate) position: [u8; 32],
	pub(crate) at: BlockNumber,
}

/// One claim and everything around it.
pub(crate) struct Claim {
	pub(crate) task: TaskId,
	pub(crate) strategy: &'static Strategy,
	/// Whether it is right.
	pub(crate) right: bool,
	pub(crate) content: usize,
	/// The execution behind it.
	pub(crate) version: Version,
	/// First wrong execution of the adversary.
	pub(crate) liar: usize,
	pub(crate) requester: AccountId,
	pub(crate) solver: AccountId,
	/// The honest challenger, of a wrong claim.
	pub(crate) challenger: AccountId,
	pub(crate) accusers: Vec<AccountId>,
	/// Does for the adversary what anybody may do.
	pub(crate) stranger: AccountId,
	/// How many of them have accused.
	pub(crate) used: usize,
	pub(crate) price: Balance,
	pub(crate) places: u32,
	pub(crate) window: BlockNumber,
	pub(crate) plans: HashMap<GameId, Plan>,
	/// Calls that were made, to be made again.
	pub(crate) past: Vec<(AccountId, RuntimeCall)>,
	/// The honest side is kept off the chain for so many blocks, from when it has moved once.
	pub(crate) outage: BlockNumber,
	pub(crate) out_until: BlockNumber,
	/// First block in which somebody may have something to do.
	pub(crate) wake: BlockNumber,
	/// Money of solver and challenger before the claim was disputed.
	before: [Balance; 2],
	/// The same of the adversary's accounts that accuse, and of the requester.
	accused_with: Balance,
	requested_with: Balance,
	pub(crate) rng: Rng,
}

impl Claim {
	/// The claim with this number of a round.
	pub(crate) fn draw(number: u32, rng: &mut Rng, wanted: &Wanted) -> Self {
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
		let places = places(PRICES[size]);
		let accusers = match strategy.crowd {
			_ if !right && !strategy.sham => 0,
			_ if wanted.adversaries.is_some() => wanted.adversaries.unwrap_or_default(),
			Crowd::One => 1,
			Crowd::Few => 2 + rng.below(2),
			Crowd::Full if strategy.shuts => places + 8,
			Crowd::Full => places + rng.below(places + 1),
		};
		let outage = if strategy.mutes || rng.one_in(4) { 1 + rng.below(40) } else { 0 };
		let outage = if wanted.without.censorship { 0 } else { outage };
		let accuser = |index| account("accuser", number * ACCUSERS + index);
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
			stranger: account("stranger", number),
			used: 0,
			price: PRICES[size],
			places,
			window: 20 + rng.below(20),
			plans: HashMap::new(),
			past: Vec::new(),
			outage,
			out_until: 0,
			wake: 0,
			before: [0; 2],
			accused_with: 0,
			requested_with: 0,
			rng: Rng(rng.word()),
		}
	}

	/// A claim with as many places as there can be, whose solver publishes all, and no adversary of its own.
	pub(crate) fn plain(number: u32, rng: &mut Rng, right: bool) -> Self {
		let (strategy, adversaries) = (STRATEGIES.iter().find(|s| s.name == "believer"), Some(0));
		let without = Without { censorship: true, ..Default::default() };
		let mut claim = Self::draw(
			number,
			rng,
			&Wanted { strategy, adversaries, without, ..Wanted::default() },
		);
		claim.right = right;
		claim.version = if right { Version::Right } else { Version::Wrong(claim.liar) };
		claim.price = PRICES[2];
		claim.places = places(claim.price);
		claim
	}

	/// Gives its people money, posts its task and bids for it.
	pub(crate) fn post(&mut self, lore: &Lore) -> Result<(), String> {
		enlist(&self.solver)?;
		let people = [&self.requester, &self.challenger, &self.stranger];
		for who in people.into_iter().chain(&self.accusers) {
			fund_accuser(who)?;
		}
		self.task = NextTask::<Runtime>::get();
		let Content { task, work, .. } = &lore.contents[self.content];
		let work = *work;
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
		let bytes = program.encode();
		let post = Market::post_task { program, work, terms, allowed };
		send(&self.requester, post).map_err(|error| format!("post: {error:?}"))?;
		// What posting indexes reaches the node's local storage only when a block has been executed.
		let row = Tasks::<Runtime>::get(self.task).ok_or("the task is there")?;
		let key = program_key(&row.spec.program.root);
		sp_io::offchain::local_storage_set(StorageKind::PERSISTENT, &key, &bytes);
		let bid = Market::place_bid { task: self.task, price: self.price };
		send(&self.solver, bid).map_err(|error| format!("bid: {error:?}"))
	}

	/// Whether the solver has the task.
	pub(crate) fn is_assigned(&self) -> bool {
		let row = Tasks::<Runtime>::get(self.task);
		row.is_some_and(|task| matches!(task.stage, Stage::Running { .. }))
	}

	/// Makes the claim.
	pub(crate) fn submit(&mut self, lore: &Lore) -> Result<(), String> {
		let content = &lore.contents[self.content];
		let Claimed { root, states, artifact, ends: [first, last] } = content.claim(self.version);
		let claim = assay_primitives::Claim {
			root: *root,
			states: states.len() as u32,
			final_state: *states.last().ok_or("a claim has states")?,
			artifact_root: *artifact,
			steps: content.task.steps,
		};
		let ends = ClaimEnds { first: first.clone(), last: last.clone() };
		let submit = Market::submit_claim { task: self.task, claim, ends };
		send(&self.solver, submit).map_err(|error| format!("claim: {error:?}"))?;
		if self.strategy.mutes {
			self.out_until = System::block_number() + self.outage;
		}
		self.before = [money(&self.solver), money(&self.challenger)];
		self.accused_with = self.purses();
		self.requested_with = money(&self.requester);
		Ok(())
	}

	/// Money of the adversary's accounts that accuse.
	fn purses(&self) -> Balance {
		self.accusers.iter().chain([&self.stranger]).map(money).sum()
	}

	/// What the adversary has less than before the claim was disputed. The requester of a wrong claim may be its
	/// accomplice.
	pub(crate) fn loss(&self) -> i128 {
		let accused = self.accused_with as i128 - self.purses() as i128;
		if self.right {
			return accused;
		}
		let [solver, _] = self.gains();
		let requester = money(&self.requester) as i128 - self.requested_with as i128;
		accused - solver - requester.max(0)
	}

	/// What solver and challenger have more than before, or less.
	pub(crate) fn gains(&self) -> [i128; 2] {
		let now = [money(&self.solver), money(&self.challenger)];
		[0, 1].map(|who| now[who] as i128 - self.before[who] as i128)
	}

	/// The stake behind it.
	pub(crate) fn stake(&self) -> Balance {
		stake(self.price)
	}
}

fn stake(price: Balance) -> Balance {
	TaskMarket::stake_for(price, price)
}

/// Games that can be open about a claim with this price, as in the pallet.
fn places(price: Balance) -> u32 {
	let tariff = <Runtime as pallet_dispute::Config>::Tariff::get();
	((stake(price) / tariff.bond_base) as u32).clamp(1, MAX_OPEN_GAMES)
}

fn any_strategy(rng: &mut Rng) -> &'static Strategy {
	loop {
		let strategy = &STRATEGIES[rng.below(STRATEGIES.len() as u32) as usize];
		if strategy.known.is_none() {
			return strategy;
		}
	}
}
