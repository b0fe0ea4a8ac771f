//! Random bits for tests: SplitMix64 and mixed distributions of `f32`.
#![allow(unreachable_pub, reason = "a module of test binaries, none of which exports anything")]
#![allow(dead_code, reason = "every test binary uses a part of it")]

pub mod program;
pub mod shapes;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
	/// 64 random bits.
	pub fn u64(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
		z ^ (z >> 31)
	}

	/// 32 random bits.
	pub fn u32(&mut self) -> u32 {
		(self.u64() >> 32) as u32
	}

	/// A number below `n`.
	pub fn below(&mut self, n: u32) -> u32 {
		((u64::from(self.u32()) * u64::from(n)) >> 32) as u32
	}

	/// A float from a mixture: any bits, special values, subnormals, few significant bits (ties),
	/// moderate exponents.
	pub fn float(&mut self) -> u32 {
		const SPECIAL: [u32; 16] = [
			0x0000_0000,
			0x8000_0000,
			0x7F80_0000,
			0xFF80_0000,
			0x7FC0_0000,
			0xFFC0_0001,
			0x7F80_0001,
			0x0000_0001,
			0x8000_0001,
			0x007F_FFFF,
			0x0080_0000,
			0x7F7F_FFFF,
			0x3F80_0000,
			0xBF80_0000,
			0x3F7F_FFFF,
			0x3F80_0001,
		];
		let bits = self.u32();
		match self.below(16) {
			0 => SPECIAL[(bits % 16) as usize],
			1 => bits & 0x807F_FFFF,
			2 => (bits & 0x807F_FFFF) | (self.below(30) << 23),
			3 => (bits & 0x807F_FFFF) | ((225 + self.below(30)) << 23),
			4..=6 => {
				// Few significant bits, near 1.
				let keep = self.below(12);
				let mask = !((1u32 << (23 - keep)) - 1);
				(bits & 0x8000_0000) | ((117 + self.below(20)) << 23) | (bits & 0x7F_FFFF & mask)
			},
			7..=10 => (bits & 0x807F_FFFF) | ((112 + self.below(30)) << 23),
			_ => bits,
		}
	}

	/// A value a few units in the last place away from `x`.
	pub fn near(&mut self, x: u32) -> u32 {
		x.wrapping_add(self.below(7)).wrapping_sub(3)
	}
}

/// Cases per operation: `ASSAY_CASES`, or the default.
pub fn cases(default: u64) -> u64 {
	std::env::var("ASSAY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Bits of a float, NaN made canonical. The decision is made on bits: of `if x.is_nan() { NAN }` the
/// compiler may make nothing at all, as NaNs are alike to it.
pub fn canonical(x: f32) -> u32 {
	let bits = std::hint::black_box(x.to_bits());
	if bits & 0x7FFF_FFFF > 0x7F80_0000 {
		0x7FC0_0000
	} else {
		bits
	}
}
