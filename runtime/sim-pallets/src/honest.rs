//! The honest side: the runtime's off-chain worker, on a node whose executor plays by the production
//! strategy.

use crate::{
	claim::Claim,
	content::Version,
	lore::{player, Lore, Player},
	people::send,
};
use assay_case::Brief;
use assay_dispute_game::Side;
use assay_host_functions::{
	Checked, ClaimRef, Executor, Job, JobResult, JobStatus, Root, SubmitError, Work,
};
use assay_primitives::TaskId;
use assay_runtime::{
	offchain::{challenger, player::Plays, signing, solver, Action},
	AccountId, BlockNumber, Runtime, RuntimeCall, System,
};
use codec::{DecodeAll, Encode};
use pallet_task_market::Tasks;
use std::{
	collections::HashMap,
	sync::{Arc, Mutex, MutexGuard},
};

/// Blocks after which a challenger looks again at a claim about which it could not open a game.
const PATIENCE: BlockNumber = 8;

/// What a node's executor knows: everything that its honest users computed, and what others publish.
#[derive(Clone)]
pub(crate) struct Node(Arc<Mutex<Inner>>);

struct Inner {
	lore: Lore,
	claims: HashMap<TaskId, Published>,
	/// What challengers computed who ask now.
	eyes: Version,
	/// What became of the last job.
	status: JobStatus,
}

/// What is known of a claim.
#[derive(Clone, Copy)]
struct Published {
	content: usize,
	/// The execution behind it, if its lists are published.
	lists: Option<Version>,
}

impl Node {
	/// A node that knows all contents.
	pub(crate) fn new() -> Self {
		let (lore, claims, eyes) = (Lore::new(), HashMap::new(), Version::Right);
		Self(Arc::new(Mutex::new(Inner { lore, claims, eyes, status: JobStatus::Unknown })))
	}

	fn inner(&self) -> MutexGuard<'_, Inner> {
		// A match that panicked leaves nothing half done here.
		self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
	}

	/// Does something with all that was computed so far.
	pub(crate) fn with_lore<T>(&self, work: impl FnOnce(&mut Lore) -> T) -> T {
		work(&mut self.inner().lore)
	}

	/// Does something as a challenger whose executor computes `eyes`.
	pub(crate) fn seen_by<T>(&self, eyes: Version, work: impl FnOnce() -> T) -> T {
		self.inner().eyes = eyes;
		let done = work();
		self.inner().eyes = Version::Right;
		done
	}

	/// Forgets the claims of earlier rounds.
	pub(crate) fn forget(&self) {
		self.inner().claims.clear();
	}

	/// Takes note of a claim.
	pub(crate) fn note(&self, claim: &Claim) {
		let withheld = claim.strategy.withholds || claim.strategy.spoils;
		let lists = (!withheld).then_some(claim.version);
		self.inner().claims.insert(claim.task, Published { content: claim.content, lists });
	}
}

impl Inner {
	fn answer(&mut self, job: Job) -> Option<JobResult> {
		let published = *self.claims.get(&job.context.task)?;
		match job.work {
			Work::Check(claim) => Some(JobResult::Checked(self.check(published, &claim))),
			Work::Play { game, .. } => {
				let brief = Brief::decode_all(&mut &game[..]).ok()?;
				let play = match brief.game {
					None => self.lore.opening(self.player(published, Side::Challenger), &brief),
					Some(_) => self.lore.answer(self.player(published, brief.side), &brief),
				};
				Some(JobResult::Move(play?.encode().try_into().ok()?))
			},
			Work::Train | Work::HandIn | Work::Prepare => None,
		}
	}

	fn player(&self, published: Published, side: Side) -> Player {
		let own = match side {
			Side::Challenger => self.eyes,
			Side::Defender => Version::Right,
		};
		player(published.content, own, side, published.lists)
	}

	fn check(&self, published: Published, claim: &ClaimRef) -> Checked {
		let content = &self.lore.contents[published.content];
		let own = content.claim(self.eyes);
		match published.lists {
			_ if claim.claim_root == own.root => Checked::Agrees,
			None => Checked::ListWithheld,
			Some(version) => {
				let theirs = content.claim(version);
				let states = own.states.iter().zip(&theirs.states);
				let same = states.take_while(|(own, theirs)| own == theirs).count();
				Checked::Differs { first_state: same as u32 }
			},
		}
	}
}

impl Executor for Node {
	fn submit(&self, job: &[u8]) -> Result<u64, SubmitError> {
		let job = Job::decode_all(&mut &*job).map_err(|_| SubmitError::Malformed)?;
		let mut inner = self.inner();
		inner.status = match inner.answer(job) {
			Some(result) => JobStatus::Done(result),
			None => JobStatus::Done(JobResult::Wait { reason: Default::default() }),
		};
		Ok(0)
	}

	fn poll(&self, _: u64) -> JobStatus {
		self.inner().status.clone()
	}

	fn cancel(&self, _: u64) -> bool {
		false
	}

	fn prefix(&self, _: &Root, _: u32) -> Option<Root> {
		None
	}
}

/// What the honest side of a claim sends now, most urgent first.
pub(crate) fn actions(claim: &mut Claim) -> Vec<(AccountId, Action)> {
	let (who, due) = match claim.right {
		true => (&claim.solver, defend(&claim.solver)),
		false => (&claim.challenger, challenge(claim)),
	};
	let sent: Vec<_> = due.into_iter().map(|action| (who.clone(), action)).collect();
	let accuses = !claim.right && sent.is_empty();
	for (_, action) in &sent {
		if let Some(opening) = &action.opens {
			opening.remember();
		}
	}
	if accuses {
		claim.wake = claim.wake.min(System::block_number() + PATIENCE);
	}
	sent
}

pub(crate) fn defend(solver: &AccountId) -> Vec<Action> {
	let duties = solver::duties(solver).into_iter();
	signing::due(solver, duties.filter_map(|duty| solver::act(duty, &Plays::default())))
}

/// Each challenger checks the claim of its own match only, so that matches do not disturb each other.
fn challenge(claim: &Claim) -> Vec<Action> {
	let who = &claim.challenger;
	challenger::notice_games(who);
	let own = |duty: &challenger::Duty| match duty {
		challenger::Duty::Continue(_) => true,
		challenger::Duty::Check(task) => *task == claim.task,
	};
	let duties = challenger::duties(who).into_iter().filter(own);
	signing::due(who, duties.filter_map(|duty| challenger::act(duty, &Plays::default())))
}

/// Includes what was sent. Says which call was refused first, if one was.
pub(crate) fn include(sent: &[(AccountId, Action)]) -> Result<(), String> {
	let mut refused = Ok(());
	for (who, action) in sent {
		if let Err(error) = send(who, action.call.clone()) {
			refused = refused.and(Err(format!("{}: {error:?}", action.why)));
		}
	}
	refused
}

/// Whether a call opens a game.
pub(crate) fn is_opening(call: &RuntimeCall) -> bool {
	use pallet_dispute::Call;
	matches!(
		call,
		RuntimeCall::Dispute(
			Call::open { .. } | Call::open_withheld { .. } | Call::prefix_fault { .. }
		)
	)
}

/// The task whose claim a call opens a game about.
pub(crate) fn task_of(call: &RuntimeCall) -> Option<TaskId> {
	use pallet_dispute::Call;
	match call {
		RuntimeCall::Dispute(
			Call::open { task, .. }
			| Call::open_withheld { task }
			| Call::prefix_fault { task, .. },
		) => Some(*task),
		_ => None,
	}
}

/// Whether the claim can still be disputed or defended.
pub(crate) fn is_live(claim: &Claim) -> bool {
	Tasks::<Runtime>::get(claim.task).is_some_and(|task| task.claim().is_some())
}
