//! The integer tensor core of four warps: `wgmma.mma_async.sync.aligned.m64n…k32.s32.s8.s8`.
//!
//! A *group* of four warps multiplies `A` (64 x 32) by `B` (32 x n), both signed 8-bit integers in shared memory, and
//! adds the product to sums (64 x n, 32 bits) in registers.
//!
//! - Operands: rows of `A` and columns of `B` are lanes of 32 bytes, which a descriptor finds (PTX ISA, "Matrix
//!   Descriptor Format"). Known here is the swizzle of 64 bytes alone: a lane begins 64 bytes after the one before
//!   it, and eight lanes so many bytes after the eight before them as the descriptor says. Of an address so found, bits 4
//!   and 5 are exchanged by bits 7 and 8 (exclusive or).
//! - Sums: with `warp` in the group, `group = lane / 4` and `member = lane % 4` in the warp, register `i` of a thread
//!   is at row `warp * 16 + group + i / 2 % 2 * 8`, column `i / 4 * 8 + member * 2 + i % 2` ("Register
//!   Fragments … for wgmma.mma_async.m64nNk32").
//!
//! A product is at work until somebody waits for it. Here it is done then, as late as it can: what overwrites an operand
//! or touches sums before shows. Words that threads wrote must be made known to it by `fence.proxy.async`, and sums by
//! `wgmma.fence`.

use std::collections::BTreeMap;

use super::block::Thread;
use super::memory::Shared;
use super::program::{Action, Register};
use super::warp::WARP;

/// Threads of a group.
pub(super) const GROUP: usize = 4 * WARP;

const ROWS: usize = 64;

/// Words of a lane.
const LANE: usize = 32 / 4;

/// Bytes of a lane and of the rest of a row of the swizzle.
const PITCH: u64 = 64;

/// Lanes after which the pattern of the swizzle repeats.
const PATTERN: u64 = 8;

/// Stands in registers whose sums are at work.
const AT_WORK: u64 = 0xDEAD_BEEF;

/// Where an operand lies.
#[derive(Clone, Copy)]
struct Matrix {
	first: u64,
	/// Bytes from eight lanes to the next.
	stride: u64,
}

impl Matrix {
	fn new(descriptor: u64) -> Result<Self, String> {
		let field = |at: u32| (descriptor >> at & 0x3FFF) << 4;
		let (first, stride, swizzle) = (field(0), field(32), descriptor >> 62);
		// All that is not one of the fields, with that which a swizzle makes superfluous.
		let rest = descriptor & 0x3FFF_C000_C000_C000;
		if swizzle != 2 || rest != 0 {
			return Err(format!("a matrix {descriptor:#x} that is not known"));
		}
		if !(first - first % PITCH).is_multiple_of(PITCH * PATTERN) {
			return Err(format!("a matrix at {first:#x}, which is not aligned to its swizzle"));
		}
		Ok(Self { first, stride })
	}

	/// Where a word of a lane is.
	fn address(self, lane: usize, word: usize) -> u64 {
		let (lane, word) = (lane as u64, word as u64);
		let address = self.first + lane / PATTERN * self.stride + lane % PATTERN * PITCH + word * 4;
		address ^ (address >> 7 & 3) << 4
	}

	/// The bytes of a lane as numbers.
	fn lane(self, lane: usize, shared: &mut Shared) -> Result<[i32; 4 * LANE], String> {
		let mut numbers = [0; 4 * LANE];
		for (word, numbers) in numbers.as_chunks_mut::<4>().0.iter_mut().enumerate() {
			let bytes = shared.load_by_group(self.address(lane, word))?.to_le_bytes();
			*numbers = bytes.map(|byte| i32::from(byte.cast_signed()));
		}
		Ok(numbers)
	}
}

/// Row and column of register `i` of a thread's sums.
const fn place(thread: usize, i: usize) -> (usize, usize) {
	let (warp, lane) = (thread / WARP, thread % WARP);
	(warp * 16 + lane / 4 + i / 2 % 2 * 8, i / 4 * 8 + lane % 4 * 2 + i % 2)
}

/// A product at work.
struct Product {
	sums: Vec<Register>,
	a: Matrix,
	b: Matrix,
}

/// What a group has begun.
#[derive(Default)]
pub(super) struct Group {
	/// Whether sums may be given to a product.
	fenced: bool,
	begun: Vec<Product>,
	committed: Vec<Product>,
	/// The sums at work, of each thread.
	sums: BTreeMap<Register, Vec<u32>>,
}

impl Group {
	/// Executes an instruction at which all threads of the group have arrived.
	pub(super) fn execute(
		&mut self,
		action: &Action,
		threads: &mut [Thread],
		shared: &mut Shared,
	) -> Result<(), String> {
		match action {
			Action::GroupFence => self.fenced = true,
			Action::GroupMultiply { sums, a, b, add } => {
				if !self.fenced {
					return Err("a product begins with no fence for its sums".into());
				}
				if same(threads, *add)? & 1 == 0 {
					return Err("a product that does not add is not known".into());
				}
				let (a, b) = (Matrix::new(same(threads, *a)?)?, Matrix::new(same(threads, *b)?)?);
				for register in sums {
					let take = |thread: &mut Thread| {
						std::mem::replace(&mut thread.registers[*register as usize], AT_WORK) as u32
					};
					let taken = || threads.iter_mut().map(take).collect();
					self.sums.entry(*register).or_insert_with(taken);
				}
				self.begun.push(Product { sums: sums.clone(), a, b });
			},
			Action::GroupCommit => self.committed.append(&mut self.begun),
			Action::GroupWait => {
				for product in std::mem::take(&mut self.committed) {
					self.multiply(&product, shared)?;
				}
				if !self.begun.is_empty() {
					return Err("a product is waited for that is in no group".into());
				}
				for (register, sums) in std::mem::take(&mut self.sums) {
					for (thread, sum) in threads.iter_mut().zip(sums) {
						let place = &mut thread.registers[register as usize];
						if *place != AT_WORK {
							return Err("sums are written while they are at work".into());
						}
						*place = sum.into();
					}
				}
				self.fenced = false;
			},
			_ => return Err("a group waits for something else".into()),
		}
		Ok(())
	}

	/// Whether something is at work.
	pub(super) fn is_at_work(&self) -> bool {
		!self.sums.is_empty()
	}

	fn multiply(&mut self, product: &Product, shared: &mut Shared) -> Result<(), String> {
		let Product { sums, a, b } = product;
		let lanes = |matrix: Matrix, count: usize, shared: &mut Shared| {
			(0..count).map(|lane| matrix.lane(lane, shared)).collect::<Result<Vec<_>, _>>()
		};
		let rows = lanes(*a, ROWS, shared)?;
		let cols = lanes(*b, columns(sums.len()), shared)?;
		for (i, register) in sums.iter().enumerate() {
			let sums = self.sums.get_mut(register).ok_or("sums that are not at work")?;
			for (thread, sum) in sums.iter_mut().enumerate() {
				let (row, col) = place(thread, i);
				let product: i32 = rows[row].iter().zip(&cols[col]).map(|(a, b)| a * b).sum();
				*sum = sum.wrapping_add(product.cast_unsigned());
			}
		}
		Ok(())
	}
}

/// Columns of a product of which each thread has so many sums.
pub(super) const fn columns(sums: usize) -> usize {
	sums * GROUP / ROWS
}

/// A register that all threads of a whole group have alike.
fn same(threads: &[Thread], register: Register) -> Result<u64, String> {
	let mut values = threads.iter().map(|thread| thread.registers[register as usize]);
	let first = values.next().filter(|_| threads.len() == GROUP);
	let first = first.ok_or("a product by less than a whole group")?;
	match values.all(|value| value == first) {
		true => Ok(first),
		false => Err("threads of a group do not agree on their matrices".into()),
	}
}
