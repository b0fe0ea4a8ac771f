//! Opening games and making moves.

use assay_case::{Case, CaseMove, Heartbeats, Revealed};
use assay_commitment::ProgramCommitment;
use assay_dispute_game::{Effect, Game, Move, Params, Phase, Root, Transition};
use assay_primitives::{Claims, DisputedClaim, TaskId, MAX_OPEN_GAMES};
use assay_referee::Referee;
use codec::Encode;
use frame_support::{
	dispatch::{DispatchResultWithPostInfo, PostDispatchInfo, WithPostDispatchInfo},
	ensure,
	pallet_prelude::{DispatchError, DispatchResult, Pays, Weight},
	traits::{fungible::MutateHold, Get},
};
use frame_system::{
	ensure_signed,
	pallet_prelude::{BlockNumberFor, OriginFor},
};
use sp_runtime::traits::{BlakeTwo256, CheckedDiv, Hash, SaturatedConversion, Saturating};

use crate::{
	frame_support, frame_system, sp_runtime, BalanceOf, Config, Dispute, DisputeOf, Disputes,
	Error, Event, GameId, GamesOf, HoldReason, NextGame, Pallet, Tariff, Transcripts,
};

/// A claim as this runtime describes it.
pub(crate) type ClaimOf<T> =
	DisputedClaim<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

impl<T: Config> Pallet<T> {
	/// The present block, in the game's own unit.
	pub(crate) fn now() -> u32 {
		frame_system::Pallet::<T>::block_number().saturated_into()
	}

	/// The judge of a game: the version that it has stored, and no other.
	fn referee(params: &Params) -> Result<Referee, Error<T>> {
		Referee::of(params.referee).ok_or(Error::UnknownReferee)
	}

	/// The claim before the referee, for one move: only the heartbeat that it names is looked up.
	fn case(
		task: TaskId,
		claim: &ClaimOf<T>,
		params: &Params,
		play: &CaseMove,
	) -> Result<Case, Error<T>> {
		if let Move::PrefixFault { heartbeat, .. } = play {
			return Self::case_with(task, claim, params, [*heartbeat]);
		}
		Self::case_with(task, claim, params, [])
	}

	/// What the referee needs to know about a claim in a game with these parameters, with the heartbeats
	/// of these lengths, as far as they exist and fit.
	pub(crate) fn case_with(
		task: TaskId,
		claim: &ClaimOf<T>,
		params: &Params,
		prefixes: impl IntoIterator<Item = u32>,
	) -> Result<Case, Error<T>> {
		let mut heartbeats = Heartbeats::new();
		for states in prefixes {
			if let Some(root) = T::Claims::heartbeat_root(task, states) {
				// Where they do not all fit, a case with fewer is as true.
				let _ = heartbeats.try_push((states, root));
			}
		}
		let (program, work) = (&claim.spec.program, &claim.spec.work);
		Ok(Case {
			referee: Self::referee(params)?,
			program: ProgramCommitment {
				root: program.root,
				nodes: program.nodes,
				slots: program.slots,
			},
			data: work.data_root,
			records: work.records,
			record_size: work.record_size,
			batch: program.batch,
			seed: work.seed,
			heartbeats,
		})
	}

	/// What is fixed for a game about this claim. The judge is the newest of the claim's operation set.
	pub(crate) fn params(id: GameId, task: TaskId, claim: &ClaimOf<T>) -> Result<Params, Error<T>> {
		let rules = T::Clock::get();
		let (program, work) = (&claim.spec.program, &claim.spec.work);
		let clock = rules.budget(program.effort(work.stride), claim.open_games);
		let referee = Referee::of_opset(program.opset).ok_or(Error::<T>::UnknownReferee)?;
		let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::default());
		let name = (genesis, task, claim.attempt, claim.claim.root, id);
		Ok(Params {
			id: name.using_encoded(BlakeTwo256::hash).0,
			claim: claim.claim.root,
			first_step: work.first_step,
			steps: work.steps,
			stride: work.stride,
			nodes: program.nodes.into(),
			slots: program.slots.into(),
			referee: referee.number(),
			clock,
			reserve: rules.reserve(),
			extension: rules.extension,
		})
	}

	/// Worth of a move.
	fn cost(
		tariff: &Tariff<BalanceOf<T>>,
		claim: &ClaimOf<T>,
		bytes: u32,
		replays: bool,
	) -> BalanceOf<T> {
		let size = tariff.per_byte.saturating_mul(bytes.into());
		let none = BalanceOf::<T>::default();
		let replay = if replays { Self::replay_cost(tariff, claim) } else { none };
		tariff.per_move.saturating_add(size).saturating_add(replay)
	}

	/// Worth of replaying one stride.
	fn replay_cost(tariff: &Tariff<BalanceOf<T>>, claim: &ClaimOf<T>) -> BalanceOf<T> {
		let (program, work) = (&claim.spec.program, &claim.spec.work);
		let flops = program.flops.saturating_mul(work.stride.into());
		let gigaflops = flops.div_ceil(1_000_000_000).saturated_into::<BalanceOf<T>>();
		tariff.per_gigaflop.saturating_mul(gigaflops)
	}

	/// The bond of a game about this claim: a multiple of what defending it costs.
	pub(crate) fn bond_of(claim: &ClaimOf<T>) -> BalanceOf<T> {
		let tariff = T::Tariff::get();
		// A defence replays twice (for the steps and for the trace) and makes four moves of a few KiB.
		let moves = tariff
			.per_move
			.saturating_add(tariff.per_byte.saturating_mul(4096u32.into()))
			.saturating_mul(4u32.into());
		let defence =
			Self::replay_cost(&tariff, claim).saturating_mul(2u32.into()).saturating_add(moves);
		tariff.bond_base.saturating_add(defence.saturating_mul(tariff.bond_factor.into()))
	}

	/// How many games may be open about a claim with this stake: as many as it would cover the least bond for,
	/// so that nobody takes the chain's places with claims that cost it nothing; at least one.
	pub fn places(stake: BalanceOf<T>) -> u32 {
		let bonds = stake.checked_div(&T::Tariff::get().bond_base).unwrap_or_default();
		bonds.saturated_into::<u32>().clamp(1, MAX_OPEN_GAMES)
	}

	/// The claim that an account may open a game about. Only this is paid for by those who may not.
	fn open_claim(task: TaskId, challenger: &T::AccountId) -> Result<ClaimOf<T>, Error<T>> {
		let claim = T::Claims::claim(task).ok_or(Error::NoClaim)?;
		ensure!(*challenger != claim.solver, Error::OwnClaim);
		ensure!(Disputes::<T>::count() < T::MaxGames::get(), Error::TooManyGames);
		ensure!(claim.open_games < Self::places(claim.stake), Error::TooManyGames);
		Ok(claim)
	}

	pub(crate) fn do_open(
		origin: OriginFor<T>,
		task: TaskId,
		opening: CaseMove,
	) -> DispatchResultWithPostInfo {
		let challenger = ensure_signed(origin)?;
		let claim = Self::open_claim(task, &challenger)
			.map_err(|error| error.with_weight(Self::refused_opening_weight()))?;
		let id = NextGame::<T>::get();
		let params = Self::params(id, task, &claim)?;
		let case = Self::case(task, &claim, &params, &opening)?;
		let transition =
			Game::open(params, &opening, Self::now(), &case).map_err(Error::<T>::from)?;
		T::Claims::game_opened(task)?;
		let bond = Self::bond_of(&claim);
		T::Currency::hold(&HoldReason::Bond.into(), &challenger, bond)?;
		GamesOf::<T>::try_mutate(task, |games| games.try_push(id))
			.map_err(|_| Error::<T>::TooManyGames)?;
		NextGame::<T>::put(id.saturating_add(1));
		Self::deposit_event(Event::GameOpened {
			game: id,
			task,
			attempt: claim.attempt,
			challenger: challenger.clone(),
			solver: claim.solver.clone(),
			bond,
			clock: params.clock,
		});
		let dispute = Dispute {
			task,
			attempt: claim.attempt,
			challenger: challenger.clone(),
			solver: claim.solver.clone(),
			#[cfg(feature = "next")]
			opened_under: <T as frame_system::Config>::Version::get().spec_version,
			bond,
			tariff: T::Tariff::get(),
			challenger_cost: BalanceOf::<T>::default(),
			solver_cost: BalanceOf::<T>::default(),
			traced: false,
			agenda: BlockNumberFor::<T>::default(),
			game: transition.game.clone(),
		};
		let ended = Self::carry_on(id, dispute, &claim, &challenger, &opening, transition)?;
		Ok(Some(Self::opening_weight().saturating_add(ended)).into())
	}

	pub(crate) fn do_move(
		origin: OriginFor<T>,
		id: GameId,
		position: Root,
		play: CaseMove,
	) -> DispatchResultWithPostInfo {
		let who = ensure_signed(origin)?;
		let dispute = Disputes::<T>::get(id).ok_or(Error::<T>::UnknownGame)?;
		let side = play.kind().side();
		let entitled = who == *dispute.account(side) || play.kind().is_self_evident();
		ensure!(entitled, Error::<T>::NotYourGame);
		let claim = T::Claims::claim(dispute.task).ok_or(Error::<T>::NoClaim)?;
		let case = Self::case(dispute.task, &claim, dispute.game.params(), &play)?;
		let game = dispute.game.clone();
		let transition =
			game.apply(side, position, &play, Self::now(), &case).map_err(Error::<T>::from)?;
		if transition.effect == Effect::AlreadyStands {
			return Ok(().into());
		}
		let ended = Self::carry_on(id, dispute, &claim, &who, &play, transition)?;
		let spent = Self::move_weight(Self::is_judged(&play)).saturating_add(ended);
		Ok(PostDispatchInfo { actual_weight: Some(spent), pays_fee: Pays::Yes })
	}

	/// Whether the referee judges the move.
	fn is_judged(play: &CaseMove) -> bool {
		match play {
			Move::OpenTile { .. }
			| Move::PickTile { evidence: Some(_), .. }
			| Move::PickBlock { evidence: Some(_), .. } => true,
			Move::PickTile { evidence: None, .. }
			| Move::PickBlock { evidence: None, .. }
			| Move::Open { .. }
			| Move::PrefixFault { .. }
			| Move::Ask
			| Move::Bisect { .. }
			| Move::Pick { .. }
			| Move::PostSteps { .. }
			| Move::PickStep { .. }
			| Move::PostTrace { .. }
			| Move::JoinFault { .. }
			| Move::AskTiles { .. }
			| Move::AskSlots
			| Move::PostPartials { .. }
			| Move::Concede => false,
		}
	}

	/// Stores a game after a move, or settles it when the move ended it. Returns what settling weighed.
	fn carry_on(
		id: GameId,
		mut dispute: DisputeOf<T>,
		claim: &ClaimOf<T>,
		by: &T::AccountId,
		play: &CaseMove,
		Transition { game, effect }: Transition,
	) -> Result<Weight, DispatchError> {
		let kind = play.kind();
		let bytes = u32::try_from(play.encoded_size()).unwrap_or(u32::MAX);
		let replays = dispute.game.phase().kind().needs_replay();
		dispute.charge(kind.side(), Self::cost(&dispute.tariff, claim, bytes, replays));
		dispute.traced |= matches!(play, Move::PostTrace { .. });
		Self::deposit_event(Event::Moved {
			game: id,
			kind,
			side: kind.side(),
			by: by.clone(),
			bytes,
			position: game.position(),
			effect,
		});
		Self::write_down(id, &dispute.game, play)?;
		dispute.game = game;
		match effect {
			Effect::Ended(outcome) => Self::settle(id, dispute, outcome),
			Effect::Turn { .. } | Effect::AlreadyStands => {
				Self::store_and_schedule(id, dispute)?;
				Ok(Weight::zero())
			},
		}
	}

	/// Keeps what a move reveals and later moves build on. `before` is the game before the move.
	fn write_down(id: GameId, before: &Game, play: &CaseMove) -> DispatchResult {
		if let (Phase::Bisect { level, run, .. }, Move::Bisect { children }) =
			(before.phase(), play)
		{
			let entry = Revealed { level: *level, run: *run, children: children.clone() };
			Transcripts::<T>::try_mutate(id, |said| {
				said.revealed.try_push(entry).map_err(|_| Error::<T>::NothingToAsk)
			})?;
		}
		if let Move::PostPartials { partials } = play {
			Transcripts::<T>::mutate(id, |said| said.partials = partials.partials.clone());
		}
		Ok(())
	}

	/// Ends a game whose clock has run out, or begins the turn again if the runtime lacks its referee. Returns what that
	/// weighed.
	pub(crate) fn do_expire(id: GameId) -> Result<Weight, DispatchError> {
		let mut dispute = Disputes::<T>::get(id).ok_or(Error::<T>::UnknownGame)?;
		let expired = dispute.game.clone().timeout(Self::now()).map_err(Error::<T>::from)?;
		// Nobody is silent in a game in which nobody can move.
		if Self::referee(dispute.game.params()).is_err() {
			dispute.game = dispute.game.restarted(Self::now());
			Self::store_and_schedule(id, dispute)?;
			return Ok(Self::move_weight(false));
		}
		dispute.game = expired.game;
		match expired.effect {
			Effect::Ended(outcome) => {
				let ended = Self::settle(id, dispute, outcome)?;
				Ok(Self::move_weight(false).saturating_add(ended))
			},
			Effect::Turn { .. } | Effect::AlreadyStands => {
				Err(Error::<T>::DeadlineNotReached.into())
			},
		}
	}
}
