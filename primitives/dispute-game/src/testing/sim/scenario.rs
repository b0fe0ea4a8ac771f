//! What one match is about: everything that a seed decides.

use super::{
	super::{rng::mix, Execution, Rng, Toy},
	library::{Library, Set, LIARS},
	money::{self, Terms},
	strategies::{About, Crowd, Leaves, Lists, Strategy, STRATEGIES},
};
use crate::{Game, Move, Params};

/// Least time of a turn, as in the runtime.
pub const EXTENSION: u32 = 10;
/// Blocks that replaying a stride takes at most: half of the time that a clock is longer for it.
pub const LONGEST_REPLAY: u32 = 24;
/// Moves without evidence that the dispute lane of a block has room for: 256 games in three blocks.
const LANE: u32 = 86;
/// Moves with evidence that it has room for, by their length: see `runtime/load/tests/lane.rs`.
pub(super) const VERDICTS: usize = 7;
/// Games that one block ends at most because their clocks have run out.
const TICK: u32 = 8;
/// Deepest re-org.
const DEEPEST_FORK: u32 = 10;

/// What may be left out of a match, to see whether it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Without {
	/// Censored blocks.
	pub censorship: bool,
	/// Re-orgs.
	pub forks: bool,
	/// Crashes of the honest agent.
	pub crashes: bool,
	/// Replays take no time.
	pub replays: bool,
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

/// Everything that a seed decides.
#[derive(Clone, Debug)]
pub(super) struct Scenario<'a> {
	pub(super) seed: u64,
	pub(super) strategy: &'static Strategy,
	pub(super) set: &'a Set,
	/// Whether the claim is right.
	pub(super) right: bool,
	/// First of the adversary's wrong executions.
	pub(super) liar: u32,
	/// Accounts that accuse.
	pub(super) accounts: u32,
	/// Parameters of games, but for their names.
	pub(super) params: Params,
	/// Most open games about the claim.
	pub(super) places: u32,
	pub(super) lane: u32,
	pub(super) tick: u32,
	/// Blocks of the challenge window.
	pub(super) window: u32,
	/// Blocks that replaying a stride takes.
	pub(super) replay: u32,
	/// Blocks that checking the claim takes.
	pub(super) check: u32,
	/// Blocks in which the honest side may be kept out of the chain, whoever does it.
	pub(super) budget: u32,
	/// How many of them in a row.
	pub(super) streak: u32,
	pub(super) censor: Censor,
	pub(super) order: Order,
	pub(super) fork: Option<Mishap>,
	pub(super) crash: Option<Mishap>,
	/// The journal is older than the crash.
	pub(super) stale_journal: bool,
	pub(super) terms: Terms,
	pub(super) bond: i64,
	pub(super) stake: i64,
}

impl<'a> Scenario<'a> {
	/// The match of a seed.
	pub(super) fn draw(seed: u64, wanted: &Wanted, library: &'a mut Library) -> Self {
		let mut rng = Rng(mix(seed ^ 0xA55A));
		let strategy = wanted.strategy.unwrap_or_else(|| any_strategy(&mut rng));
		let right = match strategy.about {
			About::Right => true,
			About::Wrong => false,
			About::Any => rng.one_in(2),
		};
		let set = library.set(seed, rng.below(u32::MAX));
		let liar = rng.below(LIARS);
		let replay = match rng.below(16) {
			_ if wanted.without.replays => 0,
			_ if strategy.heavy => LONGEST_REPLAY - rng.below(LONGEST_REPLAY / 3),
			0 => rng.below(LONGEST_REPLAY + 1),
			_ => rng.below(4),
		};
		let terms = wanted.terms;
		let clock = terms.clock + replays(replay);
		let mut params = set.toy().params(claimed(set, right, liar).claim_root());
		(params.clock, params.reserve, params.extension) = (clock, terms.clock / 4, EXTENSION);
		let turns = honest_turns(strategy, &params, right, replay);
		let places = places(&mut rng, strategy, turns, (&params, terms.places), (right, replay));
		let accounts = accounts(&mut rng, wanted, strategy, places, right);
		let busy = if right { places.min(accounts) } else { 1 };
		// Each of a game's two replays may have to wait for one for another game that had begun before.
		let waits = if busy > 1 { 2 * replay } else { 0 };
		let budget =
			budget(&params, replays(replay) * busy.saturating_sub(1), busy * turns + waits);
		let mut this = Self {
			seed,
			strategy,
			set,
			right,
			liar,
			accounts,
			params,
			places,
			lane: if rng.one_in(4) { 1 + rng.below(LANE) } else { LANE },
			tick: if rng.one_in(4) { 1 } else { TICK },
			window: 20 + rng.below(100),
			replay,
			check: rng.below(10),
			budget,
			streak: if rng.one_in(2) { budget } else { rng.below(budget + 1) },
			censor: Censor::Never,
			order: if rng.one_in(2) { Order::First } else { Order::Last },
			fork: None,
			crash: None,
			stale_journal: rng.one_in(2),
			terms,
			bond: terms.bond(replay),
			stake: (i64::from(places) * terms.bond_base).max(money::LEAST_STAKE),
		};
		this.trouble(&mut rng, &wanted.without);
		this
	}

	/// What else goes wrong, within the budget.
	fn trouble(&mut self, rng: &mut Rng, without: &Without) {
		let censor = match rng.below(8) {
			_ if self.strategy.mutes => Censor::AtOnce,
			0 | 1 => Censor::AtOnce,
			2 => Censor::AtTheEnd,
			3 => Censor::AtRandom,
			_ => Censor::Never,
		};
		let forks = rng
			.one_in(4)
			.then(|| Mishap { after: rng.below(8), blocks: 1 + rng.below(DEEPEST_FORK) });
		let crashes = rng
			.one_in(4)
			.then(|| Mishap { after: rng.below(8), blocks: 1 + rng.below(self.budget.max(1)) });
		self.censor = if without.censorship { Censor::Never } else { censor };
		// After a re-org, another stride may have to be replayed.
		self.fork = forks.filter(|_| !without.forks && self.replay <= self.budget);
		if self.fork.is_some() {
			self.budget -= self.replay;
		}
		// What was replayed is lost with the process: for each of the honest side's games.
		let games = if self.right { self.places.min(self.accounts) } else { 1 };
		let lost = 2 * self.replay * games;
		self.crash = crashes.filter(|crash| !without.crashes && crash.blocks + lost <= self.budget);
		if self.crash.is_some() {
			self.budget -= lost;
		}
		// Whatever is in the way of the challenger's opening comes out of the window.
		self.window += self.check + self.budget + 2 * DEEPEST_FORK;
	}

	/// The execution behind the claim.
	pub(super) fn claimed(&self) -> &'a Execution {
		claimed(self.set, self.right, self.liar)
	}
}

fn claimed(set: &Set, right: bool, liar: u32) -> &Execution {
	match right {
		true => &set.honest,
		false => set.liar(liar),
	}
}

/// Blocks of a clock for two replays.
pub(super) fn replays(replay: u32) -> u32 {
	2 * replay + u32::from(replay > 0)
}

fn any_strategy(rng: &mut Rng) -> &'static Strategy {
	loop {
		let strategy = &STRATEGIES[rng.below(STRATEGIES.len() as u32) as usize];
		if strategy.known.is_none() {
			return strategy;
		}
	}
}

/// Blocks that the honest side's moves in one game take at most: one for each, and its replays.
fn honest_turns(strategy: &Strategy, params: &Params, right: bool, replay: u32) -> u32 {
	let searched = match right {
		true => strategy.asks || strategy.noise > 0,
		false => {
			let posts_others = strategy.lists != [Lists::Own; 2];
			strategy.withholds || strategy.spoils || strategy.noise > 0 || posts_others
		},
	};
	let moves = if searched { most_moves(params) } else { 8 };
	moves / 2 + 1 + 2 * replay
}

/// Most moves of a game with these parameters.
fn most_moves(params: &Params) -> u32 {
	let toy = Toy {
		seed: 0,
		steps: params.steps,
		stride: params.stride,
		nodes: params.nodes,
		slots: params.slots,
		tiles: 1,
		blocks: 1,
		heartbeats: alloc::vec::Vec::new(),
	};
	let asked = Game::open(*params, &Move::Ask, 0, &toy);
	asked.map_or(0, |opened| opened.game.moves_left() + 1)
}

fn places(
	rng: &mut Rng,
	strategy: &Strategy,
	turns: u32,
	(params, most): (&Params, u32),
	(right, replay): (bool, u32),
) -> u32 {
	let drawn = match (strategy.known, rng.below(4)) {
		(Some(_), _) => most,
		(None, 0) => most,
		(None, _) => (2 + rng.below(8)).min(most),
	};
	if strategy.known.is_some() || !right {
		return drawn;
	}
	// An agent that sends one transaction a block, and replays for one game at a time, can serve so many at once: each
	// game that is opened beside others has time for its replays in its clock.
	let of_base = params.clock - params.reserve - replays(replay) - EXTENSION;
	drawn.min(of_base / (turns - replays(replay).min(turns)).max(1)).max(1)
}

fn accounts(rng: &mut Rng, wanted: &Wanted, strategy: &Strategy, places: u32, right: bool) -> u32 {
	if !right && !strategy.sham {
		return 0;
	}
	if let Some(wanted) = wanted.adversaries {
		return wanted;
	}
	match strategy.crowd {
		Crowd::One => 1,
		Crowd::Few => 2 + rng.below(2),
		Crowd::Full if rng.one_in(512) => 1_000,
		Crowd::Full if strategy.shuts => places + 8,
		Crowd::Full => places + rng.below(places + 1),
	}
}

/// Blocks of delay that the main part of a clock, longer by `more`, withstands beyond what the honest side needs itself.
fn budget(params: &Params, more: u32, needed: u32) -> u32 {
	(params.clock - params.reserve + more).saturating_sub(needed + EXTENSION)
}

impl Leaves {
	/// One of `len` leaves; `believed` is the one that the wrong execution points to.
	pub(super) fn choose(self, len: u32, believed: Option<u32>, rng: &mut Rng) -> u32 {
		let last = len.saturating_sub(1);
		let any = || believed.unwrap_or(0);
		match self {
			Self::Believed => believed.unwrap_or_else(|| rng.below(len)).min(last),
			Self::First => 0,
			Self::Last => last,
			Self::Any => rng.below(len),
			Self::Left => any().saturating_sub(1).min(last),
			Self::Right => (any() + 1).min(last),
		}
	}
}
