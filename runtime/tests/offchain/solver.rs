//! What a solver's node does with what it has taken on.

use super::*;
use assay_host_functions::{Checked, Outcome, Progress, Trained};
use assay_runtime::offchain::solver::{duties, Duty};
use pallet_dispute::Call as DisputeCall;
use pallet_task_market::{Bid, Bids, Call, Stage, Tasks};

const BOB: &[(KeyTypeId, Sr25519Keyring)] = &[(SOLVER_KEYS, Bob)];

fn running(states: u32) -> Option<JobStatus> {
	let progress =
		Progress { step: 1, steps: 1, states, heartbeat_root: [7; 32], ..Default::default() };
	Some(JobStatus::Running(progress))
}

#[test]
fn solver_should_do_nothing_when_it_has_no_key_or_no_account() {
	node(&[(CHALLENGER_KEYS, Bob), (SOLVER_KEYS, Sr25519Keyring::Ferdie)], |_, sent| {
		run();
		assert_eq!(sent(), []);
	});
}

#[test]
fn solver_should_have_its_task_trained_with_all_that_decides_the_result() {
	node(BOB, |fake, sent| {
		assigned();
		run();
		assert_eq!(sent(), []);
		let [job] = fake.asked().try_into().unwrap();
		assert_eq!(job.work, JobWork::Train);
		let (context, work) = (job.context, work());
		assert_eq!(Program::decode_all(&mut &context.program[..]), Ok(program()));
		assert_eq!((context.task, context.attempt, context.steps, context.stride), (0, 0, 1, 1));
		assert_eq!(context.genesis, [9; 32]);
		assert_eq!(context.seed, work.seed);
		assert_eq!((context.records, context.record_size), (1, 4));
		assert_eq!(context.data_root, work.data_root);
		assert_eq!((context.init_root, context.init_slots), (work.init_root, work.init_slots));
	});
}

#[test]
fn heartbeat_should_be_sent_at_once_then_only_with_progress_and_after_half_of_the_interval() {
	node(BOB, |fake, sent| {
		assigned();
		fake.say(|script| script.train = running(1));
		let first = Call::<Runtime>::heartbeat { task: 0, states: 1, root: [7; 32] };
		run();
		assert_eq!(sent(), [(Bob, first.clone().into())]);
		act(Bob, first);
		run_to(17);
		run();
		assert_eq!(sent(), [], "there is no progress");
		fake.say(|script| script.train = running(2));
		run();
		assert_eq!(sent().len(), 1);
	});
	node(BOB, |fake, sent| {
		assigned();
		act(Bob, Call::<Runtime>::heartbeat { task: 0, states: 1, root: [7; 32] });
		fake.say(|script| script.train = running(2));
		run_to(16);
		run();
		assert_eq!(sent(), [], "it is not yet time");
	});
}

#[test]
fn solver_should_claim_when_training_is_done() {
	node(BOB, |fake, sent| {
		assigned();
		fake.say(|script| script.train = trained());
		run();
		run();
		let call: RuntimeCall = submit().into();
		assert_eq!(sent(), [(Bob, call.clone()), (Bob, call)], "twice the same does no harm");
	});
}

/// What [`submit`] claims, as the executor says it.
fn trained() -> Option<JobStatus> {
	let Claim { root: claim_root, states, final_state, artifact_root, steps } = claim();
	let path = |path: assay_commitment::Path| path.siblings.into_inner().try_into().unwrap();
	let ClaimEnds { first, last } = ends();
	let trained = Trained {
		claim_root,
		states,
		final_state,
		artifact_root,
		steps,
		first: path(first),
		last: path(last),
		outcome: Outcome::Completed,
	};
	Some(JobStatus::Done(JobResult::Trained(trained)))
}

/// A training of a hundred steps that is so far, with two states.
fn at_step(step: u32) -> Option<JobStatus> {
	let progress = Progress { step, steps: 100, states: 2, ..Progress::default() };
	Some(JobStatus::Running(progress))
}

/// Assigned at block 7, with 100 blocks for training.
const UNTIL: BlockNumber = 107;

/// What a node asks its executor in blocks that are so far from the deadline, where it finds the
/// training at these steps.
fn asked_at(fake: &Fake, looks: &[(BlockNumber, Option<JobStatus>)]) -> Vec<JobWork> {
	fake.asked();
	for (left, status) in looks {
		alive_at(UNTIL - left);
		fake.say(|script| script.train = status.clone());
		run();
	}
	fake.asked().into_iter().map(|job| job.work).collect()
}

/// Bob has the task and has shown its two states.
fn at_work() {
	assigned();
	act(Bob, Call::<Runtime>::heartbeat { task: 0, states: 2, root: claim_root() });
}

#[test]
fn solver_should_make_no_claim_when_it_contradicts_a_heartbeat() {
	for (prefix, sends) in [(Some([7; 32]), false), (Some(claim_root()), true), (None, true)] {
		node(BOB, |fake, sent| {
			at_work();
			fake.say(|script| (script.prefix, script.train) = (prefix, trained()));
			run();
			assert_eq!(!sent().is_empty(), sends, "{prefix:?}");
		});
		node(BOB, |fake, sent| {
			at_work();
			fake.say(|script| (script.prefix, script.hand_in) = (prefix, trained()));
			let hangs = [(12, at_step(50)), (8, at_step(50))];
			assert_eq!(asked_at(fake, &hangs).last(), Some(&JobWork::HandIn));
			assert_eq!(!sent().is_empty(), sends, "{prefix:?}, a part");
		});
	}
	node(BOB, |fake, sent| {
		assigned();
		fake.say(|script| (script.prefix, script.train) = (Some([7; 32]), trained()));
		run();
		assert_eq!(sent(), [(Bob, submit().into())], "there is no heartbeat");
	});
}

#[test]
fn solver_should_hand_in_what_is_done_when_it_will_be_late() {
	node(BOB, |fake, sent| {
		at_work();
		fake.say(|script| script.hand_in = trained());
		// Nobody worries before the last twelve blocks, nor without two of them to see the pace.
		let slow = [(20, at_step(40)), (13, at_step(47)), (12, at_step(48)), (11, at_step(49))];
		assert_eq!(asked_at(fake, &slow), vec![JobWork::Train; 4]);
		assert_eq!(sent(), []);
		let asked = asked_at(fake, &[(10, at_step(50))]);
		assert_eq!(asked, [JobWork::Train, JobWork::HandIn]);
		assert_eq!(sent(), [(Bob, submit().into())]);
		let asked = asked_at(fake, &[(9, None)]);
		assert_eq!(asked, [JobWork::HandIn], "training is not begun again");
	});
}

#[test]
fn solver_should_train_on_when_its_pace_suffices_or_is_not_known() {
	let fast = [(12, at_step(40)), (10, at_step(60)), (8, at_step(80)), (6, at_step(95))];
	// Steps of four blocks each, the last of them in time.
	let coarse = [(12, at_step(98)), (10, at_step(98)), (8, at_step(99))];
	let silent = JobStatus::Running(Progress::default());
	let starting =
		[(12, Some(silent.clone())), (9, Some(silent)), (8, at_step(0)), (7, at_step(0))];
	for looks in [&fast[..], &coarse, &starting] {
		node(BOB, |fake, sent| {
			at_work();
			assert_eq!(asked_at(fake, looks), vec![JobWork::Train; looks.len()]);
			assert_eq!(sent(), []);
		});
	}
}

#[test]
fn solver_should_hand_in_when_its_worker_hangs_or_fails() {
	let hangs = [(12, at_step(50)), (9, at_step(50)), (8, at_step(50))];
	let fault = Some(JobStatus::Failed(assay_host_functions::Fault::Machine("no memory".into())));
	for looks in [&hangs[..], &[(12, fault)]] {
		node(BOB, |fake, sent| {
			at_work();
			fake.say(|script| script.hand_in = trained());
			assert_eq!(asked_at(fake, looks).last(), Some(&JobWork::HandIn));
			assert_eq!(sent(), [(Bob, submit().into())]);
		});
	}
}

#[test]
fn solver_should_train_on_when_there_is_nothing_to_hand_in() {
	node(BOB, |fake, sent| {
		at_work();
		let nothing = JobResult::Wait { reason: "not even a stride is done".into() };
		fake.say(|script| script.hand_in = Some(JobStatus::Done(nothing)));
		let hangs = [(12, at_step(50)), (8, at_step(50))];
		assert_eq!(asked_at(fake, &hangs).last(), Some(&JobWork::HandIn));
		assert_eq!(asked_at(fake, &[(7, at_step(50))]), [JobWork::Train]);
		assert_eq!(sent(), []);
	});
}

/// Goes to a block in which task 0 has just given a sign of life.
fn alive_at(block: BlockNumber) {
	for block in System::block_number()..=block {
		System::set_block_number(block);
		polkadot_sdk::frame_system::BlockHash::<Runtime>::insert(
			block,
			assay_runtime::Hash::repeat_byte(9),
		);
	}
	pallet_task_market::Tasks::<Runtime>::mutate(0, |task| {
		let task = task.as_mut().unwrap();
		let pallet_task_market::Stage::Running { last_sign, .. } = &mut task.stage else {
			panic!()
		};
		*last_sign = block;
	});
}

#[test]
fn solver_should_have_the_chain_look_at_what_it_forgot() {
	let forget = |task: u32| {
		Tasks::<Runtime>::mutate(task, |task| task.as_mut().unwrap().agenda = None);
		let _ = pallet_task_market::Agenda::<Runtime>::clear(u32::MAX, None);
	};
	node(BOB, |_, sent| {
		act(Bob, Call::<Runtime>::place_bid { task: 0, price: 9 * ASY });
		forget(0);
		let until = Tasks::<Runtime>::get(0).unwrap().deadline();
		run_to(until);
		run();
		assert_eq!(sent(), []);
		run_to(until + 1);
		run();
		assert_eq!(sent(), [(Bob, Call::assign { task: 0 }.into())]);
		act(Bob, Call::<Runtime>::assign { task: 0 });
		act(Bob, submit());
		forget(0);
		let until = Tasks::<Runtime>::get(0).unwrap().deadline();
		run_to(until + 1);
		run();
		assert_eq!(sent(), [(Bob, Call::finalise { task: 0 }.into())]);
		Tasks::<Runtime>::mutate(0, |task| {
			let Stage::Claimed { games, .. } = &mut task.as_mut().unwrap().stage else { panic!() };
			*games = 1;
		});
		assert_eq!(duties(&Bob.to_account_id()), []);
	});
}

#[test]
fn solver_should_leave_what_the_chain_forgot_to_who_leads_for_ten_blocks() {
	node(BOB, |_, sent| {
		act(Bob, Call::<Runtime>::place_bid { task: 0, price: 9 * ASY });
		Bids::<Runtime>::mutate(0, |bids| {
			let solver = Alice.to_account_id();
			bids.try_push(Bid { solver, price: 8 * ASY }).unwrap();
		});
		Tasks::<Runtime>::mutate(0, |task| task.as_mut().unwrap().agenda = None);
		let _ = pallet_task_market::Agenda::<Runtime>::clear(u32::MAX, None);
		let until = Tasks::<Runtime>::get(0).unwrap().deadline();
		run_to(until + 10);
		run();
		assert_eq!(sent(), []);
		run_to(until + 11);
		run();
		assert_eq!(sent(), [(Bob, Call::assign { task: 0 }.into())]);
	});
}

/// The nonce of a transaction.
fn nonce(bytes: &[u8]) -> u32 {
	let transaction = UncheckedExtrinsic::decode_all(&mut &*bytes).unwrap();
	let Preamble::Signed(_, _, extension) = transaction.preamble else { panic!("signed") };
	extension.5 .0
}

#[test]
fn account_should_send_with_one_row_of_nonces_when_it_has_both_roles() {
	raw_node(&[(SOLVER_KEYS, Charlie), (CHALLENGER_KEYS, Charlie)], |fake, raw| {
		claimed();
		post();
		let (hardware, metadata) = (HardwareClass::Cpu, Default::default());
		act(Charlie, pallet_compute_staking::Call::<Runtime>::register { hardware, metadata });
		act(Charlie, pallet_compute_staking::Call::<Runtime>::bond { amount: 1_000 * ASY });
		fake.say(|script| {
			let ask = codec::Encode::encode(&assay_case::CaseMove::Ask).try_into().unwrap();
			script.check = Some(JobStatus::Done(JobResult::Checked(Checked::ListWithheld)));
			script.play = Some(JobStatus::Done(JobResult::Move(ask)));
		});
		run();
		let sent = raw();
		let calls: Vec<_> = sent.iter().map(|bytes| opened(bytes).1).collect();
		let game = DisputeCall::open_withheld { task: 0 }.into();
		assert_eq!(calls, [game, Call::place_bid { task: 1, price: 9 * ASY }.into()]);
		let nonces: Vec<_> = sent.iter().map(|bytes| nonce(bytes)).collect();
		assert_eq!(nonces, [0, 1]);
	});
}

#[test]
fn solver_should_defend_before_it_bids() {
	node(BOB, |fake, sent| {
		claimed();
		post();
		act(Charlie, DisputeCall::<Runtime>::open_withheld { task: 0 });
		let bob = Bob.to_account_id();
		assert_eq!(duties(&bob), [Duty::Defend(0), Duty::Bid(1, 9 * ASY)]);
		// A move that the chain would refuse is not sent; the next duty is done.
		let reveal = |states: Vec<Root>| {
			let play = assay_case::CaseMove::Bisect { children: states.try_into().unwrap() };
			let bytes = codec::Encode::encode(&play).try_into().unwrap();
			Some(JobStatus::Done(JobResult::Move(bytes)))
		};
		fake.say(|script| script.play = reveal(vec![[0; 32]; 2]));
		run();
		assert_eq!(sent(), [(Bob, Call::place_bid { task: 1, price: 9 * ASY }.into())]);
		fake.say(|script| script.play = reveal(states().to_vec()));
		run();
		let game = pallet_dispute::Disputes::<Runtime>::get(0).unwrap().game;
		let (position, children) = (game.position(), states().to_vec().try_into().unwrap());
		let bid = (Bob, Call::place_bid { task: 1, price: 9 * ASY }.into());
		assert_eq!(
			sent(),
			[(Bob, DisputeCall::bisect { game: 0, position, children }.into()), bid]
		);
		assert_eq!(pallet_dispute::Disputes::<Runtime>::get(0).unwrap().game, game, "only tried");
	});
}

#[test]
fn solver_should_answer_in_every_game_in_the_same_block() {
	node(BOB, |fake, sent| {
		claimed();
		act(Charlie, DisputeCall::<Runtime>::open_withheld { task: 0 });
		act(Alice, DisputeCall::<Runtime>::open_withheld { task: 0 });
		let children: Vec<Root> = states().to_vec();
		let bisect =
			assay_case::CaseMove::Bisect { children: children.clone().try_into().unwrap() };
		let bytes = codec::Encode::encode(&bisect).try_into().unwrap();
		fake.say(|script| script.play = Some(JobStatus::Done(JobResult::Move(bytes))));
		run();
		let answers = [0, 1].map(|game| {
			let position = pallet_dispute::Disputes::<Runtime>::get(game).unwrap().game.position();
			let children = children.clone().try_into().unwrap();
			(Bob, DisputeCall::bisect { game, position, children }.into())
		});
		assert_eq!(sent(), answers);
		// Only tried: the games stand where they stood.
		for game in [0, 1] {
			let game = pallet_dispute::Disputes::<Runtime>::get(game).unwrap().game;
			assert_eq!(game.mover(), Some(assay_dispute_game::Side::Defender));
		}
		assert_eq!(System::account_nonce(Bob.to_account_id()), 0);
	});
}

/// The numbers of the games about which the executor was asked for a move since the last look.
fn asked_about(fake: &Fake) -> Vec<Root> {
	let games = fake.asked().into_iter().map(|job| match job.work {
		JobWork::Play { game, .. } => {
			assay_case::Brief::decode_all(&mut &game[..]).unwrap().params.id
		},
		other => panic!("{other:?}"),
	});
	games.collect()
}

/// The number of a game, as its moves know it.
fn number(game: u32) -> Root {
	pallet_dispute::Disputes::<Runtime>::get(game).unwrap().game.params().id
}

/// Charlie disputes the only stride, which the solver must replay now.
fn open_stride() {
	let shown = |root, path| assay_dispute_game::Shown { leaf: root, path };
	let ([first, last], ends) = (states(), ends());
	let (before, after) = (shown(first, ends.first.siblings), shown(last, ends.last.siblings));
	act(Charlie, DisputeCall::<Runtime>::open { task: 0, stride: 0, before, after });
}

#[test]
fn solver_should_ask_for_few_replays_at_a_time_and_first_for_the_most_urgent() {
	node(BOB, |fake, _| {
		claimed();
		// As many as the stake covers: a stride, a search, two more strides.
		open_stride();
		act(Charlie, DisputeCall::<Runtime>::open_withheld { task: 0 });
		run_to(8);
		fake.say(|script| script.play = Some(JobStatus::Queued));
		run();
		assert_eq!(asked_about(fake), [0, 1].map(number));
		open_stride();
		open_stride();
		run();
		assert_eq!(asked_about(fake), [number(2)], "the others are only looked at");
		run();
		assert!(asked_about(fake).is_empty());
	});
	node(BOB, |fake, _| {
		claimed();
		(0..4).for_each(|_| open_stride());
		fake.say(|script| script.play = Some(JobStatus::Queued));
		run();
		assert_eq!(asked_about(fake), [0, 1].map(number), "busy until the next block");
		// What ended in nothing is asked for again, and what is done is no longer in the way.
		let wait = JobResult::Wait { reason: Default::default() };
		fake.say(|script| script.play = Some(JobStatus::Done(wait)));
		run();
		assert_eq!(asked_about(fake), [0, 1, 2, 3].map(number));
	});
}

#[test]
fn solver_should_send_moves_that_are_done_whatever_else_there_is_to_do() {
	node(BOB, |fake, sent| {
		claimed();
		(0..4).for_each(|_| open_stride());
		fake.say(|script| script.play = Some(JobStatus::Queued));
		run();
		let trace = assay_case::CaseMove::PostTrace { root: [1; 32] };
		let bytes = codec::Encode::encode(&trace).try_into().unwrap();
		fake.say(|script| script.play = Some(JobStatus::Done(JobResult::Move(bytes))));
		run();
		assert_eq!(sent().len(), 4);
		fake.asked();
		// Sent again until they are included, and not computed again.
		run();
		assert_eq!((sent().len(), fake.asked().len()), (4, 0));
	});
}

#[test]
fn solver_should_give_up_games_in_which_no_move_can_be_in_time() {
	node(BOB, |fake, _| {
		claimed();
		open_stride();
		let game = pallet_dispute::Disputes::<Runtime>::get(0).unwrap().game;
		let until = game.deadline().unwrap();
		System::set_block_number(until - 2);
		run();
		assert_eq!(asked_about(fake), [number(0)]);
		System::set_block_number(until - 1);
		run();
		assert!(asked_about(fake).is_empty());
	});
}

#[test]
fn moves_of_all_keys_should_be_asked_for_by_their_deadlines() {
	node(&[(SOLVER_KEYS, Bob), (CHALLENGER_KEYS, Charlie)], |fake, _| {
		claimed();
		// The challenger's turn, with ten blocks less.
		act(Charlie, DisputeCall::<Runtime>::open_withheld { task: 0 });
		let game = pallet_dispute::Disputes::<Runtime>::get(0).unwrap().game;
		let (position, children) = (game.position(), states().to_vec().try_into().unwrap());
		act(Bob, DisputeCall::<Runtime>::bisect { game: 0, position, children });
		run_to(17);
		(0..3).for_each(|_| open_stride());
		fake.say(|script| script.play = Some(JobStatus::Queued));
		run();
		assert_eq!(asked_about(fake), [0, 1, 2].map(number));
	});
}
