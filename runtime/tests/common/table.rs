//! A claim of a small training, and two players who dispute it by the strategy of the game.

use super::people::{ok, run_to, BONDED, CHALLENGER, REQUESTER, SOLVER};
use assay_case::{
	testing::{Execution, Lie, Task, View},
	Case, CaseMove,
};
use assay_dispute_game::{
	strategy::{next_move, opening},
	Move, MoveKind, Outcome, Side,
};
use assay_primitives::{Assurance, Claim, ClaimEnds, HardwareClass, TaskId, Terms, Work};
use assay_runtime::{
	constants::ASY, Balance, BlockNumber, Runtime, RuntimeCall, RuntimeEvent, System,
};
use pallet_compute_staking::Call as Stake;
use pallet_dispute::{Call, DisputeOf, Disputes, Event, GameId, NextGame, Transcripts};
use pallet_task_market::{Call as Market, NextTask};
use polkadot_sdk::sp_keyring::Sr25519Keyring;

/// Most that a task pays.
pub(crate) const REWARD: Balance = 100 * ASY;
/// What the solver asks for.
pub(crate) const PRICE: Balance = 80 * ASY;
/// What the solver has behind its claim.
pub(crate) const STAKE: Balance = 2 * PRICE;
/// Blocks for bids, from posting to assignment.
pub(crate) const BIDDING: BlockNumber = 5;
/// Most blocks between two signs of life.
pub(crate) const HEARTBEAT: BlockNumber = 20;
/// Blocks for challenges.
pub(crate) const CHALLENGE: BlockNumber = 100;

/// The call that posts a task.
pub(crate) fn post(task: &Task) -> Market<Runtime> {
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
		reward: REWARD,
		bidding: BIDDING,
		training: 200,
		heartbeat: HEARTBEAT,
		challenge: CHALLENGE,
		assurance: Assurance::Challenge,
		hardware: None,
	};
	let program = Box::new(task.posted.clone());
	Market::post_task { program, work, terms, allowed: Default::default() }
}

/// What a solver that executed the task so claims.
pub(crate) fn claim(execution: &Execution) -> Claim {
	let list = execution.claim();
	Claim {
		root: execution.claim_root(),
		states: list.len() as u32,
		final_state: *list.last().expect("a claim has states"),
		artifact_root: execution.artifact(),
		steps: execution.task.steps,
	}
}

/// The call by which that solver claims it.
pub(crate) fn submit(task: TaskId, execution: &Execution) -> Market<Runtime> {
	let [first, last] = execution.ends();
	Market::submit_claim { task, claim: claim(execution), ends: ClaimEnds { first, last } }
}

/// Makes an account a solver with stake.
pub(crate) fn enlist(who: Sr25519Keyring) {
	ok(who, Stake::register { hardware: HardwareClass::Cpu, metadata: Default::default() });
	ok(who, Stake::bond { amount: BONDED });
}

/// A claim on chain, and what its solver and its challenger computed.
pub(crate) struct Table {
	pub(crate) task: TaskId,
	pub(crate) solver: Execution,
	pub(crate) challenger: Execution,
}

impl Table {
	/// A claim with these lies, and an honest challenger.
	pub(crate) fn with_liar(task: &Task, lies: Vec<Lie>) -> Self {
		Self::claimed(Execution::new(task, lies), Execution::new(task, vec![]))
	}

	/// An honest claim, and a challenger that believes in these lies.
	pub(crate) fn with_accuser(task: &Task, lies: Vec<Lie>) -> Self {
		Self::claimed(Execution::new(task, vec![]), Execution::new(task, lies))
	}

	fn claimed(solver: Execution, challenger: Execution) -> Self {
		let task = NextTask::<Runtime>::get();
		enlist(SOLVER);
		ok(REQUESTER, post(&solver.task));
		ok(SOLVER, Market::place_bid { task, price: PRICE });
		run_to(System::block_number() + BIDDING + 1);
		ok(SOLVER, submit(task, &solver));
		Self { task, solver, challenger }
	}

	fn case(&self) -> Case {
		self.solver.task.case()
	}

	/// Sends the challenger's opening move.
	pub(crate) fn open(&self) -> GameId {
		let transcript = Default::default();
		let view =
			View { own: &self.challenger, theirs: Some(&self.solver), transcript: &transcript };
		let params = self.solver.task.params(self.solver.claim_root());
		let play = opening(&params, &view, &self.case()).expect("the executions differ");
		let Move::Open { stride, before, after } = play else {
			panic!("{:?} where all lists are published", play.kind())
		};
		let game = NextGame::<Runtime>::get();
		ok(CHALLENGER, Call::open { task: self.task, stride, before, after });
		game
	}

	/// Whose move it is, and the move by the strategy.
	pub(crate) fn next(&self, game: GameId) -> (Sr25519Keyring, CaseMove) {
		let transcript = Transcripts::<Runtime>::get(game);
		let state = stored(game).game;
		let side = state.mover().expect("open games have a mover");
		let (who, own, theirs) = match side {
			Side::Challenger => (CHALLENGER, &self.challenger, Some(&self.solver)),
			Side::Defender => (SOLVER, &self.solver, None),
		};
		let view = View { own, theirs, transcript: &transcript };
		let play = next_move(&state, side, &view, &self.case());
		(who, play.expect("the mover has something to say"))
	}

	/// Makes the next move.
	pub(crate) fn turn(&self, game: GameId) -> MoveKind {
		let (who, play) = self.next(game);
		let kind = play.kind();
		ok(who, call(game, play));
		kind
	}

	/// Makes moves until the next one would be of this kind; returns whose it is and the move.
	pub(crate) fn until(&self, game: GameId, kind: MoveKind) -> (Sr25519Keyring, CaseMove) {
		loop {
			match self.next(game) {
				(who, play) if play.kind() == kind => return (who, play),
				_ => self.turn(game),
			};
		}
	}

	/// Plays a whole game; returns its moves.
	pub(crate) fn play(&self) -> Vec<MoveKind> {
		let game = self.open();
		let mut kinds = vec![MoveKind::Open];
		while Disputes::<Runtime>::contains_key(game) {
			kinds.push(self.turn(game));
		}
		kinds
	}
}

fn stored(game: GameId) -> DisputeOf<Runtime> {
	Disputes::<Runtime>::get(game).expect("the game is open")
}

/// A move as a call, made in answer to the present position.
pub(crate) fn call(game: GameId, play: CaseMove) -> RuntimeCall {
	let position = stored(game).game.position();
	let call = match play {
		Move::PostSteps { root, last } => Call::post_steps { game, position, root, last },
		Move::PickStep { step, before, after } => {
			Call::pick_step { game, position, step, before, after }
		},
		Move::PostTrace { root } => Call::post_trace { game, position, root },
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
		other => panic!("{:?} is not expected where all lists are published", other.kind()),
	};
	call.into()
}

/// How a game ended, with the worth of the challenger's and of the solver's moves.
pub(crate) fn resolution(events: &[RuntimeEvent]) -> (Outcome, Balance, Balance) {
	let mut found = events.iter().filter_map(|event| match event {
		RuntimeEvent::Dispute(Event::GameResolved {
			outcome,
			challenger_cost,
			solver_cost,
			..
		}) => Some((*outcome, *challenger_cost, *solver_cost)),
		_ => None,
	});
	let only = found.next().expect("a game ended");
	assert_eq!(found.next(), None, "only one game ended");
	only
}
