//! Tests by subject.

mod adversaries;
mod branches;
mod clocks;
mod deeds;
mod fuzz;
mod lengths;
mod lists;
mod planted;
mod positions;
mod refusals;
mod saved;
mod simulation;
mod table;

use alloc::{vec, vec::Vec};

use crate::{
	testing::{play, Execution, Habit, Lie, Match, Player, Record, Toy},
	Game, MoveKind,
};

/// A toy with three-node programs, strides of four, split reductions.
fn toy() -> Toy {
	Toy {
		seed: 7,
		steps: 10,
		stride: 4,
		nodes: 5,
		slots: 2,
		tiles: 3,
		blocks: 3,
		heartbeats: Vec::new(),
	}
}

fn honest(toy: &Toy) -> Player {
	Player { execution: Execution::new(toy, vec![]), habit: Habit::default() }
}

fn liar(toy: &Toy, lies: &[Lie]) -> Player {
	Player { execution: Execution::new(toy, lies.to_vec()), habit: Habit::default() }
}

fn meet(challenger: Player, defender: Player) -> Option<(Game, Vec<Record>)> {
	play(&Match { challenger, defender, opened: 1000, seed: 1 })
}

fn kinds(records: &[Record]) -> Vec<MoveKind> {
	records.iter().map(|record| record.play.kind()).collect()
}
