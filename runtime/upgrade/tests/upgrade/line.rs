//! Whole games between two executions, move by move: what is played on the chain.

use std::sync::Arc;

use assay_case::{
	testing::{mlp, play, Execution, Lie, Task, MLP},
	CaseMove,
};
use assay_commitment::ProgramTree;
use assay_dispute_game::{Focus, Game, Level, Move, Outcome, Phase};

/// Bits of a rectifier's result that version 2 of the referee wants to be zero.
const DROPPED: u32 = 12;

/// A game from its first move to its last.
pub(crate) struct Line {
	/// For people.
	pub(crate) name: &'static str,
	/// What the solver claims.
	pub(crate) solver: Arc<Execution>,
	/// The moves.
	pub(crate) moves: Vec<CaseMove>,
	/// How version 1 of the referee ends it.
	pub(crate) outcome: Outcome,
	/// Whether version 2 would decide otherwise.
	pub(crate) split: bool,
}

/// How players play.
#[derive(Clone, Copy)]
pub(crate) enum Style {
	/// The solver publishes its lists, the challenger brings the evidence.
	Open,
	/// The solver publishes its lists, the challenger lets it open the tile.
	Bare,
	/// The solver reveals its lists when it is asked to.
	Withheld,
}

/// Where a game stands: the phase with what it is about, and the most moves that may follow.
pub(crate) type Place = (String, u32);

/// The departures that make the rectifier of one step what version 2 says it is.
fn rounded(task: &Task, step: u32, before: Vec<Lie>) -> Vec<Lie> {
	let so_far = Execution::new(task, before.clone());
	let outputs = so_far.outputs(step);
	let words = (0u32..).zip(&outputs[MLP.relu as usize]);
	let bits = words.flat_map(|(word, bits)| {
		let set = (0..DROPPED).filter(move |bit| bits >> bit & 1 == 1);
		set.map(move |bit| Lie::Output { step, node: MLP.relu, word, bit })
	});
	before.into_iter().chain(bits).collect()
}

/// The evidence of the last move is left to the solver.
fn without_evidence(moves: Vec<CaseMove>) -> Vec<CaseMove> {
	let split = |play| match play {
		Move::PickTile { node, tile, spec, evidence: Some(evidence) } => {
			let pick = Move::PickTile { node, tile, spec, evidence: None };
			vec![pick, Move::OpenTile { evidence }]
		},
		Move::PickBlock { block, evidence: Some(evidence) } => {
			vec![Move::PickBlock { block, evidence: None }, Move::OpenTile { evidence }]
		},
		other => vec![other],
	};
	moves.into_iter().flat_map(split).collect()
}

impl Line {
	/// The game that `challenger` plays against the claim of `solver`.
	fn new(name: &'static str, solver: Execution, challenger: &Execution, style: Style) -> Self {
		let withheld = matches!(style, Style::Withheld);
		let played = play(challenger, &solver, withheld).expect("the executions differ");
		let moves = match style {
			Style::Bare => without_evidence(played.moves),
			Style::Open | Style::Withheld => played.moves,
		};
		Self { name, solver: Arc::new(solver), moves, outcome: played.outcome, split: false }
	}

	/// A claim with these lies, and an honest challenger.
	pub(crate) fn liar(name: &'static str, task: &Task, lies: Vec<Lie>, style: Style) -> Self {
		let honest = Execution::new(task, vec![]);
		Self::new(name, Execution::new(task, lies), &honest, style)
	}

	/// An honest claim, and a challenger that believes in these lies.
	pub(crate) fn accuser(name: &'static str, task: &Task, lies: Vec<Lie>, style: Style) -> Self {
		let believer = Execution::new(task, lies);
		Self::new(name, Execution::new(task, vec![]), &believer, style)
	}

	/// A claim by the rules of version 1, and a challenger that goes by those of version 2 in one step.
	pub(crate) fn old_rules(name: &'static str, task: &Task, step: u32, style: Style) -> Self {
		let line = Self::accuser(name, task, rounded(task, step, vec![]), style);
		Self { split: true, ..line }
	}

	/// A claim that goes by the rules of version 2 in one step, and a challenger by those of version 1.
	pub(crate) fn new_rules(name: &'static str, task: &Task, step: u32, style: Style) -> Self {
		let line = Self::liar(name, task, rounded(task, step, vec![]), style);
		Self { split: true, ..line }
	}

	/// The phases of the game after its first move, after its second, and so on until it is over.
	pub(crate) fn places(&self) -> Vec<Place> {
		let case = self.solver.task.case();
		let params = self.solver.task.params(self.solver.claim_root());
		let (first, rest) = self.moves.split_first().expect("a game has moves");
		let mut game = Game::open(params, first, 10, &case).expect("it opens the game").game;
		let mut places = vec![];
		for play in rest {
			places.push((label(game.phase()), game.moves_left()));
			let (side, position) = (play.kind().side(), game.position());
			game = game.apply(side, position, play, 10, &case).expect("it is played so").game;
		}
		assert_eq!(game.outcome(), Some(self.outcome), "{}", self.name);
		places
	}
}

/// The same task for operation set 2.
pub(crate) fn of_the_next_set(mut task: Task) -> Task {
	task.posted.opset = 2;
	task.program.opset = 2;
	task.tree = ProgramTree::new(&task.program).expect("it has a tree");
	task
}

/// What a phase is about.
fn label(phase: &Phase) -> String {
	let list = |level: &Level| match level {
		Level::Claim => "claim",
		Level::Steps { .. } => "steps",
		Level::Trace { .. } => "trace",
		Level::Tiles { .. } => "tiles",
		Level::Slots { .. } => "slots",
	};
	match phase {
		Phase::Claim { leaf } => format!("claim, found: {}", leaf.is_some()),
		Phase::Steps { .. } => "steps".into(),
		Phase::Step { leaf, .. } => format!("step, found: {}", leaf.is_some()),
		Phase::Trace { .. } => "trace".into(),
		Phase::Tile { focus, .. } => {
			let focus = match focus {
				Focus::Trace => "any",
				Focus::Node(_) => "of a node",
				Focus::Tile { .. } => "found",
				Focus::Slot(_) => "slot",
			};
			format!("tile, {focus}")
		},
		Phase::Partials { .. } => "partials".into(),
		Phase::Block { .. } => "block".into(),
		Phase::Opening { block, .. } => format!("opening, of a block: {}", block.is_some()),
		Phase::Bisect { level, run, .. } => format!("bisect {}, {}", list(level), run.rounds()),
		Phase::Pick { level, run, .. } => format!("pick {}, {}", list(level), run.rounds()),
		Phase::Over { .. } => "over".into(),
	}
}

/// The lines that games before the upgrade follow. Together they come through every phase, and through
/// searches of one round, of two and of three.
pub(crate) fn lines() -> Vec<Line> {
	use Style::*;
	let partial = |block| {
		let lie = Lie::Partial { step: 0, node: MLP.hidden, tile: 0, block };
		vec![lie, Lie::Slot { step: 0, slot: 0 }]
	};
	let bit = |step, node| vec![Lie::Output { step, node, word: 0, bit: 30 }];
	vec![
		Line::old_rules("open", &mlp(1, 1), 0, Open),
		Line::new_rules("open, stride of 3", &mlp(3, 3), 1, Open),
		Line::old_rules("bare, stride of 40", &mlp(40, 40), 20, Bare),
		Line::liar("split reduction", &mlp(1, 1), partial(0), Open),
		Line::accuser("split reduction, bare", &mlp(1, 1), partial(1), Bare),
		Line::new_rules("withheld, 301 states", &mlp(300, 1), 100, Withheld),
		Line::old_rules("withheld, stride of 300", &mlp(300, 300), 101, Withheld),
		Line::liar("withheld, tiles", &mlp(60, 3), bit(7, MLP.update), Withheld),
		Line::accuser("withheld, strides of 18", &mlp(324, 18), bit(3, MLP.gradient), Withheld),
		Line::liar("withheld, slots", &mlp(4, 1), vec![Lie::Slot { step: 1, slot: 0 }], Withheld),
	]
}
