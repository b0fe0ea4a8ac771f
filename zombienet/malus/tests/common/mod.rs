//! A chain of one game: hosts with real worker processes, and the rules between them.
#![allow(dead_code, reason = "each test file uses a part")]

#[path = "../../../../ml-runtime/worker/tests/task/mod.rs"]
#[allow(unused_imports, reason = "each test file uses a part")]
mod task;

use std::{
	cell::Cell,
	path::PathBuf,
	sync::Arc,
	thread,
	time::{Duration, Instant},
};

use assay_blobs::{BlobStore, Limits};
use assay_case::{Brief, Case, CaseMove, Revealed, Transcript};
use assay_commitment::ProgramTree;
use assay_dispute_game::{Effect, Game, Move, MoveKind, Outcome, Params, Phase, Side};
use assay_executor_host::{Host, HostConfig, StoreResolver};
use assay_host_functions::{
	Checked, ClaimRef, Executor, Job, JobResult, JobStatus, Side as JobSide, TaskContext, Trained,
	Work,
};
use assay_ops::{CheckedProgram, Program};
use assay_referee::Referee;
use codec::{DecodeAll, Encode};
use tempfile::TempDir;

pub(crate) use task::*;

/// A network: nodes that share everything that is published.
pub(crate) struct Net {
	pub(crate) folder: TempDir,
	pub(crate) store: Arc<BlobStore>,
	nodes: Cell<u32>,
}

/// A node: its worker, which lies or does not.
pub(crate) struct Node {
	host: Host,
}

impl Net {
	pub(crate) fn new() -> Self {
		let folder = TempDir::new().unwrap();
		let store = BlobStore::open(folder.path().join("store"), Limits::default()).unwrap();
		Self { folder, store: Arc::new(store), nodes: Cell::default() }
	}

	pub(crate) fn task(&self, text: &str, steps: u32, stride: u32) -> TaskContext {
		task::task(&self.store, text, steps, stride)
	}

	/// Starts a node whose worker gets these arguments.
	pub(crate) fn node(&self, args: &str) -> Node {
		self.nodes.set(self.nodes.get() + 1);
		let base = self.folder.path().join(format!("node-{}", self.nodes.get()));
		let worker = PathBuf::from(env!("CARGO_BIN_EXE_assay-malus"));
		let mut config = HostConfig::new(worker, base);
		config.args = args.split(' ').map(str::to_owned).collect();
		config.args.push("--threads=1".into());
		config.require_artifacts = false;
		config.max_tries = 1;
		config.retry_after = Duration::ZERO;
		let resolver = StoreResolver(self.store.clone());
		Node { host: Host::start(config, self.store.clone(), resolver).unwrap() }
	}
}

impl Node {
	pub(crate) fn submit(&self, context: &TaskContext, work: Work) -> u64 {
		let job = Job { context: context.clone(), work };
		self.host.submit(&job.encode()).unwrap()
	}

	pub(crate) fn poll(&self, id: u64) -> JobStatus {
		self.host.poll(id)
	}

	fn run(&self, context: &TaskContext, work: Work) -> JobResult {
		let id = self.submit(context, work);
		let start = Instant::now();
		loop {
			match self.host.poll(id) {
				JobStatus::Done(result) => return result,
				JobStatus::Failed(fault) => panic!("{fault:?}: {:?}", self.host.log(9)),
				JobStatus::Unknown | JobStatus::Queued | JobStatus::Running(_) => {},
			}
			assert!(start.elapsed() < Duration::from_secs(120), "nothing happened");
			thread::sleep(Duration::from_millis(5));
		}
	}

	pub(crate) fn train(&self, context: &TaskContext) -> Trained {
		match self.run(context, Work::Train) {
			JobResult::Trained(trained) => trained,
			other => panic!("{other:?}"),
		}
	}

	pub(crate) fn check(&self, context: &TaskContext, trained: &Trained) -> Checked {
		let Trained { claim_root, states, final_state, artifact_root, .. } = trained.clone();
		let claim = ClaimRef { claim_root, states, final_state, artifact_root };
		match self.run(context, Work::Check(claim)) {
			JobResult::Checked(checked) => checked,
			other => panic!("{other:?}"),
		}
	}

	/// A move, or why there is none.
	pub(crate) fn play(&self, context: &TaskContext, brief: &Brief) -> Result<CaseMove, String> {
		let side = match brief.side {
			Side::Challenger => JobSide::Challenger,
			Side::Defender => JobSide::Defender,
		};
		let game = brief.encode().try_into().unwrap();
		match self.run(context, Work::Play { game, side, public: Default::default() }) {
			JobResult::Move(bytes) => Ok(CaseMove::decode_all(&mut &bytes[..]).unwrap()),
			JobResult::Wait { reason } => Err(reason.to_string()),
			other => panic!("{other:?}"),
		}
	}
}

pub(crate) fn program(context: &TaskContext) -> CheckedProgram {
	let program = Program::decode_all(&mut &context.program[..]).unwrap();
	program.check(&assay_ops::Limits::new(context.record_size)).unwrap()
}

/// The brief before the first move of a game about this claim.
pub(crate) fn brief(context: &TaskContext, claim: [u8; 32]) -> Brief {
	let checked = program(context);
	let program = ProgramTree::new(&checked).unwrap().commitment();
	let case = Case {
		referee: Referee::V1,
		program,
		data: context.data_root,
		records: context.records as u32,
		record_size: context.record_size,
		batch: checked.batch,
		seed: context.seed,
		heartbeats: Default::default(),
	};
	let params = Params {
		id: [1; 32],
		claim,
		first_step: context.first_step,
		steps: context.steps,
		stride: context.stride,
		nodes: program.nodes.into(),
		slots: program.slots.into(),
		referee: 1,
		clock: 1000,
		reserve: 800,
		extension: 10,
	};
	let (game, side, transcript) = (None, Side::Challenger, Transcript::default());
	Brief { case, params, game, side, transcript }
}

/// How a game went.
pub(crate) struct Record {
	pub(crate) outcome: Outcome,
	pub(crate) moves: Vec<MoveKind>,
	/// Size of the largest move.
	pub(crate) largest: usize,
}

/// Plays a game to its end; `None` if the challenger does not open one.
pub(crate) fn dispute(
	context: &TaskContext,
	claim: &Trained,
	defender: &Node,
	challenger: &Node,
) -> Option<Record> {
	dispute_with(context, claim, defender, challenger, |play| play)
}

/// As [`dispute`], but the challenger leaves it to the defender to bring evidence.
pub(crate) fn dispute_without_evidence(
	context: &TaskContext,
	claim: &Trained,
	defender: &Node,
	challenger: &Node,
) -> Option<Record> {
	dispute_with(context, claim, defender, challenger, |play| match play {
		Move::PickTile { node, tile, spec, .. } => {
			Move::PickTile { node, tile, spec, evidence: None }
		},
		Move::PickBlock { block, .. } => Move::PickBlock { block, evidence: None },
		play => play,
	})
}

fn dispute_with(
	context: &TaskContext,
	claim: &Trained,
	defender: &Node,
	challenger: &Node,
	edit: impl Fn(CaseMove) -> CaseMove,
) -> Option<Record> {
	let mut brief = brief(context, claim.claim_root);
	let (mut now, mut moves, mut largest) = (10, Vec::new(), 0);
	loop {
		let node = match brief.side {
			Side::Challenger => challenger,
			Side::Defender => defender,
		};
		now += 1;
		let phase = brief.game.as_ref().map(|game| game.phase().clone());
		let made = match (node.play(context, &brief).map(&edit), brief.game.take()) {
			(Err(_), None) => return None,
			(Err(reason), Some(game)) => {
				println!("{:?} is silent: {reason}", brief.side);
				now = game.deadline().unwrap();
				game.timeout(now).unwrap()
			},
			(Ok(play), game) => {
				println!("{:?}: {:?}, {} bytes", brief.side, play.kind(), play.encoded_size());
				moves.push(play.kind());
				largest = largest.max(play.encoded_size());
				note(&mut brief.transcript, phase, &play);
				match game {
					None => Game::open(brief.params, &play, now, &brief.case).unwrap(),
					Some(game) => {
						let position = game.position();
						game.apply(brief.side, position, &play, now, &brief.case).unwrap()
					},
				}
			},
		};
		match made.effect {
			Effect::Turn { side, .. } => brief.side = side,
			Effect::Ended(outcome) => return Some(Record { outcome, moves, largest }),
			Effect::AlreadyStands => panic!("a move was repeated"),
		}
		brief.game = Some(made.game);
	}
}

/// Keeps what later moves need, as the chain does.
pub(crate) fn note(transcript: &mut Transcript, phase: Option<Phase>, play: &CaseMove) {
	match (phase, play) {
		(Some(Phase::Bisect { level, run, .. }), Move::Bisect { children }) => {
			let children = children.clone();
			transcript.revealed.try_push(Revealed { level, run, children }).unwrap();
		},
		(_, Move::PostPartials { partials }) => transcript.partials = partials.partials.clone(),
		_ => {},
	}
}
