//! The fuzzer finds what is planted: faults of every kind, by a runtime whose calls do a little more.

use assay_runtime::{Runtime, RuntimeCall};
use assay_runtime_fuzzer::{
	command::{Command, Origin},
	fault::Rule,
	people,
	run::{run, Finding, Plan},
	world::{Answer, World},
};
use pallet_compute_staking::HoldReason;
use pallet_task_market::Call as Market;
use polkadot_sdk::{
	frame_support::{
		dispatch::GetDispatchInfo,
		storage::unhashed,
		traits::{fungible::MutateHold, tokens::Precision},
		weights::Weight,
	},
	frame_system, pallet_balances,
	sp_runtime::traits::Dispatchable,
};

/// Most calls until a planted fault is found.
const CALLS: u64 = 10_000;
/// Most commands of the story that shows it.
const SHORT: usize = 12;

fn find(begin: fn() -> Result<World, assay_runtime_fuzzer::fault::Fault>) -> Finding {
	let mut report =
		run(Plan { calls: CALLS, seed: 3, threads: 1, progress: 0, minutes: 0, begin });
	let finding = report.findings.pop().expect("the planted fault is found");
	assert!(finding.shortest.len() <= SHORT, "{}: {:#?}", finding.fault, finding.shortest);
	assert!(finding.shortest.len() < finding.commands);
	finding
}

fn last_call(finding: &Finding) -> &RuntimeCall {
	match finding.shortest.last() {
		Some(Command::Call { call, .. }) => call,
		other => panic!("{other:?} is no call"),
	}
}

fn dispatch(call: RuntimeCall, origin: Origin) -> Answer {
	call.dispatch(origin.runtime())
}

/// Whether the call bids for a task.
fn is_bid(call: &RuntimeCall) -> bool {
	matches!(call, RuntimeCall::TaskMarket(Market::place_bid { .. }))
}

#[test]
fn panic_should_be_found_with_its_place() {
	fn planted(call: RuntimeCall, origin: Origin) -> Answer {
		if let RuntimeCall::TaskMarket(Market::place_bid { price, .. }) = &call {
			assert!(*price > 0, "planted");
		}
		dispatch(call, origin)
	}
	let finding = find(|| World::with_executor(planted));
	assert_eq!((finding.fault.rule, finding.fault.detail.as_str()), (Rule::NoPanic, "planted"));
	assert!(finding.fault.place.contains("tests/planted.rs:"), "{}", finding.fault);
	assert_eq!(finding.shortest.len(), 1);
	assert!(matches!(
		last_call(&finding),
		RuntimeCall::TaskMarket(Market::place_bid { price: 0, .. })
	));
}

#[test]
fn leak_should_be_found_when_a_call_makes_one_unit_of_money() {
	fn planted(call: RuntimeCall, origin: Origin) -> Answer {
		let bid = is_bid(&call);
		let answer = dispatch(call, origin)?;
		if bid {
			let lucky = people::account(5);
			frame_system::Account::<Runtime>::mutate(lucky, |account| account.data.free += 1);
		}
		Ok(answer)
	}
	let finding = find(|| World::with_executor(planted));
	assert_eq!(finding.fault.rule, Rule::BalancesAreIssuance);
	assert!(is_bid(last_call(&finding)));
}

#[test]
fn leak_should_be_found_when_a_call_burns_a_unit_without_saying_so() {
	fn planted(call: RuntimeCall, origin: Origin) -> Answer {
		let bid = is_bid(&call);
		let answer = dispatch(call, origin)?;
		if bid {
			let unlucky = people::account(5);
			frame_system::Account::<Runtime>::mutate(unlucky, |account| account.data.free -= 1);
			pallet_balances::TotalIssuance::<Runtime>::mutate(|issued| *issued -= 1);
		}
		Ok(answer)
	}
	let finding = find(|| World::with_executor(planted));
	assert_eq!(finding.fault.rule, Rule::IssuanceFollowsEvents);
}

#[test]
fn leak_should_be_found_when_a_call_frees_stake_that_the_books_still_have() {
	fn planted(call: RuntimeCall, origin: Origin) -> Answer {
		let bid = matches!(call, RuntimeCall::TaskMarket(Market::place_bid { .. }));
		let answer = dispatch(call, origin)?;
		if let (true, Origin::Signed(who)) = (bid, origin) {
			let who = people::account(who);
			let reason = HoldReason::Stake.into();
			type Balances = assay_runtime::Balances;
			let _ = <Balances as MutateHold<_>>::release(&reason, &who, 1, Precision::BestEffort);
		}
		Ok(answer)
	}
	let finding = find(|| World::with_executor(planted));
	assert_eq!(
		(finding.fault.rule, finding.fault.place.as_str()),
		(Rule::TryState, "ComputeStaking")
	);
}

#[test]
fn weight_lie_should_be_found_when_a_call_weighs_more_than_it_said() {
	fn planted(call: RuntimeCall, origin: Origin) -> Answer {
		let heartbeat = matches!(call, RuntimeCall::TaskMarket(Market::heartbeat { .. }));
		let said = call.get_dispatch_info().call_weight;
		let mut answer = dispatch(call, origin)?;
		if heartbeat {
			answer.actual_weight = Some(said + Weight::from_parts(1, 0));
		}
		Ok(answer)
	}
	let finding = find(|| World::with_executor(planted));
	assert_eq!(
		(finding.fault.rule, finding.fault.place.as_str()),
		(Rule::WeightIsBound, "heartbeat")
	);
}

#[test]
fn change_should_be_found_when_a_refused_call_makes_it() {
	fn planted(call: RuntimeCall, origin: Origin) -> Answer {
		let assign = matches!(call, RuntimeCall::TaskMarket(Market::assign { .. }));
		let answer = dispatch(call, origin);
		if assign && answer.is_err() {
			unhashed::put_raw(b"planted", b"1");
		}
		answer
	}
	let finding = find(|| World::with_executor(planted));
	assert_eq!(
		(finding.fault.rule, finding.fault.place.as_str()),
		(Rule::RefusedChangesNothing, "assign")
	);
	assert_eq!(finding.shortest.len(), 1);
}
