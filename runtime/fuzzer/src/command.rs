//! What happens to the chain, one thing at a time.

use crate::people::{self, Person};
use assay_runtime::{RuntimeCall, RuntimeOrigin};
use std::fmt;

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
	/// Nobody: an unsigned transaction.
	None,
	/// The chain's administration.
	Root,
	/// An account.
	Signed(Person),
}

impl Origin {
	/// As the runtime sees it.
	pub fn runtime(self) -> RuntimeOrigin {
		match self {
			Self::None => RuntimeOrigin::none(),
			Self::Root => RuntimeOrigin::root(),
			Self::Signed(who) => RuntimeOrigin::signed(people::account(who)),
		}
	}
}

/// How a call reaches the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
	/// The call alone.
	Dispatch,
	/// As a transaction that was checked: with nonce, fee and weight. Only for signed calls.
	Transaction,
}

/// One thing that happens.
#[derive(Clone, PartialEq)]
pub enum Command {
	/// A call.
	Call {
		/// By whom.
		origin: Origin,
		/// How.
		way: Way,
		/// What.
		call: Box<RuntimeCall>,
	},
	/// The block ends, and one begins whose number is this much higher. Where it is more than one, the
	/// chain did nothing in the blocks between.
	Block {
		/// At least 1.
		ahead: u32,
	},
}

impl Command {
	/// A call that goes to the runtime without a transaction around it.
	pub fn call(origin: Origin, call: impl Into<RuntimeCall>) -> Self {
		Self::Call { origin, way: Way::Dispatch, call: Box::new(call.into()) }
	}

	/// A call by an account.
	pub fn by(who: Person, call: impl Into<RuntimeCall>) -> Self {
		Self::call(Origin::Signed(who), call)
	}
}

/// Most characters of a call that are shown.
const SHOWN: usize = 400;

impl fmt::Debug for Command {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Block { ahead } => write!(f, "block +{ahead}"),
			Self::Call { origin, way, call } => {
				let who = match origin {
					Origin::None => "nobody".into(),
					Origin::Root => "root".into(),
					Origin::Signed(who) => people::name(*who),
				};
				let text = format!("{call:?}");
				let short: String = text.chars().take(SHOWN).collect();
				let more = if short.len() < text.len() { "…" } else { "" };
				write!(f, "{who} {way:?}: {short}{more}")
			},
		}
	}
}
