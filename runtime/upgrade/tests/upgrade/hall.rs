//! Many games at once on a chain, each at its own claim.

use std::collections::BTreeMap;

use assay_case::testing::{Execution, Task};
use assay_case::CaseMove;
use assay_dispute_game::{Move, Outcome, Side};
use assay_primitives::{Assurance, Claim, ClaimEnds, HardwareClass, TaskId, Terms, Work};
use assay_runtime::{
	constants::ASY, AccountId, Balance, BlockNumber, Runtime, RuntimeCall, RuntimeEvent,
};
use assay_runtime_apis::GameView;
use pallet_compute_staking::Call as Stake;
use pallet_dispute::{Call, Event, GameId, NextGame};
use pallet_task_market::{Call as Market, NextTask};
use polkadot_sdk::sp_keyring::Sr25519Keyring;

use crate::{chain::Chain, line::Line};

pub(crate) const REQUESTER: Sr25519Keyring = Sr25519Keyring::Bob;
/// Two, as one has room for 64 locks of stake.
const SOLVERS: [Sr25519Keyring; 2] = [Sr25519Keyring::Charlie, Sr25519Keyring::Eve];
pub(crate) const CHALLENGER: Sr25519Keyring = Sr25519Keyring::Dave;

/// Blocks for bids.
const BIDDING: BlockNumber = 15;
/// Blocks for challenges: as many as the longest silence here.
const CHALLENGE: BlockNumber = 260;
/// What the solver asks for.
const PRICE: Balance = 5 * ASY;

/// A game of a line.
#[derive(Clone, Copy)]
pub(crate) struct Seat {
	/// The line, by number.
	pub(crate) line: usize,
	/// Its number.
	pub(crate) game: GameId,
	/// Moves made.
	pub(crate) made: usize,
}

/// An open game as the chain's runtime shows it.
pub(crate) type View = GameView<AccountId, Balance>;

/// How a game ended: outcome, moves, and what they were worth.
pub(crate) type Ending = (Outcome, u32, Balance, Balance);

/// The call that posts a task.
pub(crate) fn post(task: &Task) -> RuntimeCall {
	let work = Work {
		data_root: task.data_root(),
		records: task.records(),
		record_size: task.record_size,
		first_step: task.first_step,
		init_root: task.init_root(),
		init_slots: task.init_slots(),
		seed: task.seed,
		steps: task.steps,
		stride: task.stride,
	};
	let terms = Terms {
		reward: 2 * PRICE,
		bidding: BIDDING,
		training: 200,
		heartbeat: 100,
		challenge: CHALLENGE,
		assurance: Assurance::Challenge,
		hardware: None,
	};
	let program = Box::new(task.posted.clone());
	Market::post_task { program, work, terms, allowed: Default::default() }.into()
}

/// The call that hands in what an execution came to.
fn submit(task: TaskId, execution: &Execution) -> RuntimeCall {
	let list = execution.claim();
	let claim = Claim {
		root: execution.claim_root(),
		states: list.len() as u32,
		final_state: *list.last().expect("a claim has states"),
		artifact_root: execution.artifact(),
		steps: execution.task.steps,
	};
	let [first, last] = execution.ends();
	Market::submit_claim { task, claim, ends: ClaimEnds { first, last } }.into()
}

/// Who solves a task.
fn solver(task: TaskId) -> Sr25519Keyring {
	SOLVERS[task as usize % SOLVERS.len()]
}

/// Makes the solvers what they are, with stake for all their tasks.
pub(crate) fn enlist(chain: &mut Chain) {
	for who in SOLVERS {
		let hardware = HardwareClass::Cpu;
		let register = Stake::register { hardware, metadata: Default::default() };
		let bond = Stake::bond { amount: 1_000 * ASY };
		chain.block(vec![(who, register.into()), (who, bond.into())]);
	}
}

/// Brings the executions before the chain as claims, each of its own task; returns the tasks.
pub(crate) fn claims(chain: &mut Chain, executions: &[&Execution]) -> Vec<TaskId> {
	let first = chain.read(NextTask::<Runtime>::get);
	let tasks: Vec<TaskId> = (first..).take(executions.len()).collect();
	chain.make(executions.iter().map(|it| (REQUESTER, post(&it.task))).collect());
	let bid =
		|task: &TaskId| (solver(*task), Market::place_bid { task: *task, price: PRICE }.into());
	chain.make(tasks.iter().map(bid).collect());
	let height = chain.height();
	chain.run_to(height + BIDDING + 2);
	let submit = |(task, it): (&TaskId, &&Execution)| (solver(*task), submit(*task, it));
	chain.make(tasks.iter().zip(executions).map(submit).collect());
	tasks
}

/// Opens a game of each line about the claim beside it.
pub(crate) fn open(chain: &mut Chain, lines: &[Line], about: &[(usize, TaskId)]) -> Vec<Seat> {
	let first = chain.read(NextGame::<Runtime>::get);
	let opening = |&(line, task): &(usize, TaskId)| {
		let call = match lines[line].moves[0].clone() {
			Move::Open { stride, before, after } => Call::open { task, stride, before, after },
			Move::Ask => Call::open_withheld { task },
			other => panic!("{:?} opens no game of these lines", other.kind()),
		};
		(CHALLENGER, RuntimeCall::from(call))
	};
	chain.make(about.iter().map(opening).collect());
	let seat = |(game, &(line, _))| Seat { line, game, made: 1 };
	(first..).zip(about).map(seat).collect()
}

/// Plays each game on, a move at a time, until it has as many moves as `until` says, or is over.
pub(crate) fn play(
	chain: &mut Chain,
	lines: &[Line],
	seats: &mut [Seat],
	until: impl Fn(&Seat) -> usize,
) {
	loop {
		let mut orders = vec![];
		for seat in seats.iter_mut() {
			let moves = &lines[seat.line].moves;
			if seat.made < until(seat).min(moves.len()) {
				orders.push(order(chain, seat.game, moves[seat.made].clone()));
				seat.made += 1;
			}
		}
		if orders.is_empty() {
			return;
		}
		chain.make(orders);
	}
}

/// An open game, by the chain's own runtime.
pub(crate) fn view(chain: &mut Chain, game: GameId) -> Option<View> {
	chain.ask("DisputeApi_game", game)
}

/// Whose move it is, and the move as a call in answer to the present position.
fn order(chain: &mut Chain, game: GameId, play: CaseMove) -> (Sr25519Keyring, RuntimeCall) {
	let view = view(chain, game).expect("the game is open");
	let kind = play.kind();
	let who = match kind.side() {
		Side::Challenger => CHALLENGER,
		Side::Defender => solver(view.task),
	};
	let position = view.game.position();
	let call = match play {
		Move::Open { stride, before, after } => {
			Call::pick_stride { game, position, stride, before, after }
		},
		Move::Ask => Call::ask { game, position },
		Move::AskSlots => Call::ask_slots { game, position },
		Move::AskTiles { node, spec, output } => {
			Call::ask_tiles { game, position, node, spec: Box::new(spec), output }
		},
		Move::Bisect { children } => Call::bisect { game, position, children },
		Move::Pick { child } => Call::pick { game, position, child },
		Move::PostSteps { root, last } => Call::post_steps { game, position, root, last },
		Move::PickStep { step, before, after } => {
			Call::pick_step { game, position, step, before, after }
		},
		Move::PostTrace { root } => Call::post_trace { game, position, root },
		Move::JoinFault { join } => Call::join_fault { game, position, join: Box::new(join) },
		Move::PickTile { node, tile, spec, evidence } => {
			let (spec, evidence) = (Box::new(spec), evidence.map(Box::new));
			Call::pick_tile { game, position, node, tile, spec, evidence }
		},
		Move::PostPartials { partials } => {
			Call::post_partials { game, position, partials: Box::new(partials) }
		},
		Move::PickBlock { block, evidence } => {
			Call::pick_block { game, position, block, evidence: evidence.map(Box::new) }
		},
		Move::OpenTile { evidence } => {
			Call::open_tile { game, position, evidence: Box::new(evidence) }
		},
		Move::PrefixFault { .. } | Move::Concede => panic!("{kind:?} is in none of these lines"),
	};
	(who, call.into())
}

/// How the games of a chain ended so far, with the block.
pub(crate) fn endings(chain: &Chain) -> BTreeMap<GameId, (BlockNumber, Ending)> {
	let ended = |(block, event): &(BlockNumber, RuntimeEvent)| match event {
		RuntimeEvent::Dispute(Event::GameResolved {
			game,
			outcome,
			moves,
			challenger_cost,
			solver_cost,
			..
		}) => Some((*game, (*block, (*outcome, *moves, *challenger_cost, *solver_cost)))),
		_ => None,
	};
	chain.events.iter().filter_map(ended).collect()
}
