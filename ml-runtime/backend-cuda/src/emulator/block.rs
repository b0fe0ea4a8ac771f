//! One block of threads: each runs until it must wait for others.

use std::collections::VecDeque;

use super::group::{Group, GROUP};
use super::instruction::Compute;
use super::memory::{EmulatedMemory, Shared};
use super::program::{Action, Kernel, Register};
use super::warp::WARP;

/// Words of an asynchronous copy.
const COPY_WORDS: usize = 4;

/// Most instructions that a thread executes between two waits: more is a loop that does not end.
const PATIENCE: u64 = 1 << 32;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
	No,
	Barrier,
	Warp,
	Group,
	Ended,
}

/// From an address of global memory to one of shared memory.
struct Copy {
	from: u64,
	to: u64,
}

pub(super) struct Thread {
	pub(super) registers: Vec<u64>,
	next: usize,
	wait: Wait,
	/// Copies that are in no group yet.
	begun: Vec<Copy>,
	/// Groups of copies that have not arrived.
	groups: VecDeque<Vec<Copy>>,
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
	pub(super) fn run(&self, global: &mut EmulatedMemory) -> Result<(), String> {
		let mut shared = Shared::new(self.kernel.shared);
		let mut threads: Vec<_> = (0..self.threads).map(|index| self.thread(index)).collect();
		let mut groups: Vec<_> = threads.chunks(GROUP).map(|_| Group::default()).collect();
		loop {
			for (index, thread) in (0..).zip(&mut threads) {
				if thread.wait == Wait::No {
					self.advance(thread, index, &mut shared, global)?;
				}
			}
			if threads.iter().all(|thread| thread.wait == Wait::Ended) {
				return match groups.iter().any(Group::is_at_work) {
					true => Err("a group ends before its products are done".into()),
					false => Ok(()),
				};
			}
			if threads.iter().all(|thread| thread.wait == Wait::Barrier) {
				self.meet(&mut threads)?;
				shared.barrier();
				continue;
			}
			let mut gone_on = false;
			for warp in threads.chunks_mut(WARP) {
				if warp.iter().all(|thread| thread.wait == Wait::Warp) {
					self.common(warp)?.of_warp(warp)?;
					warp.iter_mut().for_each(Thread::go_on);
					gone_on = true;
				}
			}
			for (group, threads) in groups.iter_mut().zip(threads.chunks_mut(GROUP)) {
				if threads.iter().all(|thread| thread.wait == Wait::Group) {
					group.execute(self.common(threads)?, threads, &mut shared)?;
					threads.iter_mut().for_each(Thread::go_on);
					gone_on = true;
				}
			}
			if !gone_on {
				return Err("threads wait for each other forever".into());
			}
		}
	}

	fn thread(&self, index: u32) -> Thread {
		let mut registers = self.kernel.registers.clone();
		let special = [index, self.index, self.threads, self.grid];
		registers.iter_mut().zip(special).for_each(|(register, value)| *register = value.into());
		let (begun, groups) = (Vec::new(), VecDeque::new());
		Thread { registers, next: 0, wait: Wait::No, begun, groups }
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

	/// Executes until the thread ends or waits.
	fn advance(
		&self,
		thread: &mut Thread,
		index: u32,
		shared: &mut Shared,
		global: &mut EmulatedMemory,
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
				Action::ShuffleDown { .. }
				| Action::MaxOfWarp { .. }
				| Action::AllOfWarp { .. }
				| Action::Multiply { .. } => thread.wait = Wait::Warp,
				Action::GroupFence
				| Action::GroupMultiply { .. }
				| Action::GroupCommit
				| Action::GroupWait => thread.wait = Wait::Group,
				Action::Return if thread.is_copying() => {
					return Err("a thread ends before its copies have arrived".into());
				},
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
		global: &mut EmulatedMemory,
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
				let addresses = words(thread.address(*at, *offset), to.len())?;
				for (to, address) in to.iter().zip(addresses) {
					thread.registers[*to as usize] = global.load(address, identity)?.into();
				}
			},
			Action::StoreGlobal { at, offset, from } => {
				let addresses = words(thread.address(*at, *offset), from.len())?;
				for (from, address) in from.iter().zip(addresses) {
					global.store(address, identity, thread.registers[*from as usize] as u32)?;
				}
			},
			Action::LoadShared { to, at, offset } => {
				let addresses = words(thread.shared(*at, *offset), to.len())?;
				for (to, address) in to.iter().zip(addresses) {
					thread.registers[*to as usize] = shared.load(address, index)?.into();
				}
			},
			Action::StoreShared { at, offset, from } => {
				let addresses = words(thread.shared(*at, *offset), from.len())?;
				for (from, address) in from.iter().zip(addresses) {
					shared.store(address, index, thread.registers[*from as usize] as u32)?;
				}
			},
			Action::Copy { to, from } => {
				let (to, from) = (thread.shared(to.0, to.1), thread.address(from.0, from.1));
				for (to, _) in words(to, COPY_WORDS)?.zip(words(from, COPY_WORDS)?) {
					shared.begin(to, index)?;
				}
				thread.begun.push(Copy { from, to });
			},
			Action::ProxyFence => shared.fence(index),
			Action::CopyGroup => {
				let group = std::mem::take(&mut thread.begun);
				thread.groups.push_back(group);
			},
			// A device may copy earlier. What arrives as late as it can shows a wait that is missing.
			Action::CopyWait { groups } => {
				while thread.groups.len() > *groups {
					for copy in thread.groups.pop_front().into_iter().flatten() {
						for (from, to) in
							words(copy.from, COPY_WORDS)?.zip(words(copy.to, COPY_WORDS)?)
						{
							shared.arrive(to, index, global.load(from, identity)?)?;
						}
					}
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

	/// An address of shared memory.
	fn shared(&self, at: Register, offset: i64) -> u64 {
		u64::from(self.address(at, offset) as u32)
	}

	fn is_copying(&self) -> bool {
		!self.begun.is_empty() || self.groups.iter().any(|group| !group.is_empty())
	}

	fn go_on(&mut self) {
		self.wait = Wait::No;
		self.next += 1;
	}
}

/// The addresses of so many words from this one on, which must be a multiple of their size.
fn words(first: u64, count: usize) -> Result<impl Iterator<Item = u64>, String> {
	match first % (4 * count as u64) {
		0 => Ok((first..).step_by(4).take(count)),
		_ => Err(format!("address {first:#x} is not aligned")),
	}
}
