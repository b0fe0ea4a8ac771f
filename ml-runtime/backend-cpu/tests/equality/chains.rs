//! Chains of elementwise nodes equal the same nodes one by one.

use std::slice;

use assay_backend_cpu::{
	ChainFinder, CpuKernels, KernelError, Kernels, Link, ReferenceKernels, Source,
};
use assay_ops::eval::StepContext;
use assay_ops::{Binary, Broadcast, DType, NodeSpec, Op, Operand, Unary, ValueType};

use crate::all_kernels;
use crate::cases::{Flavour, Random};
use crate::elementwise::{broadcasts, BINARY, UNARY};

const CONTEXT: StepContext =
	StepContext { seed: [0; 32], step: 0, batch: 1, records: 1, record_size: 1 };

/// Nodes with a smaller number are not part of a chain.
const FIRST: u16 = 100;

fn f32s(rows: u32, cols: u32) -> ValueType {
	ValueType { dtype: DType::F32, rows, cols }
}

/// A chain: its nodes, the values from outside, and which nodes are wanted afterwards.
struct Chain {
	specs: Vec<NodeSpec>,
	outside: Vec<Vec<u32>>,
	wanted: Vec<bool>,
}

impl Chain {
	fn random((rows, cols): (u32, u32), links: u16, flavour: Flavour, random: &mut Random) -> Self {
		let mut chain = Self { specs: Vec::new(), outside: Vec::new(), wanted: Vec::new() };
		let ty = f32s(rows, cols);
		for id in FIRST..FIRST + links {
			let spreads = broadcasts(rows, cols);
			let (broadcast, second) = spreads[random.below(spreads.len() as u32) as usize];
			let op = match random.below(4) {
				0 => Op::Unary(UNARY[random.below(12) as usize]),
				1 => Op::Binary(BINARY[random.below(11) as usize], broadcast),
				2 => Op::Fma(broadcast),
				_ => Op::Select(broadcast),
			};
			let types = match op {
				Op::Unary(_) => vec![ty],
				Op::Binary(..) => vec![ty, f32s(second.0, second.1)],
				_ => vec![ty, f32s(second.0, second.1), ty],
			};
			let inputs = types.iter().enumerate().map(|(at, ty)| {
				let by_word = at != 1 || broadcast == Broadcast::None;
				let of_link = by_word && id > FIRST && random.below(3) > 0;
				let id = if of_link {
					FIRST + random.below(u32::from(id - FIRST)) as u16
				} else {
					chain.outside.push((0..ty.words()).map(|_| flavour.word(random)).collect());
					chain.outside.len() as u16 - 1
				};
				Operand { id, ty: *ty }
			});
			let inputs = inputs.collect::<Vec<_>>().try_into().expect("at most three operands");
			chain.specs.push(NodeSpec { id, op, inputs, ty });
			chain.wanted.push(random.below(2) == 0);
		}
		*chain.wanted.last_mut().expect("there are links") = true;
		chain
	}

	fn links(&self) -> Vec<Link<'_>> {
		let source = |operand: &Operand| match operand.id.checked_sub(FIRST) {
			Some(link) => Source::Link(link.into()),
			None => Source::Value(&self.outside[usize::from(operand.id)]),
		};
		let link = |spec| Link { spec, operands: spec.inputs.iter().map(source).collect() };
		self.specs.iter().map(link).collect()
	}

	/// What is wanted, one after the other.
	fn run(&self, kernels: &dyn Kernels) -> Vec<Vec<u32>> {
		let words = |spec: &NodeSpec| vec![0xDEAD_BEEF; spec.ty.words() as usize];
		let mut outs: Vec<_> = self
			.specs
			.iter()
			.zip(&self.wanted)
			.map(|(spec, wanted)| wanted.then(|| words(spec)))
			.collect();
		let mut places: Vec<_> = outs.iter_mut().map(Option::as_deref_mut).collect();
		kernels.run_chain(&self.links(), &CONTEXT, &mut places).expect("the chain is valid");
		outs.into_iter().flatten().collect()
	}
}

#[test]
fn chains_should_equal_reference_when_nodes_are_wanted_or_not() {
	let kernels = all_kernels();
	let mut random = Random(1);
	for shape in [(1, 1), (37, 41), (300, 70), (5, 4000), (9000, 3), (4096, 1)] {
		for flavour in Flavour::ALL {
			for links in [1, 2, 5, 12, 32] {
				let chain = Chain::random(shape, links, flavour, &mut random);
				let mut finder = ChainFinder::default();
				let found: Vec<_> = chain.specs.iter().map(|spec| finder.goes_on(spec)).collect();
				assert!(!found[0] && found[1..].iter().all(|goes_on| *goes_on), "{found:?}");
				let right = chain.run(&ReferenceKernels);
				for kernels in &kernels {
					assert!(
						chain.run(kernels) == right,
						"{:?} with {} threads differs in {:?}",
						kernels.level(),
						kernels.threads(),
						chain.specs,
					);
				}
			}
		}
	}
}

fn node(id: u16, op: Op, inputs: &[(u16, ValueType)], ty: ValueType) -> NodeSpec {
	let inputs: Vec<_> = inputs.iter().map(|(id, ty)| Operand { id: *id, ty: *ty }).collect();
	NodeSpec { id, op, inputs: inputs.try_into().expect("few operands"), ty }
}

#[test]
fn chain_should_end_when_a_node_needs_more_than_its_word() {
	let (ty, square) = (f32s(4, 6), f32s(1, 1));
	let neg = |id, ty| node(id, Op::Unary(Unary::Neg), &[(0, ty)], ty);
	let add = |id, second, broadcast, of| {
		node(id, Op::Binary(Binary::Add, broadcast), &[(0, ty), (second, of)], ty)
	};
	let goes_on = |specs: &[NodeSpec]| {
		let mut finder = ChainFinder::default();
		specs.iter().map(|spec| finder.goes_on(spec)).collect::<Vec<_>>()
	};
	let first = neg(5, ty);
	assert_eq!(goes_on(&[first.clone(), add(6, 5, Broadcast::None, ty)]), [false, true]);
	assert_eq!(goes_on(&[first.clone(), neg(6, f32s(6, 4))]), [false, false]);
	assert_eq!(goes_on(&[first.clone(), node(6, Op::RowSum, &[(5, ty)], f32s(4, 1))]), [false; 2]);
	// One word that is a link may be spread, but not over itself.
	let spread =
		node(6, Op::Binary(Binary::Add, Broadcast::Scalar), &[(0, square), (5, square)], square);
	assert_eq!(goes_on(&[neg(5, square), spread]), [false, false]);
	let slot = |id| node(id, Op::State { slot: 0 }, &[], ty);
	let all = [slot(4), first.clone(), slot(6), add(7, 6, Broadcast::None, ty)];
	assert_eq!(goes_on(&all), [false, false, true, true]);
	let many: Vec<_> = (5..50).map(|id| neg(id, ty)).collect();
	let ends: Vec<_> = goes_on(&many)
		.into_iter()
		.enumerate()
		.filter(|(_, goes_on)| !goes_on)
		.map(|(at, _)| at)
		.collect();
	assert_eq!(ends, [0, 32]);
}

#[test]
fn chain_should_be_refused_when_it_is_none() {
	let (ty, words) = (f32s(2, 3), [0; 6]);
	let kernels = CpuKernels::new(1).expect("one thread");
	let neg = node(5, Op::Unary(Unary::Neg), &[(0, ty)], ty);
	let row = node(6, Op::Binary(Binary::Add, Broadcast::Row), &[(0, ty), (5, f32s(1, 3))], ty);
	let sum = node(6, Op::RowSum, &[(0, ty)], f32s(2, 1));
	let other = node(6, Op::Unary(Unary::Neg), &[(0, f32s(3, 2))], f32s(3, 2));
	let value = Source::Value(&words);
	let refused = |links: &[Link<'_>], length: usize, places: usize| {
		let mut outs = vec![vec![7; length]; places];
		let mut places: Vec<_> = outs.iter_mut().map(|out| Some(&mut out[..])).collect();
		let result = kernels.run_chain(links, &CONTEXT, &mut places);
		assert_eq!(result, Err(KernelError::Shape), "{links:?}");
		assert!(outs.iter().flatten().all(|word| *word == 7), "nothing was written");
	};
	let first = Link { spec: &neg, operands: vec![value] };
	refused(&[], 6, 0);
	refused(slice::from_ref(&first), 5, 1);
	refused(slice::from_ref(&first), 6, 2);
	for operands in
		[vec![], vec![Source::Link(0)], vec![value, value], vec![Source::Value(&words[1..])]]
	{
		refused(&[Link { spec: &neg, operands }], 6, 1);
	}
	for spec in [&row, &sum, &other] {
		let operands = vec![value, Source::Link(0)][..spec.inputs.len()].to_vec();
		refused(&[first.clone(), Link { spec, operands }], 6, 2);
	}
	// One word that is spread over one word.
	let (one, word) = (f32s(1, 1), Source::Value(&words[..1]));
	let neg = node(5, Op::Unary(Unary::Neg), &[(0, one)], one);
	let spread = Op::Binary(Binary::Add, Broadcast::Scalar);
	let spread = node(6, spread, &[(0, one), (5, one)], one);
	let first = Link { spec: &neg, operands: vec![word] };
	refused(&[first, Link { spec: &spread, operands: vec![word, Source::Link(0)] }], 1, 2);
}
