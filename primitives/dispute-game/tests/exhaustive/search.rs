//! Breadth-first search through everything that can happen in a model.
//!
//! No library: properties are asserted on *steps* as well as on states, every panic of the code under
//! test is a finding, and keys have 128 bits. See `docs/adr/0016`.

use std::{
	any::Any,
	collections::{hash_map::DefaultHasher, HashSet, VecDeque},
	fmt,
	hash::{Hash, Hasher},
	panic::{catch_unwind, AssertUnwindSafe},
};

/// What happened: a name, and which of several.
pub(crate) type Step = (&'static str, u8);

/// A system, and everything that can happen in it. Methods panic where something is wrong.
pub(crate) trait Model {
	/// One state of the system.
	type State;
	/// Where everything begins.
	fn root(&self) -> Self::State;
	/// Checks one state.
	fn verify(&self, state: &Self::State);
	/// Every state that can follow.
	fn next(&self, state: &Self::State) -> Vec<(Step, Self::State)>;
	/// States with the same key have the same future.
	fn key(&self, state: &Self::State) -> u128;
	/// Whether this is a proper end: only then may nothing follow.
	fn ended(&self, state: &Self::State) -> bool;
	/// Checks one step.
	fn check(&self, _before: &Self::State, _after: &Self::State) {}
}

/// What a search has found.
#[derive(Debug, Default)]
pub(crate) struct Report {
	/// Different states.
	pub(crate) states: usize,
	/// Steps between them.
	pub(crate) steps: usize,
	/// States that are proper ends.
	pub(crate) ends: usize,
	/// Length of the longest of the shortest ways to a state.
	pub(crate) depth: usize,
	/// What is wrong, and the shortest way to it.
	pub(crate) violation: Option<String>,
}

impl fmt::Display for Report {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self { states, steps, ends, depth, violation } = self;
		let violations = u8::from(violation.is_some());
		write!(f, "states={states} steps={steps} ends={ends} depth={depth} violations={violations}")
	}
}

/// 128 bits that stand for `value`.
pub(crate) fn digest(value: &impl Hash) -> u128 {
	let half = |salt: u64| {
		let mut hasher = DefaultHasher::new();
		(salt, value).hash(&mut hasher);
		u128::from(hasher.finish())
	};
	(half(1) << 64) | half(2)
}

/// Visits every state that can be reached in at most `depth` steps, or ends at the first violation.
pub(crate) fn explore<M: Model>(model: &M, depth: usize) -> Report {
	let mut report = Report::default();
	let mut found: Vec<(usize, Step)> = Vec::new();
	let mut known = HashSet::new();
	let mut queue = VecDeque::new();
	let mut new = vec![(0, 0, ("", 0), model.root())];
	loop {
		for (before, length, step, state) in new.drain(..) {
			if !known.insert(model.key(&state)) {
				continue;
			}
			let index = found.len();
			found.push((before, step));
			report.states = found.len();
			report.depth = length;
			report.ends += usize::from(model.ended(&state));
			if let Err(what) = guarded(|| model.verify(&state)) {
				report.violation = Some(format!("{what}\nafter{}", way(&found, index)));
				return report;
			}
			// What is as long as it may be is not kept.
			if length < depth {
				queue.push_back((index, length, state));
			}
		}
		let Some((index, length, state)) = queue.pop_front() else { return report };
		match guarded(|| followers(model, &state)) {
			Ok(next) => {
				report.steps += next.len();
				new.extend(next.into_iter().map(|(step, after)| (index, length + 1, step, after)));
			},
			Err(what) => {
				report.violation = Some(format!("{what}\nafter{}", way(&found, index)));
				return report;
			},
		}
	}
}

/// Every state that can follow, once each step has been checked.
fn followers<M: Model>(model: &M, state: &M::State) -> Vec<(Step, M::State)> {
	let next = model.next(state);
	assert!(!next.is_empty() || model.ended(state), "nothing follows, yet it is no end");
	next.iter().for_each(|(_, after)| model.check(state, after));
	next
}

/// What `act` makes, or what it panicked with.
fn guarded<R>(act: impl FnOnce() -> R) -> Result<R, String> {
	catch_unwind(AssertUnwindSafe(act)).map_err(|payload| text(&*payload))
}

fn way(found: &[(usize, Step)], mut index: usize) -> String {
	let mut steps = Vec::new();
	while index > 0 {
		let (before, (name, which)) = found[index];
		steps.push(format!(" {name}/{which}"));
		index = before;
	}
	steps.into_iter().rev().collect()
}

fn text(payload: &(dyn Any + Send)) -> String {
	let text = payload.downcast_ref::<String>().cloned();
	text.or_else(|| payload.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default()
}
