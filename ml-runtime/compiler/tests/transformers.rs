//! The examples with attention and residuals: names, sizes, judgement and learning.

mod common;

use assay_compiler::{compile, compile_forward, Compiled, Manifest};
use assay_ops::{Limits, Op};
use common::reference::Run;

const GPT_TINY: &str = include_str!("../examples/gpt-tiny.toml");
const GPT: &str = include_str!("../examples/gpt-shakespeare.toml");
const RESNET: &str = include_str!("../examples/resnet-digits.toml");
const BERT: &str = include_str!("../examples/bert-lora-tiny.toml");

fn compiled(text: &str) -> (Manifest, Compiled) {
	let manifest = Manifest::parse(text).unwrap();
	let compiled = compile(&manifest).unwrap();
	(manifest, compiled)
}

fn shape<'a>(compiled: &'a Compiled, name: &str) -> &'a [u32] {
	&compiled.parameters.iter().find(|parameter| parameter.name == name).unwrap().shape
}

/// Counting, over and over, so that the next byte can be known.
fn text(records: usize, size: usize) -> Vec<u8> {
	let line = b"0123456789 9876543210 02468 13579. ";
	let byte = |record: usize, place: usize| line[(record * 7 + place) % line.len()];
	(0..records).flat_map(|record| (0..size).map(move |place| byte(record, place))).collect()
}

/// The first loss and the mean of the last four of `steps`.
fn losses(run: &mut Run, steps: usize) -> (f32, f32) {
	let losses: Vec<f32> = (0..steps).map(|_| run.step()).collect();
	(losses[0], losses[steps - 4..].iter().sum::<f32>() / 4.0)
}

#[test]
fn gpt_should_have_ten_million_parameters_and_be_judgeable_tile_by_tile() {
	let (manifest, compiled) = compiled(GPT);
	let numbers = |shape: &[u32]| shape.iter().map(|n| u64::from(*n)).product::<u64>();
	let total: u64 = compiled.parameters.iter().map(|p| numbers(&p.shape)).sum();
	assert_eq!(total, 128 * 384 + 6 * (4 * 384 * 384 + 3 * 384 * 1024 + 2 * 384) + 384);
	assert!(total > 10_000_000);
	let checked = compiled.program.check(&Limits::new(manifest.data.record_size)).unwrap();
	assert!(checked.cost.worst_tile_footprint <= 36);
}

#[test]
fn parameters_should_be_named_by_their_way_through_the_modules() {
	let (_, gpt) = compiled(GPT_TINY);
	let names: Vec<&str> = gpt.parameters.iter().map(|p| p.name.as_str()).collect();
	assert_eq!(
		names[..11],
		[
			"0.weight",
			"1.0.0.0.weight",
			"1.0.0.1.q.weight",
			"1.0.0.1.k.weight",
			"1.0.0.1.v.weight",
			"1.0.0.1.o.weight",
			"1.0.1.0.weight",
			"1.0.1.1.gate.weight",
			"1.0.1.1.up.weight",
			"1.0.1.1.down.weight",
			"1.1.0.0.weight",
		]
	);
	assert_eq!(names.last(), Some(&"2.weight"));
	assert_eq!(shape(&gpt, "1.1.1.1.down.weight"), [32, 64]);
	assert_eq!(shape(&gpt, "1.1.0.0.weight"), [32]);
	let (_, resnet) = compiled(RESNET);
	assert_eq!(shape(&resnet, "6.skip.0.weight"), [16, 8, 1, 1]);
	assert_eq!(shape(&resnet, "6.3.weight"), [16, 16, 3, 3]);
	let (_, bert) = compiled(BERT);
	assert_eq!(shape(&bert, "3.1.0.0.q.lora_A.weight"), [4, 32]);
	assert_eq!(shape(&bert, "3.1.0.0.q.lora_B.weight"), [32, 4]);
	assert_eq!(shape(&bert, "3.0.2.2.lora_A.weight"), [4, 64]);
}

#[test]
fn evaluation_should_have_the_tables_behind_the_parameters_when_the_batch_differs() {
	let (manifest, compiled) = compiled(GPT_TINY);
	let parameters = compiled.parameters.len();
	for batch in [1, 3] {
		let forward = compile_forward(&manifest, batch).unwrap();
		let checked = forward.program.check(&Limits::new(33)).unwrap();
		let logits = checked.specs[usize::from(forward.logits)].ty;
		assert_eq!((logits.rows, logits.cols), (batch * 32, 128));
		// Cosines and sines of 32 positions, 16 features a head.
		assert_eq!(forward.tables.len(), 2);
		assert_eq!(forward.program.slots.len(), parameters + 2);
		assert!(forward.tables.iter().all(|table| table.len() == 32 * 16));
		let given = vec![vec![0]; parameters];
		assert_eq!(forward.slots(&given).len(), forward.program.slots.len());
	}
	let slots = &compiled.program.slots[parameters..parameters + 3];
	for (slot, declared) in (parameters..).zip(slots) {
		let next = &compiled.program.nodes[usize::from(declared.next)];
		assert_eq!(next.op, Op::State { slot: slot as u16 });
	}
}

#[test]
fn gpt_should_learn_to_continue_a_text() {
	let mut run = Run::new(&GPT_TINY.replace("batch = 4", "batch = 2"), text(64, 33));
	let (first, last) = losses(&mut run, 9);
	assert!(first > 4.0 && last < 0.75 * first, "{first} {last}");
}

#[test]
fn resnet_should_learn_to_tell_classes() {
	let text = RESNET.replace("batch = 32", "batch = 8").replace("records = 1437", "records = 40");
	let mut run = Run::new(&text, common::records(40, 64, 10));
	let (first, last) = losses(&mut run, 12);
	assert!(first > 1.5 && last < 0.8 * first, "{first} {last}");
}

#[test]
fn encoder_should_learn_with_its_own_weights_frozen() {
	let mut data = text(64, 33);
	data.chunks_mut(33).for_each(|record| record[32] = record[0] % 4);
	let mut run = Run::new(&BERT.replace("batch = 8", "batch = 3"), data);
	let before = run.slots.clone();
	let (first, last) = losses(&mut run, 12);
	assert!(last < 0.9 * first, "{first} {last}");
	let learns = |name: &str| {
		let behind = name.starts_with("5.") || name.starts_with("7.");
		behind || name.contains("lora")
	};
	for (slot, parameter) in run.compiled.parameters.iter().enumerate() {
		assert_eq!(before[slot] != run.slots[slot], learns(&parameter.name), "{}", parameter.name);
	}
}
