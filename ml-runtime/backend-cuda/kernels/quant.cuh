// What the products of quantised operands have in common, however a stage is multiplied. `quant.cu` does it
// with the instructions of a warp, `hopper.cu` with those of four.
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
// Order: the sums of a block are exact, so their order is free. At the end of a block each sum is
// rounded once and folded with add: the first block is stored, not added. `parts` as in matmul.cu.
#include "arith.cuh"

const u32 BLOCK = 512;
const u32 STAGE = 64;
const u32 STAGE_WORDS = STAGE / 4;
const u32 STAGES_OF_BLOCK = BLOCK / STAGE;
// Exponent of a lane with an infinity or a NaN; sums with it are above any other.
const int NOT_FINITE = 4096;

// 2^e, e in -126..127.
INLINE u32 power(int e) { return (u32)(e + 127) << 23; }

// Begins to copy a stage of some lanes to shared memory, 16 bytes at a time, each to the place among the
// lane's that HOW says.
template <typename HOW, u32 DIGITS, u32 LANES, u32 THREADS>
INLINE void fetch(u32 (*to)[LANES][STAGE_WORDS], const u32 *from, u32 stride, u32 digit_stride) {
#pragma unroll
	for (u32 j = 0; j < DIGITS * LANES * 4 / THREADS; ++j) {
		const u32 e = j * THREADS + threadIdx.x;
		const u32 digit = e / (LANES * 4), lane = e / 4 % LANES, word = e % 4 * 4;
		const u32 place = HOW::place(lane, word / 4) * 4;
		const u32 target = (u32)__cvta_generic_to_shared(&to[digit][lane][place]);
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

// HOW has `place`, `arrived`, after which what a thread copied may be read as HOW does, and `step`, which
// adds the products of a stage.
template <typename HOW, u32 DIGITS, u32 HIGH, u32 WIDE, u32 DOWN, u32 ACROSS>
INLINE void product(Operand a, Operand b, u32 *out, u32 m, u32 n, u32 k, u32 parts) {
	typedef Tile<DIGITS, HIGH, WIDE, DOWN, ACROSS> Part;
	const u32 ROWS = Part::ROWS, COLS = Part::COLS, THREADS = Part::THREADS;
	// As many as 48 KiB hold for the largest tiles.
	const u32 BUFFERS = DIGITS == 1 ? 3 : 2;
	__shared__ __align__(512) u32 left[BUFFERS][DIGITS][ROWS][STAGE_WORDS];
	__shared__ __align__(512) u32 right[BUFFERS][DIGITS][COLS][STAGE_WORDS];
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
		fetch<HOW, DIGITS, ROWS, THREADS>(left[buffer], a.digits + at, stride, a_digit); \
		fetch<HOW, DIGITS, COLS, THREADS>(right[buffer], b.digits + at, stride, b_digit); \
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
		HOW::arrived();
		__syncthreads();
		FETCH(s + BUFFERS - 1);
		if (s % STAGES_OF_BLOCK == 0) {
			const u32 block = s / STAGES_OF_BLOCK, at_row = block * down * ROWS;
			tile.begin_block(a.exponents + at_row, b.exponents + block * across * COLS);
		}
		HOW::step(tile, left[s % BUFFERS], right[s % BUFFERS]);
		if ((s + 1) % STAGES_OF_BLOCK == 0 || s + 1 == end) {
			tile.end_block(s - start < STAGES_OF_BLOCK);
		}
	}
	out += part * m * n + first_row * n + first_col;
	tile.store(out, m - first_row, n - first_col, n);
}

#define QUANT_MATMUL(name, how, digit_count, high, wide, down, across, per_unit) \
	extern "C" __global__ void __launch_bounds__(down * across * 32, per_unit) name( \
		const u32 *a, const u32 *a_exponents, const u32 *b, const u32 *b_exponents, u32 *out, \
		u32 m, u32 n, u32 k, u32 parts) { \
		product<how, digit_count, high, wide, down, across>( \
			{ a, a_exponents }, { b, b_exponents }, out, m, n, k, parts); \
	}
