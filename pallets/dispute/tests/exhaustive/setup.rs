//! Where the models begin.

use assay_commitment::{list, state_of_slots, ListTag, Root};
use assay_dispute_game::Phase;
use assay_ops::{Binary, Broadcast, DType, Node, Op, Program, Slot, ValueType};
use assay_primitives::{Assurance, Claim, ClaimEnds, HardwareClass, TaskPhase, Terms, Work};
use pallet_dispute::{Call as Game, Disputes};
use polkadot_sdk::{
	frame_support::{assert_ok, BoundedVec},
	frame_system, pallet_balances,
	sp_core::storage::Storage,
	sp_runtime::BuildStorage,
};

use crate::runtime::*;

/// Four accounts with money.
pub(crate) fn genesis() -> Storage {
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.expect("the system has a genesis");
	let balances = [REQUESTER, SOLVER, CHALLENGER, RIVAL].map(|who| (who, PURSE)).to_vec();
	pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
		.assimilate_storage(&mut storage)
		.expect("balances have a genesis");
	storage
}

/// A solver with 700 bonded. With `claimed`, 300 of it stand behind a claim that can be accused for four
/// blocks, and another task takes bids.
pub(crate) fn begin(claimed: bool) {
	System::set_block_number(1);
	let solver = RuntimeOrigin::signed(SOLVER);
	assert_ok!(Staking::register(solver.clone(), HardwareClass::Cpu, Default::default()));
	assert_ok!(Staking::bond(solver.clone(), 700));
	if !claimed {
		return;
	}
	post(2);
	assert_ok!(Market::place_bid(solver.clone(), 0, 150));
	run_to(4);
	assert_ok!(Market::submit_claim(solver, 0, claim(), ends()));
	assert_eq!(Market::phase_of(0), Some(TaskPhase::Claimed));
	post(6);
}

fn post(bidding: u64) {
	let terms = Terms {
		reward: 300,
		bidding,
		training: 10,
		heartbeat: 8,
		challenge: WINDOW,
		assurance: Assurance::Challenge,
		hardware: None,
	};
	let requester = RuntimeOrigin::signed(REQUESTER);
	let program = Box::new(program());
	assert_ok!(Market::post_task(requester, program, work(), terms, Default::default()));
}

/// Adds 1 to each of four parameters.
fn program() -> Program {
	let node = |op, inputs: &[u16]| Node { op, inputs: BoundedVec::truncate_from(inputs.to_vec()) };
	let nodes = vec![
		node(Op::State { slot: 0 }, &[]),
		node(Op::Fill { bits: 0x3F80_0000, rows: 1, cols: 4 }, &[]),
		node(Op::Binary(Binary::Add, Broadcast::None), &[0, 1]),
		node(Op::RowSum, &[2]),
	];
	let ty = ValueType { dtype: DType::F32, rows: 1, cols: 4 };
	Program {
		opset: assay_ops::OPSET_VERSION,
		batch: 2,
		nodes: BoundedVec::truncate_from(nodes),
		slots: BoundedVec::truncate_from(vec![Slot { ty, next: 2, parameter: true }]),
		loss: 3,
	}
}

fn work() -> Work {
	Work {
		data_root: [1; 32],
		records: 100,
		record_size: 16,
		first_step: 0,
		init_root: state_of_slots(0, &slots(0)),
		init_slots: slots(0),
		seed: [3; 32],
		steps: 4,
		stride: 2,
	}
}

fn slots(step: u32) -> Root {
	[step as u8 + 7; 32]
}

fn states() -> Vec<Root> {
	[0, 2, 4].map(|step: u32| state_of_slots(step.into(), &slots(step))).to_vec()
}

fn claim() -> Claim {
	let states = states();
	Claim {
		root: list::root(ListTag::States, &states),
		states: 3,
		final_state: states[2],
		artifact_root: slots(4),
		steps: 4,
	}
}

fn ends() -> ClaimEnds {
	let path = |index| list::prove(ListTag::States, &states(), index).expect("it is in the list");
	ClaimEnds { first: path(0), last: path(2) }
}

/// The answer to the first game that waits for the list of states.
pub(crate) fn answer() -> Option<Game<Test>> {
	let mut games: Vec<_> = Disputes::<Test>::iter().collect();
	games.sort_by_key(|(game, _)| *game);
	let waits =
		games.into_iter().find(|(_, dispute)| matches!(dispute.game.phase(), Phase::Bisect { .. }));
	let (game, dispute) = waits?;
	let children = states().try_into().expect("three are not too many");
	Some(Game::bisect { game, position: dispute.game.position(), children })
}
