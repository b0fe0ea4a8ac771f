//! Calls about tasks.

use super::{crowd, each, Scene, PURSE};
use crate::{
	chain::Chain,
	claims::{self, Standing, Story, BIDDING, PRICE, STAKE},
	pack::Prepared,
	people::Person,
};
use assay_case::testing::{mlp, Execution, Lie, Task, MLP};
use assay_commitment::{list, ListTag};
use assay_ops::{DType, Node, Op, Program, Slot, ValueType, MAX_NODES, MAX_SLOTS, OPSET_VERSION};
use assay_primitives::{HardwareClass, TaskId};
use assay_runtime::{Balance, Runtime, RuntimeCall};
use pallet_compute_staking::Call as Stake;
use pallet_task_market::{Call, NextTask, Stage, Tasks};

/// Blocks for challenges.
const WINDOW: u32 = 100;
/// Tasks of the calls of which one task takes one.
const TASKS: u32 = 600;
/// Bids that a task holds.
const BIDS: u32 = 16;

pub(super) fn story() -> Story {
	let lie = Lie::Output { step: 17, node: MLP.update, word: 0, bit: 30 };
	Story::new(&mlp(18, 1), vec![lie], vec![], false)
}

fn requester(name: &str) -> Person {
	Person::new(&format!("{name} requester"), 0)
}

/// The solvers of some tasks, each with its task.
fn solvers(name: &str, tasks: &[Standing]) -> Vec<(Person, TaskId)> {
	let person = |number: usize| Person::new(&format!("{name} solver"), number as u32 / 40);
	tasks.iter().enumerate().map(|(at, standing)| (person(at), standing.task)).collect()
}

fn scene(name: &str, prepare: impl Fn() -> Prepared + 'static) -> Scene {
	Scene::new(format!("task_market.{name}"), prepare)
}

/// As long as a program can be.
fn longest() -> Task {
	let ty = ValueType { dtype: DType::F32, rows: 1, cols: 1 };
	let slots: Vec<_> =
		(0..MAX_SLOTS as u16).map(|next| Slot { ty, next, parameter: true }).collect();
	let mut nodes: Vec<_> = (0..MAX_SLOTS as u16)
		.map(|slot| Node { op: Op::State { slot }, inputs: Default::default() })
		.collect();
	let constant = Op::Fill { bits: 0, rows: 1, cols: 1 };
	nodes.resize(MAX_NODES as usize, Node { op: constant, inputs: Default::default() });
	let program = Program {
		opset: OPSET_VERSION,
		batch: 1,
		nodes: nodes.try_into().expect("as many as fit"),
		slots: slots.try_into().expect("as many as fit"),
		loss: MAX_NODES as u16 - 1,
	};
	Task::new(program, vec![0; 64], 64, vec![vec![0]; MAX_SLOTS as usize], (1, 1))
}

fn post_task() -> Prepared {
	let mut chain = Chain::new();
	let call = claims::post(&longest(), WINDOW, None);
	let people = crowd(&mut chain, "poster", 200);
	Prepared { chain, calls: each(people, call) }
}

/// Tasks that each of the bidders bids for: no more than a solver may have stake behind.
const BIDS_EACH: u32 = 60;

/// Open tasks, and solvers who bid for them, in this order, if they shall: [`BIDS`] of them for each task.
fn bidding(tasks: u32, bids: bool) -> (Chain, Vec<(Person, TaskId)>) {
	let (mut chain, story) = (Chain::new(), story());
	let requester = requester("bidding");
	chain.fund(&requester.account(), PURSE);
	let bidders = crowd(&mut chain, "bidder", BIDS * tasks.div_ceil(BIDS_EACH));
	for who in &bidders {
		let hardware = HardwareClass::Cpu;
		chain.call(&who.account(), Stake::register { hardware, metadata: Default::default() });
		chain.call(&who.account(), Stake::bond { amount: Balance::from(BIDS_EACH) * STAKE });
	}
	let mut sent = Vec::new();
	for number in 0..tasks {
		let task = chain.with(NextTask::<Runtime>::get);
		chain.call(&requester.account(), claims::post(&story.task, WINDOW, None));
		let first = BIDS * (number / BIDS_EACH);
		let those = bidders.iter().skip(first as usize).take(BIDS as usize);
		sent.extend(those.map(|who| (who.clone(), task)));
	}
	for (who, task) in sent.iter().filter(|_| bids) {
		chain.call(&who.account(), Call::place_bid { task: *task, price: PRICE });
	}
	(chain, sent)
}

/// A chain on which so many tasks have all the bids that they take.
pub(super) fn auction(tasks: u32) -> Chain {
	bidding(tasks, true).0
}

fn bid() -> Prepared {
	let (chain, sent) = bidding(330, false);
	let call = |task| Call::place_bid { task, price: PRICE }.into();
	Prepared { chain, calls: sent.into_iter().map(|(who, task)| (who, call(task))).collect() }
}

fn withdraw_bid() -> Prepared {
	let (chain, sent) = bidding(330, true);
	let call = |task| Call::withdraw_bid { task }.into();
	Prepared { chain, calls: sent.into_iter().map(|(who, task)| (who, call(task))).collect() }
}

fn assign() -> Prepared {
	let (mut chain, sent) = bidding(220, true);
	chain.next(BIDDING + 1);
	let mut tasks: Vec<_> = sent.into_iter().map(|(_, task)| task).collect();
	tasks.dedup();
	// Those that are left when the chain has done what it does by itself in the next block as well.
	let open = |task: &TaskId| {
		Tasks::<Runtime>::get(task).is_some_and(|row| matches!(row.stage, Stage::Open { .. }))
	};
	tasks.retain(|task| chain.with(|| open(task)));
	let caller = crowd(&mut chain, "caller", 1).remove(0);
	let calls = tasks.into_iter().rev().take(160);
	let calls = calls.map(|task| (caller.clone(), Call::assign { task }.into())).collect();
	Prepared { chain, calls }
}

fn cancel_task() -> Prepared {
	let (chain, sent) = bidding(TASKS, true);
	let who = requester("bidding");
	let mut tasks: Vec<_> = sent.into_iter().map(|(_, task)| task).collect();
	tasks.dedup();
	let calls = tasks.into_iter().map(|task| (who.clone(), Call::cancel_task { task }.into()));
	Prepared { chain, calls: calls.collect() }
}

fn heartbeat() -> Prepared {
	let (mut chain, story) = (Chain::new(), story());
	let tasks = claims::assigned(&mut chain, "beating", &story, 240, WINDOW);
	let states = Execution::new(&story.task, vec![]).claim();
	let mut calls = Vec::new();
	for (who, task) in solvers("beating", &tasks) {
		for count in 1..states.len() {
			let root = list::root(ListTag::States, &states[..count]);
			let beat = Call::heartbeat { task, states: count as u32, root };
			// Each task has as many as it keeps before the block.
			if count <= 8 {
				chain.call(&who.account(), beat);
			} else {
				calls.push((who.clone(), beat.into()));
			}
		}
	}
	Prepared { chain, calls }
}

fn submit_claim() -> Prepared {
	let (mut chain, story) = (Chain::new(), story());
	let tasks = claims::assigned(&mut chain, "claiming", &story, TASKS, WINDOW);
	let call = |task| -> RuntimeCall {
		Call::submit_claim { task, claim: story.claim, ends: story.ends.clone() }.into()
	};
	let calls = solvers("claiming", &tasks).into_iter().map(|(who, task)| (who, call(task)));
	let calls = calls.collect();
	Prepared { chain, calls }
}

/// Tasks that somebody may do something about because a deadline is over. The chain does it by itself for
/// the first of them in the next block, so the last come first.
fn overdue(name: &'static str, ahead: u32, call: fn(TaskId) -> Call<Runtime>) -> Prepared {
	let (mut chain, story) = (Chain::new(), story());
	let tasks = match name {
		"finalising" => claims::claimed(&mut chain, name, &story, TASKS, WINDOW),
		_ => claims::assigned(&mut chain, name, &story, TASKS, WINDOW),
	};
	let caller = crowd(&mut chain, "caller", 1).remove(0);
	chain.next(ahead);
	let calls = tasks.iter().rev().take(TASKS as usize / 2);
	let calls = calls.map(|standing| (caller.clone(), call(standing.task).into())).collect();
	Prepared { chain, calls }
}

fn withdraw_claim() -> Prepared {
	let (mut chain, story) = (Chain::new(), story());
	let tasks = claims::claimed(&mut chain, "withdrawing", &story, 8, WINDOW);
	for (number, standing) in tasks.iter().enumerate() {
		for who in crowd(&mut chain, &format!("accuser of {number}"), 32) {
			claims::open(&mut chain, &who.account(), &story, standing.task);
		}
	}
	let call = |task| Call::withdraw_claim { task }.into();
	let calls = solvers("withdrawing", &tasks).into_iter().map(|(who, task)| (who, call(task)));
	Prepared { calls: calls.collect(), chain }
}

fn remove_receipt() -> Prepared {
	let (mut chain, story) = (Chain::new(), story());
	let tasks = claims::claimed(&mut chain, "receipts", &story, TASKS, WINDOW);
	let who = requester("receipts");
	chain.next(WINDOW + 1);
	for standing in &tasks {
		let task = standing.task;
		if chain.with(|| Tasks::<Runtime>::contains_key(task)) {
			chain.call(&who.account(), Call::finalise { task });
		}
	}
	let call = |standing: &Standing| Call::remove_receipt { task: standing.task }.into();
	let calls = tasks.iter().map(|standing| (who.clone(), call(standing))).collect();
	Prepared { chain, calls }
}

pub(super) fn scenes() -> Vec<Scene> {
	vec![
		scene("post_task", post_task),
		scene("cancel_task", cancel_task),
		scene("place_bid", bid),
		scene("withdraw_bid", withdraw_bid),
		scene("assign", assign),
		scene("heartbeat", heartbeat),
		scene("submit_claim", submit_claim),
		scene("finalise", || overdue("finalising", WINDOW + 1, |task| Call::finalise { task })),
		scene("report_missed_deadline", || {
			overdue("missing", 1_001, |task| Call::report_missed_deadline { task })
		}),
		scene("withdraw_claim", withdraw_claim),
		scene("remove_receipt", remove_receipt),
	]
}
