// Roots of values, which are plain BLAKE3 of their tiles, and whether floats are finite.
//
// Schedule: one thread for each chunk of 1 KiB, which is 8 rows of a tile of 32 × 32 words; then, level by
// level, one thread for each pair of subtrees, where one without a partner goes up as it is. For floats, each
// thread looks at words that lie as far apart as there are threads, and a warp sums up what they found.
#include "arith.cuh"

const u32 TILE = 32;
const u32 CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8;

INLINE u32 turned(u32 x, u32 by) { return __funnelshift_r(x, x, by); }

INLINE void mix(u32 &a, u32 &b, u32 &c, u32 &d, u32 x, u32 y) {
	a = a + b + x;
	d = turned(d ^ a, 16);
	c = c + d;
	b = turned(b ^ c, 12);
	a = a + b + y;
	d = turned(d ^ a, 8);
	c = c + d;
	b = turned(b ^ c, 7);
}

INLINE void start(u32 *cv) {
	cv[0] = 0x6A09E667u, cv[1] = 0xBB67AE85u, cv[2] = 0x3C6EF372u, cv[3] = 0xA54FF53Au;
	cv[4] = 0x510E527Fu, cv[5] = 0x9B05688Cu, cv[6] = 0x1F83D9ABu, cv[7] = 0x5BE0CD19u;
}

// BLAKE3's compression of a block of 64 bytes into a chaining value.
INLINE void compress(u32 *cv, u32 *m, u32 counter, u32 flags) {
	u32 v[16];
	start(v + 8);
#pragma unroll
	for (u32 i = 0; i < 8; ++i) v[i] = cv[i];
	v[12] = counter, v[13] = 0, v[14] = 64, v[15] = flags;
#pragma unroll
	for (u32 round = 0; round < 7; ++round) {
		mix(v[0], v[4], v[8], v[12], m[0], m[1]);
		mix(v[1], v[5], v[9], v[13], m[2], m[3]);
		mix(v[2], v[6], v[10], v[14], m[4], m[5]);
		mix(v[3], v[7], v[11], v[15], m[6], m[7]);
		mix(v[0], v[5], v[10], v[15], m[8], m[9]);
		mix(v[1], v[6], v[11], v[12], m[10], m[11]);
		mix(v[2], v[7], v[8], v[13], m[12], m[13]);
		mix(v[3], v[4], v[9], v[14], m[14], m[15]);
		const u32 o[16] = { m[2], m[6], m[3], m[10], m[7], m[0], m[4], m[13], m[1], m[11], m[12],
			m[5], m[9], m[14], m[15], m[8] };
#pragma unroll
		for (u32 i = 0; i < 16; ++i) m[i] = o[i];
	}
#pragma unroll
	for (u32 i = 0; i < 8; ++i) cv[i] = v[i] ^ v[i + 8];
}

// The chaining values of the chunks of a matrix. There are four or more, so none is a root.
extern "C" __global__ void hash_chunks(const u32 *a, u32 *out, u32 chunks, u32 rows, u32 cols) {
	const u32 across = (cols + TILE - 1) / TILE;
	EACH(chunk, chunks) {
		const u32 tile = chunk / 4;
		const u32 top = tile / across * TILE + chunk % 4 * 8, left = tile % across * TILE;
		u32 cv[8];
		start(cv);
#pragma unroll 1
		for (u32 block = 0; block < 16; ++block) {
			const u32 row = top + block / 2, col = left + block % 2 * 16;
			const u32 *from = a + ((u64) row * cols + col);
			u32 m[16];
#pragma unroll
			for (u32 i = 0; i < 16; ++i) m[i] = row < rows && col + i < cols ? from[i] : 0;
			const u32 flags = block == 0 ? CHUNK_START : block == 15 ? CHUNK_END : 0;
			compress(cv, m, chunk, flags);
		}
#pragma unroll
		for (u32 i = 0; i < 8; ++i) out[(u64) chunk * 8 + i] = cv[i];
	}
}

// The next level of the tree over so many subtrees; it is the last one if they are two.
extern "C" __global__ void hash_parents(const u32 *a, u32 *out, u32 subtrees) {
	const u32 flags = subtrees == 2 ? PARENT | ROOT : PARENT;
	EACH(pair, subtrees / 2 + subtrees % 2) {
		const u32 *from = a + (u64) pair * 16;
		u32 cv[8];
		if (pair * 2 + 1 == subtrees) {
#pragma unroll
			for (u32 i = 0; i < 8; ++i) cv[i] = from[i];
		} else {
			u32 m[16];
#pragma unroll
			for (u32 i = 0; i < 16; ++i) m[i] = from[i];
			start(cv);
			compress(cv, m, 0, flags);
		}
#pragma unroll
		for (u32 i = 0; i < 8; ++i) out[(u64) pair * 8 + i] = cv[i];
	}
}

// For each thread, all ones if one of its words is infinite or NaN, else 0.
extern "C" __global__ void special(const u32 *a, u32 *out, u32 count) {
	u32 found = 0;
	EACH(i, count) found |= (a[i] & INFINITE) == INFINITE ? ~0u : 0;
	out[blockIdx.x * blockDim.x + threadIdx.x] = found;
}

// What so many threads found, and others before them, in one warp.
extern "C" __global__ void found(const u32 *a, const u32 *before, u32 *out, u32 count) {
	u32 any = before[threadIdx.x];
	for (u32 i = threadIdx.x; i < count; i += TILE) any |= a[i];
	out[threadIdx.x] = any;
}
