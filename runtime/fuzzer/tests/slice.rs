//! A small part of what `scripts/fuzz-runtime.sh` does, for every change.

use assay_runtime_fuzzer::{
	report::Report,
	run::{run, Plan},
	world::World,
};

/// Enough for every call of our pallets to be accepted.
const CALLS: u64 = 40_000;

fn slice(seed: u64, calls: u64, threads: usize) -> Report {
	run(Plan { calls, seed, threads, progress: 0, minutes: 0, begin: World::new })
}

#[test]
fn runtime_should_keep_every_rule_when_calls_come_in_any_order() {
	let report = slice(1, CALLS, 2);
	assert!(report.findings.is_empty(), "{}", report.render());
	let sum = report.sum();
	assert_eq!(sum.accepted + sum.refused, CALLS);
	let ours = ["ComputeStaking", "TaskMarket", "Dispute"];
	// The chain ends a game in the block of its deadline; by hand only while its agenda is behind.
	let seldom = ("Dispute", "expire");
	let mut missing = report.never_accepted();
	missing.retain(|call| ours.contains(&call.0) && *call != seldom);
	assert!(missing.is_empty(), "never accepted: {missing:?}");
}

#[test]
fn run_should_be_the_same_when_only_the_threads_differ() {
	let (one, two) = (slice(7, 6_000, 1), slice(7, 6_000, 2));
	assert_ne!(one.sum(), slice(8, 6_000, 2).sum());
	assert_eq!((one.counts, one.blocks), (two.counts, two.blocks));
}
