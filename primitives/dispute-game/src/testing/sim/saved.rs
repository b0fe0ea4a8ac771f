//! Matches as text: so that one that went wrong is the same match after the drawing of matches, the table of strategies and the
//! library of tasks have changed.
//!
//! A match is a few lines, each a word and fields `name=value`. What a line leaves out is as it usually is; `#` begins a
//! comment.
//!
//! ```text
//! match seed=7 right=false lane=86 …        what the chain and the honest side's machine are like, and the censor
//! terms places=8 …                          what it costs whom
//! strategy name=sham about=Wrong …          what differs from playing well
//! task seed=9 steps=4 stride=2 …            a toy task
//! liar tile:1/2/0/0 state:2                 a wrong execution of it, as often as the task has them
//! claim task=0 liar=3 stake=10000000 …      a claim of one of the tasks above
//! fork after=3 blocks=7                     a re-org; crashes look the same
//! rot after=2                               the honest side's files are damaged
//! flood purse=90000 late=true               blocks are filled for so much money
//! ```

use alloc::{
	boxed::Box,
	format,
	string::{String, ToString},
	vec,
	vec::Vec,
};

use super::{
	super::{Execution, Lie, Toy},
	case::Case,
	library::Set,
	money::Terms,
	scenario::{Censor, Flood, Mishap, Order, Rot, Scenario, EXTENSION},
	strategies::PLAIN,
	text::{Fields, Word},
};

const NOTHING: Mishap = Mishap { after: 0, blocks: 0 };
const FIRST: Rot = Rot { after: 0 };
const NO_TERMS: Terms = Terms {
	bond_base: i64::MIN,
	bond_factor: i64::MIN,
	challenger_share: i64::MIN,
	requester_share: i64::MIN,
	disputed_withdrawal: i64::MIN,
	cost_multiple: i64::MIN,
	places: 0,
	clock: 0,
};
const NO_FLOOD: Flood = Flood { purse: 0, late: false };

/// Matches that were written down, and the tasks that they are about.
#[derive(Debug)]
pub struct Saved {
	matches: Vec<Match>,
}

#[derive(Debug)]
struct Match {
	sets: Vec<Set>,
	/// All lines, those of the tasks too.
	lines: Vec<String>,
}

impl Saved {
	/// Reads any number of matches.
	pub fn read(text: &str) -> Result<Self, String> {
		let mut matches: Vec<Vec<String>> = Vec::new();
		for line in text.lines() {
			let line = line.split('#').next().unwrap_or_default().trim();
			match (line.starts_with("match"), matches.last_mut()) {
				_ if line.is_empty() => (),
				(true, _) => matches.push(vec![line.to_string()]),
				(false, Some(lines)) => lines.push(line.to_string()),
				(false, None) => return Err(format!("{line}: no match has begun")),
			}
		}
		let matches = matches.into_iter().map(Match::read).collect::<Result<_, _>>()?;
		Ok(Self { matches })
	}

	/// The matches.
	pub fn scenarios(&self) -> Result<Vec<Scenario<'_>>, String> {
		self.matches.iter().map(Match::scenario).collect()
	}
}

impl Match {
	fn read(lines: Vec<String>) -> Result<Self, String> {
		let mut tasks: Vec<(Toy, Vec<Vec<Lie>>)> = Vec::new();
		for line in &lines {
			let (kind, fields) = line.split_once(' ').unwrap_or((line, ""));
			match (kind, tasks.last_mut()) {
				("task", _) => tasks.push((read(toy(), fields)?, Vec::new())),
				("liar", Some((_, liars))) => {
					let lies: Option<_> = fields.split(' ').map(Lie::read).collect();
					liars.push(lies.ok_or_else(|| format!("{line}: no lies"))?);
				},
				_ => (),
			}
		}
		let set = |(toy, liars): (Toy, Vec<Vec<Lie>>)| Set::of(&toy, liars);
		let sets = tasks.into_iter().map(set).collect::<Option<_>>();
		let sets = sets.ok_or("a task has more or fewer liars than it should")?;
		Ok(Self { sets, lines })
	}

	fn scenario(&self) -> Result<Scenario<'_>, String> {
		let mut scenario = blank();
		for line in &self.lines {
			let (kind, fields) = line.split_once(' ').unwrap_or((line, ""));
			match kind {
				"match" => scenario = read(scenario, fields)?,
				"terms" => scenario.terms = read(scenario.terms, fields)?,
				"strategy" => scenario.strategy = Box::leak(Box::new(read(PLAIN, fields)?)),
				"task" | "liar" => (),
				"claim" => scenario.cases.push(self.claim(fields)?),
				"fork" => scenario.forks.push(read(NOTHING, fields)?),
				"crash" => scenario.crashes.push(read(NOTHING, fields)?),
				"rot" => scenario.rots.push(read(FIRST, fields)?),
				"flood" => scenario.flood = Some(read(NO_FLOOD, fields)?),
				_ => return Err(format!("{line}: no such line")),
			}
		}
		Ok(scenario)
	}

	fn claim(&self, fields: &str) -> Result<Case<'_>, String> {
		let (task, fields) = fields.split_once(' ').unwrap_or((fields, ""));
		let task = task.strip_prefix("task=").and_then(|task| task.parse::<usize>().ok());
		let set = task.and_then(|task| self.sets.get(task));
		let Claim(mut case) = read(Claim(unclaimed(set.ok_or("a claim of no task")?)), fields)?;
		case.params.claim = case.claimed().claim_root();
		Ok(case)
	}
}

/// Reads fields; what is not there stays as it was.
fn read<T: Fields>(mut usual: T, fields: &str) -> Result<T, String> {
	for field in fields.split_whitespace() {
		let (name, value) = field.split_once('=').ok_or_else(|| format!("{field}: no field"))?;
		match usual.set(name, value) {
			Some(true) => (),
			Some(false) => return Err(format!("{field}: there is no such field here")),
			None => return Err(format!("{field}: no such value")),
		}
	}
	Ok(usual)
}

/// A claim and the parameters of games about it, on one line.
struct Claim<'a>(Case<'a>);

impl Fields for Claim<'_> {
	fn write(&self, usual: &Self) -> String {
		self.0.write(&usual.0) + &self.0.params.write(&usual.0.params)
	}

	fn set(&mut self, name: &str, value: &str) -> Option<bool> {
		Some(self.0.set(name, value)? || self.0.params.set(name, value)?)
	}
}

impl Scenario<'_> {
	/// All of it but planted faults, for [`Saved::read`].
	pub fn write(&self) -> String {
		let (usual, mut sets) = (blank(), Vec::<&Set>::new());
		let mut lines = vec![format!("match{}", Fields::write(self, &usual))];
		// In full: the runtime's may change.
		lines.push(format!("terms{}", self.terms.write(&NO_TERMS)));
		lines.push(format!("strategy{}", self.strategy.write(&PLAIN)));
		let mut claims = Vec::new();
		for case in &self.cases {
			let known = sets.iter().position(|set| core::ptr::eq(*set, case.set));
			let task = known.unwrap_or_else(|| {
				lines.extend(task(case.set));
				sets.push(case.set);
				sets.len() - 1
			});
			let usual = Claim(unclaimed(case.set));
			claims.push(format!("claim task={task}{}", Claim(case.clone()).write(&usual)));
		}
		lines.extend(claims);
		let mishap = |kind: &str, mishap: &Mishap| format!("{kind}{}", mishap.write(&NOTHING));
		lines.extend(self.forks.iter().map(|fork| mishap("fork", fork)));
		lines.extend(self.crashes.iter().map(|crash| mishap("crash", crash)));
		lines.extend(self.rots.iter().map(|rot| format!("rot{}", rot.write(&FIRST))));
		lines.extend(self.flood.iter().map(|flood| format!("flood{}", flood.write(&NO_FLOOD))));
		lines.join("\n")
	}
}

/// The lines of a task and of its wrong executions.
fn task(set: &Set) -> Vec<String> {
	let lies = |liar: &Execution| liar.lies.iter().map(Word::write).collect::<Vec<_>>().join(" ");
	let liars = set.liars().map(|liar| format!("liar {}", lies(liar)));
	[format!("task{}", set.toy().write(&toy()))].into_iter().chain(liars).collect()
}

/// What fields of a match are where a line does not say.
fn blank<'a>() -> Scenario<'a> {
	Scenario {
		seed: 0,
		strategy: &PLAIN,
		right: true,
		cases: Vec::new(),
		slots: true,
		lane: 86,
		verdicts: 7,
		tick: 8,
		budget: 0,
		streak: 0,
		censor: Censor::Never,
		flood: None,
		order: Order::First,
		finality: 10,
		forks: Vec::new(),
		crashes: Vec::new(),
		rots: Vec::new(),
		stale_journal: 0,
		terms: Terms::default(),
		planted: None,
	}
}

fn toy() -> Toy {
	let heartbeats = Vec::new();
	Toy { seed: 0, steps: 1, stride: 1, nodes: 2, slots: 1, tiles: 1, blocks: 1, heartbeats }
}

fn unclaimed(set: &Set) -> Case<'_> {
	let mut params = set.toy().params(set.honest.claim_root());
	(params.clock, params.reserve, params.extension) = (300, 75, EXTENSION);
	Case {
		set,
		right: true,
		liar: 0,
		accounts: 0,
		params,
		places: 2,
		replay: 0,
		own_replay: 0,
		window: 0,
		check: 0,
		bond: 0,
		stake: 0,
		reward: 0,
	}
}
