//! The backward pass that the compiler builds, layer by layer, against candle's autograd.

use assay_candle::{Inputs, Model, Network};
use assay_compiler::{compile, initial_slots, Manifest};
use assay_ops::{eval::StepContext, shuffle::record_at, step::run_reference, Limits};
use candle_core::{DType, Tensor, Var};

const RECORDS: u32 = 40;

/// A manifest of a small network on images of 6 × 8 pixels and 2 channels, with plain SGD of rate 1,
/// so that one step moves each parameter by its gradient.
fn manifest(layers: &str) -> Manifest {
	let text = format!(
		"compiler = 1
[task]
name = \"gradients\"
steps = 1
stride = 1
batch = 16
seed = 5
[data]
records = {RECORDS}
record_size = 97
[data.fields]
pixels = {{ offset = 0, width = 96, format = \"u8\", scale = 0.0078125, shift = -1.0 }}
class = {{ offset = 96, width = 1, format = \"label_u8\" }}
[model]
input = \"pixels\"
shape = [6, 8, 2]
{layers}
[[model.layer]]
kind = \"linear\"
out = 5
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

fn records() -> Vec<u8> {
	let mut state = 3u32;
	let mut random = || {
		state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
		(state >> 24) as u8
	};
	(0..RECORDS * 97).map(|at| if at % 97 == 96 { random() % 5 } else { random() }).collect()
}

/// Gradients of one step: of the compiled program, and of candle for the same parameters and batch.
fn gradients(manifest: &Manifest) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
	let (compiled, data) = (compile(manifest).unwrap(), records());
	let seed = manifest.task.seed;
	let slots = initial_slots(&compiled, &seed);
	let program = compiled.program.check(&Limits::new(97)).unwrap();
	let context =
		StepContext { seed, step: 0, batch: 16, records: RECORDS.into(), record_size: 97 };
	let after = run_reference(&program, &context, &slots, &data).unwrap().slots;
	let number = |word: &u32| f64::from(f32::from_bits(*word));
	let ours = slots.iter().zip(&after).map(|(before, after)| {
		before.iter().zip(after).map(|(b, a)| number(b) - number(a)).collect()
	});

	let model = Model::from_slots(&compiled.parameters, &slots).unwrap();
	let double = |tensor: &Tensor| Var::from_tensor(&tensor.to_dtype(DType::F64).unwrap()).unwrap();
	let vars: Vec<Var> = model.tensors().unwrap().iter().map(double).collect();
	let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
	let network = Network::new(&manifest.model, &tensors).unwrap();
	let batch: Vec<&[u8]> = (0..16)
		.map(|position| record_at(&seed, position, RECORDS.into()) as usize)
		.map(|record| &data[record * 97..][..97])
		.collect();
	let inputs = Inputs::read(manifest, &batch).unwrap();
	let logits = network.forward(&inputs.values.to_dtype(DType::F64).unwrap(), None).unwrap();
	let labels = Tensor::from_vec(inputs.labels, (16, 1), logits.device()).unwrap();
	let picked = logits.gather(&labels, 1).unwrap().squeeze(1).unwrap();
	let loss = (logits.log_sum_exp(1).unwrap() - picked).unwrap().mean_all().unwrap();
	let store = loss.backward().unwrap();
	let theirs = vars.iter().map(|var| {
		let gradient = store.get(var).expect("every parameter takes part");
		gradient.flatten_all().unwrap().to_vec1::<f64>().unwrap()
	});
	(ours.collect(), theirs.collect())
}

/// Largest distance of a gradient, relative to the largest of its tensor.
fn worst(layers: &str) -> f64 {
	let (ours, theirs) = gradients(&manifest(layers));
	assert_eq!(ours.len(), theirs.len());
	let mut worst: f64 = 0.0;
	for (ours, theirs) in ours.iter().zip(&theirs) {
		assert_eq!(ours.len(), theirs.len());
		let most = theirs.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
		assert!(most > 1e-4, "a gradient of nothing proves nothing");
		let off = ours.iter().zip(theirs).fold(0.0, |off: f64, (a, b)| off.max((a - b).abs()));
		worst = worst.max(off / most);
	}
	worst
}

/// The gradient is read off parameters of about 1 whose steps are about 0.1.
const TOLERANCE: f64 = 2e-5;

const FLATTEN: &str = "[[model.layer]]\nkind = \"flatten\"\n";

fn check(name: &str, layers: &str) {
	let found = worst(&format!("{layers}{FLATTEN}"));
	assert!(found <= TOLERANCE, "{name} is off by {found:e}");
}

fn layer(text: &str) -> String {
	format!("[[model.layer]]\n{}\n", text.replace("; ", "\n"))
}

fn conv(text: &str) -> String {
	layer(&format!("kind = \"conv2d\"; {text}"))
}

#[test]
fn linear_gradients_should_be_those_of_autograd_when_stacked_with_relu() {
	let hidden = layer("kind = \"linear\"; out = 7");
	let relu = layer("kind = \"relu\"");
	let bare = layer("kind = \"linear\"; out = 6; bias = false");
	let found = worst(&format!("{FLATTEN}{hidden}{relu}{bare}{relu}"));
	assert!(found <= TOLERANCE, "off by {found:e}");
}

#[test]
fn convolution_gradients_should_be_those_of_autograd_when_padded_and_strided() {
	let (one, relu) = (conv("out = 3; kernel = 3; pad = 1"), layer("kind = \"relu\""));
	check("padded", &one);
	check("two in a row", &format!("{one}{relu}{}", conv("out = 4; kernel = [3, 2]")));
	check("strided", &format!("{one}{}", conv("out = 2; kernel = 2; stride = 2")));
	let slanted = conv("out = 2; kernel = [2, 3]; stride = [2, 1]; pad = [1, 0]; bias = false");
	check("different along height and width", &format!("{one}{slanted}"));
	check("one pixel", &format!("{one}{}", conv("out = 4; kernel = 1")));
}

#[test]
fn pooling_gradients_should_be_those_of_autograd_when_behind_a_convolution() {
	let one = conv("out = 3; kernel = 3; pad = 1");
	check("max", &format!("{one}{}", layer("kind = \"max_pool\"; kernel = 2")));
	check("avg", &format!("{one}{}", layer("kind = \"avg_pool\"; kernel = 2")));
	let relu = layer("kind = \"relu\"");
	let lenet = [&one, &relu, &layer("kind = \"max_pool\"; kernel = 2"), &one, &relu];
	let lenet: String = lenet.into_iter().map(String::as_str).collect();
	check("small LeNet", &lenet);
}

#[test]
fn tolerance_should_be_exceeded_when_one_gradient_is_off_by_a_percent() {
	let manifest = manifest(FLATTEN);
	let (ours, mut theirs) = gradients(&manifest);
	theirs[0][3] *= 1.01;
	let most = theirs[0].iter().fold(0.0, |most: f64, x| most.max(x.abs()));
	assert!((ours[0][3] - theirs[0][3]).abs() / most > TOLERANCE);
}
