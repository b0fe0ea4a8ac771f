//! What attacks must cost at least: a run that finds less has failed, however rightly all games ended.

/// What an adversary is to lose at least for each hundred that the honest side spends (ADR 0021).
pub const HARM: i64 = 1_000;
/// What part of its stake a coalition is to lose at least by convicting itself, in percent: at least half of a slash burns.
const SELF_SLASH: i64 = 50;

/// The worst that was found. What was not looked at has the best value that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worst {
	/// Most that a coalition gained in one match, in millionths of a token.
	pub profit: i64,
	/// Least that an adversary lost for each hundred that the honest side spent, in one match.
	pub griefing: i64,
	/// Least part of its stake that a coalition lost that convicted itself, in percent.
	pub self_slash: i64,
}

impl Default for Worst {
	fn default() -> Self {
		Self { profit: i64::MIN, griefing: i64::MAX, self_slash: i64::MAX }
	}
}

impl Worst {
	/// A line for each bound that does not hold.
	pub fn broken(&self) -> Vec<String> {
		let Self { profit, griefing, self_slash } = *self;
		let mut lines = Vec::new();
		if profit > 0 {
			lines.push(format!(
				"a coalition gained {} tokens, and must gain nothing",
				tokens(profit)
			));
		}
		if griefing < HARM {
			let (lost, least) = (ratio(griefing), ratio(HARM));
			lines.push(format!("{lost} lost for each unit of harm, and must be {least} at least"));
		}
		if self_slash < SELF_SLASH {
			lines.push(format!(
				"{self_slash} % of a stake lost by convicting oneself, and must be {SELF_SLASH} % at least"
			));
		}
		lines
	}

	/// Prints what [`Self::broken`] finds. Says whether all bounds hold.
	pub fn hold(&self) -> bool {
		let broken = self.broken();
		for line in &broken {
			println!("BROKEN {line}");
		}
		broken.is_empty()
	}
}

/// Tokens of millionths.
pub fn tokens(millionths: i64) -> String {
	format!("{:.6}", millionths as f64 / 1e6)
}

/// A ratio that is counted in hundredths.
pub fn ratio(hundredths: i64) -> String {
	match hundredths {
		i64::MAX => "-".into(),
		hundredths => format!("{:.2}", hundredths as f64 / 100.0),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// The last values that are good enough.
	const EDGE: Worst = Worst { profit: 0, griefing: HARM, self_slash: SELF_SLASH };

	#[test]
	fn bounds_should_hold_when_nothing_was_found_and_at_their_edges() {
		assert!(Worst::default().hold());
		assert!(EDGE.hold());
	}

	#[test]
	fn bound_should_be_named_when_a_figure_is_beyond_it() {
		let broken = |worst: Worst| {
			assert!(!worst.hold());
			let lines = worst.broken();
			assert_eq!(lines.len(), 1, "{lines:?}");
			lines[0].clone()
		};
		assert!(broken(Worst { profit: 1, ..EDGE }).contains("gained 0.000001 tokens"));
		assert!(broken(Worst { griefing: HARM - 1, ..EDGE }).starts_with("9.99 lost for each unit"));
		assert!(broken(Worst { self_slash: SELF_SLASH - 1, ..EDGE }).starts_with("49 % of a stake"));
	}

	#[test]
	fn every_bound_should_be_named_when_all_are_broken() {
		let worst = Worst { profit: 5, griefing: -1, self_slash: 0 };
		assert_eq!(worst.broken().len(), 3);
	}
}
