//! Strategies that nobody thought of: any combination of what the known ones do, and of two of them.

use alloc::{format, string::String, vec::Vec};

use super::{
	super::Rng,
	strategies::{About, Crowd, Leaves, Lists, Pace, Strategy, PLAIN},
};

/// What is done feature by feature.
macro_rules! by_feature {
	($($feature:ident)*) => {
		/// How many features a strategy has that can be changed on their own.
		pub const FEATURES: u32 = [$(stringify!($feature)),*].len() as u32;

		/// Does not compile where a feature is missing above.
		const _: () = {
			let Strategy { name: _, tries: _, known: _, $($feature: _),* } = PLAIN;
		};

		/// Takes each feature from one of two strategies.
		fn either(one: &Strategy, other: &Strategy, rng: &mut Rng) -> Strategy {
			let mut of = || if rng.one_in(2) { one } else { other };
			Strategy { $($feature: of().$feature,)* ..BRED }
		}

		/// A strategy that plays well where this one has the feature of this number.
		fn plainer(strategy: &Strategy, feature: u32) -> Option<Strategy> {
			let mut number = 0;
			$(
				if number == feature && strategy.$feature != PLAIN.$feature {
					return Some(Strategy { $feature: PLAIN.$feature, ..*strategy });
				}
				number += 1;
			)*
			let _ = number;
			None
		}

		/// The features in which a strategy differs from playing well.
		fn remarkable(strategy: &Strategy) -> Vec<String> {
			let mut all = Vec::new();
			$(if strategy.$feature != PLAIN.$feature {
				all.push(format!(concat!(stringify!($feature), "={:?}"), strategy.$feature));
			})*
			all
		}
	};
}

by_feature!(about leaves lists pace crowd asks withholds spoils blind silent noise sham copies replays
	early concedes shuts heavy mutes absent doubles milks unbonds);

/// What a strategy begins as.
const BRED: Strategy = Strategy { name: "bred", ..PLAIN };

impl Strategy {
	/// Any strategy.
	pub fn any(rng: &mut Rng) -> Self {
		let mut any = BRED;
		for feature in 0..FEATURES {
			any.change(feature, rng);
		}
		any
	}

	/// Features of both.
	pub fn cross(&self, other: &Self, rng: &mut Rng) -> Self {
		either(self, other, rng)
	}

	/// The features in which it differs from playing well.
	pub fn features(&self) -> String {
		remarkable(self).join(" ")
	}

	/// This one without a feature, if it has it.
	pub(super) fn without(&self, feature: u32) -> Option<Self> {
		plainer(self, feature)
	}

	/// This one with a feature or two changed.
	pub fn bent(mut self, rng: &mut Rng) -> Self {
		for _ in 0..=rng.below(2) {
			self.change(rng.below(FEATURES), rng);
		}
		self
	}

	fn change(&mut self, feature: u32, rng: &mut Rng) {
		let rare = rng.one_in(4);
		match feature {
			0 => self.about = pick(rng, &[About::Right, About::Wrong, About::Any]),
			1 => self.leaves = [leaf(rng), leaf(rng)],
			2 => self.lists = [list(rng), list(rng)],
			3 => self.pace = pick(rng, &[Pace::Prompt, Pace::Last, Pace::Any, Pace::Alternate]),
			4 => self.crowd = pick(rng, &[Crowd::One, Crowd::Few, Crowd::Full]),
			5 => self.asks = rare,
			6 => self.withholds = rare,
			7 => self.spoils = rare,
			8 => self.blind = rare,
			9 => self.silent = rng.one_in(2).then(|| rng.below(8) as u8),
			10 => self.noise = if rare { 1 + rng.below(4) as u8 } else { 0 },
			11 => self.sham = rng.one_in(2),
			12 => self.copies = rare,
			13 => self.replays = rare,
			14 => self.early = rare,
			15 => self.concedes = rare,
			16 => self.shuts = rare,
			17 => self.heavy = rare,
			18 => self.mutes = rare,
			19 => self.absent = rare,
			20 => self.doubles = rare,
			21 => self.milks = rare,
			_ => self.unbonds = rare,
		}
	}
}

fn pick<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
	of[rng.below(of.len() as u32) as usize]
}

fn leaf(rng: &mut Rng) -> Leaves {
	use Leaves::{Any, Believed, Each, First, Last, Left, Right};
	pick(rng, &[Believed, First, Last, Any, Left, Right, Each])
}

fn list(rng: &mut Rng) -> Lists {
	use Lists::{Garbage, Mirror, Own, Right};
	pick(rng, &[Own, Right, Garbage, Mirror(1), Mirror(2), Mirror(3)])
}
