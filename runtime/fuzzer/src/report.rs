//! What a run did and found.

use crate::{
	fault::Rule,
	generate::all_calls,
	run::{label, Finding},
};
use assay_runtime::RuntimeCall;
use std::{
	collections::BTreeMap,
	fmt::{self, Write as _},
};

/// Calls that the fuzzer cannot have accepted, and why.
const BEYOND: [(&str, &str, &str); 19] = [
	("System", "set_code", "replaces the runtime"),
	("System", "set_code_without_checks", "replaces the runtime"),
	("System", "authorize_upgrade", "replaces the runtime"),
	("System", "authorize_upgrade_without_checks", "replaces the runtime"),
	("System", "apply_authorized_upgrade", "replaces the runtime"),
	("System", "set_storage", "writes any storage"),
	("System", "kill_storage", "erases any storage"),
	("System", "kill_prefix", "erases any storage"),
	("Timestamp", "set", "made in every block, but by its author"),
	("Balances", "force_unreserve", "frees what something holds"),
	("Balances", "force_adjust_total_issuance", "changes the issuance by decree"),
	("Staking", "restore_ledger", "writes a ledger by decree"),
	("Staking", "migrate_currency", "needs a ledger from before holds"),
	("Staking", "update_payee", "needs a payee from before stashes"),
	("Babe", "report_equivocation", "needs two signed headers: tests/equivocation.rs"),
	("Babe", "report_equivocation_unsigned", "needs two signed headers: tests/equivocation.rs"),
	("Grandpa", "report_equivocation", "needs two signed votes: tests/equivocation.rs"),
	("Grandpa", "report_equivocation_unsigned", "needs two signed votes: tests/equivocation.rs"),
	("Session", "set_keys", "needs signatures by the keys: tests/session_keys.rs"),
];

/// How often a call was accepted and refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
	/// It did what it says.
	pub accepted: u64,
	/// It was refused, or the transaction was invalid.
	pub refused: u64,
}

/// What a run did and found.
#[derive(Debug, Default)]
pub struct Report {
	/// By pallet and call.
	pub counts: BTreeMap<(&'static str, &'static str), Count>,
	/// Blocks that began.
	pub blocks: u64,
	/// Faults.
	pub findings: Vec<Finding>,
	/// How long it took.
	pub seconds: f64,
}

impl Report {
	pub(crate) fn count(&mut self, call: &RuntimeCall, accepted: bool) {
		let count = self.counts.entry(label(call)).or_default();
		match accepted {
			true => count.accepted += 1,
			false => count.refused += 1,
		}
	}

	pub(crate) fn merge(&mut self, other: Self) {
		for (name, count) in other.counts {
			let sum = self.counts.entry(name).or_default();
			sum.accepted += count.accepted;
			sum.refused += count.refused;
		}
		self.blocks += other.blocks;
		self.findings.extend(other.findings);
	}

	/// All calls together.
	pub fn sum(&self) -> Count {
		let add = |sum: Count, count: &Count| Count {
			accepted: sum.accepted + count.accepted,
			refused: sum.refused + count.refused,
		};
		self.counts.values().fold(Count::default(), add)
	}

	/// Calls that were never accepted though they could have been.
	pub fn never_accepted(&self) -> Vec<(&'static str, &'static str)> {
		let accepted =
			|name: &(&str, &str)| self.counts.get(name).is_some_and(|count| count.accepted > 0);
		let beyond = |name: &(&str, &str)| BEYOND.iter().any(|(p, c, _)| (*p, *c) == *name);
		all_calls().into_iter().filter(|name| !accepted(name) && !beyond(name)).collect()
	}

	fn table(&self, out: &mut String) -> fmt::Result {
		writeln!(out, "{:<48} {:>12} {:>12}", "call", "accepted", "refused")?;
		for (pallet, call) in all_calls() {
			let count = self.counts.get(&(pallet, call)).copied().unwrap_or_default();
			let why = BEYOND.iter().find(|(p, c, _)| (*p, *c) == (pallet, call));
			let why = why
				.filter(|_| count.accepted == 0)
				.map_or(String::new(), |(_, _, why)| format!("  ({why})"));
			let name = format!("{pallet}.{call}");
			writeln!(out, "{name:<48} {:>12} {:>12}{why}", count.accepted, count.refused)?;
		}
		Ok(())
	}

	fn faults(&self, out: &mut String) -> fmt::Result {
		for finding in &self.findings {
			let Finding { life, fault, commands, shortest } = finding;
			writeln!(out, "FAULT life={life} after {commands} commands: {fault}")?;
			writeln!(out, "  {} commands are enough:", shortest.len())?;
			for command in shortest {
				writeln!(out, "  {command:?}")?;
			}
		}
		Ok(())
	}

	/// Everything, for people, and the last line for programs.
	pub fn render(&self) -> String {
		let mut out = String::new();
		// Writing to a string cannot fail.
		let _ = self.table(&mut out);
		for (pallet, call) in self.never_accepted() {
			let _ = writeln!(out, "never accepted: {pallet}.{call}");
		}
		let _ = self.faults(&mut out);
		let panics =
			self.findings.iter().filter(|finding| finding.fault.rule == Rule::NoPanic).count();
		let sum = self.sum();
		let calls = sum.accepted + sum.refused;
		let Count { accepted, refused } = sum;
		let _ = writeln!(out, "{accepted} accepted, {refused} refused in {:.0} s", self.seconds);
		let _ = write!(
			out,
			"FUZZ runtime calls={calls} blocks={} panics={panics} failures={} calls_per_s={:.0}",
			self.blocks,
			self.findings.len() - panics,
			calls as f64 / self.seconds.max(f64::EPSILON),
		);
		out
	}
}
