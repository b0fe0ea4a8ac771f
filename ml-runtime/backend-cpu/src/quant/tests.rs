use super::*;
use crate::matmul::Strided;

/// A number of any magnitude, now and then 0 or one that is not finite.
fn number(state: &mut u32) -> u32 {
	*state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
	match *state >> 20 {
		0 => 0,
		1 => 0x7F80_0000,
		_ => (f32::from_bits(0x3F80_0000 | (*state >> 9)) - 1.5).to_bits() ^ (*state << 31),
	}
}

/// The same product by bytes, as [`vnni::Vnni`] and as `dotprod::Dotprod` have them, and by pairs, of operands that
/// lie as a matrix does or the other way round.
fn ways(
	format: QuantFormat,
	(m, k, n): (usize, usize, usize),
	transposed: [bool; 2],
	state: &mut u32,
) -> [Vec<u32>; 3] {
	let team = Team::new(1 + k % 3).expect("threads");
	let words =
		|count: usize, state: &mut u32| -> Vec<u32> { (0..count).map(|_| number(state)).collect() };
	let (a, b) = (words(m * k, state), words(k * n, state));
	let view = |words, terms_are_rows, lanes| match terms_are_rows {
		true => View::new(Strided { words, stride: lanes }, lanes, false),
		false => View::new(Strided { words, stride: k }, lanes, true),
	};
	let (rows, lanes) = (view(&a, transposed[0], m), view(&b, !transposed[1], n));
	let product = QuantMatMul { format, rows, lanes, k };
	let mut found = [vec![1; m * n], vec![2; m * n], vec![3; m * n]];
	product.blocks::<products::Bytes, 12, 32>(Level::Soft, &team, &mut found[0]);
	product.blocks::<dotprod::SignedBytes, 6, 16>(Level::Soft, &team, &mut found[1]);
	product.blocks::<products::Plain, 6, 16>(Level::Soft, &team, &mut found[2]);
	found
}

#[test]
fn bytes_should_give_the_words_of_pairs() {
	let mut state = 5;
	let sides = [1, 2, 11, 12, 13, 31, 32, 33, 70];
	for k in [1, 2, 3, 4, 5, 127, 511, 512, 513, 700, 1100] {
		for (place, m) in sides.into_iter().enumerate() {
			let n = sides[(place * 5 + k) % sides.len()];
			for format in [QuantFormat::I8, QuantFormat::Q15] {
				for transposed in [[false, false], [true, false], [false, true], [true, true]] {
					let [lifted, signed, pairs] = ways(format, (m, k, n), transposed, &mut state);
					assert_eq!(lifted, pairs, "{format:?} {m} x {k} x {n} {transposed:?}");
					assert_eq!(signed, pairs, "{format:?} {m} x {k} x {n} {transposed:?}");
				}
			}
		}
	}
}

#[test]
fn sums_should_not_overflow_when_all_digits_are_the_largest() {
	let (k, team) = (512, Team::new(1).expect("one thread"));
	for sign in [0, 1 << 31] {
		// 255 / 256: 127 as eight bits, 16,319 as fifteen.
		let words = vec![0x3F7F_0000 | sign; k];
		let other = vec![0x3F7F_0000; k];
		let rows = View::new(Strided { words: &words, stride: k }, 1, true);
		let lanes = View::new(Strided { words: &other, stride: 1 }, 1, false);
		for format in [QuantFormat::I8, QuantFormat::Q15] {
			let product = QuantMatMul { format, rows, lanes, k };
			let mut found = [vec![0], vec![0], vec![0]];
			product.blocks::<products::Bytes, 12, 32>(Level::Soft, &team, &mut found[0]);
			product.blocks::<dotprod::SignedBytes, 6, 16>(Level::Soft, &team, &mut found[1]);
			product.blocks::<products::Plain, 6, 16>(Level::Soft, &team, &mut found[2]);
			assert!(found[..2].iter().all(|other| *other == found[2]));
			let sum = f32::from_bits(found[0][0]).abs();
			assert!((500.0..=512.0).contains(&sum), "{sum}");
		}
	}
}

#[test]
fn results_should_be_rounded_once_when_scales_are_small_or_large() {
	use assay_ops::quant::{dot, Run};

	// From subnormal to nearly infinite, also on both sides of where `f32` takes the scales, and nothing but zeros.
	let powers: Vec<i32> = (-149..-120).chain(-60..-48).chain(50..64).chain(115..128).collect();
	let (k, team, mut state) = (5, Team::new(1).expect("one thread"), 9);
	let mut words: Vec<u32> = Vec::new();
	for power in &powers {
		let scale = 2_f64.powi(*power);
		words.extend(
			(0..k).map(|_| {
				((f64::from(f32::from_bits(number(&mut state))) * scale) as f32).to_bits()
			}),
		);
	}
	words.extend(vec![0; k]);
	let sides = words.len() / k;
	let view = View::new(Strided { words: &words, stride: k }, sides, true);
	for format in [QuantFormat::I8, QuantFormat::Q15] {
		let product = QuantMatMul { format, rows: view, lanes: view, k };
		let mut found = vec![0; sides * sides];
		product.run(Level::best(), &team, &mut found);
		let mut by_bytes = vec![0; sides * sides];
		product.blocks::<products::Bytes, 12, 32>(Level::Soft, &team, &mut by_bytes);
		assert_eq!(found, by_bytes);
		let runs: Vec<Run> =
			words.chunks(k).map(|terms| Run::new(format, terms.iter().copied())).collect();
		for (i, row) in runs.iter().enumerate() {
			for (j, lane) in runs.iter().enumerate() {
				let (word, right) = (found[i * sides + j], dot(format, row, lane));
				assert_eq!(word, right, "{format:?}, row {i}, column {j}");
			}
		}
	}
}

/// Terms whose integers are ties, the limits and everything between, for a factor of 1, or subnormal ones for 2¹⁴⁰.
#[cfg(target_arch = "x86_64")]
fn terms(power: i32, count: usize) -> Vec<u32> {
	let halves = (0..count as i32).map(|i| (i * 37) % 255 - 127);
	let term = |halves: i32, i: usize| f64::from(halves) + [0.0, 0.5, 0.499, -0.501][i % 4];
	let terms = halves.enumerate().map(|(i, halves)| term(halves, i).clamp(-127.49, 127.49));
	terms.map(|term| ((term * 2_f64.powi(-power)) as f32).to_bits()).collect()
}

#[cfg(target_arch = "x86_64")]
#[test]
#[allow(unsafe_code, reason = "the level is there")]
fn instructions_should_write_the_words_of_bytes() {
	use pack::RUN;
	use products::{Bytes, Layout};
	use vnni::Vnni;

	if !Level::available().contains(&Level::Vnni) {
		return;
	}
	for (power, factors) in [(0, [1.0, 1.0]), (140, [2_f32.powi(127), 2_f32.powi(13)])] {
		for side in [Side::Rows, Side::Lanes] {
			let run: [u32; RUN] = terms(power, RUN).try_into().expect("a run");
			for count in 0..=RUN / 4 {
				let mut found = [vec![1; count], vec![2; count]];
				let [ours, other] = &mut found;
				// SAFETY: the processor has the instructions.
				unsafe {
					Vnni::words_along(side, &run, factors, ours);
					Bytes::words_along(side, &run, factors, other);
				}
				assert_eq!(ours, other, "{side:?}, {count} words");
			}
			let lanes: Vec<[u32; 32]> = terms(power, 128).as_chunks().0.to_vec();
			let rows = std::array::from_fn(|i| &lanes[i]);
			let factors = factors.map(|factor| [factor; 32]);
			let factors = factors.each_ref();
			let (mut words, mut sums) = ([[1; 32], [2; 32]], [[7; 32]; 2]);
			// SAFETY: the processor has the instructions.
			unsafe {
				Vnni::words_across(side, rows, factors, &mut words[0], &mut sums[0]);
				Bytes::words_across(side, rows, factors, &mut words[1], &mut sums[1]);
			}
			assert_eq!(words[0], words[1], "{side:?}");
			if side == Side::Lanes {
				assert_eq!(sums[0], sums[1]);
			}
		}
	}
}
