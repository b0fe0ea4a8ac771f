//! Games about a toy task between an adversary that does whatever the bytes say and, mostly, an honest
//! player: nothing breaks the game's promises, and who is right wins in time.

mod table;

use assay_dispute_game::{
	strategy::root_of,
	testing::{Execution, Lie, Toy},
	Heartbeat, List, Side,
};

use crate::Source;
use table::Table;

/// Sets a game up and plays it.
pub fn check(bytes: &[u8]) {
	let mut source = Source::new(bytes);
	let task = toy(&mut source);
	let honest = Execution::new(&task, Vec::new());
	let lies = (0..=source.below(3)).map(|_| lie(&mut source, &task)).collect();
	let liar = Execution::new(&task, lies);
	let right = source.choose(&[Some(Side::Challenger), Some(Side::Defender), None]);
	let (challenger, defender) = match right {
		Some(Side::Defender) => (liar, honest),
		Some(Side::Challenger) | None => (honest, liar),
	};
	let heartbeats = heartbeats(&mut source, &task, &defender);
	let toy = Toy { heartbeats, ..task };
	let mut params = toy.params(defender.claim_root());
	params.clock = source.within(1, 200);
	params.reserve = source.below(params.clock);
	params.extension = source.below(params.reserve / 2 + 1);
	let published = source.flag();
	// The claim's first state is the task's own: no stride leads to it, the market checks it.
	let begins = challenger.claim.first() == defender.claim.first();
	if right == Some(Side::Challenger) && (!begins || challenger.claim == defender.claim) {
		return;
	}
	let table = Table::open(&mut source, &toy, params, [challenger, defender], right, published);
	if let Some(mut table) = table {
		table.play(&mut source);
	}
}

/// A small task.
fn toy(source: &mut Source) -> Toy {
	let steps = source.within(1, 9);
	let slots = source.within(1, 3);
	Toy {
		seed: source.below(4).into(),
		steps,
		stride: source.within(1, steps + 1),
		nodes: slots + source.within(1, 5),
		slots,
		tiles: source.within(1, 20),
		blocks: source.within(1, 4),
		heartbeats: Vec::new(),
	}
}

fn lie(source: &mut Source, toy: &Toy) -> Lie {
	let (step, slot) = (source.below(toy.steps), source.below(toy.slots));
	let (node, tile) = (source.below(toy.nodes), source.below(toy.tiles));
	let block = source.below(toy.blocks);
	match source.below(7) {
		0 => Lie::Tile { step, node, tile, block },
		1 => Lie::Slot { step, slot },
		2 => Lie::Input { step, slot },
		3 => Lie::State { step: step + 1 },
		4 => Lie::Output { node },
		5 => Lie::Letter { node, tile },
		_ => Lie::Partial { block },
	}
}

/// Prefixes of the claim, as an honest solver commits to them.
fn heartbeats(source: &mut Source, toy: &Toy, solver: &Execution) -> Vec<Heartbeat> {
	let beat = |leaves: u32| {
		let root = root_of(List::Claim, &solver.claim[..leaves as usize], toy);
		Heartbeat { root, leaves }
	};
	(0..source.below(3)).map(|_| beat(source.within(1, solver.claim.len() as u32))).collect()
}
