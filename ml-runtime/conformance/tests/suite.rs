//! The suite on this machine's backends, and on kernels that are wrong.

use std::collections::BTreeSet;

use assay_backend_cpu::{KernelError, Kernels, RecordSource, ReferenceKernels};
use assay_conformance::{
	catalogue::{operation, operations, UNARY},
	chains, exhaustive, Backend, Case, Difference, Draw, Fault, Operation, Random, Size, Suite,
};
use assay_ops::{eval::StepContext, NodeSpec, Op, Unary};
use codec::Decode;

const SMALL: Suite = Suite { seed: 1, cases: 2, words: 4_000, size: Size::Medium };

fn named(name: &str) -> Operation {
	operation(name).expect("it is there")
}

#[test]
fn backends_should_agree_when_running_some_cases_of_every_operation() {
	let backends = Backend::of_this_machine(2).unwrap();
	assert!(backends.len() >= 2);
	for operation in operations() {
		let outcomes = SMALL.run(&operation, &backends);
		let outcomes = outcomes.unwrap_or_else(|fault| panic!("{}: {fault}", operation.name));
		assert_eq!(outcomes.len(), backends.len());
		assert!(outcomes.iter().all(|outcome| outcome.digest == outcomes[0].digest));
		assert!(outcomes.iter().all(|outcome| outcome.words >= SMALL.words));
	}
}

#[test]
fn backends_should_agree_when_inputs_are_spread_over_all_floats() {
	let backends = Backend::of_this_machine(2).unwrap();
	// One chunk is enough for a test.
	let inputs = exhaustive::Inputs { one_in: exhaustive::ALL / exhaustive::CHUNK };
	for (name, function) in UNARY {
		let outcomes = exhaustive::run(function, &backends, inputs, || ());
		let outcomes = outcomes.unwrap_or_else(|fault| panic!("{name}: {fault}"));
		assert!(outcomes.iter().all(|outcome| outcome.words == exhaustive::CHUNK));
	}
}

/// What an operation is called here: distinct for distinct operations and functions.
fn kind(op: &Op) -> String {
	match op {
		Op::Unary(function) => format!("{function:?}"),
		Op::Binary(function, _) => format!("{function:?}"),
		Op::QuantMatMul { format, .. } => format!("QuantMatMul{format:?}"),
		_ => format!("{op:?}").split(['(', ' ', '{']).next().unwrap_or_default().to_owned(),
	}
}

/// All operations that the op set encodes, with every function.
fn op_set() -> BTreeSet<String> {
	let decoded = |bytes: [u8; 2]| {
		let mut input = [0; 64];
		input[..2].copy_from_slice(&bytes);
		Op::decode(&mut input.as_slice()).ok()
	};
	let bytes = (0..=255).flat_map(|op| (0..=255).map(move |function| [op, function]));
	bytes.filter_map(decoded).map(|op| kind(&op)).collect()
}

#[test]
fn catalogue_should_hold_every_operation_of_the_op_set() {
	let drawn: BTreeSet<_> = operations()
		.iter()
		.map(|operation| {
			let mut random = Random::of_case(1, operation.name, 0);
			kind(&operation.draft(&mut Draw { random: &mut random, large: false }).op)
		})
		.collect();
	assert_eq!(drawn, op_set());
	assert_eq!(drawn.len(), operations().len());
}

#[test]
fn cases_should_depend_on_seed_name_and_number_alone() {
	let words = |operation: &str, seed, number| {
		let case = Case::new(&named(operation), seed, number, Size::Medium).unwrap();
		(case.operands.clone(), case.run(&ReferenceKernels).unwrap())
	};
	assert_eq!(words("add", 1, 3), words("add", 1, 3));
	assert_ne!(words("add", 1, 3), words("add", 2, 3));
	assert_ne!(words("add", 1, 3), words("add", 1, 4));
	assert_ne!(words("add", 1, 3), words("sub", 1, 3));
}

#[test]
fn chains_should_agree_when_kernels_compute_them_as_one() {
	let backends = Backend::of_this_machine(2).unwrap();
	let outcomes = chains::run(1, 60, Size::Medium, &backends);
	let outcomes = outcomes.unwrap_or_else(|fault| panic!("{fault}"));
	assert!(outcomes.iter().all(|outcome| outcome.digest == outcomes[0].digest));
	assert!(outcomes[0].words > 60);
}

#[test]
fn suite_should_show_the_link_when_a_bit_of_a_chain_is_wrong() {
	let backends = [Backend::new("reference", ReferenceKernels), Backend::new("liar", Liar("Fma"))];
	let Err(Fault::Differs(difference)) = chains::run(1, 60, Size::Small, &backends) else {
		panic!("not noticed");
	};
	let Difference { spec, at, .. } = *difference;
	assert!(at.0 < spec.ty.rows.into() && at.1 < spec.ty.cols.into());
}

#[test]
fn special_words_should_all_meet_when_an_operation_is_one_of_words() {
	for (name, operands) in [("exp", 1), ("add", 2), ("fma", 3), ("select", 3)] {
		let case = Case::of_special_words(&named(name)).unwrap();
		let words = case.operands[0].len();
		let met: BTreeSet<Vec<u32>> =
			(0..words).map(|at| case.operands.iter().map(|words| words[at]).collect()).collect();
		assert_eq!((case.operands.len(), met.len()), (operands, 20_usize.pow(operands as u32)));
		assert_eq!(words, met.len());
		assert_eq!(SMALL.cases(&named(name)).next().map(|(number, _)| number), Some(0));
	}
	assert!(Case::of_special_words(&named("matmul")).is_none());
}

#[test]
fn cases_should_have_large_shapes_when_asked() {
	let largest = |size| {
		let case = |number| Case::new(&named("row_sum"), 1, number, size).unwrap();
		(0..100).map(|number| case(number).operands[0].len()).max()
	};
	assert!(largest(Size::Medium) < Some(300_000));
	assert!(largest(Size::Large) > Some(300_000));
}

/// The reference, but the last word of results of one operation has a bit flipped.
struct Liar(&'static str);

impl Kernels for Liar {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		ReferenceKernels.run(spec, ctx, operands, records, out)?;
		if kind(&spec.op) == self.0 {
			*out.last_mut().expect("results are not empty") ^= 1;
		}
		Ok(())
	}
}

#[test]
fn suite_should_show_the_first_difference_when_one_bit_is_wrong() {
	let backends =
		[Backend::new("reference", ReferenceKernels), Backend::new("liar", Liar("Tanh"))];
	assert!(SMALL.run(&named("exp"), &backends).is_ok());
	let Err(Fault::Differs(difference)) = SMALL.run(&named("tanh"), &backends) else {
		panic!("not noticed");
	};
	let Difference { backend, expected_by, case, spec, at, got, expected, .. } = *difference;
	assert_eq!((backend.as_str(), expected_by.as_str(), case), ("liar", "reference", 0));
	assert_eq!(at, (u64::from(spec.ty.rows) - 1, u64::from(spec.ty.cols) - 1));
	assert_eq!(got, expected ^ 1);
}

#[test]
fn exhaustive_run_should_show_the_chunk_when_one_bit_is_wrong() {
	let backends = [Backend::new("reference", ReferenceKernels), Backend::new("liar", Liar("Neg"))];
	let inputs = exhaustive::Inputs { one_in: 4096 };
	let result = exhaustive::run(Unary::Neg, &backends, inputs, || ());
	let Err(Fault::Differs(difference)) = result else { panic!("not noticed") };
	assert_eq!((difference.case, difference.at), (0, (1023, 1023)));
}

/// Kernels that compute nothing.
struct Idle;

impl Kernels for Idle {
	fn run(
		&self,
		_: &NodeSpec,
		_: &StepContext,
		_: &[&[u32]],
		_: &dyn RecordSource,
		_: &mut [u32],
	) -> Result<(), KernelError> {
		Err(KernelError::Level)
	}
}

#[test]
fn suite_should_name_the_backend_when_it_computes_nothing() {
	let backends = [Backend::new("reference", ReferenceKernels), Backend::new("idle", Idle)];
	let result = SMALL.run(&named("matmul"), &backends);
	let Err(Fault::Refused { backend, case, error }) = result else { panic!("not noticed") };
	assert_eq!((backend.as_str(), case, error), ("idle", 1, KernelError::Level));
}
