// Quantised matrix products on the integer tensor cores.
//
// Two steps. First each operand becomes integers, a lane (a row of A or a column of B) and a block
// of 512 terms at a time: `quantise_*`. Then the integers are multiplied: `quant_matmul_*`.
//
// Integers: four of eight bits to a word, neighbouring terms of one lane, lanes one after the
// other; a lane is padded with zeros to whole stages of 64 terms, and the lanes to whole tiles. Of
// 15 bits there are two digits, q = 128 * high + low with low in -64..63: first all high ones, then
// all low ones. Exponents of the scales: those of a block side by side.
//
// Schedule of a product: a thread block computes a tile of results, each warp a part of it. The
// stages are copied to a ring of buffers in shared memory while earlier ones are multiplied. One
// barrier per stage suffices: a buffer is filled again in the stage after the one that read it.
//
// Order: the sums of a block are exact, so their order is free, and a thread takes the terms as
// they lie in memory: its 16 bytes of a lane are the fragments of two instructions, the same terms
// for A and B. At the end of a block each sum is rounded once and folded with add: the first block
// is stored, not added. `parts` as in matmul.cu.
#include "arith.cuh"

const u32 BLOCK = 512;
const u32 STAGE = 64;
const u32 STAGE_WORDS = STAGE / 4;
const u32 STAGES_OF_BLOCK = BLOCK / STAGE;
// Exponent of a lane with an infinity or a NaN; sums with it are above any other.
const int NOT_FINITE = 4096;

// --- Integers ---

struct Scale {
	int exponent;
	// Their product is 2^-exponent, which may be beyond f32.
	u32 one, two;
	// Ones, or zeros where a term is not finite.
	u32 keep;
};

// 2^e, e in -126..127.
INLINE u32 power(int e) { return (u32)(e + 127) << 23; }

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

// Begins to copy a stage of some lanes to shared memory, 16 bytes at a time.
template <u32 DIGITS, u32 LANES, u32 THREADS>
INLINE void fetch(u32 (*to)[LANES][STAGE_WORDS], const u32 *from, u32 stride, u32 digit_stride) {
#pragma unroll
	for (u32 j = 0; j < DIGITS * LANES * 4 / THREADS; ++j) {
		const u32 e = j * THREADS + threadIdx.x;
		const u32 digit = e / (LANES * 4), lane = e / 4 % LANES, word = e % 4 * 4;
		const u32 target = (u32)__cvta_generic_to_shared(&to[digit][lane][word]);
		const u32 *source = from + digit * digit_stride + lane * stride + word;
		asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(target),
			"l"(__cvta_generic_to_global(source)));
	}
}

// A sum in units of 2^e, rounded once. PLAIN: e is in -126..127, so a sum times 2^e that is not 0
// is normal or infinite, and only the conversion rounds. Elsewhere the product is exact in f64.
template <bool PLAIN> INLINE u32 rounded(int sum, int e) {
	if (PLAIN) return mul(bits(__int2float_rn(sum)), power(e));
	const double unit = __longlong_as_double((long long)((u64)(u32)(e + 1023) << 52));
	const u32 word = bits(__double2float_rn(__dmul_rn(__int2double_rn(sum), unit)));
	return e >= NOT_FINITE / 2 ? CANONICAL_NAN : word;
}

// A tile of DOWN x ACROSS warps, each of which has HIGH x WIDE fragments of 16 x 8 results.
template <u32 DIGITS, u32 HIGH, u32 WIDE, u32 DOWN, u32 ACROSS> struct Tile {
	static const u32 ROWS = DOWN * HIGH * 16, COLS = ACROSS * WIDE * 8;
	static const u32 THREADS = DOWN * ACROSS * 32;
	// Sums of the block so far: of 15 bits those of high digits, and those of a high and a low one.
	int sums[DIGITS][HIGH][WIDE][4];
	// The fold of the blocks before it.
	u32 folded[HIGH][WIDE][4];
	// Exponents of the thread's rows and columns in the block.
	int e_row[HIGH][2], e_col[WIDE][2];

	// First row and column of the warp; what the PTX ISA calls groupID and threadID_in_group.
	__device__ __forceinline__ static u32 row() { return threadIdx.x / 32 / ACROSS * HIGH * 16; }
	__device__ __forceinline__ static u32 col() { return threadIdx.x / 32 % ACROSS * WIDE * 8; }
	__device__ __forceinline__ static u32 group() { return threadIdx.x / 4 % 8; }
	__device__ __forceinline__ static u32 member() { return threadIdx.x % 4; }

	// Row and column in the tile of sum c of a thread in fragment (i, j).
	__device__ __forceinline__ static u32 row_of(u32 i, u32 c) {
		return row() + i * 16 + group() + c / 2 * 8;
	}
	__device__ __forceinline__ static u32 col_of(u32 j, u32 c) {
		return col() + j * 8 + member() * 2 + c % 2;
	}

	// Adds the products of a stage.
	__device__ __forceinline__ void step(
		const u32 (*left)[ROWS][STAGE_WORDS], const u32 (*right)[COLS][STAGE_WORDS]) {
		const u32 word = member() * 4, low = DIGITS - 1;
		uint4 b[DIGITS][WIDE];
#pragma unroll
		for (u32 d = 0; d < DIGITS; ++d) {
#pragma unroll
			for (u32 j = 0; j < WIDE; ++j) {
				b[d][j] = *(const uint4 *)&right[d][col() + j * 8 + group()][word];
			}
		}
#pragma unroll
		for (u32 i = 0; i < HIGH; ++i) {
			uint4 upper[DIGITS], lower[DIGITS];
#pragma unroll
			for (u32 d = 0; d < DIGITS; ++d) {
				upper[d] = *(const uint4 *)&left[d][row_of(i, 0)][word];
				lower[d] = *(const uint4 *)&left[d][row_of(i, 2)][word];
			}
#pragma unroll
			for (u32 j = 0; j < WIDE; ++j) {
				multiply(sums[0][i][j], upper[0], lower[0], b[0][j]);
				if (DIGITS == 2) {
					multiply(sums[low][i][j], upper[0], lower[0], b[low][j]);
					multiply(sums[low][i][j], upper[low], lower[low], b[0][j]);
				}
			}
		}
	}

	// The exponents are on their way while the block is multiplied.
	__device__ __forceinline__ void begin_block(
		const u32 *row_exponents, const u32 *col_exponents) {
#pragma unroll
		for (u32 i = 0; i < HIGH * 2; ++i) {
			e_row[i / 2][i % 2] = (int)row_exponents[row_of(i / 2, i % 2 * 2)];
		}
#pragma unroll
		for (u32 j = 0; j < WIDE * 2; ++j) {
			e_col[j / 2][j % 2] = (int)col_exponents[col_of(j / 2, j % 2)];
		}
	}

	// Rounds the sums, folds them, and starts them anew.
	__device__ __forceinline__ void end_block(bool first) {
		bool plain = true;
#pragma unroll
		for (u32 i = 0; i < HIGH * 2; ++i) {
			// Of 15 bits the unit is 2^7, so that the sum is below 2^31.
			if (DIGITS == 2) e_row[i / 2][i % 2] += 7;
			plain = plain && e_row[i / 2][i % 2] >= -63 && e_row[i / 2][i % 2] <= 63;
		}
#pragma unroll
		for (u32 j = 0; j < WIDE * 2; ++j) {
			plain = plain && e_col[j / 2][j % 2] >= -63 && e_col[j / 2][j % 2] <= 63;
		}
		// The warp stays together, as its next product demands.
		if (__all_sync(~0u, plain)) {
			fold<true>(first);
		} else {
			fold<false>(first);
		}
	}

	template <bool PLAIN> __device__ __forceinline__ void fold(bool first) {
		const u32 low = DIGITS - 1;
#pragma unroll
		for (u32 i = 0; i < HIGH; ++i) {
#pragma unroll
			for (u32 j = 0; j < WIDE; ++j) {
#pragma unroll
				for (u32 c = 0; c < 4; ++c) {
					const int high = sums[0][i][j][c];
					const int sum = DIGITS == 1 ? high : high * 128 + sums[low][i][j][c];
					const u32 word = rounded<PLAIN>(sum, e_row[i][c / 2] + e_col[j][c % 2]);
					folded[i][j][c] = first ? word : add(folded[i][j][c], word);
					sums[0][i][j][c] = sums[low][i][j][c] = 0;
				}
			}
		}
	}

	__device__ __forceinline__ void store(u32 *out, u32 rows, u32 cols, u32 stride) const {
#pragma unroll
		for (u32 i = 0; i < HIGH; ++i) {
#pragma unroll
			for (u32 j = 0; j < WIDE; ++j) {
#pragma unroll
				for (u32 c = 0; c < 4; ++c) {
					const u32 row = row_of(i, c), col = col_of(j, c), word = folded[i][j][c];
					if (row < rows && col < cols) out[row * stride + col] = canonical(word);
				}
			}
		}
	}
};

// What a quantise_* kernel wrote.
struct Operand {
	const u32 *digits, *exponents;
};

template <u32 DIGITS, u32 HIGH, u32 WIDE, u32 DOWN, u32 ACROSS>
INLINE void product(Operand a, Operand b, u32 *out, u32 m, u32 n, u32 k, u32 parts) {
	typedef Tile<DIGITS, HIGH, WIDE, DOWN, ACROSS> Part;
	const u32 ROWS = Part::ROWS, COLS = Part::COLS, THREADS = Part::THREADS;
	// As many as 48 KiB hold for the largest tiles.
	const u32 BUFFERS = DIGITS == 1 ? 3 : 2;
	__shared__ __align__(16) u32 left[BUFFERS][DIGITS][ROWS][STAGE_WORDS];
	__shared__ __align__(16) u32 right[BUFFERS][DIGITS][COLS][STAGE_WORDS];
	const u32 across = (n + COLS - 1) / COLS, down = (m + ROWS - 1) / ROWS;
	const u32 first_col = blockIdx.x % across * COLS, first_row = blockIdx.x / across % down * ROWS;
	const u32 part = blockIdx.x / across / down;
	const u32 stages = (k + STAGE - 1) / STAGE, stride = stages * STAGE_WORDS;
	const u32 start = part * STAGES_OF_BLOCK, next = start + STAGES_OF_BLOCK;
	const u32 end = parts > 1 && next < stages ? next : stages;
	a.digits += first_row * stride, b.digits += first_col * stride;
	a.exponents += first_row, b.exponents += first_col;
	Part tile = {};

	const u32 a_digit = down * ROWS * stride, b_digit = across * COLS * stride;
#define FETCH(stage) \
	if ((stage) < end) { \
		const u32 buffer = (stage) % BUFFERS, at = (stage) * STAGE_WORDS; \
		fetch<DIGITS, ROWS, THREADS>(left[buffer], a.digits + at, stride, a_digit); \
		fetch<DIGITS, COLS, THREADS>(right[buffer], b.digits + at, stride, b_digit); \
	} \
	asm volatile("cp.async.commit_group;")
#pragma unroll
	for (u32 s = 0; s < BUFFERS - 1; ++s) {
		FETCH(start + s);
	}
#pragma unroll 1
	for (u32 s = start; s < end; ++s) {
		// Of the stages begun, all but the last BUFFERS - 2 have arrived: this one, too.
		asm volatile("cp.async.wait_group %0;" ::"n"(BUFFERS - 2) : "memory");
		__syncthreads();
		FETCH(s + BUFFERS - 1);
		if (s % STAGES_OF_BLOCK == 0) {
			const u32 block = s / STAGES_OF_BLOCK, at_row = block * down * ROWS;
			tile.begin_block(a.exponents + at_row, b.exponents + block * across * COLS);
		}
		tile.step(left[s % BUFFERS], right[s % BUFFERS]);
		if ((s + 1) % STAGES_OF_BLOCK == 0 || s + 1 == end) {
			tile.end_block(s - start < STAGES_OF_BLOCK);
		}
	}
	out += part * m * n + first_row * n + first_col;
	tile.store(out, m - first_row, n - first_col, n);
}

#define QUANT_MATMUL(name, digit_count, high, wide, down, across, per_unit) \
	extern "C" __global__ void __launch_bounds__(down * across * 32, per_unit) name( \
		const u32 *a, const u32 *a_exponents, const u32 *b, const u32 *b_exponents, u32 *out, \
		u32 m, u32 n, u32 k, u32 parts) { \
		product<digit_count, high, wide, down, across>( \
			{ a, a_exponents }, { b, b_exponents }, out, m, n, k, parts); \
	}

// 128 x 128, 128 x 64 and twice 32 x 32 results.
QUANT_MATMUL(quant_matmul_large_i8, 1, 4, 4, 2, 4, 1)
QUANT_MATMUL(quant_matmul_large_q15, 2, 2, 4, 4, 2, 1)
QUANT_MATMUL(quant_matmul_small_i8, 1, 1, 2, 2, 2, 4)
QUANT_MATMUL(quant_matmul_small_q15, 2, 1, 2, 2, 2, 4)
