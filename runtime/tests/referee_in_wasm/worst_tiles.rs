//! What the last move of a game weighs at the most: bytes of evidence, and time in the wasm.

use std::time::{Duration, Instant};

use assay_conformance::{Flavour, Random};
use assay_ops::{eval::StepContext, DType, NodeSpec, Op, ValueType, TILE, TILE_WORDS};
use assay_runtime_apis::TileQuestion;
use codec::Encode;

use crate::{
	backend::RefereeInWasm,
	shown::Shown,
	worst::{self, BATCH, RECORD_SIZE},
};

/// Records of the data set.
const RECORDS: u64 = 1 << 12;

/// Most bytes of evidence for one tile.
const MOST_BYTES: usize = 160 * 1024;

/// Calls of which the shortest counts.
const ROUNDS: usize = 5;

/// What words operands have.
#[derive(Clone, Copy)]
pub(crate) enum Words {
	/// Those of a flavour of the conformance suite.
	Of(Flavour),
	/// Factors whose products are subnormal, and so are sums of these: what takes the referee longest.
	Underflowing,
}

impl Words {
	fn word(self, random: &mut Random) -> u32 {
		match self {
			Self::Of(flavour) => flavour.word(random),
			Self::Underflowing => (random.u32() & 0x807F_FFFF) | ((50 + random.below(8)) << 23),
		}
	}
}

/// The worst tile of an operation.
pub(crate) struct Weight {
	/// The operation.
	pub(crate) name: &'static str,
	/// Bytes of what the last move of a game brings.
	pub(crate) bytes: usize,
	/// How long a call takes that recomputes the tile: to decode and verify the evidence, and to compute.
	/// The shortest of some calls, with the words that take longest.
	pub(crate) time: Duration,
}

/// The worst tile of every operation, with operands of these words.
pub(crate) fn weights(wasm: &RefereeInWasm, all: &[Words]) -> Vec<Weight> {
	let context = StepContext {
		seed: [7; 32],
		step: 5,
		batch: BATCH,
		records: RECORDS,
		record_size: RECORD_SIZE,
	};
	let data: Vec<u8> = (0..(RECORDS * u64::from(RECORD_SIZE)) as u32)
		.map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
		.collect();
	let cases = worst::cases();
	let weight = |case: &worst::Case| {
		let (program, spec) = worst::program(case);
		let mut weight = Weight { name: case.0, bytes: 0, time: Duration::ZERO };
		for words in all {
			let operands = operands(&spec, *words);
			let operands: Vec<&[u32]> = operands.iter().map(Vec::as_slice).collect();
			let shown = Shown::new(&program, &spec, &context, &operands, &data).expect("it fits");
			let question = heaviest(&shown, &spec);
			let proof = shown.proof(&question).expect("an opening has room for it");
			weight.bytes = weight.bytes.max(proof.encoded_size());
			weight.time = weight.time.max(time(wasm, &shown, &question));
		}
		assert!(weight.bytes <= MOST_BYTES, "{}: {} bytes", weight.name, weight.bytes);
		weight
	};
	cases.iter().map(weight).collect()
}

fn operands(spec: &NodeSpec, words: Words) -> Vec<Vec<u32>> {
	let mut random = Random::of_case(1, "worst", 0);
	let classes = classes(spec);
	let mut operand = |ty: &ValueType| -> Vec<u32> {
		match ty.dtype {
			DType::F32 => (0..ty.words()).map(|_| words.word(&mut random)).collect(),
			// Labels that lie as far apart as they can.
			DType::U32 => (0..ty.rows).map(|row| (row * TILE) % classes).collect(),
		}
	};
	spec.inputs.iter().map(|input| operand(&input.ty)).collect()
}

/// How many different labels an operand of labels may hold.
fn classes(spec: &NodeSpec) -> u32 {
	match (spec.op, spec.operand(0)) {
		(Op::Gather, Some(table)) => table.rows,
		(Op::ScatterAdd { rows }, _) => rows,
		(_, first) => first.map_or(1, |ty| ty.cols).max(spec.ty.cols),
	}
}

/// The question, of a few, with most evidence. Of a long reduction it is about the second block, since
/// the first has no partial before it.
fn heaviest(shown: &Shown<'_>, spec: &NodeSpec) -> TileQuestion {
	let last = spec.ty.tiles() as u32 - 1;
	let block = 1.min(spec.blocks() - 1);
	let previous = [0; TILE_WORDS];
	let question = |tile| {
		let previous = (block > 0).then_some(&previous);
		shown.question(tile, block, previous).expect("an opening has room for it")
	};
	let questions = [0, last / 2, last].map(question);
	questions.into_iter().max_by_key(Encode::encoded_size).expect("there are three")
}

fn time(wasm: &RefereeInWasm, shown: &Shown<'_>, question: &TileQuestion) -> Duration {
	let arguments = (shown.step(), shown.node(), vec![question.clone()]).encode();
	let call = |_| {
		let start = Instant::now();
		let answers = wasm.call(&arguments);
		let time = start.elapsed();
		assert!(matches!(&answers[..], [Ok(_)]), "{answers:?}");
		time
	};
	(0..ROUNDS).map(call).min().expect("there are some")
}
