// Sums and maxima of rows.
//
// Schedule: one warp for each row. Columns go in blocks of 1024; in a block, lane l takes columns
// l, l + 32, ..
//
// Order of the sum (RSUM32): each lane adds its columns, ascending, from +0; then lane i takes lane
// i + 16, then i + 8, 4, 2 and 1. Lane 0 adds the blocks up, first to last. (Lanes that have no
// partner add what the shuffle gives them; nobody reads their sums.) A maximum is that of integer
// keys, so its order is free.
#include "arith.cuh"

const u32 ROW_BLOCK = 1024;
const u32 LANES = 32;
const u32 ALL = 0xFFFFFFFFu;

// There may be more threads than a word counts, so it is warps that are counted.
INLINE u32 row_of_warp() { return blockIdx.x * (blockDim.x / LANES) + threadIdx.x / LANES; }

extern "C" __global__ void row_sum(const u32 *a, u32 *out, u32 rows, u32 cols) {
	const u32 row = row_of_warp(), lane = threadIdx.x % LANES;
	if (row >= rows) return;
	a += (u64)row * cols;
	u32 total = 0;
	for (u32 start = 0; start < cols; start += ROW_BLOCK) {
		const u32 end = start + ROW_BLOCK < cols ? start + ROW_BLOCK : cols;
		u32 sum = 0;
		for (u32 c = start + lane; c < end; c += LANES) sum = add(sum, a[c]);
#pragma unroll
		for (u32 half = LANES / 2; half > 0; half /= 2) {
			sum = add(sum, __shfl_down_sync(ALL, sum, half));
		}
		total = start == 0 ? sum : add(total, sum);
	}
	if (lane == 0) out[row] = canonical(total);
}

extern "C" __global__ void row_max(const u32 *a, u32 *out, u32 rows, u32 cols) {
	const u32 row = row_of_warp(), lane = threadIdx.x % LANES;
	if (row >= rows) return;
	a += (u64)row * cols;
	u32 best = 0;
	for (u32 c = lane; c < cols; c += LANES) best = max(best, order_key(a[c]));
#pragma unroll
	for (u32 half = LANES / 2; half > 0; half /= 2) {
		best = max(best, __shfl_down_sync(ALL, best, half));
	}
	if (lane == 0) out[row] = of_key(best);
}
