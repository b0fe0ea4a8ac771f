//! Every layer's backward pass against finite differences of an independent `f64` forward pass.

mod common;

use assay_ops::{Op, Program};
use common::{
	double::{self, Matrix},
	records,
	reference::Run,
};

const CLASSES: u32 = 3;
const RECORDS: usize = 12;

/// A task of 5 records per step with plain SGD, so that an update is `fma(gradient, −lr, parameter)`.
fn task(shape: &str, width: usize, layers: &[&str]) -> String {
	let layers =
		layers.iter().map(|keys| format!("[[model.layer]]\n{}\n", keys.replace("; ", "\n")));
	let size = width + 1;
	format!(
		"compiler = 1\n[task]\nname = \"t\"\nsteps = 1\nstride = 1\nbatch = 5\nseed = 3\n\
		[data]\nrecords = {RECORDS}\nrecord_size = {size}\n[data.fields]\n\
		x = {{ offset = 0, width = {width}, format = \"u8\", scale = 0.00390625, shift = -0.25 }}\n\
		y = {{ offset = {width}, width = 1, format = \"label_u8\" }}\n\
		[model]\ninput = \"x\"\nshape = {shape}\n{}\
		[loss]\nkind = \"cross_entropy\"\nlabels = \"y\"\n[optimizer]\nkind = \"sgd\"\nlr = 1\n",
		layers.collect::<String>()
	)
}

/// The gradient of a parameter: the first operand of its update.
fn gradient<'a>(program: &Program, outputs: &'a [Vec<u32>], slot: usize) -> &'a [u32] {
	let update = &program.nodes[usize::from(program.slots[slot].next)];
	assert!(matches!(update.op, Op::Fma(_)));
	&outputs[usize::from(update.inputs[0])]
}

/// What the `f64` pass starts from: parameters as given, the rest as the reference has it.
fn given(
	outputs: &[Vec<u32>],
	slots: &[Vec<f64>],
	program: &Program,
	id: usize,
	op: &Op,
) -> Matrix {
	let matrix = |rows: u32, cols: u32, data: Vec<f64>| Matrix {
		rows: rows as usize,
		cols: cols as usize,
		data,
	};
	let floats = || outputs[id].iter().map(|bits| f64::from(f32::from_bits(*bits))).collect();
	match *op {
		Op::State { slot } => {
			let ty = program.slots[usize::from(slot)].ty;
			matrix(ty.rows, ty.cols, slots[usize::from(slot)].clone())
		},
		Op::Load { width: 1, .. } => {
			matrix(program.batch, 1, outputs[id].iter().map(|label| f64::from(*label)).collect())
		},
		Op::Load { width, .. } => matrix(program.batch, width, floats()),
		Op::Fill { rows, cols, .. } | Op::Mask { rows, cols, .. } => matrix(rows, cols, floats()),
		ref other => panic!("{other:?} has operands"),
	}
}

fn check(shape: &str, width: usize, layers: &[&str]) -> Program {
	let data = records(RECORDS, width, CLASSES as usize);
	let mut run = Run::new(&task(shape, width, layers), data);
	run.context.step = 4;
	// Biases that are not zero, so that a wrong use shows.
	for (i, word) in run.slots.iter_mut().flatten().enumerate().filter(|(_, word)| **word == 0) {
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
		let gradient = gradient(program, &outputs, slot);
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
				"{} [{element}]: {found} {expected}",
				run.compiled.parameters[slot].name
			);
		}
		assert!(largest > 1e-4, "{}: no gradient to see", run.compiled.parameters[slot].name);
	}
	program.clone()
}

const OUT: &str = "kind = \"linear\"; out = 3";

#[test]
fn linear_should_have_the_gradient_of_its_definition() {
	check("[9]", 9, &[OUT]);
}

#[test]
fn relu_should_pass_gradients_where_its_input_is_positive() {
	check("[9]", 9, &["kind = \"linear\"; out = 40", "kind = \"relu\"", OUT]);
}

#[test]
fn bias_should_be_optional() {
	check("[9]", 9, &["kind = \"linear\"; out = 7; bias = false", "kind = \"relu\"", OUT]);
}

#[test]
fn dropout_should_pass_gradients_where_it_kept_the_input() {
	check("[9]", 9, &["kind = \"linear\"; out = 20", "kind = \"dropout\"; p = 0.3", OUT]);
}

#[test]
fn conv2d_should_have_the_gradient_of_its_definition_when_padded_and_strided() {
	let first = "kind = \"conv2d\"; out = 4; kernel = 3; pad = 1";
	let second = "kind = \"conv2d\"; out = 5; kernel = [3, 2]; stride = [2, 1]; pad = [1, 0]";
	check("[5, 4, 2]", 40, &[first, second, "kind = \"flatten\"", OUT]);
}

#[test]
fn conv2d_should_have_the_gradient_of_its_definition_when_its_kernel_is_one_pixel() {
	let first = "kind = \"conv2d\"; out = 4; kernel = 1";
	let second = "kind = \"conv2d\"; out = 3; kernel = 1; stride = 2";
	check("[5, 4, 2]", 40, &[first, second, "kind = \"flatten\"", OUT]);
}

#[test]
fn max_pool_should_pass_gradients_to_the_maximum_when_windows_overlap() {
	let conv = "kind = \"conv2d\"; out = 4; kernel = 2";
	let pool = "kind = \"max_pool\"; kernel = 2; stride = 1";
	check("[5, 4, 2]", 40, &[conv, pool, "kind = \"flatten\"", OUT]);
}

#[test]
fn max_pool_should_pass_gradients_to_the_maximum_when_it_drops_the_border() {
	let conv = "kind = \"conv2d\"; out = 4; kernel = 1";
	check("[5, 5, 1]", 25, &[conv, "kind = \"max_pool\"; kernel = 2", "kind = \"flatten\"", OUT]);
}

#[test]
fn avg_pool_should_share_gradients_when_windows_overlap() {
	let conv = "kind = \"conv2d\"; out = 4; kernel = 2";
	let pool = "kind = \"avg_pool\"; kernel = [2, 3]; stride = [1, 2]";
	check("[5, 6, 1]", 30, &[conv, "kind = \"relu\"", pool, "kind = \"flatten\"", OUT]);
}

#[test]
fn flatten_should_have_the_gradient_of_its_definition_when_the_image_is_one_row_or_column() {
	let conv = "kind = \"conv2d\"; out = 3; kernel = 1";
	check("[1, 6, 1]", 6, &[conv, "kind = \"flatten\"", OUT]);
	check("[6, 1, 1]", 6, &[conv, "kind = \"flatten\"", OUT]);
	check("[1, 1, 6]", 6, &[conv, "kind = \"flatten\"", OUT]);
}

#[test]
fn conv2d_should_have_the_gradient_of_its_definition_when_its_patches_are_cut_in_two_steps() {
	let first = "kind = \"conv2d\"; out = 40; kernel = 1";
	let second = "kind = \"conv2d\"; out = 3; kernel = [5, 4]; stride = [2, 1]; pad = [2, 1]";
	let program = check("[6, 7, 1]", 42, &[first, second, "kind = \"flatten\"", OUT]);
	let windows = program.nodes.iter().filter_map(|node| match node.op {
		Op::Col2Im(w) if w.height == 6 || w.channels == 200 => Some((w.kernel_h, w.kernel_w)),
		_ => None,
	});
	assert_eq!(windows.collect::<Vec<_>>(), [(1, 4), (5, 1)]);
}
