//! The last move of a game, judged by the native runtime and by blocks of the real wasm.

use super::{block::Machine, people::*, table::*};
use assay_dispute_game::{Fault, Move, MoveKind, Outcome};
use assay_runtime::{
	configs::{BlockLength, BlockWeights},
	RuntimeCall, System,
};
use polkadot_sdk::{
	frame_support::{
		dispatch::{DispatchClass, GetDispatchInfo},
		storage::{with_transaction, TransactionOutcome},
		weights::Weight,
	},
	sp_io::TestExternalities,
	sp_keyring::Sr25519Keyring,
	sp_runtime::DispatchError,
};

/// How the game ends for a liar.
pub(crate) const CONVICTED: Outcome = Outcome::Convicted(Fault::Tile);

/// Most bytes of a move with evidence for one tile: the openings, and what is around them.
const MOST_BYTES: usize = (160 + 4) * 1024;

/// The last move of a game, which the referee judges, and the chain on which it is about to be made.
pub(crate) struct LastMove {
	pub(crate) chain: TestExternalities,
	who: Sr25519Keyring,
	pub(crate) call: RuntimeCall,
}

/// Who brings the evidence.
#[derive(Clone, Copy)]
pub(crate) enum Opens {
	/// The challenger, with `pick_tile` or `pick_block`.
	Challenger,
	/// The solver, with `open_tile`.
	Solver,
}

impl LastMove {
	/// Plays a game up to the move.
	pub(crate) fn new(table: impl FnOnce() -> Table, pick: MoveKind, opens: Opens) -> Self {
		let mut chain = started();
		let (who, call) = chain.execute_with(|| {
			let table = table();
			let game = table.open();
			let (who, play) = table.until(game, pick);
			match (opens, play) {
				(Opens::Solver, Move::PickTile { node, tile, spec, .. }) => {
					ok(who, call(game, Move::PickTile { node, tile, spec, evidence: None }));
					let (who, play) = table.until(game, MoveKind::OpenTile);
					(who, call(game, play))
				},
				(_, play) => (who, call(game, play)),
			}
		});
		Self { chain, who, call }
	}

	/// How the game ends when the native runtime executes the move. Leaves no trace.
	pub(crate) fn native(&mut self) -> Outcome {
		let (who, call) = (self.who, self.call.clone());
		self.chain.execute_with(|| {
			let outcome = with_transaction(|| {
				System::reset_events();
				let sent = send(who, call);
				let outcome = sent.map(|()| resolution(&take_events()).0);
				TransactionOutcome::Rollback(Ok::<_, DispatchError>(outcome))
			});
			outcome.and_then(|outcome| outcome).expect("the move is right")
		})
	}

	/// How the game ends when a block of the wasm has the move. Checks that it fits, and says what it
	/// took.
	pub(crate) fn in_block(&mut self, machine: &Machine, name: &str) -> Outcome {
		let info = self.call.get_dispatch_info();
		assert_eq!(info.class, DispatchClass::Operational);
		assert!(info.call_weight.all_lte(most(info.class)));
		let applied = machine.make_block(&mut self.chain, self.who, self.call.clone());
		assert!(applied.bytes <= MOST_BYTES);
		assert!(applied.bytes <= *BlockLength::get().max.get(info.class) as usize);
		eprintln!(
			"{name}: {} bytes, applied in {:?}, declared {:?}",
			applied.bytes,
			applied.time,
			std::time::Duration::from_nanos(info.call_weight.ref_time() / 1_000),
		);
		self.chain.execute_with(|| {
			check_books();
			resolution(&take_events()).0
		})
	}
}

/// The most weight that one transaction of a class may declare.
pub(crate) fn most(class: DispatchClass) -> Weight {
	BlockWeights::get().get(class).max_extrinsic.expect("the class has a limit")
}
