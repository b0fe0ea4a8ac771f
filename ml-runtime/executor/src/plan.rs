//! The static memory plan: where every value of a step lives, decided before anything runs.

use assay_ops::{NodeSpec, Op, Slot};

/// Where a node's output lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
	/// It is the content of a slot before the step; nothing is copied.
	Slot(usize),
	/// It becomes the content of this slot: the slot's second copy.
	Next(usize),
	/// A buffer that other nodes use before or after.
	Buffer(usize),
}

/// How a slot gets its content after the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Update {
	/// It keeps the content that it has.
	Keep,
	/// Its second copy was written by its node.
	Swap,
	/// Another slot's second copy is copied.
	CopyNext(usize),
	/// Another slot's content before the step is copied.
	CopySlot(usize),
}

/// The memory of a step.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
	/// For each node, where its output lives.
	pub(crate) places: Vec<Place>,
	/// Words of each buffer.
	pub(crate) buffers: Vec<usize>,
	/// For each slot, how it is renewed.
	pub(crate) updates: Vec<Update>,
	/// Words of slots, second copies and buffers together: what a step needs at its peak.
	pub(crate) peak_words: u64,
}

/// Whether buffers are used again within a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
	/// As soon as no later node reads them.
	Eager,
	/// Never: every value is there after the step (for traces).
	Never,
}

fn words(spec: &NodeSpec) -> usize {
	spec.ty.words() as usize
}

impl Plan {
	/// Plans the memory of a checked program.
	pub(crate) fn new(specs: &[NodeSpec], slots: &[Slot], loss: u16, reuse: Reuse) -> Self {
		let updates = updates(specs, slots);
		let mut places: Vec<Place> = Vec::with_capacity(specs.len());
		let last_use = last_uses(specs, loss);
		let mut buffers: Vec<usize> = Vec::new();
		let mut free: Vec<usize> = Vec::new();
		for (id, spec) in specs.iter().enumerate() {
			let next = slots
				.iter()
				.zip(&updates)
				.position(|(slot, update)| usize::from(slot.next) == id && *update == Update::Swap);
			let place = match (spec.op, next) {
				(Op::State { slot }, _) => Place::Slot(usize::from(slot)),
				(_, Some(slot)) => Place::Next(slot),
				(_, None) => Place::Buffer(take(&mut buffers, &mut free, words(spec))),
			};
			places.push(place);
			if reuse == Reuse::Eager {
				let mut ended: Vec<usize> = spec.inputs.iter().map(|i| usize::from(i.id)).collect();
				ended.push(id); // A value that nobody reads.
				ended.sort_unstable();
				ended.dedup();
				for id in ended.into_iter().filter(|id| last_use[*id] < places.len()) {
					if let Place::Buffer(buffer) = places[id] {
						free.push(buffer);
					}
				}
			}
		}
		let slot_words: u64 = slots.iter().map(|slot| slot.ty.words()).sum();
		let next_words: u64 = slots
			.iter()
			.zip(&updates)
			.map(|(slot, update)| if *update == Update::Keep { 0 } else { slot.ty.words() })
			.sum();
		let buffer_words: u64 = buffers.iter().map(|words| *words as u64).sum();
		Self { places, buffers, updates, peak_words: slot_words + next_words + buffer_words }
	}
}

/// For each node, the last node that reads it (itself if none does; never for the loss).
fn last_uses(specs: &[NodeSpec], loss: u16) -> Vec<usize> {
	let mut last: Vec<usize> = (0..specs.len()).collect();
	for (id, spec) in specs.iter().enumerate() {
		for input in &spec.inputs {
			last[usize::from(input.id)] = id;
		}
	}
	last[usize::from(loss)] = usize::MAX;
	last
}

fn updates(specs: &[NodeSpec], slots: &[Slot]) -> Vec<Update> {
	let first_with = |next| slots.iter().position(|slot| slot.next == next);
	let update = |(index, slot): (usize, &Slot)| match specs[usize::from(slot.next)].op {
		Op::State { slot } if usize::from(slot) == index => Update::Keep,
		Op::State { slot } => Update::CopySlot(usize::from(slot)),
		_ => match first_with(slot.next) {
			Some(first) if first != index => Update::CopyNext(first),
			_ => Update::Swap,
		},
	};
	slots.iter().enumerate().map(update).collect()
}

/// The smallest free buffer that is large enough, else the largest free one, enlarged, else a new one.
fn take(buffers: &mut Vec<usize>, free: &mut Vec<usize>, words: usize) -> usize {
	let fitting =
		(0..free.len()).filter(|i| buffers[free[*i]] >= words).min_by_key(|i| buffers[free[*i]]);
	let chosen = fitting.or_else(|| (0..free.len()).max_by_key(|i| buffers[free[*i]]));
	match chosen {
		Some(position) => {
			let buffer = free.swap_remove(position);
			buffers[buffer] = buffers[buffer].max(words);
			buffer
		},
		None => {
			buffers.push(words);
			buffers.len() - 1
		},
	}
}
