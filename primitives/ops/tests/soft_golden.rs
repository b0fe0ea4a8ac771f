//! Cases that are worked out by hand, and those that other implementations got wrong.

use assay_ops::{soft, CANONICAL_NAN};

const INF: u32 = 0x7F80_0000;
const NEG_INF: u32 = 0xFF80_0000;
const NEG_ZERO: u32 = 0x8000_0000;

#[test]
fn fma_should_round_once_when_result_is_subnormal() {
	assert_eq!(soft::fma(0x1A00_0040, 0x19FF_FF80, 0x0008_0001), 0x0008_0001);
}

#[test]
fn fma_should_keep_the_sign_of_zero() {
	// −0 · 1 + −0 = −0, and every other zero is +0.
	assert_eq!(soft::fma(NEG_ZERO, soft::ONE, NEG_ZERO), NEG_ZERO);
	assert_eq!(soft::fma(0, soft::ONE, NEG_ZERO), 0);
	assert_eq!(soft::fma(NEG_ZERO, soft::ONE, 0), 0);
	// 1 · 1 − 1 is exact: +0.
	assert_eq!(soft::fma(soft::ONE, soft::ONE, soft::MINUS_ONE), 0);
	// A padding term is not neutral: that is why K is never padded.
	assert_eq!(soft::fma(0, 0, NEG_ZERO), 0);
}

#[test]
fn fma_should_be_nan_when_invalid() {
	assert_eq!(soft::fma(0, INF, soft::ONE), CANONICAL_NAN);
	assert_eq!(soft::fma(INF, soft::ONE, NEG_INF), CANONICAL_NAN);
	assert_eq!(soft::fma(0xFFC1_2345, 0, 0), CANONICAL_NAN);
	assert_eq!(soft::fma(INF, soft::ONE, INF), INF);
}

#[test]
fn add_should_tie_to_even() {
	// 2^24 + 1 lies between 2^24 and 2^24 + 2; the even one is 2^24.
	assert_eq!(soft::add(0x4B80_0000, soft::ONE), 0x4B80_0000);
	// 2^24 + 3 lies between 2^24 + 2 (odd) and 2^24 + 4 (even).
	assert_eq!(soft::add(0x4B80_0001, soft::ONE), 0x4B80_0002);
}

#[test]
fn add_should_handle_zero_and_infinity() {
	assert_eq!(soft::add(NEG_ZERO, NEG_ZERO), NEG_ZERO);
	assert_eq!(soft::add(0, NEG_ZERO), 0);
	assert_eq!(soft::sub(soft::ONE, soft::ONE), 0);
	assert_eq!(soft::add(INF, NEG_INF), CANONICAL_NAN);
	assert_eq!(soft::add(0x7F7F_FFFF, 0x7F7F_FFFF), INF);
}

#[test]
fn mul_should_underflow_gradually() {
	// 2^−126 · 2^−23 is the smallest subnormal; half of it ties to even, which is 0.
	assert_eq!(soft::mul(0x0080_0000, 0x3400_0000), 1);
	assert_eq!(soft::mul(0x0080_0000, 0x3380_0000), 0);
	assert_eq!(soft::mul(0x0080_0000, 0x3380_0001), 1);
	assert_eq!(soft::mul(0x8000_0001, 0x3F00_0000), NEG_ZERO);
}

#[test]
fn div_should_round_to_nearest() {
	// 1/3 and 1/0.
	assert_eq!(soft::div(soft::ONE, 0x4040_0000), 0x3EAA_AAAB);
	assert_eq!(soft::div(soft::MINUS_ONE, 0), NEG_INF);
	assert_eq!(soft::div(0, 0), CANONICAL_NAN);
	assert_eq!(soft::div(INF, INF), CANONICAL_NAN);
	assert_eq!(soft::div(soft::ONE, NEG_INF), NEG_ZERO);
}

#[test]
fn sqrt_should_cover_its_domain() {
	assert_eq!(soft::sqrt(0x4080_0000), 0x4000_0000);
	assert_eq!(soft::sqrt(0x4000_0000), 0x3FB5_04F3);
	assert_eq!(soft::sqrt(NEG_ZERO), NEG_ZERO);
	assert_eq!(soft::sqrt(soft::MINUS_ONE), CANONICAL_NAN);
	assert_eq!(soft::sqrt(INF), INF);
	assert_eq!(soft::sqrt(1), 0x1A35_04F3);
}

#[test]
fn order_key_should_be_total() {
	let ascending = [
		NEG_INF,
		0xFF7F_FFFF,
		0xBF80_0000,
		0x8000_0001,
		NEG_ZERO,
		0,
		1,
		0x3F80_0000,
		0x7F7F_FFFF,
		INF,
		CANONICAL_NAN,
	];
	assert!(ascending.windows(2).all(|w| soft::order_key(w[0]) < soft::order_key(w[1])));
	for nan in [0x7F80_0001, 0xFFC0_0000, 0xFFFF_FFFF] {
		assert_eq!(soft::order_key(nan), soft::order_key(CANONICAL_NAN));
	}
}

#[test]
fn gt_should_be_quiet() {
	assert!(soft::gt(1, 0) && soft::gt(0, 0x8000_0001));
	assert!(!soft::gt(0, NEG_ZERO) && !soft::gt(CANONICAL_NAN, 0) && !soft::gt(0, CANONICAL_NAN));
}
