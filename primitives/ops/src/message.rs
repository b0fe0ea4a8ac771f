//! What errors say to people.

use core::fmt;

use crate::{DType, ProgramError, ShapeError, Window};

/// Rows and columns.
struct Shape((u32, u32));

impl fmt::Display for Shape {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{} × {}", self.0 .0, self.0 .1)
	}
}

/// A window over images.
struct Sliding<'a>(&'a Window);

impl fmt::Display for Sliding<'_> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Window { height, width, kernel_h, kernel_w, stride_h, stride_w, .. } = *self.0;
		let Window { pad_h, pad_w, channels, .. } = *self.0;
		write!(
			f,
			"a kernel of {kernel_h} × {kernel_w} with stride {stride_h} × {stride_w} and padding {pad_h} × {pad_w} over \
			images of {height} × {width} with {channels} channels"
		)
	}
}

impl fmt::Display for ProgramError {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::WrongOpset { got } => {
				write!(f, "it is for operation set {got}, which is not known")
			},
			Self::Empty => f.write_str("it has no nodes, or a batch of 0 records"),
			Self::ForwardReference { node, input } => {
				write!(f, "node {node} uses node {input}, which is not before it")
			},
			Self::Shape { node, error } => write!(f, "node {node}: {error}"),
			Self::NoSuchSlot { node, slot } => {
				write!(f, "node {node} reads slot {slot}, which does not exist")
			},
			Self::SlotReadTwice { node, slot } => {
				write!(f, "node {node} reads slot {slot}, as another node does already")
			},
			Self::BadSlot { slot } => {
				write!(f, "slot {slot} has rows or columns of 0, or too many words")
			},
			Self::SlotNextMismatch { slot, next } => {
				write!(f, "slot {slot} is to become node {next}, which does not exist or has another type")
			},
			Self::BadLoss { loss } => {
				write!(f, "node {loss} is no loss: it does not exist or is not f32 1 × 1")
			},
			Self::LoadOutOfRecord { node, end, record_size } => {
				write!(f, "node {node} reads up to byte {end} of records of {record_size} bytes")
			},
			Self::StreamUsedTwice { node, stream } => {
				write!(f, "node {node} uses stream {stream} of random numbers, as another mask does already")
			},
			Self::ValueTooLarge { node, tiles } => {
				write!(f, "node {node} has {tiles} tiles, more than a value may have")
			},
			Self::TooManyBlocks { node, blocks } => {
				write!(f, "node {node} reduces {blocks} blocks of terms, more than can be judged")
			},
			Self::FootprintTooLarge { node, footprint } => {
				write!(f, "a tile of node {node} may read {footprint} tiles, more than can be judged at once")
			},
			Self::TooMuchWork { node, work } => {
				write!(f, "a tile of node {node} may take {work} operations, more than can be judged at once")
			},
			Self::TooMuchMemory { words } => {
				write!(
					f,
					"values and slots together have {words} words, more than a program may have"
				)
			},
			Self::CostOverflow => f.write_str("its cost does not fit 64 bits"),
		}
	}
}

impl core::error::Error for ProgramError {}

impl fmt::Display for ShapeError {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::WrongArity { expected, got } => {
				write!(f, "the operation takes {expected} operands, not {got}")
			},
			Self::WrongDType { operand, expected } => {
				let expected = match expected {
					DType::F32 => "f32 numbers",
					DType::U32 => "u32 integers",
				};
				write!(f, "operand {operand} must hold {expected}")
			},
			Self::WrongShape { operand, expected, got } => {
				write!(f, "operand {operand} is {}, not {}", Shape(*got), Shape(*expected))
			},
			Self::InnerMismatch { left, right } => {
				write!(f, "rows of {left} terms cannot be multiplied with columns of {right}")
			},
			Self::BadWindow { window } => write!(
				f,
				"{} does not work: sizes and strides must be at least 1, the kernel must fit, and the padding be smaller \
				than it",
				Sliding(window)
			),
			Self::RowsNotImages { rows, per_image } => {
				write!(f, "{rows} rows are no whole number of images, each of which takes {per_image}")
			},
			Self::CountMismatch { from, to } => {
				write!(f, "a reshape of {from} elements cannot have {to}")
			},
			Self::NotPeriodic { period, each, result } => write!(
				f,
				"{}, each row {each} times, does not repeat a whole number of times in {}",
				Shape(*period),
				Shape(*result)
			),
			Self::HeadsDoNotFit { batch, heads } => {
				write!(f, "{batch} sequences of {heads} heads do not fill the operands")
			},
			Self::NotSquares { rows, cols } => {
				write!(f, "{rows} × {cols} are no squares, one upon the other")
			},
			Self::BadRun { width, cols } => {
				write!(f, "runs of {width} columns are odd or do not divide {cols} columns")
			},
			Self::BadStepIndex => f.write_str("a step index stays for 0 steps or has 0 values"),
			Self::EmptyResult => f.write_str("an operand or the result has no rows or no columns"),
			Self::TooLarge => f.write_str("rows or columns of the result do not fit 32 bits"),
			Self::StateTypeIsTheSlots => f.write_str("a state node has the type of its slot"),
		}
	}
}

impl core::error::Error for ShapeError {}
