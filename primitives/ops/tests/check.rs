//! Admission of whole programs.

mod common;

use assay_ops::{
	BatchMatMul, Binary, Broadcast, Cost, HeadLayout, Limits, Op, Program, ProgramError,
	RecordFormat, ShapeError, Slot, ValueType, Window,
};
use common::program::{float, integer, program};

const LOAD: Op = Op::Load { offset: 0, width: 8, format: RecordFormat::U8ToF32 };
const PRODUCT: Op = Op::MatMul { transpose_a: false, transpose_b: false };
const MASK: Op = Op::Mask { stream: 4, threshold: 0, scale: 0, rows: 4, cols: 1 };

fn slot(ty: ValueType, next: u16) -> Slot {
	Slot { ty, next, parameter: true }
}

/// x · w summed up; the slot w stays as it is.
fn small() -> Program {
	let nodes: [(Op, &[u16]); 5] = [
		(LOAD, &[]),
		(Op::State { slot: 0 }, &[]),
		(PRODUCT, &[0, 1]),
		(MASK, &[]),
		(Op::ColSum, &[2]),
	];
	program(4, &nodes, &[slot(float(8, 1), 1)], 4)
}

fn refusal(program: &Program) -> ProgramError {
	program.check(&Limits::new(8)).expect_err("the program is refused")
}

fn with(change: impl FnOnce(&mut Program)) -> ProgramError {
	let mut program = small();
	change(&mut program);
	refusal(&program)
}

#[test]
fn check_should_type_and_price_a_program() {
	let checked = small().check(&Limits::new(8)).expect("the program is fine");
	let types: Vec<_> = checked.specs.iter().map(|spec| spec.ty).collect();
	assert_eq!(types, [float(4, 8), float(8, 1), float(4, 1), float(4, 1), float(1, 1)]);
	assert!((0..).zip(&checked.specs).all(|(id, spec)| spec.id == id));
	assert_eq!(checked.specs[2].inputs.iter().map(|i| i.id).collect::<Vec<_>>(), [0, 1]);
	let expected = Cost {
		// Load 32 · 8, state 8, product 4 · 8, mask 4 · 8, sum 4.
		flops: 256 + 8 + 32 + 32 + 4,
		bytes: 4 * (32 + 8 + (4 + 32 + 8) + 4 + (1 + 4)),
		words: 8 + 32 + 8 + 4 + 4 + 1,
		// The load's four records: 8 chunks, which count half.
		worst_tile_footprint: 4,
		max_blocks: 1,
	};
	assert_eq!(checked.cost, expected);
}

#[test]
fn check_should_refuse_another_opset_and_nothing() {
	assert_eq!(with(|p| p.opset = 2), ProgramError::WrongOpset { got: 2 });
	assert_eq!(with(|p| p.batch = 0), ProgramError::Empty);
	assert_eq!(with(|p| p.nodes = Default::default()), ProgramError::Empty);
}

#[test]
fn check_should_refuse_references_that_do_not_go_back() {
	for input in [2, 3, 999] {
		let change = |p: &mut Program| p.nodes[2].inputs[0] = input;
		assert_eq!(with(change), ProgramError::ForwardReference { node: 2, input });
	}
}

#[test]
fn check_should_say_which_node_does_not_fit() {
	let change = |p: &mut Program| p.nodes[2].inputs[1] = 0;
	let error = ShapeError::InnerMismatch { left: 8, right: 4 };
	assert_eq!(with(change), ProgramError::Shape { node: 2, error });
	let change = |p: &mut Program| p.nodes[1].inputs = vec![0].try_into().expect("one input");
	let error = ShapeError::WrongArity { expected: 0, got: 1 };
	assert_eq!(with(change), ProgramError::Shape { node: 1, error });
}

#[test]
fn check_should_tie_slots_to_nodes() {
	let change = |p: &mut Program| p.nodes[1].op = Op::State { slot: 1 };
	assert_eq!(with(change), ProgramError::NoSuchSlot { node: 1, slot: 1 });
	let twice = |p: &mut Program| p.nodes[3].op = Op::State { slot: 0 };
	assert_eq!(with(twice), ProgramError::SlotReadTwice { node: 3, slot: 0 });
	for next in [2, 5] {
		let change = |p: &mut Program| p.slots[0].next = next;
		assert_eq!(with(change), ProgramError::SlotNextMismatch { slot: 0, next });
	}
	for ty in [float(0, 1), float(1 << 31, 2)] {
		assert_eq!(with(|p| p.slots[0].ty = ty), ProgramError::BadSlot { slot: 0 });
	}
	let kind = |p: &mut Program| p.slots[0].ty = integer(8, 1);
	assert!(matches!(with(kind), ProgramError::Shape { node: 2, .. }));
}

#[test]
fn check_should_require_a_scalar_loss() {
	for loss in [2, 5] {
		assert_eq!(with(|p| p.loss = loss), ProgramError::BadLoss { loss });
	}
}

#[test]
fn check_should_keep_loads_inside_the_record() {
	let load = |offset, width, format| {
		move |p: &mut Program| p.nodes[3].op = Op::Load { offset, width, format }
	};
	let refused = |end| ProgramError::LoadOutOfRecord { node: 3, end, record_size: 8 };
	assert_eq!(with(load(8, 1, RecordFormat::U8ToU32)), refused(9));
	assert_eq!(with(load(1, 2, RecordFormat::F32)), refused(9));
	let far = load(u32::MAX, u32::MAX, RecordFormat::U32);
	assert!(matches!(with(far), ProgramError::ValueTooLarge { .. }));
	let end = u64::from(u32::MAX) + 4 * (1 << 20);
	assert_eq!(with(load(u32::MAX, 1 << 20, RecordFormat::U32)), refused(end));
	let mut inside = small();
	load(0, 2, RecordFormat::F32)(&mut inside);
	assert!(inside.check(&Limits::new(8)).is_ok());
}

#[test]
fn check_should_keep_random_streams_apart() {
	let change = |p: &mut Program| {
		p.nodes[4].op = Op::Mask { stream: 4, threshold: 9, scale: 0, rows: 1, cols: 1 }
	};
	let apart = |p: &mut Program| {
		change(p);
		p.nodes[4].inputs = Default::default();
	};
	assert_eq!(with(apart), ProgramError::StreamUsedTwice { node: 4, stream: 4 });
}

#[test]
fn check_should_limit_sizes() {
	let fill = |rows, cols| move |p: &mut Program| p.nodes[3].op = Op::Fill { bits: 0, rows, cols };
	let refused = ProgramError::ValueTooLarge { node: 3, tiles: (1 << 20) + (1 << 10) };
	assert_eq!(with(fill(1 << 15, (1 << 15) + 1)), refused);
	assert_eq!(
		with(fill(32 * (1 << 20) + 1, 1)),
		ProgramError::ValueTooLarge { node: 3, tiles: (1 << 20) + 1 }
	);
	let mut largest = small();
	fill(1 << 15, 1 << 15)(&mut largest);
	assert!(largest.check(&Limits::new(8)).is_ok());
	let tight = Limits { total_words: 56, ..Limits::new(8) };
	assert_eq!(small().check(&tight), Err(ProgramError::TooMuchMemory { words: 57 }));
}

#[test]
fn check_should_limit_what_a_tile_depends_on() {
	let nodes = |op, rows, cols| {
		let nodes: [(Op, &[u16]); 3] = [
			(Op::Fill { bits: 0, rows, cols }, &[]),
			(op, &[0]),
			(Op::Fill { bits: 0, rows: 1, cols: 1 }, &[]),
		];
		program(1, &nodes, &[], 2).check(&Limits::new(0))
	};
	let too_many = Err(ProgramError::TooManyBlocks { node: 1, blocks: 513 });
	assert!(nodes(Op::ColSum, 512 * 512, 1).is_ok());
	assert_eq!(nodes(Op::ColSum, 512 * 512 + 1, 1), too_many);
	assert!(nodes(Op::RowSum, 2, 512 * 1024).is_ok());
	assert_eq!(nodes(Op::RowSum, 2, 512 * 1024 + 1), too_many);
	// A maximum over 36 × 36 pixels for each of 1024 elements.
	let w = Window {
		height: 36,
		width: 67,
		channels: 32,
		kernel_h: 36,
		kernel_w: 36,
		stride_h: 1,
		stride_w: 1,
		pad_h: 0,
		pad_w: 0,
	};
	let loose = Limits { footprint: 1000, ..Limits::new(0) };
	let pool: [(Op, &[u16]); 2] =
		[(Op::Fill { bits: 0, rows: 36 * 67, cols: 32 }, &[]), (Op::MaxPool(w), &[0])];
	let refused = program(1, &pool, &[], 0).check(&loose);
	assert_eq!(refused, Err(ProgramError::TooMuchWork { node: 1, work: 4 * 36 * 36 * 1024 }));
}

#[test]
fn check_should_refuse_products_of_small_heads_over_long_sequences() {
	let nodes = |size: u32| {
		let product = BatchMatMul {
			batch: 1,
			heads: 2,
			transpose_a: false,
			transpose_b: false,
			a: HeadLayout::Stacked,
			b: HeadLayout::Interleaved,
			out: HeadLayout::Interleaved,
		};
		let nodes: [(Op, &[u16]); 4] = [
			(Op::Fill { bits: 0, rows: 2 * 512, cols: 512 }, &[]),
			(Op::Fill { bits: 0, rows: 512, cols: 2 * size }, &[]),
			(Op::BatchMatMul(product), &[0, 1]),
			(Op::Fill { bits: 0, rows: 1, cols: 1 }, &[]),
		];
		program(1, &nodes, &[], 3).check(&Limits::new(0))
	};
	assert!(nodes(32).is_ok());
	// A tile holds parts of both heads, which read 16 tiles of weights each and share 16 of values.
	let refused = ProgramError::FootprintTooLarge { node: 2, footprint: 48 };
	assert_eq!(nodes(16), Err(refused));
}

#[test]
fn cost_should_count_each_row_of_a_scatter_once() {
	let cost = |op: Op, types: &[ValueType]| common::program::spec(op, types).flops();
	let scatter = Op::ScatterAdd { rows: 50_000 };
	let gradient = float(8192, 768);
	assert_eq!(cost(scatter, &[integer(8192, 1), gradient]), Some((50_000 + 8192) * 768));
	assert_eq!(cost(Op::RowSum, &[float(3, 2000)]), Some(6000));
}

#[test]
fn check_should_limit_memory_before_the_price_overflows() {
	let side = 1 << 15;
	let add = Op::Binary(Binary::Add, Broadcast::None);
	let mut nodes: Vec<(Op, &[u16])> = vec![(Op::Fill { bits: 0, rows: side, cols: side }, &[])];
	nodes.extend((0..100).map(|_| (add, [0u16, 0].as_slice())));
	let refused = program(1, &nodes, &[], 0).check(&Limits::new(0));
	assert_eq!(refused, Err(ProgramError::TooMuchMemory { words: 65 << 30 }));
}

#[test]
fn check_should_refuse_costs_beyond_64_bits() {
	let none = Limits { value_tiles: u64::MAX, total_words: u64::MAX, ..Limits::new(0) };
	let nodes: [(Op, &[u16]); 1] = [(Op::Fill { bits: 0, rows: u32::MAX, cols: u32::MAX }, &[])];
	assert_eq!(program(1, &nodes, &[], 0).check(&none), Err(ProgramError::CostOverflow));
}
