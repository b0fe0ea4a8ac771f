//! Every layer's backward pass against finite differences of an independent `f64` forward pass.

mod common;

use assay_ops::{Op, Program};
use common::{difference, records};

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

fn check(shape: &str, width: usize, layers: &[&str]) -> Program {
	let data = records(RECORDS, width, CLASSES as usize);
	difference::check(&task(shape, width, layers), data)
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
fn conv2d_should_have_the_gradient_of_its_definition_when_channels_are_in_groups() {
	let first = "kind = \"conv2d\"; out = 6; kernel = 1";
	for second in
		["out = 6; groups = 6; kernel = 3; pad = 1", "out = 4; groups = 2; kernel = [2, 1]"]
	{
		let second = format!("kind = \"conv2d\"; {second}");
		let program = check("[5, 4, 2]", 40, &[first, &second, "kind = \"flatten\"", OUT]);
		let products = program.nodes.iter().any(|node| matches!(node.op, Op::BatchMatMul(_)));
		assert_eq!(products, second.contains("groups = 2"));
	}
}

#[test]
fn pixels_should_be_a_sequence() {
	let conv = "kind = \"conv2d\"; out = 4; kernel = 2; stride = 2";
	let attention = "kind = \"attention\"; heads = 2; std = 0.6";
	let mean = "kind = \"pool\"; take = \"mean\"";
	check("[6, 4, 2]", 48, &[conv, "kind = \"sequence\"", attention, mean, OUT]);
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
fn pools_should_have_the_gradients_of_their_definitions_when_padded() {
	// Numbers below 0 as well: padding is nothing in a maximum, and 0 in a mean.
	let conv = "kind = \"conv2d\"; out = 3; kernel = 2";
	for kind in ["max_pool", "avg_pool"] {
		for window in [
			"kernel = 3; stride = 2; pad = 1",
			"kernel = [2, 3]; stride = 1; pad = [1, 2]",
			"kernel = 2; pad = [0, 1]",
		] {
			let pool = format!("kind = \"{kind}\"; {window}");
			check("[5, 7, 2]", 70, &[conv, &pool, "kind = \"flatten\"", OUT]);
		}
	}
}

#[test]
fn pools_should_have_the_gradients_of_their_definitions_when_they_take_several_steps() {
	let conv = "kind = \"conv2d\"; out = 3; kernel = 1";
	for (shape, size, pool) in [
		("[28, 28, 1]", 784, "avg_pool\"; kernel = 28"),
		("[28, 28, 1]", 784, "max_pool\"; kernel = 28"),
		("[23, 28, 1]", 644, "avg_pool\"; kernel = [23, 28]"),
		("[29, 30, 1]", 870, "avg_pool\"; kernel = [28, 20]; stride = [5, 31]"),
		("[60, 14, 1]", 840, "max_pool\"; kernel = [30, 14]; stride = [31, 14]"),
		("[20, 45, 1]", 900, "max_pool\"; kernel = [6, 20]; stride = [3, 20]"),
		("[30, 28, 1]", 840, "max_pool\"; kernel = [20, 12]; stride = [3, 4]; pad = [10, 5]"),
		("[30, 28, 1]", 840, "avg_pool\"; kernel = [12, 22]; stride = [4, 3]; pad = [5, 11]"),
	] {
		let pool = format!("kind = \"{pool}");
		let program = check(shape, size, &[conv, &pool, "kind = \"flatten\"", OUT]);
		let is_pool = |op: &Op| matches!(op, Op::AvgPool(_) | Op::MaxPool(_));
		assert!(program.nodes.iter().filter(|node| is_pool(&node.op)).count() > 1);
	}
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
