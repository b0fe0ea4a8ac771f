//! What the threads of a warp do together.

use super::block::Thread;
use super::program::{Action, Register};
use super::tensor;

/// Threads of a warp.
pub(super) const WARP: usize = 32;

impl Action {
	/// Executes an instruction that waits for the warp.
	pub(super) fn of_warp(&self, warp: &mut [Thread]) -> Result<(), String> {
		match *self {
			Self::ShuffleDown { to, from, distance, bound, mask } => {
				let words = words(warp, from);
				for (lane, thread) in warp.iter_mut().enumerate() {
					let register = |at: Register| thread.registers[at as usize];
					if (register(bound), register(mask) as u32) != (WARP as u64 - 1, u32::MAX) {
						return Err("a shuffle of less than a whole warp".into());
					}
					let other = lane + register(distance) as usize;
					let word = words.get(other).copied().unwrap_or(words[lane]);
					thread.registers[to as usize] = word;
				}
			},
			Self::MaxOfWarp { to, from, mask } => {
				is_whole(warp, mask)?;
				let greatest = words(warp, from).into_iter().max().unwrap_or(0);
				warp.iter_mut().for_each(|thread| thread.registers[to as usize] = greatest);
			},
			Self::AllOfWarp { to, from, mask } => {
				is_whole(warp, mask)?;
				let all = words(warp, from).into_iter().all(|predicate| predicate != 0);
				warp.iter_mut().for_each(|thread| thread.registers[to as usize] = all.into());
			},
			Self::Multiply { to, a, b, c } => {
				let (a, b, c) = (fragments(warp, a)?, fragments(warp, b)?, fragments(warp, c)?);
				for (thread, sums) in warp.iter_mut().zip(tensor::multiply(&a, &b, &c)) {
					for (to, sum) in to.into_iter().zip(sums) {
						thread.registers[to as usize] = sum.into();
					}
				}
			},
			_ => return Err("a warp waits for something else".into()),
		}
		Ok(())
	}
}

/// Checks that the mask of an instruction names all lanes.
fn is_whole(warp: &[Thread], mask: Register) -> Result<(), String> {
	match words(warp, mask).iter().all(|mask| *mask as u32 == u32::MAX) {
		true => Ok(()),
		false => Err("a reduction of less than a whole warp".into()),
	}
}

/// A register of every thread.
fn words(warp: &[Thread], register: Register) -> Vec<u64> {
	warp.iter().map(|thread| thread.registers[register as usize]).collect()
}

/// Some registers of every thread, of which there must be a whole warp.
fn fragments<const N: usize>(
	warp: &[Thread],
	registers: [Register; N],
) -> Result<[[u32; N]; WARP], String> {
	let fragment =
		|thread: &Thread| registers.map(|register| thread.registers[register as usize] as u32);
	let fragments: Vec<_> = warp.iter().map(fragment).collect();
	fragments.try_into().map_err(|_| "a product by less than a whole warp".into())
}
