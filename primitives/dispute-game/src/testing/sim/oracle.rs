//! What players of a match know.

use alloc::vec::Vec;

use super::super::{Execution, Said, Toy, ToyEvidence, ToyJoin, ToyPartials, View};
use crate::{
	strategy::{Known, Lists, Oracle, Seam},
	Block, Children, Level, Root, Run, Span, Spot,
};

/// A [`View`] of a game in which published lists may be spoiled.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
	/// Its own execution.
	pub(super) own: &'a Execution,
	/// The other side's, if its lists are published.
	pub(super) theirs: Option<&'a Execution>,
	/// What the moves so far have revealed.
	pub(super) said: &'a Said,
	/// Whether published lists have a flipped bit.
	pub(super) spoiled: bool,
	/// Whether its states of a stride end in the claimed one, whatever else they are.
	pub(super) bent: bool,
}

impl<'a> Seen<'a> {
	fn view(&self) -> View<'a> {
		View { own: self.own, theirs: self.theirs, said: self.said }
	}
}

impl Oracle<Toy> for Seen<'_> {
	fn own(&self, level: &Level) -> Vec<Root> {
		let mut list = self.own.list(level);
		if let (true, Level::Steps { span, .. }, Some(last)) = (self.bent, level, list.last_mut()) {
			*last = span.after;
		}
		list
	}

	fn own_partials(&self, spot: &Spot) -> Vec<Root> {
		self.own.partials(spot)
	}

	fn published(&self, level: &Level) -> Option<Vec<Root>> {
		let mut list = self.view().published(level)?;
		if let Some(leaf) = list.last_mut().filter(|_| self.spoiled) {
			leaf[0] ^= 1;
		}
		Some(list)
	}

	fn revealed(&self, level: &Level) -> Vec<(Run, Children)> {
		self.view().revealed(level)
	}

	fn posted_partials(&self) -> Vec<Root> {
		self.said.partials.clone()
	}

	fn spec(&self, node: u32) -> Option<u32> {
		self.view().spec(node)
	}

	fn join(
		&self,
		step: &Span,
		seam: Seam,
		trace: &Known,
		after: Option<&Known>,
	) -> Option<ToyJoin> {
		self.view().join(step, seam, trace, after)
	}

	fn partials(&self, spot: &Spot, lists: &Lists) -> Option<ToyPartials> {
		self.view().partials(spot, lists)
	}

	fn evidence(&self, spot: &Spot, block: Option<&Block>, lists: &Lists) -> Option<ToyEvidence> {
		self.view().evidence(spot, block, lists)
	}
}
