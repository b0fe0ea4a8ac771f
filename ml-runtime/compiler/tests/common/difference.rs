//! Gradients of a compiled step against finite differences of the `f64` forward pass.

use assay_ops::{DType, Op, Program, RecordFormat};

use super::{
	double::{self, Matrix},
	reference::Run,
};

/// The gradient of a parameter, the first operand of its update; `None` where it does not learn.
fn gradient<'a>(program: &Program, outputs: &'a [Vec<u32>], slot: usize) -> Option<&'a [u32]> {
	let update = &program.nodes[usize::from(program.slots[slot].next)];
	match update.op {
		Op::State { .. } => None,
		Op::Fma(_) => Some(&outputs[usize::from(update.inputs[0])]),
		ref other => panic!("{other:?} is no update of plain SGD"),
	}
}

/// What the `f64` pass starts from: slots as given, the rest as the reference has it.
fn given(
	outputs: &[Vec<u32>],
	slots: &[Vec<f64>],
	program: &Program,
	id: usize,
	op: &Op,
) -> Matrix {
	let matrix = |rows: u32, cols: u32, dtype: DType| {
		let number = |word: &u32| match dtype {
			DType::F32 => f64::from(f32::from_bits(*word)),
			DType::U32 => f64::from(*word),
		};
		let data = outputs[id].iter().map(number).collect();
		Matrix { rows: rows as usize, cols: cols as usize, data }
	};
	match *op {
		Op::State { slot } => {
			let ty = program.slots[usize::from(slot)].ty;
			let data = slots[usize::from(slot)].clone();
			Matrix { rows: ty.rows as usize, cols: ty.cols as usize, data }
		},
		Op::Load { width, format: RecordFormat::U8ToU32 | RecordFormat::U32, .. } => {
			matrix(program.batch, width, DType::U32)
		},
		Op::Load { width, .. } => matrix(program.batch, width, DType::F32),
		Op::Iota { rows, .. } => matrix(rows, 1, DType::U32),
		Op::Fill { rows, cols, .. } | Op::Mask { rows, cols, .. } => matrix(rows, cols, DType::F32),
		ref other => panic!("{other:?} has operands"),
	}
}

/// Compares loss and gradients of step 4 of a task with plain SGD of rate 1.
pub(crate) fn check(text: &str, data: Vec<u8>) -> Program {
	let mut run = Run::new(text, data);
	run.context.step = 4;
	// Biases and adapters that are not zero, so that a wrong use shows.
	let parameters = run.compiled.parameters.len();
	let words = run.slots[..parameters].iter_mut().flatten().enumerate();
	for (i, word) in words.filter(|(_, word)| **word == 0) {
		*word = (0.01 + 0.02 * (i % 7) as f32).to_bits();
	}
	let outputs = run.look().outputs;
	let (program, slots) = (run.program(), &run.slots);
	let exact: Vec<Vec<f64>> = (0..slots.len()).map(|slot| run.numbers(slot)).collect();
	let loss = |slots: &[Vec<f64>]| {
		double::loss(program, |id, op| given(&outputs, slots, program, id, op))
	};
	let expected = loss(&exact);
	let found = f64::from(f32::from_bits(outputs[usize::from(program.loss)][0]));
	assert!((found - expected).abs() < 1e-5 * expected.abs().max(1.0), "{found} {expected}");
	for slot in 0..slots.len() {
		let Some(gradient) = gradient(program, &outputs, slot) else { continue };
		let name = &run.compiled.parameters[slot].name;
		let mut largest = 0f64;
		for element in (0..gradient.len()).step_by(gradient.len().div_ceil(40)) {
			let moved = |by: f64| {
				let mut slots = exact.clone();
				slots[slot][element] += by;
				loss(&slots)
			};
			let expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
			let found = f64::from(f32::from_bits(gradient[element]));
			largest = largest.max(expected.abs());
			assert!(
				(found - expected).abs() < 2e-5 * expected.abs() + 2e-6,
				"{name} [{element}]: {found} {expected}"
			);
		}
		// A bias of the keys adds the same to all scores of a position, unless it is turned.
		let idle = name.ends_with("k.bias");
		assert!(largest > 1e-4 || idle, "{name}: no gradient to see");
	}
	program.clone()
}
