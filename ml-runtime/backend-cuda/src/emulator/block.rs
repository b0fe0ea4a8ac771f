//! One block of threads: each runs until it must wait for others.

use super::instruction::Compute;
use super::memory::{Global, Shared};
use super::parse::{Action, Kernel, Register};

const WARP: usize = 32;

/// Most instructions that a thread executes between two waits: more is a loop that does not end.
const PATIENCE: u64 = 1 << 32;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
	No,
	Barrier,
	Shuffle,
	Ended,
}

struct Thread {
	registers: Vec<u64>,
	next: usize,
	wait: Wait,
}

/// A block of a launch.
pub(super) struct Block<'a> {
	pub(super) kernel: &'a Kernel,
	pub(super) parameters: &'a [u8],
	pub(super) index: u32,
	pub(super) grid: u32,
	pub(super) threads: u32,
}

impl Block<'_> {
	/// Runs all threads to their end.
	pub(super) fn run(&self, global: &mut Global) -> Result<(), String> {
		let mut shared = Shared::new(self.kernel.shared);
		let mut threads: Vec<_> = (0..self.threads).map(|index| self.thread(index)).collect();
		loop {
			for (index, thread) in (0..).zip(&mut threads) {
				if thread.wait == Wait::No {
					self.advance(thread, index, &mut shared, global)?;
				}
			}
			if threads.iter().all(|thread| thread.wait == Wait::Ended) {
				return Ok(());
			}
			if threads.iter().all(|thread| thread.wait == Wait::Barrier) {
				self.meet(&mut threads)?;
				shared.barrier();
				continue;
			}
			let mut shuffled = false;
			for warp in threads.chunks_mut(WARP) {
				if warp.iter().all(|thread| thread.wait == Wait::Shuffle) {
					self.shuffle(warp)?;
					shuffled = true;
				}
			}
			if !shuffled {
				return Err("threads wait for each other forever".into());
			}
		}
	}

	fn thread(&self, index: u32) -> Thread {
		let mut registers = self.kernel.registers.clone();
		let special = [index, self.index, self.threads, self.grid];
		registers.iter_mut().zip(special).for_each(|(register, value)| *register = value.into());
		Thread { registers, next: 0, wait: Wait::No }
	}

	/// The instruction at which all these threads wait.
	fn common<'k>(&'k self, threads: &[Thread]) -> Result<&'k Action, String> {
		let at = threads.first().map_or(0, |thread| thread.next);
		if threads.iter().any(|thread| thread.next != at) {
			return Err("threads wait at different instructions".into());
		}
		Ok(&self.kernel.instructions[at].action)
	}

	fn meet(&self, threads: &mut [Thread]) -> Result<(), String> {
		if let Action::BarrierOr { to, from } = *self.common(threads)? {
			let any = threads.iter().any(|thread| thread.registers[from as usize] != 0);
			threads.iter_mut().for_each(|thread| thread.registers[to as usize] = any.into());
		}
		threads.iter_mut().for_each(Thread::go_on);
		Ok(())
	}

	fn shuffle(&self, warp: &mut [Thread]) -> Result<(), String> {
		let Action::ShuffleDown { to, from, distance, bound, mask } = *self.common(warp)? else {
			return Err("a warp waits for something else than a shuffle".into());
		};
		let words: Vec<_> = warp.iter().map(|thread| thread.registers[from as usize]).collect();
		for (lane, thread) in warp.iter_mut().enumerate() {
			let register = |at: Register| thread.registers[at as usize];
			if (register(bound), register(mask) as u32) != (WARP as u64 - 1, u32::MAX) {
				return Err("a shuffle of less than a whole warp".into());
			}
			let other = lane + register(distance) as usize;
			let word = words.get(other).copied().unwrap_or(words[lane]);
			thread.registers[to as usize] = word;
			thread.go_on();
		}
		Ok(())
	}

	/// Executes until the thread ends or waits.
	fn advance(
		&self,
		thread: &mut Thread,
		index: u32,
		shared: &mut Shared,
		global: &mut Global,
	) -> Result<(), String> {
		for _ in 0..PATIENCE {
			let instruction = self.kernel.instructions.get(thread.next);
			let instruction = instruction.ok_or("a kernel runs past its end")?;
			let skipped = instruction.guard.is_some_and(|(predicate, negated)| {
				(thread.registers[predicate as usize] != 0) == negated
			});
			match &instruction.action {
				_ if skipped => {},
				Action::Branch { target } => {
					thread.next = *target;
					continue;
				},
				Action::Barrier | Action::BarrierOr { .. } => thread.wait = Wait::Barrier,
				Action::ShuffleDown { .. } => thread.wait = Wait::Shuffle,
				Action::Return => thread.wait = Wait::Ended,
				action => self.step(action, thread, index, shared, global)?,
			}
			if thread.wait != Wait::No {
				return Ok(());
			}
			thread.next += 1;
		}
		Err("a thread does not end".into())
	}

	/// Executes an instruction that computes or touches memory.
	fn step(
		&self,
		action: &Action,
		thread: &mut Thread,
		index: u32,
		shared: &mut Shared,
		global: &mut Global,
	) -> Result<(), String> {
		let identity = u64::from(self.index) << 32 | u64::from(index);
		match action {
			Action::Compute { to, from, compute } => {
				let r = |i: usize| thread.registers[from[i] as usize];
				thread.registers[*to as usize] = match compute {
					Compute::One(f) => f(r(0)),
					Compute::Two(f) => f(r(0), r(1)),
					Compute::Three(f) => f(r(0), r(1), r(2)),
					Compute::Four(f) => f(r(0), r(1), r(2), r(3)),
				};
			},
			Action::LoadParameter { to, offset, wide } => {
				let bytes = self.parameters.get(*offset..).unwrap_or_default();
				let value = match wide {
					true => bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)),
					false => bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes).into()),
				};
				thread.registers[*to as usize] = value.ok_or("outside the parameters")?;
			},
			Action::LoadGlobal { to, at, offset } => {
				let word = global.load(thread.address(*at, *offset), identity)?;
				thread.registers[*to as usize] = word.into();
			},
			Action::StoreGlobal { at, offset, from } => {
				let word = thread.registers[*from as usize] as u32;
				global.store(thread.address(*at, *offset), identity, word)?;
			},
			Action::LoadShared { to, at, offset } => {
				let first = thread.aligned(*at, *offset, to.len())?;
				for (to, address) in to.iter().zip((first..).step_by(4)) {
					thread.registers[*to as usize] = shared.load(address, index)?.into();
				}
			},
			Action::StoreShared { at, offset, from } => {
				let first = thread.aligned(*at, *offset, from.len())?;
				for (from, address) in from.iter().zip((first..).step_by(4)) {
					let word = thread.registers[*from as usize] as u32;
					shared.store(address, index, word)?;
				}
			},
			_ => return Err("an instruction that only waits".into()),
		}
		Ok(())
	}
}

impl Thread {
	fn address(&self, at: Register, offset: i64) -> u64 {
		self.registers[at as usize].wrapping_add_signed(offset)
	}

	/// The address of so many words of shared memory, which must be a multiple of their size.
	fn aligned(&self, at: Register, offset: i64, words: usize) -> Result<u64, String> {
		let address = u64::from(self.address(at, offset) as u32);
		match address % (4 * words as u64) {
			0 => Ok(address),
			_ => Err(format!("shared address {address} is not aligned")),
		}
	}

	fn go_on(&mut self) {
		self.wait = Wait::No;
		self.next += 1;
	}
}
