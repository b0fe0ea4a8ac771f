//! On which tasks a solver's node bids: what it can have, do in time, and defend.

use super::*;
use assay_host_functions::Progress;
use assay_primitives::Stakes;
use assay_runtime::{
	offchain::{
		pace::Pace,
		solver::{duties, Duty, BIDDING},
	},
	ComputeStaking,
};
use pallet_task_market::{Bid, Bids, Call, Stage, Tasks};
use polkadot_sdk::frame_support::BoundedVec;

const BOB: &[(KeyTypeId, Sr25519Keyring)] = &[(SOLVER_KEYS, Bob)];

#[test]
fn solver_should_bid_nine_tenths_when_a_task_is_open() {
	node(BOB, |_, sent| {
		run();
		assert_eq!(sent(), [(Bob, Call::place_bid { task: 0, price: 9 * ASY }.into())]);
	});
}

#[test]
fn solver_should_not_bid_when_its_bid_stands_or_its_stake_is_too_small() {
	node(BOB, |_, sent| {
		act(Bob, Call::<Runtime>::place_bid { task: 0, price: 8 * ASY });
		run();
		assert_eq!(sent(), []);
		act(Bob, Call::<Runtime>::withdraw_bid { task: 0 });
		// A bid of nine tokens needs eighteen.
		lock(77, 983 * ASY);
		run();
		assert_eq!(sent(), []);
	});
}

#[test]
fn solver_should_not_bid_when_something_cannot_be_had() {
	node(BOB, |fake, sent| {
		let missing = JobResult::Wait { reason: "the data set cannot be had".into() };
		fake.say(|script| script.prepare = Some(JobStatus::Done(missing)));
		run();
		assert_eq!(sent(), []);
		assert_eq!(fake.asked().last().map(|job| job.work.clone()), Some(JobWork::Prepare));
	});
}

/// Puts stake of the solver behind another task.
fn lock(task: u32, amount: u128) {
	ComputeStaking::lock(task, &Bob.to_account_id(), amount).unwrap();
}

#[test]
fn solver_should_bid_for_no_more_tasks_than_it_can_have_stake_behind() {
	node(BOB, |_, sent| {
		post();
		(100..162).for_each(|task| lock(task, ASY));
		let bob = Bob.to_account_id();
		assert_eq!(duties(&bob).len(), 2);
		lock(162, ASY);
		assert_eq!(duties(&bob), [Duty::Bid(0, 9 * ASY)]);
		lock(163, ASY);
		run();
		assert_eq!(sent(), []);
	});
}

#[test]
fn solver_should_not_bid_when_it_could_not_win() {
	node(BOB, |_, sent| {
		let others = |prices: &[u128]| {
			let bid =
				|(at, price): (usize, &u128)| Bid { solver: [at as u8; 32].into(), price: *price };
			let bids: Vec<_> = prices.iter().enumerate().map(bid).collect();
			Bids::<Runtime>::insert(0, BoundedVec::truncate_from(bids));
			run();
			sent().len()
		};
		assert_eq!(others(&[9 * ASY, 10 * ASY]), 1);
		assert_eq!(others(&[9 * ASY - 1, 10 * ASY]), 0, "another is cheaper");
		let mut full = [9 * ASY; 16];
		assert_eq!(others(&full), 0, "no bid is higher");
		full[3] += 1;
		assert_eq!(others(&full), 1);
	});
}

#[test]
fn solver_should_bid_for_no_more_than_its_stake_covers_together() {
	node(BOB, |_, sent| {
		post();
		let bob = Bob.to_account_id();
		lock(77, 964 * ASY);
		assert_eq!(duties(&bob), [Duty::Bid(0, 9 * ASY), Duty::Bid(1, 9 * ASY)]);
		run();
		assert_eq!(sent().len(), 2);
		lock(78, ASY);
		assert_eq!(duties(&bob), [Duty::Bid(0, 9 * ASY)]);
	});
}

#[test]
fn solver_should_wait_when_the_time_for_bids_is_long() {
	node(BOB, |fake, sent| {
		let until = |block| {
			Tasks::<Runtime>::mutate(0, |task| {
				task.as_mut().unwrap().stage = Stage::Open { until: block };
			});
			run();
			sent().len()
		};
		let now = System::block_number();
		assert_eq!(until(now + BIDDING + 1), 0);
		// Its data is looked for meanwhile.
		assert_eq!(fake.asked().last().map(|job| job.work.clone()), Some(JobWork::Prepare));
		assert_eq!(until(now + BIDDING), 1);
	});
}

#[test]
fn solver_should_bid_when_tasks_that_end_before_cannot_be_prepared() {
	node(BOB, |fake, sent| {
		// The first alone would keep it busy for longer than the second may wait.
		set_effort(0, 60 * UNSEEN);
		Tasks::<Runtime>::mutate(0, |task| {
			let terms = &mut task.as_mut().unwrap().spec.terms;
			(terms.training, terms.heartbeat) = (1_000, 1_000);
		});
		post();
		run();
		assert_eq!(sent(), [(Bob, Call::place_bid { task: 0, price: 9 * ASY }.into())]);
		fake.say(|script| script.unprepared = Some(0));
		run();
		assert_eq!(sent(), [(Bob, Call::place_bid { task: 1, price: 9 * ASY }.into())]);
	});
}

/// Bids of a solver on a task of so much effort.
fn bids(effort: u64, sent: Sent) -> usize {
	set_effort(0, effort);
	run();
	sent().len()
}

/// Operations in one block of a machine that nobody has seen train.
const UNSEEN: u64 = 150_000_000_000;

#[test]
fn solver_should_bid_only_for_what_it_can_do_in_time() {
	node(BOB, |_, sent| {
		// A single stride must be shown within 20 blocks, three of them to be on the safe side.
		assert_eq!(bids(18 * UNSEEN, sent), 0);
		assert_eq!(bids(17 * UNSEEN, sent), 1);
		// All must be done within 100 blocks, with half as long again and 12 to spare.
		let heartbeat = |blocks| {
			Tasks::<Runtime>::mutate(0, |task| {
				task.as_mut().unwrap().spec.terms.heartbeat = blocks;
			});
		};
		heartbeat(100);
		let steps = |steps| {
			Tasks::<Runtime>::mutate(0, |task| task.as_mut().unwrap().spec.work.steps = steps);
		};
		steps(60);
		assert_eq!(bids(UNSEEN, sent), 0);
		steps(59);
		assert_eq!(bids(UNSEEN, sent), 1);
	});
}

#[test]
fn solver_should_not_bid_when_it_is_busy_for_too_long() {
	node(BOB, |_, sent| {
		assert_eq!(bids(9 * UNSEEN, sent), 1);
		act(Bob, Call::<Runtime>::place_bid { task: 0, price: 9 * ASY });
		post();
		let second = |effort| {
			set_effort(1, effort);
			run();
			sent().len()
		};
		// Nine blocks for the first; the first stride of the second comes after them.
		assert_eq!(second(9 * UNSEEN), 0);
		assert_eq!(second(8 * UNSEEN), 1);
	});
}

#[test]
fn pace_should_fall_at_once_and_rise_by_and_by_when_trainings_are_seen() {
	node(BOB, |_, sent| {
		let see = |per_second_milli| {
			let task = Tasks::<Runtime>::get(0).unwrap();
			let progress =
				Progress { steps_per_second_milli: per_second_milli, ..Default::default() };
			Pace::notice(&task, &progress);
		};
		assert_eq!(bids(10 * UNSEEN, sent), 1);
		see(0);
		assert_eq!(bids(10 * UNSEEN, sent), 1, "nothing was seen");
		// A step takes twenty blocks of six seconds; then one block.
		see(1_000 / 120);
		assert_eq!(bids(10 * UNSEEN, sent), 0);
		let needed = (1..100).find(|_| {
			see(1_000 / 6);
			bids(10 * UNSEEN, sent) == 1
		});
		assert_eq!(needed, Some(1), "a quarter of the way");
		assert_eq!(bids(30 * UNSEEN, sent), 1);
		assert_eq!(bids(60 * UNSEEN, sent), 0);
		// Steps that are over in no time say little of the machine.
		assert_eq!(bids(1, sent), 1);
		see(20_000);
		assert_eq!([30 * UNSEEN, 1].map(|effort| bids(effort, sent)), [1, 1]);
		// Others may be slow for no operations that count: strides are admitted for a third of the pace.
		see(1_000);
		assert_eq!((bids(18 * UNSEEN / 3, sent), bids(17 * UNSEEN / 3, sent)), (0, 1));
	});
}

#[test]
fn pace_should_be_forgotten_when_nothing_is_trained() {
	node(BOB, |_, _| {
		let task = Tasks::<Runtime>::get(0).unwrap();
		let progress = Progress { steps_per_second_milli: 1, ..Default::default() };
		Pace::notice(&task, &progress);
		let mut task = task;
		(task.spec.program.flops, task.spec.program.bytes) = (6 * UNSEEN, 0);
		let blocks = |block| {
			System::set_block_number(block);
			Pace::known().training(&task)
		};
		assert_eq!([1, 3_601, 7_201, 100_000].map(blocks), [18, 9, 6, 6]);
	});
}

#[test]
fn solver_should_take_on_no_more_than_it_can_defend() {
	node(BOB, |_, sent| {
		claimed();
		post();
		let replays = |id, blocks| {
			set_effort(id, blocks * UNSEEN / 2);
		};
		let bid = |claimed, open| {
			replays(0, claimed);
			replays(1, open);
			run();
			sent().len()
		};
		// Four games about each, and half of what a clock of 300 blocks holds out beside its reserve.
		assert_eq!([bid(200, 28), bid(200, 30), bid(28, 30), bid(30, 30)], [1, 0, 1, 0]);
		bid(2, 2);
		// Each game is a place of the executor's, and a stake of 1,000 tokens covers 32.
		let stake = |amount| {
			Tasks::<Runtime>::mutate(0, |task| {
				let Stage::Claimed { job, .. } = &mut task.as_mut().unwrap().stage else {
					panic!()
				};
				job.stake = amount;
			});
			Tasks::<Runtime>::mutate(1, |task| {
				task.as_mut().unwrap().spec.terms.reward = 500 * ASY
			});
			run();
			sent().len()
		};
		assert_eq!(stake(1_000 * ASY), 1, "64 places");
		post();
		act(Bob, Call::<Runtime>::place_bid { task: 1, price: 450 * ASY });
		run();
		assert_eq!(sent(), [], "no place is left");
	});
}

#[test]
fn solver_should_be_busy_with_no_task_for_which_others_bid_less() {
	node(BOB, |_, sent| {
		set_effort(0, 17 * UNSEEN);
		act(Bob, Call::<Runtime>::place_bid { task: 0, price: 9 * ASY });
		post();
		set_effort(1, UNSEEN);
		run();
		assert_eq!(sent(), []);
		Bids::<Runtime>::mutate(0, |bids| {
			let solver = Alice.to_account_id();
			bids.try_push(Bid { solver, price: 8 * ASY }).unwrap();
		});
		run();
		assert_eq!(sent(), [(Bob, Call::place_bid { task: 1, price: 9 * ASY }.into())]);
	});
}
