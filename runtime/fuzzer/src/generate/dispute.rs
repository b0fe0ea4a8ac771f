//! Calls about games.

use super::{Scene, Sent};
use crate::{
	library::{library, Kind, Script, Segment, Style},
	model::{Game, Stage, Task},
	people::{Person, CHALLENGERS},
};
use assay_case::CaseMove;
use assay_dispute_game::{strategy::prefix_fault, Move, Root, Side};
use assay_primitives::TaskId;
use assay_runtime::{Runtime, RuntimeCall};
use pallet_dispute::{Call, Disputes, GameId};
use std::sync::Arc;

impl Scene<'_> {
	/// Opens a game about a claim.
	pub(super) fn dispute(&mut self, task: TaskId, note: &Task) -> Sent {
		let who = self.challenger();
		let (Some(kind), Stage::Claimed { steps, variant: Some(claim), .. }) =
			(note.kind, &note.stage)
		else {
			return (who, Call::open_withheld { task }.into());
		};
		let segment = library().segment(kind, note.work.first_step, *steps);
		if let Some(fault) = self.prefix_fault(note, kind, &segment, *claim) {
			return (who, opening(task, &fault).unwrap_or(Call::open_withheld { task }).into());
		}
		let style = self.style(*claim, segment.variants.len());
		let Some(script) = library().script(kind, &segment, style) else {
			return (who, Call::open_withheld { task }.into());
		};
		let call = script.moves.first().and_then(|play| opening(task, play));
		self.model.playing = Some(script);
		(who, call.unwrap_or(Call::open_withheld { task }).into())
	}

	fn challenger(&mut self) -> Person {
		if self.dice.percent(95) {
			return self.dice.one_of(CHALLENGERS);
		}
		self.anyone()
	}

	fn style(&mut self, claim: usize, variants: usize) -> Style {
		let lie = self.dice.small(variants as u32) as usize;
		let challenger = if claim != 0 && self.dice.percent(80) { 0 } else { lie };
		let withheld = self.dice.percent(30);
		Style { claim, challenger, withheld, late: !withheld && self.dice.percent(30) }
	}

	/// A heartbeat that the claim departs from.
	fn prefix_fault(
		&mut self,
		note: &Task,
		kind: Kind,
		segment: &Segment,
		claim: usize,
	) -> Option<CaseMove> {
		let (states, variant) = self.dice.pick(&note.beats)?;
		let (first, steps) = (note.work.first_step, note.work.steps);
		let beat = library().segment(kind, first, steps);
		let beat = beat.variants.get(variant)?.states.get(..states as usize)?.to_vec();
		let states_of_claim = segment.variants.get(claim)?.states.clone();
		prefix_fault(states, beat, states_of_claim, &segment.task.case())
	}

	/// The next move of some game.
	pub(super) fn play(&mut self) -> Sent {
		let ids: Vec<GameId> = self.model.games.keys().copied().collect();
		let note =
			self.dice.pick(&ids).and_then(|id| Some((id, self.model.games.get(&id)?.clone())));
		let Some((id, note)) = note else { return self.post() };
		let Some(stored) = Disputes::<Runtime>::get(id) else {
			return (self.anyone(), Call::expire { game: id }.into());
		};
		let over = stored.game.deadline().is_some_and(|deadline| self.now >= deadline);
		if over || self.dice.percent(2) {
			return (self.anyone(), Call::expire { game: id }.into());
		}
		let position = stored.game.position();
		match &note.script {
			Some((script, made)) if self.dice.percent(96) => {
				self.scripted(id, position, &note, script, *made)
			},
			_ => self.improvised(id, position, &note, stored.game.mover()),
		}
	}

	fn scripted(
		&mut self,
		id: GameId,
		position: Root,
		note: &Game,
		script: &Arc<Script>,
		made: usize,
	) -> Sent {
		let Some(play) = script.moves.get(made) else {
			return (self.anyone(), Call::expire { game: id }.into());
		};
		let kind = play.kind();
		let side = match kind.side() {
			Side::Challenger => note.challenger,
			Side::Defender => note.solver,
		};
		let helper = kind.is_self_evident() && self.dice.percent(20);
		let who = if helper { self.anyone() } else { side };
		self.model.playing = Some(script.clone());
		match call(id, position, play) {
			Some(call) => (who, call),
			None => (who, Call::expire { game: id }.into()),
		}
	}

	/// A move that the game's script does not have: of another place in it, or made up.
	fn improvised(
		&mut self,
		game: GameId,
		position: Root,
		note: &Game,
		mover: Option<Side>,
	) -> Sent {
		let who = match mover {
			Some(Side::Defender) => note.solver,
			_ => note.challenger,
		};
		if let Some((script, _)) = &note.script {
			let at = self.dice.small(script.moves.len() as u32) as usize;
			let other = script.moves.get(at).and_then(|play| call(game, position, play));
			if let Some(call) = other.filter(|_| self.dice.percent(50)) {
				return (who, call);
			}
		}
		let root = self.dice.root();
		let call = match (mover, self.dice.small(6)) {
			(_, 0) => Call::expire { game },
			(Some(Side::Defender), 1..=2) => Call::post_trace { game, position, root },
			(Some(Side::Defender), 3) => {
				Call::post_steps { game, position, root, last: Default::default() }
			},
			(Some(Side::Defender), _) => {
				Call::bisect { game, position, children: Default::default() }
			},
			(_, 1..=2) => Call::ask { game, position },
			(_, 3) => Call::ask_slots { game, position },
			(_, 4) => Call::pick { game, position, child: self.dice.small(3) },
			(_, _) => {
				let step = self.dice.small(4);
				Call::pick_step { game, position, step, before: None, after: None }
			},
		};
		(who, call.into())
	}

	/// The games' calls about which any of ours may be.
	pub(super) fn any_game(&mut self) -> GameId {
		let ids: Vec<GameId> = self.model.games.keys().copied().collect();
		let unknown = self.dice.small(50);
		self.dice.pick(&ids).filter(|_| self.dice.percent(90)).unwrap_or(unknown)
	}
}

/// The call that opens a game with this move; `None` for all other moves.
pub fn opening(task: TaskId, play: &CaseMove) -> Option<Call<Runtime>> {
	match play.clone() {
		Move::Open { stride, before, after } => Some(Call::open { task, stride, before, after }),
		Move::Ask => Some(Call::open_withheld { task }),
		Move::PrefixFault { heartbeat: states, leaf, in_heartbeat, in_claim } => {
			Some(Call::prefix_fault { task, states, leaf, in_heartbeat, in_claim })
		},
		_ => None,
	}
}

/// The call that makes a move in a game; `None` for those that only open games.
pub fn call(game: GameId, position: Root, play: &CaseMove) -> Option<RuntimeCall> {
	let call = match play.clone() {
		Move::Open { stride, before, after } => {
			Call::pick_stride { game, position, stride, before, after }
		},
		Move::Ask => Call::ask { game, position },
		Move::Bisect { children } => Call::bisect { game, position, children },
		Move::Pick { child } => Call::pick { game, position, child },
		Move::PostSteps { root, last } => Call::post_steps { game, position, root, last },
		Move::PickStep { step, before, after } => {
			Call::pick_step { game, position, step, before, after }
		},
		Move::PostTrace { root } => Call::post_trace { game, position, root },
		Move::JoinFault { join } => Call::join_fault { game, position, join: Box::new(join) },
		Move::AskTiles { node, spec, output } => {
			Call::ask_tiles { game, position, node, spec: Box::new(spec), output }
		},
		Move::AskSlots => Call::ask_slots { game, position },
		Move::PickTile { node, tile, spec, evidence } => {
			let (spec, evidence) = (Box::new(spec), evidence.map(Box::new));
			Call::pick_tile { game, position, node, tile, spec, evidence }
		},
		Move::PostPartials { partials } => {
			Call::post_partials { game, position, partials: Box::new(partials) }
		},
		Move::PickBlock { block, evidence } => {
			Call::pick_block { game, position, block, evidence: evidence.map(Box::new) }
		},
		Move::OpenTile { evidence } => {
			Call::open_tile { game, position, evidence: Box::new(evidence) }
		},
		Move::PrefixFault { .. } | Move::Concede => return None,
	};
	Some(call.into())
}
