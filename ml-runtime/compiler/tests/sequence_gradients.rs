//! The backward passes of sequences, norms and nested layers against finite differences.

mod common;

use assay_ops::{Op, Program, Unary};
use common::{difference, records, tokens};

const RECORDS: usize = 12;
const LENGTH: usize = 8;
const VOCAB: usize = 11;

/// A list of layers as TOML, each as its keys.
fn layers(list: &[&str]) -> String {
	list.iter()
		.map(|keys| match keys.starts_with('[') {
			true => format!("{}\n", keys.replace("; ", "\n")),
			false => format!("[[model.layer]]\n{}\n", keys.replace("; ", "\n")),
		})
		.collect()
}

/// A task of 2 records per step with plain SGD of rate 1 and `labels` labels a record.
fn task(x: &str, size: usize, shape: &str, labels: usize, list: &[&str]) -> String {
	format!(
		"compiler = 1\n[task]\nname = \"t\"\nsteps = 1\nstride = 1\nbatch = 2\nseed = 3\n\
		[data]\nrecords = {RECORDS}\nrecord_size = {}\n[data.fields]\nx = {{ offset = 0, {x} }}\n\
		y = {{ offset = {size}, width = {labels}, format = \"label_u8\" }}\n\
		[model]\ninput = \"x\"\nshape = {shape}\n{}\
		[loss]\nkind = \"cross_entropy\"\nlabels = \"y\"\n[optimizer]\nkind = \"sgd\"\nlr = 1\n",
		size + labels,
		layers(list)
	)
}

/// A model of tokens.
fn check(labels: usize, list: &[&str]) -> Program {
	let x = format!("width = {LENGTH}, format = \"token_u8\"");
	let text = task(&x, LENGTH, &format!("[{LENGTH}]"), labels, list);
	let classes = if labels == 1 { 3 } else { VOCAB };
	difference::check(&text, tokens(RECORDS, LENGTH, VOCAB, (labels, classes)))
}

/// A model of `count` numbers, 3 classes.
fn check_numbers(shape: &str, count: usize, list: &[&str]) -> Program {
	let x = format!("width = {count}, format = \"u8\", scale = 0.0078125, shift = -1");
	difference::check(&task(&x, count, shape, 1, list), records(RECORDS, count, 3))
}

const EMBED: &str = "kind = \"embedding\"; vocab = 11; out = 12; std = 0.5";
const WORDS: &str = "kind = \"linear\"; out = 11";
const MEAN: &str = "kind = \"pool\"; take = \"mean\"";
const LAST: &str = "kind = \"pool\"; take = \"last\"";
const FIRST: &str = "kind = \"pool\"; take = \"first\"";
const OUT: &str = "kind = \"linear\"; out = 3";

#[test]
fn embedding_should_have_the_gradient_of_its_definition() {
	check(LENGTH, &[EMBED, WORDS]);
}

#[test]
fn position_should_have_the_gradient_of_its_definition() {
	check(LENGTH, &[EMBED, "kind = \"position\"; std = 0.3", WORDS]);
}

#[test]
fn tied_linear_should_add_its_gradient_to_that_of_the_embedding() {
	let program = check(LENGTH, &[EMBED, "kind = \"linear\"; out = 12", "kind = \"tied_linear\""]);
	assert!(program.nodes.iter().any(|node| matches!(node.op, Op::ScatterAdd { .. })));
}

#[test]
fn activations_should_have_the_gradients_of_their_definitions() {
	for kind in [
		"silu\"",
		"tanh\"",
		"sigmoid\"",
		"gelu\"",
		"gelu\"; approximate = \"tanh\"",
		"leaky_relu\"; negative_slope = 0.3",
		"elu\"; alpha = 0.7",
		"relu6\"",
		"hardswish\"",
	] {
		let function = format!("kind = \"{kind}");
		check(LENGTH, &[EMBED, "kind = \"linear\"; out = 12", &function, WORDS]);
	}
}

#[test]
fn norms_should_have_the_gradients_of_their_definitions() {
	for norm in ["kind = \"layer_norm\"", "kind = \"rms_norm\"; eps = 0.01"] {
		check(LENGTH, &[EMBED, "kind = \"linear\"; out = 10", norm, WORDS]);
	}
}

#[test]
fn layer_norm_should_have_no_bias_when_it_is_told_so() {
	check(LENGTH, &[EMBED, "kind = \"layer_norm\"; bias = false", WORDS]);
}

#[test]
fn attention_should_have_the_gradient_of_its_definition() {
	check(LENGTH, &[EMBED, "kind = \"attention\"; heads = 3; std = 0.6", WORDS]);
}

#[test]
fn attention_should_have_the_gradient_of_its_definition_when_causal_and_without_bias() {
	let attention = "kind = \"attention\"; heads = 2; causal = true; bias = false; std = 0.6";
	check(LENGTH, &[EMBED, attention, WORDS]);
}

#[test]
fn attention_should_have_the_gradient_of_its_definition_when_rotary() {
	let attention = "kind = \"attention\"; heads = 2; causal = true; rope = 100; std = 0.6";
	let program = check(LENGTH, &[EMBED, attention, attention, WORDS]);
	// Embedding, two attentions of four projections with bias, head; then one pair of tables for both.
	assert_eq!(program.slots.len(), 1 + 16 + 2 + 2);
	assert!(program.slots[19..].iter().all(|slot| !slot.parameter));
}

#[test]
fn attention_should_have_the_gradient_of_its_definition_when_heads_turn_in_part() {
	let attention = "kind = \"attention\"; heads = 1; causal = true; rope = 100; std = 0.6";
	check(LENGTH, &[EMBED, &format!("{attention}; rope_dims = 4"), WORDS]);
}

#[test]
fn attention_should_have_the_gradient_of_its_definition_when_heads_share_keys_and_values() {
	for keys in ["kv_heads = 1", "kv_heads = 2; causal = true; rope = 100; bias = false"] {
		let attention = format!("kind = \"attention\"; heads = 6; {keys}; std = 0.6");
		check(LENGTH, &[EMBED, &attention, WORDS]);
	}
	let lora = "lora = { rank = 2, alpha = 4 }; std = 0.6";
	check(
		LENGTH,
		&[EMBED, &format!("kind = \"attention\"; heads = 6; kv_heads = 3; {lora}"), WORDS],
	);
}

#[test]
fn attention_should_have_the_gradient_of_its_definition_when_heads_have_a_width_and_norms_of_their_own(
) {
	for keys in ["head_dim = 8", "head_dim = 4; qk_norm = 0.01", "qk_norm = 1e-6; bias = false"] {
		let shared = "heads = 6; kv_heads = 2; causal = true; rope = 100";
		let attention = format!("kind = \"attention\"; {shared}; {keys}; std = 0.6");
		let program = check(LENGTH, &[EMBED, &attention, WORDS]);
		let norms = program.nodes.iter().filter(|node| node.op == Op::Unary(Unary::Rsqrt)).count();
		assert_eq!(norms > 0, keys.contains("norm"), "{keys}");
	}
}

#[test]
fn gates_should_have_the_gradient_of_their_definition() {
	check(LENGTH, &[EMBED, "kind = \"swiglu\"; hidden = 9", WORDS]);
	for (function, sigmoids) in [("", 0), ("; approximate = \"tanh\"; bias = false", 1)] {
		let layer = format!("kind = \"geglu\"; hidden = 9{function}");
		let program = check(LENGTH, &[EMBED, &layer, WORDS]);
		let of = |unary| program.nodes.iter().filter(|node| node.op == Op::Unary(unary)).count();
		assert_eq!((of(Unary::Gelu), of(Unary::Sigmoid)), (1 - sigmoids, sigmoids));
	}
}

#[test]
fn pool_should_have_the_gradient_of_its_definition() {
	for pool in [FIRST, LAST, MEAN] {
		check(1, &[EMBED, "kind = \"attention\"; heads = 2; std = 0.6", pool, OUT]);
	}
}

#[test]
fn mean_should_be_the_mean_when_it_takes_several_steps() {
	// 66 = 22 · 3.
	let program = check_numbers("[66, 2]", 132, &["kind = \"linear\"; out = 4", MEAN, OUT]);
	let steps = program.nodes.iter().filter(|node| matches!(node.op, Op::AvgPool(_)));
	assert_eq!(steps.count(), 2);
}

#[test]
fn flatten_should_take_a_sequence_position_by_position() {
	check_numbers("[4, 6]", 24, &["kind = \"linear\"; out = 5", "kind = \"flatten\"", OUT]);
}

#[test]
fn adapters_should_have_the_gradients_of_their_definition() {
	let linear = "kind = \"linear\"; out = 7; lora = { rank = 3, alpha = 2 }";
	let attention = "kind = \"attention\"; heads = 2; lora = { rank = 2, alpha = 4 }; std = 0.6";
	let program = check(LENGTH, &[EMBED, attention, linear, WORDS]);
	let learns = |slot: &&assay_ops::Slot| {
		!matches!(program.nodes[usize::from(slot.next)].op, Op::State { .. })
	};
	// The embedding, A and B of q and v, A and B of the linear layer, the head.
	assert_eq!(program.slots.iter().filter(learns).count(), 1 + 4 + 2 + 2);
}

#[test]
fn frozen_layers_should_pass_gradients_and_make_none_of_their_own() {
	let middle = "kind = \"linear\"; out = 12; frozen = true";
	let program = check(LENGTH, &[EMBED, middle, WORDS]);
	let products = |first: &str| {
		let frozen = format!("{first}; frozen = true");
		let program = check(LENGTH, &[&frozen, middle, WORDS]);
		program.nodes.iter().filter(|node| matches!(node.op, Op::MatMul { .. })).count()
	};
	let count = program.nodes.iter().filter(|node| matches!(node.op, Op::MatMul { .. })).count();
	// Two layers forward, back through both, the weight of the last; and with nothing before them that
	// learns, only that weight.
	assert_eq!((count, products(EMBED)), (2 + 2 + 1, 2 + 1));
}

#[test]
fn residual_should_add_what_comes_past_it() {
	let inside = "[[model.layer.layer]]; kind = \"linear\"; out = 12";
	let relu = "[[model.layer.layer]]; kind = \"silu\"";
	check(LENGTH, &[EMBED, "kind = \"residual\"", inside, relu, WORDS]);
	let wide = "[[model.layer.layer]]; kind = \"linear\"; out = 6";
	let skip = "[[model.layer.skip]]; kind = \"linear\"; out = 6; bias = false";
	check(LENGTH, &[EMBED, "kind = \"residual\"", wide, skip, WORDS]);
}

#[test]
fn repeat_should_have_parameters_for_each_time() {
	let inside = "[[model.layer.layer]]; kind = \"linear\"; out = 12; std = 0.4";
	let tanh = "[[model.layer.layer]]; kind = \"tanh\"";
	let program = check(LENGTH, &[EMBED, "kind = \"repeat\"; times = 3", inside, tanh, WORDS]);
	assert_eq!(program.slots.len(), 1 + 3 * 2 + 2);
}

#[test]
fn norms_should_go_over_the_channels_of_each_pixel_when_they_get_an_image() {
	let conv = "kind = \"conv2d\"; out = 6; kernel = 2";
	let flat = "kind = \"flatten\"";
	for norm in ["kind = \"layer_norm\"", "kind = \"rms_norm\""] {
		let residual = "kind = \"residual\"";
		let inside =
			"[[model.layer.layer]]; kind = \"conv2d\"; out = 4; kernel = 3; stride = 2; pad = 1";
		let skip = "[[model.layer.skip]]; kind = \"conv2d\"; out = 4; kernel = 1; stride = 2";
		check_numbers("[5, 4, 1]", 20, &[conv, norm, residual, inside, skip, flat, OUT]);
	}
}
