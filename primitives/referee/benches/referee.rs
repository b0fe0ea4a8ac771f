//! One judgement of each operation at its worst: the milliseconds that it takes natively, the KiB of
//! evidence, and, as a measure of the machine, the speed against plain BLAKE3 of that evidence.
//!
//! Shapes are chosen near the limits on what a tile may depend on and take. Numbers are taken twice,
//! normal ones and a mix with subnormal ones, which take longer; the slower counts. The claimed output
//! is all zeros: a lie costs the referee as much as the truth. In a real network tensors may be larger
//! than here, which adds a hash to the evidence for every level of their trees.

#[path = "../../ops/benches/common/mod.rs"]
mod common;
mod worst;

use std::hint::black_box;

use assay_commitment::{list::List, DataTree, ListTag, Path, ProgramTree, Root, TensorTree};
use assay_ops::{
	eval::StepContext, CheckedProgram, DType, NodeSpec, Op, ValueType, MAX_NODES, TILE, TILE_WORDS,
};
use assay_referee::{
	judge_block, judge_tile,
	prove::{partial_hashes, Prover, Values},
	Around, BlockEvidence, Evidence, Partials, ProvenNode, Referee, Step, Verdict,
};
use codec::Encode;
use common::{figure, ratio, Bench};
use worst::{BATCH, RECORD_SIZE};

const ROUNDS: usize = 11;
const RECORDS: u64 = 1 << 12;

/// The block that is judged of a long reduction: the second, since the first has no partial before it.
const BLOCK: u32 = 1;

/// What the referee is shown.
enum Shown {
	Tile(Evidence),
	Block(Partials, BlockEvidence),
}

/// A statement about a tile before the referee.
struct Trial {
	step: Step,
	spec: NodeSpec,
	path: Path,
	tile: u32,
	shown: Shown,
}

impl Trial {
	fn new(program: &CheckedProgram, spec: &NodeSpec, numbers: Numbers, data: &Data) -> Self {
		let context = StepContext {
			seed: [7; 32],
			step: 5,
			batch: BATCH,
			records: RECORDS,
			record_size: RECORD_SIZE,
		};
		let classes = classes(spec);
		let operands = spec.inputs.iter().map(|operand| numbers.fill(&operand.ty, classes));
		let operands: Vec<Vec<u32>> = operands.collect();
		let tree = |ty: ValueType, words: &[u32]| {
			TensorTree::from_words(ty, words).expect("the words are those of the type")
		};
		let mut roots = vec![Root::default(); MAX_NODES as usize];
		for (root, (operand, words)) in roots.iter_mut().zip(spec.inputs.iter().zip(&operands)) {
			*root = tree(operand.ty, words).root();
		}
		let claimed = tree(spec.ty, &vec![0; spec.ty.words() as usize]);
		roots[usize::from(spec.id)] = claimed.root();
		let trace = List::new(ListTag::Trace, roots).expect("a trace is short");
		let values = (&operands[..], &data.bytes[..]);
		let prover = Prover { context: &context, trace: &trace, values: &values };
		let tree = ProgramTree::new(program).expect("a checked program has a tree");
		let step = Step {
			referee: Referee::V1,
			program: tree.commitment(),
			trace: trace.root(),
			context,
			data: data.root,
		};
		let path = tree.prove_node(spec.id).expect("the node exists");
		let (tile, shown) = show(&prover, spec, &claimed);
		Self { step, spec: spec.clone(), path, tile, shown }
	}

	fn evidence(&self) -> Vec<u8> {
		match &self.shown {
			Shown::Tile(evidence) => evidence.encode(),
			Shown::Block(_, evidence) => evidence.encode(),
		}
	}

	fn judge(&self) -> Verdict {
		let Self { step, spec, path, tile, shown } = self;
		let node = ProvenNode::verify(&step.program, spec, path).expect("the node exists");
		let verdict = match shown {
			Shown::Tile(evidence) => judge_tile(step, node, *tile, evidence),
			Shown::Block(posted, evidence) => {
				let posted = Around::of(posted, BLOCK).expect("there is such a block");
				judge_block(step, node, *tile, BLOCK, posted, evidence)
			},
		};
		verdict.expect("the evidence is complete")
	}
}

/// How many different labels an operand of labels may hold.
fn classes(spec: &NodeSpec) -> u32 {
	let first = spec.operand(0);
	match spec.op {
		Op::Gather => first.map_or(1, |table| table.rows),
		Op::ScatterAdd { rows } => rows,
		_ => first.map_or(1, |ty| ty.cols).max(spec.ty.cols),
	}
}

/// What the referee is shown about the tile, of a few, that reads most.
fn show<V: Values>(prover: &Prover<'_, V>, spec: &NodeSpec, claimed: &TensorTree) -> (u32, Shown) {
	let tiles = spec.ty.tiles() as u32;
	let block = BLOCK.min(spec.blocks() - 1);
	let size = |tile: &u32| prover.inputs(spec, *tile, block).map(|inputs| inputs.encoded_size());
	let tile = [0, tiles / 2, tiles - 1].into_iter().max_by_key(size).expect("there are three");
	if spec.blocks() == 1 {
		let evidence = prover.tile(spec, claimed, tile).expect("an opening has room for it");
		return (tile, Shown::Tile(evidence));
	}
	let chain = vec![[0; TILE_WORDS]; spec.blocks() as usize];
	let posted = partial_hashes(spec, tile, &chain).expect("there are few blocks");
	let evidence = prover.block(spec, tile, BLOCK, chain.first());
	(tile, Shown::Block(posted, evidence.expect("an opening has room for it")))
}

/// A data set and its root.
struct Data {
	bytes: Vec<u8>,
	root: Root,
}

impl Data {
	fn new() -> Self {
		let bytes = 0..(RECORDS * u64::from(RECORD_SIZE)) as u32;
		let bytes: Vec<u8> = bytes.map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
		let root = DataTree::new(&bytes).expect("the data set is not empty").root();
		Self { bytes, root }
	}
}

/// Which numbers operands hold.
#[derive(Clone, Copy)]
enum Numbers {
	/// Magnitudes between 2^−8 and 1.
	Normal,
	/// The same, but every other one, by chance, is subnormal.
	Mixed,
}

impl Numbers {
	/// The content of an operand; labels that lie as far apart as they can.
	fn fill(self, ty: &ValueType, classes: u32) -> Vec<u32> {
		if ty.dtype == DType::U32 {
			return (0..ty.rows).map(|row| (row * TILE) % classes).collect();
		}
		let mut seed = 1u32;
		let number = |_| {
			seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
			let exponent = match self {
				Self::Mixed if seed & (1 << 30) != 0 => 0,
				Self::Normal | Self::Mixed => 119 + (seed >> 27) % 8,
			};
			(seed & 0x807F_FFFF) | (exponent << 23)
		};
		(0..ty.words()).map(number).collect()
	}
}

/// Seconds of the judgement and of hashing its evidence, and the bytes of the evidence.
fn measure(bench: &Bench, trial: &Trial) -> (f64, f64, usize) {
	let evidence = trial.evidence();
	let seconds = bench.medians(
		ROUNDS,
		&mut [&mut || _ = black_box(trial.judge()), &mut || {
			_ = black_box(blake3::hash(black_box(&evidence)));
		}],
	);
	(seconds[0], seconds[1], evidence.len())
}

fn main() {
	let bench = Bench::from_args();
	let data = Data::new();
	for case in worst::cases() {
		let (program, spec) = worst::program(&case);
		let trial = |numbers| measure(&bench, &Trial::new(&program, &spec, numbers, &data));
		let (normal, mixed) = (trial(Numbers::Normal), trial(Numbers::Mixed));
		let (judged, hashed, bytes) = if normal.0 > mixed.0 { normal } else { mixed };
		let name = format!("referee.{}", case.0);
		figure(&format!("{name}.native"), judged * 1e3, "ms");
		figure(&format!("{name}.evidence"), bytes as f64 / 1024.0, "KiB");
		ratio(&format!("{name}.native"), "blake3", judged, hashed);
	}
}
