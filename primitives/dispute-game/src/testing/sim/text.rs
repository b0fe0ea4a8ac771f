//! Values and fields of a match as text.

use alloc::{
	boxed::Box,
	format,
	string::{String, ToString},
	vec::Vec,
};

use super::{
	super::{Lie, Toy},
	case::Case,
	money::Terms,
	scenario::{Censor, Flood, Mishap, Order, Rot, Scenario},
	strategies::{About, Crowd, Leaves, Lists, Pace, Strategy},
};
use crate::Params;

/// A value as text without spaces.
pub(super) trait Word: Sized {
	/// The text.
	fn write(&self) -> String;
	/// The value; `None` where the text is of none.
	fn read(text: &str) -> Option<Self>;
}

macro_rules! numbers {
	($($number:ty)*) => {
		$(impl Word for $number {
			fn write(&self) -> String {
				self.to_string()
			}

			fn read(text: &str) -> Option<Self> {
				text.parse().ok()
			}
		})*
	};
}

numbers!(u8 u32 u64 i64 bool);

macro_rules! choices {
	($($choice:ident: $($name:ident)*;)*) => {
		$(impl Word for $choice {
			fn write(&self) -> String {
				format!("{self:?}")
			}

			fn read(text: &str) -> Option<Self> {
				match text {
					$(stringify!($name) => Some(Self::$name),)*
					_ => None,
				}
			}
		})*
	};
}

choices! {
	About: Right Wrong Any;
	Leaves: Believed First Last Any Left Right Each;
	Pace: Prompt Last Any Alternate;
	Crowd: One Few Full;
	Censor: Never AtOnce AtTheEnd AtRandom ForTips;
	Order: First Last;
}

impl Word for Lists {
	fn write(&self) -> String {
		match self {
			Self::Mirror(moves) => format!("Mirror:{moves}"),
			Self::Own | Self::Right | Self::Garbage => format!("{self:?}"),
		}
	}

	fn read(text: &str) -> Option<Self> {
		match (text, text.strip_prefix("Mirror:")) {
			("Own", _) => Some(Self::Own),
			("Right", _) => Some(Self::Right),
			("Garbage", _) => Some(Self::Garbage),
			(_, moves) => Some(Self::Mirror(moves?.parse().ok()?)),
		}
	}
}

impl<T: Word> Word for Option<T> {
	fn write(&self) -> String {
		self.as_ref().map_or("-".into(), Word::write)
	}

	fn read(text: &str) -> Option<Self> {
		if text == "-" {
			Some(None)
		} else {
			T::read(text).map(Some)
		}
	}
}

impl<T: Word> Word for [T; 2] {
	fn write(&self) -> String {
		let [one, other] = self;
		format!("{},{}", one.write(), other.write())
	}

	fn read(text: &str) -> Option<Self> {
		let (one, other) = text.split_once(',')?;
		Some([T::read(one)?, T::read(other)?])
	}
}

impl Word for &'static str {
	fn write(&self) -> String {
		self.to_string()
	}

	fn read(text: &str) -> Option<Self> {
		Some(Box::leak(Box::from(text)))
	}
}

impl Word for Lie {
	fn write(&self) -> String {
		match self {
			Self::Tile { step, node, tile, block } => format!("tile:{step}/{node}/{tile}/{block}"),
			Self::Slot { step, slot } => format!("slot:{step}/{slot}"),
			Self::Input { step, slot } => format!("input:{step}/{slot}"),
			Self::State { step } => format!("state:{step}"),
			Self::Output { node } => format!("output:{node}"),
			Self::Letter { node, tile } => format!("letter:{node}/{tile}"),
			Self::Partial { block } => format!("partial:{block}"),
		}
	}

	fn read(text: &str) -> Option<Self> {
		let (kind, numbers) = text.split_once(':')?;
		let numbers: Option<Vec<u32>> = numbers.split('/').map(|word| word.parse().ok()).collect();
		match (kind, numbers?.as_slice()) {
			("tile", &[step, node, tile, block]) => Some(Self::Tile { step, node, tile, block }),
			("slot", &[step, slot]) => Some(Self::Slot { step, slot }),
			("input", &[step, slot]) => Some(Self::Input { step, slot }),
			("state", &[step]) => Some(Self::State { step }),
			("output", &[node]) => Some(Self::Output { node }),
			("letter", &[node, tile]) => Some(Self::Letter { node, tile }),
			("partial", &[block]) => Some(Self::Partial { block }),
			_ => None,
		}
	}
}

/// What a line of `name=value` says.
pub(super) trait Fields {
	/// Those that are not as in `usual`.
	fn write(&self, usual: &Self) -> String;
	/// Sets one; says whether there is one of this name. `None` if the value cannot be read.
	fn set(&mut self, name: &str, value: &str) -> Option<bool>;
}

macro_rules! fields {
	($($what:ty: $($field:ident)*;)*) => {
		$(impl Fields for $what {
			fn write(&self, usual: &Self) -> String {
				let mut line = String::new();
				$(if self.$field != usual.$field {
					line += &format!(concat!(" ", stringify!($field), "={}"), self.$field.write());
				})*
				line
			}

			fn set(&mut self, name: &str, value: &str) -> Option<bool> {
				match name {
					$(stringify!($field) => self.$field = Word::read(value)?,)*
					_ => return Some(false),
				}
				Some(true)
			}
		})*
	};
}

fields! {
	Strategy: name about leaves lists pace crowd asks withholds spoils blind silent absent doubles noise sham copies replays
		early concedes unbonds shuts heavy mutes milks;
	Terms: bond_base bond_factor challenger_share requester_share disputed_withdrawal cost_multiple places clock;
	Toy: seed steps stride nodes slots tiles blocks;
	Mishap: after blocks;
	Rot: after;
	Flood: purse late;
	Scenario<'_>: seed right slots lane verdicts tick budget streak censor order finality
		stale_journal;
	Case<'_>: right liar accounts places replay own_replay window check bond stake reward;
	Params: clock reserve extension;
}
