//! A whole training step of a small perceptron by the reference: its gradients against finite
//! differences in `f64`, its update, and a golden digest.

mod common;

use assay_ops::{
	eval::StepContext,
	shuffle::record_at,
	step::{run_reference, StepResult},
	Binary, Broadcast, CheckedProgram, Limits, NodeId, Op, RecordFormat, Slot, Unary, ValueType,
};
use common::{
	program::{float, program},
	Random,
};

const BATCH: u32 = 40;
const INPUTS: u32 = 6;
const HIDDEN: u32 = 5;
const CLASSES: u32 = 3;
const RECORDS: u64 = 100;
/// Six floats and the label.
const RECORD: u32 = 4 * INPUTS + 1;
const LEARNING_RATE: f32 = 0.125;

/// Collects nodes and returns their ids.
#[derive(Default)]
struct Builder(Vec<(Op, Vec<NodeId>)>);

impl Builder {
	fn push(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
		self.0.push((op, inputs.to_vec()));
		(self.0.len() - 1) as NodeId
	}

	fn product(&mut self, a: NodeId, b: NodeId, transpose_a: bool, transpose_b: bool) -> NodeId {
		self.push(Op::MatMul { transpose_a, transpose_b }, &[a, b])
	}

	fn constant(&mut self, value: f32) -> NodeId {
		self.push(Op::Fill { bits: value.to_bits(), rows: 1, cols: 1 }, &[])
	}

	fn binary(&mut self, op: Binary, broadcast: Broadcast, a: NodeId, b: NodeId) -> NodeId {
		self.push(Op::Binary(op, broadcast), &[a, b])
	}
}

struct Perceptron {
	checked: CheckedProgram,
	/// Gradients of the four parameters.
	gradients: [NodeId; 4],
}

const SHAPES: [ValueType; 4] = [
	ValueType { rows: INPUTS, cols: HIDDEN, ..SCALAR },
	ValueType { rows: 1, cols: HIDDEN, ..SCALAR },
	ValueType { rows: HIDDEN, cols: CLASSES, ..SCALAR },
	ValueType { rows: 1, cols: CLASSES, ..SCALAR },
];
const SCALAR: ValueType = ValueType { dtype: assay_ops::DType::F32, rows: 1, cols: 1 };

fn perceptron() -> Perceptron {
	let mut b = Builder::default();
	let x = b.push(Op::Load { offset: 0, width: INPUTS, format: RecordFormat::F32 }, &[]);
	let format = RecordFormat::U8ToU32;
	let labels = b.push(Op::Load { offset: 4 * INPUTS, width: 1, format }, &[]);
	let [w1, b1, w2, b2] = [0, 1, 2, 3].map(|slot| b.push(Op::State { slot }, &[]));
	// Forward.
	let product = b.product(x, w1, false, false);
	let before = b.binary(Binary::Add, Broadcast::Row, product, b1);
	let hidden = b.push(Op::Unary(Unary::Relu), &[before]);
	let product = b.product(hidden, w2, false, false);
	let logits = b.binary(Binary::Add, Broadcast::Row, product, b2);
	let greatest = b.push(Op::RowMax, &[logits]);
	let shifted = b.binary(Binary::Sub, Broadcast::Col, logits, greatest);
	let exps = b.push(Op::Unary(Unary::Exp), &[shifted]);
	let sums = b.push(Op::RowSum, &[exps]);
	let logs = b.push(Op::Unary(Unary::Log), &[sums]);
	let picked = b.push(Op::Pick, &[shifted, labels]);
	let losses = b.binary(Binary::Sub, Broadcast::None, logs, picked);
	let total = b.push(Op::ColSum, &[losses]);
	let share = b.constant(1.0 / BATCH as f32);
	let loss = b.binary(Binary::Mul, Broadcast::Scalar, total, share);
	// Backward.
	let softmax = b.binary(Binary::Div, Broadcast::Col, exps, sums);
	let target = b.push(Op::OneHot { cols: CLASSES }, &[labels]);
	let difference = b.binary(Binary::Sub, Broadcast::None, softmax, target);
	let d_logits = b.binary(Binary::Mul, Broadcast::Scalar, difference, share);
	let d_w2 = b.product(hidden, d_logits, true, false);
	let d_b2 = b.push(Op::ColSum, &[d_logits]);
	let d_hidden = b.product(d_logits, w2, false, true);
	let d_before = b.binary(Binary::ReluGrad, Broadcast::None, before, d_hidden);
	let d_w1 = b.product(x, d_before, true, false);
	let d_b1 = b.push(Op::ColSum, &[d_before]);
	// w' = g · (−rate) + w.
	let rate = b.constant(-LEARNING_RATE);
	let gradients = [d_w1, d_b1, d_w2, d_b2];
	let updated = [(d_w1, w1), (d_b1, b1), (d_w2, w2), (d_b2, b2)]
		.map(|(gradient, old)| b.push(Op::Fma(Broadcast::Scalar), &[gradient, rate, old]));
	let slots: Vec<Slot> = SHAPES
		.iter()
		.zip(updated)
		.map(|(ty, next)| Slot { ty: *ty, next, parameter: true })
		.collect();
	let nodes: Vec<(Op, &[NodeId])> = b.0.iter().map(|(op, i)| (*op, i.as_slice())).collect();
	let checked = program(BATCH, &nodes, &slots, loss).check(&Limits::new(RECORD)).expect("valid");
	Perceptron { checked, gradients }
}

/// Records of random floats with one decimal digit and random labels.
fn data() -> Vec<u8> {
	let mut random = Random(61);
	let mut data = Vec::new();
	for _ in 0..RECORDS {
		for _ in 0..INPUTS {
			data.extend((random.below(41) as f32 / 10.0 - 2.0).to_le_bytes());
		}
		data.push(random.below(CLASSES) as u8);
	}
	data
}

fn parameters() -> Vec<Vec<u32>> {
	let mut random = Random(62);
	SHAPES
		.iter()
		.map(|ty| {
			(0..ty.words()).map(|_| (random.below(2001) as f32 / 1000.0 - 1.0).to_bits()).collect()
		})
		.collect()
}

fn step_context() -> StepContext {
	common::program::context(BATCH, RECORDS, RECORD)
}

fn run() -> (Perceptron, StepResult) {
	let perceptron = perceptron();
	let result = run_reference(&perceptron.checked, &step_context(), &parameters(), &data());
	(perceptron, result.expect("everything is there"))
}

/// The loss in `f64`, straight from the definition of the network.
fn exact_loss(parameters: &[Vec<f64>]) -> f64 {
	let (context, data) = (step_context(), data());
	let [w1, b1, w2, b2] = parameters else { panic!("four parameters") };
	let (hidden, classes) = (HIDDEN as usize, CLASSES as usize);
	let mut total = 0.0;
	for row in 0..u64::from(BATCH) {
		let position = context.step * u64::from(BATCH) + row;
		let record = record_at(&context.seed, position, RECORDS) as usize;
		let bytes = &data[record * RECORD as usize..][..RECORD as usize];
		let x: Vec<f64> = bytes[..4 * INPUTS as usize]
			.chunks(4)
			.map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
			.collect();
		let h: Vec<f64> = (0..hidden)
			.map(|j| {
				(b1[j] + (0..x.len()).map(|i| x[i] * w1[i * hidden + j]).sum::<f64>()).max(0.0)
			})
			.collect();
		let z: Vec<f64> = (0..classes)
			.map(|j| b2[j] + (0..hidden).map(|i| h[i] * w2[i * classes + j]).sum::<f64>())
			.collect();
		let label = bytes[4 * INPUTS as usize] as usize;
		total += z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[label];
	}
	total / f64::from(BATCH)
}

fn wide(values: &[u32]) -> Vec<f64> {
	values.iter().map(|bits| f64::from(f32::from_bits(*bits))).collect()
}

#[test]
fn step_should_compute_the_loss() {
	let (perceptron, result) = run();
	let loss = f64::from(f32::from_bits(result.outputs[usize::from(perceptron.checked.loss)][0]));
	let exact = exact_loss(&parameters().iter().map(|p| wide(p)).collect::<Vec<_>>());
	assert!((loss - exact).abs() < 1e-6, "{loss} {exact}");
}

#[test]
fn step_should_compute_gradients_that_finite_differences_confirm() {
	let (perceptron, result) = run();
	let base: Vec<Vec<f64>> = parameters().iter().map(|p| wide(p)).collect();
	for (index, node) in perceptron.gradients.iter().enumerate() {
		let gradient = wide(&result.outputs[usize::from(*node)]);
		for (element, computed) in gradient.iter().enumerate() {
			let moved = |by: f64| {
				let mut parameters = base.clone();
				parameters[index][element] += by;
				exact_loss(&parameters)
			};
			let numeric = (moved(1e-6) - moved(-1e-6)) / 2e-6;
			let close = (computed - numeric).abs() < 1e-5;
			assert!(close, "parameter {index}, element {element}: {computed} {numeric}");
		}
	}
}

#[test]
fn step_should_update_every_slot() {
	let (perceptron, result) = run();
	for ((old, new), node) in parameters().iter().zip(&result.slots).zip(perceptron.gradients) {
		let gradient = &result.outputs[usize::from(node)];
		assert_ne!(old, new);
		for ((old, new), g) in wide(old).iter().zip(wide(new)).zip(wide(gradient)) {
			// The product and the sum are exact in f64 at these magnitudes; one rounding remains.
			assert_eq!(new, f64::from((old - f64::from(LEARNING_RATE) * g) as f32));
		}
	}
}

#[test]
fn step_should_give_the_golden_digest() {
	let (_, result) = run();
	let mut hasher = blake3::Hasher::new();
	for word in result.outputs.iter().flatten() {
		hasher.update(&word.to_le_bytes());
	}
	assert_eq!(hasher.finalize().to_hex().as_str(), GOLDEN);
}

const GOLDEN: &str = "da5d62868878b3d4bf15da264b3fcfce9bed8ba1b8dbf07c7a61c634d0113549";

#[test]
fn step_should_fail_when_state_or_data_is_short() {
	let checked = perceptron().checked;
	let mut short = parameters();
	short[2].pop();
	assert!(run_reference(&checked, &step_context(), &short, &data()).is_err());
	assert!(run_reference(&checked, &step_context(), &parameters()[..3], &data()).is_err());
	assert!(run_reference(&checked, &step_context(), &parameters(), &data()[..50]).is_err());
}

#[test]
fn mask_should_drop_the_asked_share_and_differ_by_step() {
	let half = Op::Mask { stream: 1, threshold: 1 << 31, scale: 0x4000_0000, rows: 100, cols: 70 };
	let nodes: [(Op, &[NodeId]); 2] = [(half, &[]), (Op::Fill { bits: 0, rows: 1, cols: 1 }, &[])];
	let checked = program(1, &nodes, &[], 1).check(&Limits::new(0)).expect("valid");
	let at = |step| {
		let context = StepContext { step, ..step_context() };
		run_reference(&checked, &context, &[], &[]).expect("no operands needed").outputs.remove(0)
	};
	let (first, second) = (at(0), at(1));
	assert!(first.iter().all(|word| [0, 0x4000_0000].contains(word)));
	let kept = first.iter().filter(|word| **word != 0).count();
	assert!((3300..3700).contains(&kept), "{kept}");
	assert_ne!(first, second);
	assert_eq!(float(100, 70).words(), first.len() as u64);
}

#[test]
fn schedule_should_follow_the_step() {
	// A table of three rates, each of which holds for two steps; afterwards it starts again.
	let slot = Slot { ty: float(3, 1), next: 0, parameter: false };
	let nodes: [(Op, &[NodeId]); 3] = [
		(Op::State { slot: 0 }, &[]),
		(Op::StepIndex { every: 2, period: 3 }, &[]),
		(Op::Gather, &[0, 1]),
	];
	let checked = program(1, &nodes, &[slot], 2).check(&Limits::new(0)).expect("valid");
	let rate = |step| {
		let context = StepContext { step, ..step_context() };
		run_reference(&checked, &context, &[vec![10, 20, 30]], &[]).expect("valid").outputs[2][0]
	};
	assert_eq!([0, 1, 2, 3, 4, 5, 6].map(rate), [10, 10, 20, 20, 30, 30, 10]);
	// Steps are 64 bits wide: 2^33 / 2 = 2^32, which is 1 modulo 3.
	assert_eq!(rate(1 << 33), 20);
}

#[test]
fn load_should_convert_every_format() {
	// One record: the bytes 1, 2, 3, 128 and then a signalling NaN.
	let data = [1, 2, 3, 128, 1, 0, 128, 127];
	let load = |offset, width, format| {
		let one = Op::Fill { bits: 0, rows: 1, cols: 1 };
		let nodes: [(Op, &[NodeId]); 2] = [(Op::Load { offset, width, format }, &[]), (one, &[])];
		let checked = program(1, &nodes, &[], 1).check(&Limits::new(8)).expect("valid");
		let context = common::program::context(1, 1, 8);
		run_reference(&checked, &context, &[], &data)
			.expect("the record is there")
			.outputs
			.remove(0)
	};
	let floats = [2f32, 3.0, 128.0].map(f32::to_bits);
	assert_eq!(load(1, 3, RecordFormat::U8ToF32), floats);
	assert_eq!(load(1, 3, RecordFormat::U8ToU32), [2, 3, 128]);
	assert_eq!(load(0, 2, RecordFormat::F32), [0x8003_0201, 0x7FC0_0000]);
	assert_eq!(load(0, 2, RecordFormat::U32), [0x8003_0201, 0x7F80_0001]);
}
