// Operations that slide a window over images of height x width x channels, and their gradients.
//
// Schedule: one thread for each word of the result. Every scatter is written as a gather, as in
// primitives/ops/src/eval/pool.rs.
// Order: sums start from +0. Means go over the kernel in ascending (row, column), and so does
// col2im over the entries that saw the pixel; gradients of pools go over the window positions that
// hold the pixel in ascending (row, column), where the kernel entry descends.
#include "arith.cuh"

struct Window {
	u32 height, width, channels, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, out_h, out_w;
};

// A row of a matrix of images (or of window positions), taken apart.
struct Place {
	u32 image, y, x;
};

INLINE Place place(u32 row, u32 height, u32 width) {
	return { row / (height * width), row / width % height, row % width };
}

// Row of the pixel that kernel entry (ky, kx) of a position sees; false in the padding.
INLINE bool pixel(const Window &w, Place at, u32 ky, u32 kx, u32 &row) {
	const u32 y = at.y * w.stride_h + ky - w.pad_h, x = at.x * w.stride_w + kx - w.pad_w;
	row = (at.image * w.height + y) * w.width + x;
	// A coordinate below 0 has wrapped around and is above any size.
	return y < w.height && x < w.width;
}

// Row of the position whose kernel entry (ky, kx) sees a pixel; false if there is none.
INLINE bool position(const Window &w, Place at, u32 ky, u32 kx, u32 &row) {
	if (at.y + w.pad_h < ky || at.x + w.pad_w < kx) return false;
	const u32 y = at.y + w.pad_h - ky, x = at.x + w.pad_w - kx;
	row = (at.image * w.out_h + y / w.stride_h) * w.out_w + x / w.stride_w;
	return y % w.stride_h == 0 && x % w.stride_w == 0 && y / w.stride_h < w.out_h
		&& x / w.stride_w < w.out_w;
}

INLINE u32 reciprocal(const Window &w) {
	// At most 255 * 255, which f32 holds exactly.
	return div(ONE, bits(__uint2float_rn(w.kernel_h * w.kernel_w)));
}

// Row of the first greatest pixel of a window, and its key.
INLINE u32 greatest(const Window &w, const u32 *a, Place at, u32 channel, u32 &key) {
	u32 best = 0;
	key = 0;
	for (u32 ky = 0; ky < w.kernel_h; ++ky) {
		for (u32 kx = 0; kx < w.kernel_w; ++kx) {
			u32 row;
			if (!pixel(w, at, ky, kx, row)) continue;
			const u32 here = order_key(a[row * w.channels + channel]);
			if (here > key) {
				key = here;
				best = row;
			}
		}
	}
	return best;
}

extern "C" __global__ void im2col(const u32 *a, u32 *out, u32 count, Window w) {
	const u32 kernel = w.kernel_h * w.kernel_w, patch = kernel * w.channels;
	EACH(i, count) {
		const u32 channel = i % patch / kernel, entry = i % kernel;
		u32 row;
		const bool inside =
			pixel(w, place(i / patch, w.out_h, w.out_w), entry / w.kernel_w, entry % w.kernel_w, row);
		out[i] = inside ? canonical(a[row * w.channels + channel]) : 0;
	}
}

extern "C" __global__ void col2im(const u32 *a, u32 *out, u32 count, Window w) {
	const u32 kernel = w.kernel_h * w.kernel_w, patch = kernel * w.channels;
	EACH(i, count) {
		const Place at = place(i / w.channels, w.height, w.width);
		u32 sum = 0;
		for (u32 entry = 0; entry < kernel; ++entry) {
			u32 row;
			if (position(w, at, entry / w.kernel_w, entry % w.kernel_w, row)) {
				sum = add(sum, a[row * patch + i % w.channels * kernel + entry]);
			}
		}
		out[i] = canonical(sum);
	}
}

extern "C" __global__ void max_pool(const u32 *a, u32 *out, u32 count, Window w) {
	EACH(i, count) {
		u32 key;
		greatest(w, a, place(i / w.channels, w.out_h, w.out_w), i % w.channels, key);
		out[i] = of_key(key);
	}
}

extern "C" __global__ void avg_pool(const u32 *a, u32 *out, u32 count, Window w) {
	EACH(i, count) {
		const Place at = place(i / w.channels, w.out_h, w.out_w);
		u32 sum = 0;
		for (u32 entry = 0; entry < w.kernel_h * w.kernel_w; ++entry) {
			u32 row;
			if (pixel(w, at, entry / w.kernel_w, entry % w.kernel_w, row)) {
				sum = add(sum, a[row * w.channels + i % w.channels]);
			}
		}
		out[i] = canonical(mul(sum, reciprocal(w)));
	}
}

extern "C" __global__ void max_pool_grad(
	const u32 *a, const u32 *gradient, u32 *out, u32 count, Window w) {
	EACH(i, count) {
		const u32 channel = i % w.channels;
		const Place at = place(i / w.channels, w.height, w.width);
		u32 sum = 0;
		for (u32 entry = w.kernel_h * w.kernel_w; entry-- > 0;) {
			u32 row, key;
			if (!position(w, at, entry / w.kernel_w, entry % w.kernel_w, row)) continue;
			if (greatest(w, a, place(row, w.out_h, w.out_w), channel, key) == i / w.channels) {
				sum = add(sum, gradient[row * w.channels + channel]);
			}
		}
		out[i] = canonical(sum);
	}
}

extern "C" __global__ void avg_pool_grad(const u32 *gradient, u32 *out, u32 count, Window w) {
	EACH(i, count) {
		const Place at = place(i / w.channels, w.height, w.width);
		u32 sum = 0;
		for (u32 entry = w.kernel_h * w.kernel_w; entry-- > 0;) {
			u32 row;
			if (position(w, at, entry / w.kernel_w, entry % w.kernel_w, row)) {
				sum = add(sum, gradient[row * w.channels + i % w.channels]);
			}
		}
		out[i] = canonical(mul(sum, reciprocal(w)));
	}
}
