// Arithmetic on the bits of f32, as in primitives/ops/src/soft: every operation rounds once, to
// nearest, ties to even, and keeps subnormals. Only these functions compute; a kernel never writes
// + or * on floats.
#pragma once

typedef unsigned int u32;
typedef unsigned long long u64;

#define INLINE static __device__ __forceinline__

const u32 SIGN = 0x80000000u;
const u32 INFINITE = 0x7F800000u;
const u32 CANONICAL_NAN = 0x7FC00000u;
const u32 ONE = 0x3F800000u;

INLINE float number(u32 x) { return __uint_as_float(x); }
INLINE u32 bits(float x) { return __float_as_uint(x); }

INLINE u32 add(u32 a, u32 b) { return bits(__fadd_rn(number(a), number(b))); }
INLINE u32 sub(u32 a, u32 b) { return bits(__fsub_rn(number(a), number(b))); }
INLINE u32 mul(u32 a, u32 b) { return bits(__fmul_rn(number(a), number(b))); }
INLINE u32 fma(u32 a, u32 b, u32 c) { return bits(__fmaf_rn(number(a), number(b), number(c))); }
INLINE u32 div(u32 a, u32 b) { return bits(__fdiv_rn(number(a), number(b))); }
INLINE u32 root(u32 x) { return bits(__fsqrt_rn(number(x))); }

INLINE bool is_nan(u32 x) { return (x & ~SIGN) > INFINITE; }
// What is stored for x: the device makes NaNs of other bits.
INLINE u32 canonical(u32 x) { return is_nan(x) ? CANONICAL_NAN : x; }
INLINE u32 neg(u32 x) { return canonical(x ^ SIGN); }

// Its unsigned order is -inf < .. < -0 < +0 < .. < +inf < NaN; `of_key` turns it back.
INLINE u32 order_key(u32 x) {
	x = canonical(x);
	return x & SIGN ? ~x : x | SIGN;
}
INLINE u32 of_key(u32 key) { return key & SIGN ? key ^ SIGN : ~key; }

// The value where the switch is above 0, +0 where it is not, NaN where it is NaN.
INLINE u32 gate(u32 open, u32 value) {
	if (is_nan(open)) return CANONICAL_NAN;
	return open != 0 && !(open & SIGN) ? canonical(value) : 0;
}

// The loop of a kernel that has one thread for each word of the result, or fewer.
#define EACH(i, count) \
	for (u32 i = blockIdx.x * blockDim.x + threadIdx.x; i < (count); i += gridDim.x * blockDim.x)
