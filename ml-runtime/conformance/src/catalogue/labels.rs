//! Operations between values and labels or indices.

use assay_ops::Op;

use crate::{Draft, Draw};

pub(super) fn pick(draw: &mut Draw<'_>) -> Draft {
	let (rows, cols) = (draw.terms(), draw.size());
	Draft::floats(Op::Pick, &[(rows, cols), (rows, 1)]).with_labels(1, cols)
}

pub(super) fn one_hot(draw: &mut Draw<'_>) -> Draft {
	let (rows, cols) = (draw.size(), draw.size());
	Draft::floats(Op::OneHot { cols }, &[(rows, 1)]).with_labels(0, cols)
}

pub(super) fn gather(draw: &mut Draw<'_>) -> Draft {
	let (table, rows, cols) = (draw.size(), draw.size(), draw.size());
	Draft::floats(Op::Gather, &[(table, cols), (rows, 1)]).with_labels(1, table)
}

pub(super) fn scatter_add(draw: &mut Draw<'_>) -> Draft {
	let (rows, n, cols) = (draw.size(), draw.terms(), draw.size());
	Draft::floats(Op::ScatterAdd { rows }, &[(n, 1), (n, cols)]).with_labels(0, rows)
}
