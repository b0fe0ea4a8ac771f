//! Tasks, executions and moves, each computed once.
//!
//! A move's content depends on the two executions and on where the game stands, not on the game's number
//! or on when it is played: so it is remembered, and a hundred thousand games cost a few hundred proofs.

use assay_case::{
	testing::{mlp, Execution, Lie, Task, View, MLP},
	Brief, Case, CaseMove, Transcript,
};
use assay_dispute_game::{
	strategy::{next_move, opening, Known, Lists, Oracle},
	Focus, Level, List, Move, OneStep, Phase, Root, Side, Span, Spot,
};
use assay_primitives::{Path, Work};
use codec::Encode;
use std::collections::HashMap;

/// Wrong executions of each task.
pub(crate) const LIARS: usize = 7;

/// Whose execution: the right one, or a wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Version {
	/// The right one.
	Right,
	/// One of [`LIARS`].
	Wrong(usize),
}

/// A claim, computed once.
pub(crate) struct Claimed {
	pub(crate) root: Root,
	pub(crate) states: Vec<Root>,
	pub(crate) artifact: Root,
	pub(crate) ends: [Path; 2],
}

impl Claimed {
	fn new(execution: &Execution) -> Self {
		let (root, states) = (execution.claim_root(), execution.claim());
		Self { root, states, artifact: execution.artifact(), ends: execution.ends() }
	}
}

/// A task, its executions, and what each of them claims.
pub(crate) struct Content {
	pub(crate) task: Task,
	/// As the chain stores programs and their parts.
	pub(crate) work: Work,
	right: (Execution, Claimed),
	wrong: Vec<(Execution, Claimed)>,
}

impl Content {
	fn new(task: Task) -> Self {
		let last = task.steps - 1;
		let bit = |node| vec![Lie::Output { step: last, node, word: 0, bit: 30 }];
		let partial = Lie::Partial { step: last, node: MLP.hidden, tile: 0, block: 1 };
		let slot = Lie::Slot { step: last, slot: 0 };
		// The last state must be what the artefact says; a state inside a stride is not claimed.
		let state = match task.stride {
			1 => Lie::State { step: last },
			_ => Lie::Slot { step: last, slot: 1 },
		};
		let lies = [
			bit(MLP.relu),
			bit(MLP.gradient),
			bit(MLP.update),
			vec![partial, slot],
			vec![slot],
			vec![state],
			vec![Lie::Input { step: last, node: MLP.first }],
		];
		let execute = |lies| {
			let execution = Execution::new(&task, lies);
			let claimed = Claimed::new(&execution);
			(execution, claimed)
		};
		let wrong = lies.into_iter().map(execute);
		let work = Work {
			data_root: task.data_root(),
			records: task.records(),
			record_size: task.record_size,
			first_step: task.first_step,
			init_root: task.init_root(),
			init_slots: task.init_slots(),
			seed: task.seed,
			steps: task.steps,
			stride: task.stride,
		};
		let (right, wrong): (_, Vec<_>) = (execute(vec![]), wrong.collect());
		let differs = |(_, claimed): &(Execution, Claimed)| claimed.root != right.1.root;
		assert!(wrong.iter().all(differs), "every lie has consequences");
		Self { right, wrong, work, task }
	}

	fn version(&self, version: Version) -> &(Execution, Claimed) {
		match version {
			Version::Right => &self.right,
			Version::Wrong(number) => &self.wrong[number % LIARS],
		}
	}

	/// An execution.
	fn execution(&self, version: Version) -> &Execution {
		&self.version(version).0
	}

	/// What it claims.
	pub(crate) fn claim(&self, version: Version) -> &Claimed {
		&self.version(version).1
	}
}

/// Who asks for a move, as far as it matters to the move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Player {
	/// Number of the task's content.
	pub(crate) content: usize,
	/// What it plays by.
	pub(crate) own: Version,
	/// What the other side publishes.
	pub(crate) theirs: Option<Version>,
}

/// Everything that was computed so far.
pub(crate) struct Lore {
	pub(crate) contents: Vec<Content>,
	moves: HashMap<(Player, Root), Option<CaseMove>>,
	openings: HashMap<Player, Option<CaseMove>>,
}

impl Lore {
	/// Three tasks: strides of one step, of several, and lists that take two rounds to search.
	pub(crate) fn new() -> Self {
		let tasks = [mlp(3, 1), mlp(3, 3), mlp(18, 1)];
		let contents = tasks.into_iter().map(Content::new).collect();
		Self { contents, moves: HashMap::new(), openings: HashMap::new() }
	}

	/// The move by the production strategy in the game that `brief` describes.
	pub(crate) fn answer(&mut self, player: Player, brief: &Brief) -> Option<CaseMove> {
		let game = brief.game.as_ref()?;
		let place = (game.phase(), &brief.transcript)
			.using_encoded(polkadot_sdk::sp_io::hashing::blake2_256);
		if let Some(known) = self.moves.get(&(player, place)) {
			return known.clone();
		}
		let view = self.view(player, &brief.transcript);
		let play = next_move(game, brief.side, &view, &brief.case);
		self.moves.insert((player, place), play.clone());
		play
	}

	/// The opening by the production strategy.
	pub(crate) fn opening(&mut self, player: Player, brief: &Brief) -> Option<CaseMove> {
		if let Some(known) = self.openings.get(&player) {
			return known.clone();
		}
		let transcript = Transcript::default();
		let play = opening(&brief.params, &self.view(player, &transcript), &brief.case);
		self.openings.insert(player, play.clone());
		play
	}

	fn view<'a>(&'a self, player: Player, transcript: &'a Transcript) -> View<'a> {
		let content = &self.contents[player.content];
		let theirs = player.theirs.map(|version| content.execution(version));
		View { own: content.execution(player.own), theirs, transcript }
	}

	/// An opening about this stride of a claim.
	pub(crate) fn open_stride(&self, player: Player, stride: u32) -> Option<CaseMove> {
		let claim = self.contents[player.content].execution(player.theirs?);
		let case = claim.task.case();
		let list = Known::complete(List::Claim, claim.claim(), &case);
		let (before, after) = (list.shown(stride, &case)?, list.shown(stride + 1, &case)?);
		Some(Move::Open { stride, before, after })
	}

	/// The move instead of the sensible one that names leaf `choose(leaves)`; `None` where there is no
	/// other.
	pub(crate) fn elsewhere(
		&self,
		player: Player,
		brief: &Brief,
		choose: impl Fn(u32) -> u32,
	) -> Option<CaseMove> {
		let claim = self.contents[player.content].execution(player.theirs?);
		let case = &brief.case;
		match brief.game.as_ref()?.phase() {
			Phase::Step { span, root, leaf: None } => {
				let states = claim.list(&Level::Steps { span: *span, root: *root });
				let list = Known::complete(List::Steps, states, case);
				let step = choose(span.len);
				let before = match step.checked_sub(1) {
					Some(leaf) => Some(list.shown(leaf, case)?),
					None => None,
				};
				let after = match step + 1 == span.len {
					false => Some(list.shown(step, case)?),
					true => None,
				};
				Some(Move::PickStep { step, before, after })
			},
			Phase::Tile { step, trace, focus: Focus::Trace } => {
				self.pick_tile(claim, (step, trace), case, brief, choose)
			},
			Phase::Pick { children, .. } => {
				Some(Move::Pick { child: choose(children.len() as u32) })
			},
			_ => None,
		}
	}

	fn pick_tile(
		&self,
		claim: &Execution,
		(step, trace): (&Span, &Root),
		case: &Case,
		brief: &Brief,
		choose: impl Fn(u32) -> u32,
	) -> Option<CaseMove> {
		// The last node is a product of whole tensors; the first computed one reads the data.
		let nodes = claim.task.program.specs.len() as u32;
		let node = MLP.load + choose(nodes - MLP.load);
		let spec = claim.task.node(node)?;
		let shape = case.shape(node, &spec)?;
		let tile = choose(shape.tiles);
		let spot =
			Spot { step: *step, trace: *trace, node, tile, blocks: shape.blocks, spec: shape.spec };
		let evidence = match shape.blocks {
			1 => {
				let known = |level: &Level, list| Known::complete(list, claim.list(level), case);
				let output = Level::Tiles {
					step: *step,
					trace: *trace,
					node,
					tiles: shape.tiles,
					root: Root::default(),
				};
				let lists = Lists {
					trace: known(&Level::Trace { step: *step, root: *trace }, List::Trace),
					output: Some(known(&output, List::Tiles)),
				};
				let view = View { own: claim, theirs: None, transcript: &brief.transcript };
				view.evidence(&spot, None, &lists)
			},
			_ => None,
		};
		Some(Move::PickTile { node, tile, spec, evidence })
	}
}

/// The move without evidence.
pub(crate) fn blinded(play: CaseMove) -> CaseMove {
	match play {
		Move::PickTile { node, tile, spec, .. } => {
			Move::PickTile { node, tile, spec, evidence: None }
		},
		Move::PickBlock { block, .. } => Move::PickBlock { block, evidence: None },
		play => play,
	}
}

/// The player of a side of a game about a claim.
pub(crate) fn player(content: usize, own: Version, side: Side, claim: Option<Version>) -> Player {
	let theirs = match side {
		Side::Challenger => claim,
		Side::Defender => None,
	};
	Player { content, own, theirs }
}
