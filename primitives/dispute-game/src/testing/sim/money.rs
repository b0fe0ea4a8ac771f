//! What everybody gains and loses, in millionths of a token, by the runtime's tariffs.

/// Whose money it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Party {
	/// The agent under test.
	Honest,
	/// All accounts of the adversary.
	Foe,
	/// Who has posted the task; it may be one with a lying solver.
	Requester,
}

/// Worth of a move, which is paid back to the side that wins: more than the fee of most.
pub(super) const PER_MOVE: i64 = 20_000;
/// For each byte of a move.
pub(super) const PER_BYTE: i64 = 1;
/// Fee of opening a game, without its bytes. No less than the runtime's.
pub const OPENING_FEE: i64 = 12_000;
/// Fee of an opening that finds no place, without its bytes. No less than the runtime's.
pub const REFUSED_FEE: i64 = 600;
/// Fee of each call that fills a block, and how many of them it takes at least: see `runtime/load/tests/lane.rs`.
pub(super) const FILLING: (i64, i64) = (REFUSED_FEE, 1_000);
/// For each block of replaying: what the slowest admitted machine does in one, 5 · 10¹⁰ operations (`EFFORT_PER_BLOCK` in
/// `runtime/src/configs/dispute.rs`), at the tariff's 10 millionths for each 10⁹.
pub const PER_BLOCK_OF_REPLAY: i64 = 500;
/// Taken from the stake when an undisputed claim is withdrawn, in percent.
pub const WITHDRAWAL: i64 = 50;
/// Least stake behind a task.
pub(super) const LEAST_STAKE: i64 = 10_000_000;

/// What a dispute costs whom. The default is what the runtime has; other values show what they would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
	/// Least bond, in millionths of a token.
	pub bond_base: i64,
	/// How often a bond beyond that covers what a defence costs.
	pub bond_factor: i64,
	/// What the challenger that convicts gets, in percent of the stake, beside its costs.
	pub challenger_share: i64,
	/// What the requester gets then, in percent of the stake.
	pub requester_share: i64,
	/// What it costs to take back a disputed claim, in percent of the stake.
	pub disputed_withdrawal: i64,
	/// The least that it costs, as a multiple of what the claim's challengers spent.
	pub cost_multiple: i64,
	/// Most games about one claim.
	pub places: u32,
	/// Blocks of each side without replays.
	pub clock: u32,
}

impl Default for Terms {
	fn default() -> Self {
		Self {
			bond_base: 4_496_000,
			bond_factor: 5,
			challenger_share: 10,
			requester_share: 25,
			disputed_withdrawal: 50,
			cost_multiple: 10,
			places: 32,
			clock: 300,
		}
	}
}

impl Terms {
	/// The bond of a game about a task whose stride takes so many blocks to replay.
	pub(super) fn bond(&self, replay: u32) -> i64 {
		let moves = 4 * (PER_MOVE + 4096 * PER_BYTE);
		self.bond_base + self.bond_factor * (moves + 2 * replay_cost(replay))
	}
}

/// Worth of replaying a stride that takes so many blocks.
pub(super) fn replay_cost(replay: u32) -> i64 {
	i64::from(replay) * PER_BLOCK_OF_REPLAY
}

/// The books. All changes since the beginning of a match sum up to zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Books {
	free: [i64; 3],
	held: [i64; 3],
	burned: i64,
	/// Fees and tips that were paid, and worth of replays, before anything is paid back.
	fees: [i64; 3],
	tips: [i64; 3],
	work: [i64; 3],
	/// Of fees and work, those of moves that changed nothing.
	wasted: [i64; 3],
}

impl Books {
	/// Puts free money on hold.
	pub(super) fn hold(&mut self, who: Party, amount: i64) {
		self.free[who as usize] -= amount;
		self.held[who as usize] += amount;
	}

	/// Releases money on hold.
	pub(super) fn release(&mut self, who: Party, amount: i64) {
		self.hold(who, -amount);
	}

	/// Takes from what is on hold and gives it to another, to be freely used.
	pub(super) fn pay(&mut self, from: Party, to: Party, amount: i64) {
		self.held[from as usize] -= amount;
		self.free[to as usize] += amount;
	}

	/// Burns from what is on hold.
	pub(super) fn burn(&mut self, from: Party, amount: i64) {
		self.held[from as usize] -= amount;
		self.burned += amount;
	}

	/// A transaction's fee, and the work behind it.
	pub(super) fn spend(&mut self, who: Party, fee: i64, work: i64) {
		self.free[who as usize] -= fee;
		self.burned += fee;
		self.fees[who as usize] += fee;
		self.work[who as usize] += work;
	}

	/// Of what was spent, so much was for nothing.
	pub(super) fn waste(&mut self, who: Party, amount: i64) {
		self.wasted[who as usize] += amount;
	}

	/// What a party spent on moves that changed nothing.
	pub(super) fn wasted(&self, who: Party) -> i64 {
		self.wasted[who as usize]
	}

	/// A tip, which the author of the block gets.
	pub(super) fn tip(&mut self, who: Party, author: Party, tip: i64) {
		self.free[who as usize] -= tip;
		self.free[author as usize] += tip;
		self.tips[who as usize] += tip;
	}

	/// Money out of nothing: a planted fault.
	pub(super) fn mint(&mut self, who: Party, amount: i64) {
		self.free[who as usize] += amount;
	}

	/// Whether no money was made or lost, and nobody has a negative amount on hold.
	pub(super) fn balance(&self) -> bool {
		let sum = |amounts: &[i64; 3]| amounts.iter().sum::<i64>();
		sum(&self.free) + sum(&self.held) + self.burned == 0
			&& self.held.iter().all(|amount| *amount >= 0)
	}

	/// Money of each party that is on hold.
	pub(super) fn held(&self) -> [i64; 3] {
		self.held
	}

	/// What each party may spend, less what it had in the beginning.
	pub(super) fn free(&self) -> [i64; 3] {
		self.free
	}

	/// What a party has more than in the beginning.
	pub(super) fn gain(&self, who: Party) -> i64 {
		self.free[who as usize] + self.held[who as usize]
	}

	/// Worth of a party's moves, with what it tipped.
	pub(super) fn spent(&self, who: Party) -> i64 {
		self.paid(who) + self.work[who as usize]
	}

	/// Fees and tips that a party has paid.
	pub(super) fn paid(&self, who: Party) -> i64 {
		self.fees[who as usize] + self.tips[who as usize]
	}

	/// Tips that a party has paid.
	pub(super) fn tipped(&self, who: Party) -> i64 {
		self.tips[who as usize]
	}
}
