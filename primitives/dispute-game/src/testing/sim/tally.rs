//! What many matches came to.

use alloc::{vec, vec::Vec};

use super::{
	super::rng::mix,
	deeds::Deeds,
	strategies::STRATEGIES,
	world::{Fault, Report},
};

/// Faults that are kept with all that is known of them.
const KEPT: usize = 64;

/// What the matches of one strategy came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
	/// Matches.
	pub matches: u64,
	/// Games in them.
	pub games: u64,
	/// Matches that went wrong.
	pub wrong: u64,
	/// Blocks of the longest game, and of the longest that was alone about its claim when it was opened.
	pub longest: u32,
	pub longest_alone: u32,
	/// What the adversary lost, in millionths of a token.
	pub loss: i64,
	/// Worth of the honest side's moves, with its tips.
	pub cost: i64,
	/// Tips of the honest side.
	pub tips: i64,
	/// Least loss for each hundred that the honest side spent, in a match of its own.
	pub griefing: i64,
	/// Seed of that match.
	pub cheapest: u64,
	/// What the adversary did in any of them.
	pub deeds: Deeds,
}

impl Default for Line {
	fn default() -> Self {
		let griefing = i64::MAX;
		Self {
			matches: 0,
			games: 0,
			wrong: 0,
			longest: 0,
			longest_alone: 0,
			loss: 0,
			cost: 0,
			tips: 0,
			griefing,
			cheapest: 0,
			deeds: Deeds::default(),
		}
	}
}

impl Line {
	fn add(&mut self, other: &Self) {
		self.matches += other.matches;
		self.games += other.games;
		self.wrong += other.wrong;
		self.longest = self.longest.max(other.longest);
		self.longest_alone = self.longest_alone.max(other.longest_alone);
		self.loss += other.loss;
		self.cost += other.cost;
		self.tips += other.tips;
		self.deeds.join(other.deeds);
		if other.griefing < self.griefing {
			(self.griefing, self.cheapest) = (other.griefing, other.cheapest);
		}
	}
}

/// What many matches came to. Sums, so that it does not matter who counted which match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
	/// By strategy, in the order of [`STRATEGIES`].
	pub lines: Vec<Line>,
	/// Games that ended too late.
	pub late: u64,
	/// Moves that were accepted.
	pub moves: u64,
	/// Digest of all traces.
	pub trace: u64,
	/// Faults, some of them.
	pub faults: Vec<Fault>,
}

impl Default for Tally {
	fn default() -> Self {
		let lines = vec![Line::default(); STRATEGIES.len()];
		Self { lines, late: 0, moves: 0, trace: 0, faults: Vec::new() }
	}
}

fn index(name: &str) -> usize {
	STRATEGIES.iter().position(|strategy| strategy.name == name).unwrap_or(0)
}

impl Tally {
	/// Counts a match.
	pub fn count(&mut self, seed: u64, played: Result<Report, Fault>) {
		match played {
			Ok(report) => self.report(seed, &report),
			Err(fault) => {
				let line = &mut self.lines[index(fault.strategy)];
				(line.matches, line.wrong) = (line.matches + 1, line.wrong + 1);
				if self.faults.len() < KEPT {
					self.faults.push(fault);
				}
			},
		}
	}

	fn report(&mut self, seed: u64, report: &Report) {
		let griefing = match report.cost {
			0 => i64::MAX,
			cost => report.loss * 100 / cost,
		};
		self.lines[index(report.strategy.name)].add(&Line {
			matches: 1,
			games: report.games.into(),
			wrong: 0,
			longest: report.longest,
			longest_alone: report.longest_alone,
			loss: report.loss,
			cost: report.cost,
			tips: report.tips,
			griefing,
			cheapest: seed,
			deeds: report.deeds,
		});
		self.late += u64::from(report.late);
		self.moves += u64::from(report.moves);
		self.trace = self.trace.wrapping_add(mix(seed ^ report.trace));
	}

	/// Counts what another has counted.
	pub fn add(&mut self, other: Self) {
		for (line, others) in self.lines.iter_mut().zip(&other.lines) {
			line.add(others);
		}
		self.late += other.late;
		self.moves += other.moves;
		self.trace = self.trace.wrapping_add(other.trace);
		self.faults.extend(other.faults);
		self.faults.sort_by_key(|fault| fault.seed);
		self.faults.truncate(KEPT);
	}

	/// All strategies together.
	pub fn total(&self) -> Line {
		let mut total = Line::default();
		for line in &self.lines {
			total.add(line);
		}
		total
	}
}
