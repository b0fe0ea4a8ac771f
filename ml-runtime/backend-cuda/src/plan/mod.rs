//! Which kernels compute a node, on how many threads, with which arguments.
//!
//! A plan depends on the node alone, neither on the device, so that a device and the emulator run the same, nor on
//! the number of the step, so that what was planned once serves every step.

mod elementwise;
mod matmul;
mod quant;
mod whole;

pub use whole::{FOUND_WORDS, ROOT_WORDS};

use assay_backend_cpu::KernelError;
use assay_ops::{eval::StepContext, philox, DType, NodeSpec, Op, ValueType, Window, K_BLOCK};

use crate::DeviceError;

/// Memory that a kernel reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
	/// An operand of the node, or what is given beside them ([`Plan::new`]); only read.
	Operand(usize),
	/// Memory of the plan's own.
	Scratch(usize),
	/// The result.
	Out,
}

/// What a parameter of a kernel gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
	/// The address of a buffer.
	Buffer(Buffer),
	/// A number.
	Word(u32),
	/// The structure `Window` of `windows.cu`.
	Window([u32; 11]),
	/// The structure `Product` of `matmul.cu`.
	Product([u32; 16]),
}

/// One run of a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
	/// Its name, which no other kernel has.
	pub kernel: &'static str,
	/// Blocks.
	pub grid: u32,
	/// Threads of each block.
	pub threads: u32,
	/// The arguments, in order.
	pub arguments: Vec<Argument>,
}

/// Everything that is run to compute a node, in order.
///
/// Nothing but this crate makes one, from a node whose types are those of its operation: that its kernels stay
/// inside operands, scratch memory and result of the words it says is what a device relies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
	/// Words of each operand.
	operands: Vec<usize>,
	/// Words of the result.
	out: usize,
	steps: Steps,
}

/// The launches of a plan; each sees what those before it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Steps {
	/// Words of each buffer between the launches.
	scratch: Vec<usize>,
	launches: Vec<Launch>,
}

/// Threads of a block, where the kernel does not care.
const THREADS: u32 = 256;

/// Most blocks of a kernel that loops over words: more only cost time to start.
const MAX_GRID: u32 = 1 << 16;

/// Most blocks that a device starts.
const MOST_BLOCKS: u32 = i32::MAX.cast_unsigned();

/// Words of the number of a step, the low one first.
pub const STEP_WORDS: usize = 2;

/// Lanes of a warp.
const WARP: u32 = 32;

const OUT: Buffer = Buffer::Out;
const A: Buffer = Buffer::Operand(0);
const B: Buffer = Buffer::Operand(1);
const C: Buffer = Buffer::Operand(2);

impl Launch {
	/// A kernel with a thread for each of so many words, or one for several.
	fn each(kernel: &'static str, count: u32, buffers: &[Buffer], words: &[u32]) -> Self {
		let grid = count.div_ceil(THREADS).clamp(1, MAX_GRID);
		Self::of(kernel, (grid, THREADS), buffers, words)
	}

	fn of(
		kernel: &'static str,
		(grid, threads): (u32, u32),
		buffers: &[Buffer],
		words: &[u32],
	) -> Self {
		let buffers = buffers.iter().map(|buffer| Argument::Buffer(*buffer));
		let words = words.iter().map(|word| Argument::Word(*word));
		Self { kernel, grid, threads, arguments: buffers.chain(words).collect() }
	}
}

impl Plan {
	/// The plan of a node, or `None` if it is not one that `Program::check` makes, or not one for a
	/// device: a load reads records, a state is what the step starts from, and there are values for which a device has
	/// too few blocks. `ctx.step` does not matter: where the plan [reads the step](Plan::reads_step), its number is one
	/// operand more, of [`STEP_WORDS`] words.
	pub fn new(spec: &NodeSpec, ctx: &StepContext) -> Option<Self> {
		if !is_typed(spec, ctx) {
			return None;
		}
		let operands = spec.inputs.iter().map(|input| words(&input.ty));
		let operands = operands.collect::<Option<Vec<_>>>()?;
		let count = words(&spec.ty)?;
		let steps = match constants(spec, ctx, count).or_else(|| one_launch(spec, count)) {
			Some(launch) => Steps::one(launch),
			None => match &spec.op {
				Op::MatMul { .. } | Op::BatchMatMul(_) => matmul::steps(spec)?,
				Op::QuantMatMul { .. } => quant::steps(spec)?,
				Op::ColSum => col_sum(spec)?,
				_ => return None,
			},
		};
		let given = Self::reads_step(&spec.op).then_some(STEP_WORDS);
		let operands = operands.into_iter().map(|words| words as usize).chain(given).collect();
		Some(Self { operands, out: count as usize, steps }).filter(Self::can_start)
	}

	/// The plan of a node, or whose fault it is that there is none: a node whose types are those of its operation is
	/// too large for a device, and the processor may still compute it.
	pub(crate) fn of_node(spec: &NodeSpec, ctx: &StepContext) -> Result<Self, KernelError> {
		Self::new(spec, ctx).ok_or_else(|| match is_typed(spec, ctx) {
			true => DeviceError::TooLarge.into(),
			false => KernelError::Shape,
		})
	}

	/// A quantised product with the tiles that large ones take, whatever its size.
	pub(crate) fn in_large_tiles(spec: &NodeSpec) -> Option<Self> {
		let operands = spec.inputs.iter().map(|input| words(&input.ty));
		let operands = operands.map(|count| Some(count? as usize)).collect::<Option<_>>()?;
		let steps = quant::steps_in(spec, quant::Tiles::Large)?;
		Some(Self { operands, out: words(&spec.ty)? as usize, steps })
	}

	/// Whether the plan of such a node has the number of the step as its last operand.
	pub fn reads_step(op: &Op) -> bool {
		matches!(op, Op::Mask { .. })
	}

	fn can_start(&self) -> bool {
		self.launches().iter().all(|launch| launch.grid <= MOST_BLOCKS)
	}

	/// Words of each operand.
	pub fn operands(&self) -> &[usize] {
		&self.operands
	}

	/// Words of the result.
	pub fn out(&self) -> usize {
		self.out
	}

	/// Words of each buffer between the launches.
	pub fn scratch(&self) -> &[usize] {
		&self.steps.scratch
	}

	/// The launches; each sees what those before it wrote.
	pub fn launches(&self) -> &[Launch] {
		&self.steps.launches
	}
}

impl Steps {
	fn one(launch: Launch) -> Self {
		Self { scratch: Vec::new(), launches: vec![launch] }
	}

	/// Results of so many blocks, each as long as the result, in a buffer of their own; then their fold.
	fn folded(mut launch: Launch, count: u32, blocks: u32) -> Option<Self> {
		let parts = Buffer::Scratch(0);
		for argument in &mut launch.arguments {
			if *argument == Argument::Buffer(OUT) {
				*argument = Argument::Buffer(parts);
			}
		}
		let fold = Launch::each("fold", count, &[parts, OUT], &[count, blocks]);
		let scratch = vec![count.checked_mul(blocks)? as usize];
		Some(Self { scratch, launches: vec![launch, fold] })
	}
}

/// Whether the types of a node are those of its operation.
fn is_typed(spec: &NodeSpec, ctx: &StepContext) -> bool {
	let types: Vec<_> = spec.inputs.iter().map(|input| input.ty).collect();
	spec.op.infer(&types, ctx.batch) == Ok(spec.ty)
}

/// Words of a value that is not empty and of which no index overflows 32 bits.
fn words(ty: &ValueType) -> Option<u32> {
	counted(ty.words()).filter(|words| *words > 0)
}

/// So many words, if a kernel can count them: it goes on from one by as many as it has threads, in 32 bits.
pub(crate) fn counted(words: u64) -> Option<u32> {
	u32::try_from(words).ok().filter(|words| *words <= 1 << 31)
}

/// The number of a step, as a plan reads it.
pub(crate) fn step_words(step: u64) -> [u32; STEP_WORDS] {
	[step as u32, (step >> 32) as u32]
}

/// Operations without operands that are computed on the device.
fn constants(spec: &NodeSpec, ctx: &StepContext, count: u32) -> Option<Launch> {
	match spec.op {
		Op::Fill { bits, .. } => Some(Launch::each("fill", count, &[OUT], &[count, bits])),
		Op::Iota { first, stride, .. } => {
			Some(Launch::each("iota", count, &[OUT], &[count, first, stride]))
		},
		Op::Mask { stream, threshold, scale, .. } => {
			let [k0, k1] = philox::stream_key(&ctx.seed, philox::Domain::Mask, stream);
			let words = [count, k0, k1, threshold, scale];
			Some(Launch::each("mask", count.div_ceil(4), &[A, OUT], &words))
		},
		_ => None,
	}
}

/// Operations that take one kernel.
fn one_launch(spec: &NodeSpec, count: u32) -> Option<Launch> {
	let a = spec.operand(0)?;
	let cols = spec.ty.cols;
	let launch = match &spec.op {
		Op::Reshape { .. } => {
			let kernel = match spec.ty.dtype {
				DType::F32 => "copy_f32",
				DType::U32 => "copy_u32",
			};
			Launch::each(kernel, count, &[A, OUT], &[count])
		},
		Op::RowSum => rows("row_sum", a.rows, a.cols),
		Op::RowMax => rows("row_max", a.rows, a.cols),
		Op::Pick => Launch::each("pick", count, &[A, B, OUT], &[count, a.cols]),
		Op::OneHot { .. } => Launch::each("one_hot", count, &[A, OUT], &[count, cols]),
		Op::Gather => Launch::each("gather", count, &[A, B, OUT], &[count, cols, a.rows]),
		Op::ScatterAdd { rows } => {
			const SCATTER_THREADS: u32 = 128;
			let grid = rows.checked_mul(cols.div_ceil(SCATTER_THREADS))?;
			let words = [a.rows, cols];
			Launch::of("scatter_add", (grid, SCATTER_THREADS), &[A, B, OUT], &words)
		},
		Op::Causal { bits } => Launch::each("causal", count, &[A, OUT], &[count, cols, *bits]),
		Op::RotateHalf { width } => Launch::each("rotate_half", count, &[A, OUT], &[count, *width]),
		Op::Im2Col(w) => window("im2col", w, &[A, OUT], count),
		Op::Col2Im(w) => window("col2im", w, &[A, OUT], count),
		Op::MaxPool(w) => window("max_pool", w, &[A, OUT], count),
		Op::AvgPool(w) => window("avg_pool", w, &[A, OUT], count),
		Op::AvgPoolGrad(w) => window("avg_pool_grad", w, &[A, OUT], count),
		Op::MaxPoolGrad(w) => window("max_pool_grad", w, &[A, B, OUT], count),
		Op::Unary(_) | Op::Binary(..) | Op::Fma(_) | Op::Select(_) => {
			return elementwise::launch(spec, count);
		},
		_ => return None,
	};
	Some(launch)
}

/// One warp for each row.
fn rows(kernel: &'static str, rows: u32, cols: u32) -> Launch {
	let grid = rows.div_ceil(THREADS / WARP);
	Launch::of(kernel, (grid, THREADS), &[A, OUT], &[rows, cols])
}

/// A kernel that slides a window.
fn window(kernel: &'static str, w: &Window, buffers: &[Buffer], count: u32) -> Launch {
	let mut launch = Launch::each(kernel, count, buffers, &[count]);
	launch.arguments.push(Argument::Window([
		w.height.into(),
		w.width.into(),
		w.channels.into(),
		w.kernel_h.into(),
		w.kernel_w.into(),
		w.stride_h.into(),
		w.stride_w.into(),
		w.pad_h.into(),
		w.pad_w.into(),
		w.out_height(),
		w.out_width(),
	]));
	launch
}

fn col_sum(spec: &NodeSpec) -> Option<Steps> {
	let a = spec.operand(0)?;
	let blocks = a.rows.div_ceil(K_BLOCK);
	let launch = Launch::each("col_sum", blocks * a.cols, &[A, OUT], &[a.rows, a.cols]);
	if blocks == 1 {
		return Some(Steps::one(launch));
	}
	Steps::folded(launch, a.cols, blocks)
}
