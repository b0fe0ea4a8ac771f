// Matrix products, one or a batch of them.
//
// Schedule: a thread block computes a tile of SIDE x SIDE results, each thread EDGE x EDGE of them.
// K goes in stages of DEPTH terms through two buffers in shared memory: while one stage is computed
// from one buffer, the words of the next are on their way to registers, from where they go to the
// other buffer. One barrier per stage suffices, since a buffer is written in the stage after the
// one that read it last.
//
// Order: each result has one chain in one thread, acc = fma(a, b, acc) for ascending k from +0.
// After 64 stages (512 terms) the chain is folded into the result with add, and starts again from
// +0. The first block is stored, not added. The last stage stops at the last term: K is masked,
// never padded. Rows and columns beyond the matrix are read as +0 and only feed results that are
// not stored.
//
// Few results with a long K: `parts` is then the number of blocks, each computed by thread blocks
// of its own into a matrix of its own, and `fold` (columns.cu) adds these up, first to last.
#include "arith.cuh"

const u32 DEPTH = 8;
const u32 BLOCK = 512;

// Strides in words. Matrix (item, head) of a batch starts at item * .._item + head * .._head.
struct Product {
	u32 m, k, n, heads, parts;
	u32 a_row, a_k, a_item, a_head;
	u32 b_k, b_col, b_item, b_head;
	u32 out_row, out_item, out_head;
};

// SIDE lanes (rows of A or columns of B) of an operand. Neighbouring threads read neighbouring
// words: along k where ALONG_K, else along the lanes. Rows of 4 words more than SIDE keep the
// stores of a warp in 32 different banks either way.
template <u32 SIDE, u32 THREADS, bool ALONG_K> struct Panel {
	static const u32 EACH_THREAD = SIDE * DEPTH / THREADS;
	const u32 *words;
	u32 first, lanes, lane_stride, k_stride;
	u32 held[EACH_THREAD];

	__device__ __forceinline__ static u32 lane_of(u32 e) { return ALONG_K ? e / DEPTH : e % SIDE; }
	__device__ __forceinline__ static u32 k_of(u32 e) { return ALONG_K ? e % DEPTH : e / SIDE; }

	__device__ __forceinline__ void fetch(u32 start, u32 end) {
		const u32 lane = first + lane_of(threadIdx.x), k = start + k_of(threadIdx.x);
		// From one of a thread's words to the next, only the lane or only k changes.
		const u32 lanes_on = lane_of(THREADS), ks_on = k_of(THREADS);
		const u32 stride = lanes_on * lane_stride + ks_on * k_stride;
		const u32 at = lane * lane_stride + k * k_stride;
#pragma unroll
		for (u32 j = 0; j < EACH_THREAD; ++j) {
			const bool inside = lane + j * lanes_on < lanes && k + j * ks_on < end;
			held[j] = inside ? words[at + j * stride] : 0;
		}
	}

	__device__ __forceinline__ void put(u32 (*stage)[SIDE + 4]) const {
#pragma unroll
		for (u32 j = 0; j < EACH_THREAD; ++j) {
			const u32 e = threadIdx.x + j * THREADS;
			stage[k_of(e)][lane_of(e)] = held[j];
		}
	}
};

// Lane i of a thread's EDGE lanes: runs of 4, SIDE / (EDGE / 4) apart, so that a warp reads a row
// of shared memory without conflicts.
template <u32 SIDE, u32 EDGE> INLINE u32 lane(u32 place, u32 i) {
	return i / 4 * (SIDE / (EDGE / 4)) + place * 4 + i % 4;
}

template <u32 SIDE, u32 EDGE>
INLINE void step(float (&acc)[EDGE][EDGE], const u32 *a, const u32 *b, u32 row, u32 col) {
	u32 left[EDGE], right[EDGE];
#pragma unroll
	for (u32 i = 0; i < EDGE; i += 4) {
		*(uint4 *)(left + i) = *(const uint4 *)(a + lane<SIDE, EDGE>(row, i));
		*(uint4 *)(right + i) = *(const uint4 *)(b + lane<SIDE, EDGE>(col, i));
	}
#pragma unroll
	for (u32 i = 0; i < EDGE; ++i) {
#pragma unroll
		for (u32 j = 0; j < EDGE; ++j) {
			acc[i][j] = __fmaf_rn(number(left[i]), number(right[j]), acc[i][j]);
		}
	}
}

// Puts a thread's chains to its results, or stores them if they are the first, and starts them
// anew.
template <u32 SIDE, u32 EDGE>
INLINE void end_block(
	float (&acc)[EDGE][EDGE], u32 *out, const Product &p, u32 first_row, u32 first_col, bool store) {
	// Keeps the compiler from holding 64 addresses in registers from the start of the kernel.
	asm volatile("" : "+r"(first_row), "+r"(first_col));
#pragma unroll
	for (u32 i = 0; i < EDGE; ++i) {
		const u32 row = first_row + lane<SIDE, EDGE>(0, i);
#pragma unroll
		for (u32 j = 0; j < EDGE; ++j) {
			const u32 col = first_col + lane<SIDE, EDGE>(0, j);
			if (row < p.m && col < p.n) {
				u32 *word = out + row * p.out_row + col;
				const u32 chain = bits(acc[i][j]), before = store ? 0 : *word;
				*word = canonical(store ? chain : add(before, chain));
			}
			acc[i][j] = 0.0f;
		}
	}
}

template <u32 SIDE, u32 EDGE, bool A_ALONG_K, bool B_ALONG_K>
INLINE void product(const u32 *a, const u32 *b, u32 *out, const Product &p) {
	const u32 PER_SIDE = SIDE / EDGE, THREADS = PER_SIDE * PER_SIDE;
	__shared__ __align__(16) u32 left[2][DEPTH][SIDE + 4];
	__shared__ __align__(16) u32 right[2][DEPTH][SIDE + 4];
	const u32 across = (p.n + SIDE - 1) / SIDE, down = (p.m + SIDE - 1) / SIDE;
	const u32 first_col = blockIdx.x % across * SIDE;
	const u32 first_row = blockIdx.x / across % down * SIDE;
	const u32 part = blockIdx.x / across / down % p.parts;
	const u32 matrix = blockIdx.x / across / down / p.parts;
	const u32 item = matrix / p.heads, head = matrix % p.heads;
	const u32 start = part * BLOCK;
	const u32 end = p.parts > 1 && start + BLOCK < p.k ? start + BLOCK : p.k;
	out += item * p.out_item + head * p.out_head + part * p.m * p.n;
	Panel<SIDE, THREADS, A_ALONG_K> rows = {
		a + item * p.a_item + head * p.a_head, first_row, p.m, p.a_row, p.a_k };
	Panel<SIDE, THREADS, B_ALONG_K> cols = {
		b + item * p.b_item + head * p.b_head, first_col, p.n, p.b_col, p.b_k };
	const u32 row = threadIdx.x / PER_SIDE, col = threadIdx.x % PER_SIDE;
	float acc[EDGE][EDGE] = {};

	rows.fetch(start, end);
	cols.fetch(start, end);
	rows.put(left[0]);
	cols.put(right[0]);
	__syncthreads();
	for (u32 k = start, buffer = 0; k < end; k += DEPTH, buffer ^= 1) {
		const bool more = k + DEPTH < end;
		if (more) {
			rows.fetch(k + DEPTH, end);
			cols.fetch(k + DEPTH, end);
		}
		if (k + DEPTH <= end) {
#pragma unroll
			for (u32 d = 0; d < DEPTH; ++d) {
				step<SIDE, EDGE>(acc, left[buffer][d], right[buffer][d], row, col);
			}
		} else {
#pragma unroll 1
			for (u32 d = 0; d < end - k; ++d) {
				step<SIDE, EDGE>(acc, left[buffer][d], right[buffer][d], row, col);
			}
		}
		if ((k + DEPTH) % BLOCK == 0 || !more) {
			end_block<SIDE, EDGE>(
				acc, out, p, first_row + row * 4, first_col + col * 4, k - start < BLOCK);
		}
		if (more) {
			rows.put(left[buffer ^ 1]);
			cols.put(right[buffer ^ 1]);
		}
		__syncthreads();
	}
}

// A or B is along k in memory: A as it is (n) is, transposed (t) is not; B the other way around.
#define MATMUL(name, side, edge, a_along_k, b_along_k, per_unit) \
	extern "C" __global__ void __launch_bounds__((side / edge) * (side / edge), per_unit) name( \
		const u32 *a, const u32 *b, u32 *out, Product p) { \
		product<side, edge, a_along_k, b_along_k>(a, b, out, p); \
	}

MATMUL(matmul_128_nn, 128, 8, true, false, 2)
MATMUL(matmul_128_nt, 128, 8, true, true, 2)
MATMUL(matmul_128_tn, 128, 8, false, false, 2)
MATMUL(matmul_128_tt, 128, 8, false, true, 2)
MATMUL(matmul_32_nn, 32, 4, true, false, 8)
MATMUL(matmul_32_nt, 32, 4, true, true, 8)
MATMUL(matmul_32_tn, 32, 4, false, false, 8)
MATMUL(matmul_32_tt, 32, 4, false, true, 8)
