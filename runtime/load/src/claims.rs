//! Claims that stand, and games about them, made by the calls that anybody would make.

use crate::{chain::Chain, people::Person};
use assay_case::{
	testing::{play, Execution, Lie, Task},
	CaseMove,
};
use assay_primitives::{Assurance, Claim, ClaimEnds, HardwareClass, TaskId, Terms, Work};
use assay_runtime::{constants::ASY, AccountId, Balance, BlockNumber, Runtime, RuntimeCall};
use assay_runtime_fuzzer::generate::{move_call, opening_call};
use pallet_compute_staking::Call as Stake;
use pallet_dispute::{DisputeOf, Disputes, GameId, NextGame};
use pallet_task_market::{Call as Market, NextTask, Stage, Tasks};

/// Most that a task pays.
pub const REWARD: Balance = 100 * ASY;
/// What solvers ask for: enough for a stake that takes as many games as a claim may have.
pub const PRICE: Balance = 80 * ASY;
/// Stake behind each claim.
pub const STAKE: Balance = 2 * PRICE;
/// Blocks for bids.
pub const BIDDING: BlockNumber = 5;
/// Tasks of one solver.
pub const TASKS_EACH: u32 = 40;
/// More than anybody here spends.
const PURSE: Balance = 100_000 * ASY;

/// A claim, a challenger, and the game that they play.
pub struct Story {
	/// What is trained.
	pub task: Task,
	/// What its solver claims.
	pub claim: Claim,
	/// The ends of the claim.
	pub ends: ClaimEnds,
	/// The moves of the game, the opening first.
	pub moves: Vec<CaseMove>,
}

impl Story {
	/// A solver whose execution has the lies `claimed`, against a challenger whose has `believed`. With
	/// `withheld` the solver publishes nothing.
	pub fn new(task: &Task, claimed: Vec<Lie>, believed: Vec<Lie>, withheld: bool) -> Self {
		let (solver, challenger) = (Execution::new(task, claimed), Execution::new(task, believed));
		let played = play(&challenger, &solver, withheld).expect("the executions differ");
		let list = solver.claim();
		let claim = Claim {
			root: solver.claim_root(),
			states: list.len() as u32,
			final_state: *list.last().expect("a claim has states"),
			artifact_root: solver.artifact(),
			steps: task.steps,
		};
		let [first, last] = solver.ends();
		let ends = ClaimEnds { first, last };
		Self { task: task.clone(), claim, ends, moves: played.moves }
	}
}

/// The call that posts a task, with so many blocks for challenges and one solver that may bid, or all.
pub fn post(task: &Task, challenge: BlockNumber, allowed: Option<AccountId>) -> Market<Runtime> {
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
		training: 1_000,
		heartbeat: 1_000,
		challenge,
		assurance: Assurance::Challenge,
		hardware: None,
	};
	let program = Box::new(task.posted.clone());
	let allowed: Vec<_> = allowed.into_iter().collect();
	let allowed = allowed.try_into().expect("one may be allowed");
	Market::post_task { program, work, terms, allowed }
}

/// A claim on the chain.
pub struct Standing {
	/// Its task.
	pub task: TaskId,
	/// Who posted it.
	pub requester: AccountId,
	/// Who made it.
	pub solver: AccountId,
}

/// Makes an account a solver with stake for [`TASKS_EACH`] tasks.
pub fn enlist(chain: &mut Chain, who: &AccountId) {
	chain.fund(who, PURSE);
	let hardware = HardwareClass::Cpu;
	chain.call(who, Stake::register { hardware, metadata: Default::default() });
	chain.call(who, Stake::bond { amount: Balance::from(TASKS_EACH) * STAKE });
}

/// Posts tasks of a story, until solvers have them. The solvers are named after `name`.
pub fn assigned(
	chain: &mut Chain,
	name: &str,
	story: &Story,
	count: u32,
	challenge: BlockNumber,
) -> Vec<Standing> {
	let requester = Person::new(&format!("{name} requester"), 0).account();
	chain.fund(&requester, PURSE);
	let mut tasks = Vec::new();
	for number in 0..count {
		let solver = Person::new(&format!("{name} solver"), number / TASKS_EACH).account();
		if number % TASKS_EACH == 0 {
			enlist(chain, &solver);
		}
		let task = chain.with(NextTask::<Runtime>::get);
		chain.call(&requester, post(&story.task, challenge, Some(solver.clone())));
		chain.call(&solver, Market::place_bid { task, price: PRICE });
		tasks.push(Standing { task, requester: requester.clone(), solver });
	}
	chain.next(BIDDING + 1);
	for Standing { task, .. } in &tasks {
		let task = *task;
		let row = chain.with(|| Tasks::<Runtime>::get(task)).expect("it was just posted");
		if matches!(row.stage, Stage::Open { .. }) {
			chain.call(&requester, Market::assign { task });
		}
	}
	tasks
}

/// Makes claims of a story that can be challenged for so many blocks.
pub fn claimed(
	chain: &mut Chain,
	name: &str,
	story: &Story,
	count: u32,
	challenge: BlockNumber,
) -> Vec<Standing> {
	let tasks = assigned(chain, name, story, count, challenge);
	for Standing { task, solver, .. } in &tasks {
		let (claim, ends) = (story.claim, story.ends.clone());
		chain.call(solver, Market::submit_claim { task: *task, claim, ends });
	}
	tasks
}

/// The call that opens the game of a story.
pub fn opening(story: &Story, task: TaskId) -> RuntimeCall {
	opening_call(task, &story.moves[0]).expect("the first move opens a game").into()
}

/// Opens the game of a story.
pub fn open(chain: &mut Chain, who: &AccountId, story: &Story, task: TaskId) -> GameId {
	let game = chain.with(NextGame::<Runtime>::get);
	chain.call(who, opening(story, task));
	game
}

/// A stored game.
pub fn stored(chain: &mut Chain, game: GameId) -> DisputeOf<Runtime> {
	chain.with(|| Disputes::<Runtime>::get(game)).expect("the game is open")
}

/// The next move of a game, and whose it is.
pub fn next_move(chain: &mut Chain, game: GameId, story: &Story) -> (AccountId, RuntimeCall) {
	let dispute = stored(chain, game);
	let play = &story.moves[dispute.game.moves() as usize];
	let who = dispute.account(play.kind().side()).clone();
	(who, move_call(game, dispute.game.position(), play).expect("it answers a move"))
}

/// Makes the next move of a game.
pub fn turn(chain: &mut Chain, game: GameId, story: &Story) {
	let (who, call) = next_move(chain, game, story);
	chain.call(&who, call);
}
