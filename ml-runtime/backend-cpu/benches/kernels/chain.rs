//! AdamW's update of a parameter as one chain, and node by node.

use std::{error::Error, hint::black_box};

use assay_backend_cpu::{CpuKernels, KernelError, Kernels, Link, RecordSource, Source};
use assay_ops::eval::StepContext;
use assay_ops::{Binary, Broadcast, DType, NodeSpec, Op, Operand, Unary, ValueType};

use crate::common::{figure, ratio, Bench};
use crate::{bits, noise, CONTEXT, ROUNDS};

const TY: ValueType = ValueType { dtype: DType::F32, rows: 1024, cols: 384 };
const WORD: ValueType = ValueType { dtype: DType::F32, rows: 1, cols: 1 };

/// Values from outside: a scalar, gradient, both moments, parameter. Links have numbers from here on.
const OUTSIDE: u16 = 5;
const SCALAR: u16 = 0;

/// The same kernels without chains.
struct OneByOne<'a>(&'a CpuKernels);

impl Kernels for OneByOne<'_> {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		self.0.run(spec, ctx, operands, records, out)
	}
}

/// The nodes that the compiler makes of the rule, and the numbers of those that become slots.
fn adamw() -> Result<(Vec<NodeSpec>, [u16; 3]), Box<dyn Error>> {
	let scaled = |f| Op::Binary(f, Broadcast::Scalar);
	let both = |f| Op::Binary(f, Broadcast::None);
	let fma = Op::Fma(Broadcast::Scalar);
	let [gradient, first, second, parameter] = [1, 2, 3, 4];
	let nodes: [(Op, &[u16]); 11] = [
		(scaled(Binary::Mul), &[gradient, SCALAR]),
		(fma, &[first, SCALAR, 5]),
		(both(Binary::Mul), &[gradient, gradient]),
		(scaled(Binary::Mul), &[7, SCALAR]),
		(fma, &[second, SCALAR, 8]),
		(scaled(Binary::Div), &[9, SCALAR]),
		(Op::Unary(Unary::Sqrt), &[10]),
		(scaled(Binary::Add), &[11, SCALAR]),
		(both(Binary::Div), &[6, 12]),
		(scaled(Binary::Mul), &[parameter, SCALAR]),
		(fma, &[13, SCALAR, 14]),
	];
	let spec = |(id, (op, inputs)): (u16, (Op, &[u16]))| {
		let operand = |id: &u16| Operand { id: *id, ty: if *id == SCALAR { WORD } else { TY } };
		let inputs: Vec<_> = inputs.iter().map(operand).collect();
		let inputs = inputs.try_into().map_err(|_| "too many operands")?;
		Ok(NodeSpec { id, op, inputs, ty: TY })
	};
	let specs = (OUTSIDE..).zip(nodes).map(spec).collect::<Result<_, Box<dyn Error>>>()?;
	Ok((specs, [6, 9, 15]))
}

pub(crate) fn run(bench: &Bench, threads: usize) -> Result<(), Box<dyn Error>> {
	let kernels = CpuKernels::new(threads)?;
	let (specs, wanted) = adamw()?;
	let value = |lowest| bits(&noise(TY.rows as usize, TY.cols as usize, lowest)?);
	let outside: [Vec<u32>; OUTSIDE as usize] =
		[vec![0.5_f32.to_bits()], value(-2.0)?, value(-2.0)?, value(0.0)?, value(-2.0)?];
	let source = |operand: &Operand| match operand.id.checked_sub(OUTSIDE) {
		Some(link) => Source::Link(link.into()),
		None => Source::Value(&outside[usize::from(operand.id)]),
	};
	let link = |spec| Link { spec, operands: spec.inputs.iter().map(source).collect() };
	let links: Vec<_> = specs.iter().map(link).collect();
	let words = TY.words() as usize;
	let (mut chained, mut single) =
		(vec![vec![0; words]; specs.len()], vec![vec![0; words]; specs.len()]);
	let mut ours = || {
		let places = specs.iter().zip(&mut chained);
		let place = |(spec, out): (&NodeSpec, _)| wanted.contains(&spec.id).then_some(out);
		let mut places: Vec<_> = places.map(place).map(|out| out.map(Vec::as_mut_slice)).collect();
		kernels.run_chain(&links, &CONTEXT, black_box(&mut places)).expect("it is a chain");
	};
	let mut theirs = || {
		let mut places: Vec<_> = single.iter_mut().map(|out| Some(&mut out[..])).collect();
		let result = OneByOne(&kernels).run_chain(&links, &CONTEXT, black_box(&mut places));
		result.expect("they are nodes");
	};
	let seconds = bench.medians(ROUNDS, &mut [&mut ours, &mut theirs]);
	for id in wanted.map(|id| usize::from(id - OUTSIDE)) {
		assert!(chained[id] == single[id], "both compute the same");
	}
	let name = format!("kernel.adamw.n{words}.t{threads}");
	figure(&name, words as f64 / seconds[0] / 1e9, "gelem/s");
	ratio(&name, "one-by-one", seconds[0], seconds[1]);
	Ok(())
}
