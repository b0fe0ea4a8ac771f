//! What adversaries did: whether a strategy does what it is called.

use super::{
	super::{Execution, Toy},
	chain::{Call, Chain, Tx, CHALLENGER, FIRST_FOE},
	scenario::{Scenario, LONGEST_REPLAY},
};
use crate::{strategy::root_of, GameError, Level, List, Move, MoveOf, Outcome, Phase, Root};

/// Something that an adversary did, and that the chain took where it is a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
	missing_docs,
	reason = "their names say it; strategies are listed with theirs in the tests"
)]
pub enum Deed {
	NamedFirst,
	NamedLast,
	NamedLeft,
	NamedRight,
	NamedSameStride,
	NamedOtherStride,
	TookEveryPlace,
	TookPlacesAgain,
	AccusedItself,
	PostedRight,
	PostedOwn,
	PostedCommon,
	PostedGarbage,
	Asked,
	BroughtNoEvidence,
	WasAcquitted,
	FellSilent,
	NeverAnswered,
	MovedAtOnce,
	MovedBetween,
	MovedLast,
	Conceded,
	Copied,
	MadeNonsense,
	ExpiredEarly,
	SentLostBranch,
	WasAsked,
	TookLongReplays,
	MutedOpening,
	ShutOut,
	Flooded,
	MetRightClaims,
	WentBackInJournal,
	LetItWait,
	AttackedSeveralClaims,
	ReorgedWhileDown,
	CrashedInFork,
	ForkedAgain,
	DamagedFiles,
	Unbonded,
	UnbondedWhileDisputed,
	TriedToUnbondAll,
	TriedToTakeStakeOut,
	TookStakeOut,
}

/// A set of deeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deeds(u64);

impl Deeds {
	/// Adds one.
	pub(super) fn add(&mut self, deed: Deed) {
		self.0 |= 1 << deed as u64;
	}

	/// Adds one if it was done.
	pub(super) fn when(&mut self, done: bool, deed: Deed) {
		self.0 |= u64::from(done) << deed as u64;
	}

	/// Adds those of another set.
	pub(super) fn join(&mut self, other: Self) {
		self.0 |= other.0;
	}

	/// Whether all of these were done.
	pub fn have(&self, deeds: &[Deed]) -> bool {
		deeds.iter().all(|deed| self.0 & 1 << *deed as u64 != 0)
	}
}

/// What a transaction of the adversary does, if the chain takes it.
pub(super) fn of(tx: &Tx, chain: &Chain<'_>, scenario: &Scenario<'_>) -> Deeds {
	let mut deeds = Deeds::default();
	match &tx.call {
		Call::Open { claim, play } => opening(&mut deeds, *claim, play, chain, scenario),
		Call::Move { game, play, .. } if chain.open.contains(game) => {
			answer(&mut deeds, *game, play, chain, scenario);
		},
		Call::Unbond { .. } => {
			deeds.add(Deed::Unbonded);
			deeds.when(!chain.open.is_empty(), Deed::UnbondedWhileDisputed);
		},
		Call::Withdraw => deeds.add(Deed::TookStakeOut),
		Call::Move { .. } | Call::Expire { .. } | Call::Finalise { .. } => (),
	}
	deeds
}

/// What a refused transaction of the adversary tried.
pub(super) fn of_refused(tx: &Tx, refused: super::chain::Refused) -> Deeds {
	use super::chain::Refused;
	let mut deeds = Deeds::default();
	match (&tx.call, refused) {
		(Call::Expire { .. }, Refused::Game(GameError::DeadlineNotReached { .. })) => {
			deeds.add(Deed::ExpiredEarly);
		},
		(Call::Unbond { .. }, Refused::Locked) => deeds.add(Deed::TriedToUnbondAll),
		(Call::Withdraw, Refused::Locked) => deeds.add(Deed::TriedToTakeStakeOut),
		(Call::Move { .. }, _) => deeds.add(Deed::MadeNonsense),
		_ => (),
	}
	deeds
}

fn opening(
	deeds: &mut Deeds,
	claim: u32,
	play: &MoveOf<Toy>,
	chain: &Chain<'_>,
	scenario: &Scenario<'_>,
) {
	let case = chain.case(claim);
	let about = || chain.open.iter().map(|open| &chain.games[*open as usize]);
	let about = || about().filter(|entry| entry.claim == claim);
	deeds.when(!case.right, Deed::AccusedItself);
	deeds.when(*play == Move::Ask, Deed::Asked);
	deeds.when(
		case.own_replay > LONGEST_REPLAY / 4 && about().next().is_some(),
		Deed::TookLongReplays,
	);
	let foes = about().filter(|entry| entry.challenger >= FIRST_FOE).count() as u32;
	deeds.when(foes + 1 >= case.places, Deed::TookEveryPlace);
	deeds.when(chain.claims[claim as usize].games >= case.places, Deed::TookPlacesAgain);
	let elsewhere = chain.open.iter().any(|open| chain.games[*open as usize].claim != claim);
	deeds.when(elsewhere && scenario.right, Deed::AttackedSeveralClaims);
	let Move::Open { stride, .. } = play else { return };
	leaves(deeds, *stride, case.params.strides());
	deeds.when(about().any(|entry| entry.stride == Some(*stride)), Deed::NamedSameStride);
	let other = |stride: Option<u32>, mine| stride.is_some_and(|stride| stride != mine);
	deeds.when(about().any(|entry| other(entry.stride, *stride)), Deed::NamedOtherStride);
	if scenario.strategy.knows() {
		let believed = match case.right {
			true => case.set.liar(case.liar + chain.games.len() as u32),
			false => &case.set.honest,
		};
		if let Some(wrong) = first_difference(believed, case.claimed()) {
			deeds.when(*stride + 1 == wrong, Deed::NamedLeft);
			deeds.when(*stride == wrong + 1, Deed::NamedRight);
		}
	}
}

/// The stride in which two executions part.
fn first_difference(one: &Execution, other: &Execution) -> Option<u32> {
	let same = one.claim.iter().zip(&other.claim).take_while(|(one, other)| one == other).count();
	u32::try_from(same).ok()?.checked_sub(1)
}

/// A leaf was named of so many.
fn leaves(deeds: &mut Deeds, leaf: u32, len: u32) {
	deeds.when(leaf == 0 && len > 1, Deed::NamedFirst);
	deeds.when(leaf + 1 == len && len > 1, Deed::NamedLast);
}

fn answer(
	deeds: &mut Deeds,
	number: u32,
	play: &MoveOf<Toy>,
	chain: &Chain<'_>,
	scenario: &Scenario<'_>,
) {
	let game = &chain.games[number as usize].game;
	let (turn, deadline) = (game.clocks().turn, chain.deadline(number));
	let (early, late) = (chain.now == turn + 1, chain.now + 1 == deadline);
	deeds.when(early, Deed::MovedAtOnce);
	deeds.when(late && deadline > turn + 4, Deed::MovedLast);
	deeds.when(!early && !late && chain.now > turn, Deed::MovedBetween);
	match play {
		Move::Ask | Move::AskSlots | Move::AskTiles { .. } => deeds.add(Deed::Asked),
		Move::Concede => deeds.add(Deed::Conceded),
		Move::PickTile { evidence: None, .. } | Move::PickBlock { evidence: None, .. } => {
			deeds.add(Deed::BroughtNoEvidence);
		},
		Move::PickStep { step, .. } => {
			if let Phase::Step { span, .. } = game.phase() {
				leaves(deeds, *step, span.len);
			}
		},
		Move::PostSteps { root, .. } | Move::PostTrace { root } if !scenario.right => {
			posted(deeds, number, root, chain);
		},
		_ => (),
	}
}

/// A lying solver has posted the root of a list.
fn posted(deeds: &mut Deeds, number: u32, root: &Root, chain: &Chain<'_>) {
	let (case, game) = (chain.case_of(number), &chain.games[number as usize].game);
	let (level, list) = match game.phase() {
		Phase::Steps { span } => (Level::Steps { span: *span, root: *root }, List::Steps),
		Phase::Trace { step } => (Level::Trace { step: *step, root: *root }, List::Trace),
		_ => return,
	};
	let of = |execution: &Execution| {
		let mut leaves = execution.list(&level);
		// The states end in the claimed one, whatever else they are.
		if let (Phase::Steps { span }, Some(last)) = (game.phase(), leaves.last_mut()) {
			*last = span.after;
		}
		root_of(list, &leaves, case.set.toy())
	};
	let (right, own) = (of(&case.set.honest) == *root, of(case.claimed()) == *root);
	deeds.when(right && !own, Deed::PostedRight);
	deeds.when(own && !right, Deed::PostedOwn);
	deeds.when(own && right, Deed::PostedCommon);
	deeds.when(!own && !right, Deed::PostedGarbage);
}

/// What the end of a game says about the adversary.
pub(super) fn of_end(number: u32, chain: &Chain<'_>) -> Deeds {
	let mut deeds = Deeds::default();
	let entry = &chain.games[number as usize];
	let foe_accuses = entry.challenger != CHALLENGER;
	match entry.game.outcome() {
		Some(Outcome::Acquitted) if foe_accuses => deeds.add(Deed::WasAcquitted),
		Some(Outcome::ChallengerTimedOut) if foe_accuses => deeds.add(Deed::FellSilent),
		Some(Outcome::Convicted(crate::Fault::Silence)) => {
			deeds.add(Deed::FellSilent);
			deeds.when(entry.game.moves() == 1, Deed::NeverAnswered);
		},
		_ => (),
	}
	deeds
}

/// What the honest side's transaction says about the adversary.
pub(super) fn of_honest(tx: &Tx) -> Deeds {
	let mut deeds = Deeds::default();
	if let Call::Open { play, .. } | Call::Move { play, .. } = &tx.call {
		let asks = matches!(play, Move::Ask | Move::AskSlots | Move::AskTiles { .. });
		deeds.when(asks, Deed::WasAsked);
	}
	deeds.when(tx.tip > 0, Deed::LetItWait);
	deeds
}
