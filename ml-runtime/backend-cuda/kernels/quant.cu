// Quantised matrix products on the integer tensor cores.
//
// Two steps. First each operand becomes integers, a lane (a row of A or a column of B) and a block
// of 512 terms at a time: `quantise_*`. Then the integers are multiplied: `quant_matmul_*`.
//
// What is common to both ways to multiply is in quant.cuh. Here a thread takes the terms as they lie in
// memory: its 16 bytes of a lane are the fragments of two instructions, the same terms for A and B.
#include "quant.cuh"

// --- Integers ---

struct Scale {
	int exponent;
	// Their product is 2^-exponent, which may be beyond f32.
	u32 one, two;
	// Ones, or zeros where a term is not finite.
	u32 keep;
};

// x / 2^exponent rounded to nearest even, below 2^22 in magnitude. Each product is exact, or so
// small that it is rounded to 0 in any case; adding 1.5 * 2^23 rounds to an integer in the lowest
// bits.
INLINE int integer(u32 x, const Scale &s) {
	const u32 magic = 0x4B400000;
	return (int)(add(mul(mul(x & s.keep, s.one), s.two), magic) - magic);
}

INLINE Scale of_exponent(int e) {
	const int first = -e < 127 ? -e : 127;
	return { e, power(first), power(-e - first), ~0u };
}

// The finest scale within the limit, from the greatest magnitude of the lane.
template <u32 DIGITS> INLINE Scale scale_for(u32 greatest) {
	const int top = DIGITS == 1 ? 6 : 13, limit = DIGITS == 1 ? 127 : 16319;
	if (greatest >= INFINITE) return { NOT_FINITE, 0, 0, 0 };
	if (greatest == 0) return of_exponent(0);
	const bool normal = greatest >> 23 != 0;
	const int floor_log2 = normal ? (int)(greatest >> 23) - 127 : -118 - __clz((int)greatest);
	const Scale finest = of_exponent(floor_log2 - top);
	return integer(greatest, finest) <= limit ? finest : of_exponent(floor_log2 - top + 1);
}

INLINE u32 packed(const int (&q)[4]) {
	return (q[0] & 255) | (q[1] & 255) << 8 | (q[2] & 255) << 16 | (u32)q[3] << 24;
}

// Four neighbouring terms as a word for each digit.
template <u32 DIGITS>
INLINE void digits_of(u32 (&words)[DIGITS], const u32 (&terms)[4], const Scale &s) {
	int high[4], low[4];
#pragma unroll
	for (u32 i = 0; i < 4; ++i) {
		const int q = integer(terms[i], s);
		high[i] = DIGITS == 1 ? q : (q + 64) >> 7;
		low[i] = q - (high[i] << 7);
	}
	words[0] = packed(high);
	if (DIGITS == 2) words[DIGITS - 1] = packed(low);
}

// One warp for a block of a lane whose terms are neighbours in memory.
template <u32 DIGITS>
INLINE void along(const u32 *terms, u32 *digits, u32 *exponents, u32 lanes, u32 padded, u32 k) {
	const u32 blocks = (k + BLOCK - 1) / BLOCK, stride = (k + STAGE - 1) / STAGE * STAGE_WORDS;
	const u32 warp = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, thread = threadIdx.x % 32;
	const u32 lane = warp / blocks, block = warp % blocks;
	if (lane >= padded) return;
	u32 held[4][4], greatest = 0;
#pragma unroll
	for (u32 j = 0; j < 4; ++j) {
#pragma unroll
		for (u32 i = 0; i < 4; ++i) {
			const u32 at = block * BLOCK + (j * 32 + thread) * 4 + i;
			held[j][i] = lane < lanes && at < k ? terms[lane * k + at] : 0;
			greatest = max(greatest, held[j][i] & ~SIGN);
		}
	}
	greatest = __reduce_max_sync(~0u, greatest);
	const Scale s = scale_for<DIGITS>(greatest);
	if (thread == 0) exponents[block * padded + lane] = (u32)s.exponent;
#pragma unroll
	for (u32 j = 0; j < 4; ++j) {
		const u32 word = block * (BLOCK / 4) + j * 32 + thread;
		u32 words[DIGITS];
		digits_of<DIGITS>(words, held[j], s);
		if (word < stride) {
#pragma unroll
			for (u32 d = 0; d < DIGITS; ++d) digits[(d * padded + lane) * stride + word] = words[d];
		}
	}
}

// Eight warps for a block of 32 lanes that are neighbours in memory, a stage of the terms for each.
template <u32 DIGITS>
INLINE void across(const u32 *terms, u32 *digits, u32 *exponents, u32 lanes, u32 padded, u32 k) {
	__shared__ u32 most[STAGES_OF_BLOCK][32];
	const u32 stride = (k + STAGE - 1) / STAGE * STAGE_WORDS, groups = padded / 32;
	const u32 warp = threadIdx.x / 32, thread = threadIdx.x % 32;
	const u32 lane = blockIdx.x % groups * 32 + thread, block = blockIdx.x / groups;
	const u32 first = block * BLOCK + warp * STAGE;
	u32 greatest = 0;
#pragma unroll 8
	for (u32 at = first; at < first + STAGE; ++at) {
		if (lane < lanes && at < k) greatest = max(greatest, terms[at * lanes + lane] & ~SIGN);
	}
	most[warp][thread] = greatest;
	__syncthreads();
#pragma unroll
	for (u32 w = 0; w < STAGES_OF_BLOCK; ++w) greatest = max(greatest, most[w][thread]);
	const Scale s = scale_for<DIGITS>(greatest);
	if (warp == 0) exponents[block * padded + lane] = (u32)s.exponent;
	if (first >= k) return;
#pragma unroll 1
	for (u32 part = 0; part < STAGE; part += 16) {
		u32 words[4][DIGITS];
#pragma unroll
		for (u32 j = 0; j < 4; ++j) {
			u32 held[4];
#pragma unroll
			for (u32 i = 0; i < 4; ++i) {
				const u32 at = first + part + j * 4 + i;
				held[i] = lane < lanes && at < k ? terms[at * lanes + lane] : 0;
			}
			digits_of<DIGITS>(words[j], held, s);
		}
#pragma unroll
		for (u32 d = 0; d < DIGITS; ++d) {
			*(uint4 *)(digits + (d * padded + lane) * stride + (first + part) / 4) =
				make_uint4(words[0][d], words[1][d], words[2][d], words[3][d]);
		}
	}
}

#define QUANTISE(name, how, digit_count) \
	extern "C" __global__ void __launch_bounds__(256) name( \
		const u32 *terms, u32 *digits, u32 *exponents, u32 lanes, u32 padded, u32 k) { \
		how<digit_count>(terms, digits, exponents, lanes, padded, k); \
	}

QUANTISE(quantise_along_i8, along, 1)
QUANTISE(quantise_along_q15, along, 2)
QUANTISE(quantise_across_i8, across, 1)
QUANTISE(quantise_across_q15, across, 2)

// --- Products ---

// 16 x 8 sums of 32 products each, by a warp. The fragments are described where the emulator has
// the instruction (src/emulator/tensor.rs).
INLINE void multiply(int (&sum)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
	asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 "
		"{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
		: "+r"(sum[0]), "+r"(sum[1]), "+r"(sum[2]), "+r"(sum[3])
		: "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// The terms of a thread in a stage: the first half is for one instruction, the second for the next.
INLINE void multiply(int (&sum)[4], const uint4 &upper, const uint4 &lower, const uint4 &b) {
	multiply(sum, upper.x, lower.x, upper.y, lower.y, b.x, b.y);
	multiply(sum, upper.z, lower.z, upper.w, lower.w, b.z, b.w);
}

struct Warps {
	__device__ __forceinline__ static u32 place(u32, u32 quarter) { return quarter; }
	__device__ __forceinline__ static void arrived() {}

	template <u32 DIGITS, u32 HIGH, u32 WIDE, u32 DOWN, u32 ACROSS>
	__device__ __forceinline__ static void step(Tile<DIGITS, HIGH, WIDE, DOWN, ACROSS> &tile,
		const u32 (*left)[DOWN * HIGH * 16][STAGE_WORDS],
		const u32 (*right)[ACROSS * WIDE * 8][STAGE_WORDS]) {
		const u32 word = tile.member() * 4, low = DIGITS - 1;
		uint4 b[DIGITS][WIDE];
#pragma unroll
		for (u32 d = 0; d < DIGITS; ++d) {
#pragma unroll
			for (u32 j = 0; j < WIDE; ++j) {
				b[d][j] = *(const uint4 *)&right[d][tile.col() + j * 8 + tile.group()][word];
			}
		}
#pragma unroll
		for (u32 i = 0; i < HIGH; ++i) {
			uint4 upper[DIGITS], lower[DIGITS];
#pragma unroll
			for (u32 d = 0; d < DIGITS; ++d) {
				upper[d] = *(const uint4 *)&left[d][tile.row_of(i, 0)][word];
				lower[d] = *(const uint4 *)&left[d][tile.row_of(i, 2)][word];
			}
#pragma unroll
			for (u32 j = 0; j < WIDE; ++j) {
				multiply(tile.sums[0][i][j], upper[0], lower[0], b[0][j]);
				if (DIGITS == 2) {
					multiply(tile.sums[low][i][j], upper[0], lower[0], b[low][j]);
					multiply(tile.sums[low][i][j], upper[low], lower[low], b[0][j]);
				}
			}
		}
	}
};

// 128 x 128, 128 x 64 and twice 32 x 32 results.
QUANT_MATMUL(quant_matmul_large_i8, Warps, 1, 4, 4, 2, 4, 1)
QUANT_MATMUL(quant_matmul_large_q15, Warps, 2, 2, 4, 4, 2, 1)
QUANT_MATMUL(quant_matmul_small_i8, Warps, 1, 1, 2, 2, 2, 4)
QUANT_MATMUL(quant_matmul_small_q15, Warps, 2, 1, 2, 2, 2, 4)
