//! What each operation means in candle, in `f64`.

use assay_ops::{Binary, Broadcast, Op, Unary, Window};
use candle_core::{DType, Device, Result, Tensor, Var};

use super::sequence;

/// The result of an operation by candle. Gradient operations are candle's autograd of the operation
/// they belong to. `None` where candle has nothing like it: state, records, random masks.
pub(crate) fn meaning(op: Op, x: &[Tensor]) -> Option<Result<Tensor>> {
	Some(match op {
		Op::State { .. } | Op::Load { .. } | Op::Mask { .. } => return None,
		Op::Iota { .. } | Op::StepIndex { .. } => return None,
		Op::Fill { bits, rows, cols } => {
			let number = f64::from(f32::from_bits(bits));
			Tensor::full(number, (rows as usize, cols as usize), &Device::Cpu)
		},
		Op::MatMul { transpose_a, transpose_b }
		| Op::QuantMatMul { transpose_a, transpose_b, .. } => {
			product(&x[0], &x[1], transpose_a, transpose_b)
		},
		Op::Im2Col(w) => patches(&w, &x[0]),
		Op::Col2Im(w) => {
			let pixels = x[0].elem_count() * w.height as usize * w.width as usize
				/ (places(&w) * w.kernel_h as usize * w.kernel_w as usize);
			let channels = w.channels as usize;
			zeros(pixels / channels, channels)
				.and_then(|zero| gradient(&zero, &x[0], |image| patches(&w, image)))
		},
		Op::MaxPool(w) => max_pool(&w, &x[0]),
		Op::MaxPoolGrad(w) => gradient(&x[0], &x[1], |image| max_pool(&w, image)),
		Op::AvgPool(w) => avg_pool(&w, &x[0]),
		Op::AvgPoolGrad(w) => {
			let rows = x[0].dims()[0] / places(&w) * w.height as usize * w.width as usize;
			zeros(rows, w.channels as usize)
				.and_then(|zero| gradient(&zero, &x[0], |image| avg_pool(&w, image)))
		},
		Op::Reshape { rows, cols } => x[0].reshape((rows as usize, cols as usize)),
		Op::Unary(function) => unary(function, &x[0]),
		Op::Binary(function, broadcast) => {
			spread(&x[1], &x[0], broadcast).and_then(|b| binary(function, &x[0], &b))
		},
		Op::Fma(broadcast) => spread(&x[1], &x[0], broadcast).and_then(|b| (&x[0] * b)? + &x[2]),
		Op::RowSum => x[0].sum_keepdim(1),
		Op::RowMax => x[0].max_keepdim(1),
		Op::ColSum => x[0].sum_keepdim(0),
		Op::Pick => x[0].gather(&x[1], 1),
		Op::OneHot { cols } => one_hot(&x[0], cols as usize),
		Op::Gather => x[1].flatten_all().and_then(|rows| x[0].index_select(&rows, 0)),
		Op::ScatterAdd { rows } => zeros(rows as usize, x[1].dims()[1])
			.and_then(|zero| zero.index_add(&x[0].flatten_all()?, &x[1], 0)),
		Op::Select(broadcast) => spread(&x[1], &x[0], broadcast)
			.and_then(|condition| condition.ne(0.0)?.where_cond(&x[0], &x[2])),
		Op::Causal { bits } => sequence::causal(f64::from(f32::from_bits(bits)), &x[0]),
		Op::RotateHalf { width } => sequence::rotate_half(width as usize, &x[0]),
		Op::BatchMatMul(product) => sequence::batch(&product, &x[0], &x[1]),
	})
}

fn zeros(rows: usize, cols: usize) -> Result<Tensor> {
	Tensor::zeros((rows, cols), DType::F64, &Device::Cpu)
}

/// Gradient of `Σ g · f(x)` with respect to `x`, by candle.
pub(crate) fn gradient(
	x: &Tensor,
	g: &Tensor,
	f: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
	let x = Var::from_tensor(x)?;
	let gradients = (f(&x)? * g)?.sum_all()?.backward()?;
	Ok(gradients.get(&x).expect("x takes part").clone())
}

fn product(a: &Tensor, b: &Tensor, transpose_a: bool, transpose_b: bool) -> Result<Tensor> {
	let turned = |x: &Tensor, turn: bool| if turn { x.t()?.contiguous() } else { Ok(x.clone()) };
	turned(a, transpose_a)?.matmul(&turned(b, transpose_b)?)
}

fn unary(function: Unary, x: &Tensor) -> Result<Tensor> {
	match function {
		Unary::Neg => x.neg(),
		Unary::Sqrt => x.sqrt(),
		Unary::Relu => x.relu(),
		Unary::Exp => x.exp(),
		Unary::Log => x.log(),
		Unary::Tanh => x.tanh(),
		Unary::Erf => x.erf(),
		Unary::Abs => x.abs(),
		Unary::Sigmoid => sigmoid(x),
		Unary::Silu => x * sigmoid(x)?,
		Unary::Gelu => x.gelu_erf(),
		Unary::Rsqrt => x.sqrt()?.recip(),
	}
}

fn sigmoid(x: &Tensor) -> Result<Tensor> {
	(x.neg()?.exp()? + 1.0)?.recip()
}

/// Gradients that are given a result get the operand that it is the result of.
fn binary(function: Binary, a: &Tensor, b: &Tensor) -> Result<Tensor> {
	match function {
		Binary::Add => a + b,
		Binary::Sub => a - b,
		Binary::Mul => a * b,
		Binary::Div => a / b,
		Binary::Max => a.maximum(b),
		Binary::Min => a.minimum(b),
		Binary::ReluGrad => gradient(a, b, Tensor::relu),
		Binary::TanhGrad => {
			let ratio = ((a + 1.0)? / (1.0 - a)?)?;
			gradient(&(ratio.log()? / 2.0)?, b, Tensor::tanh)
		},
		Binary::SigmoidGrad => gradient(&(a / (1.0 - a)?)?.log()?, b, sigmoid),
		Binary::SiluGrad => gradient(a, b, |x| unary(Unary::Silu, x)),
		Binary::GeluGrad => gradient(a, b, Tensor::gelu_erf),
	}
}

fn spread(b: &Tensor, like: &Tensor, broadcast: Broadcast) -> Result<Tensor> {
	match broadcast {
		Broadcast::None => Ok(b.clone()),
		Broadcast::Row | Broadcast::Col | Broadcast::Scalar => {
			b.broadcast_as(like.dims())?.contiguous()
		},
		Broadcast::Periodic { each } => sequence::periodic(b, like, each),
	}
}

/// A one in the labelled column: the gradient of picking it.
fn one_hot(labels: &Tensor, cols: usize) -> Result<Tensor> {
	let rows = labels.dims()[0];
	let ones = Tensor::ones((rows, 1), DType::F64, &Device::Cpu)?;
	gradient(&zeros(rows, cols)?, &ones, |x| x.gather(labels, 1))
}

fn sides(w: &Window) -> (usize, usize) {
	let along = |side: u16, kernel: u8, stride: u8, pad: u8| {
		(side as usize + 2 * pad as usize - kernel as usize) / stride as usize + 1
	};
	(
		along(w.height, w.kernel_h, w.stride_h, w.pad_h),
		along(w.width, w.kernel_w, w.stride_w, w.pad_w),
	)
}

/// Window positions of one image.
fn places(w: &Window) -> usize {
	sides(w).0 * sides(w).1
}

/// For each window position and channel the numbers in the window, `positions × channels × kernel`.
fn windows(w: &Window, x: &Tensor, outside: f64) -> Result<Tensor> {
	let (height, width, channels) = (w.height as usize, w.width as usize, w.channels as usize);
	let images = x.dims()[0] / (height * width);
	let x = x.reshape((images, height, width, channels))?;
	let x = surrounded(&x, 1, w.pad_h, outside)?;
	let x = surrounded(&x, 2, w.pad_w, outside)?.contiguous()?;
	let (rows, cols) = sides(w);
	let taken = |from: usize, count: usize, stride: u8| {
		let places: Vec<u32> = (0..count).map(|i| (from + i * stride as usize) as u32).collect();
		Tensor::new(places, &Device::Cpu)
	};
	let mut entries = Vec::new();
	for ky in 0..w.kernel_h as usize {
		let line = x.index_select(&taken(ky, rows, w.stride_h)?, 1)?.contiguous()?;
		for kx in 0..w.kernel_w as usize {
			let entry = line.index_select(&taken(kx, cols, w.stride_w)?, 2)?;
			entries.push(entry.reshape((images * rows * cols, channels))?);
		}
	}
	Tensor::stack(&entries, 2)
}

/// Padding by some number before and behind.
fn surrounded(x: &Tensor, dim: usize, pad: u8, number: f64) -> Result<Tensor> {
	let mut shape = x.dims().to_vec();
	shape[dim] = pad.into();
	if pad == 0 {
		return Ok(x.clone());
	}
	let side = Tensor::full(number, shape, &Device::Cpu)?;
	Tensor::cat(&[&side, x, &side], dim)
}

fn patches(w: &Window, x: &Tensor) -> Result<Tensor> {
	windows(w, x, 0.0)?.flatten_from(1)
}

fn max_pool(w: &Window, x: &Tensor) -> Result<Tensor> {
	windows(w, x, f64::MIN)?.max(2)
}

fn avg_pool(w: &Window, x: &Tensor) -> Result<Tensor> {
	windows(w, x, 0.0)?.mean(2)
}
