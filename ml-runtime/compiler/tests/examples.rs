//! The example manifests: what they compile to is pinned, byte for byte.

use assay_compiler::{compile, compile_forward, initial_slots, Compiled, Manifest};
use assay_ops::{Limits, Op, Program};
use codec::{Decode, Encode};

const EXAMPLES: [(&str, &str); 12] = [
	("mlp-digits", include_str!("../examples/mlp-digits.toml")),
	("mlp-digits-adamw", include_str!("../examples/mlp-digits-adamw.toml")),
	("lenet-digits", include_str!("../examples/lenet-digits.toml")),
	("lenet-digits-adamw", include_str!("../examples/lenet-digits-adamw.toml")),
	("lenet-mnist", include_str!("../examples/lenet-mnist.toml")),
	("lenet-mnist-adamw", include_str!("../examples/lenet-mnist-adamw.toml")),
	("gpt-tiny", include_str!("../examples/gpt-tiny.toml")),
	("gpt-shakespeare", include_str!("../examples/gpt-shakespeare.toml")),
	("resnet-digits", include_str!("../examples/resnet-digits.toml")),
	("bert-lora-tiny", include_str!("../examples/bert-lora-tiny.toml")),
	("llama-lora-tiny", include_str!("../examples/llama-lora-tiny.toml")),
	("vision-digits", include_str!("../examples/vision-digits.toml")),
];

fn compiled(name: &str) -> (Manifest, Compiled) {
	let (_, text) = EXAMPLES.iter().find(|(known, _)| *known == name).unwrap();
	let manifest = Manifest::parse(text).unwrap();
	let compiled = compile(&manifest).unwrap();
	(manifest, compiled)
}

fn hash(bytes: &[u8]) -> String {
	blake3::hash(bytes).to_hex()[..16].to_string()
}

/// Name, training program, evaluation program, initial state.
const PINNED: [(&str, &str, &str, &str); 12] = [
	("mlp-digits", "fd317f32ede270e8", "55583d6fb2bf9f36", "8865597f031b8faf"),
	("mlp-digits-adamw", "a0a38c1196838763", "77f0d39a0cc02851", "a555f5fd69bd7288"),
	("lenet-digits", "a3713f5dcc143c1a", "906463d9fdadb9ae", "e803a63f7026765a"),
	("lenet-digits-adamw", "a4fbed8369fa949d", "2f5cec421d39c281", "28660faee971a6ac"),
	("lenet-mnist", "8b19a04ae509bcaf", "db1203a4db49db39", "fecc40afcae74491"),
	("lenet-mnist-adamw", "508593d25eedd687", "db1203a4db49db39", "4566db6d5ba58713"),
	("gpt-tiny", "920a3074de5541aa", "a4f24af9bc144d42", "8bd394babfd67d42"),
	("gpt-shakespeare", "77c97b498ebe1167", "31ba7028f86cf8fd", "edbd48e7b9511f52"),
	("resnet-digits", "f7ddc11f1cf0dafb", "c035187f2b07eba9", "73a055eae544510d"),
	("bert-lora-tiny", "f0942cc4b59e1873", "3621f0af3d1d67ed", "adab78906d3f3b38"),
	("llama-lora-tiny", "67a61732e84938d2", "3625bf01e8c57faf", "30365f3e074f4603"),
	("vision-digits", "628b17fb0d9a7b67", "570cd81ba28efbbd", "44b96da32b9c3661"),
];

/// A failure here means that the same manifest no longer gives the same bytes: raise
/// `COMPILER_VERSION`, then pin the new hashes.
#[test]
fn examples_should_compile_to_the_same_bytes_when_the_version_is_the_same() {
	assert_eq!(assay_compiler::COMPILER_VERSION, 1);
	let found: Vec<_> = EXAMPLES
		.iter()
		.map(|(name, _)| {
			let (manifest, compiled) = compiled(name);
			let state = initial_slots(&compiled, &manifest.task.seed).concat();
			let state: Vec<u8> = state.iter().flat_map(|word| word.to_le_bytes()).collect();
			let program = hash(&compiled.program.encode());
			let forward = hash(&compiled.forward.program.encode());
			(*name, program, forward, hash(&state))
		})
		.collect();
	let pinned = PINNED.map(|(a, b, c, d)| (a, b.to_string(), c.to_string(), d.to_string()));
	assert_eq!(found, pinned);
}

#[test]
fn examples_should_decode_to_what_was_encoded() {
	for (name, _) in EXAMPLES {
		let (_, compiled) = compiled(name);
		let bytes = compiled.program.encode();
		assert_eq!(Program::decode(&mut &bytes[..]), Ok(compiled.program), "{name}");
		assert!(bytes.len() < 64 * 1024, "{name} has {} bytes", bytes.len());
	}
}

#[test]
fn lenet_on_mnist_should_be_judgeable_tile_by_tile() {
	for name in ["lenet-mnist", "lenet-mnist-adamw"] {
		let (manifest, compiled) = compiled(name);
		let checked = compiled.program.check(&Limits::new(manifest.data.record_size)).unwrap();
		assert!(checked.cost.worst_tile_footprint <= 36);
		assert_eq!(checked.cost.max_blocks, 64 * 28 * 28 / 512);
	}
}

#[test]
fn programs_should_have_no_dead_and_no_double_node() {
	for (name, _) in EXAMPLES {
		let program = compiled(name).1.program;
		let mut used = vec![false; program.nodes.len()];
		used[usize::from(program.loss)] = true;
		program.slots.iter().for_each(|slot| used[usize::from(slot.next)] = true);
		for (id, node) in program.nodes.iter().enumerate() {
			node.inputs.iter().for_each(|input| used[usize::from(*input)] = true);
			assert!(program.nodes.iter().take(id).all(|earlier| earlier != node), "{name} {id}");
		}
		let dead: Vec<_> = (0..used.len()).filter(|id| !used[*id]).collect();
		assert_eq!(dead, [0usize; 0], "{name}");
	}
}

#[test]
fn gradients_should_stop_at_the_first_layer_that_learns() {
	let (_, compiled) = compiled("lenet-mnist");
	let channels = compiled.program.nodes.iter().filter_map(|node| match node.op {
		Op::Col2Im(window) => Some(window.channels),
		_ => None,
	});
	// Of the flattened image and of the second convolution; the first one's input is data.
	assert_eq!(channels.collect::<Vec<_>>(), [16, 6]);
}

#[test]
fn parameters_should_have_the_names_and_shapes_of_a_torch_sequential() {
	let (_, compiled) = compiled("lenet-mnist");
	let found: Vec<_> =
		compiled.parameters.iter().map(|p| (p.name.as_str(), p.shape.as_slice())).collect();
	let expected: [(&str, &[u32]); 10] = [
		("0.weight", &[6, 1, 5, 5]),
		("0.bias", &[6]),
		("3.weight", &[16, 6, 5, 5]),
		("3.bias", &[16]),
		("7.weight", &[120, 400]),
		("7.bias", &[120]),
		("9.weight", &[84, 120]),
		("9.bias", &[84]),
		("11.weight", &[10, 84]),
		("11.bias", &[10]),
	];
	assert_eq!(found, expected);
	for (slot, parameter) in compiled.program.slots.iter().zip(&compiled.parameters) {
		assert!(slot.parameter);
		assert_eq!(slot.ty.words(), parameter.shape.iter().map(|n| u64::from(*n)).product::<u64>());
	}
	let state = &compiled.program.slots[compiled.parameters.len()..];
	assert!(!state.is_empty() && state.iter().all(|slot| !slot.parameter));
}

#[test]
fn evaluation_should_keep_its_parameters_and_drop_nothing_out() {
	let (manifest, compiled) = compiled("mlp-digits-adamw");
	let mask = compiled.program.nodes.iter().find_map(|node| match node.op {
		Op::Mask { threshold, scale, .. } => Some((threshold, scale)),
		_ => None,
	});
	// p = 0.2 as f32 is 13421773 / 2^26.
	assert_eq!(mask, Some((13_421_773 << 6, 1.25f32.to_bits())));
	let forward = compile_forward(&manifest, 7).unwrap();
	assert_eq!(forward.program.batch, 7);
	let node = |id: u16| &forward.program.nodes[usize::from(id)];
	assert!(forward.program.nodes.iter().all(|node| !matches!(node.op, Op::Mask { .. })));
	assert_eq!(forward.program.slots.len(), compiled.parameters.len());
	for (index, slot) in forward.program.slots.iter().enumerate() {
		assert_eq!(slot.ty, compiled.program.slots[index].ty);
		assert_eq!(node(slot.next).op, Op::State { slot: index as u16 });
	}
	let checked = forward.program.check(&Limits::new(65)).unwrap();
	let ty = checked.specs[usize::from(forward.logits)].ty;
	assert_eq!((ty.rows, ty.cols), (7, 10));
	assert!(matches!(node(forward.input).op, Op::Load { offset: 0, width: 64, .. }));
	assert!(matches!(node(forward.labels).op, Op::Load { offset: 64, width: 1, .. }));
}

#[test]
fn initial_parameters_should_be_uniform_within_their_bound() {
	let (manifest, compiled) = compiled("lenet-mnist");
	let slots = initial_slots(&compiled, &manifest.task.seed);
	let weights: Vec<f64> = slots[4].iter().map(|bits| f64::from(f32::from_bits(*bits))).collect();
	let bound = (6.0f64 / 400.0).sqrt();
	let most = weights.iter().fold(0f64, |most, w| most.max(w.abs()));
	assert!(most <= bound * 1.000_001 && most > bound * 0.999, "{most} {bound}");
	let mean = weights.iter().sum::<f64>() / weights.len() as f64;
	assert!(mean.abs() < bound * 0.01, "{mean}");
	assert!(slots[5].iter().all(|bits| *bits == 0));
	assert_ne!(slots[4], initial_slots(&compiled, &[9; 32])[4]);
	assert_ne!(slots[6][..100], slots[4][..100]);
}
