//! The terms that `compile` proposes: windows that the slowest admitted machine keeps, and the reward.

use assay_case::limits::{self, EFFORT_PER_BLOCK, STEP_WORDS, STRIDE_EFFORT};
use assay_commitment::claim;
use assay_ops::{effort, Cost};
use serde_json::{json, Value};

/// Blocks during which bids are taken: a minute.
const BIDDING: u64 = 10;
/// Blocks for data that travel, and for transactions that wait.
const AROUND: u64 = 24;
/// Blocks for the inclusion of a heartbeat.
const SIGN: u64 = 20;
const LONGEST_TRAINING: u64 = limits::TRAINING_BLOCKS as u64;
const LONGEST_CHALLENGE: u64 = limits::WINDOW_BLOCKS as u64;
const MAX_PROGRAM_BYTES: usize = limits::PROGRAM_BYTES as usize;
const MOST_STATES: u64 = limits::STATES as u64;
/// Decimals of an ASY.
const DECIMALS: usize = 12;

/// Terms for a task of so many steps, in the form of the chain's `post_task`. Training and checking may take twice as long as
/// they would on the slowest admitted machine.
pub(super) fn propose(cost: &Cost, steps: u32, stride: u32, reward: Option<u128>) -> Value {
	let blocks = |steps| blocks(cost, steps);
	let all = blocks(steps).saturating_mul(2).saturating_add(AROUND);
	let training = all.min(LONGEST_TRAINING);
	json!({
		"reward": reward.map(|units| units.to_string()),
		"bidding": BIDDING,
		"training": training,
		"heartbeat": blocks(stride).saturating_mul(2).saturating_add(SIGN).min(training),
		"challenge": all.min(LONGEST_CHALLENGE),
		"assurance": "Challenge",
		"hardware": null,
	})
}

/// Blocks in which the slowest admitted machine executes so many steps.
fn blocks(cost: &Cost, steps: u32) -> u64 {
	effort(cost.flops, cost.bytes, steps).div_ceil(EFFORT_PER_BLOCK)
}

/// The stride that is nearest to this one of those that the chain admits for so many steps, if it admits any.
pub(super) fn admitted_stride(cost: &Cost, steps: u32, stride: u32) -> u32 {
	let least = u64::from(steps).div_ceil(MOST_STATES.saturating_sub(1).max(1));
	let least = u32::try_from(least).unwrap_or(u32::MAX);
	stride.max(least).clamp(1, steps.max(1)).min(longest_stride(cost))
}

/// The longest stride that the chain admits, if it admits the program: one that can be replayed within the clock of a dispute.
fn longest_stride(cost: &Cost) -> u32 {
	let one = effort(cost.flops, cost.bytes, 1).max(1);
	let most = STRIDE_EFFORT.div_euclid(one).clamp(1, MOST_STATES);
	u32::try_from(most).unwrap_or(u32::MAX)
}

/// What the chain would refuse of a program and its stride, and what it admits though it does not help.
pub(super) fn warnings(cost: &Cost, length: usize, steps: u32, stride: u32) -> Vec<String> {
	let mut found = Vec::new();
	if length > MAX_PROGRAM_BYTES {
		found.push(format!(
			"the chain refuses this program: it has {length} bytes, of at most {MAX_PROGRAM_BYTES}. Fewer layers have fewer"
		));
	}
	let states = claim::states_len(steps.into(), stride).map_or(u64::MAX, u64::from);
	if states > MOST_STATES || u64::from(stride) > MOST_STATES {
		found.push(format!(
			"the chain refuses this stride: a claim would have {states} states of {stride} steps, of at most {MOST_STATES} each"
		));
	}
	let one = effort(cost.flops, cost.bytes, 1).max(1);
	if cost.words > STEP_WORDS {
		let words = cost.words;
		found.push(format!(
			"the chain refuses this program: a step has {words} words, of at most {STEP_WORDS}. A smaller `batch` has fewer"
		));
	}
	if one > STRIDE_EFFORT {
		found.push(String::from(
			"the chain refuses this program: a step cannot be replayed within the clock of a dispute. A smaller `batch` takes less",
		));
	} else if effort(cost.flops, cost.bytes, stride) > STRIDE_EFFORT {
		let most = longest_stride(cost);
		found.push(format!(
			"the chain refuses this stride, which cannot be replayed within the clock of a dispute: `stride` is at most {most} here"
		));
	}
	let work = blocks(cost, steps);
	let needed = work.saturating_add(AROUND);
	if needed > LONGEST_CHALLENGE {
		let room = LONGEST_CHALLENGE.saturating_sub(AROUND);
		let part = u64::from(steps).saturating_mul(room).div_euclid(work.max(1)).max(1);
		found.push(format!(
			"the slowest admitted machine needs {needed} blocks to compute this again, and the chain admits challenges for \
			{LONGEST_CHALLENGE}: only faster machines can check all of it in time. A task of {part} steps can be checked by all, and \
			another one goes on where it ends"
		));
	}
	found
}

/// An amount in ASY, such as `100` or `2.5`, in units of 10⁻¹² ASY.
pub(super) fn units(text: &str) -> Result<u128, String> {
	let (whole, part) = text.split_once('.').unwrap_or((text, ""));
	let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
	if whole.is_empty() || part.len() > DECIMALS || !is_number(whole) || !is_number(part) {
		return Err(format!("an amount in ASY has at most {DECIMALS} decimals, such as 2.5"));
	}
	let units: u128 = format!("{whole}{part:0<DECIMALS$}")
		.parse()
		.map_err(|_| String::from("more ASY than there can be"))?;
	match units {
		0 => Err("nobody works for nothing".into()),
		_ => Ok(units),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn amount_should_be_read_to_the_unit() {
		assert_eq!(units("100"), Ok(100_000_000_000_000));
		assert_eq!(units("2.5"), Ok(2_500_000_000_000));
		assert_eq!(units("0.000000000001"), Ok(1));
		for wrong in ["", ".5", "-1", "+1", "1,5", "1e3", "0", "0.0000000000001", "1.2.3"] {
			assert!(units(wrong).is_err(), "{wrong}");
		}
		assert!(units(&"9".repeat(40)).is_err());
	}

	#[test]
	fn windows_should_grow_with_the_work_and_stay_admitted() {
		let cost = Cost { flops: EFFORT_PER_BLOCK / 10, ..Cost::default() };
		let terms = propose(&cost, 1_000, 10, Some(7));
		assert_eq!(terms["reward"], "7");
		assert_eq!((&terms["training"], &terms["challenge"]), (&json!(224), &json!(224)));
		assert_eq!(terms["heartbeat"], 22);
		let terms = propose(&cost, u32::MAX, u32::MAX, None);
		assert_eq!((&terms["training"], &terms["heartbeat"]), (&json!(432_000), &json!(432_000)));
		assert_eq!((&terms["challenge"], &terms["reward"]), (&json!(28_800), &Value::Null));
	}

	#[test]
	fn requester_should_be_warned_when_not_everybody_can_check_in_time() {
		let cost = Cost { flops: EFFORT_PER_BLOCK / 10, ..Cost::default() };
		assert!(warnings(&cost, 9, 287_760, 1).is_empty());
		let said = warnings(&cost, 9, 2 * 287_761, 1).concat();
		assert!(
			said.contains("needs 57577 blocks") && said.contains("A task of 287756 steps"),
			"{said}"
		);
	}

	#[test]
	fn requester_should_be_warned_of_what_the_chain_refuses() {
		let said = |flops, words, stride| {
			warnings(&Cost { flops, words, ..Cost::default() }, 9, 100, stride).concat()
		};
		let third = STRIDE_EFFORT / 3;
		assert_eq!(said(third, STEP_WORDS, 3), "");
		let admitted = |flops, steps, stride| {
			admitted_stride(&Cost { flops, ..Cost::default() }, steps, stride)
		};
		assert_eq!([1, 3, 490].map(|stride| admitted(third, 100, stride)), [1, 3, 3]);
		assert_eq!([0, 490].map(|stride| admitted(1, 100, stride)), [1, 100]);
		assert_eq!(admitted(1, 1_100_000, 1), 2);
		assert_eq!(warnings(&Cost::default(), 9, 1_100_000, 2).concat(), "");
		assert_eq!(admitted(1, (1 << 20) - 1, 1), 1);
		assert!(said(third, STEP_WORDS, 4).contains("`stride` is at most 3"));
		assert!(said(third, STEP_WORDS + 1, 1).contains("has 4294967297 words"));
		assert!(said(STRIDE_EFFORT + 1, 1, 1).contains("a step cannot be replayed"));
		let long =
			|length, steps, stride| warnings(&Cost::default(), length, steps, stride).concat();
		assert_eq!(long(1 << 18, (1 << 20) - 1, 1), "");
		assert!(long((1 << 18) + 1, 1, 1).contains("262145 bytes"));
		assert!(long(9, 1 << 20, 1).contains("1048577 states"));
		assert!(long(9, u32::MAX, (1 << 20) + 1).contains("this stride"));
	}
}
