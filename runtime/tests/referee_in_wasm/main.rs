//! The referee inside the built wasm gives the reference's bits, from openings, for every operation; and
//! what its worst tiles take.
//!
//! `scripts/conformance.sh --wasm --long` runs the long form: more and larger cases, and times.

#[path = "../common/mod.rs"]
mod common;

mod backend;
mod shown;
#[path = "../../../primitives/referee/benches/worst/mod.rs"]
mod worst;
mod worst_tiles;

use std::{
	sync::{
		atomic::{AtomicUsize, Ordering},
		Mutex,
	},
	thread,
};

use assay_backend_cpu::ReferenceKernels;
use assay_commitment::OpeningError;
use assay_conformance::{
	catalogue::operations, compare, program, Backend, Case, Draft, Flavour, Operation, Random,
	Size, Suite,
};
use assay_ops::Op;
use assay_runtime_apis::RefereeError;
use backend::RefereeInWasm;
use codec::Encode;
use shown::Shown;
use worst_tiles::Words;

/// Whether the long form is asked for.
fn long() -> bool {
	std::env::var_os("CONFORMANCE_LONG").is_some()
}

/// Operations that the referee computes. A state is what a step begins with: that it is in the trace is
/// judged without computing anything.
fn computed() -> Vec<Operation> {
	operations().into_iter().filter(|operation| operation.name != "state").collect()
}

/// Cases of an operation in which a chain admits the node.
fn cases(operation: &Operation) -> Vec<(u64, Case)> {
	let (cases, words, size, most) = match long() {
		true => (200, 1_000_000, Size::Medium, 20_000),
		false => (0, 200_000, Size::Small, 24),
	};
	let cases = Suite { seed: 1, cases, words, size }.cases(operation);
	let admitted = |(_, case): &(u64, Case)| program(&case.spec, case.context()).is_ok();
	// Some more than the first, with several blocks.
	let wanted =
		|(position, (_, case)): &(usize, (u64, Case))| *position < most || case.spec.blocks() > 1;
	let wanted = cases.filter(admitted).enumerate().filter(wanted);
	wanted.map(|(_, case)| case).take(most + 6).collect()
}

/// Runs an operation's cases on both, prints their digests, and says whether a reduction had blocks.
fn conform(operation: &Operation, backends: &[Backend]) -> bool {
	let cases = cases(operation);
	let (count, blocks) = (cases.len(), cases.iter().map(|(_, case)| case.spec.blocks()).max());
	let outcomes = compare(cases, backends);
	let outcomes = outcomes.unwrap_or_else(|fault| panic!("{}: {fault}", operation.name));
	for outcome in &outcomes {
		let digest = &outcome.digest.to_hex()[..16];
		let (name, backend, words) = (operation.name, &outcome.backend, outcome.words);
		println!("conformance.{name}.{backend} {digest} {words}");
	}
	assert!(outcomes.iter().all(|outcome| outcome.digest == outcomes[0].digest));
	// Cases of the long form are larger, so that a million words may be fewer of them.
	let enough = count >= 10 || outcomes.iter().all(|outcome| outcome.words >= 1_000_000);
	assert!(enough, "{}: only {count} cases are admitted", operation.name);
	blocks > Some(1)
}

#[test]
fn wasm_should_equal_the_reference_when_it_recomputes_any_operation() {
	let backends =
		[Backend::new("reference", ReferenceKernels), Backend::new("wasm", RefereeInWasm::new())];
	let (all, next, split) = (computed(), AtomicUsize::new(0), Mutex::new(Vec::new()));
	let work = || {
		while let Some(operation) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
			if conform(operation, &backends) {
				split.lock().expect("no panic").push(operation.name);
			}
		}
	};
	let threads = thread::available_parallelism().map_or(1, usize::from);
	thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
	let split = split.into_inner().expect("no panic");
	let reductions =
		["col_sum", "matmul", "mm_i8", "mm_q15x3", "row_max", "row_sum", "scatter_add"];
	for name in reductions {
		assert!(split.contains(&name), "{name} has no case of several blocks");
	}
}

#[test]
fn evidence_should_fit_160_kib_when_a_tile_is_the_worst_of_its_operation() {
	let flavours = if long() { &Flavour::ALL[..] } else { &[Flavour::Special] };
	let words = flavours.iter().copied().map(Words::Of).chain([Words::Underflowing]);
	let weights = worst_tiles::weights(&RefereeInWasm::new(), &words.collect::<Vec<_>>());
	for weight in &weights {
		let kib = weight.bytes as f64 / 1024.0;
		println!("worst.{} {:.2} ms {kib:.1} KiB", weight.name, weight.time.as_secs_f64() * 1e3);
	}
}

#[test]
fn wasm_should_say_why_when_it_refuses_evidence() {
	let product = |transpose_b| Op::MatMul { transpose_a: false, transpose_b };
	// A tile of two blocks: 600 terms of 3 x 5 sums.
	let draft = Draft::floats(product(false), &[(3, 600), (600, 5)]);
	let mut random = Random::of_case(1, "product", 0);
	let case = Case::of_flavour(&draft, Flavour::Plain, &mut random).expect("it fits");
	let program = program(&case.spec, case.context()).expect("it is admitted");
	let wasm = RefereeInWasm::new();
	let operands: Vec<&[u32]> = case.operands.iter().map(Vec::as_slice).collect();
	let shown = Shown::new(&program, &case.spec, case.context(), &operands, &[0]).expect("it fits");
	let right = shown.question(0, 0, None).expect("there is room");
	let later = shown.question(0, 1, Some(&[0; 1024])).expect("there is room");
	let mut questions = vec![right.clone(); 6];
	questions[1].tile = 1;
	questions[2].block = 2;
	questions[3].block = 1;
	if let Some(Some(operand)) = questions[4].evidence.inputs.operands.get_mut(1) {
		operand.tiles.tiles[0].bytes[0] ^= 1;
	}
	questions[5].evidence.inputs.operands[0] = None;
	questions.push(later.clone());
	questions.push(later);
	questions[7].evidence.inputs = right.evidence.inputs.clone();
	let answers = wasm.ask(&shown, questions);
	let errors: Vec<_> = answers.into_iter().map(|answer| answer.err()).collect();
	let expected = [
		None,
		Some(RefereeError::TileOutOfRange),
		Some(RefereeError::BlockOutOfRange),
		Some(RefereeError::PreviousPartialMismatch),
		Some(RefereeError::Operand(1, OpeningError::NotInRoot)),
		Some(RefereeError::OperandMissing),
		None,
		Some(RefereeError::OperandMissing),
	];
	assert_eq!(errors, expected);
	let mut stranger = shown.node();
	stranger.spec.op = product(true);
	let answers = wasm.call(&(shown.step(), stranger, vec![right]).encode());
	assert_eq!(answers, [Err(RefereeError::NodeNotInProgram)]);
}
