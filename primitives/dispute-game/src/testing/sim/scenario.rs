//! What one match is about: everything that a seed decides.

use alloc::vec::Vec;

use super::{
	super::{rng::mix, Rng},
	agent::{CHEAP, LATENCY, REPLAYS},
	case::{claims, Case, Exposure, Load},
	library::Library,
	money::Terms,
	planted::Planted,
	strategies::{About, Leaves, Strategy, STRATEGIES},
};

/// Least time of a turn, as in the runtime.
pub const EXTENSION: u32 = 10;
/// Blocks that replaying a stride takes at most: half of the time that a clock is longer for it.
pub const LONGEST_REPLAY: u32 = 24;
/// Moves without evidence that the dispute lane of a block has room for: 256 games in three blocks.
const LANE: u32 = 86;
/// Moves with evidence that it has room for, by their length: see `runtime/load/tests/lane.rs`.
const VERDICTS: u32 = 7;
/// Games that one block ends at most because their clocks have run out.
const TICK: u32 = 8;
/// Deepest re-org, and most blocks from the last final one to the best.
const DEEPEST_FORK: u32 = 10;
/// Re-orgs of a match at most, and crashes.
const MOST_MISHAPS: u32 = 3;
/// Times that what is stored is damaged, at most.
const MOST_ROTS: u32 = 2;
/// What an attack is to cost at least for each unit of harm: who pays less must not win.
const HARM: i64 = 10;

/// What may be left out of a match, to see whether it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Without {
	/// Censored blocks, and blocks that are filled for money.
	pub censorship: bool,
	/// Re-orgs.
	pub forks: bool,
	/// Crashes of the honest agent, and damage to its files.
	pub crashes: bool,
	/// Replays take no time.
	pub replays: bool,
	/// Claims but the first.
	pub others: bool,
}

/// What is wanted of a match beyond what its seed decides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
	/// This strategy.
	pub strategy: Option<&'static Strategy>,
	/// So many accounts of the adversary.
	pub adversaries: Option<u32>,
	/// What is left out.
	pub without: Without,
	/// What it costs whom.
	pub terms: Terms,
	/// What is broken, to see that it is seen.
	pub planted: Option<Planted>,
}

/// How a censor spends its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Censor {
	/// Not at all.
	Never,
	/// As soon as there is something to withhold.
	AtOnce,
	/// Only moves whose clock is nearly empty.
	AtTheEnd,
	/// Half of the time.
	AtRandom,
	/// Until moves tip as much as they ever will.
	ForTips,
}

/// Where the honest side's moves stand in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
	First,
	Last,
}

/// What happens after so many accepted moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mishap {
	/// Accepted moves before it.
	pub(super) after: u32,
	/// Blocks: depth of a re-org, or length of an outage.
	pub(super) blocks: u32,
}

/// What the honest side's executor has stored is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rot {
	/// Accepted moves before it.
	pub(super) after: u32,
}

/// Whole blocks are filled with calls that pay more than the honest side's moves, as long as there is money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flood {
	pub(super) purse: i64,
	/// Only when it lasts until a clock is empty, at the highest price.
	pub(super) late: bool,
}

/// Everything that a seed decides.
#[derive(Clone, Debug)]
pub struct Scenario<'a> {
	pub(super) seed: u64,
	pub(super) strategy: &'static Strategy,
	/// Whether the honest agent has made the claims. Otherwise it challenges those that are wrong.
	pub(super) right: bool,
	pub(super) cases: Vec<Case<'a>>,
	/// The honest side's executor works on replays in its two slots, in the order in which it got all moves;
	/// otherwise on one after the other, and on moves without them beside.
	pub(super) slots: bool,
	pub(super) lane: u32,
	pub(super) verdicts: u32,
	pub(super) tick: u32,
	/// Blocks in which the honest side may be kept out of the chain, whoever does it.
	pub(super) budget: u32,
	/// How many of them in a row.
	pub(super) streak: u32,
	pub(super) censor: Censor,
	pub(super) flood: Option<Flood>,
	pub(super) order: Order,
	/// Blocks from one that has just been made to the last one that no re-org takes back.
	pub(super) finality: u32,
	pub(super) forks: Vec<Mishap>,
	pub(super) crashes: Vec<Mishap>,
	pub(super) rots: Vec<Rot>,
	/// The journal that the process starts with is older than the crash, by so many changes.
	pub(super) stale_journal: u32,
	pub(super) terms: Terms,
	pub(super) planted: Option<Planted>,
}

impl<'a> Scenario<'a> {
	/// The match of a seed.
	pub fn draw(seed: u64, wanted: &Wanted, library: &'a mut Library) -> Self {
		let mut rng = Rng(mix(seed ^ 0xA55A));
		let strategy = wanted.strategy.unwrap_or_else(|| any_strategy(&mut rng));
		let right = match strategy.about {
			About::Right => true,
			About::Wrong => false,
			About::Any => rng.one_in(2),
		};
		let mut cases = cases(&mut rng, (strategy, right), wanted, library.shelf(seed));
		if let Some(wanted) = wanted.adversaries {
			spread(&mut cases, wanted);
		}
		let narrow = rng.one_in(4);
		let load = Load::of(&cases, strategy, right);
		let mut this = Self {
			seed,
			strategy,
			right,
			cases,
			slots: rng.one_in(2),
			// Others play as well: a quarter of what there is belongs to these games.
			lane: if narrow { LANE / 4 + rng.below(LANE) } else { LANE },
			verdicts: if narrow { VERDICTS / 4 + 1 } else { VERDICTS },
			tick: if rng.one_in(4) { 1 } else { TICK },
			budget: 0,
			streak: 0,
			censor: Censor::Never,
			flood: None,
			order: if rng.one_in(2) { Order::First } else { Order::Last },
			finality: DEEPEST_FORK,
			forks: Vec::new(),
			crashes: Vec::new(),
			rots: Vec::new(),
			stale_journal: rng.below(4),
			terms: wanted.terms,
			planted: wanted.planted,
		};
		this.budget = this.spare(&load);
		this.streak = if rng.one_in(2) { this.budget } else { rng.below(this.budget + 1) };
		match strategy.mutes || strategy.milks || wanted.without.censorship || !rng.one_in(8) {
			true => this.trouble(&mut rng, &wanted.without, &load),
			false => this.flood(&mut rng),
		}
		this
	}

	/// Blocks of delay that the main part of a clock withstands beyond what the honest side needs itself.
	fn spare(&self, load: &Load) -> u32 {
		let Load { games, turns, longest, unpaid, .. } = *load;
		// Others' moves come before its own in the executor, in its pool, and in the lane.
		let crowd = games.saturating_sub(1);
		let behind = if self.slots { REPLAYS.div_ceil(2) * longest } else { 0 };
		let wait = LATENCY + crowd / CHEAP + 2 * crowd / self.lane + behind;
		// What was begun or given to the executor before is not less urgent to it.
		let replays = 2 * (crowd / REPLAYS + crowd.min(REPLAYS) * longest) + unpaid;
		let needed = turns * wait + replays + 2 * (2 * crowd / self.verdicts);
		let main = self.terms.clock - self.terms.clock / 4;
		main.saturating_sub(needed + EXTENSION)
	}

	/// What else goes wrong, within the budget.
	fn trouble(&mut self, rng: &mut Rng, without: &Without, load: &Load) {
		let censor = match rng.below(8) {
			_ if self.strategy.milks => Censor::ForTips,
			_ if self.strategy.mutes => Censor::AtOnce,
			0 | 1 => Censor::AtOnce,
			2 => Censor::AtTheEnd,
			3 => Censor::AtRandom,
			_ => Censor::Never,
		};
		if rng.one_in(2) {
			self.finality = 1 + rng.below(DEEPEST_FORK);
		}
		let first = rng.below(8);
		let forks = mishaps(rng, first, self.finality);
		// Crashes and re-orgs often begin together.
		let first = if rng.one_in(2) { first } else { rng.below(8) };
		let crashes = mishaps(rng, first, self.budget.max(1));
		if self.strategy.milks {
			self.streak = self.budget;
		}
		self.censor = if without.censorship { Censor::Never } else { censor };
		// After a re-org, other strides may have to be replayed.
		let again = load.all / 2;
		for fork in forks.into_iter().filter(|_| !without.forks) {
			if again <= self.budget {
				self.budget -= again;
				self.forks.push(fork);
			}
		}
		// What was replayed is lost with the process.
		for crash in crashes.into_iter().filter(|_| !without.crashes) {
			if crash.blocks + load.all <= self.budget {
				self.budget -= load.all;
				self.crashes.push(crash);
			}
		}
		let mending = self.rot(rng, without, load);
		// Whatever is in the way of the challenger's opening comes out of the window.
		let delay = self.budget + mending + 2 * DEEPEST_FORK + EXTENSION;
		for case in &mut self.cases {
			case.window += case.check + delay;
		}
	}

	/// Damages what is stored, as often as there is time to execute everything anew. Says how many blocks that takes.
	fn rot(&mut self, rng: &mut Rng, without: &Without, load: &Load) -> u32 {
		let all: u32 = self.cases.iter().map(Case::whole).sum();
		let (mend, before) = (all + load.all, self.budget);
		let count = if rng.one_in(4) { 1 + rng.below(MOST_ROTS) } else { 0 };
		let rots: Vec<Rot> = (0..count).map(|_| Rot { after: rng.below(10) }).collect();
		for rot in rots.into_iter().filter(|_| !without.crashes) {
			if mend <= self.budget {
				self.budget -= mend;
				self.rots.push(rot);
			}
		}
		before - self.budget
	}

	/// Blocks are filled for money: less than what attacks are to cost.
	fn flood(&mut self, rng: &mut Rng) {
		let risks = |case: &Case<'_>| if self.right { case.stake } else { case.bond };
		let risk: i64 = self.cases.iter().map(risks).sum();
		let purse = i64::from(rng.below(1_000)) * risk / 1_000 * HARM;
		self.flood = Some(Flood { purse, late: rng.one_in(2) });
		self.budget = 0;
		for case in &mut self.cases {
			case.window += case.check + self.terms.clock;
		}
	}
}

/// None mostly, or a few that last for this many blocks at most, the first after so many moves and the others soon after.
fn mishaps(rng: &mut Rng, first: u32, most: u32) -> Vec<Mishap> {
	let count = if rng.one_in(4) { 1 + rng.below(MOST_MISHAPS) } else { 0 };
	let mut after = first;
	let mut draw = || {
		let mishap = Mishap { after, blocks: 1 + rng.below(most) };
		after += rng.below(4);
		mishap
	};
	(0..count).map(|_| draw()).collect()
}

/// The claims: one or as many as an honest solver takes on, or those of a lying one, some of which may be right.
fn cases<'a>(
	rng: &mut Rng,
	(strategy, right): (&'static Strategy, bool),
	wanted: &Wanted,
	sets: &'a [super::library::Set],
) -> Vec<Case<'a>> {
	let pace = 1 + rng.below(3);
	let draw = |rng: &mut Rng, right| {
		let set = &sets[rng.below(sets.len() as u32) as usize];
		Case::draw(rng, (set, right), (strategy, wanted), pace)
	};
	let mut cases = Vec::new();
	if !right {
		let others = if rng.one_in(4) { 1 + rng.below(2) } else { 0 };
		for number in 0..=if wanted.without.others { 0 } else { others } {
			let right = number > 0 && rng.one_in(2);
			let mut case = draw(rng, right);
			if strategy.sham && !right {
				case.crowd(rng, strategy);
			}
			// What it earns by honest work is not the attack's.
			case.reward = if right { 0 } else { case.reward };
			cases.push(case);
		}
		return cases;
	}
	let (most, mut exposure) = (claims(rng, strategy), Exposure::default());
	for _ in 0..if wanted.without.others { 1 } else { most } {
		let mut case = draw(rng, true);
		case.crowd(rng, strategy);
		match exposure.and(&case, &wanted.terms) {
			Some(with) => exposure = with,
			// A solver that has nothing else may have one claim with more places.
			None if !cases.is_empty() => continue,
			None => (),
		}
		cases.push(case);
	}
	cases
}

/// So many accounts accuse, one claim after the other.
fn spread(cases: &mut [Case<'_>], wanted: u32) {
	let mut accused: Vec<&mut Case<'_>> =
		cases.iter_mut().filter(|case| case.accounts > 0).collect();
	let claims = accused.len() as u32;
	for (number, case) in accused.iter_mut().enumerate() {
		case.accounts = (wanted + claims - 1 - number as u32) / claims;
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

impl Leaves {
	/// One of `len` leaves in a game of this number; `believed` is the one that the wrong execution points to.
	pub fn choose(self, len: u32, believed: Option<u32>, number: u32, rng: &mut Rng) -> u32 {
		let last = len.saturating_sub(1);
		let any = || believed.unwrap_or(0);
		match self {
			Self::Believed => believed.unwrap_or_else(|| rng.below(len)).min(last),
			Self::First => 0,
			Self::Last => last,
			Self::Any => rng.below(len),
			Self::Left => any().saturating_sub(1).min(last),
			Self::Right => (any() + 1).min(last),
			Self::Each => number % len.max(1),
		}
	}
}
