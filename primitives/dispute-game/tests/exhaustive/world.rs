//! The chain, the honest agent and the adversary around one real game.
//!
//! A block holds any moves in any order, for the adversary sees the pool and orders it. The honest agent
//! looks at the end of each block and sends one move for the next. The adversary holds it back, within
//! [`Bounds::budget`](crate::bounds::Bounds::budget); so do its crash and the blocks of a re-org in which
//! it is blind, on the same account, which its clock is sized for.
//!
//! # What keeps the world small
//!
//! None of these leaves out a way to harm the honest side.
//! - A re-org is one step from the block where the fork is: what may be said in the blocks that it undoes is
//!   tried there. So no state has to remember past blocks.
//! - Of an undone branch the moves up to the last that only the honest agent can make are kept. Whatever
//!   the adversary or a third account said, they may say again anyway. A branch of which nothing is kept is as though
//!   it had not been; one in which blocks pass idly leaves no more than a shorter one.
//! - A re-org comes between two blocks. One within a block would undo the same and the honest move that is in
//!   that block, which is in the pool also where it is not.
//! - A crash that is over leaves nothing behind, for the agent keeps nothing: it may crash as often as the account
//!   allows, instead of once.
//! - A crash is noticed when a block ends: by the move that was not sent, and by the next, which is not
//!   sent in time. That it was not sent is, within the block, the same as that it was held back.

use std::{
	collections::HashSet,
	panic::{catch_unwind, AssertUnwindSafe},
	rc::Rc,
};

use crate::{
	board::{Board, Rules, Sent},
	invariants::{self, at, Waited},
	search::{digest, Model, Step},
};

/// Everything that matters for what comes.
#[derive(Clone)]
pub(crate) struct State {
	/// The game, in the block that is being made.
	board: Rc<Board>,
	/// Its number.
	now: u32,
	/// Whether anything has happened in it.
	moved: bool,
	/// Blocks that each side was awaited for.
	waited: Waited,
	/// Whether the honest agent's move is in the pool.
	pending: bool,
	/// Moves that a re-org has undone: each answers what the one before led to.
	pool: Rc<Vec<Sent>>,
	/// Blocks until now in which the honest side could not get a move through.
	spent: u8,
	/// Blocks until the honest agent is up and sees the chain.
	away: u8,
	reorged: bool,
}

impl State {
	/// The same block with one more thing in it, to which the honest agent has not answered.
	fn with(&self, board: Rc<Board>) -> Self {
		Self { board, moved: true, pending: false, ..self.clone() }
	}
}

impl Rules {
	/// Whether the honest side is awaited.
	fn owed(&self, board: &Board) -> bool {
		board.mover() == Some(self.set.honest)
	}

	/// Whether the honest side can be held back no longer.
	fn exhausted(&self, state: &State) -> bool {
		state.spent >= self.set.bounds.budget
	}

	/// What the honest agent sends at the beginning of a block.
	fn compose(&self, state: &mut State) {
		if self.exhausted(state) {
			state.away = 0;
		}
		if state.away == 0 {
			state.pending = self.owed(&state.board);
		}
	}

	fn push(&self, out: &mut Vec<(Step, State)>, state: &State, step: Step, sent: &Sent) {
		if let Ok(Some(board)) = self.attempt(&state.board, sent, state.now) {
			out.push((step, state.with(board)));
		}
	}

	/// The block ends, if it may; `down` for so many blocks, of which it is one, the agent has crashed.
	fn block(&self, state: &State, pending: bool, down: u8) -> Option<State> {
		let deadline = state.board.game.as_ref().and_then(|game| game.deadline());
		// Expiry is served by the next block at the latest.
		if deadline.is_some_and(|deadline| state.now > deadline) {
			return None;
		}
		// An adversary opens in the first block, else it might never. Games know differences of blocks only.
		if state.board.game.is_none() && !self.owed(&state.board) {
			return None;
		}
		let missed = self.owed(&state.board) && !state.moved;
		if missed && self.exhausted(state) {
			return None;
		}
		let mut next = State { pending, moved: false, ..state.clone() };
		next.spent += u8::from(missed);
		if let Some(mover) = state.board.mover().filter(|_| state.board.game.is_some()) {
			next.waited[at(mover)] += 1;
		}
		next.now += 1;
		next.away = state.away.max(down).saturating_sub(1);
		next.pool = self.useful(&next);
		self.compose(&mut next);
		Some(next)
	}

	/// Undone moves that still answer something.
	fn useful(&self, state: &State) -> Rc<Vec<Sent>> {
		let position = self.position(&state.board);
		match state.pool.iter().position(|sent| sent.position == position) {
			Some(0) => state.pool.clone(),
			Some(first) => Rc::new(state.pool[first..].to_vec()),
			None => Default::default(),
		}
	}

	/// The blocks since the one that `fork` begins are undone, of which there are `depth`; nothing where no move comes
	/// back that only the honest agent can make.
	fn undo(&self, fork: &State, state: &State, depth: u32) -> Option<State> {
		let undone = &state.board.records[fork.board.records.len()..];
		let mut pool = undone.to_vec();
		self.replay(&fork.board, &pool, fork.now);
		pool.extend(state.pending.then(|| self.honest(&state.board)));
		// What the agent would say now is looked for among what anyone may.
		self.third(&state.board);
		let last = pool.iter().rposition(|sent| !self.is_free(sent))?;
		pool.truncate(last + 1);
		let mut next = State {
			board: fork.board.clone(),
			now: fork.now,
			moved: false,
			waited: fork.waited,
			pending: false,
			pool: Rc::new(pool),
			away: state.away.max(depth as u8),
			reorged: true,
			..state.clone()
		};
		self.compose(&mut next);
		Some(next)
	}

	/// Whatever a re-org can leave behind whose first undone block begins here.
	fn reorgs(&self, fork: &State) -> Vec<(Step, State)> {
		let most = u32::from(self.set.bounds.reorg);
		let (mut out, mut known) = (Vec::new(), HashSet::new());
		if fork.moved || fork.reorged || most == 0 {
			return out;
		}
		let mut branch = vec![fork.clone()];
		while let Some(state) = branch.pop() {
			let (depth, over) = (state.now - fork.now, self.ended(&state));
			// Blocks pass after the end, too.
			let depth = if over { depth + 1 } else { depth };
			if depth > 0 && (over || !state.moved) {
				let next = self.undo(fork, &state, depth);
				let next = next.filter(|next| known.insert(self.key(next)));
				out.extend(next.map(|next| (("reorg", depth as u8), next)));
			}
			if depth < most && !over {
				// Left out where nobody crashed: a shorter branch leaves the same.
				let idle = |step: Step| step.0 == "block" && !state.moved && state.away == 0;
				// What is wrong there is found without the re-org, too, and the way to it told.
				let next = catch_unwind(AssertUnwindSafe(|| self.extended(&state)));
				let next = next.unwrap_or_default().into_iter().filter(|(step, _)| !idle(*step));
				branch
					.extend(next.map(|(_, next)| next).filter(|next| known.insert(self.key(next))));
			}
		}
		out
	}

	/// Moves do not depend on the block they are in: replayed in their order, all are accepted.
	fn replay(&self, base: &Rc<Board>, moves: &[Sent], now: u32) {
		moves.iter().fold(base.clone(), |board, sent| match self.attempt(&board, sent, now) {
			Ok(Some(next)) => next,
			refused => panic!("a re-org lost a move: {:?}", refused.map(|_| ())),
		});
	}

	/// The ways in which the block may end.
	fn blocks(&self, out: &mut Vec<(Step, State)>, state: &State) {
		out.extend(self.block(state, state.pending, 0).map(|next| (("block", 0), next)));
		let down = self.set.bounds.down;
		if down == 0 || state.away > 0 {
			return;
		}
		let sent = [(0, false), (1, true)];
		for (which, pending) in sent.into_iter().filter(|(_, sent)| state.pending || !sent) {
			out.extend(self.block(state, pending, down).map(|next| (("crash", which), next)));
		}
	}

	/// All that can be next on one fork.
	fn extended(&self, state: &State) -> Vec<(Step, State)> {
		let mut out = Vec::new();
		if state.pending {
			let sent = self.honest(&state.board);
			let deadline = state.board.game.as_ref().and_then(|game| game.deadline());
			let accepted = self.attempt(&state.board, &sent, state.now);
			let refused = accepted.as_ref().err().copied();
			let late = deadline.is_some_and(|deadline| state.now >= deadline);
			assert!(late || refused.is_none(), "an honest move was refused: {refused:?}");
			self.push(&mut out, state, ("honest", 0), &sent);
		}
		for (which, sent) in state.pool.iter().enumerate() {
			self.push(&mut out, state, ("undone", which as u8), sent);
		}
		if self.owed(&state.board) {
			for (which, sent) in self.third(&state.board).iter().enumerate() {
				self.push(&mut out, state, ("third", which as u8), sent);
			}
		} else {
			for (which, sent) in self.adversary(&state.board).iter().enumerate() {
				self.push(&mut out, state, ("adversary", which as u8), sent);
			}
		}
		if let Ok(board) = self.expire(&state.board, state.now) {
			out.push((("expire", 0), state.with(board)));
		}
		self.blocks(&mut out, state);
		out
	}
}

impl Model for Rules {
	type State = State;

	fn root(&self) -> State {
		let mut state = State {
			board: self.unopened(),
			now: 0,
			moved: false,
			waited: [0, 0],
			pending: false,
			pool: Default::default(),
			spent: 0,
			away: 0,
			reorged: false,
		};
		self.compose(&mut state);
		state
	}

	fn verify(&self, state: &State) {
		if !self.verified.borrow_mut().insert((state.board.id, state.now, state.waited)) {
			return;
		}
		match &state.board.game {
			Some(game) if game.mover().is_some() => {
				invariants::live(self, &state.board, game, state.waited, state.now);
			},
			Some(game) => invariants::over(self, &state.board, game, state.now),
			None => (),
		}
	}

	fn next(&self, state: &State) -> Vec<(Step, State)> {
		if self.ended(state) {
			return Vec::new();
		}
		let mut out = self.reorgs(state);
		out.extend(self.extended(state));
		out
	}

	fn key(&self, state: &State) -> u128 {
		let pool = state.pool.last().map(|sent| sent.position);
		let flags = [state.moved, state.pending, state.reorged];
		digest(&(state.board.id, state.now, pool, state.spent, state.away, flags))
	}

	fn ended(&self, state: &State) -> bool {
		state.board.game.is_some() && !state.board.is_live()
	}

	/// No way leads back: every step makes this larger, and all of it is bounded.
	fn check(&self, before: &State, after: &State) {
		let rank = |state: &State| {
			let moves = state.board.game.as_ref().map_or(0, |game| game.moves());
			(state.reorged, state.now, moves, self.ended(state))
		};
		assert!(rank(before) < rank(after), "a way leads back");
	}
}
