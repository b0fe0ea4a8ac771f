//! What the moves of a whole dispute cost, each found by a worker of its own.

mod bench;
mod task;

use std::{
	fs::{self, File},
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc,
	},
	time::{SystemTime, UNIX_EPOCH},
};

use assay_backend_cpu::{KernelError, Kernels, RecordSource};
use assay_case::{Brief, Case, CaseMove, Revealed, Transcript};
use assay_commitment::ProgramTree;
use assay_dispute_game::{Effect, Game, Move, MoveKind, Params, Phase, Side};
use assay_ops::{eval::StepContext, CheckedProgram, NodeId, NodeSpec, Program};
use assay_referee::Referee;
use assay_worker::{Behaviour, CpuKernels};
use assay_worker_protocol::{
	BlobKey, Checked, JobResult, ListTag, Side as JobSide, TaskContext, Trained, Work,
	WorkerMessage,
};
use bench::{claim_of, cpu, Bench, Place};
use codec::{DecodeAll, Encode};
use task::{task, MLP};

/// Kernels that count steps, and may change a word in one of them.
#[derive(Clone)]
struct Counting {
	kernels: Arc<CpuKernels>,
	/// A node that every step computes once.
	loss: NodeId,
	/// The node and the step with the wrong word.
	wrong: Option<(NodeId, u64)>,
	steps: Arc<AtomicU64>,
}

impl Counting {
	fn new(program: &CheckedProgram, wrong: Option<u64>) -> Self {
		// A new weight, in the second tile of a matrix.
		let is_large = |spec: &&NodeSpec| spec.ty.tiles() == 2;
		let node = program.specs.iter().rfind(is_large).unwrap().id;
		let (wrong, steps) = (wrong.map(|step| (node, step)), Arc::default());
		Self { kernels: Arc::new(cpu()), loss: program.loss, wrong, steps }
	}

	/// Steps since the last call.
	fn taken(&self) -> u64 {
		self.steps.swap(0, Ordering::Relaxed)
	}
}

impl Kernels for Counting {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		self.kernels.run(spec, ctx, operands, records, out)?;
		if spec.id == self.loss {
			self.steps.fetch_add(1, Ordering::Relaxed);
		}
		if self.wrong == Some((spec.id, ctx.step)) {
			if let Some(last) = out.last_mut() {
				*last ^= 1 << 20;
			}
		}
		Ok(())
	}
}

/// What a worker publishes of a dispute.
#[derive(Clone, Copy)]
enum Publishes {
	All,
	/// Nothing but the claim, so that the other side has to ask.
	Claim,
}

impl Behaviour for Publishes {
	fn publishes(&self, key: &BlobKey) -> bool {
		match (self, key) {
			(Self::All, _) | (Self::Claim, BlobKey::Bytes(_)) => true,
			(Self::Claim, BlobKey::List { tag, .. }) => {
				matches!(tag, ListTag::States | ListTag::Slots)
			},
			(Self::Claim, BlobKey::Tiles { .. }) => false,
		}
	}

	fn concedes(&self) -> bool {
		false
	}
}

fn program(context: &TaskContext) -> CheckedProgram {
	let program = Program::decode_all(&mut &context.program[..]).unwrap();
	program.check(&assay_ops::Limits::new(context.record_size)).unwrap()
}

/// The brief before the first move of a game about this claim.
fn brief(context: &TaskContext, claim: [u8; 32]) -> Brief {
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
	let transcript = Transcript::default();
	Brief { case, params, game: None, side: Side::Challenger, transcript }
}

/// Strides of so many steps. None of the checkpoints but the last two stays, so that disputes begin in the
/// first state.
const STRIDE: u32 = 60;
const STRIDES: u32 = 6;

/// The stride that is disputed, and the step in it.
const DISPUTED: u32 = 3;
const WRONG: u32 = DISPUTED * STRIDE + 41;

/// A claim that was trained and checked, and whoever did.
struct Table {
	place: Place,
	context: TaskContext,
	trained: Trained,
	defender: Counting,
	challenger: Counting,
	publishes: Publishes,
}

impl Table {
	fn new(publishes: Publishes) -> Self {
		let place = Place::new();
		let context = task(&place.store, MLP, STRIDE * STRIDES, STRIDE);
		let program = program(&context);
		let defender = Counting::new(&program, Some(WRONG.into()));
		let challenger = Counting::new(&program, None);
		let kernels = defender.clone();
		let end = place.run_on(kernels, publishes, "defender", &context, Work::Train).1;
		let WorkerMessage::Finished(JobResult::Trained(trained)) = end else { panic!("{end:?}") };
		let (kernels, work) = (challenger.clone(), Work::Check(claim_of(&trained)));
		let end = place.run_on(kernels, Publishes::All, "challenger", &context, work).1;
		let differs = Checked::Differs { first_state: DISPUTED + 1 };
		assert_eq!(end, WorkerMessage::Finished(JobResult::Checked(differs)));
		let steps = u64::from(STRIDE * STRIDES);
		assert_eq!(defender.taken(), steps);
		// It has come back to the last right state, and keeps that.
		let checked = challenger.taken();
		assert!((steps..=steps + u64::from(DISPUTED * STRIDE)).contains(&checked), "{checked}");
		Self { place, context, trained, defender, challenger, publishes }
	}

	/// A move, and the steps that it took.
	fn play(&self, brief: &Brief) -> (CaseMove, u64) {
		let (player, publishes, folder, side) = match brief.side {
			Side::Challenger => {
				(&self.challenger, Publishes::All, "challenger", JobSide::Challenger)
			},
			Side::Defender => (&self.defender, self.publishes, "defender", JobSide::Defender),
		};
		let game = brief.encode().try_into().unwrap();
		let work = Work::Play { game, side, public: Default::default() };
		let end = self.place.run_on(player.clone(), publishes, folder, &self.context, work).1;
		let WorkerMessage::Finished(JobResult::Move(bytes)) = end else { panic!("{end:?}") };
		(CaseMove::decode_all(&mut &bytes[..]).unwrap(), player.taken())
	}

	/// Plays a game to its end; gives who moved, how, and with how many steps. The challenger leaves it to
	/// the defender to bring evidence.
	fn dispute(&self) -> Vec<(Side, MoveKind, u64)> {
		let mut brief = brief(&self.context, self.trained.claim_root);
		let (mut now, mut moves) = (10, Vec::new());
		loop {
			now += 1;
			let phase = brief.game.as_ref().map(|game| game.phase().clone());
			let (play, steps) = self.play(&brief);
			let play = match play {
				Move::PickTile { node, tile, spec, .. } => {
					Move::PickTile { node, tile, spec, evidence: None }
				},
				play => play,
			};
			println!("{:?}: {:?}, {steps} steps", brief.side, play.kind());
			moves.push((brief.side, play.kind(), steps));
			if let (Some(Phase::Bisect { level, run, .. }), Move::Bisect { children }) =
				(phase, &play)
			{
				let children = children.clone();
				brief.transcript.revealed.try_push(Revealed { level, run, children }).unwrap();
			}
			let made = match brief.game.take() {
				None => Game::open(brief.params, &play, now, &brief.case).unwrap(),
				Some(game) => {
					let position = game.position();
					game.apply(brief.side, position, &play, now, &brief.case).unwrap()
				},
			};
			match made.effect {
				Effect::Turn { side, .. } => brief.side = side,
				Effect::Ended(outcome) => {
					assert_eq!(outcome.winner(), Side::Challenger);
					return moves;
				},
				Effect::AlreadyStands => panic!("a move was repeated"),
			}
			brief.game = Some(made.game);
		}
	}
}

/// Checks that the defender replays up to the disputed stride once, each side the stride twice at most, and then
/// one step per move.
fn assert_cheap(moves: &[(Side, MoveKind, u64)]) {
	let (gap, stride) = (u64::from(DISPUTED * STRIDE), u64::from(STRIDE));
	for (side, gap) in [(Side::Defender, gap), (Side::Challenger, 0)] {
		let steps: Vec<u64> =
			moves.iter().filter(|(who, ..)| *who == side).map(|(.., steps)| *steps).collect();
		let total: u64 = steps.iter().sum();
		let most = gap + 2 * stride + steps.len() as u64;
		assert!(total <= most, "{side:?} replays {total} steps, more than {most}: {moves:?}");
	}
}

#[test]
fn dispute_should_cost_two_strides_when_all_lists_are_published() {
	let moves = Table::new(Publishes::All).dispute();
	assert!(moves.len() >= 6, "{moves:?}");
	assert_cheap(&moves);
}

#[test]
fn dispute_should_cost_two_strides_when_lists_must_be_asked_for() {
	let moves = Table::new(Publishes::Claim).dispute();
	assert!(
		moves.iter().filter(|(_, kind, _)| *kind == MoveKind::Bisect).count() >= 3,
		"{moves:?}"
	);
	assert_cheap(&moves);
}

#[test]
fn opening_should_replay_nothing_when_another_process_holds_the_folder() {
	let table = Table::new(Publishes::All);
	let lock = File::create(table.place.folder.path().join("challenger/run/lock")).unwrap();
	lock.lock().unwrap();
	let (play, steps) = table.play(&brief(&table.context, table.trained.claim_root));
	assert_eq!((play.kind(), steps), (MoveKind::Open, 0));
}

#[test]
fn move_should_be_found_when_the_host_looks_on_for_what_was_missing_before() {
	let table = Table::new(Publishes::All);
	let key = BlobKey::List { tag: ListTag::States, root: table.trained.claim_root };
	fs::remove_file(table.place.store.path(&key).unwrap()).unwrap();
	let folder = table.place.folder.path().join("challenger");
	let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
	fs::create_dir(folder.join("missing")).unwrap();
	fs::write(folder.join("missing").join(key.to_string()), format!("{now} 90000")).unwrap();
	let mut bench = Bench::start(table.challenger.clone(), Publishes::All);
	bench.looks_on = true;
	let brief = brief(&table.context, table.trained.claim_root);
	let (game, side) = (brief.encode().try_into().unwrap(), JobSide::Challenger);
	bench.give(&folder, &table.context, Work::Play { game, side, public: Default::default() });
	let (_, end) = bench.attend(&table.place.store);
	let WorkerMessage::Finished(JobResult::Move(bytes)) = end else { panic!("{end:?}") };
	let play = CaseMove::decode_all(&mut &bytes[..]).unwrap();
	assert_eq!(play.kind(), MoveKind::Ask);
	bench.shut_down();
}
