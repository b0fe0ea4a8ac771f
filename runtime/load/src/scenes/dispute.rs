//! Moves in disputes: each call in every game that can be open at once, and ends of games at their worst.

use super::{crowd, Scene};
use crate::{
	chain::Chain,
	claims::{self, Standing, Story},
	pack::Prepared,
	people::Person,
};
use assay_case::testing::{mlp, Builder, Execution, Lie, Task, MLP};
use assay_dispute_game::{strategy::prefix_fault, Move, MoveKind};
use assay_ops::{Op, K_BLOCK};
use assay_runtime::{Runtime, RuntimeCall};
use assay_runtime_fuzzer::{
	generate::{move_call, opening_call},
	transaction::names,
};
use pallet_dispute::{Call, GameId};
use pallet_task_market::Call as Market;
use std::rc::Rc;

/// Blocks for challenges: longer than any of this takes.
const WINDOW: u32 = 2_000;
/// Games of a claim.
const PLACES: u32 = 32;
/// Games of the chain.
const GAMES: u32 = 256;

fn scene(name: &str, prepare: impl Fn() -> Prepared + 'static) -> Scene {
	Scene::new(format!("dispute.{name}"), prepare)
}

fn output(step: u32, node: u32) -> Lie {
	Lie::Output { step, node, word: 0, bit: 30 }
}

/// A product whose reduction has as many blocks as one can have, wrong in one of them.
fn longest_reduction() -> Task {
	let terms = K_BLOCK * assay_dispute_game::MAX_BLOCKS;
	let mut builder = Builder::default();
	let (left, right) = (builder.state(1, terms), builder.state(terms, 1));
	let product = Op::MatMul { transpose_a: false, transpose_b: false };
	builder.add(product, &[left, right]);
	let loss = builder.constant(0);
	let program = builder.program(1, loss);
	let init = Builder::init(&program);
	Task::new(program, vec![0; 64], 64, init, (1, 1))
}

/// Games in which every call has its place.
fn stories() -> Vec<Rc<Story>> {
	let hidden = |step| Lie::Partial { step, node: MLP.hidden, tile: 0, block: 1 };
	let slot = |step| Lie::Slot { step, slot: 0 };
	let split = Lie::Partial { step: 0, node: 2, tile: 0, block: 300 };
	let story = |task: &Task, lies, withheld| Rc::new(Story::new(task, lies, vec![], withheld));
	vec![
		story(&longest_reduction(), vec![split, slot(0)], false),
		story(&mlp(3, 3), vec![output(2, MLP.update)], false),
		story(&mlp(3, 1), vec![hidden(2), slot(2)], false),
		story(&mlp(18, 3), vec![output(17, MLP.update)], true),
		story(&mlp(18, 1), vec![output(17, MLP.update)], true),
		story(&mlp(3, 1), vec![slot(2)], false),
		story(&mlp(3, 1), vec![slot(2)], true),
	]
}

/// Open games, each about its own claim, played up to the move with this number.
fn played(story: &Story, upto: usize) -> (Chain, Vec<(Person, Standing, GameId)>) {
	let mut chain = Chain::new();
	let standing = claims::claimed(&mut chain, "playing", story, GAMES, WINDOW);
	let challengers = crowd(&mut chain, "challenger", GAMES);
	let mut games = Vec::new();
	for (standing, who) in standing.into_iter().zip(challengers) {
		let game = claims::open(&mut chain, &who.account(), story, standing.task);
		for _ in 1..upto {
			claims::turn(&mut chain, game, story);
		}
		games.push((who, standing, game));
	}
	(chain, games)
}

/// The person who makes a move: the challenger, or the solver of the game with this number.
fn mover(number: usize, challenger: &Person, kind: MoveKind) -> Person {
	match kind.side() {
		assay_dispute_game::Side::Challenger => challenger.clone(),
		assay_dispute_game::Side::Defender => {
			Person::new("playing solver", number as u32 / claims::TASKS_EACH)
		},
	}
}

/// The move with this number, in all games.
fn moves(story: &Story, at: usize) -> Prepared {
	let (mut chain, games) = played(story, at);
	let kind = story.moves[at].kind();
	let mut calls = Vec::new();
	for (number, (challenger, _, game)) in games.iter().enumerate() {
		let (_, call) = claims::next_move(&mut chain, *game, story);
		calls.push((mover(number, challenger, kind), call));
	}
	Prepared { chain, calls }
}

/// An opening about each of as many claims as the chain takes games.
fn openings(story: &Story, opening: impl Fn(u32) -> RuntimeCall, beats: bool) -> Prepared {
	let mut chain = Chain::new();
	let tasks = claims::assigned(&mut chain, "opened", story, GAMES, WINDOW);
	for Standing { task, solver, .. } in &tasks {
		if beats {
			// A heartbeat of another execution than the claim's.
			let states = Execution::new(&story.task, vec![]).claim();
			let states = &states[..states.len() - 1];
			let root = assay_commitment::list::root(assay_commitment::ListTag::States, states);
			let count = states.len() as u32;
			chain.call(solver, Market::heartbeat { task: *task, states: count, root });
		}
		let (claim, ends) = (story.claim, story.ends.clone());
		chain.call(solver, Market::submit_claim { task: *task, claim, ends });
	}
	let people = crowd(&mut chain, "challenger", GAMES);
	let calls = people.into_iter().zip(&tasks).map(|(who, s)| (who, opening(s.task))).collect();
	Prepared { chain, calls }
}

/// A verdict that convicts, in one of the games of each claim: it closes all others.
fn convictions() -> Prepared {
	let lie = output(2, MLP.update);
	let story = Story::new(&mlp(3, 1), vec![lie], vec![], false);
	let mut chain = Chain::new();
	let tasks = claims::claimed(&mut chain, "fallen", &story, GAMES / PLACES, WINDOW);
	let challengers = crowd(&mut chain, "challenger", GAMES);
	let mut calls = Vec::new();
	for (number, who) in challengers.into_iter().enumerate() {
		let standing = &tasks[number / PLACES as usize];
		let game = claims::open(&mut chain, &who.account(), &story, standing.task);
		claims::turn(&mut chain, game, &story);
		if number % PLACES as usize == 7 {
			calls.push((who, claims::next_move(&mut chain, game, &story).1));
		}
	}
	Prepared { chain, calls }
}

/// A tile picked without evidence in each game, which the solver then opens.
fn opened_tiles() -> Prepared {
	let story = Story::new(&mlp(3, 1), vec![output(2, MLP.update)], vec![], false);
	let (mut chain, games) = played(&story, 2);
	let Move::PickTile { node, tile, spec, evidence: Some(evidence) } = story.moves[2].clone()
	else {
		panic!("{:?} is not a tile", story.moves[2].kind())
	};
	let blind = Move::PickTile { node, tile, spec, evidence: None };
	let opening = Move::OpenTile { evidence };
	let mut calls = Vec::new();
	for (number, (challenger, _, game)) in games.iter().enumerate() {
		let position = |chain: &mut Chain| claims::stored(chain, *game).game.position();
		let at = position(&mut chain);
		let call = move_call(*game, at, &blind).expect("it answers a move");
		chain.call(&challenger.account(), call);
		let at = position(&mut chain);
		let call = move_call(*game, at, &opening).expect("it answers a move");
		calls.push((mover(number, challenger, MoveKind::OpenTile), call));
	}
	Prepared { chain, calls }
}

/// Games that the chain itself will not come to, each ended by a stranger: they are due in the block, and so
/// many that its own weight is spent before.
fn expired() -> Prepared {
	let story = Story::new(&mlp(3, 1), vec![output(2, MLP.update)], vec![], false);
	let (mut chain, games) = played(&story, 1);
	let due = games.iter().filter_map(|(_, _, id)| claims::stored(&mut chain, *id).game.deadline());
	let due = due.max().expect("there are games");
	let ahead = due - chain.now() - 1;
	let caller = crowd(&mut chain, "caller", 1).remove(0);
	chain.next(ahead.max(1));
	let mut calls = Vec::new();
	for (_, _, game) in games.iter().rev().take(100) {
		calls.push((caller.clone(), Call::<Runtime>::expire { game: *game }.into()));
	}
	Prepared { chain, calls }
}

pub(super) fn scenes() -> Vec<Scene> {
	let stories = stories();
	let mut scenes = Vec::new();
	let mut seen = Vec::new();
	let simple = stories[1].clone();
	let first = simple.moves[0].clone();
	scenes.push(scene("open", {
		let story = simple.clone();
		move || openings(&story, |task| opening_call(task, &first).expect("it opens").into(), false)
	}));
	scenes.push(scene("open_withheld", move || {
		openings(&simple, |task| Call::open_withheld { task }.into(), false)
	}));
	scenes.push(scene("prefix_fault", || {
		let story = Story::new(&mlp(6, 1), vec![output(1, MLP.update)], vec![], false);
		let honest = Execution::new(&story.task, vec![]).claim();
		let liar = Execution::new(&story.task, vec![output(1, MLP.update)]).claim();
		let beat = honest[..honest.len() - 1].to_vec();
		let fault = prefix_fault(beat.len() as u32, beat, liar, &story.task.case());
		let fault = fault.expect("they differ");
		openings(&story, |task| opening_call(task, &fault).expect("it opens").into(), true)
	}));
	for story in &stories {
		for (at, play) in story.moves.iter().enumerate().skip(1) {
			let kind = play.kind();
			if seen.contains(&kind) {
				continue;
			}
			seen.push(kind);
			let call = move_call(0, [0; 32], play).expect("later moves do not open games");
			let story = story.clone();
			scenes.push(scene(names(&call).1, move || moves(&story, at)));
		}
	}
	scenes.push(scene("pick_tile.convicts_beside_31", convictions));
	scenes.push(scene("open_tile", opened_tiles));
	scenes.push(scene("expire", expired));
	scenes
}
