//! The operation set, version 1.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// How the bytes of a record become words.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum RecordFormat {
	/// One byte per element, converted exactly to `f32`.
	#[codec(index = 0)]
	U8ToF32,
	/// One byte per element, kept as an integer.
	#[codec(index = 1)]
	U8ToU32,
	/// Four little-endian bytes per element, NaN made canonical.
	#[codec(index = 2)]
	F32,
	/// Four little-endian bytes per element.
	#[codec(index = 3)]
	U32,
}

/// Elementwise functions of one operand.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Unary {
	/// Flips the sign bit.
	#[codec(index = 0)]
	Neg,
	/// Correctly rounded square root.
	#[codec(index = 1)]
	Sqrt,
	/// `x` where `x > 0`, else `+0`; NaN stays NaN.
	#[codec(index = 2)]
	Relu,
	/// Natural exponential.
	#[codec(index = 3)]
	Exp,
	/// Natural logarithm.
	#[codec(index = 4)]
	Log,
	/// Hyperbolic tangent.
	#[codec(index = 5)]
	Tanh,
	/// Error function.
	#[codec(index = 6)]
	Erf,
	/// Clears the sign bit.
	#[codec(index = 7)]
	Abs,
	/// Logistic function: `1 / (1 + exp(−x))`.
	#[codec(index = 8)]
	Sigmoid,
	/// Sigmoid-weighted unit: `x / (1 + exp(−x))`.
	#[codec(index = 9)]
	Silu,
	/// Gaussian error linear unit: `(x · ½) · (1 + erf(x · √½))`.
	#[codec(index = 10)]
	Gelu,
	/// `1 / sqrt(x)`, root and quotient rounded once each.
	#[codec(index = 11)]
	Rsqrt,
}

/// Elementwise functions of two operands `a`, `b`.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Binary {
	/// `a + b`.
	#[codec(index = 0)]
	Add,
	/// `a − b`.
	#[codec(index = 1)]
	Sub,
	/// `a · b`.
	#[codec(index = 2)]
	Mul,
	/// `a / b`.
	#[codec(index = 3)]
	Div,
	/// Gradient of ReLU: `b` where `a > 0`, else `+0`; NaN where `a` is NaN.
	#[codec(index = 4)]
	ReluGrad,
	/// The greater in the total order of `soft::order_key`, so NaN wins.
	#[codec(index = 5)]
	Max,
	/// The lesser in the total order, but NaN where either is NaN.
	#[codec(index = 6)]
	Min,
	/// Gradient of tanh, given its result `a`: `b · (1 − a²)`.
	#[codec(index = 7)]
	TanhGrad,
	/// Gradient of the logistic function, given its result `a`: `b · (a · (1 − a))`.
	#[codec(index = 8)]
	SigmoidGrad,
	/// Gradient of SiLU, given its operand `a`.
	#[codec(index = 9)]
	SiluGrad,
	/// Gradient of GELU, given its operand `a`.
	#[codec(index = 10)]
	GeluGrad,
}

/// How the second operand of an elementwise operation is spread over a result of `rows × cols`.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Broadcast {
	/// Same shape as the result.
	#[codec(index = 0)]
	None,
	/// `1 × cols`, repeated down the rows (a bias).
	#[codec(index = 1)]
	Row,
	/// `rows × 1`, repeated along the columns (a softmax denominator).
	#[codec(index = 2)]
	Col,
	/// `1 × 1`, repeated everywhere (a learning rate).
	#[codec(index = 3)]
	Scalar,
	/// `p × q`, where `q` divides `cols` and `p · each` divides `rows`: each of its rows stands for `each`
	/// rows of the result, one after the other, and the whole repeats down and across (a table of
	/// positions over a batch of sequences). Element `(r, c)` gets `(r / each mod p, c mod q)`.
	#[codec(index = 4)]
	Periodic {
		/// Rows of the result per row of the operand, at least 1.
		each: u32,
	},
}

/// How the matrices of a batch of heads lie in one value.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum HeadLayout {
	/// One below the other: matrix `(i, h)` of `r × c` has rows `(i · heads + h) · r ..` of a value of
	/// `(batch · heads · r) × c`.
	#[codec(index = 0)]
	Stacked,
	/// Heads side by side: matrix `(i, h)` has rows `i · r ..` and columns `h · c ..` of a value of
	/// `(batch · r) × (heads · c)`.
	#[codec(index = 1)]
	Interleaved,
}

/// Many products of the same shape, one for each head of each sequence of a batch.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct BatchMatMul {
	/// Sequences, at least 1.
	pub batch: u32,
	/// Heads of each, at least 1.
	pub heads: u16,
	/// Each `A` is stored as `K × M`.
	pub transpose_a: bool,
	/// Each `B` is stored as `N × K`.
	pub transpose_b: bool,
	/// Where the `A` lie.
	pub a: HeadLayout,
	/// Where the `B` lie.
	pub b: HeadLayout,
	/// Where the results lie.
	pub out: HeadLayout,
}

/// How the numbers of a quantised product are written in small integers (see [`crate::quant`]).
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum QuantFormat {
	/// Eight bits, −127 to 127.
	#[codec(index = 0)]
	I8,
	/// Fifteen bits, −16319 to 16319, as two digits of eight bits: a product takes three products of
	/// digits, the one of the two low digits is left out.
	#[codec(index = 1)]
	Q15,
}

/// A sliding window over images of `height × width × channels`, stored as
/// `(batch · height · width) × channels`.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Window {
	/// Image height in pixels.
	pub height: u16,
	/// Image width in pixels.
	pub width: u16,
	/// Channels.
	pub channels: u16,
	/// Kernel height.
	pub kernel_h: u8,
	/// Kernel width.
	pub kernel_w: u8,
	/// Vertical stride.
	pub stride_h: u8,
	/// Horizontal stride.
	pub stride_w: u8,
	/// Rows beyond the image, above and below: `+0` in patches and means, nothing in maxima.
	pub pad_h: u8,
	/// Columns beyond the image, left and right.
	pub pad_w: u8,
}

/// What a node computes. Every result that is `f32` stores NaN as [`crate::CANONICAL_NAN`], except
/// [`Op::State`], which copies.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Op {
	/// Content of a state slot before the step. No operands.
	#[codec(index = 0)]
	State {
		/// Index of the slot.
		slot: u16,
	},
	/// Part of each record of the step's batch: `batch × width`. Row `b` of step `s` is the record at
	/// the shuffled position of `s · batch + b` (see `shuffle`). No operands.
	#[codec(index = 1)]
	Load {
		/// First byte of the part within the record.
		offset: u32,
		/// Elements per record.
		width: u32,
		/// How bytes become words.
		format: RecordFormat,
	},
	/// A constant, the same word everywhere, `f32`. No operands.
	#[codec(index = 2)]
	Fill {
		/// Bits of the constant.
		bits: u32,
		/// Rows of the result.
		rows: u32,
		/// Columns of the result.
		cols: u32,
	},
	/// Dropout mask of `rows × cols`: `scale` where the Philox word of (seed, stream; step, element) is
	/// at least `threshold`, else `+0`. No operands.
	#[codec(index = 3)]
	Mask {
		/// Stream of random numbers; distinct masks of a program use distinct streams.
		stream: u32,
		/// Elements whose random word is below this are dropped.
		threshold: u32,
		/// Bits of the value that kept elements get, 1 / (1 − p).
		scale: u32,
		/// Rows of the result.
		rows: u32,
		/// Columns of the result.
		cols: u32,
	},
	/// `A · B`, each operand optionally transposed. K in blocks of [`crate::K_BLOCK`], in each
	/// `acc = fma(a, b, acc)` from `+0` in ascending k, blocks folded left to right with `add`.
	#[codec(index = 4)]
	MatMul {
		/// `A` is stored as `K × M`.
		transpose_a: bool,
		/// `B` is stored as `N × K`.
		transpose_b: bool,
	},
	/// Patches of images: `(batch · out_h · out_w) × (channels · kernel_h · kernel_w)`, columns ordered
	/// channel, kernel row, kernel column.
	#[codec(index = 5)]
	Im2Col(Window),
	/// Gradient of [`Op::Im2Col`]: each pixel sums its patch entries with `add` from `+0`, in ascending
	/// (kernel row, kernel column).
	#[codec(index = 6)]
	Col2Im(Window),
	/// Maximum of the pixels of each window (the total order of `soft::order_key`, so NaN wins).
	#[codec(index = 7)]
	MaxPool(Window),
	/// Gradient of [`Op::MaxPool`]; operands: pooled input, output gradient. Each pixel sums, in
	/// ascending (out row, out column), the gradients of the windows whose first maximum it is.
	#[codec(index = 8)]
	MaxPoolGrad(Window),
	/// Mean of each window: `add` of its pixels from `+0` in (kernel row, kernel column) order, times the
	/// rounded reciprocal of the window's size, padding included.
	#[codec(index = 9)]
	AvgPool(Window),
	/// Gradient of [`Op::AvgPool`]; operand: output gradient. Each pixel sums, in ascending (out row,
	/// out column), the gradients of its windows, then multiplies with the rounded reciprocal.
	#[codec(index = 10)]
	AvgPoolGrad(Window),
	/// The same words in row-major order under another shape.
	#[codec(index = 11)]
	Reshape {
		/// Rows of the result.
		rows: u32,
		/// Columns of the result.
		cols: u32,
	},
	/// Elementwise function of one operand.
	#[codec(index = 12)]
	Unary(Unary),
	/// Elementwise function of two operands; the second is broadcast.
	#[codec(index = 13)]
	Binary(Binary, Broadcast),
	/// `fma(a, b, c)` with one rounding; `b` is broadcast, `a` and `c` have the result's shape.
	#[codec(index = 14)]
	Fma(Broadcast),
	/// Sum of each row: columns in blocks of [`crate::ROW_BLOCK`], each by RSUM32, blocks folded left to
	/// right with `add`: `rows × 1`.
	#[codec(index = 15)]
	RowSum,
	/// Maximum of each row (total order), by blocks of [`crate::ROW_BLOCK`] columns: `rows × 1`.
	#[codec(index = 16)]
	RowMax,
	/// Sum of each column, rows ascending in blocks of [`crate::K_BLOCK`] from `+0`, blocks folded left
	/// to right: `1 × cols`.
	#[codec(index = 17)]
	ColSum,
	/// Operands: values, labels (`rows × 1`, `u32`). The value in the labelled column, NaN if there is
	/// no such column: `rows × 1`.
	#[codec(index = 18)]
	Pick,
	/// Operand: labels (`rows × 1`, `u32`). 1 in the labelled column, `+0` elsewhere: `rows × cols`.
	#[codec(index = 19)]
	OneHot {
		/// Columns of the result.
		cols: u32,
	},
	/// Operands: table, indices (`rows × 1`, `u32`). Row `r` is the row of the table that index `r`
	/// names; NaN if there is no such row.
	#[codec(index = 20)]
	Gather,
	/// Gradient of [`Op::Gather`]; operands: indices (`n × 1`, `u32`), gradient (`n` rows). Row `r` is the
	/// sum of the rows whose index is `r`: positions ascending in blocks of [`crate::K_BLOCK`], in each
	/// `add` from `+0`, blocks folded left to right.
	#[codec(index = 21)]
	ScatterAdd {
		/// Rows of the result.
		rows: u32,
	},
	/// `rows × 1`, `u32`: row `r` is `first + r · stride` modulo 2³². No operands.
	#[codec(index = 22)]
	Iota {
		/// Rows of the result.
		rows: u32,
		/// Value of row 0.
		first: u32,
		/// Difference of neighbours.
		stride: u32,
	},
	/// `1 × 1`, `u32`: `step / every mod period`. No operands.
	#[codec(index = 23)]
	StepIndex {
		/// Steps for which the value stays, at least 1.
		every: u32,
		/// Number of distinct values, at least 1.
		period: u32,
	},
	/// Operands `a`, condition, `c`: `a` where the condition is not `±0` (NaN is not), else `c`. The
	/// condition is broadcast, `a` and `c` have the result's shape.
	#[codec(index = 24)]
	Select(Broadcast),
	/// Causal mask of square matrices that are stacked: `rows` is a multiple of `cols`, and in row `r` the
	/// columns after `r mod cols` become the constant.
	#[codec(index = 25)]
	Causal {
		/// Bits of the constant.
		bits: u32,
	},
	/// Each run of `width` columns with its halves swapped and the one that comes first negated:
	/// `(x₁, x₂)` becomes `(−x₂, x₁)`. What rotary position embedding multiplies with the sines.
	#[codec(index = 26)]
	RotateHalf {
		/// Columns of a run, even; divides the columns of the operand.
		width: u32,
	},
	/// A batch of matrix products, each as [`Op::MatMul`].
	#[codec(index = 27)]
	BatchMatMul(BatchMatMul),
	/// `A · B` as [`Op::MatMul`], but each block is an exact product of integers that is rounded once:
	/// in a block, the terms of a row of `A` and of a column of `B` are integers times a power of two.
	#[codec(index = 28)]
	QuantMatMul {
		/// How the terms become integers.
		format: QuantFormat,
		/// `A` is stored as `K × M`.
		transpose_a: bool,
		/// `B` is stored as `N × K`.
		transpose_b: bool,
	},
}
