//! Inputs to start from: real moves, evidence, programs, messages and golden words. The example
//! `seeds` writes them; fuzzing adds to them.

#[cfg(feature = "heavy")]
mod heavy;
mod messages;

use assay_case::{
	testing::{mlp, play, Execution, Lie, MLP},
	TileProof,
};
use assay_compiler::{compile, Manifest};
use assay_dispute_game::{
	testing::{
		play as play_toy, Execution as ToyExecution, Habit, Lie as ToyLie, Match, Player, Toy,
	},
	Move,
};
use assay_ops::{soft, CANONICAL_NAN};
use codec::Encode;

use crate::{decoders, source::numbers};

/// Largest seed; larger evidence differs in nothing but more tiles.
const MOST_BYTES: usize = 24 << 10;

/// A check's name and an input for it.
pub type Seed = (&'static str, Vec<u8>);

/// All seeds.
pub fn all() -> Vec<Seed> {
	let mut seeds = Vec::new();
	values(&mut seeds);
	words(&mut seeds);
	choices(&mut seeds);
	seeds.retain(|(_, bytes)| bytes.len() <= MOST_BYTES);
	seeds
}

/// Encoded values for the decoders.
fn values(seeds: &mut Vec<Seed>) {
	let mut add = |name: &str, bytes: Vec<u8>| {
		let input = decoders::input(name, &bytes).expect("a type that is decoded");
		seeds.push(("decoders", input));
	};
	moves(&mut add);
	toy_moves(&mut add);
	programs(&mut add);
	messages::add(&mut add);
	#[cfg(feature = "heavy")]
	heavy::add(&mut add);
}

/// Moves of whole games over real programs, and what they are made of.
fn moves(add: &mut impl FnMut(&str, Vec<u8>)) {
	let task = mlp(4, 2);
	let honest = Execution::new(&task, Vec::new());
	let lies = [
		Lie::Output { step: 1, node: MLP.relu, word: 0, bit: 3 },
		Lie::Partial { step: 2, node: MLP.hidden, tile: 0, block: 1 },
		Lie::Slot { step: 3, slot: 1 },
		Lie::Input { step: 1, node: MLP.first },
		Lie::State { step: 2 },
	];
	for (lie, withheld) in lies.into_iter().flat_map(|lie| [(lie, false), (lie, true)]) {
		let liar = Execution::new(&task, vec![lie]);
		let Some(played) = play(&honest, &liar, withheld) else { continue };
		for play in played.moves {
			add("CaseMove", play.encode());
			match play {
				Move::PickTile { evidence: Some(proof), spec, .. } => {
					add("NodeProof", spec.encode());
					evidence(add, &proof);
				},
				Move::PickBlock { evidence: Some(proof), .. } => evidence(add, &proof),
				Move::PostPartials { partials } => add("PostedPartials", partials.encode()),
				Move::JoinFault { join } => add("Join", join.encode()),
				_ => {},
			}
		}
	}
	add("Case", task.case().encode());
	add("Params", task.params(honest.claim_root()).encode());
	add("Program", task.posted.encode());
	add("ProgramCommitment", task.tree.commitment().encode());
	add("NodeSpec", task.program.specs[4].encode());
}

fn evidence(add: &mut impl FnMut(&str, Vec<u8>), proof: &TileProof) {
	add("TileProof", proof.encode());
	let inputs = match proof {
		TileProof::Tile { evidence, .. } => {
			add("Evidence", evidence.encode());
			add("OutputOpening", evidence.output.encode());
			&evidence.inputs
		},
		TileProof::Block { block, .. } => {
			add("BlockEvidence", block.evidence.encode());
			&block.evidence.inputs
		},
	};
	add("Inputs", inputs.encode());
	for opening in inputs.operands.iter().flatten() {
		add("OperandOpening", opening.encode());
	}
}

/// Moves of toy games in which everything is withheld.
fn toy_moves(add: &mut impl FnMut(&str, Vec<u8>)) {
	let toy = Toy {
		seed: 7,
		steps: 10,
		stride: 4,
		nodes: 5,
		slots: 2,
		tiles: 20,
		blocks: 3,
		heartbeats: Vec::new(),
	};
	let player = |lies| Player {
		execution: ToyExecution::new(&toy, lies),
		habit: Habit { withholds: true, asks: true, ..Habit::default() },
	};
	let lie = ToyLie::Tile { step: 6, node: 3, tile: 17, block: 1 };
	let set = Match {
		challenger: player(Vec::new()),
		defender: player(vec![lie]),
		opened: 1000,
		seed: 1,
	};
	let Some((game, records)) = play_toy(&set) else { return };
	add("Game", game.encode());
	for record in records {
		add("ToyMove", record.play.encode());
		add("Phase", record.phase.encode().split_off(1));
	}
}

/// The program of a real network.
fn programs(add: &mut impl FnMut(&str, Vec<u8>)) {
	let text = include_str!("../../../ml-runtime/compiler/examples/mlp-digits.toml");
	let compiled = Manifest::parse(text).and_then(|manifest| compile(&manifest));
	let compiled = compiled.expect("an example of the compiler");
	add("Program", compiled.program.encode());
	for node in compiled.program.nodes.iter().take(3) {
		add("Node", node.encode());
		add("Op", node.op.encode());
	}
}

/// Words on which implementations have differed, in threes.
fn words(seeds: &mut Vec<Seed>) {
	const WORDS: [u32; 16] = [
		0,
		1 << 31,
		1,
		0x8000_0001,
		0x007F_FFFF,
		0x0080_0000,
		0x7F7F_FFFF,
		soft::INFINITY,
		soft::MINUS_INFINITY,
		CANONICAL_NAN,
		0xFFC1_2345,
		soft::ONE,
		soft::MINUS_ONE,
		0x4B80_0001,
		0x1A00_0040,
		0x0008_0001,
	];
	for first in WORDS {
		let threes =
			WORDS.iter().flat_map(|second| [first, *second, WORDS[(*second % 15) as usize]]);
		seeds.push(("soft", threes.flat_map(u32::to_le_bytes).collect()));
	}
}

/// Strings to make choices of: short and long ones, and the examples unedited.
fn choices(seeds: &mut Vec<Seed>) {
	for name in ["game", "manifest", "openings", "program", "referee"] {
		for seed in 0..24u32 {
			let length = 24 + 24 * (seed as usize % 8);
			let bytes = numbers(seed + 1, length).iter().map(|word| (word >> 4) as u8).collect();
			seeds.push((name, bytes));
		}
	}
	for example in 0..8 {
		seeds.push(("manifest", vec![example]));
	}
}
