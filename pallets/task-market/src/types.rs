//! What is stored about a task.

use assay_primitives::{Attempt, Claim, Heartbeat, TaskPhase, TaskSpec, Work};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::sp_runtime::{
	traits::{AtLeast32BitUnsigned, ConstU32},
	BoundedVec,
};
use scale_info::TypeInfo;

use crate::Penalties;

/// Most bids that one task holds; a lower price pushes out the highest.
pub const MAX_BIDS: u32 = 16;

/// Latest heartbeats that are kept of a running attempt. Each commits to all states before it, so the
/// latest one says the most.
pub const MAX_HEARTBEATS: u32 = 8;

/// Most accounts that a requester may restrict a task to.
pub const MAX_ALLOWED: u32 = 16;

/// The accounts that may bid; empty admits all.
pub type Allowed<AccountId> = BoundedVec<AccountId, ConstU32<MAX_ALLOWED>>;

/// Bids in order of arrival.
pub type BidList<AccountId, Balance> = BoundedVec<Bid<AccountId, Balance>, ConstU32<MAX_BIDS>>;

/// Heartbeats in order of arrival, which is the order of their `states`.
pub type HeartbeatList = BoundedVec<Heartbeat, ConstU32<MAX_HEARTBEATS>>;

/// An offer to do the work.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Bid<AccountId, Balance> {
	/// Who offers.
	pub solver: AccountId,
	/// For how much.
	pub price: Balance,
}

/// Who does the work, and for how much.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Job<AccountId, Balance> {
	/// The solver.
	pub solver: AccountId,
	/// Its price.
	pub price: Balance,
	/// Stake that it has behind the task.
	pub stake: Balance,
	/// What it loses for a fault: as at its assignment, whatever later runtimes ask of others.
	pub penalties: Penalties,
}

/// Where a task stands, with what only matters there. See [`TaskPhase`] for the picture.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts the variant's index"
)]
pub enum Stage<AccountId, Balance, BlockNumber> {
	/// Takes bids.
	#[codec(index = 0)]
	Open {
		/// Last block for bids.
		until: BlockNumber,
	},
	/// A solver trains.
	#[codec(index = 1)]
	Running {
		/// Who, and for how much.
		job: Job<AccountId, Balance>,
		/// Last block for the claim.
		until: BlockNumber,
		/// Block of assignment or of the latest heartbeat.
		last_sign: BlockNumber,
		/// States committed to by the latest heartbeat; 0 before the first.
		states: u32,
	},
	/// A claim can be disputed.
	#[codec(index = 2)]
	Claimed {
		/// Who, and for how much.
		job: Job<AccountId, Balance>,
		/// The claim.
		claim: Claim,
		/// Last block for opening a game.
		until: BlockNumber,
		/// Open games.
		games: u32,
	},
}

/// A live task. Its row goes away when it ends.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Task<AccountId, Balance, BlockNumber> {
	/// Who posted it, and holds escrow and deposit.
	pub requester: AccountId,
	/// What posting fixed, less the parts that were done and paid since.
	pub spec: TaskSpec<Balance, BlockNumber>,
	/// Who may bid.
	pub allowed: Allowed<AccountId>,
	/// Times that the task was given to a solver before this time.
	pub attempt: Attempt,
	/// Reward and fee on hold.
	pub escrow: Balance,
	/// Deposit on hold.
	pub deposit: Balance,
	/// Where it stands.
	pub stage: Stage<AccountId, Balance, BlockNumber>,
	/// The block whose agenda holds the task; `None` while nothing happens by itself.
	pub agenda: Option<BlockNumber>,
}

impl<AccountId, Balance, BlockNumber> Task<AccountId, Balance, BlockNumber>
where
	AccountId: Clone,
	Balance: Copy,
	BlockNumber: AtLeast32BitUnsigned + Copy,
{
	/// Where the task stands, in one word.
	pub fn phase(&self) -> TaskPhase {
		match &self.stage {
			Stage::Open { .. } => TaskPhase::Open,
			Stage::Running { states: 0, .. } => TaskPhase::Assigned,
			Stage::Running { .. } => TaskPhase::Training,
			Stage::Claimed { games: 0, .. } => TaskPhase::Claimed,
			Stage::Claimed { .. } => TaskPhase::Disputed,
		}
	}

	/// Last block of the present stage: for bids, for the next sign of life, or for challenges.
	pub fn deadline(&self) -> BlockNumber {
		match &self.stage {
			Stage::Open { until } | Stage::Claimed { until, .. } => *until,
			Stage::Running { until, last_sign, .. } => {
				last_sign.saturating_add(self.spec.terms.heartbeat).min(*until)
			},
		}
	}

	/// The solver's side, once assigned.
	pub fn job(&self) -> Option<&Job<AccountId, Balance>> {
		match &self.stage {
			Stage::Open { .. } => None,
			Stage::Running { job, .. } | Stage::Claimed { job, .. } => Some(job),
		}
	}

	/// The claim, once made.
	pub fn claim(&self) -> Option<&Claim> {
		match &self.stage {
			Stage::Open { .. } | Stage::Running { .. } => None,
			Stage::Claimed { claim, .. } => Some(claim),
		}
	}

	/// What the present attempt is about: all that is to be done, or the part that its claim covers.
	pub fn work(&self) -> Work {
		let work = self.spec.work;
		let part = self.claim().and_then(|claim| work.part(claim.steps));
		part.unwrap_or(work)
	}

	/// Open games.
	pub fn games(&self) -> u32 {
		match &self.stage {
			Stage::Open { .. } | Stage::Running { .. } => 0,
			Stage::Claimed { games, .. } => *games,
		}
	}
}
