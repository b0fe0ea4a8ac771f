//! What is done in every step, as a graph: which launch has to wait for which.

use std::collections::BTreeMap;

use crate::{
	plan::{Argument, Buffer, Launch, Plan},
	DeviceError, Span,
};

/// A plan, and what it runs on.
#[derive(Clone, Debug)]
pub struct Work {
	/// The plan.
	pub plan: Plan,
	/// Its operands, in order.
	pub operands: Vec<Span>,
	/// Its result, which is none of the operands.
	pub out: Span,
}

/// Memory that launches of different plans share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shared {
	/// A buffer of a [`DeviceMemory`](crate::DeviceMemory), by its number.
	Buffer(usize),
	/// Memory between launches, of which all plans use the same.
	Scratch(usize),
}

impl Work {
	/// Refuses spans that are not the plan's.
	pub(crate) fn check(&self) -> Result<(), DeviceError> {
		self.plan.check_spans(&self.operands, self.out)
	}

	/// What a launch of the plan means by a buffer.
	pub(crate) fn shared(&self, buffer: Buffer) -> Option<Shared> {
		Some(match buffer {
			Buffer::Operand(index) => Shared::Buffer(self.operands.get(index)?.buffer),
			Buffer::Scratch(index) => Shared::Scratch(index),
			Buffer::Out => Shared::Buffer(self.out.buffer),
		})
	}
}

/// Who used some memory so far, by the order of launches.
#[derive(Default)]
struct Uses {
	writer: Option<usize>,
	/// Those that have read what the writer wrote.
	readers: Vec<usize>,
}

/// For each launch of all the work, in order, those before it that have to end first, ascending: whoever wrote what it
/// uses, and whoever read what it overwrites. The others may run at the same time.
pub(crate) fn waits(work: &[Work]) -> Vec<Vec<usize>> {
	let mut uses: BTreeMap<Shared, Uses> = BTreeMap::new();
	let launches = work.iter().flat_map(|work| {
		let launches = work.plan.launches().iter();
		launches.map(move |launch| memory(work, launch))
	});
	let mut all = Vec::new();
	for (index, memory) in launches.enumerate() {
		let mut awaited = Vec::new();
		for (shared, is_written) in memory {
			let uses = uses.entry(shared).or_default();
			awaited.extend(uses.writer);
			if is_written {
				awaited.append(&mut uses.readers);
				uses.writer = Some(index);
			} else {
				uses.readers.push(index);
			}
		}
		awaited.sort_unstable();
		awaited.dedup();
		awaited.retain(|other| *other != index);
		all.push(awaited);
	}
	all
}

/// What a launch uses, and whether it may write it. Only operands are never written.
fn memory<'a>(work: &'a Work, launch: &'a Launch) -> impl Iterator<Item = (Shared, bool)> + 'a {
	launch.arguments.iter().filter_map(|argument| match argument {
		Argument::Buffer(buffer) => {
			Some((work.shared(*buffer)?, !matches!(buffer, Buffer::Operand(_))))
		},
		Argument::Word(_) | Argument::Window(_) | Argument::Product(_) => None,
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use assay_ops::{DType, NodeSpec, Op, Operand, ValueType};

	fn copy(from: usize, to: usize) -> Work {
		let span = |buffer| Span { buffer, words: 8 };
		Work { plan: Plan::copy(8), operands: vec![span(from)], out: span(to) }
	}

	#[test]
	fn launch_should_wait_when_it_reads_or_overwrites_what_another_uses() {
		let work = [
			copy(0, 1),
			copy(0, 2), // Reads the same: waits for nobody.
			copy(1, 3), // Reads what the first wrote.
			copy(2, 1), // Reads what the second wrote, overwrites what the first wrote and the third read.
			copy(4, 0), // Overwrites what the first two read.
			copy(5, 6), // Of no concern to anybody.
			copy(1, 0), // Reads what the fourth wrote, overwrites what the fifth did.
		];
		let expected: [&[usize]; 7] = [&[], &[], &[0], &[0, 1, 2], &[0, 1], &[], &[3, 4]];
		assert_eq!(waits(&work), expected);
	}

	#[test]
	fn launches_should_wait_for_each_other_when_they_share_scratch_memory() {
		let value = |rows, cols| ValueType { dtype: DType::F32, rows, cols };
		let sum = |operand, out| {
			let input = Operand { id: 0, ty: value(600, 1) };
			let inputs = vec![input].try_into().expect("one");
			let spec = NodeSpec { id: 1, op: Op::ColSum, inputs, ty: value(1, 1) };
			let context = assay_ops::eval::StepContext {
				seed: [0; 32],
				step: 0,
				batch: 1,
				records: 1,
				record_size: 1,
			};
			let plan = Plan::new(&spec, &context).expect("it has one");
			let span = |buffer, words| Span { buffer, words };
			Work { plan, operands: vec![span(operand, 600)], out: span(out, 1) }
		};
		// Two launches each: blocks of 512, and their fold.
		let expected: [&[usize]; 4] = [&[], &[0], &[1], &[2]];
		assert_eq!(waits(&[sum(0, 1), sum(2, 3)]), expected);
	}
}
