//! All lists of a dispute, computed or fetched once.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use assay_backend_cpu::Kernels;
use assay_case::Brief;
use assay_commitment::TensorTree;
use assay_dispute_game::{Game, Level, Phase, Root, Span, Spot};
use assay_executor::{Focus, Prepared, Replay, Trace};
use assay_ops::NodeId;
use assay_worker_protocol::{BlobKey, ListTag};

use crate::serve::{
	engine::Engine,
	link::Link,
	missing::Missing,
	run::{run_beside, RUN},
	trouble::Trouble,
	Behaviour,
};

fn list(tag: ListTag, root: &Root) -> BlobKey {
	BlobKey::List { tag, root: *root }
}

/// What a player computes and fetches while it looks for one move. The first thing that goes wrong is
/// kept for [`Lists::trouble`]; lists are empty from then on.
pub(crate) struct Lists<'a, K, B> {
	link: &'a Link,
	job: Prepared,
	engine: Engine<'a, K>,
	behaviour: &'a B,
	brief: &'a Brief,
	replay: RefCell<Replay<&'a K>>,
	/// The step that was traced last.
	trace: RefCell<Option<(u32, Rc<Trace>)>>,
	own: RefCell<Vec<(Level, Vec<Root>)>>,
	published: RefCell<BTreeMap<BlobKey, Option<Vec<Root>>>>,
	trouble: RefCell<Option<Trouble>>,
}

impl<'a, K: Kernels, B: Behaviour> Lists<'a, K, B> {
	pub(crate) fn new(
		link: &'a Link,
		job: Prepared,
		engine: Engine<'a, K>,
		behaviour: &'a B,
		brief: &'a Brief,
	) -> Self {
		let replay = Replay::new(job.clone(), engine.kernels, Some(&link.run(RUN)));
		Self {
			link,
			job,
			engine,
			behaviour,
			brief,
			replay: RefCell::new(replay),
			trace: RefCell::default(),
			own: RefCell::default(),
			published: RefCell::default(),
			trouble: RefCell::default(),
		}
	}

	/// What went wrong so far.
	pub(crate) fn trouble(&self) -> Result<(), Trouble> {
		self.trouble.borrow().clone().map_or(Ok(()), Err)
	}

	fn keep<T>(&self, result: Result<T, Trouble>) -> Option<T> {
		result.map_err(|trouble| self.trouble.borrow_mut().get_or_insert(trouble).clone()).ok()
	}

	/// The program, the data and what else decides the result.
	pub(crate) fn job(&self) -> &Prepared {
		&self.job
	}

	/// What one step commits to. A game that is about a tile needs the values around its node, others the hashes of tiles.
	pub(crate) fn trace(&self, step: &Span) -> Option<Rc<Trace>> {
		let known = self.trace.borrow().as_ref().map(|(at, trace)| (*at, trace.clone()));
		if let Some((_, trace)) = known.filter(|(at, _)| *at == step.start) {
			return Some(trace);
		}
		let spot = match self.brief.game.as_ref().map(Game::phase) {
			Some(
				Phase::Partials { spot } | Phase::Block { spot, .. } | Phase::Opening { spot, .. },
			) if spot.step.start == step.start => NodeId::try_from(spot.node).ok(),
			_ => None,
		};
		self.traced(step, spot.map_or(Focus::Tiles, Focus::Node))
	}

	/// The same with the values around a node.
	pub(crate) fn around(&self, step: &Span, node: NodeId) -> Option<Rc<Trace>> {
		let trace = self.trace(step).filter(|trace| trace.focus() == Focus::Node(node));
		trace.or_else(|| self.traced(step, Focus::Node(node)))
	}

	fn traced(&self, step: &Span, focus: Focus) -> Option<Rc<Trace>> {
		let trace = self.replay.borrow_mut().trace(step.start.into(), focus);
		let trace = Rc::new(self.keep(trace.map_err(Trouble::from))?);
		*self.trace.borrow_mut() = Some((step.start, trace.clone()));
		Some(trace)
	}

	/// The tree over the tiles of a node's output.
	fn tree(&self, step: &Span, node: NodeId) -> Result<TensorTree, Trouble> {
		let trace = self.trace(step).ok_or(Trouble::Gone)?;
		match trace.focus() {
			Focus::Node(other) if other != node => {
				Ok(self.traced(step, Focus::Tiles).ok_or(Trouble::Gone)?.tree(node)?)
			},
			Focus::Node(_) | Focus::Tiles => Ok(trace.tree(node)?),
		}
	}

	/// The state after a step, as a list of one; empty if it cannot be computed.
	pub(crate) fn state_after(&self, step: &Span) -> Vec<Root> {
		self.trace(step).map(|trace| trace.after().root()).into_iter().collect()
	}

	/// The list at this level, as this worker says that it has computed it.
	pub(crate) fn own(&self, level: &Level) -> Vec<Root> {
		let known =
			self.own.borrow().iter().find(|(at, _)| at == level).map(|(_, list)| list.clone());
		known.unwrap_or_else(|| {
			let mut list = self.keep(self.compute(level)).unwrap_or_default();
			self.behaviour.list(self.brief.side, level, &mut list);
			self.own.borrow_mut().push((*level, list.clone()));
			list
		})
	}

	fn compute(&self, level: &Level) -> Result<Vec<Root>, Trouble> {
		let trace = |step: &Span| self.trace(step).ok_or(Trouble::Gone);
		match level {
			Level::Claim => {
				// Only a run that has not ended is gone on with: whoever holds its folder, another move
				// or a session, may hold it for long, and beside it the run would begin anew.
				if let Some(claim) = self.replay.borrow().claim()? {
					return Ok(claim.states().to_vec());
				}
				let session = run_beside(self.link, &self.job, self.engine, self.behaviour)?;
				Ok(session.claim().states().to_vec())
			},
			Level::Steps { span, .. } => {
				let job = self.job.job();
				let stride = (u64::from(span.start) - job.first_step) / u64::from(job.stride);
				Ok(self.replay.borrow_mut().inner_states(stride as u32)?)
			},
			Level::Trace { step, .. } => Ok(trace(step)?.roots().to_vec()),
			Level::Tiles { step, node, .. } => {
				let tree = self.tree(step, *node as NodeId)?;
				Ok(tree.tree().values().to_vec())
			},
			Level::Slots { step, .. } => Ok(trace(step)?.after().slots().to_vec()),
		}
	}

	/// Hashes of the partials of a long reduction, as this worker says that it has computed them.
	pub(crate) fn own_partials(&self, spot: &Spot) -> Vec<Root> {
		let compute = || {
			let node = spot.node as NodeId;
			let trace = self.around(&spot.step, node)?;
			let (_, partials) =
				self.keep(trace.partials(node, spot.tile).map_err(Trouble::from))?;
			Some(partials.into_inner())
		};
		let mut partials = compute().unwrap_or_default();
		let Spot { step, trace, node, tile, .. } = *spot;
		let tiles = self.own(&Level::Tiles { step, trace, node, tiles: 0, root: Root::default() });
		if let Some(tile) = tiles.get(tile as usize) {
			self.behaviour.partials(self.brief.side, spot, tile, &mut partials);
		}
		partials
	}

	/// The other side's list at this level, if it can be had.
	///
	/// Not looked for: what had to be revealed in the game; and the slots of a state, since a state is
	/// no list's root.
	pub(crate) fn published(&self, level: &Level) -> Option<Vec<Root>> {
		if self.brief.transcript.revealed.iter().any(|revealed| revealed.level == *level) {
			return None;
		}
		match level {
			Level::Claim => self.fetch(list(ListTag::States, &self.brief.params.claim)),
			Level::Steps { root, .. } => self.fetch(list(ListTag::Steps, root)),
			Level::Trace { root, .. } => self.fetch(list(ListTag::Trace, root)),
			Level::Tiles { tiles, root, .. } => {
				self.fetch(BlobKey::Tiles { tiles: *tiles, root: *root })
			},
			Level::Slots { .. } => None,
		}
	}

	/// The list behind a heartbeat: one's own if it has that root, else the solver's.
	pub(crate) fn heartbeat(&self, states: u32, root: &Root) -> Option<Vec<Root>> {
		let own = self.own(&Level::Claim).get(..states as usize).map(<[Root]>::to_vec);
		let own = own.filter(|own| assay_commitment::list::root(ListTag::States, own) == *root);
		own.or_else(|| self.fetch(list(ListTag::States, root)))
	}

	fn fetch(&self, key: BlobKey) -> Option<Vec<Root>> {
		let known = self.published.borrow().get(&key).cloned();
		known.unwrap_or_else(|| {
			let fetched = match Missing::new(self.link).leaves(key) {
				// A damaged file is as good as none.
				Err(Trouble::Machine(why)) => {
					log::warn!("{why}");
					None
				},
				other => self.keep(other).flatten(),
			};
			self.published.borrow_mut().insert(key, fetched.clone());
			fetched
		})
	}
}
