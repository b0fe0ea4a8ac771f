//! Runtime APIs: what wallets, explorers and workers ask the chain.
//!
//! # Overview
//!
//! One trait per pallet: [`TaskMarketApi`], [`ComputeStakingApi`] and [`DisputeApi`]. A node calls
//! them through its client, everybody else with `state_call` under the name `Trait_method` (for
//! example `TaskMarketApi_task`) and the encoded arguments. Names, arguments and types are in the
//! metadata from version 15 on.
//!
//! # Terms
//!
//! - An answer describes the state after the block that the caller names. `None` means that there
//!   was no such thing in that state. Ids of tasks and games are never used twice.
//! - *Balances* are in the smallest unit of the token, *deadlines* are block numbers, *sizes* are
//!   in bytes.
//!
//! # Invariants
//!
//! - No method changes state, and none panics on arguments that decode.
//! - The methods answer what the pallets' view functions of the same meaning answer.
//! - `DisputeApi::recompute` runs the code that judges the last move of a game.
//!
//! # Design
//!
//! The traits know no pallet: types are those of the crates below the pallets, or views of this crate. A method that is added or changed raises the version of its
//! trait.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects,
		clippy::float_arithmetic,
		clippy::cast_possible_truncation,
		clippy::wildcard_enum_match_arm
	)
)]

extern crate alloc;

use alloc::vec::Vec;

use assay_case::NodeProof;
use assay_primitives::{DisputedClaim, Quote, Receipt, TaskId, TaskView};
use codec::Codec;
use polkadot_sdk::{sp_api, sp_runtime::DispatchError};

mod referee;
mod view;

pub use assay_ops::Program;
pub use referee::{RefereeError, StepView, TileQuestion, TileQuestions, MAX_QUESTIONS};
pub use view::{GameId, GameView, SolverView, UnbondingView};

sp_api::decl_runtime_apis! {
	/// Tasks, from posting to receipt.
	pub trait TaskMarketApi<AccountId, Balance, BlockNumber>
	where
		AccountId: Codec,
		Balance: Codec,
		BlockNumber: Codec,
	{
		/// A live task: who posted it, what is to be computed, where it stands, and the last block of
		/// the present phase. `None` for an id that was never given out and for a task that has ended;
		/// one that was paid has a receipt instead.
		fn task(task: TaskId) -> Option<TaskView<AccountId, Balance, BlockNumber>>;

		/// What stays of a task that was finished and paid: parties, roots of what was computed, price
		/// and block. `None` before that, for a task that ended otherwise, and after the requester has
		/// removed the receipt.
		fn receipt(task: TaskId) -> Option<Receipt<AccountId, Balance, BlockNumber>>;

		/// All that a challenger needs to know about a claim: what was to be computed, what the solver
		/// says came out, the stake behind it, and the last block in which a game may be opened. `None`
		/// while the task has no claim. A claim is still here after its challenge window, until the
		/// task ends.
		fn claim(task: TaskId) -> Option<DisputedClaim<AccountId, Balance, BlockNumber>>;

		/// What it costs to post `program` for `steps` training steps over records of `record_size`
		/// bytes: the least reward, the fee on that reward, and the deposit. The error is the one that
		/// posting would give because of the program; the metadata has its name. Windows, stride and
		/// data are not asked for, so posting can still be refused because of those.
		fn quote(
			program: Program,
			record_size: u32,
			steps: u32,
		) -> Result<Quote<Balance>, DispatchError>;
	}

	/// Solvers and the stake behind their tasks.
	pub trait ComputeStakingApi<AccountId, Balance, BlockNumber>
	where
		AccountId: Codec,
		Balance: Codec,
		BlockNumber: Codec,
	{
		/// A registered solver: hardware, stake and record. `None` for an account that is not
		/// registered, be it that it never was or that it has left.
		fn solver(who: AccountId) -> Option<SolverView<Balance, BlockNumber>>;

		/// The stake that `who` has behind `task`, which is what it can lose there. `None` where it has
		/// none: the task is not assigned, assigned to another solver, or has ended.
		fn lock(task: TaskId, who: AccountId) -> Option<Balance>;
	}

	/// Games about claims.
	#[api_version(3)]
	pub trait DisputeApi<AccountId, Balance>
	where
		AccountId: Codec,
		Balance: Codec,
	{
		/// An open game: parties, money, whose move is awaited until when, and the game itself. `None`
		/// for an id that was never given out and for a game that has ended; how it ended is in the
		/// events of the block that ended it.
		fn game(game: GameId) -> Option<GameView<AccountId, Balance>>;

		/// The open games about the claim of `task`, in order of opening. Empty for a task without
		/// games, live or not.
		fn games_of(task: TaskId) -> Vec<GameId>;

		/// The bond that is held from whoever opens a game against the claim of `task`, until the game
		/// ends. `None` while the task has no claim. That there is a bond does not say that the
		/// challenge window is open: see `TaskMarketApi::claim` for its last block.
		fn bond_for(task: TaskId) -> Option<Balance>;

		/// What some tiles of one node must be, as the referee would find in the last move of a game:
		/// for each question the 1024 words of the tile, row-major and `+0` outside the matrix, or why
		/// its evidence would be refused. Of a long reduction each question is about one block, and the
		/// answer is the partial tile after it. The evidence is that of the move, without what is
		/// claimed; whoever thinks of a dispute learns what its end would be, and a solver that its
		/// evidence holds. Nothing is read from the state of the chain.
		fn recompute(
			step: StepView,
			node: NodeProof,
			questions: TileQuestions,
		) -> Vec<Result<Vec<u32>, RefereeError>>;
	}
}
