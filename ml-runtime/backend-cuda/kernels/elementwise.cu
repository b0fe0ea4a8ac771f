// Operations whose result at one position needs the operands at that position only.
//
// Schedule: one thread for each word of the result, in any order; no sums, so nothing to keep in
// order. The second operand is broadcast: for the result's element (r, c) it is element (r / each
// mod rows, c mod width) of a matrix of rows x width. That covers every kind of broadcast:
//   none: each 1, the result's rows and columns; row: 1 x columns; column: rows x 1; scalar: 1 x 1.
#include "arith.cuh"
#include "functions.cuh"

INLINE u32 spread(u32 i, u32 cols, u32 each, u32 rows, u32 width) {
	return i / cols / each % rows * width + i % cols % width;
}

#define UNARY(name, expression) \
	extern "C" __global__ void name(const u32 *a, u32 *out, u32 count) { \
		EACH(i, count) { \
			const u32 x = a[i]; \
			out[i] = canonical(expression); \
		} \
	}

UNARY(neg_f32, neg(x))
UNARY(sqrt_f32, root(x))
UNARY(relu_f32, gate(x, x))
UNARY(exp_f32, formula::exp(x))
UNARY(log_f32, formula::log(x))
UNARY(tanh_f32, formula::tanh(x))
UNARY(erf_f32, formula::erf(x))
UNARY(abs_f32, x & ~SIGN)
UNARY(sigmoid_f32, formula::sigmoid(x))
UNARY(silu_f32, formula::silu(x))
UNARY(gelu_f32, formula::gelu(x))
UNARY(rsqrt_f32, div(ONE, root(x)))

INLINE u32 lesser(u32 x, u32 y) {
	if (is_nan(x) || is_nan(y)) return CANONICAL_NAN;
	return order_key(y) < order_key(x) ? y : x;
}

#define BINARY(name, expression) \
	extern "C" __global__ void name(const u32 *a, const u32 *b, u32 *out, u32 count, u32 cols, \
		u32 each, u32 rows, u32 width) { \
		EACH(i, count) { \
			const u32 x = a[i], y = b[spread(i, cols, each, rows, width)]; \
			out[i] = canonical(expression); \
		} \
	}

BINARY(add_f32, add(x, y))
BINARY(sub_f32, sub(x, y))
BINARY(mul_f32, mul(x, y))
BINARY(div_f32, div(x, y))
BINARY(relu_grad_f32, gate(x, y))
BINARY(max_f32, order_key(y) > order_key(x) ? y : x)
BINARY(min_f32, lesser(x, y))
BINARY(tanh_grad_f32, formula::tanh_grad(x, y))
BINARY(sigmoid_grad_f32, formula::sigmoid_grad(x, y))
BINARY(silu_grad_f32, formula::silu_grad(x, y))
BINARY(gelu_grad_f32, formula::gelu_grad(x, y))

#define TERNARY(name, expression) \
	extern "C" __global__ void name(const u32 *a, const u32 *b, const u32 *c, u32 *out, u32 count, \
		u32 cols, u32 each, u32 rows, u32 width) { \
		EACH(i, count) { \
			const u32 x = a[i], y = b[spread(i, cols, each, rows, width)], z = c[i]; \
			out[i] = canonical(expression); \
		} \
	}

TERNARY(fma_f32, fma(x, y, z))
TERNARY(select_f32, y & ~SIGN ? x : z)
