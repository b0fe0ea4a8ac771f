//! Quantised products: worked cases, and the definition once more in `f64`.

mod common;

use assay_ops::{
	quant::{dot, Run},
	soft::{floor_log2, round_scaled, scaled},
	Op, QuantFormat, CANONICAL_NAN,
};
use common::{
	program::{bits, float, run},
	Random,
};

const FORMATS: [QuantFormat; 2] = [QuantFormat::I8, QuantFormat::Q15];

fn quantised(format: QuantFormat, x: &[f32]) -> Run {
	Run::new(format, bits(x).into_iter())
}

fn product(format: QuantFormat, a: &[f32], b: &[f32]) -> u32 {
	dot(format, &quantised(format, a), &quantised(format, b))
}

#[test]
fn scale_should_be_the_finest_by_which_the_greatest_stays_within_the_limit() {
	let run = quantised(QuantFormat::I8, &[127.0, -64.0, 0.5, 1.5, -2.5]);
	assert_eq!((run.exponent, run.integers), (Some(0), vec![127, -64, 0, 2, -2]));
	// 127.5 would be rounded to 128, so the unit is 2.
	let run = quantised(QuantFormat::I8, &[127.5, -127.4, 1.0]);
	assert_eq!((run.exponent, run.integers), (Some(1), vec![64, -64, 0]));
	let run = quantised(QuantFormat::Q15, &[16_319.0, -8192.0]);
	assert_eq!((run.exponent, run.integers), (Some(0), vec![16_319, -8192]));
	let run = quantised(QuantFormat::Q15, &[16_319.5, -8192.0]);
	assert_eq!((run.exponent, run.integers), (Some(1), vec![8160, -4096]));
}

#[test]
fn scale_should_follow_subnormals_and_end_at_the_greatest_number() {
	let least = f32::from_bits(1);
	let run = quantised(QuantFormat::I8, &[least, -3.0 * least]);
	assert_eq!((run.exponent, run.integers), (Some(-148 - 6), vec![32, -96]));
	let run = quantised(QuantFormat::Q15, &[f32::MAX, 1.0]);
	assert_eq!((run.exponent, run.integers), (Some(127 - 13 + 1), vec![8192, 0]));
	let run = quantised(QuantFormat::Q15, &[0.0, -0.0]);
	assert_eq!((run.exponent, run.integers), (Some(0), vec![0, 0]));
}

#[test]
fn digits_should_make_up_every_integer() {
	for q in -16_319..=16_319 {
		let (high, low) = QuantFormat::digits(q);
		assert_eq!(128 * high + low, q);
		assert!((-127..=127).contains(&high) && (-64..=63).contains(&low), "{q}");
	}
}

#[test]
fn product_of_low_digits_should_be_left_out() {
	// 8192 + 3 and 8192 + 5: the digits are (64, 3) and (64, 5).
	let exact = (8195.0 * 8197.0f32) - 15.0;
	assert_eq!(f32::from_bits(product(QuantFormat::Q15, &[8195.0], &[8197.0])), exact);
}

#[test]
fn product_should_be_nan_when_a_term_is_not_finite_and_zero_without_sign() {
	for format in FORMATS {
		for odd in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
			assert_eq!(product(format, &[1.0, odd], &[1.0, 0.0]), CANONICAL_NAN);
			assert_eq!(product(format, &[0.0, 0.0], &[odd, 0.0]), CANONICAL_NAN);
		}
		assert_eq!(product(format, &[-0.0, -1.0], &[1.0, 0.0]), 0);
		assert_eq!(product(format, &[f32::MAX], &[-f32::MAX]), f32::NEG_INFINITY.to_bits());
		assert_eq!(product(format, &[1e-30], &[1e-30]), 0);
		assert_eq!(product(format, &[-1e-30], &[1e-30]), (-0.0f32).to_bits());
	}
}

#[test]
fn rounding_should_be_to_even_at_every_scale() {
	let at = |x: f32, exponent| round_scaled(x.to_bits(), exponent);
	assert_eq!(
		[at(0.5, 0), at(1.5, 0), at(2.5, 0), at(-2.5, 0), at(2.500_001, 0)],
		[0, 2, 2, -2, 3]
	);
	assert_eq!([at(3.0, -4), at(3.0, 4), at(24.0, 4), at(8.0, 4), at(8.1, 4)], [48, 0, 2, 0, 1]);
	assert_eq!([at(1.0, -40), at(-1.0, -40), at(1.0, 200)], [i32::MAX, -i32::MAX, 0]);
	assert_eq!(floor_log2(f32::from_bits(1).to_bits()), -149);
	assert_eq!(floor_log2((-f32::MAX).to_bits()), 127);
	assert_eq!(scaled(-3, -150), (-2.0 * f32::from_bits(1)).to_bits());
}

/// `2^exponent`, for the exponents that occur here.
fn power(exponent: i32) -> f64 {
	f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// The definition once more, in `f64`, in which every step but the last is exact.
fn expected(format: QuantFormat, a: &[f32], b: &[f32]) -> u32 {
	let integers = |x: &[f32]| {
		let greatest = x.iter().fold(0.0, |most: f64, x| most.max(f64::from(x.abs())));
		let exponent_of = |x: f64| ((x.to_bits() >> 52) as i32) - 1023;
		let (top, limit) = match format {
			QuantFormat::I8 => (6, 127.0),
			QuantFormat::Q15 => (13, 16_319.0),
		};
		let mut e = if greatest == 0.0 { 0 } else { exponent_of(greatest) - top };
		if (greatest / power(e)).round_ties_even() > limit {
			e += 1;
		}
		(e, x.iter().map(|x| (f64::from(*x) / power(e)).round_ties_even()).collect::<Vec<_>>())
	};
	let ((ea, a), (eb, b)) = (integers(a), integers(b));
	let low = |q: f64| (q + 64.0).rem_euclid(128.0) - 64.0;
	let one = |(a, b): (&f64, &f64)| match format {
		QuantFormat::I8 => a * b,
		QuantFormat::Q15 => a * b - low(*a) * low(*b),
	};
	let sum: f64 = a.iter().zip(&b).map(one).sum();
	if sum == 0.0 {
		return 0;
	}
	// Two exact steps, so that the power stays in range.
	((sum * power(ea) * power(eb)) as f32).to_bits()
}

#[test]
fn dot_should_equal_the_definition_when_terms_are_of_any_size() {
	let mut random = Random(28);
	for round in 0..20_000 {
		let terms = 1 + random.below(if round % 50 == 0 { 512 } else { 20 }) as usize;
		let spread = [1, 8, 40, 250][random.below(4) as usize];
		let middle = random.below(254 - spread.min(253));
		let side = |random: &mut Random| -> Vec<f32> {
			let number = |random: &mut Random| {
				let exponent = middle + random.below(spread);
				f32::from_bits(random.u32() & 0x807F_FFFF | exponent << 23)
			};
			(0..terms).map(|_| number(random)).collect()
		};
		let (a, b) = (side(&mut random), side(&mut random));
		for format in FORMATS {
			assert_eq!(product(format, &a, &b), expected(format, &a, &b), "{format:?} {a:?} {b:?}");
		}
	}
}

#[test]
fn fifteen_bits_should_be_closer_than_eight() {
	let mut random = Random(5);
	let side = |random: &mut Random| -> Vec<f32> {
		(0..512).map(|_| random.below(2_000_001) as f32 / 1e6 - 1.0).collect()
	};
	let (a, b) = (side(&mut random), side(&mut random));
	let exact: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
	let error = |format| (f64::from(f32::from_bits(product(format, &a, &b))) - exact).abs();
	assert!(error(QuantFormat::I8) < 0.5 && error(QuantFormat::Q15) < 0.005);
	assert!(error(QuantFormat::Q15) > 0.0);
}

#[test]
fn matrix_product_should_take_every_layout_and_fold_blocks() {
	let (a, at) = (bits(&[1., 2., 3., 4., 5., 6.]), bits(&[1., 3., 5., 2., 4., 6.]));
	let (b, bt) = (bits(&[1., 0., 2., -1., 3., 1.]), bits(&[1., -1., 0., 3., 2., 1.]));
	let result = bits(&[-1., 6., 4., -1., 12., 10., -1., 18., 16.]);
	for format in FORMATS {
		for flags in 0..4 {
			let (transpose_a, transpose_b) = (flags & 1 == 1, flags & 2 == 2);
			let left = if transpose_a { (float(2, 3), &at) } else { (float(3, 2), &a) };
			let right = if transpose_b { (float(3, 2), &bt) } else { (float(2, 3), &b) };
			let op = Op::QuantMatMul { format, transpose_a, transpose_b };
			assert_eq!(run(op, &[(left.0, left.1), (right.0, right.1)]), result);
		}
		// Each block has a scale of its own: in one block the small terms would be lost.
		let mut long = vec![0f32; 514];
		(long[0], long[512], long[513]) = (1e6, 1e-6, 1e-6);
		let op = Op::QuantMatMul { format, transpose_a: false, transpose_b: false };
		let ones = bits(&[1.0; 514]);
		let sum = run(op, &[(float(1, 514), &bits(&long)), (float(514, 1), &ones)]);
		let blocks = [&long[..512], &long[512..]]
			.map(|x| f32::from_bits(product(format, x, &vec![1.0; x.len()])));
		assert_eq!(sum, bits(&[blocks[0] + blocks[1]]));
		assert!(blocks[1] > 0.0);
	}
}
