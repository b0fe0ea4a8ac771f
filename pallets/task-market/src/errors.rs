//! Why calls are refused. `Program…` are the reasons for which a program cannot be judged.

use crate::frame_support::pallet_macros::pallet_section;

/// The errors of the pallet.
#[pallet_section]
mod errors {
	#[pallet::error]
	pub enum Error<T> {
		/// No live task has this id.
		UnknownTask,
		/// No receipt has this id.
		UnknownReceipt,
		/// The sender is not the task's requester.
		NotRequester,
		/// The sender is not the task's solver.
		NotSolver,
		/// The task does not take bids now.
		NotOpen,
		/// The task has no solver that trains now.
		NotRunning,
		/// The task has no claim now.
		NotClaimed,
		/// The last block for this has passed.
		DeadlinePassed,
		/// The last block of the present stage has not passed.
		DeadlineNotPassed,
		/// The encoded program is too long.
		ProgramTooLong,
		/// The program is for another operation set.
		ProgramWrongOpset,
		/// The program has no nodes, or a batch of no records.
		ProgramEmpty,
		/// The program has no state, so training it changes nothing.
		ProgramWithoutState,
		/// A node uses a node that is not before it.
		ProgramForwardReference,
		/// A node does not take its operands.
		ProgramWrongShape,
		/// A node reads a slot that does not exist.
		ProgramNoSuchSlot,
		/// Two nodes read the same slot.
		ProgramSlotReadTwice,
		/// A slot is empty or too large.
		ProgramBadSlot,
		/// A slot's next content does not exist or has another type.
		ProgramSlotNextMismatch,
		/// The loss does not exist or is not one number.
		ProgramBadLoss,
		/// A node reads past the end of a record.
		ProgramLoadOutOfRecord,
		/// Two masks use the same random numbers.
		ProgramStreamUsedTwice,
		/// A value is too large.
		ProgramValueTooLarge,
		/// A reduction is too long.
		ProgramTooManyBlocks,
		/// A tile depends on too many tiles to be judged at once.
		ProgramFootprintTooLarge,
		/// A tile takes too many operations to be judged at once.
		ProgramTooMuchWork,
		/// All values together are too large.
		ProgramTooMuchMemory,
		/// The cost of a step does not fit 64 bits.
		ProgramCostOverflow,
		/// A step takes too long or needs too much memory to be replayed in a dispute.
		ProgramStepTooExpensive,
		/// The task has no steps or a stride of none.
		NoSteps,
		/// The claim's list would have too many states, or a heartbeat has more than it.
		TooManyStates,
		/// The data set has no records or its records no bytes.
		NoRecords,
		/// The data set is too large to be opened.
		DataTooLarge,
		/// Bidding, training, heartbeat or challenge window is too short.
		WindowTooShort,
		/// Bidding, training, heartbeat or challenge window is too long.
		WindowTooLong,
		/// The reward is below the least one for this program and number of steps.
		RewardTooLow,
		/// The requester may not bid for its own task.
		RequesterCannotBid,
		/// The task is restricted to other solvers.
		NotAllowed,
		/// The account is not a registered solver.
		NotRegistered,
		/// The solver is registered with another class of machine.
		WrongHardware,
		/// The price is zero.
		PriceIsZero,
		/// The price is above the task's reward.
		PriceAboveReward,
		/// The task has as many bids as it may, and none is higher.
		TooManyBids,
		/// The solver has no bid for this task.
		NoSuchBid,
		/// In the second half of the time for bids no bid can be taken back or raised, and no task with bids taken back.
		BidsBind,
		/// A heartbeat must commit to more states than the one before.
		NoProgress,
		/// A claim must have as many steps as the task, or end after a whole stride.
		WrongNumberOfSteps,
		/// A claim must have as many states as its steps and the task's stride give.
		WrongNumberOfStates,
		/// The claim is not what the last heartbeat committed to.
		ContradictsHeartbeat,
		/// The claim is disputed.
		GamesOpen,
		/// As many games are open against the claim as may be.
		TooManyGames,
		/// No game is open against the claim.
		NoOpenGame,
		/// A trace of the claim was posted, so it can no longer be withdrawn.
		TraceWasPosted,
		/// The steps of a stride take too long to be replayed in a dispute: take a shorter stride.
		StrideTooLong,
		/// The initial state is not the one that its list of tensors gives, or not the first state of
		/// the claim's list.
		WrongFirstState,
		/// The final state is not the last state of the claim's list.
		WrongLastState,
		/// The final state is not the one that the claim's list of tensors gives.
		WrongArtifact,
	}

	impl<T> From<assay_primitives::EndsError> for Error<T> {
		fn from(error: assay_primitives::EndsError) -> Self {
			use assay_primitives::EndsError as E;
			match error {
				E::First => Self::WrongFirstState,
				E::Last => Self::WrongLastState,
				E::Artifact => Self::WrongArtifact,
			}
		}
	}
}
