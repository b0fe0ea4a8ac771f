//! The passing of blocks.

use super::Scene;
use crate::{command::Command, model::Stage};
use assay_runtime::{BlockNumber, Runtime};
use pallet_compute_staking::Solvers;
use pallet_dispute::Disputes;

impl Scene<'_> {
	/// The next block, soon or when something is due.
	pub(super) fn block(&mut self) -> Command {
		let ahead = match self.dice.small(1_000) {
			0..=799 => 1,
			800..=879 => 1 + self.dice.small(9),
			880..=949 => self.until(self.due_task()),
			950..=992 => self.until(self.due_game()),
			993..=995 => self.until(self.due_stake()),
			996..=998 => 1 + self.dice.small(2_000),
			// So far that agendas stay behind for some blocks.
			_ => 1 + self.dice.small(100_000),
		};
		Command::Block { ahead }
	}

	fn until(&self, block: Option<BlockNumber>) -> BlockNumber {
		block.and_then(|block| block.checked_sub(self.now)).unwrap_or(0).max(1)
	}

	/// The first block after the deadline of the task whose turn is next.
	fn due_task(&self) -> Option<BlockNumber> {
		let deadline = |stage: &Stage| match stage {
			Stage::Open { until, .. }
			| Stage::Running { until, .. }
			| Stage::Claimed { until, .. } => *until,
		};
		let deadlines = self.model.tasks.values().map(|task| deadline(&task.stage) + 1);
		deadlines.filter(|block| *block > self.now).min()
	}

	fn due_game(&self) -> Option<BlockNumber> {
		let games = self.model.games.keys();
		let deadlines = games.filter_map(|game| Disputes::<Runtime>::get(game)?.game.deadline());
		deadlines.filter(|block| *block > self.now).min()
	}

	fn due_stake(&self) -> Option<BlockNumber> {
		let chunks = Solvers::<Runtime>::iter_values()
			.filter_map(|solver| solver.unbonding.first().map(|chunk| chunk.due));
		chunks.filter(|block| *block > self.now).min()
	}
}
