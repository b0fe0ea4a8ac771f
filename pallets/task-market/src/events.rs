//! What indexers see: the events alone tell the story of every task.

use crate::frame_support::pallet_macros::pallet_section;

/// The events of the pallet.
#[pallet_section]
mod events {
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A task was posted. The program is in the same block's extrinsic.
		#[codec(index = 0)]
		TaskPosted {
			/// The new task.
			task: TaskId,
			/// Who posted it.
			requester: T::AccountId,
			/// What it fixes.
			spec: SpecOf<T>,
			/// Who may bid; empty admits all.
			allowed: Allowed<T::AccountId>,
			/// Reward and fee on hold.
			escrow: BalanceOf<T>,
			/// Deposit on hold.
			deposit: BalanceOf<T>,
		},
		/// The requester took its open task back.
		#[codec(index = 1)]
		TaskCancelled {
			/// The task, gone.
			task: TaskId,
			/// Who posted it.
			requester: T::AccountId,
			/// Escrow that is free again.
			refunded: BalanceOf<T>,
		},
		/// No bidder could take the task.
		#[codec(index = 2)]
		TaskExpired {
			/// The task, gone.
			task: TaskId,
			/// Who posted it.
			requester: T::AccountId,
			/// Escrow that is free again.
			refunded: BalanceOf<T>,
		},
		/// A solver bid, or changed its bid.
		#[codec(index = 3)]
		BidPlaced {
			/// The task.
			task: TaskId,
			/// Who bids.
			solver: T::AccountId,
			/// For how much.
			price: BalanceOf<T>,
			/// The solver whose higher bid lost its place to this one.
			displaced: Option<T::AccountId>,
		},
		/// A solver took its bid back.
		#[codec(index = 4)]
		BidWithdrawn {
			/// The task.
			task: TaskId,
			/// Whose bid it was.
			solver: T::AccountId,
		},
		/// The best bid got the task.
		#[codec(index = 5)]
		TaskAssigned {
			/// The task.
			task: TaskId,
			/// Which attempt begins.
			attempt: Attempt,
			/// Who trains.
			solver: T::AccountId,
			/// For how much.
			price: BalanceOf<T>,
			/// Stake that it has behind the task.
			stake: BalanceOf<T>,
			/// Last block for the claim.
			until: BlockNumberFor<T>,
		},
		/// The solver committed to its progress.
		#[codec(index = 6)]
		HeartbeatReceived {
			/// The task.
			task: TaskId,
			/// Who trains.
			solver: T::AccountId,
			/// States committed to.
			states: u32,
			/// Root over these states.
			root: Root,
		},
		/// The solver claims to be done.
		#[codec(index = 7)]
		ClaimSubmitted {
			/// The task.
			task: TaskId,
			/// Which attempt.
			attempt: Attempt,
			/// Who trained.
			solver: T::AccountId,
			/// The claim.
			claim: Claim,
			/// Last block for opening a game.
			until: BlockNumberFor<T>,
		},
		/// The claim stands and the solver is paid.
		#[codec(index = 8)]
		TaskFinalised {
			/// The task, gone.
			task: TaskId,
			/// Who posted it.
			requester: T::AccountId,
			/// Who trained.
			solver: T::AccountId,
			/// What the solver got.
			paid: BalanceOf<T>,
			/// What was burned.
			fee: BalanceOf<T>,
			/// What the requester got back.
			refunded: BalanceOf<T>,
			/// What stays on chain.
			receipt: ReceiptOf<T>,
		},
		/// A heartbeat or the claim did not come in time.
		#[codec(index = 9)]
		DeadlineMissed {
			/// The task.
			task: TaskId,
			/// Which attempt failed.
			attempt: Attempt,
			/// Who was late.
			solver: T::AccountId,
			/// What it lost; the part that was paid went to the requester.
			slashed: Slashed<BalanceOf<T>>,
		},
		/// The solver took its claim back.
		#[codec(index = 10)]
		ClaimWithdrawn {
			/// The task.
			task: TaskId,
			/// Which attempt failed.
			attempt: Attempt,
			/// Whose claim it was.
			solver: T::AccountId,
			/// What it lost; the part that was paid went to the challengers.
			slashed: Slashed<BalanceOf<T>>,
		},
		/// The task takes bids again.
		#[codec(index = 11)]
		TaskReopened {
			/// The task.
			task: TaskId,
			/// Which attempt is next.
			attempt: Attempt,
			/// Last block for bids.
			until: BlockNumberFor<T>,
		},
		/// The last attempt failed.
		#[codec(index = 12)]
		TaskFailed {
			/// The task, gone.
			task: TaskId,
			/// Who posted it.
			requester: T::AccountId,
			/// Escrow that is free again.
			refunded: BalanceOf<T>,
		},
		/// A dispute about the claim began.
		#[codec(index = 13)]
		GameOpened {
			/// The task.
			task: TaskId,
			/// Open games now.
			open_games: u32,
		},
		/// A dispute ended and the claim still stands.
		#[codec(index = 14)]
		GameClosed {
			/// The task.
			task: TaskId,
			/// Open games now.
			open_games: u32,
			/// Last block for opening a game: later than before where no more games could be opened.
			until: BlockNumberFor<T>,
		},
		/// The claim is wrong: the solver lost the stake behind the task.
		#[codec(index = 15)]
		ClaimConvicted {
			/// The task, gone.
			task: TaskId,
			/// Which attempt.
			attempt: Attempt,
			/// Who posted the task; got back the escrow and a share of the stake.
			requester: T::AccountId,
			/// Whose claim it was.
			solver: T::AccountId,
			/// Who showed it; got its cost and a share of the stake.
			challenger: T::AccountId,
			/// What was wrong.
			verdict: Verdict,
			/// What became of the stake.
			slashed: Slashed<BalanceOf<T>>,
			/// Escrow that is free again.
			refunded: BalanceOf<T>,
		},
		/// A receipt was removed and its deposit is free again.
		#[codec(index = 16)]
		ReceiptRemoved {
			/// The task.
			task: TaskId,
			/// Who posted it.
			requester: T::AccountId,
			/// Deposit that was released.
			deposit: BalanceOf<T>,
		},
		/// The agenda has no place for the task: its next step needs a call.
		#[codec(index = 17)]
		AgendaFull {
			/// The task.
			task: TaskId,
		},
		/// What was due for the task failed and changed nothing: it needs a call.
		#[codec(index = 18)]
		AutomaticStepFailed {
			/// The task.
			task: TaskId,
			/// Why.
			error: DispatchError,
		},
		/// The claim of a part stands: the solver is paid for it and loses the share of a missed
		/// deadline.
		#[codec(index = 19)]
		PartPaid {
			/// The task.
			task: TaskId,
			/// Which attempt ended.
			attempt: Attempt,
			/// Who trained.
			solver: T::AccountId,
			/// Steps that it is paid for.
			steps: u32,
			/// What the solver got.
			paid: BalanceOf<T>,
			/// What was burned.
			fee: BalanceOf<T>,
			/// What it lost; the part that was paid went to the requester.
			slashed: Slashed<BalanceOf<T>>,
			/// What is left to do.
			work: Work,
		},
		/// The challenge window begins again: this runtime lacks the task's operation set, so that no game could be opened.
		#[codec(index = 20)]
		WindowRenewed {
			/// The task.
			task: TaskId,
			/// Last block for opening a game.
			until: BlockNumberFor<T>,
		},
	}
}
