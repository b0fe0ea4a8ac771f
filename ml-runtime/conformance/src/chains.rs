//! Chains of elementwise nodes, which kernels may compute as one.

use assay_backend_cpu::{KernelError, Kernels, Link, Source};
use assay_ops::{eval::StepContext, Broadcast, DType, NodeSpec, Op, Operand, ValueType};

use crate::{
	catalogue::{BINARY, UNARY},
	suite::{compare_with, Fault, Found, Outcome, Runnable},
	Backend, Draw, Flavour, Random, Size,
};

/// The name under which chains appear beside operations.
pub const CHAIN: &str = "chain";

/// Most links of a case.
const MOST_LINKS: u32 = 12;

/// Shapes that are too much work are drawn again, at most this often.
const DRAWS: u32 = 1000;

/// Scalar operations of a function of one word, about.
const WORD_WORK: u64 = 32;

/// Values of the whole type that are there before a chain; after them come those that are spread.
const WHOLE: u16 = 3;

/// A chain, the values that it reads, and which of its results are wanted.
#[derive(Clone, Debug)]
pub struct ChainCase {
	values: Vec<Vec<u32>>,
	flavours: Vec<Flavour>,
	/// Each with the number of the value or link that its operands are, values first.
	links: Vec<(NodeSpec, Vec<usize>)>,
	wanted: Vec<bool>,
}

/// The shapes of all values: whole ones, a row, a column, one word, and a part that repeats.
fn shapes((rows, cols): (u32, u32)) -> Vec<(u32, u32)> {
	let part = |size: u32| (1..=size.min(8)).rev().find(|part| size.is_multiple_of(*part));
	let part = (part(rows).unwrap_or(1), part(cols).unwrap_or(1));
	let whole = (0..WHOLE).map(|_| (rows, cols));
	whole.chain([(1, cols), (rows, 1), (1, 1), part]).collect()
}

fn float((rows, cols): (u32, u32)) -> ValueType {
	ValueType { dtype: DType::F32, rows, cols }
}

impl ChainCase {
	/// Case `number`.
	pub fn new(seed: u64, number: u64, size: Size) -> Self {
		let mut random = Random::of_case(seed, CHAIN, number);
		let mut draw = Draw { random: &mut random, large: size == Size::Large };
		let values = u64::from(WHOLE) + u64::from(MOST_LINKS);
		let fits = |(rows, cols): &(u32, u32)| {
			u64::from(*rows) * u64::from(*cols) * values <= size.most_work() / WORD_WORK
		};
		let shape = (0..DRAWS).map(|_| (draw.size(), draw.size())).find(fits).unwrap_or((1, 1));
		let shapes = shapes(shape);
		let flavours: Vec<_> = shapes.iter().map(|_| random.pick(Flavour::ALL)).collect();
		let values = shapes.iter().zip(&flavours).map(|((rows, cols), flavour)| {
			let words = 0..u64::from(*rows) * u64::from(*cols);
			words.map(|_| flavour.word(&mut random)).collect()
		});
		let values = values.collect();
		let count = 2 + random.below(MOST_LINKS - 1);
		let links = (0..count).map(|link| self::link(&mut random, &shapes, link)).collect();
		let wanted = (0..count).map(|link| link + 1 == count || random.below(3) == 0).collect();
		Self { values, flavours, links, wanted }
	}
}

/// A node that reads values, or links before it.
fn link(random: &mut Random, shapes: &[(u32, u32)], link: u32) -> (NodeSpec, Vec<usize>) {
	let values = shapes.len() as u32;
	let whole = |random: &mut Random| match random.below(u32::from(WHOLE) + 2 * link) {
		value if value < u32::from(WHOLE) => value,
		// The links before it, the near ones as likely as all.
		near if near < u32::from(WHOLE) + link => values + near - u32::from(WHOLE),
		_ => values + link - 1,
	};
	let spread = u32::from(WHOLE) + random.below(4);
	let broadcast = match spread - u32::from(WHOLE) {
		_ if random.coin() => Broadcast::None,
		0 => Broadcast::Row,
		1 => Broadcast::Col,
		2 => Broadcast::Scalar,
		_ => Broadcast::Periodic { each: 1 },
	};
	let second = |random: &mut Random| match broadcast {
		Broadcast::None => whole(random),
		_ => spread,
	};
	let (op, operands) = match random.below(4) {
		0 => (Op::Unary(random.pick(UNARY).1), vec![whole(random)]),
		1 => {
			let op = Op::Binary(random.pick(BINARY).1, broadcast);
			(op, vec![whole(random), second(random)])
		},
		kind => {
			let op = if kind == 2 { Op::Fma(broadcast) } else { Op::Select(broadcast) };
			(op, vec![whole(random), second(random), whole(random)])
		},
	};
	let shape = |operand: u32| shapes.get(operand as usize).copied().unwrap_or(shapes[0]);
	let inputs: Vec<_> = operands
		.iter()
		.map(|operand| Operand { id: *operand as u16, ty: float(shape(*operand)) })
		.collect();
	let inputs = inputs.try_into().unwrap_or_default();
	let spec = NodeSpec { id: (values + link) as u16, op, inputs, ty: float(shapes[0]) };
	(spec, operands.into_iter().map(|operand| operand as usize).collect())
}

impl Runnable for ChainCase {
	fn words(&self) -> u64 {
		let wanted = self.links.iter().zip(&self.wanted).filter(|(_, wanted)| **wanted);
		wanted.map(|((spec, _), _)| spec.ty.words()).sum()
	}

	fn run(&self, kernels: &dyn Kernels) -> Result<Vec<u32>, KernelError> {
		let source = |operand: &usize| match self.values.get(*operand) {
			Some(words) => Source::Value(words),
			None => Source::Link(*operand - self.values.len()),
		};
		let links: Vec<_> = self
			.links
			.iter()
			.map(|(spec, operands)| Link { spec, operands: operands.iter().map(source).collect() })
			.collect();
		// Any content: kernels must overwrite all of it.
		let mut all = vec![0xDEAD_BEEF; self.words() as usize];
		let mut rest = all.as_mut_slice();
		let mut outs = Vec::new();
		for ((spec, _), wanted) in self.links.iter().zip(&self.wanted) {
			outs.push(wanted.then(|| {
				let (out, after) = std::mem::take(&mut rest).split_at_mut(spec.ty.words() as usize);
				rest = after;
				out
			}));
		}
		let context = StepContext { seed: [0; 32], step: 0, batch: 1, records: 0, record_size: 0 };
		kernels.run_chain(&links, &context, &mut outs)?;
		Ok(all)
	}

	fn find(&self, at: u64) -> Found<'_> {
		let mut before = 0;
		let mut wanted = self.links.iter().zip(&self.wanted).filter(|(_, wanted)| **wanted);
		let found = wanted.find_map(|((spec, _), _)| {
			let from = before;
			before += spec.ty.words();
			(at < before).then(|| (spec, at - from))
		});
		let (spec, at) = found.unwrap_or((&self.links[0].0, 0));
		Found { spec, at, flavours: &self.flavours }
	}
}

/// Runs so many chains on every backend: one outcome per backend, all with the same digest.
pub fn run(seed: u64, cases: u64, size: Size, backends: &[Backend]) -> Result<Vec<Outcome>, Fault> {
	let size = |number: u64| if number.is_multiple_of(8) { size } else { Size::Small };
	let case = |number| (number, ChainCase::new(seed, number, size(number)));
	compare_with((0..cases).map(case), backends)
}
