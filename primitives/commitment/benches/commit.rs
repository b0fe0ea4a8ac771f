//! Hashing of tensors, row-major in memory, against plain BLAKE3 of the string of tiles that is hashed.

#[path = "../../ops/benches/common/mod.rs"]
mod common;

use std::hint::black_box;

use assay_commitment::{tensor_root, tile_bytes, tile_count, Root, TensorTree};
use assay_ops::{DType, ValueType};
use common::{figure, ratio, Bench};

const ROUNDS: usize = 11;

/// Weights of LeNet, whose tiles are partly empty, and larger tensors.
const SHAPES: [(u32, u32); 4] = [(150, 16), (400, 120), (512, 512), (2048, 2048)];

fn measure(bench: &Bench, rows: u32, cols: u32) {
	let ty = ValueType { dtype: DType::F32, rows, cols };
	let words: Vec<u32> = (0..rows * cols).map(|i| i.wrapping_mul(2_654_435_761)).collect();
	let tiles = 0..tile_count(&ty).expect("the tensor is not empty");
	let tiles = tiles.map(|tile| *tile_bytes(&ty, &words, tile).expect("the tile exists"));
	let bytes: Vec<u8> = tiles.flatten().collect();
	let root = || tensor_root(&ty, black_box(&words)).expect("the words are those of the type");
	let tree = || TensorTree::from_words(ty, black_box(&words)).expect("as above").root();
	let plain = || Root::from(blake3::hash(black_box(&bytes)));
	assert_eq!([root(), tree()], [plain(); 2], "all hash the same string");
	let hash = |what: &dyn Fn() -> Root| _ = black_box(what());
	let contestants: &mut [&mut dyn FnMut()] =
		&mut [&mut || hash(&root), &mut || hash(&tree), &mut || hash(&plain)];
	let seconds = bench.medians(ROUNDS, contestants);
	for (what, ours) in ["tensor_root", "tensor_tree"].into_iter().zip(&seconds) {
		let name = format!("commit.{what}.{rows}x{cols}");
		figure(&name, bytes.len() as f64 / ours / 1e9, "GB/s");
		ratio(&name, "blake3", *ours, seconds[2]);
	}
}

fn main() {
	let bench = Bench::from_args();
	for (rows, cols) in SHAPES {
		measure(&bench, rows, cols);
	}
}
