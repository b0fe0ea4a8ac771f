//! Tips of what waits.

use super::*;
use assay_case::CaseMove;
use assay_host_functions::Checked;
use assay_runtime::{constants::MILLI, offchain::tips::Urgency};
use codec::Encode;

const URGENCY: Urgency = Urgency { until: 1_000, most: 10 * ASY };

#[test]
fn tip_should_be_none_when_there_is_time_and_nothing_waited() {
	assert_eq!(URGENCY.tip(0, 0, 1_000 * ASY), 0);
	assert_eq!(URGENCY.tip(900, 2, 1_000 * ASY), 0);
}

#[test]
fn tip_should_double_while_it_waits_and_as_the_deadline_nears() {
	let waited = [3, 4, 5, 7, 9].map(|waited| URGENCY.tip(0, waited, 1_000 * ASY));
	assert_eq!(waited, [1, 1, 2, 4, 8].map(|n| n * MILLI));
	let late = [1_000, 999, 997, 994].map(|now| URGENCY.tip(now, 1, 1_000 * ASY));
	assert_eq!(late, [10 * ASY, 10 * ASY, 5 * ASY, 5 * ASY / 2]);
	let at_once = [995, 998, 999].map(|now| URGENCY.tip(now, 0, 1_000 * ASY));
	assert_eq!(at_once, [0, 10 * ASY, 10 * ASY], "the last two blocks in which it can be sent");
}

#[test]
fn tip_should_be_bounded_by_what_is_at_stake_and_by_the_purse() {
	for (now, waited) in [(0, u32::MAX), (u32::MAX, 0), (999, 60)] {
		assert_eq!(URGENCY.tip(now, waited, 1_000 * ASY), 10 * ASY);
		assert_eq!(URGENCY.tip(now, waited, 4 * ASY), ASY);
		assert_eq!(URGENCY.tip(now, waited, 0), 0);
	}
	let all = Urgency { until: 0, most: Balance::MAX };
	assert_eq!(all.tip(0, u32::MAX, Balance::MAX), Balance::MAX / 4);
}

#[test]
fn tips_of_a_game_should_be_a_small_part_of_what_it_costs_to_open_it() {
	// A game has eleven moves of one side at most.
	let most = |bond, stake| Urgency::of_move(100, bond, stake).most;
	for stake in [10 * ASY, 320 * ASY] {
		assert!(11 * most(5 * ASY, stake) < 5 * ASY / 20);
	}
	assert_eq!(most(5 * ASY, 16_384_000 * ASY), 1_000 * ASY, "much is at stake");
	assert_eq!(Urgency::of_work(100, 64 * ASY).most, ASY);
}

#[test]
fn tips_of_the_simulator_should_be_those_of_the_worker() {
	const MICRO: Balance = MILLI / 1_000;
	for bond in [4_532_960, 5_000_000, 60_000_000] {
		let urgency = Urgency::of_move(100, bond as Balance * MICRO, 0);
		for (now, waited) in (0..100).flat_map(|now| [0, 1, 3, 8, 20].map(|waited| (now, waited))) {
			let ours = urgency.tip(now, waited, Balance::MAX);
			let simulated = assay_dispute_game::testing::sim::tip(now, waited, 100, bond);
			let apart = (ours / MICRO).abs_diff(simulated as Balance);
			assert!(apart <= 1, "{bond} {now} {waited}: {ours} and {simulated}");
		}
	}
}

/// Block and tip of each transaction of a challenger that finds a wrong claim at block 7, up to block `last`. From then on
/// nothing is included, except at `included`.
fn tips(last: BlockNumber, included: Option<BlockNumber>) -> Vec<(BlockNumber, Balance)> {
	let mut tips = Vec::new();
	raw_node(&[(CHALLENGER_KEYS, Charlie)], |fake, sent| {
		claimed();
		let ask = CaseMove::Ask.encode().try_into().unwrap();
		fake.say(|script| {
			script.check = Some(JobStatus::Done(JobResult::Checked(Checked::ListWithheld)));
			script.play = Some(JobStatus::Done(JobResult::Move(ask)));
		});
		for block in 7..=last {
			run_to(block);
			run();
			for bytes in sent() {
				let transaction = UncheckedExtrinsic::decode_all(&mut &*bytes).unwrap();
				let Preamble::Signed(_, _, extension) = &transaction.preamble else {
					panic!("transactions of workers are signed");
				};
				tips.push((block, extension.7.tip()));
			}
			if included == Some(block) {
				System::inc_account_nonce(Charlie.to_account_id());
			}
		}
	});
	tips
}

#[test]
fn opening_should_get_a_tip_when_it_is_sent_again() {
	let sent = tips(23, None);
	let [first, second, third] = sent[..] else { panic!("{sent:?}") };
	assert_eq!(first, (7, 0));
	// Doubled every other block after the third, up to a small part of the bond of about five tokens.
	assert_eq!(second, (15, 4 * MILLI));
	assert!(third.0 == 23 && (19 * MILLI..20 * MILLI).contains(&third.1), "{third:?}");
}

#[test]
fn opening_should_get_no_tip_when_the_one_before_was_included() {
	assert_eq!(tips(15, Some(10)), [(7, 0), (15, 0)]);
}
