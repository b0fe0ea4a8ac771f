//! Operations without operands, and the state.

use assay_ops::{Op, RecordFormat};

use crate::{Draft, Draw, Flavour};

pub(super) fn state(draw: &mut Draw<'_>) -> Draft {
	let draft = Draft::floats(Op::State { slot: 0 }, &[(draw.size(), draw.size())]);
	if draw.random.coin() {
		draft
	} else {
		draft.with_labels(0, u32::MAX)
	}
}

pub(super) fn load(draw: &mut Draw<'_>) -> Draft {
	use RecordFormat::{U8ToF32, U8ToU32, F32, U32};
	let format = draw.random.pick([U8ToF32, U8ToU32, F32, U32]);
	let (offset, width) = (draw.random.below(20), draw.size_up_to(1000));
	Draft::floats(Op::Load { offset, width, format }, &[])
}

pub(super) fn fill(draw: &mut Draw<'_>) -> Draft {
	let bits = draw.random.pick(Flavour::ALL).word(draw.random);
	Draft::floats(Op::Fill { bits, rows: draw.size(), cols: draw.size() }, &[])
}

pub(super) fn mask(draw: &mut Draw<'_>) -> Draft {
	let scale = draw.random.pick(Flavour::ALL).word(draw.random);
	let threshold = match draw.random.below(4) {
		0 => draw.random.pick([0, 1, u32::MAX]),
		_ => draw.random.u32(),
	};
	let (stream, rows, cols) = (draw.random.u32(), draw.size(), draw.size());
	Draft::floats(Op::Mask { stream, threshold, scale, rows, cols }, &[])
}

pub(super) fn iota(draw: &mut Draw<'_>) -> Draft {
	let stride = match draw.random.coin() {
		true => draw.random.below(3),
		false => draw.random.u32(),
	};
	Draft::floats(Op::Iota { rows: draw.terms(), first: draw.random.u32(), stride }, &[])
}

pub(super) fn step_index(draw: &mut Draw<'_>) -> Draft {
	let mut number = || (draw.random.u32() >> draw.random.below(32)).max(1);
	Draft::floats(Op::StepIndex { every: number(), period: number() }, &[])
}
