//! A claim of a small training, and players who dispute it by the strategy of the game.

use assay_case::{
	testing::{mlp, View},
	Case, CaseMove,
};
use assay_commitment::{list, ListTag};
use assay_dispute_game::{
	strategy::{next_move, opening},
	successor,
};
use assay_primitives::{Assurance, Claim, ClaimEnds, HardwareClass, TaskId, Terms, Work};
use codec::Encode;
use polkadot_sdk::{
	frame_support::{
		assert_storage_noop, dispatch::DispatchResultWithPostInfo, traits::fungible::InspectHold,
	},
	sp_runtime::{DispatchError, DispatchResult},
};

use super::*;
use crate::{DisputeOf, GameId};

/// Price of the job; the stake is twice that.
pub(crate) const PRICE: u64 = 80_000;
/// Stake behind the claim.
pub(crate) const STAKE: u64 = 160_000;
/// What [`DisputeTariff`] asks: 1,000 and five times (two replays of 7, and four moves of 10 and 4 KiB).
pub(crate) const BOND: u64 = 1_000 + 5 * (2 * 7 + 4 * (10 + 4_096));
/// Burns where a claim is convicted and the challenger's cost is `cost`: what neither the requester's
/// quarter nor the challenger's tenth and cost are.
pub(crate) fn burned_stake(cost: u64) -> u64 {
	STAKE - STAKE / 4 - STAKE / 10 - cost.min(STAKE / 20)
}

pub(crate) fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

/// A claim and everything that its disputants know.
pub(crate) struct Table {
	pub(crate) task: TaskId,
	/// What the challenger computed.
	pub(crate) challenger: Execution,
	/// What the solver claims.
	pub(crate) solver: Execution,
	/// Whether the solver keeps its lists to itself.
	pub(crate) withheld: bool,
}

/// Heartbeats of a solver: number of states, and the execution that they commit to.
pub(crate) type Beats<'a> = &'a [(u32, &'a Execution)];

/// Lies of a liar: one flipped bit in the last step.
pub(crate) fn lie(node: u32) -> Vec<Lie> {
	vec![Lie::Output { step: 2, node, word: 0, bit: 30 }]
}

/// Three steps, claimed at block 5, with the last block for challenges 205.
pub(crate) fn claimed(stride: u32, lies: Vec<Lie>) -> Table {
	with_beats(stride, lies, &[])
}

/// An honest claim, whose challenger believes in `lies`.
pub(crate) fn accused(stride: u32, lies: Vec<Lie>) -> Table {
	let mut table = claimed(stride, vec![]);
	table.challenger = Execution::new(&table.solver.task, lies);
	table
}

/// As [`claimed`], after heartbeats.
pub(crate) fn with_beats(stride: u32, lies: Vec<Lie>, beats: Beats) -> Table {
	let task = mlp(3, stride);
	let solver = Execution::new(&task, lies);
	let work = Work {
		data_root: task.data_root(),
		records: task.records(),
		record_size: task.record_size,
		first_step: task.first_step,
		init_root: task.init_root(),
		init_slots: task.init_slots(),
		seed: task.seed,
		steps: task.steps,
		stride,
	};
	let terms = Terms {
		reward: 100_000,
		bidding: 2,
		training: 50,
		heartbeat: 40,
		challenge: 200,
		assurance: Assurance::Challenge,
		hardware: None,
	};
	let program = Box::new(task.posted.clone());
	assert_ok!(Market::post_task(signed(REQUESTER), program, work, terms, Default::default()));
	assert_ok!(Staking::register(signed(SOLVER), HardwareClass::Cpu, Default::default()));
	assert_ok!(Staking::bond(signed(SOLVER), 1_000_000));
	assert_ok!(Market::place_bid(signed(SOLVER), 0, PRICE));
	run_to(5);
	for (states, beat) in beats {
		let root = list::root(ListTag::States, &beat.claim()[..*states as usize]);
		assert_ok!(Market::heartbeat(signed(SOLVER), 0, *states, root));
	}
	let list = solver.claim();
	let claim = Claim {
		root: solver.claim_root(),
		states: list.len() as u32,
		final_state: *list.last().unwrap(),
		artifact_root: solver.artifact(),
		steps: task.steps,
	};
	let [first, last] = solver.ends();
	let ends = ClaimEnds { first, last };
	assert_ok!(Market::submit_claim(signed(SOLVER), 0, claim, ends));
	take_events();
	let challenger = Execution::new(&task, vec![]);
	Table { task: 0, challenger, solver, withheld: false }
}

/// Sends an opening move.
pub(crate) fn open(who: u64, task: TaskId, play: CaseMove) -> DispatchResult {
	let who = signed(who);
	let done = match play {
		Move::Open { stride, before, after } => Dispute::open(who, task, stride, before, after),
		Move::Ask => Dispute::open_withheld(who, task),
		Move::PrefixFault { heartbeat, leaf, in_heartbeat, in_claim } => {
			Dispute::prefix_fault(who, task, heartbeat, leaf, in_heartbeat, in_claim)
		},
		other => panic!("{:?} opens no game", other.kind()),
	};
	done.map(|_| ()).map_err(|refused| refused.error)
}

/// Sends any other move.
pub(crate) fn send(
	who: u64,
	game: GameId,
	position: [u8; 32],
	play: CaseMove,
) -> DispatchResultWithPostInfo {
	send_from(signed(who), game, position, play)
}

/// Sends any other move from any origin.
pub(crate) fn send_from(
	who: RuntimeOrigin,
	game: GameId,
	at: [u8; 32],
	play: CaseMove,
) -> DispatchResultWithPostInfo {
	match play {
		Move::Ask => Dispute::ask(who, game, at),
		Move::Bisect { children } => Dispute::bisect(who, game, at, children),
		Move::Pick { child } => Dispute::pick(who, game, at, child),
		Move::Open { stride, before, after } => {
			Dispute::pick_stride(who, game, at, stride, before, after)
		},
		Move::PostSteps { root, last } => Dispute::post_steps(who, game, at, root, last),
		Move::PickStep { step, before, after } => {
			Dispute::pick_step(who, game, at, step, before, after)
		},
		Move::PostTrace { root } => Dispute::post_trace(who, game, at, root),
		Move::JoinFault { join } => Dispute::join_fault(who, game, at, Box::new(join)),
		Move::AskSlots => Dispute::ask_slots(who, game, at),
		Move::AskTiles { node, spec, output } => {
			Dispute::ask_tiles(who, game, at, node, Box::new(spec), output)
		},
		Move::PickTile { node, tile, spec, evidence } => {
			let evidence = evidence.map(Box::new);
			Dispute::pick_tile(who, game, at, node, tile, Box::new(spec), evidence)
		},
		Move::PostPartials { partials } => {
			Dispute::post_partials(who, game, at, Box::new(partials))
		},
		Move::PickBlock { block, evidence } => {
			Dispute::pick_block(who, game, at, block, evidence.map(Box::new))
		},
		Move::OpenTile { evidence } => Dispute::open_tile(who, game, at, Box::new(evidence)),
		other => panic!("{:?} is no call", other.kind()),
	}
}

pub(crate) fn stored(game: GameId) -> DisputeOf<Test> {
	Disputes::<Test>::get(game).expect("the game is open")
}

pub(crate) fn position(game: GameId) -> [u8; 32] {
	stored(game).game.position()
}

pub(crate) fn bond_of(who: u64) -> u64 {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &who)
}

impl Table {
	pub(crate) fn case(&self) -> Case {
		self.solver.task.case()
	}

	/// The challenger's opening move.
	pub(crate) fn opening(&self) -> CaseMove {
		let transcript = Default::default();
		let theirs = (!self.withheld).then_some(&self.solver);
		let view = View { own: &self.challenger, theirs, transcript: &transcript };
		let params = self.solver.task.params(self.solver.claim_root());
		opening(&params, &view, &self.case()).expect("something differs")
	}

	/// Opens a game with the challenger's move and returns its number.
	pub(crate) fn opened(&self, who: u64) -> GameId {
		let game = NextGame::<Test>::get();
		assert_ok!(open(who, self.task, self.opening()));
		game
	}

	/// The mover's move by its strategy.
	pub(crate) fn next(&self, game: GameId) -> Option<CaseMove> {
		let transcript = Transcripts::<Test>::get(game);
		let state = stored(game).game;
		let side = state.mover().expect("open games have a mover");
		let (own, theirs) = match side {
			Side::Challenger => (&self.challenger, (!self.withheld).then_some(&self.solver)),
			Side::Defender => (&self.solver, None),
		};
		let view = View { own, theirs, transcript: &transcript };
		next_move(&state, side, &view, &self.case())
	}

	/// The mover's move, and its kind, sent by the mover. Returns the kind.
	pub(crate) fn turn(&self, game: GameId) -> MoveKind {
		let play = self.next(game).expect("the mover has something to say");
		let kind = play.kind();
		let who = *stored(game).account(kind.side());
		assert_ok!(send(who, game, position(game), play));
		check_books();
		kind
	}

	/// Moves until the next move would be of this kind; returns that move.
	pub(crate) fn until(&self, game: GameId, kind: MoveKind) -> CaseMove {
		for _ in 0..50 {
			match self.next(game) {
				Some(play) if play.kind() == kind => return play,
				_ => self.turn(game),
			};
		}
		panic!("no {kind:?} in this game")
	}

	/// Moves until the game is over; returns the kinds of the moves.
	pub(crate) fn play(&self, game: GameId) -> Vec<MoveKind> {
		let mut kinds = Vec::new();
		while Disputes::<Test>::contains_key(game) {
			kinds.push(self.turn(game));
		}
		kinds
	}
}

/// Moves before which something is executed again, so that they are worth 7 more.
const REPLAYS: [MoveKind; 5] = [
	MoveKind::Open,
	MoveKind::PostSteps,
	MoveKind::PostTrace,
	MoveKind::PickTile,
	MoveKind::JoinFault,
];

/// What a move is worth: 10, 1 for each byte, and 7 for a replay.
pub(crate) fn worth(play: &CaseMove) -> u64 {
	let replay = if REPLAYS.contains(&play.kind()) { 7 } else { 0 };
	10 + play.encoded_size() as u64 + replay
}

/// The event of a move.
pub(crate) fn moved(
	table: &Table,
	game: GameId,
	answered: [u8; 32],
	play: &CaseMove,
	by: u64,
	effect: Effect,
) -> Event<Test> {
	Event::Moved {
		game,
		kind: play.kind(),
		side: play.kind().side(),
		by,
		bytes: play.encoded_size() as u32,
		position: successor(&answered, play, &table.case()),
		effect,
	}
}

/// Everyone tries the next move in every way that must be refused without a change.
fn refuse(game: GameId, play: &CaseMove) {
	let (at, now) = (position(game), System::block_number());
	let who = *stored(game).account(play.kind().side());
	let unsigned = send_from(RuntimeOrigin::none(), game, at, play.clone());
	assert_eq!(unsigned.unwrap_err().error, DispatchError::BadOrigin);
	assert_noop!(send(who, 77, at, play.clone()), Error::<Test>::UnknownGame);
	assert_noop!(send(who, game, [0; 32], play.clone()), Error::<Test>::StalePosition);
	if !play.kind().is_self_evident() {
		for other in [SOLVER, CHALLENGER, STRANGER].into_iter().filter(|other| *other != who) {
			assert_noop!(send(other, game, at, play.clone()), Error::<Test>::NotYourGame);
		}
	}
	System::set_block_number(deadline(game));
	assert_noop!(send(who, game, at, play.clone()), Error::<Test>::DeadlinePassed);
	System::set_block_number(now);
}

/// Plays until the move of this kind, which is refused where it must be, accepted once, and accepted
/// without a change when it is sent again. After it `next` is to move.
pub(crate) fn makes(table: &Table, game: GameId, kind: MoveKind, next: Side) {
	let play = table.until(game, kind);
	let (answered, who) = (position(game), *stored(game).account(kind.side()));
	refuse(game, &play);
	take_events();
	assert_ok!(send(who, game, answered, play.clone()));
	// Nobody has used a block yet: 31 of 41 are left, the rest is reserve.
	let effect = Effect::Turn { side: next, deadline: System::block_number() as u32 + 31 };
	assert_eq!(take_events(), [moved(table, game, answered, &play, who, effect)]);
	assert_storage_noop!(assert_ok!(send(who, game, answered, play)));
	check_books();
}

/// Plays until the move of this kind, sent by `by`, which ends the only game about its claim. Returns
/// what has burned.
pub(crate) fn ends(table: &Table, game: GameId, kind: MoveKind, by: u64, outcome: Outcome) -> u64 {
	let play = table.until(game, kind);
	let (answered, before) = (position(game), stored(game));
	refuse(game, &play);
	take_events();
	assert_ok!(send(by, game, answered, play.clone()));
	let ended = Effect::Ended(outcome);
	let mut costs = (before.challenger_cost, before.solver_cost);
	match kind.side() {
		Side::Challenger => costs.0 += worth(&play),
		Side::Defender => costs.1 += worth(&play),
	}
	let moves = before.game.moves() + 1;
	let mut events = vec![moved(table, game, answered, &play, by, ended)];
	let burned = finish(&mut events, game, outcome, moves, costs);
	assert_eq!(take_events(), events);
	assert_noop!(send(by, game, answered, play), Error::<Test>::UnknownGame);
	burned
}

/// Adds the events of the end of the only game, and checks that nothing of it is left. Returns what has
/// burned.
pub(crate) fn finish(
	events: &mut Vec<Event<Test>>,
	game: GameId,
	outcome: Outcome,
	moves: u32,
	(challenger_cost, solver_cost): (u64, u64),
) -> u64 {
	let winner = outcome.winner();
	events.push(Event::GameResolved {
		game,
		task: 0,
		attempt: 0,
		winner,
		outcome,
		moves,
		challenger_cost,
		solver_cost,
	});
	let burned = if outcome.claim_falls() {
		events.push(Event::BondReturned { game, challenger: CHALLENGER, amount: BOND });
		assert_eq!(Market::phase_of(0), None);
		let gain = STAKE / 10 + challenger_cost.min(STAKE / 20);
		assert_eq!(Balances::free_balance(CHALLENGER), PURSE + gain);
		burned_stake(challenger_cost)
	} else {
		let paid = solver_cost.min(BOND / 2);
		let burned = BOND - paid;
		events.push(Event::BondSlashed { game, challenger: CHALLENGER, paid, burned });
		assert_eq!((open_games(0), Market::phase_of(0)), (Some(0), Some(TaskPhase::Claimed)));
		assert_eq!(Balances::free_balance(CHALLENGER), PURSE - BOND);
		burned
	};
	assert_eq!(bond_of(CHALLENGER), 0);
	assert_eq!(Agenda::<Test>::iter().count() + Transcripts::<Test>::iter().count(), 0);
	assert_eq!(Disputes::<Test>::count() as usize + GamesOf::<Test>::iter().count(), 0);
	burned
}
