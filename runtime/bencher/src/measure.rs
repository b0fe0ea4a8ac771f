//! What is run, how often, and the formula that fits the results.

use crate::wasm::{Purpose, Wasm};
use polkadot_sdk::frame_benchmarking::{
	Analysis, BenchmarkConfig, BenchmarkMetadata, BenchmarkParameter, BenchmarkResult,
	BenchmarkSelector,
};

/// The value of each parameter.
type Point = Vec<(BenchmarkParameter, u32)>;

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
	/// Values of each parameter, at least two; rounds where there is no parameter.
	pub(crate) steps: u32,
	/// Timed runs of each.
	pub(crate) repeat: u32,
}

/// A quantity as a linear function of the parameters.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Formula {
	/// Where all parameters are zero.
	pub(crate) base: u128,
	/// What one more of a parameter adds. Those that add nothing are left out.
	pub(crate) slopes: Vec<(String, u128)>,
}

impl From<Analysis> for Formula {
	fn from(fit: Analysis) -> Self {
		let slopes = fit.names.into_iter().zip(fit.slopes).filter(|(_, slope)| *slope > 0);
		Self { base: fit.base, slopes: slopes.collect() }
	}
}

/// What one benchmark costs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Cost {
	/// Name of the benchmark: a call, or a part of one.
	pub(crate) name: String,
	/// Its parameters.
	pub(crate) parameters: Vec<String>,
	/// The fastest run, in picoseconds.
	pub(crate) fastest: u128,
	/// Picoseconds.
	pub(crate) time: Formula,
	/// Bytes of proof.
	pub(crate) proof: Formula,
	/// Reads of the database.
	pub(crate) reads: Formula,
	/// Writes to the database.
	pub(crate) writes: Formula,
}

/// Measures all benchmarks of a pallet, in the order of their definition.
pub(crate) fn pallet(wasm: &Wasm, name: &str, effort: Effort) -> Result<Vec<Cost>, String> {
	let list = wasm.benchmarks()?;
	let known = list.iter().find(|known| known.pallet == name.as_bytes());
	let pallet = known.ok_or_else(|| format!("the runtime has no benchmarks of {name}"))?;
	let mut costs = Vec::new();
	for benchmark in &pallet.benchmarks {
		let config = BenchmarkConfig {
			pallet: pallet.pallet.clone(),
			instance: pallet.instance.clone(),
			benchmark: benchmark.name.clone(),
			..Default::default()
		};
		let name = String::from_utf8_lossy(&benchmark.name).into_owned();
		let cost = measure(wasm, name, config, benchmark, effort)?;
		eprintln!("{}: at least {} µs", cost.name, cost.fastest / 1_000_000);
		costs.push(cost);
	}
	Ok(costs)
}

fn measure(
	wasm: &Wasm,
	name: String,
	mut config: BenchmarkConfig,
	benchmark: &BenchmarkMetadata,
	effort: Effort,
) -> Result<Cost, String> {
	let mut counted = Vec::new();
	let mut timed = Vec::new();
	let rounds = if benchmark.components.is_empty() { effort.steps } else { 1 };
	for point in points(&benchmark.components, effort.steps) {
		config.selected_components = point;
		let run = |purpose| {
			wasm.run(&config, purpose).map_err(|error| format!("benchmark {name}: {error}"))
		};
		run(Purpose::Verify)?;
		counted.extend(run(Purpose::Count)?);
		for _ in 0..rounds {
			timed.extend(run(Purpose::Time(effort.repeat))?);
		}
	}
	let time = fit(&timed, BenchmarkSelector::ExtrinsicTime)?;
	Ok(Cost {
		name,
		parameters: benchmark.components.iter().map(|(name, ..)| name.to_string()).collect(),
		fastest: time.minimum.saturating_mul(1_000),
		time: time.into(),
		proof: fit(&counted, BenchmarkSelector::ProofSize)?.into(),
		reads: fit(&counted, BenchmarkSelector::Reads)?.into(),
		writes: fit(&counted, BenchmarkSelector::Writes)?.into(),
	})
}

fn fit(results: &Vec<BenchmarkResult>, what: BenchmarkSelector) -> Result<Analysis, String> {
	Analysis::min_squares_iqr(results, what).map_err(|error| error.to_string())
}

/// Each parameter from its lowest to its highest value while the others are at their highest.
fn points(parameters: &[(BenchmarkParameter, u32, u32)], steps: u32) -> Vec<Point> {
	if parameters.is_empty() {
		return vec![Point::new()];
	}
	let last = u64::from(steps.saturating_sub(1)).max(1);
	let mut points = Vec::new();
	for (varied, (_, low, high)) in parameters.iter().enumerate() {
		for step in 0..=last {
			let above = u64::from(high.saturating_sub(*low)) * step / last;
			let value = low.saturating_add(u32::try_from(above).unwrap_or(u32::MAX));
			let at = |(i, (name, _, high)): (usize, &(BenchmarkParameter, u32, u32))| {
				(*name, if i == varied { value } else { *high })
			};
			points.push(parameters.iter().enumerate().map(at).collect());
		}
	}
	points.dedup();
	points
}

#[cfg(test)]
mod tests {
	use super::BenchmarkParameter::{n, p};
	use super::*;

	#[test]
	fn points_should_be_one_when_there_is_no_parameter() {
		assert_eq!(points(&[], 20), [Point::new()]);
	}

	#[test]
	fn points_should_reach_both_ends_when_a_parameter_varies() {
		let values: Vec<u32> =
			points(&[(n, 3, 4_096)], 20).iter().map(|point| point[0].1).collect();
		assert_eq!((values.len(), values[0], values[19]), (20, 3, 4_096));
		assert!(values.is_sorted());
	}

	#[test]
	fn points_should_not_repeat_when_there_are_fewer_values_than_steps() {
		let values: Vec<u32> = points(&[(p, 0, 2)], 20).iter().map(|point| point[0].1).collect();
		assert_eq!(values, [0, 1, 2]);
	}

	#[test]
	fn points_should_hold_the_others_at_their_highest_when_one_varies() {
		let all = points(&[(n, 1, 2), (p, 5, 7)], 2);
		assert_eq!(all, [[(n, 1), (p, 7)], [(n, 2), (p, 7)], [(n, 2), (p, 5)], [(n, 2), (p, 7)]]);
	}
}
