//! What a challenger's node does.

use super::*;
use assay_case::{Brief, CaseMove};
use assay_host_functions::{Checked, ClaimRef};
use assay_runtime::offchain::challenger::{duties, Duty};
use codec::Encode;
use pallet_dispute::Call as DisputeCall;

const CHARLIE: &[(KeyTypeId, Sr25519Keyring)] = &[(CHALLENGER_KEYS, Charlie)];

fn found(what: Checked) -> Option<JobStatus> {
	Some(JobStatus::Done(JobResult::Checked(what)))
}

fn play(play: CaseMove) -> Option<JobStatus> {
	Some(JobStatus::Done(JobResult::Move(play.encode().try_into().unwrap())))
}

#[test]
fn challenger_should_check_a_claim_and_leave_it_when_it_is_right() {
	node(CHARLIE, |fake, sent| {
		claimed();
		fake.say(|script| {
			script.check = found(Checked::Agrees);
			script.play = play(CaseMove::Ask);
		});
		run();
		assert_eq!(sent(), []);
		let [job] = fake.asked().try_into().unwrap();
		let Claim { root: claim_root, states, final_state, artifact_root, .. } = claim();
		let claim = ClaimRef { claim_root, states, final_state, artifact_root };
		assert_eq!(job.work, JobWork::Check(claim));
	});
}

#[test]
fn challenger_should_open_a_game_when_a_claim_is_wrong() {
	node(CHARLIE, |fake, sent| {
		claimed();
		for check in [Checked::Differs { first_state: 1 }, Checked::ListWithheld] {
			fake.say(|script| {
				script.check = found(check);
				script.play = play(CaseMove::Ask);
			});
			fake.asked();
			run();
			assert_eq!(sent(), [(Charlie, DisputeCall::open_withheld { task: 0 }.into())]);
			let [_, job] = fake.asked().try_into().unwrap();
			let JobWork::Play { game, side, .. } = job.work else { panic!("not played") };
			assert_eq!(side, assay_host_functions::Side::Challenger);
			let brief = Brief::decode_all(&mut &game[..]).unwrap();
			assert_eq!((brief.game, brief.params.claim), (None, claim_root()));
			run_to(System::block_number() + 8);
		}
	});
}

#[test]
fn challenger_should_send_an_opening_again_when_it_was_not_included() {
	node(CHARLIE, |fake, sent| {
		claimed();
		fake.say(|script| {
			script.check = found(Checked::ListWithheld);
			script.play = play(CaseMove::Ask);
		});
		let mut opened = Vec::new();
		for block in 7..=27 {
			run_to(block);
			run();
			opened.extend(sent().iter().map(|_| block));
		}
		assert_eq!(opened, [7, 15, 23]);
	});
}

#[test]
fn challenger_should_not_open_again_when_it_had_three_games() {
	node(CHARLIE, |fake, sent| {
		claimed();
		fake.say(|script| {
			script.check = found(Checked::ListWithheld);
			script.play = play(CaseMove::Ask);
		});
		let open = || DisputeCall::<Runtime>::open_withheld { task: 0 };
		for game in 0..3 {
			act(Charlie, open());
			// Seen in every block while it lasts, and counted once.
			run();
			run();
			assert_eq!(sent(), [], "its game {game} is open");
			pallet_dispute::Disputes::<Runtime>::remove(game);
			assert_ok!(<TaskMarket as assay_primitives::Claims<_, _, _>>::acquit(0, false));
			run();
			let more: &[_] = if game < 2 { &[(Charlie, open().into())] } else { &[] };
			assert_eq!(sent(), more, "after game {game}");
			run_to(System::block_number() + 8);
		}
	});
}

#[test]
fn brief_should_hold_all_heartbeats() {
	node(CHARLIE, |_, _| {
		assigned();
		let beat =
			|states, root| pallet_task_market::Call::<Runtime>::heartbeat { task: 0, states, root };
		act(Bob, beat(1, [7; 32]));
		act(Bob, beat(2, claim_root()));
		act(Bob, submit());
		let brief =
			assay_runtime::offchain::player::brief(assay_runtime::offchain::player::Table::New(0))
				.unwrap();
		assert_eq!(brief.case.heartbeats.to_vec(), [(1, [7; 32]), (2, claim_root())]);
		assert_eq!((brief.case.records, brief.case.record_size, brief.case.batch), (1, 4, 1));
	});
}

#[test]
fn duties_should_be_own_games_where_it_is_the_challengers_turn_and_unchecked_claims() {
	node(CHARLIE, |_, _| {
		let charlie = Charlie.to_account_id();
		assert_eq!(duties(&charlie), []);
		claimed();
		assert_eq!(duties(&charlie), [Duty::Check(0)]);
		assert_eq!(duties(&Bob.to_account_id()), [], "a claim of its own");
		act(Charlie, DisputeCall::<Runtime>::open_withheld { task: 0 });
		assert_eq!(duties(&charlie), [], "the solver's turn");
		let game = pallet_dispute::Disputes::<Runtime>::get(0).unwrap().game;
		let (position, children) = (game.position(), states().to_vec().try_into().unwrap());
		act(Bob, DisputeCall::<Runtime>::bisect { game: 0, position, children });
		assert_eq!(duties(&charlie), [Duty::Continue(0)]);
		assert_eq!(
			duties(&Alice.to_account_id()),
			[Duty::Check(0)],
			"others may challenge as well"
		);
	});
	node(CHARLIE, |_, _| {
		claimed();
		run_to(27);
		assert_eq!(duties(&Charlie.to_account_id()), [], "too late to be included");
	});
}

#[test]
fn challenger_should_open_a_game_when_the_chain_has_room_again_after_the_window() {
	node(CHARLIE, |_, _| {
		claimed();
		run_to(26);
		// So many games were open until now that nobody could open another.
		pallet_dispute::LastFull::<Runtime>::put(26);
		run_to(30);
		assert_eq!(duties(&Charlie.to_account_id()), [Duty::Check(0)]);
		run_to(46);
		assert_eq!(duties(&Charlie.to_account_id()), []);
	});
}

#[test]
fn challenger_should_dispute_no_more_than_it_can_replay() {
	node(CHARLIE, |_, _| {
		claimed();
		let charlie = Charlie.to_account_id();
		// Half of what a clock of 300 blocks holds out beside its reserve, at the pace of a machine not yet seen.
		set_effort(0, 56 * 150_000_000_000);
		assert_eq!(duties(&charlie), [Duty::Check(0)]);
		set_effort(0, 57 * 150_000_000_000);
		assert_eq!(duties(&charlie), []);
	});
}

#[test]
fn challenger_should_check_a_claim_of_more_stake_whatever_it_disputes_of_less() {
	node(CHARLIE, |_, _| {
		claimed();
		post();
		act(Bob, pallet_task_market::Call::<Runtime>::place_bid { task: 1, price: 9 * ASY });
		act(Charlie, DisputeCall::<Runtime>::open_withheld { task: 0 });
		run_to(System::block_number() + 6);
		let (claim, ends) = (claim(), ends());
		act(Bob, pallet_task_market::Call::<Runtime>::submit_claim { task: 1, claim, ends });
		let charlie = Charlie.to_account_id();
		assert_eq!(duties(&charlie), [Duty::Check(1)]);
		// All that it can replay beside.
		set_effort(0, 56 * 150_000_000_000);
		assert_eq!(duties(&charlie), []);
		pallet_task_market::Tasks::<Runtime>::mutate(1, |task| {
			let Some(pallet_task_market::Stage::Claimed { job, .. }) =
				task.as_mut().map(|task| &mut task.stage)
			else {
				panic!("claimed")
			};
			job.stake += 1;
		});
		assert_eq!(duties(&charlie), [Duty::Check(1)]);
	});
}
