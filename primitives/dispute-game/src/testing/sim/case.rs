//! The claims of a match, and how many of them an honest solver takes on.

use super::{
	super::{Execution, Rng, Toy},
	library::{Set, LIARS},
	money::{self, Terms},
	scenario::{Wanted, EXTENSION, LONGEST_REPLAY},
	strategies::{Crowd, Lists, Strategy},
};
use crate::{Game, Move, Params};

/// Claims of a match at most.
const MOST_CLAIMS: u32 = 8;
/// Games that an honest solver's claims have places for, all together; as in the runtime.
const MOST_PLACES: u32 = 64;

/// One claim.
#[derive(Clone, Debug)]
pub(super) struct Case<'a> {
	pub(super) set: &'a Set,
	/// Whether it is right.
	pub(super) right: bool,
	/// First of the adversary's wrong executions, or the one behind the claim.
	pub(super) liar: u32,
	/// Accounts that accuse it.
	pub(super) accounts: u32,
	/// Parameters of games, but for their names.
	pub(super) params: Params,
	/// Most open games about it.
	pub(super) places: u32,
	/// Blocks in which the slowest admitted machine replays a stride, and in which the honest one does.
	pub(super) replay: u32,
	pub(super) own_replay: u32,
	/// Blocks of the challenge window.
	pub(super) window: u32,
	/// Blocks that checking it takes.
	pub(super) check: u32,
	pub(super) bond: i64,
	pub(super) stake: i64,
	/// What the requester pays for it.
	pub(super) reward: i64,
}

impl<'a> Case<'a> {
	/// Draws a claim for a machine that is so many times as fast as the slowest admitted.
	pub(super) fn draw(
		rng: &mut Rng,
		(set, right): (&'a Set, bool),
		(strategy, wanted): (&Strategy, &Wanted),
		pace: u32,
	) -> Self {
		let liar = rng.below(LIARS);
		let replay = match rng.below(16) {
			_ if wanted.without.replays => 0,
			_ if strategy.heavy => LONGEST_REPLAY - rng.below(LONGEST_REPLAY / 3),
			0 => rng.below(LONGEST_REPLAY + 1),
			_ => rng.below(4),
		};
		let Terms { clock, places, .. } = wanted.terms;
		let mut params = set.toy().params(claimed(set, right, liar).claim_root());
		params.clock = clock + replays(replay);
		(params.reserve, params.extension) = (clock / 4, EXTENSION);
		let places = match rng.one_in(4) {
			true => places,
			false => (2 + rng.below(8)).min(places),
		};
		let bond = wanted.terms.bond(replay);
		let stake = (i64::from(places) * wanted.terms.bond_base).max(money::LEAST_STAKE);
		Self {
			set,
			right,
			liar,
			accounts: 0,
			params,
			places,
			replay,
			own_replay: replay.div_ceil(pace),
			window: 20 + rng.below(100),
			check: rng.below(10),
			bond,
			stake,
			reward: stake / 2,
		}
	}

	/// Draws how many accuse it.
	pub(super) fn crowd(&mut self, rng: &mut Rng, strategy: &Strategy) {
		self.accounts = match strategy.crowd {
			Crowd::One => 1,
			Crowd::Few => 2 + rng.below(2),
			Crowd::Full if rng.one_in(512) => 1_000,
			Crowd::Full if strategy.shuts => self.places + 8,
			Crowd::Full => self.places + rng.below(self.places + 1),
		};
	}

	/// The execution behind the claim.
	pub(super) fn claimed(&self) -> &'a Execution {
		claimed(self.set, self.right, self.liar)
	}

	/// Games that the adversary can have open about it.
	pub(super) fn busy(&self) -> u32 {
		self.places.min(self.accounts)
	}

	/// Blocks in which the honest machine executes all of it.
	pub(super) fn whole(&self) -> u32 {
		self.own_replay * self.params.strides()
	}

	/// Blocks of the replays of one game on the honest machine.
	fn work(&self) -> u32 {
		2 * self.own_replay
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

/// What an honest solver has taken on, by the rule of the runtime's worker: all games that there may be about all its claims
/// but the largest are replayed in half of what a clock holds out beside its reserve, and its machine can move in all games.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exposure {
	replays: u32,
	/// Those about one claim, at most.
	largest: u32,
	places: u32,
}

impl Exposure {
	/// With one more claim, if it can be borne.
	pub(super) fn and(self, case: &Case<'_>, terms: &Terms) -> Option<Self> {
		let main = terms.clock - terms.clock / 4;
		let work = case.work().max(1) * case.places;
		let with = Self {
			replays: self.replays + work,
			largest: self.largest.max(work),
			places: self.places + case.places,
		};
		let unpaid = with.replays - with.largest;
		(unpaid <= main / 2 && with.places <= MOST_PLACES).then_some(with)
	}
}

/// How many claims an honest solver has at most.
pub(super) fn claims(rng: &mut Rng, strategy: &Strategy) -> u32 {
	match strategy.known.is_none() && rng.one_in(2) {
		true => 1,
		false => 2 + rng.below(MOST_CLAIMS - 1),
	}
}

/// What the honest side of a match has to do at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
	/// Games at the same time.
	pub(super) games: u32,
	/// Its moves in one of them.
	pub(super) turns: u32,
	/// Blocks of the longest replay.
	pub(super) longest: u32,
	/// Blocks of all replays.
	pub(super) all: u32,
	/// Blocks of those that the clocks of other claims do not pay for.
	pub(super) unpaid: u32,
}

impl Load {
	pub(super) fn of(cases: &[Case<'_>], strategy: &Strategy, right: bool) -> Self {
		let games = |case: &Case<'_>| match right {
			true => case.busy(),
			false => u32::from(!case.right),
		};
		let work = |case: &Case<'_>| games(case) * case.work();
		let all = cases.iter().map(work).sum();
		let unpaid = |case: &Case<'_>| all - work(case);
		Self {
			games: cases.iter().map(games).sum(),
			turns: cases.iter().map(|case| turns(strategy, &case.params, right)).max().unwrap_or(0),
			longest: cases.iter().map(|case| case.own_replay).max().unwrap_or(0),
			all,
			unpaid: cases.iter().map(unpaid).max().unwrap_or(0),
		}
	}
}

/// Moves of the honest side in one game.
fn turns(strategy: &Strategy, params: &Params, right: bool) -> u32 {
	let searched = match right {
		true => strategy.asks || strategy.noise > 0,
		false => {
			let posts_others = strategy.lists != [Lists::Own; 2];
			strategy.withholds || strategy.spoils || strategy.noise > 0 || posts_others
		},
	};
	let moves = if searched { most_moves(params) } else { 8 };
	moves / 2 + 1
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
