//! Is the floating-point unit of this thread in the state that the op spec needs?

use std::hint::black_box;

/// Whether this thread rounds to nearest even, keeps subnormal results (no FTZ) and reads subnormal
/// operands (no DAZ).
///
/// A foreign library may have switched one of these on for a thread and never back. The question is
/// asked by calculating, not by reading a control register, so the answer holds on every processor.
pub fn is_float_environment_sound() -> bool {
	let smallest_normal = black_box(f32::MIN_POSITIVE);
	let subnormal = black_box(f32::from_bits(1));
	let one = black_box(1.0_f32);
	let half_ulp = black_box(f32::EPSILON / 2.0);
	let keeps_results = (smallest_normal * black_box(0.5)).to_bits() == 0x0040_0000;
	let reads_operands = (subnormal * black_box(8_388_608.0)).to_bits() == 0x0080_0000;
	let nearest_even = one + half_ulp == one && -one - half_ulp == -one;
	let nearest_above = one + black_box(f32::EPSILON * 0.75) == 1.0 + f32::EPSILON;
	let nearest_below = one - half_ulp * black_box(0.75) == 1.0 - f32::EPSILON / 2.0;
	keeps_results && reads_operands && nearest_even && nearest_above && nearest_below
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn float_environment_should_be_sound_when_nobody_touched_it() {
		assert!(is_float_environment_sound());
	}

	#[cfg(target_arch = "x86_64")]
	#[test]
	#[allow(deprecated, unsafe_code)]
	fn float_environment_should_be_unsound_when_a_mode_is_switched() {
		use std::arch::x86_64::{_mm_getcsr, _mm_setcsr};
		// DAZ, FTZ, round down, round up, truncate.
		for bits in [0x0040_u32, 0x8000, 0x2000, 0x4000, 0x6000] {
			// SAFETY: SSE is part of x86-64, and the register is restored before anything else runs.
			let sound = unsafe {
				let before = _mm_getcsr();
				_mm_setcsr(before | bits);
				let sound = is_float_environment_sound();
				_mm_setcsr(before);
				sound
			};
			assert!(!sound, "mode {bits:#x} was not noticed");
		}
	}
}
