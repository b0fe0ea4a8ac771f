// Operations between numbers and labels or indices.
//
// Schedule of all but the scatter: one thread for each word of the result.
//
// Schedule of the scatter: one thread block of 128 threads for each row of the result and each 128
// columns of it, one thread for each of these columns. Positions go in blocks of 512: the threads
// copy the indices of a block to shared memory; if any of them is the row, each thread walks them
// in ascending order.
// Order: in a block the sum starts from +0 and positions ascend; blocks are added up first to last.
// Sums from +0 are never -0, so a block without a position of this row would add +0 to no effect:
// it is skipped.
#include "arith.cuh"

const u32 BLOCK = 512;
const u32 THREADS = 128;

extern "C" __global__ void pick(const u32 *a, const u32 *labels, u32 *out, u32 rows, u32 cols) {
	EACH(row, rows) {
		const u32 label = labels[row];
		out[row] = label < cols ? canonical(a[row * cols + label]) : CANONICAL_NAN;
	}
}

extern "C" __global__ void one_hot(const u32 *labels, u32 *out, u32 count, u32 cols) {
	EACH(i, count) out[i] = labels[i / cols] == i % cols ? ONE : 0;
}

extern "C" __global__ void gather(
	const u32 *table, const u32 *indices, u32 *out, u32 count, u32 cols, u32 height) {
	EACH(i, count) {
		const u32 index = indices[i / cols];
		out[i] = index < height ? canonical(table[index * cols + i % cols]) : CANONICAL_NAN;
	}
}

extern "C" __global__ void __launch_bounds__(THREADS) scatter_add(
	const u32 *indices, const u32 *gradient, u32 *out, u32 positions, u32 cols) {
	__shared__ u32 block[BLOCK];
	const u32 chunks = (cols + THREADS - 1) / THREADS;
	const u32 row = blockIdx.x / chunks, col = blockIdx.x % chunks * THREADS + threadIdx.x;
	u32 total = 0;
	for (u32 start = 0; start < positions; start += BLOCK) {
		const u32 length = positions - start < BLOCK ? positions - start : BLOCK;
		bool found = false;
		for (u32 i = threadIdx.x; i < length; i += THREADS) {
			block[i] = indices[start + i];
			found |= block[i] == row;
		}
		if (__syncthreads_or(found) && col < cols) {
			u32 sum = 0;
			for (u32 i = 0; i < length; ++i) {
				if (block[i] == row) sum = add(sum, gradient[(start + i) * cols + col]);
			}
			total = add(total, sum);
		}
		__syncthreads();
	}
	if (col < cols) out[row * cols + col] = canonical(total);
}
