// Operations that copy words, and those that write constants.
//
// Schedule: one thread for each word of the result, but one for each four words of a mask, which
// come from one block of random words. Nothing is summed.
#include "arith.cuh"

extern "C" __global__ void copy_u32(const u32 *a, u32 *out, u32 count) {
	EACH(i, count) out[i] = a[i];
}

extern "C" __global__ void copy_f32(const u32 *a, u32 *out, u32 count) {
	EACH(i, count) out[i] = canonical(a[i]);
}

extern "C" __global__ void fill(u32 *out, u32 count, u32 word) {
	EACH(i, count) out[i] = canonical(word);
}

extern "C" __global__ void iota(u32 *out, u32 count, u32 first, u32 stride) {
	EACH(i, count) out[i] = first + i * stride;
}

// Columns after the diagonal of each square become the word.
extern "C" __global__ void causal(const u32 *a, u32 *out, u32 count, u32 cols, u32 word) {
	EACH(i, count) out[i] = canonical(i % cols > i / cols % cols ? word : a[i]);
}

// (x1, x2) becomes (-x2, x1) in each run of `width` columns; runs do not cross rows.
extern "C" __global__ void rotate_half(const u32 *a, u32 *out, u32 count, u32 width) {
	const u32 half = width / 2;
	EACH(i, count) out[i] = i % width < half ? neg(a[i + half]) : canonical(a[i - half]);
}

// Philox4x32-10, as in primitives/ops/src/philox.rs.
INLINE uint4 philox(uint4 c, u32 k0, u32 k1) {
#pragma unroll
	for (u32 round = 0; round < 10; ++round) {
		const u32 high0 = __umulhi(0xD2511F53u, c.x), low0 = 0xD2511F53u * c.x;
		const u32 high1 = __umulhi(0xCD9E8D57u, c.z), low1 = 0xCD9E8D57u * c.z;
		c = make_uint4(high1 ^ c.y ^ k0, low1, high0 ^ c.w ^ k1, low0);
		k0 += 0x9E3779B9u;
		k1 += 0xBB67AE85u;
	}
	return c;
}

// The number of the step is in memory, low word first, so that the launch is the same in every step.
extern "C" __global__ void mask(
	const u32 *step, u32 *out, u32 count, u32 k0, u32 k1, u32 threshold, u32 scale) {
	const u32 kept = canonical(scale), low = step[0], high = step[1];
	EACH(block, (count + 3) / 4) {
		const uint4 random = philox(make_uint4(block, 0, low, high), k0, k1);
		const u32 words[4] = { random.x, random.y, random.z, random.w };
#pragma unroll
		for (u32 i = 0; i < 4; ++i) {
			if (block * 4 + i < count) out[block * 4 + i] = words[i] < threshold ? 0 : kept;
		}
	}
}
