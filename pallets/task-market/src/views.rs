//! What readers outside the chain see, and what must hold between constants.

use assay_ops::Program;
use assay_primitives::{Games, Stakes, TaskId, TaskPhase, TaskView, MAX_PAYOUTS};
use frame_support::{pallet_prelude::Weight, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
	traits::{One, Zero},
	Permill,
};

use crate::{
	frame_support, frame_system, sp_runtime, BalanceOf, Config, Heartbeats, Pallet, Receipts,
	Tasks, WeightInfo,
};

impl<T: Config> Pallet<T> {
	/// Where a task stands; `None` for an id without a live task or a receipt.
	pub fn phase_of(id: TaskId) -> Option<TaskPhase> {
		match Tasks::<T>::get(id) {
			Some(task) => Some(task.phase()),
			None => Receipts::<T>::contains_key(id).then_some(TaskPhase::Final),
		}
	}

	pub(crate) fn task_view(
		id: TaskId,
	) -> Option<TaskView<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>> {
		let task = Tasks::<T>::get(id)?;
		Some(TaskView {
			phase: task.phase(),
			deadline: task.deadline(),
			solver: task.job().map(|job| (job.solver.clone(), job.price)),
			heartbeat: Heartbeats::<T>::get(id).last().copied(),
			claim: task.claim().copied(),
			open_games: task.games(),
			requester: task.requester,
			spec: task.spec,
			attempt: task.attempt,
		})
	}

	/// Nodes and slots of a program: what admission is linear in.
	pub(crate) fn leaves(program: &Program) -> u32 {
		let leaves = program.nodes.len().saturating_add(program.slots.len());
		u32::try_from(leaves).unwrap_or(u32::MAX)
	}

	/// Weight of taking back a claim with so many open games, each of whose challengers is paid, as is the requester.
	pub(crate) fn withdraw_claim_weight(games: u32) -> Weight {
		T::WeightInfo::withdraw_claim()
			.saturating_add(T::Games::withdraw_weight(games))
			.saturating_add(T::Stakes::slash_weight(games.saturating_add(1).min(MAX_PAYOUTS)))
	}

	pub(crate) fn check_constants() {
		let (limits, prices) = (T::Limits::get(), T::Prices::get());
		assert!(
			T::Penalties::get().burns_half(),
			"a coalition that accuses itself must lose half of the stake"
		);
		let penalties = T::Penalties::get();
		// Below that, simulated attacks win or cost less than ten times their harm (ADR 0021).
		assert!(
			penalties.challenger_share >= Permill::from_percent(5),
			"who finds a lie must be paid enough to look for it"
		);
		assert!(
			penalties.disputed_withdrawal >= Permill::from_percent(25),
			"it must not be cheap to lie and to take it back when it is found"
		);
		assert!(
			penalties.withdrawal >= penalties.missed_deadline,
			"a late solver must not get off lightly by claiming something and withdrawing it"
		);
		assert!(
			penalties.disputed_withdrawal >= penalties.withdrawal && penalties.cost_multiple >= 10,
			"whoever makes others work for nothing must lose ten times what it cost them"
		);
		assert!(prices.stake_factor > One::one(), "a solver must have more to lose than to gain");
		assert!(!prices.minimum_stake.is_zero(), "some stake must stand behind every task");
		assert!(!prices.row_deposit.is_zero(), "rows without a deposit are free spam");
		assert!(limits.attempts > 0, "a task must be given to a solver once");
		assert!(!limits.window_min.is_zero(), "stages must last");
		assert!(limits.window_min <= limits.window_max, "some window must be allowed");
		assert!(limits.challenge_min <= limits.window_max, "some challenge window must be allowed");
		assert!(limits.window_min <= limits.training_max, "some training must be allowed");
		assert!(
			T::AgendaSize::get() > 0 && T::AgendaSearch::get() > 0,
			"the agenda must have room"
		);
		let one_task = T::WeightInfo::tick_base()
			.saturating_add(T::WeightInfo::tick_bucket())
			.saturating_add(Self::tick_task_weight());
		assert!(one_task.all_lte(T::TickWeight::get()), "the agenda must get on in every block");
	}
}
