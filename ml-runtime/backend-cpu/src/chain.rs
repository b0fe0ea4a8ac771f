//! Chains of elementwise nodes: a strip of words goes through all of them while it is in a core's cache, and what only
//! the chain reads never leaves it. Each node rounds as it does alone.

use std::ops::Range;

use assay_ops::{eval::StepContext, Broadcast, NodeId, NodeSpec, Op, ValueType};

use crate::broadcast::Second;
use crate::elementwise::{Elementwise, Piece};
use crate::level::Level;
use crate::matmul::buffer;
use crate::team::Team;
use crate::value::{count, Value};
use crate::{KernelError, Kernels, Records};

/// Most links of a chain.
const MOST_LINKS: usize = 32;

/// Words of all links that go through a chain at a time: they should stay in a core's own cache.
const CACHED_WORDS: usize = 1 << 16;

/// Most words of one link that do.
const MOST_STRIP: usize = 1 << 12;

/// Where an operand of a link comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
	/// A value that was there before the chain.
	Value(&'a [u32]),
	/// The result of the link with this number, from 0, which comes before.
	Link(usize),
}

/// A node of a chain.
#[derive(Clone, Debug)]
pub struct Link<'a> {
	/// The node. All of a chain have the same type.
	pub spec: &'a NodeSpec,
	/// Its operands, in order.
	pub operands: Vec<Source<'a>>,
}

/// Which neighbouring nodes form a chain, found by looking at one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChainFinder {
	first: NodeId,
	ty: Option<ValueType>,
	links: usize,
}

impl ChainFinder {
	/// Whether a node goes on with the chain of those before it. Otherwise a chain may begin with it.
	///
	/// Nodes that hand on a slot are not links, and do not end a chain.
	pub fn goes_on(&mut self, spec: &NodeSpec) -> bool {
		if matches!(spec.op, Op::State { .. }) {
			return self.links > 0;
		}
		let kind = Elementwise::of(&spec.op);
		let goes_on = self.links < MOST_LINKS
			&& self.ty == Some(spec.ty)
			&& kind.is_some_and(|kind| self.reads_by_word(spec, kind));
		if !goes_on {
			let ty = kind.map(|_| spec.ty);
			*self = Self { first: spec.id, ty, links: 0 };
		}
		self.links += usize::from(kind.is_some());
		goes_on
	}

	/// Whether each word of a node needs but one word of each link.
	fn reads_by_word(&self, spec: &NodeSpec, (_, broadcast): Kind) -> bool {
		let mut operands = spec.inputs.iter().enumerate();
		operands.all(|(index, operand)| {
			// What is of another type is no link. A slot is none either, but is treated as if it were.
			operand.id < self.first
				|| operand.ty != spec.ty
				|| index != 1
				|| broadcast == Broadcast::None
		})
	}
}

/// An elementwise operation, and how its second operand is spread.
pub(crate) type Kind = (Elementwise, Broadcast);

/// Computes each link by itself. What nobody wants is kept until the end, in memory of its own.
pub(crate) fn one_by_one<K: Kernels + ?Sized>(
	kernels: &K,
	links: &[Link<'_>],
	ctx: &StepContext,
	outs: &mut [Option<&mut [u32]>],
) -> Result<(), KernelError> {
	if links.len() != outs.len() {
		return Err(KernelError::Shape);
	}
	let unwanted = links.iter().zip(&*outs).filter(|(_, out)| out.is_none());
	let mut rooms: Vec<_> =
		unwanted.map(|(link, _)| vec![0; link.spec.ty.words() as usize]).collect();
	let (mut rooms, mut done) = (rooms.iter_mut(), Vec::<&[u32]>::new());
	for (link, out) in links.iter().zip(outs) {
		let out: &mut [u32] = match out {
			Some(out) => out,
			None => rooms.next().ok_or(KernelError::Shape)?,
		};
		let operands = link.operands.iter().map(|source| match source {
			Source::Value(words) => Ok(*words),
			Source::Link(link) => done.get(*link).copied().ok_or(KernelError::Shape),
		});
		let operands = operands.collect::<Result<Vec<_>, _>>()?;
		kernels.run(link.spec, ctx, &operands, &Records { bytes: &[], size: 0 }, out)?;
		done.push(out);
	}
	Ok(())
}

/// A chain whose links were checked.
pub(crate) struct Chain<'a> {
	stages: Vec<Stage<'a>>,
	words: usize,
}

/// A link as the loops want it.
struct Stage<'a> {
	elementwise: Elementwise,
	a: Source<'a>,
	b: Spread<'a>,
	/// Nothing, if there are but two operands.
	c: Source<'a>,
}

/// A second operand.
enum Spread<'a> {
	Value(Second<'a>),
	Link(usize),
}

impl<'a> Chain<'a> {
	/// Checks types, lengths and sources. A chain has at least one link.
	pub(crate) fn new(links: &[Link<'a>], batch: u32) -> Result<Self, KernelError> {
		let ty = links.first().ok_or(KernelError::Shape)?.spec.ty;
		let (rows, cols) = count(&ty);
		let words = rows.checked_mul(cols).filter(|words| *words > 0).ok_or(KernelError::Shape)?;
		let stage = |(index, link): (usize, &Link<'a>)| Stage::new(index, link, ty, batch);
		let stages = links.iter().enumerate().map(stage).collect::<Result<_, _>>()?;
		Ok(Self { stages, words })
	}

	/// Computes all links; of those that have no place, nothing stays.
	pub(crate) fn run(
		&self,
		level: Level,
		team: &Team,
		outs: &mut [Option<&mut [u32]>],
	) -> Result<(), KernelError> {
		let fits =
			|out: &Option<&mut [u32]>| out.as_ref().is_none_or(|out| out.len() == self.words);
		if outs.len() != self.stages.len() || !outs.iter().all(fits) {
			return Err(KernelError::Shape);
		}
		let work = self.stages.iter().map(|stage| stage.elementwise.work()).sum();
		let length = Team::rows_per_piece(work).next_multiple_of(self.strip_words());
		let mut pieces: Vec<Vec<Option<&mut [u32]>>> = Vec::new();
		pieces.resize_with(self.words.div_ceil(length), || Vec::with_capacity(outs.len()));
		for out in outs {
			let mut parts = out.as_mut().map(|out| out.chunks_mut(length));
			for piece in &mut pieces {
				piece.push(parts.as_mut().and_then(Iterator::next));
			}
		}
		team.pieces(&mut pieces, 1, |index, pieces| {
			for piece in pieces {
				self.piece(level, index * length, length, piece);
			}
		});
		Ok(())
	}

	/// Words of each link that go through the chain at a time.
	fn strip_words(&self) -> usize {
		MOST_STRIP.min(CACHED_WORDS / self.stages.len()).max(1)
	}

	/// Computes words of all links, from `first` on, at most `length`.
	fn piece(&self, level: Level, first: usize, length: usize, outs: &mut [Option<&mut [u32]>]) {
		let (length, most) = (length.min(self.words - first), self.strip_words());
		let rooms = outs.iter().filter(|out| out.is_none()).count();
		buffer::with(rooms * most, |room| {
			for at in (0..length).step_by(most) {
				let strip = at..length.min(at + most);
				self.strip(level, first, strip, outs, room);
			}
		});
	}

	/// Computes the words in `strip` of all links, counted from `first` on.
	fn strip(
		&self,
		level: Level,
		first: usize,
		strip: Range<usize>,
		outs: &mut [Option<&mut [u32]>],
		room: &mut [u32],
	) {
		let mut rooms = room.chunks_exact_mut(self.strip_words());
		let mut done: Vec<&[u32]> = Vec::with_capacity(outs.len());
		let (first, length) = (first + strip.start, strip.len());
		for (stage, out) in self.stages.iter().zip(outs) {
			let out = match out {
				Some(out) => &mut out[strip.clone()],
				None => &mut rooms.next().unwrap_or_default()[..length],
			};
			let words = |source| match source {
				Source::Value(words) => words.get(first..first + length).unwrap_or_default(),
				Source::Link(link) => done[link],
			};
			let (elementwise, a, c) = (stage.elementwise, words(stage.a), words(stage.c));
			match &stage.b {
				Spread::Value(b) => level.run(Piece { elementwise, first, a, b, c, out }),
				Spread::Link(link) => {
					let b = &Second::Same(done[*link]);
					level.run(Piece { elementwise, first: 0, a, b, c, out });
				},
			}
			done.push(out);
		}
	}
}

impl<'a> Stage<'a> {
	/// The link with number `index` of a chain of values of type `ty`.
	fn new(index: usize, link: &Link<'a>, ty: ValueType, batch: u32) -> Result<Self, KernelError> {
		let spec = link.spec;
		let types: Vec<_> = spec.inputs.iter().map(|input| input.ty).collect();
		let (elementwise, broadcast) = Elementwise::of(&spec.op).ok_or(KernelError::Shape)?;
		let known = spec.ty == ty && spec.op.infer(&types, batch) == Ok(ty);
		let sources = types.iter().zip(&link.operands).enumerate();
		let fits = |(at, (operand, source)): (usize, (&ValueType, &Source<'_>))| match source {
			Source::Value(words) => words.len() as u64 == operand.words(),
			Source::Link(link) => {
				*link < index && *operand == ty && (at != 1 || broadcast == Broadcast::None)
			},
		};
		if !known || types.len() != link.operands.len() || !sources.clone().all(fits) {
			return Err(KernelError::Shape);
		}
		let (a, c) = match *link.operands {
			[a] | [a, _] => (a, Source::Value(&[])),
			[a, _, c] => (a, c),
			_ => return Err(KernelError::Shape),
		};
		let b = match (types.get(1), link.operands.get(1)) {
			(_, Some(Source::Link(link))) => Spread::Link(*link),
			(Some(b), Some(Source::Value(words))) => {
				let (rows, cols) = count(b);
				let value = Value { words, rows, cols };
				Spread::Value(Second::new(&value, broadcast, count(&ty).1)?)
			},
			_ => Spread::Value(Second::Word(0)),
		};
		Ok(Self { elementwise, a, b, c })
	}
}
