//! What can go wrong, and how a panic of the runtime is caught.

use std::{
	any::Any,
	cell::{Cell, RefCell},
	fmt,
	panic::{catch_unwind, set_hook, take_hook, AssertUnwindSafe, PanicHookInfo},
	sync::Once,
};

/// A rule that the runtime broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
	/// Nothing panics.
	NoPanic,
	/// A refused call changes nothing, a refused transaction only what paying for it changes.
	RefusedChangesNothing,
	/// All balances together are the issuance.
	BalancesAreIssuance,
	/// The issuance changes as the events say.
	IssuanceFollowsEvents,
	/// Our pallets burn what their own events say, and mint nothing.
	BurnsAreTold,
	/// What is held for a reason is what the rows behind it say.
	HoldsHaveRows,
	/// What is reserved without a reason is what the deposits of the stock pallets say.
	ReservesHaveRows,
	/// No call weighs more than it was said to.
	WeightIsBound,
	/// No block weighs more than its limit.
	BlockIsBound,
	/// A pallet's own invariants.
	TryState,
	/// The counts kept along the way are right. A fault of the fuzzer itself.
	Bookkeeping,
}

/// A broken rule, and how it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
	/// Which rule.
	pub rule: Rule,
	/// Where: of a panic its place, of invariants their pallet.
	pub place: String,
	/// What was found.
	pub detail: String,
}

impl Fault {
	/// A fault.
	pub fn new(rule: Rule, place: impl Into<String>, detail: impl Into<String>) -> Self {
		Self { rule, place: place.into(), detail: detail.into() }
	}

	/// Whether both are about the same thing.
	pub fn same(&self, other: &Self) -> bool {
		(self.rule, &self.place) == (other.rule, &other.place)
	}
}

impl fmt::Display for Fault {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{:?} at {}: {}", self.rule, self.place, self.detail)
	}
}

thread_local! {
	static GUARDED: Cell<bool> = const { Cell::new(false) };
	static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

fn note(info: &PanicHookInfo<'_>) {
	let place = info.location().map(|at| {
		// From the crate's name on: a path is of no interest to a reader elsewhere.
		let file = at.file();
		let parts: Vec<_> = file.split('/').collect();
		let tail = parts.len().saturating_sub(3);
		format!("{}:{}", parts[tail..].join("/"), at.line())
	});
	PLACE.with_borrow_mut(|slot| *slot = place.unwrap_or_default());
}

/// Panics within [`guarded`] are noted; all others go where they always went.
fn install() {
	static ONCE: Once = Once::new();
	ONCE.call_once(|| {
		let before = take_hook();
		set_hook(Box::new(move |info| if GUARDED.get() { note(info) } else { before(info) }));
	});
}

fn message(payload: &(dyn Any + Send)) -> String {
	let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
	text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Runs `body`; a panic in it becomes a fault.
pub fn guarded<R>(body: impl FnOnce() -> R) -> Result<R, Fault> {
	install();
	let outer = GUARDED.replace(true);
	let result = catch_unwind(AssertUnwindSafe(body));
	GUARDED.set(outer);
	result.map_err(|payload| {
		let place = PLACE.with_borrow_mut(std::mem::take);
		Fault::new(Rule::NoPanic, place, message(&*payload))
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn guarded_should_tell_where_a_panic_was() {
		let fault = guarded(|| panic!("out of {}", "luck")).expect_err("it panics");
		assert_eq!(fault.rule, Rule::NoPanic);
		assert!(fault.place.contains("src/fault.rs:"), "{fault}");
		assert_eq!(fault.detail, "out of luck");
		assert_eq!(guarded(|| 7), Ok(7));
	}
}
