//! Small tasks on the digits, with everything that they need in a store.
#![allow(dead_code, reason = "each test file uses a part")]

use assay_blobs::{BlobStore, ListTag, StateManifest};
use assay_compiler::{compile, initial_slots, Compiled, Manifest};
use assay_worker_protocol::TaskContext;
use codec::Encode;

const DIGITS: &[u8] = include_bytes!("../../../executor/testdata/digits.bin");

/// Bytes of a record of the digits.
const RECORD: u32 = 65;

/// A perceptron with SGD.
pub(crate) const MLP: &str = include_str!("../../../compiler/examples/mlp-digits.toml");

/// A small LeNet with SGD: its gradients are long reductions.
pub(crate) const LENET: &str = include_str!("../../../compiler/examples/lenet-digits.toml");

/// A small GPT with AdamW, a schedule and clipping.
pub(crate) const GPT: &str = include_str!("../../../compiler/examples/gpt-tiny.toml");

/// A small network with residual blocks.
pub(crate) const RESNET: &str = include_str!("../../../compiler/examples/resnet-digits.toml");

/// A small encoder with adapters, dropout and accumulated gradients.
pub(crate) const BERT: &str = include_str!("../../../compiler/examples/bert-lora-tiny.toml");

/// A manifest whose products are those of integers, of one format forward and of the other backward.
pub(crate) fn quantised(manifest: &str) -> String {
	format!("{manifest}\n[numerics]\nforward = \"i8\"\nbackward = \"q15x3\"\n")
}

/// As many records as a manifest asks for: of the digits, or letters where it has other records.
fn records(manifest: &Manifest) -> Vec<u8> {
	let (count, size) = (manifest.data.records, manifest.data.record_size);
	let letter = |i: u32| b'a' + (i.wrapping_mul(2_654_435_761) >> 24) as u8 % 26;
	match size {
		RECORD => DIGITS[..(count * RECORD) as usize].to_vec(),
		_ => (0..count * size).map(letter).collect(),
	}
}

/// The compiled manifest and the content of its slots.
pub(crate) fn compiled(text: &str) -> (Manifest, Compiled, Vec<Vec<u32>>) {
	let manifest = Manifest::parse(text).unwrap();
	let compiled = compile(&manifest).unwrap();
	let slots = initial_slots(&compiled, &manifest.task.seed);
	(manifest, compiled, slots)
}

/// The words of a matrix as tiles, written without the code under test.
fn tiles(rows: u32, cols: u32, words: &[u32]) -> Vec<u8> {
	let (down, along) = (rows.div_ceil(32), cols.div_ceil(32));
	let mut bytes = vec![0; (down * along * 4096) as usize];
	for row in 0..rows {
		for col in 0..cols {
			let tile = (row / 32) * along + col / 32;
			let at = (tile * 4096 + (row % 32 * 32 + col % 32) * 4) as usize;
			let word = words[(row * cols + col) as usize];
			bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
		}
	}
	bytes
}

/// A task with another length, its data and initial state in the store.
pub(crate) fn task(store: &BlobStore, text: &str, steps: u32, stride: u32) -> TaskContext {
	let (manifest, compiled, slots) = compiled(text);
	let data = store.put_bytes(&records(&manifest)).unwrap();
	let tensors = compiled.program.slots.iter().zip(&slots).map(|(slot, words)| {
		let bytes = tiles(slot.ty.rows, slot.ty.cols, words);
		*store.put_bytes(&bytes).unwrap().root()
	});
	let init = StateManifest::new(0, tensors.collect()).unwrap();
	let init_slots = *store.put_list(ListTag::Slots, &init.slots).unwrap().root();
	TaskContext {
		genesis: [7; 32],
		task: 1,
		attempt: 0,
		program: compiled.program.encode().try_into().unwrap(),
		seed: manifest.task.seed,
		first_step: 0,
		steps,
		stride,
		records: manifest.data.records.into(),
		record_size: manifest.data.record_size,
		data_root: *data.root(),
		init_root: init.state_root(),
		init_slots,
	}
}
