//! The program of the library's tasks: as small as it can be while every move has its place in it.

use assay_case::testing::{Builder, Task};
use assay_ops::{Binary, Broadcast, Op, RecordFormat};

/// Left factor of the long product, a state node.
pub(super) const LEFT: u32 = 0;
/// The long product: a reduction of two blocks.
pub(super) const SUM: u32 = 4;
/// Half of the table, 40 × 40 in four tiles.
pub(super) const HALF: u32 = 6;
/// The product and a number of the record.
pub(super) const SHIFT: u32 = 7;
/// The new table, in four tiles.
pub(super) const TABLE: u32 = 8;
/// The slot of the table.
pub(super) const TABLE_SLOT: u32 = 2;

/// `table ← table / 2 + (left · right + record)`, for a table of 40 × 40 and vectors of 600.
pub(super) fn task(steps: u32, stride: u32) -> Task {
	let mut b = Builder::default();
	let left = b.state(1, 600); // 0
	let right = b.state(600, 1); // 1
	let table = b.state(40, 40); // 2
	let load = Op::Load { offset: 0, width: 1, format: RecordFormat::U8ToF32 };
	let record = b.add(load, &[]); // 3
	let sum = b.product((left, false), (right, false)); // 4
	let rate = b.constant(0x3F00_0000); // 5
	let half = b.two(Binary::Mul, Broadcast::Scalar, table, rate); // 6
	let shift = b.two(Binary::Add, Broadcast::None, sum, record); // 7
	let next = b.two(Binary::Add, Broadcast::Scalar, half, shift); // 8
	b.next(2, next);
	let program = b.program(1, shift);
	let init = Builder::init(&program);
	let data = (0..7 * 64u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
	Task::new(program, data, 64, init, (steps, stride))
}
