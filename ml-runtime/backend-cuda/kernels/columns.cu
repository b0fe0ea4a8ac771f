// Sums of columns, and the fold of block results.
//
// Schedule of the sum: one thread for each column and block of 512 rows; grid and threads are
// linear over (block, column), so that neighbouring threads read neighbouring words.
// Order: rows ascending from +0 in each block; then `fold` adds the blocks up, first to last.
#include "arith.cuh"

const u32 BLOCK = 512;

extern "C" __global__ void col_sum(const u32 *a, u32 *out, u32 rows, u32 cols) {
	const u32 blocks = (rows + BLOCK - 1) / BLOCK;
	EACH(i, blocks * cols) {
		const u32 block = i / cols, col = i % cols;
		const u32 end = block + 1 < blocks ? (block + 1) * BLOCK : rows;
		u32 sum = 0;
		for (u32 row = block * BLOCK; row < end; ++row) sum = add(sum, a[row * cols + col]);
		out[i] = canonical(sum);
	}
}

extern "C" __global__ void fold(const u32 *parts, u32 *out, u32 count, u32 blocks) {
	EACH(i, count) {
		u32 sum = parts[i];
		for (u32 block = 1; block < blocks; ++block) sum = add(sum, parts[block * count + i]);
		out[i] = canonical(sum);
	}
}
