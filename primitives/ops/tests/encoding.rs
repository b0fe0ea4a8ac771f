//! What is stored and hashed: encoded indices, sizes and the op table.

mod common;

use assay_ops::{
	BatchMatMul, Binary, Broadcast, DType, HeadLayout, NodeSpec, Op, Operand, QuantFormat,
	RecordFormat, Unary, ValueType, Window, OPSET_HASH, OPSET_VERSION, OP_TABLE,
};
use codec::{Decode, Encode, MaxEncodedLen};
use common::program::{float, spec};

const W: Window = Window {
	height: 1,
	width: 2,
	channels: 3,
	kernel_h: 4,
	kernel_w: 5,
	stride_h: 6,
	stride_w: 7,
	pad_h: 8,
	pad_w: 9,
};

const PRODUCT: BatchMatMul = BatchMatMul {
	batch: 1,
	heads: 2,
	transpose_a: false,
	transpose_b: true,
	a: HeadLayout::Stacked,
	b: HeadLayout::Interleaved,
	out: HeadLayout::Stacked,
};

#[test]
fn operations_should_keep_their_indices() {
	let ops = [
		Op::State { slot: 0 },
		Op::Load { offset: 0, width: 0, format: RecordFormat::F32 },
		Op::Fill { bits: 0, rows: 0, cols: 0 },
		Op::Mask { stream: 0, threshold: 0, scale: 0, rows: 0, cols: 0 },
		Op::MatMul { transpose_a: false, transpose_b: false },
		Op::Im2Col(W),
		Op::Col2Im(W),
		Op::MaxPool(W),
		Op::MaxPoolGrad(W),
		Op::AvgPool(W),
		Op::AvgPoolGrad(W),
		Op::Reshape { rows: 0, cols: 0 },
		Op::Unary(Unary::Neg),
		Op::Binary(Binary::Add, Broadcast::None),
		Op::Fma(Broadcast::None),
		Op::RowSum,
		Op::RowMax,
		Op::ColSum,
		Op::Pick,
		Op::OneHot { cols: 0 },
		Op::Gather,
		Op::ScatterAdd { rows: 0 },
		Op::Iota { rows: 0, first: 0, stride: 0 },
		Op::StepIndex { every: 0, period: 0 },
		Op::Select(Broadcast::None),
		Op::Causal { bits: 0 },
		Op::RotateHalf { width: 0 },
		Op::BatchMatMul(PRODUCT),
		Op::QuantMatMul { format: QuantFormat::I8, transpose_a: false, transpose_b: false },
	];
	for (index, op) in (0u8..).zip(ops) {
		assert_eq!(op.encode()[0], index, "{op:?}");
		assert_eq!(Op::decode(&mut &op.encode()[..]), Ok(op));
	}
	assert!(Op::decode(&mut &[[29u8].as_slice(), &[0; 20]].concat()[..]).is_err());
}

#[test]
fn attributes_should_keep_their_indices() {
	let formats =
		[RecordFormat::U8ToF32, RecordFormat::U8ToU32, RecordFormat::F32, RecordFormat::U32];
	assert_eq!(formats.map(|f| f.encode()), [[0], [1], [2], [3]]);
	let unary = [
		Unary::Neg,
		Unary::Sqrt,
		Unary::Relu,
		Unary::Exp,
		Unary::Log,
		Unary::Tanh,
		Unary::Erf,
		Unary::Abs,
		Unary::Sigmoid,
		Unary::Silu,
		Unary::Gelu,
		Unary::Rsqrt,
	];
	assert_eq!(unary.map(|f| f.encode()), std::array::from_fn::<_, 12, _>(|index| [index as u8]));
	let binary = [
		Binary::Add,
		Binary::Sub,
		Binary::Mul,
		Binary::Div,
		Binary::ReluGrad,
		Binary::Max,
		Binary::Min,
		Binary::TanhGrad,
		Binary::SigmoidGrad,
		Binary::SiluGrad,
		Binary::GeluGrad,
	];
	assert_eq!(binary.map(|f| f.encode()), std::array::from_fn::<_, 11, _>(|index| [index as u8]));
	let broadcast = [Broadcast::None, Broadcast::Row, Broadcast::Col, Broadcast::Scalar];
	assert_eq!(broadcast.map(|b| b.encode()), [[0], [1], [2], [3]]);
	assert_eq!(Broadcast::Periodic { each: 7 }.encode(), [4, 7, 0, 0, 0]);
	let layouts = [HeadLayout::Stacked, HeadLayout::Interleaved];
	assert_eq!(layouts.map(|layout| layout.encode()), [[0], [1]]);
	assert_eq!([QuantFormat::I8, QuantFormat::Q15].map(|format| format.encode()), [[0], [1]]);
	assert_eq!([DType::F32, DType::U32].map(|d| d.encode()), [[0], [1]]);
}

#[test]
fn window_should_keep_its_field_order() {
	assert_eq!(W.encode(), [1, 0, 2, 0, 3, 0, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn batch_of_products_should_keep_its_field_order() {
	assert_eq!(PRODUCT.encode(), [1, 0, 0, 0, 2, 0, 0, 1, 0, 1, 0]);
}

#[test]
fn node_spec_should_keep_its_encoding() {
	let spec = spec(Op::Binary(Binary::Mul, Broadcast::Scalar), &[float(2, 3), float(1, 1)]);
	let expected = [
		vec![100, 0, 13, 2, 3, 8],
		vec![0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0],
		vec![1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0],
		vec![0, 2, 0, 0, 0, 3, 0, 0, 0],
	];
	assert_eq!(spec.encode(), expected.concat());
	assert_eq!(NodeSpec::decode(&mut &spec.encode()[..]), Ok(spec));
	assert_eq!((Operand::max_encoded_len(), ValueType::max_encoded_len()), (11, 9));
	assert_eq!(NodeSpec::max_encoded_len(), 2 + 21 + (1 + 3 * 11) + 9);
}

#[test]
fn node_spec_should_not_decode_when_it_has_four_operands() {
	let operand = [0; 11];
	let bytes = [vec![0, 0, 15, 16], operand.repeat(4), vec![0; 9]].concat();
	assert!(NodeSpec::decode(&mut &bytes[..]).is_err());
	let three = [vec![0, 0, 15, 12], operand.repeat(3), vec![0; 9]].concat();
	assert!(NodeSpec::decode(&mut &three[..]).is_ok());
}

#[test]
fn op_table_should_have_the_published_hash() {
	assert_eq!(
		blake3::hash(OP_TABLE.as_bytes()).to_hex().as_str(),
		OPSET_HASH.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
	);
}

#[test]
fn op_table_should_name_version_and_every_operation() {
	assert!(OP_TABLE.starts_with(&format!("assay operation set {OPSET_VERSION}\n")));
	let names = [
		"State",
		"Load",
		"Fill",
		"Mask",
		"MatMul",
		"Im2Col",
		"Col2Im",
		"MaxPool",
		"MaxPoolGrad",
		"AvgPool",
		"AvgPoolGrad",
		"Reshape",
		"Unary",
		"Binary",
		"Fma",
		"RowSum",
		"RowMax",
		"ColSum",
		"Pick",
		"OneHot",
		"Gather",
		"ScatterAdd",
		"Iota",
		"StepIndex",
		"Select",
		"Causal",
		"RotateHalf",
		"BatchMatMul",
		"QuantMatMul",
	];
	for (index, name) in names.iter().enumerate() {
		assert!(OP_TABLE.contains(&format!("\n{index} {name}(")), "{index} {name}");
	}
}
