//! Random calls in random order: whatever happens, the books balance and money is neither made nor
//! lost.

use super::*;
use polkadot_sdk::{
	frame_support::{dispatch::DispatchResultWithPostInfo, storage::with_storage_layer},
	sp_runtime::DispatchResult,
};

/// A small generator (xorshift), so that a failing seed can be replayed.
struct Dice(u64);

impl Dice {
	fn roll(&mut self, sides: u64) -> u64 {
		self.0 ^= self.0 << 13;
		self.0 ^= self.0 >> 7;
		self.0 ^= self.0 << 17;
		self.0 % sides
	}
}

/// What the events since the last look say.
#[derive(Default)]
struct Story {
	burned: u64,
	finalised: u32,
	convicted: u32,
	missed: u32,
	withdrawn: u32,
	parts: u32,
}

impl Story {
	/// Reads all events and forgets them.
	fn go_on(&mut self) {
		let events = System::events();
		System::reset_events();
		for record in events {
			match record.event {
				RuntimeEvent::Market(event) => self.market(event),
				RuntimeEvent::Staking(pallet_compute_staking::Event::Slashed {
					amount,
					paid,
					burned,
					..
				}) => {
					assert_eq!(amount, paid + burned);
					self.burned += burned;
				},
				_ => {},
			}
		}
	}

	fn market(&mut self, event: Event<Test>) {
		match event {
			Event::TaskFinalised { fee, .. } => {
				self.burned += fee;
				self.finalised += 1;
			},
			Event::PartPaid { fee, .. } => {
				self.burned += fee;
				self.parts += 1;
			},
			Event::ClaimConvicted { .. } => self.convicted += 1,
			Event::DeadlineMissed { .. } => self.missed += 1,
			Event::ClaimWithdrawn { .. } => self.withdrawn += 1,
			_ => {},
		}
	}
}

/// One random act, with the storage layer that a dispatched call has; refusals are part of the game.
fn act(dice: &mut Dice) {
	let _ = with_storage_layer(|| attempt(dice));
}

fn attempt(dice: &mut Dice) -> DispatchResult {
	let who = [REQUESTER, SOLVER, RIVAL, CHALLENGER][dice.roll(4) as usize];
	let live: Vec<TaskId> = Tasks::<Test>::iter_keys().collect();
	if live.is_empty() || dice.roll(3) == 0 {
		return anything(dice, who);
	}
	let id = live[dice.roll(live.len() as u64) as usize];
	let task = Tasks::<Test>::get(id).unwrap();
	let solver = task.job().map_or(who, |job| job.solver);
	match (task.phase(), dice.roll(6)) {
		(TaskPhase::Open, _) => Market::place_bid(signed(who), id, 1 + dice.roll(1_000)),
		(TaskPhase::Assigned | TaskPhase::Training, 0..=1) => {
			Market::heartbeat(signed(solver), id, dice.roll(6) as u32, [9; 32])
		},
		(TaskPhase::Assigned | TaskPhase::Training, face) => {
			let work = task.spec.work;
			// Not always all of it, and not always whole strides.
			let steps = if face == 2 { 1 + dice.roll(9) as u32 } else { work.steps };
			let Some(part) = work.part(steps) else { return Ok(()) };
			let (claim, ends) = (claim_to(&part, steps), ends_to(&part, steps));
			Market::submit_claim(signed(solver), id, claim, ends)
		},
		(TaskPhase::Claimed, 0..=1) => Market::game_opened(id),
		(TaskPhase::Claimed | TaskPhase::Disputed, 2) => {
			plain(Market::withdraw_claim(signed(solver), id))
		},
		(TaskPhase::Disputed, 3) => {
			Market::convict(id, Verdict::Silence, &who, dice.roll(500)).map(drop)
		},
		(TaskPhase::Disputed, _) => Market::acquit(id, dice.roll(2) == 0),
		(TaskPhase::Claimed | TaskPhase::Final, _) => Ok(()),
	}
}

/// What came of a call, whatever it weighed.
fn plain(done: DispatchResultWithPostInfo) -> DispatchResult {
	done.map(drop).map_err(|error| error.error)
}

/// An act that need not make sense.
fn anything(dice: &mut Dice, who: u64) -> DispatchResult {
	let id = dice.roll(u64::from(NextTask::<Test>::get()) + 1) as TaskId;
	match dice.roll(12) {
		0..=2 => Market::post_task(
			signed(who),
			Box::new(program()),
			work(),
			Terms { reward: 160 + dice.roll(1_000), ..terms() },
			Default::default(),
		),
		3 => Market::withdraw_bid(signed(who), id),
		4 => plain(Market::cancel_task(signed(who), id)),
		5 => Market::finalise(signed(who), id),
		6 => Market::report_missed_deadline(signed(who), id),
		7 => Staking::unbond(signed(who), dice.roll(2_000)),
		8 => Staking::withdraw_unbonded(signed(who)),
		9 => Staking::bond_extra(signed(who), dice.roll(2_000)),
		10 => Market::acquit(id, dice.roll(2) == 0),
		_ => Market::remove_receipt(signed(who), id),
	}
}

#[test]
fn books_should_balance_when_calls_come_in_any_order() {
	let mut all = Story::default();
	for seed in 1..=20u64 {
		new_test_ext(|| {
			let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
			for who in [REQUESTER, SOLVER, RIVAL, CHALLENGER] {
				register(who, 20_000);
			}
			let before = all.burned;
			for _ in 0..600 {
				Spent::set(vec![(CHALLENGER, dice.roll(100))]);
				act(&mut dice);
				if dice.roll(3) == 0 {
					run_to(System::block_number() + 1 + dice.roll(3));
				}
				all.go_on();
				Market::do_try_state().unwrap();
				Staking::do_try_state().unwrap();
				let burned = all.burned - before;
				assert_eq!(Balances::total_issuance(), 4 * PURSE - burned, "seed {seed}");
			}
			all.burned - before
		});
	}
	let ends = [all.finalised, all.convicted, all.missed, all.withdrawn, all.parts];
	assert!(ends.iter().all(|count| *count >= 10), "the walk must reach every end: {ends:?}");
}

#[test]
fn nothing_should_stay_on_hold_when_all_tasks_ended() {
	new_test_ext(|| {
		let mut dice = Dice(7);
		for who in [REQUESTER, SOLVER, RIVAL, CHALLENGER] {
			register(who, 20_000);
		}
		for _ in 0..600 {
			act(&mut dice);
			run_to(System::block_number() + dice.roll(2));
		}
		let live: Vec<TaskId> = Tasks::<Test>::iter_keys().collect();
		for id in live {
			while Market::acquit(id, false).is_ok() {}
		}
		run_to(System::block_number() + 500);
		for id in Tasks::<Test>::iter_keys().collect::<Vec<_>>() {
			// Tasks that found no place in the agenda wait for a call.
			while Market::assign(signed(NOBODY), id).is_ok()
				|| Market::report_missed_deadline(signed(NOBODY), id).is_ok()
				|| Market::finalise(signed(NOBODY), id).is_ok()
			{
				jump_to(System::block_number() + 100);
			}
		}
		for (id, receipt) in Receipts::<Test>::iter().collect::<Vec<_>>() {
			assert_ok!(Market::remove_receipt(signed(receipt.requester), id));
		}
		assert_eq!(Tasks::<Test>::iter().count(), 0);
		for who in [REQUESTER, SOLVER, RIVAL, CHALLENGER] {
			assert_eq!(held(HoldReason::Escrow, who), 0);
			assert_eq!(held(HoldReason::Deposit, who), 0);
			assert_eq!(pallet_compute_staking::Solvers::<Test>::get(who).unwrap().locked, 0);
		}
		4 * PURSE - Balances::total_issuance()
	});
}
