//! Every operation of the op set under a name, and how its cases are drawn.

mod elementwise;
mod labels;
mod layouts;
mod products;
mod reductions;
mod sources;
mod windows;

use assay_ops::{Binary, Broadcast, Op, Unary};

use crate::{Draft, Draw};
pub use elementwise::{BINARY, UNARY};

/// An operation of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
	/// A word without spaces and dots.
	pub name: &'static str,
	draws: Draws,
}

type Drawn = fn(&mut Draw<'_>) -> Draft;

#[derive(Clone, Copy, Debug)]
enum Draws {
	Unary(Unary),
	Binary(Binary),
	Other(Drawn),
}

impl Operation {
	/// What is computed from one word of each operand, and how many operands there are; `None` where it is from more.
	pub fn of_words(&self) -> Option<(Op, usize)> {
		match (self.draws, self.name) {
			(Draws::Unary(function), _) => Some((Op::Unary(function), 1)),
			(Draws::Binary(function), _) => Some((Op::Binary(function, Broadcast::None), 2)),
			(_, "fma") => Some((Op::Fma(Broadcast::None), 3)),
			(_, "select") => Some((Op::Select(Broadcast::None), 3)),
			(Draws::Other(_), _) => None,
		}
	}

	/// Draws an operation with operand types. They may be too large, or fit nothing.
	pub fn draft(&self, draw: &mut Draw<'_>) -> Draft {
		match self.draws {
			Draws::Unary(function) => elementwise::unary(function, draw),
			Draws::Binary(function) => elementwise::binary(function, draw),
			Draws::Other(function) => function(draw),
		}
	}
}

const OTHERS: [(&str, Drawn); 28] = [
	("state", sources::state),
	("load", sources::load),
	("fill", sources::fill),
	("mask", sources::mask),
	("iota", sources::iota),
	("step_index", sources::step_index),
	("matmul", products::matmul),
	("mm_i8", products::mm_i8),
	("mm_q15x3", products::mm_q15x3),
	("batch_matmul", products::batch),
	("im2col", windows::im2col),
	("col2im", windows::col2im),
	("max_pool", windows::max_pool),
	("max_pool_grad", windows::max_pool_grad),
	("avg_pool", windows::avg_pool),
	("avg_pool_grad", windows::avg_pool_grad),
	("reshape", layouts::reshape),
	("causal", layouts::causal),
	("rotate_half", layouts::rotate_half),
	("fma", elementwise::fma),
	("select", elementwise::select),
	("row_sum", reductions::row_sum),
	("row_max", reductions::row_max),
	("col_sum", reductions::col_sum),
	("pick", labels::pick),
	("one_hot", labels::one_hot),
	("gather", labels::gather),
	("scatter_add", labels::scatter_add),
];

/// The operation with this name.
pub fn operation(name: &str) -> Option<Operation> {
	operations().into_iter().find(|operation| operation.name == name)
}

/// All operations: functions of one operand, of two, and the others.
pub fn operations() -> Vec<Operation> {
	let unary = UNARY.map(|(name, function)| Operation { name, draws: Draws::Unary(function) });
	let binary = BINARY.map(|(name, function)| Operation { name, draws: Draws::Binary(function) });
	let others = OTHERS.map(|(name, draft)| Operation { name, draws: Draws::Other(draft) });
	unary.into_iter().chain(binary).chain(others).collect()
}
