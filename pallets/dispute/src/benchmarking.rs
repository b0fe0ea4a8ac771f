//! Worst cases of moves, of ends of games, and of the agenda.
#![allow(
	clippy::unwrap_used,
	clippy::expect_used,
	clippy::panic,
	reason = "benchmarks stop at the first surprise"
)]

use alloc::{boxed::Box, vec, vec::Vec};

use assay_case::{
	testing::{large_product, Builder, Execution, Lie, Task, View},
	CaseMove, PostedPartials, Revealed, Transcript, MAX_REVEALED,
};
use assay_commitment::{list, shape::TreeHash, LeafOpening, ListTag, ProgramTree};
use assay_dispute_game::{
	strategy::{next_move, opening},
	Game, Level, Move, Outcome, Root, Run, Shown, Side, FAN, MAX_BLOCKS, MAX_LEAVES,
};
use assay_ops::{Limits, Op, Slot, K_BLOCK};
use assay_primitives::{
	Assurance, Claim, Claims, ProgramInfo, TaskId, TaskSpec, Terms, Work, MAX_OPEN_GAMES,
};
use assay_referee::OutputOpening;
use frame_support::{
	traits::{
		fungible::{Inspect, Mutate},
		Get,
	},
	BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use polkadot_sdk::frame_benchmarking::v2::*;
use sp_runtime::traits::{One, Saturating, Zero};

use crate::{
	agenda::SEARCH, frame_support, frame_system, sp_runtime, Agenda, AgendaCursor, BalanceOf, Call,
	Config, DisputeOf, Disputes, GameId, GamesOf, NextGame, Pallet, Transcripts,
};

type SpecOf<T> = TaskSpec<BalanceOf<T>, BlockNumberFor<T>>;

fn funded<T: Config>(name: &'static str) -> T::AccountId {
	let who = account::<T::AccountId>(name, 0, 0);
	let amount = T::Currency::minimum_balance().saturating_mul(1_000_000_000u32.into());
	T::Currency::set_balance(&who, amount);
	who
}

/// What is posted about a task.
fn spec<T: Config>(task: &Task) -> SpecOf<T> {
	let commitment = task.tree.commitment();
	let cost = task.program.cost;
	let program = ProgramInfo {
		root: commitment.root,
		len: 1,
		opset: assay_ops::OPSET_VERSION,
		nodes: commitment.nodes,
		slots: commitment.slots,
		batch: task.program.batch,
		flops: cost.flops,
		bytes: cost.bytes,
		words: cost.words,
	};
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
	let window: BlockNumberFor<T> = 1_000u32.into();
	let terms = Terms {
		reward: T::Currency::minimum_balance().saturating_mul(1_000u32.into()),
		bidding: window,
		training: window,
		heartbeat: window,
		challenge: window,
		assurance: Assurance::Challenge,
		hardware: None,
	};
	TaskSpec { program, work, terms }
}

/// Sets up a task with a claim of this root.
fn claimed<T: Config>(spec: SpecOf<T>, root: Root) -> TaskId {
	let claim = Claim {
		root,
		states: spec.work.states().unwrap(),
		final_state: [5; 32],
		artifact_root: [6; 32],
		steps: spec.work.steps,
	};
	T::Claims::set_up_claim(&funded::<T>("solver"), spec, claim)
}

/// A root of the longest claim, and its first two states with their paths.
fn longest_claim() -> (Root, Shown, Shown) {
	let (first, second) = ([1; 32], [2; 32]);
	let beside: Vec<Root> = (1..20u8).map(|level| [level; 32]).collect();
	let path = |sibling: Root| [vec![sibling], beside.clone()].concat();
	let tag = ListTag::States;
	let shown = |leaf, sibling| {
		let path = path(tag.leaf(&sibling)).try_into().unwrap();
		Shown { leaf, path }
	};
	let proof = assay_commitment::Path { siblings: path(tag.leaf(&second)).try_into().unwrap() };
	let root = list::root_from_path(tag, MAX_LEAVES, 0, &first, &proof).unwrap();
	(root, shown(first, second), shown(second, first))
}

/// A product of two vectors, with as many blocks as a reduction can have.
fn longest_product() -> Task {
	let terms = K_BLOCK.saturating_mul(MAX_BLOCKS);
	let mut b = Builder::default();
	let (left, right) = (b.state(1, terms), b.state(terms, 1));
	let loss = b.add(Op::MatMul { transpose_a: false, transpose_b: false }, &[left, right]);
	let posted = b.program(1, loss);
	let program = posted.check(&Limits::new(64)).unwrap();
	let tree = ProgramTree::new(&program).unwrap();
	let words = |slot: &Slot| usize::try_from(slot.ty.words()).unwrap();
	let init = program.slots.iter().map(|slot| vec![0; words(slot)]).collect();
	let (first_step, steps, stride) = (0, MAX_LEAVES.saturating_sub(1), 1);
	let (data, record_size, seed) = (vec![0; 64], 64, [5; 32]);
	Task { posted, program, tree, data, record_size, seed, init, first_step, steps, stride }
}

/// Fills the buckets from `from` on so that a game finds its place in the last that is searched.
fn crowd<T: Config>(from: BlockNumberFor<T>) {
	let mut block = from;
	for _ in 1..SEARCH {
		Agenda::<T>::mutate(block, |bucket| while bucket.try_push(GameId::MAX).is_ok() {});
		block.saturating_inc();
	}
}

/// Other games of the task, as many as a claim can have beside one.
fn other_games<T: Config>(task: TaskId) {
	let ids = (1_000..1_000u32.saturating_add(MAX_OPEN_GAMES).saturating_sub(1)).collect();
	GamesOf::<T>::insert(task, BoundedVec::truncate_from(ids));
}

fn deadline<T: Config>(id: GameId) -> BlockNumberFor<T> {
	Disputes::<T>::get(id).and_then(|dispute| dispute.game.deadline()).unwrap().into()
}

fn position<T: Config>(id: GameId) -> Root {
	Disputes::<T>::get(id).map(|dispute| dispute.game.position()).unwrap()
}

/// A game about the longest claim, and its task.
fn opened<T: Config>() -> (TaskId, GameId) {
	let (root, before, after) = longest_claim();
	let task = claimed::<T>(spec::<T>(&longest_product()), root);
	let id = NextGame::<T>::get();
	let challenger = RawOrigin::Signed(funded::<T>("challenger"));
	Pallet::<T>::open(challenger.into(), task, 0, before, after).unwrap();
	(task, id)
}

fn make<T: Config>(id: GameId, play: CaseMove) {
	let dispute = Disputes::<T>::get(id).unwrap();
	let who = dispute.account(play.kind().side()).clone();
	Pallet::<T>::do_move(RawOrigin::Signed(who).into(), id, position::<T>(id), play).unwrap();
}

/// All that a game can have revealed.
fn full_transcript(level: Level) -> Transcript {
	let children = BoundedVec::truncate_from(vec![[8; 32]; FAN as usize]);
	let revealed = Revealed { level, run: Run::whole(MAX_LEAVES), children };
	let said = vec![revealed; MAX_REVEALED as usize];
	Transcript { revealed: said.try_into().unwrap(), partials: Default::default() }
}

/// A game in which a reduction of the most blocks is to be posted, and the move that does it.
fn long_reduction<T: Config>() -> (GameId, PostedPartials) {
	let task = longest_product();
	let (_, id) = opened::<T>();
	let tile = [3; 32];
	let roots = [[1; 32], [2; 32], tile];
	let trace = list::List::new(ListTag::Trace, roots.to_vec()).unwrap();
	let node = task.node(2).unwrap();
	make::<T>(id, Move::PostTrace { root: trace.root() });
	let pick = Move::PickTile { node: 2, tile: 0, spec: node.clone(), evidence: None };
	make::<T>(id, pick);
	let output = OutputOpening {
		root: tile,
		path: trace.prove(2).unwrap(),
		tile: LeafOpening { leaf: tile, siblings: Default::default() },
	};
	let partials = vec![tile; MAX_BLOCKS as usize].try_into().unwrap();
	(id, PostedPartials { node, partials, output })
}

/// A game about the product with the most work in a tile, before its tile is picked, and that move.
fn wrong_product<T: Config>() -> (GameId, CaseMove) {
	let task = large_product();
	let honest = Execution::new(&task, vec![]);
	let lie = Lie::Output { step: 0, node: 2, word: 5, bit: 30 };
	let liar = Execution::new(&task, vec![lie, Lie::Slot { step: 0, slot: 0 }]);
	let id = NextGame::<T>::get();
	let claim = claimed::<T>(spec::<T>(&task), liar.claim_root());
	let transcript = Transcript::default();
	let case = task.case();
	let view = |own| View { own, theirs: Some(&liar), transcript: &transcript };
	let params = task.params(liar.claim_root());
	let first = opening(&params, &view(&honest), &case).unwrap();
	let challenger = RawOrigin::Signed(funded::<T>("challenger"));
	Pallet::<T>::do_open(challenger.into(), claim, first).unwrap();
	let game = |id| -> Game { Disputes::<T>::get(id).unwrap().game };
	make::<T>(id, next_move(&game(id), Side::Defender, &view(&liar), &case).unwrap());
	let pick = next_move(&game(id), Side::Challenger, &view(&honest), &case).unwrap();
	(id, pick)
}

fn stored<T: Config>(id: GameId) -> DisputeOf<T> {
	Disputes::<T>::get(id).unwrap()
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn open() {
		// Another game shows where the deadline is.
		let (task, other) = opened::<T>();
		crowd::<T>(deadline::<T>(other));
		other_games::<T>(task);
		let (_, before, after) = longest_claim();
		let challenger = funded::<T>("challenger");
		#[extrinsic_call]
		_(RawOrigin::Signed(challenger), task, 0, before, after);
		assert_eq!(Disputes::<T>::count(), 2);
	}

	#[benchmark]
	fn light_move() {
		let (id, partials) = long_reduction::<T>();
		Transcripts::<T>::insert(id, full_transcript(Level::Claim));
		let next = frame_system::Pallet::<T>::block_number().saturating_add(One::one());
		crowd::<T>(deadline::<T>(id).saturating_add(One::one()));
		frame_system::Pallet::<T>::set_block_number(next);
		let solver = stored::<T>(id).solver;
		#[extrinsic_call]
		post_partials(RawOrigin::Signed(solver), id, position::<T>(id), Box::new(partials));
		assert!(Transcripts::<T>::get(id).partials.is_full());
	}

	#[benchmark]
	fn judged_move() {
		let (id, play) = wrong_product::<T>();
		let Move::PickTile { node, tile, spec, evidence } = play else {
			panic!("a tile is picked");
		};
		let challenger = stored::<T>(id).challenger;
		let (spec, evidence) = (Box::new(spec), evidence.map(Box::new));
		assert!(evidence.is_some());
		#[extrinsic_call]
		pick_tile(RawOrigin::Signed(challenger), id, position::<T>(id), node, tile, spec, evidence);
		assert!(!Disputes::<T>::contains_key(id));
	}

	#[benchmark]
	fn settle() {
		let (task, id) = opened::<T>();
		Transcripts::<T>::insert(id, full_transcript(Level::Claim));
		let games = GamesOf::<T>::get(task);
		other_games::<T>(task);
		GamesOf::<T>::mutate(task, |others| others.try_extend(games.into_iter())).unwrap();
		let mut dispute = stored::<T>(id);
		dispute.solver_cost = dispute.bond;
		#[block]
		{
			Pallet::<T>::settle(id, dispute, Outcome::Acquitted).unwrap();
		}
		assert!(!Disputes::<T>::contains_key(id));
	}

	#[benchmark]
	fn close_game() {
		let (_, id) = opened::<T>();
		Transcripts::<T>::insert(id, full_transcript(Level::Claim));
		crowd::<T>(deadline::<T>(id));
		#[block]
		{
			Pallet::<T>::close(id, &stored::<T>(id)).unwrap();
		}
		assert!(!Disputes::<T>::contains_key(id));
	}

	#[benchmark]
	fn tick_base() {
		let now: BlockNumberFor<T> = One::one();
		AgendaCursor::<T>::put(now.saturating_add(One::one()));
		#[block]
		{
			Pallet::<T>::tick(now);
		}
		assert!(!AgendaCursor::<T>::get().is_zero());
	}

	#[benchmark]
	fn tick_bucket() {
		crowd::<T>(One::one());
		let bucket;
		#[block]
		{
			bucket = Agenda::<T>::get(BlockNumberFor::<T>::one());
		}
		assert_eq!(bucket.len(), T::AgendaSize::get() as usize);
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::bench_ext(), crate::mock::Test);
}
