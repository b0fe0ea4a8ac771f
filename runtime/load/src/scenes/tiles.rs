//! The last move of a game about the worst tile of each operation, in many games about a right claim.

use super::Scene;
use crate::{
	chain::Chain,
	claims::{self, Story},
	pack::Prepared,
	people::Person,
	worst,
};
use assay_case::testing::{Builder, Lie, Task};
use assay_dispute_game::MoveKind;
use assay_ops::{DType, Op, Program, Slot, ValueType};

/// Blocks for challenges.
const WINDOW: u32 = 2_000;
/// Claims, and games about each: more than a block takes.
const CLAIMS: u32 = 5;
const PLACES: u32 = 32;
/// Records of the data set.
const RECORDS: u32 = 1 << 12;

/// A task with this operation, among as many nodes as there can be, and its node.
fn task(case: &worst::Case) -> (Task, u32) {
	let (mut posted, node) = worst::posted(case);
	if posted.slots.is_empty() {
		// Only a state shows that something is wrong.
		let next = posted.nodes.len() as u16 - 2;
		let mut nodes = posted.nodes.into_inner();
		nodes[usize::from(next)].op = Op::State { slot: 0 };
		posted.nodes = nodes.try_into().expect("as many as before");
		let ty = ValueType { dtype: DType::F32, rows: 1, cols: 1 };
		posted.slots.try_push(Slot { ty, next, parameter: false }).expect("there is room");
	}
	let mut init = Builder::init(&posted);
	for (slot, words) in posted.slots.iter().zip(&mut init) {
		if slot.ty.dtype == DType::U32 {
			let classes = classes(&posted, node);
			(0..).zip(words).for_each(|(row, word)| *word = (row * assay_ops::TILE) % classes);
		}
	}
	let bytes = RECORDS * worst::RECORD_SIZE;
	let data = (0..bytes).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
	(Task::new(posted, data, worst::RECORD_SIZE, init, (1, 1)), node)
}

/// How many different labels there may be.
fn classes(program: &Program, node: u32) -> u32 {
	let slot = |at: usize| program.slots[at].ty;
	match program.nodes[node as usize].op {
		Op::Gather => slot(0).rows,
		Op::ScatterAdd { rows } => rows,
		Op::OneHot { cols } => cols,
		_ => slot(0).cols,
	}
}

fn prepare(case: &worst::Case) -> Prepared {
	let (task, node) = task(case);
	let output = Lie::Output { step: 0, node, word: 0, bit: 0 };
	// The last: what is added to an earlier one may be rounded away.
	let last = task.program.specs[node as usize].blocks() - 1;
	let partial = Lie::Partial { step: 0, node, tile: 0, block: last };
	let lie = if last > 0 { partial } else { output };
	// The claim shows nothing of a node that leads nowhere; a slot shows that something is wrong.
	let story = Story::new(&task, vec![], vec![lie, Lie::Slot { step: 0, slot: 0 }], false);
	let last = story.moves.len() - 1;
	let kind = story.moves[last].kind();
	assert!(matches!(kind, MoveKind::PickTile | MoveKind::PickBlock), "{}: {kind:?}", case.0);
	let mut chain = Chain::new();
	let standing = claims::claimed(&mut chain, "tiles", &story, CLAIMS, WINDOW);
	let mut calls = Vec::new();
	for standing in &standing {
		for _ in 0..PLACES {
			let who = Person::new("accuser", calls.len() as u32);
			chain.fund(&who.account(), super::PURSE);
			let game = claims::open(&mut chain, &who.account(), &story, standing.task);
			for _ in 1..last {
				claims::turn(&mut chain, game, &story);
			}
			let (_, call) = claims::next_move(&mut chain, game, &story);
			calls.push((who, call));
		}
	}
	Prepared { chain, calls }
}

pub(super) fn scenes() -> Vec<Scene> {
	let scene = |case: worst::Case| Scene::new(format!("tile.{}", case.0), move || prepare(&case));
	worst::cases().into_iter().map(scene).collect()
}
