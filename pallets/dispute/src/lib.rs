//! Stores games, bonds and deadlines; calls the dispute game and the referee.
//!
//! # Overview
//!
//! A claim says that each of its transitions is what the task's program computes. Anyone may open a
//! game about one transition with a bond. From there the two sides descend, move by move, to a single
//! tile, and the referee recomputes it inside the runtime. All rules are in `assay-dispute-game`, all
//! judgement in `assay-referee`; this pallet checks who may move, keeps the games and moves the money.
//!
//! # Terms
//!
//! - *game*: one dispute, about one transition of one claim;
//! - *position*: hash of everything said in a game so far. Each move names the position that it
//!   answers, so after a re-org, a replay or a front-run it is void instead of harmful;
//! - *bond*: what the challenger holds from the opening to the end; there is no other money in a game;
//! - *cost*: what the moves of one side are worth by the runtime's [`Tariff`], paid by the loser: by the
//!   market from the stake of a convicted solver, or from the bond of a challenger that lost, of which at
//!   least half burns;
//! - *agenda*: the games whose clock may have run out in a block.
//!
//! # Invariants (checked by `try_state`)
//!
//! 1. A challenger's bond on hold is the sum over its games.
//! 2. Each game is listed under its task and the task has a claim with as many open games.
//! 3. Each game has exactly one agenda entry, at or after its deadline and where its row says.
//! 4. No stored game is over, each has one next mover, and its clocks are within their budget.
//! 5. Games are at most [`Config::MaxGames`], have ids below the next one and a version of the referee that
//!    this runtime has.
//!
//! # Who may move
//!
//! Moves that commit or choose belong to the account of their side: a stranger who posted a garbage
//! trace for an honest solver would convict it. Moves that are checked against commitments that already
//! stand (`bisect`, `join_fault`, `open_tile`) may be made by anyone. See ADR 0007.
//!
//! # What an upgrade leaves alone
//!
//! An open game is judged by the version of the referee that it has stored, runs on its own clocks and counts
//! costs by its own tariff; the solver's penalties are those of its assignment. If a runtime lacks the version
//! all moves are refused ([`Error::UnknownReferee`]), and a turn whose clock runs out begins again, until one has it. See
//! ADR 0023.
//!
//! # When the list of states is withheld
//!
//! `open_withheld` asks for it. When the search has found the first state that the challenger rejects,
//! `pick_stride` does in that game what `open` does at the start of others. That a claim begins in the
//! task's initial state, to which no transition leads, the market checks when the claim is made.
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

use frame_support::pallet_macros::import_section;
use polkadot_sdk::{frame_support, frame_system, sp_runtime};

mod agenda;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod brief;
mod errors;
mod events;
mod games_impls;
#[cfg(feature = "next")]
pub mod migrations;
#[cfg(test)]
mod mock;
mod move_impls;
mod settle_impls;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use agenda::HEAVIEST_BYTES;
pub use pallet::*;
pub use types::{ClockRules, Dispute, GameId, Tariff};
pub use weights::WeightInfo;

#[import_section(errors::errors)]
#[import_section(events::events)]
#[frame_support::pallet]
#[allow(
	clippy::cast_possible_truncation,
	clippy::expect_used,
	reason = "the pallet macro's own code: indices of variants, and a name that it looks up itself"
)]
pub mod pallet {
	use alloc::boxed::Box;

	use assay_case::{Join, NodeProof, PostedPartials, TileProof, Transcript};
	use assay_dispute_game::{Children, Effect, Move, MoveKind, Outcome, Path, Root, Shown, Side};
	use assay_primitives::{Attempt, Claims, TaskId, MAX_OPEN_GAMES};
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{self, Inspect},
	};
	use frame_system::pallet_prelude::*;

	use super::{ClockRules, Dispute, GameId, Tariff, WeightInfo};
	use crate::{frame_support, frame_system};

	/// Balance of [`Config::Currency`].
	pub type BalanceOf<T> =
		<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

	/// A game as this runtime stores it.
	pub type DisputeOf<T> =
		Dispute<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

	const STORAGE_VERSION: StorageVersion =
		StorageVersion::new(if cfg!(feature = "next") { 1 } else { 0 });

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config {
		/// Where bonds are held.
		type Currency: fungible::Mutate<Self::AccountId>
			+ fungible::hold::Balanced<Self::AccountId>
			+ fungible::MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;

		/// The claims that games are about.
		type Claims: Claims<Self::AccountId, BalanceOf<Self>, BlockNumberFor<Self>>;

		/// How long players may think.
		#[pallet::constant]
		type Clock: Get<ClockRules>;

		/// What moves are worth, and how large the bond is.
		#[pallet::constant]
		type Tariff: Get<Tariff<BalanceOf<Self>>>;

		/// Most open games of the whole chain: every next move must fit the dispute lane.
		#[pallet::constant]
		type MaxGames: Get<u32>;

		/// Most games that the chain looks at in one block.
		#[pallet::constant]
		type AgendaSize: Get<u32>;

		/// Most weight that the agenda takes of a block.
		#[pallet::constant]
		type TickWeight: Get<Weight>;

		/// Weights of the moves and of the agenda.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds balance.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Bond of an open game.
		#[codec(index = 0)]
		Bond,
	}

	/// The id of the next game.
	#[pallet::storage]
	pub type NextGame<T: Config> = StorageValue<_, GameId, ValueQuery>;

	/// Open games. Ids are the chain's own, so the cheap hasher is safe; the bond pays for the row.
	#[pallet::storage]
	pub type Disputes<T: Config> =
		CountedStorageMap<_, Twox64Concat, GameId, DisputeOf<T>, OptionQuery>;

	/// Open games of a task. Hasher and payer as for [`Disputes`].
	#[pallet::storage]
	pub type GamesOf<T: Config> = StorageMap<
		_,
		Twox64Concat,
		TaskId,
		BoundedVec<GameId, ConstU32<MAX_OPEN_GAMES>>,
		ValueQuery,
	>;

	/// What was revealed in a game and is needed again. Hasher and payer as for [`Disputes`]; only games
	/// that need it have a row.
	#[pallet::storage]
	pub type Transcripts<T: Config> = StorageMap<_, Twox64Concat, GameId, Transcript, ValueQuery>;

	/// Games whose clock may have run out, by block. One entry per open game.
	#[pallet::storage]
	pub type Agenda<T: Config> = StorageMap<
		_,
		Twox64Concat,
		BlockNumberFor<T>,
		BoundedVec<GameId, T::AgendaSize>,
		ValueQuery,
	>;

	/// The first block of the agenda that is not done. Zero while there never was a game.
	#[pallet::storage]
	pub type AgendaCursor<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// The latest block before which the chain served as many games as it can.
	#[pallet::storage]
	pub type LastFull<T: Config> = StorageValue<_, u32, OptionQuery>;

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			Self::tick(now)
		}

		fn integrity_test() {
			Self::check_constants();
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), crate::sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Opens a game: the transition from one committed state of the claim to the next is wrong.
		///
		/// Origin: signed; the sender becomes the challenger and its bond is held. `stride` counts from
		/// 0; `before` and `after` are the states `stride` and `stride + 1` of the claim with their paths
		/// (siblings in order of position). Errors: `NoClaim`, `OwnClaim`, `TooManyGames` (of the chain,
		/// or of this claim, which takes as many as its stake would cover the least bond for),
		/// `ProofInvalid`, `UnknownReferee`; the challenge window is over; too little balance. Events:
		/// [`Event::GameOpened`].
		#[pallet::call_index(0)]
		#[pallet::weight((Pallet::<T>::opening_weight(), DispatchClass::Operational))]
		pub fn open(
			origin: OriginFor<T>,
			task: TaskId,
			stride: u32,
			before: Shown,
			after: Shown,
		) -> DispatchResultWithPostInfo {
			Self::do_open(origin, task, Move::Open { stride, before, after })
		}

		/// Opens a game about a claim whose list of states is withheld: the solver must reveal it branch
		/// by branch.
		///
		/// Origin, errors and events as for `open`.
		#[pallet::call_index(1)]
		#[pallet::weight((Pallet::<T>::opening_weight(), DispatchClass::Operational))]
		pub fn open_withheld(origin: OriginFor<T>, task: TaskId) -> DispatchResultWithPostInfo {
			Self::do_open(origin, task, Move::Ask)
		}

		/// Convicts a claim that differs from one of its own heartbeats.
		///
		/// Origin: signed. `states` is the length of the heartbeat's prefix, `leaf` the state, with its
		/// value and path in both lists. Errors as for `open`, and `LeafOutOfRange`, `NoFault`. Events:
		/// [`Event::GameOpened`], [`Event::GameResolved`].
		#[pallet::call_index(2)]
		#[pallet::weight((
			Pallet::<T>::opening_weight().saturating_add(Pallet::<T>::settle_weight()),
			DispatchClass::Operational,
		))]
		pub fn prefix_fault(
			origin: OriginFor<T>,
			task: TaskId,
			states: u32,
			leaf: u32,
			in_heartbeat: Shown,
			in_claim: Shown,
		) -> DispatchResultWithPostInfo {
			let opening = Move::PrefixFault { heartbeat: states, leaf, in_heartbeat, in_claim };
			Self::do_open(origin, task, opening)
		}

		/// Challenger: the list at this level is withheld, reveal it branch by branch.
		///
		/// Origin: signed by the challenger. `position` is the position that the move answers. Errors:
		/// `UnknownGame`, `NotYourGame`, `NotYourTurn`, `StalePosition`, `DeadlinePassed`, `WrongPhase`,
		/// `NothingToAsk`, `UnknownReferee`. Events: [`Event::Moved`].
		#[pallet::call_index(3)]
		#[pallet::weight((Pallet::<T>::light_weight(), DispatchClass::Operational))]
		pub fn ask(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::Ask)
		}

		/// Reveals the hashes four levels below the branch in question.
		///
		/// Origin: signed by anyone. `children` left to right, single leaves as their value. Errors as
		/// for `ask`, and `ProofInvalid`. Events: [`Event::Moved`].
		#[pallet::call_index(4)]
		#[pallet::weight((Pallet::<T>::light_weight(), DispatchClass::Operational))]
		pub fn bisect(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			children: Children,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::Bisect { children })
		}

		/// Challenger: picks the first revealed child that is wrong.
		///
		/// Origin, errors and events as for `ask`, and `LeafOutOfRange`.
		#[pallet::call_index(5)]
		#[pallet::weight((Pallet::<T>::light_weight(), DispatchClass::Operational))]
		pub fn pick(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			child: u32,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::Pick { child })
		}

		/// Solver: commits to the states after each step of the stride.
		///
		/// Origin: signed by the solver. `last` is the path of the last of them, which must be the state
		/// at the end of the stride. Errors as for `ask`, and `ProofInvalid`. Events: [`Event::Moved`].
		#[pallet::call_index(6)]
		#[pallet::weight((Pallet::<T>::light_weight(), DispatchClass::Operational))]
		pub fn post_steps(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			root: Root,
			last: Path,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::PostSteps { root, last })
		}

		/// Challenger: picks the wrong step of the stride.
		///
		/// Origin, errors and events as for `ask`, and `ProofInvalid`, `LeafOutOfRange`,
		/// `WrongNeighbours`. `before` and `after` are given where they are not the stride's own ends.
		#[pallet::call_index(7)]
		#[pallet::weight((Pallet::<T>::light_weight(), DispatchClass::Operational))]
		pub fn pick_step(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			step: u32,
			before: Option<Shown>,
			after: Option<Shown>,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::PickStep { step, before, after })
		}

		/// Solver: commits to the output of every node of the step.
		///
		/// Origin: signed by the solver. Errors and events as for `ask`.
		#[pallet::call_index(8)]
		#[pallet::weight((Pallet::<T>::light_weight(), DispatchClass::Operational))]
		pub fn post_trace(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			root: Root,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::PostTrace { root })
		}

		/// Convicts a trace that does not join the state before or after its step.
		///
		/// Origin: signed by anyone. Errors as for `ask`, and `ProofInvalid`, `NoFault`. Events:
		/// [`Event::Moved`], [`Event::GameResolved`].
		#[pallet::call_index(9)]
		#[pallet::weight((Pallet::<T>::ending_weight(false), DispatchClass::Operational))]
		pub fn join_fault(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			join: Box<Join>,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::JoinFault { join: *join })
		}

		/// Challenger: the state after the step is not what the trace leads to, but its slots are
		/// withheld, reveal them.
		///
		/// Origin, errors and events as for `ask`.
		#[pallet::call_index(10)]
		#[pallet::weight((Pallet::<T>::light_weight(), DispatchClass::Operational))]
		pub fn ask_slots(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::AskSlots)
		}

		/// Challenger: this node's output is wrong but its tiles are withheld, reveal them.
		///
		/// Origin, errors and events as for `ask`, and `ProofInvalid`. `spec` is the node and its path in
		/// the program, `output` its root and path in the trace.
		#[pallet::call_index(11)]
		#[pallet::weight((Pallet::<T>::light_weight(), DispatchClass::Operational))]
		pub fn ask_tiles(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			node: u32,
			spec: Box<NodeProof>,
			output: Shown,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::AskTiles { node, spec: *spec, output })
		}

		/// Challenger: this tile is wrong. With evidence the referee judges it in this call.
		///
		/// Origin, errors and events as for `ask`, and `ProofInvalid`, `ReductionIsSplit`,
		/// [`Event::GameResolved`].
		#[pallet::call_index(12)]
		#[pallet::weight((
			Pallet::<T>::tile_weight(evidence.is_some()),
			DispatchClass::Operational,
		))]
		pub fn pick_tile(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			node: u32,
			tile: u32,
			spec: Box<NodeProof>,
			evidence: Option<Box<TileProof>>,
		) -> DispatchResultWithPostInfo {
			let evidence = evidence.map(|evidence| *evidence);
			let play = Move::PickTile { node, tile, spec: *spec, evidence };
			Self::do_move(origin, game, position, play)
		}

		/// Solver: the partial tiles of a long reduction, as hashes; the last is the tile in the trace.
		///
		/// Origin: signed by the solver. Errors as for `ask`, and `ProofInvalid`. Events:
		/// [`Event::Moved`].
		#[pallet::call_index(13)]
		#[pallet::weight((Pallet::<T>::light_weight(), DispatchClass::Operational))]
		pub fn post_partials(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			partials: Box<PostedPartials>,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::PostPartials { partials: *partials })
		}

		/// Challenger: this block of the reduction is wrong. With evidence the referee judges it in this
		/// call.
		///
		/// Origin, errors and events as for `pick_tile`, and `LeafOutOfRange`.
		#[pallet::call_index(14)]
		#[pallet::weight((
			Pallet::<T>::tile_weight(evidence.is_some()),
			DispatchClass::Operational,
		))]
		pub fn pick_block(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			block: u32,
			evidence: Option<Box<TileProof>>,
		) -> DispatchResultWithPostInfo {
			let evidence = evidence.map(|evidence| *evidence);
			Self::do_move(origin, game, position, Move::PickBlock { block, evidence })
		}

		/// Brings the openings that the challenger could not get; the referee judges in this call.
		///
		/// Origin: signed by anyone. Errors as for `ask`, and `ProofInvalid`. Events: [`Event::Moved`],
		/// [`Event::GameResolved`].
		#[pallet::call_index(15)]
		#[pallet::weight((Pallet::<T>::ending_weight(true), DispatchClass::Operational))]
		pub fn open_tile(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			evidence: Box<TileProof>,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::OpenTile { evidence: *evidence })
		}

		/// Ends a game whose next mover let its clock run out. Where the runtime lacks the game's version of the referee
		/// nobody could move, and the turn begins again instead, without an event.
		///
		/// Origin: signed by anyone; the chain does the same by itself as far as its agenda goes. Errors:
		/// `UnknownGame`, `DeadlineNotReached`. Events: [`Event::GameResolved`].
		#[pallet::call_index(16)]
		#[pallet::weight((Pallet::<T>::ending_weight(false), DispatchClass::Operational))]
		pub fn expire(origin: OriginFor<T>, game: GameId) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			Ok(Some(Self::do_expire(game)?).into())
		}

		/// Challenger: after a search in a withheld claim, the transition to the state that it found is
		/// wrong.
		///
		/// Origin, errors and events as for `ask`, and `ProofInvalid`, `LeafOutOfRange`, `NotTheLeaf`.
		/// Arguments as for `open`.
		#[pallet::call_index(17)]
		#[pallet::weight((Pallet::<T>::light_weight(), DispatchClass::Operational))]
		pub fn pick_stride(
			origin: OriginFor<T>,
			game: GameId,
			position: Root,
			stride: u32,
			before: Shown,
			after: Shown,
		) -> DispatchResultWithPostInfo {
			Self::do_move(origin, game, position, Move::Open { stride, before, after })
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// An open game.
		pub fn game(game: GameId) -> Option<DisputeOf<T>> {
			Disputes::<T>::get(game)
		}

		/// The bond that opening a game against the claim of `task` takes; `None` without a claim.
		pub fn bond_for(task: TaskId) -> Option<BalanceOf<T>> {
			T::Claims::claim(task).map(|claim| Self::bond_of(&claim))
		}
	}
}
