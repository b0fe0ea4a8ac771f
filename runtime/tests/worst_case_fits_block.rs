//! The heaviest moves inside blocks that the real wasm makes, and the limits that every call keeps.

mod common;

use assay_case::testing::{large_product, mlp, Builder, Lie, Task, MLP};
use assay_dispute_game::{MoveKind, Outcome};
use assay_ops::{Node, Op, Program};
use assay_runtime::RuntimeCall;
use codec::{Decode, Encode};
use common::{
	block::Machine,
	last_move::{most, LastMove, Opens, CONVICTED},
	table::*,
};
use polkadot_sdk::{
	frame_support::{
		dispatch::{DispatchClass, GetDispatchInfo},
		traits::GetCallMetadata,
	},
	sp_runtime::traits::TrailingZeroInput,
};

/// Lies about a node whose output no slot takes up: a slot lies too, so that the claim shows it.
fn aside(node: u32) -> Vec<Lie> {
	vec![Lie::Output { step: 0, node, word: 0, bit: 0 }, Lie::Slot { step: 0, slot: 0 }]
}

/// The product of [`large_product`].
const PRODUCT: u32 = 2;

#[test]
fn largest_tile_should_be_judged_in_a_block_when_either_side_opens_it() {
	let machine = Machine::new();
	let task = large_product();
	for (name, opens) in [("pick_tile", Opens::Challenger), ("open_tile", Opens::Solver)] {
		let liar = || Table::with_liar(&task, aside(PRODUCT));
		let mut last = LastMove::new(liar, MoveKind::PickTile, opens);
		assert!(last.call.encoded_size() > 128 * 1024, "16 tiles of each operand");
		assert_eq!(last.in_block(&machine, name), CONVICTED);
		let accuser = || Table::with_accuser(&task, aside(PRODUCT));
		let mut last = LastMove::new(accuser, MoveKind::PickTile, opens);
		assert_eq!(last.in_block(&machine, name), Outcome::Acquitted);
	}
}

/// Left and right operand, summand and sum of the golden vector of the op spec: a fused multiply-add
/// with a subnormal result. A common software implementation rounds it to `WRONG`.
const GOLDEN: [u32; 3] = [0x1A00_0040, 0x19FF_FF80, 0x0008_0001];
const WRONG: u32 = 0x0008_0002;
const ONE: u32 = 0x3F80_0000;

/// (c, a) · (1, b)ᵀ = fma(a, b, c), which becomes the third slot.
fn golden() -> Task {
	let [a, b, c] = GOLDEN;
	let mut builder = Builder::default();
	let (row, column) = (builder.state(1, 2), builder.state(2, 1));
	builder.state(1, 1);
	let product = builder.product((row, false), (column, false));
	builder.next(2, product);
	let program = builder.program(1, product);
	let init = vec![vec![c, a], vec![ONE, b], vec![0]];
	Task::new(program, vec![0; 64], 64, init, (1, 1))
}

/// The two bits in which the wrong result differs from the right one.
fn wrongly_rounded() -> Vec<Lie> {
	let differ = |bit: &u32| (GOLDEN[2] ^ WRONG) >> bit & 1 == 1;
	let lie = |bit| Lie::Output { step: 0, node: 3, word: 0, bit };
	(0..32).filter(differ).map(lie).collect()
}

#[test]
fn subnormal_should_be_rounded_exactly_when_the_wasm_judges_it() {
	let machine = Machine::new();
	let task = golden();
	let liar = assay_case::testing::Execution::new(&task, wrongly_rounded());
	let honest = assay_case::testing::Execution::new(&task, vec![]);
	assert_eq!((honest.states[1][2][0], liar.states[1][2][0]), (GOLDEN[2], WRONG));
	let opens = Opens::Challenger;
	let liar = || Table::with_liar(&task, wrongly_rounded());
	let mut last = LastMove::new(liar, MoveKind::PickTile, opens);
	assert_eq!((last.native(), last.in_block(&machine, "golden")), (CONVICTED, CONVICTED));
	let accuser = || Table::with_accuser(&task, wrongly_rounded());
	let mut last = LastMove::new(accuser, MoveKind::PickTile, opens);
	let acquitted = Outcome::Acquitted;
	assert_eq!((last.native(), last.in_block(&machine, "golden")), (acquitted, acquitted));
}

#[test]
fn verdict_should_be_the_same_natively_and_in_wasm_when_any_part_of_a_step_is_judged() {
	let machine = Machine::new();
	let task = mlp(3, 1);
	let output = |node| Lie::Output { step: 2, node, word: 0, bit: 30 };
	let partial = Lie::Partial { step: 2, node: MLP.hidden, tile: 0, block: 1 };
	let cases = [
		("forward", MoveKind::PickTile, output(MLP.relu)),
		("backward", MoveKind::PickTile, output(MLP.gradient)),
		("optimiser", MoveKind::PickTile, output(MLP.update)),
		("partial", MoveKind::PickBlock, partial),
	];
	// A flipped bit of a partial may round away.
	let visible = Lie::Slot { step: 2, slot: 0 };
	for (name, pick, lie) in cases {
		let liar = || Table::with_liar(&task, vec![lie, visible]);
		let mut last = LastMove::new(liar, pick, Opens::Challenger);
		assert_eq!((last.native(), last.in_block(&machine, name)), (CONVICTED, CONVICTED));
		let accuser = || Table::with_accuser(&task, vec![lie, visible]);
		let mut last = LastMove::new(accuser, pick, Opens::Challenger);
		let acquitted = Outcome::Acquitted;
		assert_eq!((last.native(), last.in_block(&machine, name)), (acquitted, acquitted));
	}
}

/// A call with all its arguments empty or zero.
fn plain(pallet: u8, index: u8) -> RuntimeCall {
	let start = [pallet, index];
	let mut input = TrailingZeroInput::new(&start);
	RuntimeCall::decode(&mut input).unwrap_or_else(|e| panic!("call {pallet}.{index}: {e}"))
}

/// Calls whose weight depends on their arguments, with the heaviest ones.
fn heaviest() -> Vec<RuntimeCall> {
	let zeros = || TrailingZeroInput::zeroes();
	let node = Node { op: Op::Fill { bits: 0, rows: 1, cols: 1 }, inputs: Default::default() };
	let mut program = Program::decode(&mut zeros()).expect("empty");
	program.nodes = vec![node; assay_ops::MAX_NODES as usize].try_into().expect("as many as fit");
	let slot = assay_ops::Slot::decode(&mut zeros()).expect("plain");
	program.slots = vec![slot; assay_ops::MAX_SLOTS as usize].try_into().expect("as many as fit");
	let RuntimeCall::TaskMarket(mut post) = plain(61, 0) else { panic!("the market moved") };
	if let pallet_task_market::Call::post_task { program: small, .. } = &mut post {
		**small = program;
	}
	let judged = [12, 14].map(|index| {
		let RuntimeCall::Dispute(mut call) = plain(62, index) else { panic!("disputes moved") };
		match &mut call {
			pallet_dispute::Call::pick_tile { evidence, .. }
			| pallet_dispute::Call::pick_block { evidence, .. } => {
				*evidence = Some(Decode::decode(&mut zeros()).expect("plain"));
			},
			other => panic!("{other:?} takes no evidence"),
		}
		call.into()
	});
	[&[post.into()][..], &judged].concat()
}

#[test]
fn every_call_should_fit_a_block_when_it_is_at_its_heaviest() {
	let pallets = [(60, "ComputeStaking"), (61, "TaskMarket"), (62, "Dispute")];
	let mut calls = heaviest();
	for (pallet, name) in pallets {
		let count = RuntimeCall::get_call_names(name).len() as u8;
		calls.extend((0..count).map(|index| plain(pallet, index)));
	}
	for call in calls {
		let info = call.get_dispatch_info();
		let name = call.get_call_metadata();
		assert!(info.call_weight.all_lte(most(info.class)), "{name:?}: {info:?}");
		let dispute = matches!(call, RuntimeCall::Dispute(_));
		let lane = if dispute { DispatchClass::Operational } else { DispatchClass::Normal };
		assert_eq!(info.class, lane, "{name:?}");
	}
}
