//! The static memory plan: where every value of a step lives, decided before anything runs.

use std::ops::Range;

use assay_backend_cpu::ChainFinder;
use assay_ops::{Broadcast, NodeId, NodeSpec, Op, Slot};

/// Where a node's output lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
	/// It is the content of a slot before the step; nothing is copied.
	Slot(usize),
	/// It becomes the content of this slot: the slot's second copy.
	Next(usize),
	/// A buffer that other nodes use before or after.
	Buffer(usize),
	/// Nowhere: only its chain reads it, if anybody does.
	Chain,
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
	/// All nodes in order: those that are run together, and the others each by itself.
	pub(crate) runs: Vec<Range<usize>>,
	/// The runs in order: after those of one range, the values of all of their nodes are there. With [`Reuse::Traced`] only.
	pub(crate) groups: Vec<Range<usize>>,
	/// Words of each buffer.
	pub(crate) buffers: Vec<usize>,
	/// For each slot, how it is renewed.
	pub(crate) updates: Vec<Update>,
	/// Words of slots, second copies and buffers together: what a step needs at its peak.
	pub(crate) peak_words: u64,
	/// What some steps can do without, if any. With [`Reuse::Chained`] only.
	pub(crate) pause: Option<Pause>,
}

/// Steps after which some slots are as before, because a flag is 0 that the number of the step decides: those that accumulate
/// a gradient. What would have become their content is not computed in these steps.
#[derive(Clone, Debug)]
pub(crate) struct Pause {
	/// The nodes that make the flag, of nothing but the step's number, in order; it is the last.
	pub(crate) flag: Vec<usize>,
	/// For each node, whether a step needs it although the flag is 0.
	pub(crate) needed: Vec<bool>,
	/// For each slot, whether it is then as before.
	pub(crate) still: Vec<bool>,
}

impl Pause {
	/// That of the flag on which the most depends.
	fn new(
		specs: &[NodeSpec],
		slots: &[Slot],
		updates: &[Update],
		wanted: &[NodeId],
	) -> Option<Self> {
		let by_step = by_step(specs);
		// The flag that decides whether a slot takes a new content.
		let flag = |slot: usize| {
			let spec = &specs[usize::from(slots[slot].next)];
			let [_, flag, before] = spec.inputs.as_slice() else { return None };
			let (flag, before) = (usize::from(flag.id), usize::from(before.id));
			let own = specs[before].op == Op::State { slot: u16::try_from(slot).ok()? };
			let chooses = spec.op == Op::Select(Broadcast::Scalar) && own && by_step[flag];
			(chooses && updates[slot] == Update::Swap).then_some(flag)
		};
		let flags: Vec<_> = (0..slots.len()).map(flag).collect();
		let words = |flag: usize| -> u64 {
			let slots = slots.iter().zip(&flags).filter(|(_, own)| **own == Some(flag));
			slots.map(|(slot, _)| slot.ty.words()).sum()
		};
		let flag = flags.iter().flatten().copied().max_by_key(|flag| words(*flag))?;
		// What another slot copies is computed.
		let copied = |slot: usize| updates.contains(&Update::CopyNext(slot));
		let still: Vec<_> = flags
			.iter()
			.enumerate()
			.map(|(slot, own)| *own == Some(flag) && !copied(slot))
			.collect();
		let nexts = slots.iter().zip(&still).filter(|(_, still)| !**still);
		let nexts = nexts.map(|(slot, _)| usize::from(slot.next));
		let needed = ancestors(specs, nexts.chain(wanted.iter().copied().map(usize::from)));
		let of_flag = ancestors(specs, [flag]);
		let flag = (0..=flag).filter(|id| of_flag[*id]).collect();
		Some(Self { flag, needed, still })
	}
}

/// For each node, whether the number of the step decides its value alone.
fn by_step(specs: &[NodeSpec]) -> Vec<bool> {
	let mut found: Vec<bool> = Vec::with_capacity(specs.len());
	for spec in specs {
		found.push(match spec.op {
			Op::StepIndex { .. } | Op::Iota { .. } | Op::Fill { .. } => true,
			_ => {
				!spec.inputs.is_empty()
					&& spec.inputs.iter().all(|input| found[usize::from(input.id)])
			},
		});
	}
	found
}

/// For each node, whether it is one of these or they are computed from it.
fn ancestors(specs: &[NodeSpec], of: impl IntoIterator<Item = usize>) -> Vec<bool> {
	let mut found = vec![false; specs.len()];
	of.into_iter().for_each(|id| found[id] = true);
	for (id, spec) in specs.iter().enumerate().rev() {
		if found[id] {
			spec.inputs.iter().for_each(|input| found[usize::from(input.id)] = true);
		}
	}
	found
}

/// Whether buffers are used again within a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
	/// As soon as no later node reads them, and chains of elementwise nodes are run as one.
	Chained,
	/// As soon as no later node reads them.
	Eager,
	/// At the end of a group of nodes, those that no later node reads: in between, all that the group has made is there to
	/// be hashed.
	Traced,
}

/// Words that a group of traced nodes makes, or its last node makes alone: enough for several threads to hash.
const GROUP_WORDS: usize = 1 << 18;

fn words(spec: &NodeSpec) -> usize {
	spec.ty.words() as usize
}

impl Plan {
	/// Plans the memory of a checked program, in which the values of `wanted` nodes stay to the end.
	pub(crate) fn new(specs: &[NodeSpec], slots: &[Slot], wanted: &[NodeId], reuse: Reuse) -> Self {
		let updates = updates(specs, slots);
		let last_use = last_uses(specs, wanted);
		let runs = runs(specs, reuse);
		let groups = groups(specs, &runs, reuse);
		let mut ends = groups.iter().map(|group| group.end).peekable();
		let mut ended: Vec<usize> = Vec::new();
		let mut places: Vec<Place> = Vec::with_capacity(specs.len());
		let mut buffers: Vec<usize> = Vec::new();
		let mut free: Vec<usize> = Vec::new();
		for (index, run) in runs.iter().enumerate() {
			for (id, spec) in run.clone().zip(&specs[run.clone()]) {
				let next = slots.iter().zip(&updates).position(|(slot, update)| {
					usize::from(slot.next) == id && *update == Update::Swap
				});
				places.push(match (spec.op, next) {
					(Op::State { slot }, _) => Place::Slot(usize::from(slot)),
					(_, Some(slot)) => Place::Next(slot),
					(_, None) if run.len() > 1 && last_use[id] < run.end => Place::Chain,
					(_, None) => Place::Buffer(take(&mut buffers, &mut free, words(spec))),
				});
			}
			let read = specs[run.clone()].iter().flat_map(|spec| &spec.inputs);
			ended.extend(read.map(|input| usize::from(input.id)));
			ended.extend(run.clone()); // Values that nobody reads.
			if reuse == Reuse::Traced && ends.next_if_eq(&(index + 1)).is_none() {
				continue;
			}
			ended.sort_unstable();
			ended.dedup();
			for id in ended.drain(..).filter(|id| last_use[*id] < run.end) {
				if let Place::Buffer(buffer) = places[id] {
					free.push(buffer);
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
		let peak_words = slot_words + next_words + buffer_words;
		let pause = match reuse {
			Reuse::Chained => Pause::new(specs, slots, &updates, wanted),
			Reuse::Eager | Reuse::Traced => None,
		};
		Self { places, runs, groups, buffers, updates, peak_words, pause }
	}
}

/// Which nodes are run together.
fn runs(specs: &[NodeSpec], reuse: Reuse) -> Vec<Range<usize>> {
	let mut finder = ChainFinder::default();
	let mut runs: Vec<Range<usize>> = Vec::new();
	for (id, spec) in specs.iter().enumerate() {
		let goes_on = reuse == Reuse::Chained && finder.goes_on(spec);
		match runs.last_mut().filter(|_| goes_on) {
			Some(run) => run.end = id + 1,
			None => runs.push(id..id + 1),
		}
	}
	runs
}

/// Runs whose values are hashed together.
fn groups(specs: &[NodeSpec], runs: &[Range<usize>], reuse: Reuse) -> Vec<Range<usize>> {
	let mut groups: Vec<Range<usize>> = Vec::new();
	let mut made = GROUP_WORDS;
	for (index, run) in runs.iter().enumerate().filter(|_| reuse == Reuse::Traced) {
		if made >= GROUP_WORDS {
			groups.push(index..index);
			made = 0;
		}
		made = specs[run.clone()].iter().map(words).fold(made, usize::saturating_add);
		if let Some(group) = groups.last_mut() {
			group.end = index + 1;
		}
	}
	groups
}

/// For each node, the last node that reads it (itself if none does; never for those that are wanted).
fn last_uses(specs: &[NodeSpec], wanted: &[NodeId]) -> Vec<usize> {
	let mut last: Vec<usize> = (0..specs.len()).collect();
	for (id, spec) in specs.iter().enumerate() {
		for input in &spec.inputs {
			last[usize::from(input.id)] = id;
		}
	}
	for id in wanted {
		last[usize::from(*id)] = usize::MAX;
	}
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

#[cfg(test)]
mod tests {
	use std::collections::BTreeMap;

	use assay_compiler::{compile, Manifest};
	use assay_ops::Limits;

	use super::*;

	/// Goes through a plan, and finds that every value is where it was put when it is read, when its group is hashed, and, if it
	/// is wanted, at the end.
	fn check(plan: &Plan, specs: &[NodeSpec], wanted: &[NodeId]) {
		let mut held: BTreeMap<usize, usize> = BTreeMap::new();
		let is_there = |held: &BTreeMap<usize, usize>, id: usize| match plan.places[id] {
			Place::Buffer(buffer) => held.get(&buffer) == Some(&id),
			Place::Slot(_) | Place::Next(_) => true,
			Place::Chain => false,
		};
		let mut ends = plan.groups.iter();
		let mut group = ends.next();
		for (index, run) in plan.runs.iter().enumerate() {
			for id in run.clone() {
				for input in specs[id].inputs.iter().map(|input| usize::from(input.id)) {
					assert!(run.contains(&input) || is_there(&held, input), "{id} reads {input}");
				}
			}
			for id in run.clone() {
				if let Place::Buffer(buffer) = plan.places[id] {
					assert!(plan.buffers[buffer] >= words(&specs[id]));
					held.insert(buffer, id);
				}
			}
			if let Some(range) = group.filter(|group| group.end == index + 1) {
				for id in plan.runs[range.clone()].iter().cloned().flatten() {
					assert!(is_there(&held, id), "{id} is not there to be hashed");
				}
				group = ends.next();
			}
		}
		assert!(group.is_none(), "every group ends");
		for id in wanted {
			assert!(is_there(&held, usize::from(*id)), "{id} is wanted");
		}
	}

	#[test]
	fn values_should_be_where_they_are_looked_for_when_buffers_are_used_again() {
		for text in [
			include_str!("../../compiler/examples/gpt-tiny.toml"),
			include_str!("../../compiler/examples/llama-lora-tiny.toml"),
			include_str!("../../compiler/examples/resnet-digits.toml"),
		] {
			let manifest = Manifest::parse(text).unwrap();
			let program = compile(&manifest).unwrap().program;
			let program = program.check(&Limits::new(manifest.data.record_size)).unwrap();
			let last = program.specs.len() as NodeId - 1;
			for wanted in [vec![], vec![program.loss], vec![0, 7, last / 2, last]] {
				for reuse in [Reuse::Chained, Reuse::Eager, Reuse::Traced] {
					let plan = Plan::new(&program.specs, &program.slots, &wanted, reuse);
					check(&plan, &program.specs, &wanted);
					let groups = plan.groups.len();
					assert_eq!(reuse == Reuse::Traced, groups > 0);
				}
			}
		}
	}

	#[test]
	fn groups_should_be_several_when_a_step_is_large() {
		let text = include_str!("../../compiler/examples/gpt-tiny.toml");
		let text = text.replacen("batch = 4", "batch = 64", 1);
		let manifest = Manifest::parse(&text).unwrap();
		let program = compile(&manifest).unwrap().program;
		let program = program.check(&Limits::new(manifest.data.record_size)).unwrap();
		let plan = Plan::new(&program.specs, &program.slots, &[], Reuse::Traced);
		check(&plan, &program.specs, &[]);
		assert!(plan.groups.len() > 20, "{}", plan.groups.len());
		assert!(plan.peak_words < program.cost.words / 2);
	}
}
