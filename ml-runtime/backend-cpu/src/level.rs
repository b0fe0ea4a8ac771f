//! Which instructions this processor has, and the one place that enters code compiled for them.

/// The fused multiply-add of the op spec: one rounding, subnormals kept.
pub(crate) trait Fused: Copy + Send + Sync {
	/// `a · b + c`, rounded once.
	fn fma(a: f32, b: f32, c: f32) -> f32;
}

/// The processor's own instruction. Only [`Level::run`] may choose it, where it is known to exist.
#[derive(Clone, Copy)]
pub(crate) struct Hardware;

impl Fused for Hardware {
	#[inline(always)]
	fn fma(a: f32, b: f32, c: f32) -> f32 {
		a.mul_add(b, c)
	}
}

/// The integer-only code of the op spec. `f32::mul_add` is not used here, because without the
/// instruction it calls a library whose rounding of subnormal results is not to be trusted.
#[derive(Clone, Copy)]
pub(crate) struct Soft;

impl Fused for Soft {
	fn fma(a: f32, b: f32, c: f32) -> f32 {
		f32::from_bits(assay_ops::soft::fma(a.to_bits(), b.to_bits(), c.to_bits()))
	}
}

/// A loop nest that is compiled once for each [`Level`].
///
/// `run` and everything that it calls in its hot part must be `#[inline(always)]`: that is what makes
/// the compiler emit the wide instructions of the level that called it. A closure cannot be, so loops
/// are written out.
pub(crate) trait Task {
	/// What the loop nest returns.
	type Out;
	/// Executes the loop nest.
	fn run<F: Fused>(self) -> Self::Out;
}

/// Asks for `WORDS` words from this one on, which will be needed soon. A hint, nothing else: there may be fewer.
#[allow(unsafe_code, reason = "an instruction of the processor")]
#[inline(always)]
pub(crate) fn near<const WORDS: usize>(first: &u32) {
	#[cfg(target_arch = "x86_64")]
	for line in 0..=WORDS / 16 {
		use core::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
		let at = core::ptr::from_ref(first).wrapping_add(16 * line);
		// SAFETY: every x86-64 has the instruction, which does nothing where there is no memory.
		unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
	}
	#[cfg(not(target_arch = "x86_64"))]
	let _ = first;
}

/// A set of instructions, from the narrowest to the widest.
///
/// All levels give the same bits; they differ in speed only. Several can be tried on one machine, see
/// [`Level::available`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
	/// No fused multiply-add in hardware: it is computed with integers, slowly.
	Soft,
	/// 64-bit ARM: fused multiply-add on 4 lanes, always present.
	Neon,
	/// The same, with products of bytes (the extension `dotprod`).
	Dotprod,
	/// x86-64 with AVX2 and FMA: 8 lanes.
	Avx2,
	/// x86-64 with AVX-512: 16 lanes.
	Avx512,
	/// The same, with products of bytes (AVX-512 VNNI).
	Vnni,
}

impl Level {
	/// The levels that this processor can execute; the last one is the fastest.
	pub fn available() -> Vec<Level> {
		let mut levels = vec![Level::Soft];
		#[cfg(target_arch = "aarch64")]
		{
			levels.push(Level::Neon);
			if std::arch::is_aarch64_feature_detected!("dotprod") {
				levels.push(Level::Dotprod);
			}
		}
		#[cfg(target_arch = "x86_64")]
		{
			let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
			if avx2 {
				levels.push(Level::Avx2);
			}
			if avx2
				&& is_x86_feature_detected!("avx512f")
				&& is_x86_feature_detected!("avx512bw")
				&& is_x86_feature_detected!("avx512dq")
				&& is_x86_feature_detected!("avx512vl")
			{
				levels.push(Level::Avx512);
				if is_x86_feature_detected!("avx512vnni") {
					levels.push(Level::Vnni);
				}
			}
		}
		levels
	}

	/// What the level is called in the options and output of tools.
	pub const fn name(self) -> &'static str {
		match self {
			Level::Soft => "soft",
			Level::Neon => "neon",
			Level::Dotprod => "dotprod",
			Level::Avx2 => "avx2",
			Level::Avx512 => "avx512",
			Level::Vnni => "vnni",
		}
	}

	/// The fastest level of this processor.
	pub fn best() -> Level {
		Self::available().last().copied().unwrap_or(Level::Soft)
	}

	/// Executes `task`, compiled for this level.
	pub(crate) fn run<T: Task>(self, task: T) -> T::Out {
		match self {
			Level::Soft => soft(task),
			Level::Neon => neon(task),
			Level::Dotprod => dotprod(task),
			Level::Avx2 => avx2(task),
			Level::Avx512 => avx512(task),
			Level::Vnni => vnni(task),
		}
	}
}

/// Compiled once, also for the levels that the processor's architecture does not have.
#[inline(never)]
fn soft<T: Task>(task: T) -> T::Out {
	task.run::<Soft>()
}

#[cfg(target_arch = "aarch64")]
fn neon<T: Task>(task: T) -> T::Out {
	task.run::<Hardware>()
}

#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code)]
fn dotprod<T: Task>(task: T) -> T::Out {
	#[target_feature(enable = "dotprod")]
	fn compiled<T: Task>(task: T) -> T::Out {
		task.run::<Hardware>()
	}
	debug_assert!(Level::available().contains(&Level::Dotprod));
	// SAFETY: `CpuKernels` accepts a level only if `Level::available` lists it, so the processor has
	// these instructions.
	unsafe { compiled(task) }
}

#[cfg(not(target_arch = "aarch64"))]
fn neon<T: Task>(task: T) -> T::Out {
	soft(task)
}

#[cfg(not(target_arch = "aarch64"))]
fn dotprod<T: Task>(task: T) -> T::Out {
	soft(task)
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn avx2<T: Task>(task: T) -> T::Out {
	#[target_feature(enable = "avx2,fma")]
	fn compiled<T: Task>(task: T) -> T::Out {
		task.run::<Hardware>()
	}
	debug_assert!(Level::available().contains(&Level::Avx2));
	// SAFETY: `CpuKernels` accepts a level only if `Level::available` lists it, so the processor has
	// these instructions.
	unsafe { compiled(task) }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn avx512<T: Task>(task: T) -> T::Out {
	#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
	fn compiled<T: Task>(task: T) -> T::Out {
		task.run::<Hardware>()
	}
	debug_assert!(Level::available().contains(&Level::Avx512));
	// SAFETY: `CpuKernels` accepts a level only if `Level::available` lists it, so the processor has
	// these instructions.
	unsafe { compiled(task) }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn vnni<T: Task>(task: T) -> T::Out {
	#[target_feature(enable = "avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
	fn compiled<T: Task>(task: T) -> T::Out {
		task.run::<Hardware>()
	}
	debug_assert!(Level::available().contains(&Level::Vnni));
	// SAFETY: `CpuKernels` accepts a level only if `Level::available` lists it, so the processor has
	// these instructions.
	unsafe { compiled(task) }
}

#[cfg(not(target_arch = "x86_64"))]
fn avx2<T: Task>(task: T) -> T::Out {
	soft(task)
}

#[cfg(not(target_arch = "x86_64"))]
fn avx512<T: Task>(task: T) -> T::Out {
	soft(task)
}

#[cfg(not(target_arch = "x86_64"))]
fn vnni<T: Task>(task: T) -> T::Out {
	soft(task)
}
