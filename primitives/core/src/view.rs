//! What runtime APIs and view functions return.

use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

use crate::{Attempt, Claim, Heartbeat, ProgramInfo, TaskPhase, TaskSpec};

/// What posting a program would cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Quote<Balance> {
	/// Root, sizes and cost per step of the program.
	pub program: ProgramInfo,
	/// Least reward that is accepted for the given number of steps.
	pub min_reward: Balance,
	/// Fee on that reward; burned when the task is paid, returned otherwise.
	pub fee: Balance,
	/// Deposit for the task's rows; returned when they are removed.
	pub deposit: Balance,
}

/// A live task, for readers outside the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct TaskView<AccountId, Balance, BlockNumber> {
	/// Who posted it.
	pub requester: AccountId,
	/// What posting fixed, less the parts that were done and paid since.
	pub spec: TaskSpec<Balance, BlockNumber>,
	/// Which attempt is running.
	pub attempt: Attempt,
	/// Where it stands.
	pub phase: TaskPhase,
	/// Last block of the phase: for bids, the next heartbeat or claim, or challenges.
	pub deadline: BlockNumber,
	/// Solver and price, once assigned.
	pub solver: Option<(AccountId, Balance)>,
	/// Latest heartbeat of the running attempt.
	pub heartbeat: Option<Heartbeat>,
	/// The claim, once made.
	pub claim: Option<Claim>,
	/// Open games against the claim.
	pub open_games: u32,
}
