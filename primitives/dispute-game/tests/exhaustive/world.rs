//! The chain, the honest agent and the adversary around one real game.
//!
//! A block holds any moves in any order, for the adversary sees the pool and orders it. The honest agent
//! looks at the end of each block and sends one move for the next. The adversary holds it back, within
//! [`Bounds::streak`] and [`Bounds::budget`](crate::bounds::Bounds::budget); so do its crash and the
//! blocks of a re-org in which it is blind, on the same account.
//!
//! [`Bounds::streak`]: crate::bounds::Bounds::streak

use std::rc::Rc;

use assay_dispute_game::Root;
use codec::Encode;

use crate::{
	board::{Board, Rules, Sent},
	invariants::{self, at, Waited},
	search::{digest, Model, Step},
};

/// Last block in which an adversary opens the game; else it might never.
const OPEN_BY: u32 = 1;

/// The chain as it was at the end of a block.
#[derive(Clone)]
struct Past {
	board: Rc<Board>,
	waited: Waited,
}

/// Everything that matters for what comes.
#[derive(Clone)]
pub(crate) struct State {
	/// The game, in the block that is being made.
	board: Rc<Board>,
	/// Its number.
	now: u32,
	/// Ends of the blocks before, the latest last; as many as a re-org may undo, and one.
	past: Vec<Past>,
	/// Blocks that each side was awaited for.
	waited: Waited,
	/// The honest agent's move, in the pool.
	pending: Option<Sent>,
	/// Moves that a re-org has undone.
	pool: Vec<Sent>,
	/// Blocks until now, without a break, in which the honest side could not get a move through.
	missed: u8,
	/// Such blocks in all.
	spent: u8,
	/// Blocks until the honest agent is up, and until it sees the new fork.
	down: u8,
	blind: u8,
	crashed: bool,
	reorged: bool,
}

impl State {
	/// The same block with one more thing in it.
	fn with(&self, board: Rc<Board>, position: Root) -> Self {
		let pending = self.pending.clone().filter(|sent| sent.position == position);
		Self { board, pending, ..self.clone() }
	}
}

impl Rules {
	/// Whether the honest side is awaited.
	fn owed(&self, board: &Board) -> bool {
		board.mover() == Some(self.set.honest)
	}

	/// Whether the honest side can be held back no longer.
	fn exhausted(&self, state: &State) -> bool {
		state.missed >= self.set.bounds.streak || state.spent >= self.set.bounds.budget
	}

	/// What the honest agent sends at the beginning of a block.
	fn compose(&self, state: &mut State) {
		if self.exhausted(state) {
			(state.down, state.blind) = (0, 0);
		}
		if state.down == 0 && state.blind == 0 {
			state.pending = self.owed(&state.board).then(|| self.honest(&state.board));
		}
	}

	fn push(&self, out: &mut Vec<(Step, State)>, state: &State, step: Step, sent: &Sent) {
		if let Ok(Some(board)) = self.attempt(&state.board, sent, state.now) {
			let position = self.position(&board);
			out.push((step, state.with(board, position)));
		}
	}

	/// The block ends, if it may.
	fn block(&self, state: &State) -> Option<State> {
		let bounds = &self.set.bounds;
		let deadline = state.board.game.as_ref().and_then(|game| game.deadline());
		// Expiry is served by the next block at the latest.
		if deadline.is_some_and(|deadline| state.now > deadline) {
			return None;
		}
		let unopened = state.board.game.is_none() && !self.owed(&state.board);
		if unopened && state.now >= OPEN_BY {
			return None;
		}
		let began = state.past.last().map(|past| past.board.id);
		let missed = self.owed(&state.board) && began == Some(state.board.id);
		if missed && self.exhausted(state) {
			return None;
		}
		let mut next = state.clone();
		next.missed = if missed { state.missed + 1 } else { 0 };
		next.spent += u8::from(missed);
		if let Some(mover) = state.board.mover().filter(|_| state.board.game.is_some()) {
			next.waited[at(mover)] += 1;
		}
		next.past.push(Past { board: state.board.clone(), waited: next.waited });
		let keep = if state.reorged { 1 } else { usize::from(bounds.reorg) + 1 };
		next.past.drain(..next.past.len().saturating_sub(keep));
		next.now += 1;
		next.down = state.down.saturating_sub(1);
		next.blind = state.blind.saturating_sub(1);
		next.pool = self.useful(&next);
		self.compose(&mut next);
		Some(next)
	}

	/// Undone moves that still answer something.
	fn useful(&self, state: &State) -> Vec<Sent> {
		let mut positions = vec![self.position(&state.board)];
		let answers = |sent: &&Sent| {
			let useful = positions.contains(&sent.position);
			positions.extend(useful.then(|| self.successor(sent)));
			useful
		};
		state.pool.iter().filter(answers).cloned().collect()
	}

	/// The last `depth` blocks, and the one that is being made, are undone.
	fn reorg(&self, state: &State, depth: usize) -> Option<State> {
		let base = state.past.len().checked_sub(depth + 1)?;
		let base = state.past[base].clone();
		let undone = &state.board.records[base.board.records.len()..];
		let mut pool = undone.to_vec();
		let now = state.now - depth as u32;
		self.replay(&base.board, &pool, now);
		pool.extend(state.pending.clone());
		let mut next = State {
			board: base.board.clone(),
			now,
			waited: base.waited,
			past: vec![base],
			pending: None,
			pool,
			blind: depth as u8,
			reorged: true,
			..state.clone()
		};
		self.compose(&mut next);
		Some(next)
	}

	/// Moves do not depend on the block they are in: replayed in their order, all are accepted.
	fn replay(&self, base: &Rc<Board>, moves: &[Sent], now: u32) {
		moves.iter().fold(base.clone(), |board, sent| match self.attempt(&board, sent, now) {
			Ok(Some(next)) => next,
			refused => panic!("a re-org lost a move: {:?}", refused.map(|_| ())),
		});
	}

	/// The honest agent stops, with its move sent or not.
	fn crash(&self, state: &State, sent: bool) -> Option<State> {
		let stuck = self.exhausted(state) && self.owed(&state.board) && !sent;
		if stuck || (sent && state.pending.is_none()) {
			return None;
		}
		let pending = state.pending.clone().filter(|_| sent);
		Some(State { pending, crashed: true, down: self.set.bounds.down, ..state.clone() })
	}
}

impl Model for Rules {
	type State = State;

	fn root(&self) -> State {
		let board = self.unopened();
		let mut state = State {
			past: vec![Past { board: board.clone(), waited: [0, 0] }],
			board,
			now: 0,
			waited: [0, 0],
			pending: None,
			pool: Vec::new(),
			missed: 0,
			spent: 0,
			down: 0,
			blind: 0,
			crashed: false,
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
		let mut out = Vec::new();
		if !state.reorged && self.set.bounds.reorg > 0 {
			for depth in 1..state.past.len() {
				out.extend(self.reorg(state, depth).map(|next| (("reorg", depth as u8), next)));
			}
		}
		if self.ended(state) {
			return out;
		}
		if let Some(sent) = &state.pending {
			let deadline = state.board.game.as_ref().and_then(|game| game.deadline());
			let accepted = self.attempt(&state.board, sent, state.now);
			let refused = accepted.as_ref().err().copied();
			let late = deadline.is_some_and(|deadline| state.now >= deadline);
			assert!(late || refused.is_none(), "an honest move was refused: {refused:?}");
			self.push(&mut out, state, ("honest", 0), sent);
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
			let position = self.position(&board);
			out.push((("expire", 0), state.with(board, position)));
		}
		if !state.crashed && self.set.bounds.down > 0 {
			for sent in [false, true] {
				out.extend(self.crash(state, sent).map(|next| (("crash", u8::from(sent)), next)));
			}
		}
		out.extend(self.block(state).map(|next| (("block", 0), next)));
		out
	}

	fn key(&self, state: &State) -> u128 {
		let past: Vec<u128> = match state.reorged {
			true => state.past.iter().map(|past| past.board.id).rev().take(1).collect(),
			false => state.past.iter().map(|past| past.board.id).collect(),
		};
		let pool: Vec<Root> = state.pool.iter().map(|sent| self.successor(sent)).collect();
		let flags = [state.missed, state.spent, state.down, state.blind];
		let booleans = [state.pending.is_some(), state.crashed, state.reorged];
		digest(&(state.board.id, state.now, past, pool, flags, booleans).encode())
	}

	fn ended(&self, state: &State) -> bool {
		state.board.game.is_some() && !state.board.is_live()
	}

	/// No way leads back: every step makes this larger, and all of it is bounded.
	fn check(&self, before: &State, after: &State) {
		let rank = |state: &State| {
			let moves = state.board.game.as_ref().map_or(0, |game| game.moves());
			(state.reorged, state.now, state.crashed, moves, self.ended(state))
		};
		assert!(rank(before) < rank(after), "a way leads back");
	}
}
