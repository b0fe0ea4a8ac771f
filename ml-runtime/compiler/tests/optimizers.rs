//! Optimisers against `f64`, and training that must learn.

mod common;

use assay_ops::Op;
use common::{records, reference::Run};

const RECORDS: usize = 96;
const WIDTH: usize = 12;

fn task(optimizer: &str) -> String {
	format!(
		"compiler = 1\n[task]\nname = \"t\"\nsteps = 30\nstride = 10\nbatch = 16\nseed = 5\n\
		[data]\nrecords = {RECORDS}\nrecord_size = 13\n[data.fields]\n\
		x = {{ offset = 0, width = 12, format = \"u8\", scale = 0.00390625, shift = -0.5 }}\n\
		y = {{ offset = 12, width = 1, format = \"label_u8\" }}\n\
		[model]\ninput = \"x\"\nshape = [12]\n\
		[[model.layer]]\nkind = \"linear\"\nout = 16\n[[model.layer]]\nkind = \"relu\"\n\
		[[model.layer]]\nkind = \"linear\"\nout = 4\n\
		[loss]\nkind = \"cross_entropy\"\nlabels = \"y\"\n[optimizer]\n{optimizer}"
	)
}

const PLAIN: &str = "kind = \"sgd\"\nlr = 1.0\n";
const SGD: &str = "kind = \"sgd\"\nlr = 0.1\nmomentum = 0.9\nweight_decay = 0.01\n";
const ADAMW: &str =
	"kind = \"adamw\"\nlr = 0.01\nbeta1 = 0.9\nbeta2 = 0.99\neps = 1e-6\nweight_decay = 0.1\n";

fn run(optimizer: &str) -> Run {
	Run::new(&task(optimizer), records(RECORDS, WIDTH, 4))
}

/// Gradients at the state of `run`, from the program of plain SGD, whose update is
/// `fma(gradient, −lr, parameter)`.
fn gradients(run: &Run) -> Vec<Vec<f64>> {
	let mut plain = self::run(PLAIN);
	plain.slots = run.slots[..plain.slots.len()].to_vec();
	plain.context = run.context;
	let outputs = plain.look().outputs;
	let gradient = |slot: &assay_ops::Slot| {
		let update = &plain.program().nodes[usize::from(slot.next)];
		assert!(matches!(update.op, Op::Fma(_)));
		let words = &outputs[usize::from(update.inputs[0])];
		words.iter().map(|bits| f64::from(f32::from_bits(*bits))).collect()
	};
	plain.program().slots.iter().map(gradient).collect()
}

/// Runs 20 steps beside an `f64` optimiser with the same gradients; parameters must stay together.
/// `update(t, g, w, state)` is one step, counted from 1, of one number.
fn follow(optimizer: &str, update: impl Fn(i32, f64, &mut f64, &mut [f64; 2])) {
	let mut run = run(optimizer);
	let parameters = run.compiled.parameters.len();
	let start: Vec<Vec<f64>> = (0..parameters).map(|slot| run.numbers(slot)).collect();
	let mut exact = start.clone();
	let mut state: Vec<_> = exact.iter().map(|w| vec![[0.0f64; 2]; w.len()]).collect();
	for t in 1..=20 {
		for (slot, gradient) in gradients(&run).iter().enumerate() {
			for (i, g) in gradient.iter().enumerate() {
				update(t, *g, &mut exact[slot][i], &mut state[slot][i]);
			}
		}
		run.step();
	}
	for slot in 0..parameters {
		let mut moved = 0f64;
		for (i, found) in run.numbers(slot).into_iter().enumerate() {
			let expected = exact[slot][i];
			moved = moved.max((found - start[slot][i]).abs());
			assert!((found - expected).abs() < 3e-6, "slot {slot} [{i}]: {found} {expected}");
		}
		assert!(moved > 0.01, "slot {slot} did not move");
	}
}

#[test]
fn adamw_should_follow_an_f64_adamw_for_20_steps() {
	follow(ADAMW, |t, g, w, [m, v]| {
		let (lr, b1, b2, eps, decay) = (0.01, 0.9, 0.99, 1e-6, 0.1);
		*w *= 1.0 - lr * decay;
		*m = b1 * *m + (1.0 - b1) * g;
		*v = b2 * *v + (1.0 - b2) * g * g;
		let (mean, variance) = (*m / (1.0 - f64::powi(b1, t)), *v / (1.0 - f64::powi(b2, t)));
		*w -= lr * mean / (variance.sqrt() + eps);
	});
}

#[test]
fn sgd_should_follow_an_f64_sgd_for_20_steps() {
	follow(SGD, |_, g, w, [v, _]| {
		*v = 0.9 * *v + (g + 0.01 * *w);
		*w -= 0.1 * *v;
	});
}

#[test]
fn sgd_should_have_no_state_when_there_is_no_momentum() {
	let run = run(PLAIN);
	assert_eq!(run.program().slots.len(), run.compiled.parameters.len());
}

fn losses(optimizer: &str) -> (f32, f32) {
	let mut run = run(optimizer);
	let losses: Vec<f32> = (0..30).map(|_| run.step()).collect();
	(losses[0], losses[27..].iter().sum::<f32>() / 3.0)
}

#[test]
fn training_should_lower_the_loss_when_the_optimiser_is_sgd() {
	let (first, last) = losses(SGD);
	assert!(first > 0.8 && last < 0.3 * first, "{first} {last}");
}

#[test]
fn training_should_lower_the_loss_when_the_optimiser_is_adamw() {
	let (first, last) = losses(ADAMW);
	assert!(first > 0.8 && last < 0.6 * first, "{first} {last}");
}

#[test]
fn running_products_should_hold_the_powers_of_beta() {
	let mut run = run(ADAMW);
	let parameters = run.compiled.parameters.len();
	(0..5).for_each(|_| {
		run.step();
	});
	assert!((run.numbers(parameters)[0] - 0.9f64.powi(5)).abs() < 1e-6);
	assert!((run.numbers(parameters + 1)[0] - 0.99f64.powi(5)).abs() < 1e-6);
}

/// `f64` SGD with momentum whose gradients are clipped to `most`.
fn clipped(gradients: &[Vec<f64>], most: f64) -> f64 {
	let squares: f64 = gradients.iter().flatten().map(|g| g * g).sum();
	(most / (squares.sqrt() + 1e-6)).min(1.0)
}

#[test]
fn clip_should_scale_all_gradients_by_one_factor() {
	for (most, active) in [(0.05, true), (50.0, false)] {
		let mut run = run(&format!("{PLAIN}clip = {most}\n"));
		let before: Vec<_> = (0..4).map(|slot| run.numbers(slot)).collect();
		let gradients = gradients(&run);
		let scale = clipped(&gradients, most);
		assert_eq!(scale < 1.0, active);
		run.step();
		for slot in 0..4 {
			for (i, found) in run.numbers(slot).into_iter().enumerate() {
				let expected = before[slot][i] - scale * gradients[slot][i];
				assert!((found - expected).abs() < 3e-7, "slot {slot} [{i}]: {found} {expected}");
			}
		}
	}
}

#[test]
fn accumulation_should_update_with_the_mean_of_its_steps() {
	for optimizer in [PLAIN, SGD, ADAMW] {
		let mut run = run(&format!("{optimizer}accumulate = 3\n"));
		let start = run.slots.clone();
		let mut sums: Vec<Vec<f64>> = start[..4].iter().map(|slot| vec![0.0; slot.len()]).collect();
		for step in 0..3 {
			assert_eq!(run.slots[..4], start[..4], "step {step}");
			for (sum, gradient) in sums.iter_mut().zip(gradients(&run)) {
				sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g / 3.0);
			}
			run.step();
		}
		for slot in 0..4 {
			let before: Vec<f64> =
				start[slot].iter().map(|word| f64::from(f32::from_bits(*word))).collect();
			for (i, found) in run.numbers(slot).into_iter().enumerate() {
				let (w, g) = (before[i], sums[slot][i]);
				let expected = match optimizer {
					PLAIN => w - g,
					SGD => w - 0.1 * (g + 0.01 * w),
					_ => w * (1.0 - 0.01 * 0.1) - 0.01 * g / (g.abs() + 1e-6),
				};
				assert!((found - expected).abs() < 2e-6, "slot {slot} [{i}]: {found} {expected}");
			}
		}
	}
}

#[test]
fn accumulation_should_move_powers_once_per_update() {
	let mut run = run(&format!("{ADAMW}accumulate = 2\n"));
	let power = |run: &Run| {
		let small = run
			.program()
			.slots
			.iter()
			.position(|slot| !slot.parameter && (slot.ty.rows, slot.ty.cols) == (1, 1));
		run.numbers(small.unwrap())[0]
	};
	let found: Vec<f64> = (0..5)
		.map(|_| {
			run.step();
			power(&run)
		})
		.collect();
	for (found, expected) in found.iter().zip([1.0, 0.9, 0.9, 0.81, 0.81]) {
		assert!((found - expected).abs() < 1e-6, "{found} {expected}");
	}
}

#[test]
fn schedule_should_set_the_rate_of_each_update() {
	let schedule = "[optimizer.schedule]\nkind = \"linear\"\nwarmup = 2\nsteps = 6\nmin = 0.2\n";
	for accumulate in [1, 2] {
		let mut run = run(&format!("{PLAIN}accumulate = {accumulate}\n{schedule}"));
		for rate in [0.5, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.2] {
			let before = run.numbers(0);
			let mut sum = vec![0.0; before.len()];
			for _ in 0..accumulate {
				let gradient = &gradients(&run)[0];
				sum.iter_mut().zip(gradient).for_each(|(s, g)| *s += g / f64::from(accumulate));
				run.step();
			}
			for (i, found) in run.numbers(0).into_iter().enumerate() {
				let expected = before[i] - rate * sum[i];
				assert!((found - expected).abs() < 3e-7, "rate {rate} [{i}]: {found} {expected}");
			}
		}
	}
}

#[test]
fn biases_should_not_decay_when_only_matrices_do() {
	let all = run(SGD);
	let matrices = run(&format!("{SGD}decay = \"matrices\"\n"));
	let decays = |run: &Run| {
		let decay = 0.01f32.to_bits();
		let nodes = &run.program().nodes;
		let constant =
			nodes.iter().position(|node| node.op == Op::Fill { bits: decay, rows: 1, cols: 1 });
		let by = |node: &&assay_ops::Node| {
			matches!(node.op, Op::Fma(_)) && Some(usize::from(node.inputs[1])) == constant
		};
		nodes.iter().filter(by).count()
	};
	assert_eq!((decays(&all), decays(&matrices)), (4, 2));
}
