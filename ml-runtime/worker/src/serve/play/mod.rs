//! The next move of a dispute.

mod evidence;
mod lists;
mod oracle;

use assay_backend_cpu::Kernels;
use assay_blobs::{list_key, tiles_key};
use assay_case::{Brief, Case, CaseMove};
use assay_commitment::{list, ProgramTree};
use assay_dispute_game::{
	strategy::{next_move, opening, prefix_fault, root_of},
	Game, GameError, Level, Move, Phase, Root, Side, Span,
};
use assay_executor::Prepared;
use assay_worker_protocol::{BlobKey, GameBytes, JobResult, ListTag, TaskContext};
use codec::{DecodeAll, Encode};

use super::{engine::Engine, link::Link, trouble::Trouble, Behaviour};
use lists::Lists;
use oracle::Player;

/// Finds the move that a brief asks for.
pub(crate) fn play<K: Kernels>(
	link: &Link,
	context: &TaskContext,
	job: Prepared,
	engine: Engine<K>,
	behaviour: &impl Behaviour,
	brief: &GameBytes,
) -> Result<JobResult, Trouble> {
	let brief = Brief::decode_all(&mut brief.as_slice())
		.map_err(|error| Trouble::Task(format!("the brief cannot be decoded: {error}")))?;
	let program = ProgramTree::new(job.program())
		.ok_or_else(|| Trouble::Task("the program is too large".into()))?;
	fits(&brief, context, &program, job.program().batch)?;
	let lists = Lists::new(link, job, engine, behaviour, &brief);
	let player = Player { lists: &lists, program: &program, brief: &brief };
	let found = choose(&player, behaviour);
	lists.trouble()?;
	let found = match found {
		Some(found) => found,
		None => return Ok(wait("there is nothing to say")),
	};
	if let Err(error) = try_out(&brief, &found) {
		log::warn!("a {:?} would be refused: {error:?}", found.kind());
		return Ok(wait(&format!(
			"the only move, {:?}, would be refused: {error:?}",
			found.kind()
		)));
	}
	publish(link, &lists, &brief, behaviour, &found)?;
	let bytes = found.encode().try_into();
	bytes.map(JobResult::Move).map_err(|_| Trouble::Task("the move is too large".into()))
}

fn wait(reason: &str) -> JobResult {
	JobResult::Wait { reason: reason.into() }
}

/// Refuses a brief that is about another task.
fn fits(
	brief: &Brief,
	context: &TaskContext,
	program: &ProgramTree,
	batch: u32,
) -> Result<(), Trouble> {
	let Case { data, records, record_size, seed, .. } = brief.case;
	let same = brief.case.program == program.commitment()
		&& data == context.data_root
		&& u64::from(records) == context.records
		&& record_size == context.record_size
		&& brief.case.batch == batch
		&& seed == context.seed
		&& brief.params.first_step == context.first_step
		&& brief.params.steps == context.steps
		&& brief.params.stride == context.stride;
	same.then_some(()).ok_or_else(|| Trouble::Task("the dispute is about another task".into()))
}

/// Makes the move on a copy of the game, in the block in which the turn began.
fn try_out(brief: &Brief, found: &CaseMove) -> Result<(), GameError> {
	let made = match brief.game.clone() {
		None => Game::open(brief.params, found, 0, &brief.case),
		Some(game) => {
			let (position, now) = (game.position(), game.clocks().turn);
			game.apply(brief.side, position, found, now, &brief.case)
		},
	};
	made.map(drop)
}

fn choose<K: Kernels, B: Behaviour>(
	player: &Player<'_, K, B>,
	behaviour: &impl Behaviour,
) -> Option<CaseMove> {
	let Brief { case, params, game, side, .. } = player.brief;
	match (game, side) {
		(None, Side::Defender) => None,
		(None, Side::Challenger) => {
			heartbeat_fault(player).or_else(|| opening(params, player, case))
		},
		(Some(game), side) => {
			let gives_up = *side == Side::Defender
				&& game.mover() == Some(*side)
				&& behaviour.concedes()
				&& cannot_reproduce(player, game);
			match gives_up {
				true => Some(Move::Concede),
				false => next_move(game, *side, player, case),
			}
		},
	}
}

/// A heartbeat that is no prefix of the claim, if its list can be had.
fn heartbeat_fault<K: Kernels, B: Behaviour>(player: &Player<'_, K, B>) -> Option<CaseMove> {
	let case = &player.brief.case;
	let claim = player.lists.published(&Level::Claim)?;
	case.heartbeats.iter().find_map(|(states, root)| {
		let prefix = claim.get(..*states as usize)?;
		if list::root(ListTag::States, prefix) == *root {
			return None;
		}
		let heartbeat = player.lists.heartbeat(*states, root)?;
		prefix_fault(*states, heartbeat, claim.clone(), case)
	})
}

/// Whether this worker, asked to defend a claim, comes to another one: a fault of a machine, then or
/// now. After a trace has been posted it is too late to withdraw.
fn cannot_reproduce<K: Kernels, B: Behaviour>(player: &Player<'_, K, B>, game: &Game) -> bool {
	let params = game.params();
	let other_end =
		|states: Vec<Root>, span: &Span| states.last().is_some_and(|state| *state != span.after);
	match game.phase() {
		Phase::Steps { span } => {
			let level = Level::Steps { span: *span, root: Root::default() };
			other_end(player.lists.own(&level), span)
		},
		Phase::Trace { step } => other_end(player.lists.state_after(step), step),
		Phase::Bisect { level: level @ (Level::Claim | Level::Steps { .. }), .. } => {
			let list = level.committed(params);
			let own = player.lists.own(level);
			!own.is_empty() && root_of(list.list, &own, &player.brief.case) != list.root
		},
		Phase::Claim { .. }
		| Phase::Step { .. }
		| Phase::Tile { .. }
		| Phase::Partials { .. }
		| Phase::Block { .. }
		| Phase::Opening { .. }
		| Phase::Bisect { .. }
		| Phase::Pick { .. }
		| Phase::Over { .. } => false,
	}
}

/// Hands over the lists that a move commits to, so that the other side can pinpoint.
fn publish<K: Kernels, B: Behaviour>(
	link: &Link,
	lists: &Lists<'_, K, B>,
	brief: &Brief,
	behaviour: &impl Behaviour,
	found: &CaseMove,
) -> Result<(), Trouble> {
	let phase = brief.game.as_ref().map(Game::phase);
	let root = Root::default();
	let publish = |key: BlobKey, leaves: &[Root]| {
		if !behaviour.publishes(&key) {
			return Ok(());
		}
		match link.publish(key, leaves.as_flattened()) {
			// The move itself is right, and silence would lose the claim.
			Err(Trouble::Machine(why)) => {
				log::warn!("the list could not be published: {why}");
				Ok(())
			},
			other => other,
		}
	};
	match (phase, found) {
		(Some(Phase::Steps { span }), Move::PostSteps { .. }) => {
			let steps = lists.own(&Level::Steps { span: *span, root });
			publish(list_key(ListTag::Steps, &steps), &steps)
		},
		(Some(Phase::Trace { step }), Move::PostTrace { .. }) => {
			let nodes = lists.own(&Level::Trace { step: *step, root });
			publish(list_key(ListTag::Trace, &nodes), &nodes)?;
			for (node, root) in (0..).zip(nodes) {
				let tiles =
					lists.own(&Level::Tiles { step: *step, trace: root, node, tiles: 0, root });
				// The only tile of a tensor is the tensor. A list that is not the tensor's, as liars
				// have, cannot be named.
				let named = tiles_key(&tiles).filter(|key| tiles.len() > 1 && *key.root() == root);
				named.map_or(Ok(()), |key| publish(key, &tiles))?;
			}
			Ok(())
		},
		_ => Ok(()),
	}
}
