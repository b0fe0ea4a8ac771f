//! Kernels of the CPU backend other than matrix products, against the operations of candle; and a
//! chain of them, against the same one by one.
//!
//! A figure counts elements: of the result, or of the operand that a reduction reads.

mod chain;
#[path = "../../../../primitives/ops/benches/common/mod.rs"]
mod common;

use std::{error::Error, hint::black_box};

use assay_backend_cpu::{CpuKernels, Kernels, Records};
use assay_ops::{
	eval::StepContext, Binary, Broadcast, DType, NodeSpec, Op, Operand, Unary, ValueType, Window,
};
use candle_core::{DType as CandleDType, Device, Result, Tensor, D};
use common::{figure, ratio, Bench};

const ROUNDS: usize = 11;
const THREADS: [usize; 2] = [1, 2];
const CONTEXT: StepContext =
	StepContext { seed: [0; 32], step: 0, batch: 1, records: 1, record_size: 1 };

/// Rows and columns of most operands.
const ROWS: usize = 1024;
const COLS: usize = 1024;

/// Rows of an embedding table, and of what is taken from it.
const TABLE: usize = 8192;
const TAKEN: usize = ROWS * COLS / WIDTH;
const WIDTH: usize = 256;

/// Columns of a head.
const HEAD: usize = 64;

/// Images, their sides and channels.
const IMAGES: usize = 64;
const SIDE: usize = 32;
const CHANNELS: usize = 16;

type Peer = Box<dyn Fn() -> Result<Tensor>>;

/// An operation on its operands, and the same in candle where it has it.
struct Contest {
	name: &'static str,
	op: Op,
	operands: Vec<Tensor>,
	peer: Option<Peer>,
}

/// Numbers between −2 and 2, or between 0 and 4.
fn noise(rows: usize, cols: usize, lowest: f32) -> Result<Tensor> {
	let number = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 4_194_304.0 + lowest;
	let numbers: Vec<f32> = (0..(rows * cols) as u32).map(number).collect();
	Tensor::from_vec(numbers, (rows, cols), &Device::Cpu)
}

/// So many indices below `below`.
fn indices(count: usize, below: usize) -> Result<Tensor> {
	let index = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) % below as u32;
	let indices: Vec<u32> = (0..count as u32).map(index).collect();
	Tensor::from_vec(indices, (count, 1), &Device::Cpu)
}

/// The words of a tensor.
fn bits(tensor: &Tensor) -> Result<Vec<u32>> {
	let flat = tensor.flatten_all()?;
	match tensor.dtype() {
		CandleDType::U32 => flat.to_vec1(),
		_ => Ok(flat.to_vec1()?.iter().map(|x: &f32| x.to_bits()).collect()),
	}
}

impl Contest {
	fn new(
		name: &'static str,
		op: Op,
		operands: &[&Tensor],
		peer: impl Fn() -> Result<Tensor> + 'static,
	) -> Self {
		Self { peer: Some(Box::new(peer)), ..Self::alone(name, op, operands) }
	}

	fn alone(name: &'static str, op: Op, operands: &[&Tensor]) -> Self {
		Self { name, op, operands: operands.iter().copied().cloned().collect(), peer: None }
	}

	fn spec(&self) -> std::result::Result<NodeSpec, Box<dyn Error>> {
		let ty = |tensor: &Tensor| -> Result<ValueType> {
			let (rows, cols) = tensor.dims2()?;
			let dtype = match tensor.dtype() {
				CandleDType::U32 => DType::U32,
				_ => DType::F32,
			};
			Ok(ValueType { dtype, rows: rows as u32, cols: cols as u32 })
		};
		let types: Vec<ValueType> = self.operands.iter().map(ty).collect::<Result<_>>()?;
		let ty = self.op.infer(&types, CONTEXT.batch).map_err(|error| format!("{error:?}"))?;
		let inputs: Vec<_> = (0..).zip(types).map(|(id, ty)| Operand { id, ty }).collect();
		let inputs = inputs.try_into().map_err(|_| "too many operands")?;
		Ok(NodeSpec { id: 9, op: self.op, inputs, ty })
	}

	fn run(&self, bench: &Bench, threads: usize) -> std::result::Result<(), Box<dyn Error>> {
		let (kernels, spec) = (CpuKernels::new(threads)?, self.spec()?);
		let operands: Vec<Vec<u32>> = self.operands.iter().map(bits).collect::<Result<_>>()?;
		let operands: Vec<&[u32]> = operands.iter().map(Vec::as_slice).collect();
		let mut out = vec![0; spec.ty.words() as usize];
		let mut ours = || {
			let records = Records { bytes: &[0], size: 1 };
			let result = kernels.run(&spec, &CONTEXT, &operands, &records, black_box(&mut out));
			result.expect("the operands have the node's types");
		};
		let read = match self.op {
			Op::Pick => 0, // only what is taken
			_ => self.operands[0].elem_count() as u64,
		};
		let elements = spec.ty.words().max(read) as f64;
		let name = format!("kernel.{}.n{elements}.t{threads}", self.name);
		let Some(peer) = &self.peer else {
			let seconds = bench.medians(ROUNDS, &mut [&mut ours]);
			figure(&name, elements / seconds[0] / 1e9, "gelem/s");
			return Ok(());
		};
		let mut theirs = || _ = black_box(peer().expect("candle has the operation"));
		let seconds = bench.medians(ROUNDS, &mut [&mut ours, &mut theirs]);
		figure(&name, elements / seconds[0] / 1e9, "gelem/s");
		ratio(&name, "candle", seconds[0], seconds[1]);
		let expected: Vec<f32> = peer()?.flatten_all()?.to_vec1()?;
		let near = |(word, x): (&u32, &f32)| {
			let ours = f32::from_bits(*word);
			ours == *x || (ours - x).abs() < 2e-3
		};
		assert!(out.iter().zip(&expected).all(near), "{name}: both compute the same");
		Ok(())
	}
}

/// Functions of one number.
fn unary() -> Result<Vec<Contest>> {
	let x = noise(ROWS, COLS, -2.0)?;
	let positive = noise(ROWS, COLS, 1e-6)?;
	let against = |name, f, x: &Tensor, peer: fn(&Tensor) -> Result<Tensor>| {
		let tensor = x.clone();
		Contest::new(name, Op::Unary(f), &[x], move || peer(&tensor))
	};
	Ok(vec![
		against("relu", Unary::Relu, &x, Tensor::relu),
		against("abs", Unary::Abs, &x, Tensor::abs),
		against("sqrt", Unary::Sqrt, &positive, Tensor::sqrt),
		Contest::alone("rsqrt", Op::Unary(Unary::Rsqrt), &[&positive]),
		against("exp", Unary::Exp, &x, Tensor::exp),
		against("log", Unary::Log, &positive, Tensor::log),
		against("tanh", Unary::Tanh, &x, Tensor::tanh),
		against("erf", Unary::Erf, &x, Tensor::erf),
		Contest::alone("sigmoid", Op::Unary(Unary::Sigmoid), &[&x]),
		against("silu", Unary::Silu, &x, Tensor::silu),
		against("gelu", Unary::Gelu, &x, Tensor::gelu_erf),
	])
}

/// Functions of two numbers and of three.
fn several() -> Result<Vec<Contest>> {
	let (x, y) = (noise(ROWS, COLS, -2.0)?, noise(ROWS, COLS, 0.5)?);
	let (row, table) = (noise(1, COLS, 0.0)?, noise(ROWS / 4, HEAD, 0.0)?);
	let binary = |name, f, peer: fn(&Tensor, &Tensor) -> Result<Tensor>| {
		let (a, b) = (x.clone(), y.clone());
		Contest::new(name, Op::Binary(f, Broadcast::None), &[&x, &y], move || peer(&a, &b))
	};
	let (a, b) = (x.clone(), row.clone());
	let bias = move || a.broadcast_add(&b);
	let (a, b) = (x.clone(), table.reshape((1, ROWS / 4, 1, HEAD))?);
	let positions = move || {
		let heads = a.reshape((4, ROWS / 4, COLS / HEAD, HEAD))?;
		heads.broadcast_mul(&b)
	};
	let (a, b, condition) = (x.clone(), y.clone(), x.ge(0.5)?);
	let select = move || condition.where_cond(&a, &b);
	let mask = x.ge(0.5)?.to_dtype(CandleDType::F32)?;
	let periodic = Broadcast::Periodic { each: 1 };
	Ok(vec![
		binary("add", Binary::Add, Tensor::add),
		binary("div", Binary::Div, Tensor::div),
		binary("max", Binary::Max, |a, b| a.maximum(b)),
		Contest::new("add-row", Op::Binary(Binary::Add, Broadcast::Row), &[&x, &row], bias),
		Contest::new("mul-table", Op::Binary(Binary::Mul, periodic), &[&x, &table], positions),
		Contest::alone("silu-grad", Op::Binary(Binary::SiluGrad, Broadcast::None), &[&x, &y]),
		Contest::alone("gelu-grad", Op::Binary(Binary::GeluGrad, Broadcast::None), &[&x, &y]),
		Contest::alone("fma", Op::Fma(Broadcast::None), &[&x, &y, &x]),
		Contest::new("select", Op::Select(Broadcast::None), &[&x, &mask, &y], select),
	])
}

/// Reductions, and what moves words.
fn others() -> Result<Vec<Contest>> {
	let x = noise(ROWS, COLS, -2.0)?;
	let against = |name, op, peer: fn(&Tensor) -> Result<Tensor>| {
		let tensor = x.clone();
		Contest::new(name, op, &[&x], move || peer(&tensor))
	};
	let hidden = Tensor::new(f32::NEG_INFINITY, &Device::Cpu)?.broadcast_as((ROWS, COLS))?;
	let seen = Tensor::tril2(ROWS, CandleDType::U8, &Device::Cpu)?;
	let a = x.clone();
	let causal = move || seen.where_cond(&a, &hidden);
	let bits = f32::NEG_INFINITY.to_bits();
	let (table, indices) = (noise(TABLE, WIDTH, -2.0)?, indices(TAKEN, TABLE)?);
	let gradient = noise(TAKEN, WIDTH, -2.0)?;
	let (a, at) = (table.clone(), indices.flatten_all()?);
	let gather = move || a.index_select(&at, 0);
	let (zeros, at, b) = (table.zeros_like()?, indices.flatten_all()?, gradient.clone());
	let scatter = move || zeros.index_add(&at, &b, 0);
	let rows = TABLE as u32;
	Ok(vec![
		against("row-sum", Op::RowSum, |x| x.sum_keepdim(D::Minus1)),
		against("row-max", Op::RowMax, |x| x.max_keepdim(D::Minus1)),
		against("col-sum", Op::ColSum, |x| x.sum_keepdim(0)),
		Contest::new("causal", Op::Causal { bits }, &[&x], causal),
		against("rotate-half", Op::RotateHalf { width: HEAD as u32 }, |x| {
			let runs = x.reshape((ROWS * COLS / HEAD, HEAD))?;
			let (low, high) = (runs.narrow(1, 0, HEAD / 2)?, runs.narrow(1, HEAD / 2, HEAD / 2)?);
			Tensor::cat(&[&high.neg()?, &low], 1)
		}),
		Contest::new("gather", Op::Gather, &[&table, &indices], gather),
		Contest::new("scatter-add", Op::ScatterAdd { rows }, &[&indices, &gradient], scatter),
	])
}

/// What slides over images, whose rows are pixels and whose columns are channels; candle has them the other way round.
fn windows() -> Result<Vec<Contest>> {
	let side = SIDE as u16;
	let pool = Window {
		height: side,
		width: side,
		channels: CHANNELS as u16,
		kernel_h: 2,
		kernel_w: 2,
		stride_h: 2,
		stride_w: 2,
		pad_h: 0,
		pad_w: 0,
	};
	let patch =
		Window { kernel_h: 3, kernel_w: 3, stride_h: 1, stride_w: 1, pad_h: 1, pad_w: 1, ..pool };
	let images = noise(IMAGES * SIDE * SIDE, CHANNELS, -2.0)?;
	let patches = noise(IMAGES * SIDE * SIDE, CHANNELS * 9, -2.0)?;
	let gradient = noise(IMAGES * SIDE * SIDE / 4, CHANNELS, -2.0)?;
	let planes =
		images.reshape((IMAGES, SIDE, SIDE, CHANNELS))?.permute((0, 3, 1, 2))?.contiguous()?;
	let pooled = |name, op, peer: fn(&Tensor) -> Result<Tensor>| {
		let planes = planes.clone();
		// Nothing is moved before it is compared.
		Contest::new(name, op, &[&images], move || peer(&planes)?.permute((0, 2, 3, 1)))
	};
	Ok(vec![
		pooled("max-pool", Op::MaxPool(pool), |planes| planes.max_pool2d(2)),
		pooled("avg-pool", Op::AvgPool(pool), |planes| planes.avg_pool2d(2)),
		Contest::alone("max-pool-grad", Op::MaxPoolGrad(pool), &[&images, &gradient]),
		Contest::alone("avg-pool-grad", Op::AvgPoolGrad(pool), &[&gradient]),
		Contest::alone("im2col", Op::Im2Col(patch), &[&images]),
		Contest::alone("col2im", Op::Col2Im(patch), &[&patches]),
	])
}

/// What labels choose.
fn labels() -> Result<Vec<Contest>> {
	let (x, labels) = (noise(ROWS, COLS, -2.0)?, indices(ROWS, COLS)?);
	let (a, at) = (x.clone(), labels.clone());
	let pick = move || a.gather(&at, 1);
	let cols = COLS as u32;
	Ok(vec![
		Contest::new("pick", Op::Pick, &[&x, &labels], pick),
		Contest::alone("one-hot", Op::OneHot { cols }, &[&labels]),
	])
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
	let bench = Bench::from_args();
	// The peer's threads; ours has its own.
	rayon::ThreadPoolBuilder::new().num_threads(2).build_global()?;
	for threads in THREADS {
		std::env::set_var("RAYON_NUM_THREADS", threads.to_string());
		let all = [unary()?, several()?, others()?, windows()?, labels()?];
		for contest in all.into_iter().flatten() {
			contest.run(&bench, threads)?;
		}
		chain::run(&bench, threads)?;
	}
	Ok(())
}
