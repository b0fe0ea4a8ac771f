//! Sums and maxima.

use assay_ops::Op;

use crate::{Draft, Draw};

pub(super) fn row_sum(draw: &mut Draw<'_>) -> Draft {
	Draft::floats(Op::RowSum, &[(draw.size(), draw.terms())])
}

pub(super) fn row_max(draw: &mut Draw<'_>) -> Draft {
	Draft::floats(Op::RowMax, &[(draw.size(), draw.terms())])
}

pub(super) fn col_sum(draw: &mut Draw<'_>) -> Draft {
	Draft::floats(Op::ColSum, &[(draw.terms(), draw.size())])
}
