//! What the instructions of PTX compute. Registers hold 64 bits; narrower values have zeros above.

use assay_ops::soft;

/// A function of up to four words.
#[derive(Clone, Copy)]
pub(super) enum Compute {
	One(fn(u64) -> u64),
	Two(fn(u64, u64) -> u64),
	Three(fn(u64, u64, u64) -> u64),
	Four(fn(u64, u64, u64, u64) -> u64),
}

/// The NaN that devices make. It is not the canonical one, so a kernel that forgets to make its NaNs
/// canonical is found out.
const DEVICE_NAN: u32 = 0x7FFF_FFFF;

fn float(bits: u32) -> u64 {
	u64::from(if soft::is_nan(bits) { DEVICE_NAN } else { bits })
}

const fn low(x: u64) -> u32 {
	x as u32
}

const fn signed(x: u64) -> i32 {
	x as i32
}

/// What an opcode that only computes does; `None` for those that touch memory or control, and for those
/// that kernels are not known to use.
pub(super) fn compute(opcode: &str) -> Option<Compute> {
	use Compute::{Four, One, Three, Two};
	Some(match opcode {
		"mov.u64" | "mov.b64" | "mov.pred" | "cvta.to.global.u64" => One(|a| a),
		// An immediate may have ones above: -1.
		"mov.u16" | "mov.u32" | "mov.b32" | "mov.f32" | "cvt.u64.u32" | "cvt.u32.u64" => {
			One(|a| u64::from(low(a)))
		},
		"cvt.s64.s32" => One(|a| i64::from(signed(a)) as u64),
		// In 64 bits there are only exact products of integers and powers of two, so the processor's own
		// arithmetic will do.
		"cvt.rn.f64.s32" => One(|a| f64::from(signed(a)).to_bits()),
		"mul.rn.f64" => Two(|a, b| (f64::from_bits(a) * f64::from_bits(b)).to_bits()),
		"cvt.rn.f32.f64" => One(|a| float((f64::from_bits(a) as f32).to_bits())),
		"cvt.rn.f32.s32" => One(|a| {
			let sign = low(a) & 0x8000_0000;
			u64::from(sign | soft::from_u32(signed(a).unsigned_abs()))
		}),
		"cvt.rn.f32.u32" => One(|a| u64::from(soft::from_u32(low(a)))),
		"not.pred" => One(|a| a ^ 1),
		"not.b32" => One(|a| u64::from(!low(a))),
		"clz.b32" => One(|a| u64::from(low(a).leading_zeros())),
		"prmt.b32" => Three(|a, b, selector| permute(low(a), low(b), low(selector))),
		"neg.s32" => One(|a| u64::from(low(a).wrapping_neg())),
		"sqrt.rn.f32" => One(|a| float(soft::sqrt(low(a)))),
		"add.rn.f32" => Two(|a, b| float(soft::add(low(a), low(b)))),
		"sub.rn.f32" => Two(|a, b| float(soft::sub(low(a), low(b)))),
		"mul.rn.f32" => Two(|a, b| float(soft::mul(low(a), low(b)))),
		"div.rn.f32" => Two(|a, b| float(soft::div(low(a), low(b)))),
		"fma.rn.f32" => Three(|a, b, c| float(soft::fma(low(a), low(b), low(c)))),
		"selp.b32" | "selp.u32" | "selp.u16" | "selp.f32" => {
			Three(|a, b, p| u64::from(low(if p == 0 { b } else { a })))
		},
		"mad.lo.s32" | "mad.lo.u32" => {
			Three(|a, b, c| u64::from(low(a).wrapping_mul(low(b)).wrapping_add(low(c))))
		},
		// The first is the low half of the 64 bits that are shifted.
		"shf.r.wrap.b32" => {
			Three(|a, b, by| u64::from(low((b << 32 | u64::from(low(a))) >> (by & 31))))
		},
		"bfi.b32" => Four(|a, b, at, length| {
			let mask = ((1_u64 << length.min(32)) - 1) << at.min(32);
			u64::from(low((a << at.min(32)) & mask | b & !mask))
		}),
		_ => return integer(opcode).or_else(|| comparison(opcode)),
	})
}

/// Byte `i` of the result is that of the eight bytes of `a` and `b` which nibble `i` of the selector
/// names, or, where the nibble's highest bit is set, eight times its sign.
fn permute(a: u32, b: u32, selector: u32) -> u64 {
	let bytes = (u64::from(b) << 32 | u64::from(a)).to_le_bytes();
	let byte = |i: u32| {
		let nibble = selector >> (4 * i) & 15;
		let byte = bytes[nibble as usize & 7];
		if nibble & 8 == 0 {
			byte
		} else {
			(byte.cast_signed() >> 7).cast_unsigned()
		}
	};
	u64::from(u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)]))
}

fn integer(opcode: &str) -> Option<Compute> {
	use Compute::Two;
	Some(Two(match opcode {
		"add.s32" | "add.u32" => |a, b| u64::from(low(a).wrapping_add(low(b))),
		"add.s64" | "add.u64" => |a, b| a.wrapping_add(b),
		"sub.s32" | "sub.u32" => |a, b| u64::from(low(a).wrapping_sub(low(b))),
		"sub.s64" => |a, b| a.wrapping_sub(b),
		"mul.lo.s32" | "mul.lo.u32" => |a, b| u64::from(low(a).wrapping_mul(low(b))),
		"mul.lo.s64" => |a, b| a.wrapping_mul(b),
		"mul.wide.u32" => |a, b| u64::from(low(a)) * u64::from(low(b)),
		"mul.wide.s32" => |a, b| (i64::from(signed(a)) * i64::from(signed(b))) as u64,
		"mul.hi.u32" => |a, b| (u64::from(low(a)) * u64::from(low(b))) >> 32,
		// A device gives all ones for a division by zero.
		"div.u32" => |a, b| u64::from(low(a).checked_div(low(b)).unwrap_or(u32::MAX)),
		"rem.u32" => |a, b| u64::from(low(a).checked_rem(low(b)).unwrap_or(low(a))),
		"min.u32" => |a, b| u64::from(low(a).min(low(b))),
		"max.u32" => |a, b| u64::from(low(a).max(low(b))),
		"min.s32" => |a, b| u64::from(signed(a).min(signed(b)) as u32),
		"max.s32" => |a, b| u64::from(signed(a).max(signed(b)) as u32),
		// Shifts by the width or more give zero (or the sign).
		"shl.b32" => |a, b| u64::from(low(a).checked_shl(low(b)).unwrap_or(0)),
		"shl.b64" => |a, b| a.checked_shl(low(b)).unwrap_or(0),
		"shr.u32" | "shr.b32" => |a, b| u64::from(low(a).checked_shr(low(b)).unwrap_or(0)),
		"shr.u64" => |a, b| a.checked_shr(low(b)).unwrap_or(0),
		"shr.s32" => |a, b| u64::from((signed(a) >> low(b).min(31)) as u32),
		"and.b32" => |a, b| u64::from(low(a & b)),
		"or.b32" => |a, b| u64::from(low(a | b)),
		"xor.b32" => |a, b| u64::from(low(a ^ b)),
		"and.b64" | "and.pred" => |a, b| a & b,
		"or.b64" | "or.pred" => |a, b| a | b,
		"xor.b64" | "xor.pred" => |a, b| a ^ b,
		_ => return None,
	}))
}

fn comparison(opcode: &str) -> Option<Compute> {
	Some(Compute::Two(match opcode {
		"setp.eq.s32" | "setp.eq.u32" | "setp.eq.s16" | "setp.eq.u16" | "setp.eq.b32" => {
			|a, b| u64::from(low(a) == low(b))
		},
		"setp.ne.s32" | "setp.ne.u32" | "setp.ne.s16" | "setp.ne.b32" => {
			|a, b| u64::from(low(a) != low(b))
		},
		"setp.lt.u32" => |a, b| u64::from(low(a) < low(b)),
		"setp.le.u32" => |a, b| u64::from(low(a) <= low(b)),
		"setp.gt.u32" => |a, b| u64::from(low(a) > low(b)),
		"setp.ge.u32" => |a, b| u64::from(low(a) >= low(b)),
		"setp.lt.s32" => |a, b| u64::from(signed(a) < signed(b)),
		"setp.le.s32" => |a, b| u64::from(signed(a) <= signed(b)),
		"setp.gt.s32" => |a, b| u64::from(signed(a) > signed(b)),
		"setp.ge.s32" => |a, b| u64::from(signed(a) >= signed(b)),
		_ => return None,
	}))
}
