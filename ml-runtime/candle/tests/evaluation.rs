//! Executor and candle agree on whole networks, in every record format, whatever the batch.

use assay_backend_cpu::CpuKernels;
use assay_candle::{evaluate, Evaluation, Model};
use assay_compiler::{compile, initial_slots, Field, Loss, LossKind, Manifest, Precision};
use assay_executor::DataSet;

const RECORDS: u32 = 37;

/// A manifest for images of 7 × 6 pixels and 2 channels.
fn manifest(batch: u32, record_size: u32, fields: &str, layers: &str) -> Manifest {
	let layers: String = layers
		.split('|')
		.map(|layer| format!("[[model.layer]]\n{}\n", layer.trim().replace("; ", "\n")))
		.collect();
	let text = format!(
		"compiler = 1
[task]
name = \"evaluation\"
steps = 1
stride = 1
batch = {batch}
seed = 8
[data]
records = 100
record_size = {record_size}
[data.fields]
{fields}
[model]
input = \"pixels\"
shape = [7, 6, 2]
{layers}
[loss]
kind = \"cross_entropy\"
labels = \"class\"
[optimizer]
kind = \"sgd\"
lr = 1.0
"
	);
	Manifest::parse(&text).unwrap()
}

/// The same with products of integers.
fn with_numerics(mut manifest: Manifest, forward: Precision) -> Manifest {
	manifest.numerics.forward = forward;
	manifest
}

fn found(manifest: &Manifest, data: Vec<u8>) -> Evaluation {
	let compiled = compile(manifest).unwrap();
	let slots = initial_slots(&compiled, &manifest.task.seed);
	let model = Model::from_slots(&compiled.parameters, &slots).unwrap();
	let data = DataSet::new(data, manifest.data.record_size).unwrap();
	let kernels = CpuKernels::new(1).unwrap();
	let mut done = 0_u64;
	let found = evaluate(manifest, &model, &data, &kernels, |_, _| done += 1).unwrap();
	assert_eq!((found.records, done), (RECORDS.into(), RECORDS.into()));
	found
}

fn random(state: &mut u32) -> u8 {
	*state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
	(*state >> 24) as u8
}

/// 84 pixels as bytes and a label byte.
const BYTES: &str =
	"pixels = { offset = 0, width = 84, format = \"u8\", scale = 0.01, shift = -1.25 }
class = { offset = 84, width = 1, format = \"label_u8\" }";

fn bytes() -> Vec<u8> {
	let mut state = 11;
	(0..RECORDS * 85)
		.map(|at| if at % 85 == 84 { random(&mut state) % 4 } else { random(&mut state) })
		.collect()
}

/// A label word, then 84 pixels as `f32`.
const WORDS: &str = "pixels = { offset = 4, width = 84, format = \"f32\" }
class = { offset = 0, width = 1, format = \"label_u32\" }";

fn words() -> Vec<u8> {
	let mut state = 12;
	let word = |at: u32| match at % 85 {
		0 => u32::from(random(&mut state) % 4),
		_ => (f32::from(random(&mut state)) / 64.0 - 2.0).to_bits(),
	};
	(0..RECORDS * 85).map(word).flat_map(u32::to_le_bytes).collect()
}

const DEEP: &str = "kind = \"conv2d\"; out = 5; kernel = 3; pad = 1 | kind = \"relu\" | \
	kind = \"max_pool\"; kernel = [3, 2]; stride = [2, 1] | kind = \"dropout\"; p = 0.5 | \
	kind = \"conv2d\"; out = 6; kernel = [2, 3]; stride = [1, 2]; pad = [0, 1]; bias = false | \
	kind = \"avg_pool\"; kernel = 2; stride = 1 | kind = \"flatten\" | \
	kind = \"linear\"; out = 9 | kind = \"relu\" | kind = \"linear\"; out = 4";

const SHALLOW: &str = "kind = \"flatten\" | kind = \"linear\"; out = 4; bias = false";

#[test]
fn logits_should_agree_when_networks_and_record_formats_vary() {
	for layers in [DEEP, SHALLOW] {
		for (size, fields, data) in [(85, BYTES, bytes()), (340, WORDS, words())] {
			let found = found(&manifest(16, size, fields, layers), data);
			assert!(found.agrees_within(1e-5), "{found:?}");
			assert!(found.largest_logit > 0.1 && found.largest_difference > 0.0, "{found:?}");
			assert_eq!(found.correct, found.candle_correct);
			assert!(found.correct > 0 && found.accuracy() < 0.9, "{found:?}");
		}
	}
}

#[test]
fn logits_should_agree_when_activations_vary() {
	for activation in [
		"gelu\"; approximate = \"tanh\"",
		"leaky_relu\"",
		"elu\"; alpha = 1.5",
		"relu6\"",
		"hardswish\"",
	] {
		let layers = DEEP.replace("relu\"", activation);
		let found = found(&manifest(16, 85, BYTES, &layers), bytes());
		assert!(found.agrees_within(1e-5), "{activation}: {found:?}");
		assert!(found.largest_logit > 0.1 && found.largest_difference > 0.0, "{found:?}");
	}
}

#[test]
fn logits_should_agree_when_convolutions_have_groups_and_pixels_are_a_sequence() {
	let layers = "kind = \"conv2d\"; out = 6; kernel = 3; groups = 2; stride = [1, 2] | \
		kind = \"hardswish\" | kind = \"conv2d\"; out = 6; kernel = 2; groups = 6; bias = false | \
		kind = \"sequence\" | kind = \"layer_norm\" | kind = \"attention\"; heads = 2 | \
		kind = \"pool\"; take = \"mean\" | kind = \"linear\"; out = 4";
	let found = found(&manifest(16, 85, BYTES, layers), bytes());
	assert!(found.agrees_within(1e-5), "{found:?}");
	assert!(found.largest_logit > 0.1 && found.largest_difference > 0.0, "{found:?}");
}

#[test]
fn loss_should_be_the_mean_square_when_there_are_targets() {
	let mut manifest = manifest(16, 85, BYTES, DEEP);
	manifest.loss = Loss { kind: LossKind::Mse, field: "four".into(), ..manifest.loss };
	// Four pixels as targets.
	let pixels = &manifest.data.fields["pixels"];
	let four = Field { offset: 40, width: 4, ..pixels.clone() };
	manifest.data.fields.insert("four".into(), four);
	let found = found(&manifest, bytes());
	assert!(found.agrees_within(1e-5) && !found.has_labels, "{found:?}");
	assert_eq!((found.correct, found.labels), (0, RECORDS.into()));
	// Outputs near 0 and targets evenly between −1.25 and 1.3.
	assert!((0.3..1.2).contains(&found.loss), "{found:?}");
	let mean = |record: &[u8]| {
		record[40..44].iter().map(|byte| (f64::from(*byte) * 0.01 - 1.25).powi(2)).sum::<f64>()
			/ 4.0
	};
	let zeros = bytes().chunks(85).map(mean).sum::<f64>() / f64::from(RECORDS);
	assert!((found.loss - zeros).abs() < 2.0 * found.largest_logit * 1.3, "{found:?} {zeros}");
}

#[test]
fn candle_should_agree_when_products_are_of_integers() {
	let found = |forward| found(&with_numerics(manifest(16, 85, BYTES, DEEP), forward), bytes());
	let [plain, fine, coarse] = [Precision::F32, Precision::Q15x3, Precision::I8].map(found);
	for found in [plain, fine, coarse] {
		assert!(found.agrees_within(1e-5), "{found:?}");
		assert_eq!(found.largest_difference, plain.largest_difference);
	}
	// What is said of the model is said of the integers.
	assert_eq!(plain.largest_rounding, 0.0);
	assert!(fine.largest_rounding > 0.0 && fine.largest_rounding < 1e-3, "{fine:?}");
	assert!(coarse.largest_rounding > 10.0 * fine.largest_rounding, "{coarse:?}");
	assert!(coarse.loss != plain.loss);
}

#[test]
fn evaluation_should_count_each_record_once_when_the_batch_does_not_divide() {
	let once = found(&manifest(1, 85, BYTES, DEEP), bytes());
	for batch in [2, 16, 37, 64] {
		let other = found(&manifest(batch, 85, BYTES, DEEP), bytes());
		assert_eq!(other.correct, once.correct, "batch of {batch}");
		assert!((other.loss - once.loss).abs() < 1e-9, "{} {}", other.loss, once.loss);
	}
}

#[test]
fn loss_should_be_nan_and_the_record_wrong_when_a_label_is_no_class() {
	let manifest = manifest(16, 85, BYTES, SHALLOW);
	let mut data = bytes();
	let before = found(&manifest, data.clone());
	data.iter_mut().skip(84).step_by(85).for_each(|label| *label = 4);
	let after = found(&manifest, data);
	assert!(after.loss.is_nan() && before.loss.is_finite());
	assert_eq!((after.correct, after.candle_correct), (0, 0));
	assert!(after.agrees_within(1e-5));
}

/// The example encoder and GPT, whose initial parameters are made larger so that logits differ.
fn example(text: &str, vocab: u8) -> Evaluation {
	let manifest = Manifest::parse(text).unwrap();
	let compiled = compile(&manifest).unwrap();
	let mut slots = initial_slots(&compiled, &[6; 32]);
	slots.truncate(compiled.parameters.len());
	for (i, word) in slots.iter_mut().flatten().enumerate() {
		let jitter = ((i * 7 + i / 13) % 11) as f32 / 50.0 - 0.1;
		*word = (f32::from_bits(*word) + jitter).to_bits();
	}
	let model = Model::from_slots(&compiled.parameters, &slots).unwrap();
	let mut state = 5;
	let records: Vec<u8> =
		(0..11 * manifest.data.record_size).map(|_| random(&mut state) % vocab).collect();
	let data = DataSet::new(records, manifest.data.record_size).unwrap();
	let kernels = CpuKernels::new(1).unwrap();
	evaluate(&manifest, &model, &data, &kernels, |_, _| {}).unwrap()
}

#[test]
fn logits_should_agree_when_networks_have_attention_adapters_and_residuals() {
	let gpt = example(include_str!("../../compiler/examples/gpt-tiny.toml"), 128);
	assert_eq!((gpt.records, gpt.labels), (11, 11 * 32));
	let bert = example(include_str!("../../compiler/examples/bert-lora-tiny.toml"), 4);
	let resnet = example(include_str!("../../compiler/examples/resnet-digits.toml"), 10);
	let llama = example(include_str!("../../compiler/examples/llama-lora-tiny.toml"), 128);
	let vision = example(include_str!("../../compiler/examples/vision-digits.toml"), 10);
	// As Qwen3 and Llama 3 have it.
	let rope =
		"rope = 100.0\nrope_scaling = { kind = \"llama3\", factor = 8, low_freq_factor = 1, \
		high_freq_factor = 4, original_max_position_embeddings = 64 }";
	let other = include_str!("../../compiler/examples/llama-lora-tiny.toml")
		.replace("rope = 10000.0", &format!("head_dim = 16\nqk_norm = 1e-6\n{rope}"));
	let other = example(&other, 128);
	let linear = "rope = 100.0\nrope_scaling = { kind = \"linear\", factor = 2.5 }";
	let linear = include_str!("../../compiler/examples/llama-lora-tiny.toml")
		.replace("rope = 10000.0", linear);
	let linear = example(&linear, 128);
	// As Pythia and Gemma have it.
	let part = include_str!("../../compiler/examples/llama-lora-tiny.toml")
		.replace("rope = 10000.0", "rope = 100.0\nrope_dims = 4")
		.replace("\"swiglu\"", "\"geglu\"\napproximate = \"tanh\"");
	assert!(part.contains("rope_dims") && part.contains("geglu"));
	let exact = example(&part.replace("\napproximate = \"tanh\"", ""), 128);
	let part = example(&part, 128);
	let last = include_str!("../../compiler/examples/bert-lora-tiny.toml")
		.replace("take = \"first\"", "take = \"last\"")
		.replace("take = \"mean\"", "take = \"last\"");
	assert!(last.contains("last"));
	let last = example(&last, 4);
	assert_eq!((bert.labels, resnet.labels, llama.labels), (11, 11, 11 * 32));
	for found in [gpt, bert, resnet, llama, other, linear, part, exact, last, vision] {
		assert!(found.agrees_within(1e-4), "{found:?}");
		assert!(found.largest_logit > 0.1 && found.largest_difference > 0.0, "{found:?}");
		assert_eq!(found.correct, found.candle_correct);
	}
}

/// An example with a mask over its 32 positions behind its other fields.
fn masked(text: &str, size: u32) -> String {
	let field = format!("[data.fields]\nseen = {{ offset = {size}, width = 32, format = \"u8\" }}");
	let text = text
		.replace(&format!("record_size = {size}\n"), &format!("record_size = {}\n", size + 32))
		.replace("[data.fields]", &field)
		.replace("[model]", "[model]\nmask = \"seen\"");
	assert!(text.contains(&format!("record_size = {}", size + 32)));
	text
}

#[test]
fn logits_should_agree_when_padding_is_masked() {
	// A byte of the mask is 0 in one of 4 positions, of the GPT's in one of 128.
	let gpt = example(&masked(include_str!("../../compiler/examples/gpt-tiny.toml"), 33), 128);
	assert_eq!((gpt.records, gpt.rows), (11, 11 * 32));
	assert!((300..11 * 32).contains(&gpt.labels), "{gpt:?}");
	let bert = example(&masked(include_str!("../../compiler/examples/bert-lora-tiny.toml"), 33), 4);
	assert_eq!((bert.labels, bert.rows), (11, 11));
	let open = example(include_str!("../../compiler/examples/bert-lora-tiny.toml"), 4);
	assert!((bert.loss - open.loss).abs() > 1e-6, "the mask changes nothing");
	for found in [gpt, bert] {
		assert!(found.agrees_within(1e-4), "{found:?}");
		assert!(found.largest_logit > 0.1 && found.largest_difference > 0.0, "{found:?}");
		assert_eq!(found.correct, found.candle_correct);
	}
}
