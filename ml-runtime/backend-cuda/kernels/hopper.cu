// Quantised products on the tensor cores of Hopper (compute capability 9.0), in the place of the kernels of
// the same names in quant.cu, from which they differ in nothing but the instruction: four warps multiply, and
// read both operands from shared memory.
// target sm_90a
//
// A stage of a lane is 64 bytes, in the instruction's swizzle of that width: eight lanes after the other are
// 512 bytes, in which the four quarters of a lane are exchanged so that neither copies nor products of
// neighbouring lanes meet in a bank. Where the emulator has the instruction, it says how its operands and
// sums lie (src/emulator/group.rs). All of a stage is one piece of assembly, which begins and ends with what
// the instruction demands: nobody touches the sums while it is at work.
#include "quant.cuh"

// The terms of eight lanes and more from the shared memory of the first of them on: where they begin in
// units of 16 bytes, 512 bytes from eight lanes to the next eight, and the swizzle of 64 bytes.
INLINE u64 matrix(const u32 *words) {
	const u32 address = (u32)__cvta_generic_to_shared(words);
	return (u64)((address & 0x3FFFF) >> 4) | 1ull << 16 | (u64)(512 >> 4) << 32 | 2ull << 62;
}

// The other half of the terms of a stage: 32 bytes further.
INLINE u64 second(u64 matrix) { return matrix + 2; }

#define SUM(s, j) "+r"(s[j][0]), "+r"(s[j][1]), "+r"(s[j][2]), "+r"(s[j][3])
#define SUMS8(s) SUM(s, 0), SUM(s, 1), SUM(s, 2), SUM(s, 3), SUM(s, 4), SUM(s, 5), SUM(s, 6), SUM(s, 7)
#define SUMS16(s) \
	SUMS8(s), SUM(s, 8), SUM(s, 9), SUM(s, 10), SUM(s, 11), SUM(s, 12), SUM(s, 13), SUM(s, 14), SUM(s, 15)
#define BEGIN "{\n.reg .pred %%add;\nsetp.ne.b32 %%add, %"
#define FENCE ", 0;\nwgmma.fence.sync.aligned;\n"
#define END "wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n}"

// 64 x 128 sums of the 64 products of a stage each.
INLINE void multiply(int (&sums)[16][4], u64 a, u64 b) {
#define WIDE_SUMS \
	"{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, " \
	"%19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, " \
	"%36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, " \
	"%53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}"
#define MULTIPLY(left, right) \
	"wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8 " WIDE_SUMS ", " left ", " right ", %%add;\n"
	asm volatile(BEGIN "68" FENCE MULTIPLY("%64", "%65") MULTIPLY("%66", "%67") END
		: SUMS16(sums)
		: "l"(a), "l"(b), "l"(second(a)), "l"(second(b)), "r"(1)
		: "memory");
#undef MULTIPLY
}

// The same of 64 x 64 sums and of two digits: those of high ones, and those of a high and a low one.
INLINE void multiply(int (&highs)[8][4], int (&crossed)[8][4], u64 a, u64 b, u64 a_low, u64 b_low) {
#define HIGHS \
	"{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, " \
	"%19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}"
#define CROSSED \
	"{%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, " \
	"%49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}"
#define MULTIPLY(sums, left, right) \
	"wgmma.mma_async.sync.aligned.m64n64k32.s32.s8.s8 " sums ", " left ", " right ", %%add;\n"
	asm volatile(BEGIN "72" FENCE
			MULTIPLY(HIGHS, "%64", "%66") MULTIPLY(CROSSED, "%64", "%67") MULTIPLY(CROSSED, "%65", "%66")
			MULTIPLY(HIGHS, "%68", "%70") MULTIPLY(CROSSED, "%68", "%71") MULTIPLY(CROSSED, "%69", "%70")
		END
		: SUMS8(highs), SUMS8(crossed)
		: "l"(a), "l"(a_low), "l"(b), "l"(b_low), "l"(second(a)), "l"(second(a_low)), "l"(second(b)),
			"l"(second(b_low)), "r"(1)
		: "memory");
#undef MULTIPLY
}

struct Groups {
	__device__ __forceinline__ static u32 place(u32 lane, u32 quarter) {
		return quarter ^ lane / 2 % 4;
	}

	// Copies are made by other ways than the tensor core reads.
	__device__ __forceinline__ static void arrived() {
		asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
	}

	// Rows of a group of warps, which has all columns.
	__device__ __forceinline__ static u32 row() { return threadIdx.x / 128 * 64; }

	template <u32 DOWN>
	__device__ __forceinline__ static void step(Tile<1, 1, 16, DOWN, 1> &tile,
		const u32 (*left)[DOWN * 16][STAGE_WORDS], const u32 (*right)[128][STAGE_WORDS]) {
		multiply(tile.sums[0][0], matrix(left[0][row()]), matrix(right[0][0]));
	}

	template <u32 DOWN>
	__device__ __forceinline__ static void step(Tile<2, 1, 8, DOWN, 1> &tile,
		const u32 (*left)[DOWN * 16][STAGE_WORDS], const u32 (*right)[64][STAGE_WORDS]) {
		multiply(tile.sums[0][0], tile.sums[1][0], matrix(left[0][row()]), matrix(right[0][0]),
			matrix(left[1][row()]), matrix(right[1][0]));
	}
};

QUANT_MATMUL(quant_matmul_large_i8, Groups, 1, 1, 16, 8, 1, 1)
QUANT_MATMUL(quant_matmul_large_q15, Groups, 2, 1, 8, 8, 1, 1)
