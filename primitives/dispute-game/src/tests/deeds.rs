//! Strategies do what they are called.

use alloc::vec::Vec;

use super::simulation::simulate;
use crate::testing::sim::{
	named_strategy,
	Deed::{self, *},
	Wanted, STRATEGIES,
};

/// Matches of each strategy.
const MATCHES: u64 = 120;

/// What each of them does at least once in a small run.
const DEEDS: &[(&str, &[Deed])] = &[
	("do-nothing", &[FellSilent]),
	("attack-last-correct", &[NamedFirst, PostedRight]),
	("defend-last-correct", &[NamedLast, PostedRight]),
	("attack-last-incorrect", &[NamedFirst, PostedGarbage]),
	("defend-last-incorrect", &[NamedLast, PostedGarbage]),
	("defend-both", &[NamedLast, PostedRight, PostedGarbage]),
	("attack-then-defend", &[NamedFirst, NamedLast, PostedRight, PostedGarbage]),
	("defend-twice-incorrect", &[NamedLast, PostedGarbage, PostedOwn]),
	("attack-and-defend-incorrect", &[NamedFirst, NamedLast, PostedOwn, PostedGarbage]),
	("attack-everything-correct", &[TookEveryPlace, NamedFirst, PostedRight]),
	("defend-everything-correct", &[TookEveryPlace, NamedLast, PostedRight]),
	("attack-everything-incorrect", &[TookEveryPlace, NamedFirst, PostedGarbage]),
	("defend-everything-incorrect", &[TookEveryPlace, NamedLast, PostedGarbage]),
	("exhaustive", &[TookEveryPlace, NamedOtherStride, PostedRight, PostedOwn]),
	("believer", &[WasAcquitted, PostedOwn]),
	("last-block", &[MovedLast, PostedOwn]),
	("stall", &[Asked, WasAsked, MovedLast, FellSilent]),
	("mirror", &[PostedRight, PostedOwn]),
	("freeload-left", &[NamedLeft, AccusedItself]),
	("freeload-right", &[NamedRight, AccusedItself]),
	("double", &[NamedSameStride]),
	("absent", &[NeverAnswered]),
	("early", &[ExpiredEarly]),
	("cap", &[TookEveryPlace, TookPlacesAgain]),
	("cap-and-lapse", &[TookEveryPlace, FellSilent]),
	("self-dispute", &[AccusedItself, WasAcquitted]),
	("sham", &[AccusedItself, FellSilent]),
	("split-identity", &[NamedOtherStride, AccusedItself]),
	("withhold", &[WasAsked]),
	("withhold-garbage", &[WasAsked, PostedGarbage]),
	("spoil", &[WasAsked]),
	("ask", &[Asked, BroughtNoEvidence]),
	("fork-replay", &[SentLostBranch]),
	("front-run", &[Copied]),
	("referee-cost", &[WasAcquitted]),
	("oscillate", &[MovedAtOnce, MovedLast, PostedOwn, PostedRight]),
	("noise", &[MadeNonsense]),
	("everything", &[MadeNonsense, WasAsked, Copied, ExpiredEarly, SentLostBranch, AccusedItself]),
	("unbond-race", &[UnbondedWhileDisputed, TriedToUnbondAll, TriedToTakeStakeOut]),
	("concede", &[Conceded]),
	("fade", &[MovedLast, FellSilent]),
	("questions", &[Asked, TookEveryPlace]),
	("heavy", &[TookLongReplays, NamedOtherStride, AttackedSeveralClaims]),
	("pile", &[TookLongReplays, TookEveryPlace, AttackedSeveralClaims]),
	("mute", &[MutedOpening]),
	("milk", &[Asked, LetItWait]),
	("milk-asked", &[WasAsked, LetItWait]),
	("shut-out", &[AccusedItself, ShutOut]),
];

#[test]
fn strategy_should_do_what_it_is_called_when_it_is_played() {
	assert_eq!(DEEDS.len(), STRATEGIES.len());
	let mut missing = Vec::new();
	for (strategy, (name, deeds)) in STRATEGIES.iter().zip(DEEDS) {
		assert_eq!(strategy.name, *name);
		let wanted = Wanted { strategy: Some(strategy), ..Wanted::default() };
		let done = simulate(0..MATCHES, &wanted).total().deeds;
		missing.extend(deeds.iter().filter(|deed| !done.have(&[**deed])).map(|deed| (name, deed)));
	}
	assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn stake_should_stay_when_its_claims_are_live() {
	let strategy = named_strategy("unbond-race");
	let wanted = Wanted { strategy, ..Wanted::default() };
	let done = simulate(0..MATCHES, &wanted).total().deeds;
	assert!(done.have(&[Unbonded]) && !done.have(&[TookStakeOut]), "{done:?}");
}
