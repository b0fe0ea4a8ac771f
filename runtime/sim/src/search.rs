//! A search for what costs an adversary least: strategies are bred from those that did best.
//!
//! Every generation plays strategies against new seeds. Those by which an adversary gained most, and those
//! by which it lost least for each unit that it cost the honest side, are crossed and bent; some strategies
//! are drawn anew. All accounts of the adversary count as one, and so does the requester of a wrong claim:
//! what such a coalition gains, it gains from others.

use assay_dispute_game::testing::{
	sim::{play, Fault, Library, Strategy, Wanted, STRATEGIES},
	Rng,
};
use assay_sim::{
	args::Args,
	bounds::{ratio, tokens, Worst},
	run::{self, caught, quietly},
};
use std::{
	process::ExitCode,
	sync::atomic::{AtomicUsize, Ordering},
	thread,
	time::{Duration, Instant},
};

use crate::single;

/// Strategies of a generation.
const POPULATION: usize = 96;
/// Matches that each of them plays.
const MATCHES: u64 = 128;
/// How many of them, for each of the two aims, are bred from.
const PARENTS: usize = 8;
/// Strategies that are shown for each aim.
const SHOWN: usize = 3;
/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// What a strategy came to.
#[derive(Clone)]
struct Score {
	strategy: &'static Strategy,
	games: u64,
	/// Most that was gained in one match, in millionths of a token.
	profit: i64,
	/// Least that was lost for each hundred that the honest side spent, in one match.
	griefing: i64,
	/// Least part of its stake that a coalition lost that convicted itself, in percent.
	self_slash: i64,
	late: u64,
	faults: Vec<Fault>,
}

impl Score {
	/// Plays a strategy against consecutive seeds.
	fn of(strategy: &'static Strategy, first: u64, wanted: &Wanted, library: &mut Library) -> Self {
		let wanted = Wanted { strategy: Some(strategy), ..*wanted };
		let mut score = Self {
			strategy,
			games: 0,
			profit: i64::MIN,
			griefing: i64::MAX,
			self_slash: i64::MAX,
			late: 0,
			faults: Vec::new(),
		};
		for seed in (0..MATCHES).map(|offset| first.wrapping_add(offset)) {
			let played = caught(|| play(seed, &wanted, library)).unwrap_or_else(|panic| {
				*library = Library::default();
				Err(run::fault(seed, strategy.name, panic))
			});
			let report = match played {
				Ok(report) => report,
				Err(fault) => {
					score.faults.push(fault);
					continue;
				},
			};
			score.games += u64::from(report.games);
			score.late += u64::from(report.late);
			// Without a game nobody attacked anybody.
			if report.games > 0 {
				score.profit = score.profit.max(-report.loss);
			}
			if report.games > 0 && report.cost > 0 {
				score.griefing = score.griefing.min(report.loss * 100 / report.cost);
			}
			if report.self_inflicted {
				score.self_slash = score.self_slash.min(report.loss * 100 / report.stake);
			}
		}
		score
	}
}

/// Scores of a generation, in its order, whatever thread was faster.
fn play_all(
	generation: &[&'static Strategy],
	first: u64,
	args: &Args,
	wanted: &Wanted,
) -> Vec<Score> {
	let next = AtomicUsize::new(0);
	let mut scores: Vec<(usize, Score)> = thread::scope(|scope| {
		let work = || {
			let (mut library, mut done) = (Library::default(), Vec::new());
			loop {
				let index = next.fetch_add(1, Ordering::Relaxed);
				let Some(strategy) = generation.get(index) else { return done };
				let seed = first.wrapping_add(index as u64 * MATCHES);
				done.push((index, Score::of(strategy, seed, wanted, &mut library)));
			}
		};
		let threads: Vec<_> = (0..args.threads()).map(|_| scope.spawn(work)).collect();
		threads.into_iter().flat_map(|thread| thread.join().expect("panics are caught")).collect()
	});
	scores.sort_by_key(|(index, _)| *index);
	scores.into_iter().map(|(_, score)| score).collect()
}

/// The best of all generations.
#[derive(Default)]
struct Best {
	/// Most profitable first.
	profit: Vec<Score>,
	/// Cheapest harm first.
	griefing: Vec<Score>,
}

impl Best {
	fn take(&mut self, scores: &[Score]) {
		self.profit.extend(scores.iter().filter(|s| s.profit > i64::MIN).cloned());
		self.profit.sort_by_key(|score| -score.profit);
		self.griefing.extend(scores.iter().filter(|s| s.griefing < i64::MAX).cloned());
		self.griefing.sort_by_key(|score| score.griefing);
		for best in [&mut self.profit, &mut self.griefing] {
			best.truncate(PARENTS);
		}
	}

	/// The next generation.
	fn breed(&self, rng: &mut Rng) -> Vec<&'static Strategy> {
		let parents: Vec<&Strategy> =
			self.profit.iter().chain(&self.griefing).map(|score| score.strategy).collect();
		let parent = |rng: &mut Rng| parents[rng.below(parents.len() as u32) as usize];
		let mut child = || match rng.below(4) {
			0 => Strategy::any(rng),
			1 => parent(rng).bent(rng),
			_ => {
				let (one, other) = (parent(rng), parent(rng));
				one.cross(other, rng).bent(rng)
			},
		};
		// They are kept to the end of the run, a hundred bytes each.
		(0..POPULATION).map(|_| &*Box::leak(Box::new(child()))).collect()
	}
}

/// What a search came to.
pub(crate) struct Found {
	best: Best,
	games: u64,
	strategies: usize,
	late: u64,
	/// Matches that ended wrongly, with the strategies.
	faults: Vec<(&'static Strategy, Fault)>,
	self_slash: i64,
}

impl Found {
	/// What a run ends with: `games=… …`.
	pub(crate) fn figures(&self) -> String {
		let (profit, griefing) = (self.best.profit.first(), self.best.griefing.first());
		format!(
			"games={} strategies={} wrong={} late={} best_profit={} worst_griefing={} \
			self_slash_lost={}%",
			self.games,
			self.strategies,
			self.faults.len(),
			self.late,
			profit.map_or("-".into(), |score| tokens(score.profit)),
			ratio(griefing.map_or(i64::MAX, |score| score.griefing)),
			if self.self_slash == i64::MAX { "-".into() } else { self.self_slash.to_string() },
		)
	}

	/// Prints the first matches that ended wrongly, and the smallest that do.
	pub(crate) fn show_faults(&self, most: usize, wanted: &Wanted) {
		for (strategy, fault) in self.faults.iter().take(most) {
			let wanted = Wanted { strategy: Some(strategy), ..*wanted };
			println!("WRONG seed {} ({}): {}", fault.seed, strategy.features(), fault.what);
			println!("{}", single::smallest(fault, &wanted));
		}
	}

	/// The worst of all matches.
	fn worst(&self) -> Worst {
		let (profit, griefing) = (self.best.profit.first(), self.best.griefing.first());
		Worst {
			profit: profit.map_or(i64::MIN, |score| score.profit),
			griefing: griefing.map_or(i64::MAX, |score| score.griefing),
			self_slash: self.self_slash,
		}
	}

	/// Whether every match ended rightly and in time, whatever it cost.
	pub(crate) fn is_right(&self) -> bool {
		self.faults.is_empty() && self.late == 0
	}
}

/// Searches until there were enough games, shows what was found, and fails unless all ended rightly and attacks cost what
/// they must.
pub(crate) fn search(args: &Args, wanted: &Wanted) -> ExitCode {
	let found = found(args, wanted);
	for (aim, best) in [("profit", &found.best.profit), ("griefing", &found.best.griefing)] {
		for score in best.iter().take(SHOWN) {
			let (profit, griefing) = (tokens(score.profit), ratio(score.griefing));
			let name = score.strategy.name;
			println!("{aim}: {profit} gained, {griefing} lost per unit by {name}");
			println!("  {}", score.strategy.features());
		}
	}
	found.show_faults(SHOWN, wanted);
	let held = found.worst().hold();
	println!("SEARCH {}", found.figures());
	ExitCode::from(u8::from(!found.is_right() || !held))
}

/// Searches until there were enough games.
pub(crate) fn found(args: &Args, wanted: &Wanted) -> Found {
	let (start, mut told) = (Instant::now(), Instant::now());
	let mut rng = Rng(args.seed ^ 0xB4EED);
	let mut best = Best::default();
	let known = |strategy: &&Strategy| strategy.known.is_some();
	let mut generation: Vec<&'static Strategy> =
		STRATEGIES.iter().filter(|strategy| !known(strategy)).collect();
	let (mut first, mut games, mut tried, mut late) = (args.seed, 0u64, 0, 0);
	let (mut faults, mut self_slash) = (Vec::new(), i64::MAX);
	while games < args.games {
		let mut scores = Vec::new();
		quietly(|| scores = play_all(&generation, first, args, wanted));
		first = first.wrapping_add(generation.len() as u64 * MATCHES);
		tried += generation.len();
		for score in &scores {
			games += score.games + score.faults.len() as u64;
			late += score.late;
			self_slash = self_slash.min(score.self_slash);
			let described = score.faults.iter().map(|fault| (score.strategy, fault.clone()));
			faults.extend(described);
		}
		best.take(&scores);
		if told.elapsed() >= PROGRESS {
			told = Instant::now();
			eprintln!("{games} games, {tried} strategies, {} s", start.elapsed().as_secs());
		}
		generation = best.breed(&mut rng);
	}
	Found { best, games, strategies: tried, late, faults, self_slash }
}
