//! Tensor roots, computed on the threads of kernels.

use std::{ops::Range, sync::OnceLock};

use assay_backend_cpu::Kernels;
use assay_commitment::{
	join_parts, part_hash, part_tile_hashes, tensor_parts, Root, TensorTree, PART_TILES,
};
use assay_ops::ValueType;

/// A matrix: its type, and its words row-major.
pub(crate) type Tensor<'a> = (&'a ValueType, &'a [u32]);

/// Roots of tensors. `None` if one does not have as many words as its type says.
pub(crate) fn tensor_roots(tensors: &[Tensor<'_>], kernels: &impl Kernels) -> Option<Vec<Root>> {
	let hashes = by_part(tensors, kernels, part_hash)?;
	tensors.iter().zip(hashes).map(|((ty, _), hashes)| join_parts(ty, hashes)).collect()
}

/// Trees over the tiles of tensors. `None` if one does not have as many words as its type says.
pub(crate) fn tensor_trees(
	tensors: &[Tensor<'_>],
	kernels: &impl Kernels,
) -> Option<Vec<TensorTree>> {
	let hashes = by_part(tensors, kernels, part_tile_hashes)?;
	let tree = |((ty, _), hashes): (&Tensor<'_>, Vec<Vec<Root>>)| {
		TensorTree::from_hashes(**ty, hashes.concat())
	};
	tensors.iter().zip(hashes).map(tree).collect()
}

/// What is made of each part of each tensor, in order.
fn by_part<T: Send + Sync>(
	tensors: &[Tensor<'_>],
	kernels: &impl Kernels,
	make: impl Fn(&ValueType, &[u32], u32) -> Option<T> + Sync,
) -> Option<Vec<Vec<T>>> {
	let mut parts = Vec::new();
	for tensor in tensors {
		parts.extend((0..tensor_parts(tensor.0)?).map(|part| (*tensor, part)));
	}
	let made: Vec<OnceLock<Option<T>>> = parts.iter().map(|_| OnceLock::new()).collect();
	let pieces = pieces(&parts);
	kernels.share(pieces.len(), &|piece| {
		for index in pieces[piece].clone() {
			let ((ty, words), part) = parts[index];
			made[index].get_or_init(|| make(ty, words, part));
		}
	});
	let mut made = made.into_iter().map(|made| made.into_inner().flatten());
	let each = |(ty, _): &Tensor<'_>| {
		let count = tensor_parts(ty)? as usize;
		made.by_ref().take(count).collect::<Option<Vec<T>>>()
	};
	tensors.iter().map(each).collect()
}

/// Divides parts into ranges that are worth a thread's while: of as many tiles as a whole part has, or more.
fn pieces(parts: &[(Tensor<'_>, u32)]) -> Vec<Range<usize>> {
	let mut pieces: Vec<Range<usize>> = Vec::new();
	let mut tiles = u64::from(PART_TILES);
	for (index, ((ty, _), part)) in parts.iter().enumerate() {
		if tiles >= u64::from(PART_TILES) {
			pieces.push(index..index);
			tiles = 0;
		}
		let before = u64::from(*part) * u64::from(PART_TILES);
		tiles += ty.tiles().saturating_sub(before).min(PART_TILES.into());
		if let Some(piece) = pieces.last_mut() {
			piece.end = index + 1;
		}
	}
	pieces
}

#[cfg(test)]
mod tests {
	use assay_backend_cpu::CpuKernels;
	use assay_commitment::tensor_root;
	use assay_ops::DType;

	use super::*;

	fn ty(rows: u32, cols: u32) -> ValueType {
		ValueType { dtype: DType::F32, rows, cols }
	}

	#[test]
	fn roots_should_be_those_of_each_tensor_when_threads_share_them() {
		let types: Vec<_> = [(1, 1), (33, 40), (7, 5000), (700, 400), (1, 1), (64, 2048)]
			.map(|(rows, cols)| ty(rows, cols))
			.into();
		let words: Vec<Vec<u32>> =
			types.iter().map(|ty| (0..ty.words() as u32).map(|word| word * 77).collect()).collect();
		let tensors: Vec<Tensor> = types.iter().zip(words.iter().map(Vec::as_slice)).collect();
		let right: Option<Vec<_>> =
			tensors.iter().map(|(ty, words)| tensor_root(ty, words)).collect();
		for threads in [1, 2, 5] {
			let kernels = CpuKernels::new(threads).expect("threads start");
			assert_eq!(tensor_roots(&tensors, &kernels), right, "{threads} threads");
			let trees = tensor_trees(&tensors, &kernels).expect("they fit");
			let roots: Vec<Root> = trees.iter().map(TensorTree::root).collect();
			assert_eq!(Some(roots), right, "{threads} threads");
			for (tree, (ty, words)) in trees.iter().zip(&tensors) {
				let alone = TensorTree::from_words(**ty, words).expect("it fits");
				assert_eq!(tree.tree().values(), alone.tree().values());
			}
		}
		let short = [(&types[1], &words[1][1..])];
		let kernels = CpuKernels::new(2).expect("threads start");
		assert_eq!(tensor_roots(&short, &kernels), None);
		assert!(tensor_trees(&short, &kernels).is_none());
	}

	#[test]
	fn pieces_should_hold_all_parts_once_when_they_are_large_or_small() {
		// 1, 1, 70, 1 and 128 tiles.
		let types = [ty(1, 1), ty(32, 32), ty(32, 70 * 32), ty(1, 9), ty(64, 64 * 32)];
		let parts: Vec<(Tensor, u32)> = types
			.iter()
			.flat_map(|ty| {
				(0..tensor_parts(ty).expect("few")).map(move |part| ((ty, &[][..]), part))
			})
			.collect();
		assert_eq!(pieces(&parts), [0..3, 3..6, 6..7]);
		assert!(pieces(&[]).is_empty());
	}
}
