//! The arithmetic of products with weights.

use assay_compiler::{compile, ErrorKind, Manifest};
use assay_ops::{Op, Program, QuantFormat};

const LENET: &str = include_str!("../examples/lenet-digits.toml");
const GPT: &str = include_str!("../examples/gpt-tiny.toml");

fn with(text: &str, numerics: &str) -> String {
	text.replacen("[loss]", &format!("[numerics]\n{numerics}\n\n[loss]"), 1)
}

/// Products of `f32`, of 15-bit integers, and of eight-bit ones.
fn products(program: &Program) -> [usize; 3] {
	let mut counts = [0; 3];
	for node in &program.nodes {
		match node.op {
			Op::MatMul { .. } => counts[0] += 1,
			Op::QuantMatMul { format: QuantFormat::Q15, .. } => counts[1] += 1,
			Op::QuantMatMul { format: QuantFormat::I8, .. } => counts[2] += 1,
			_ => {},
		}
	}
	counts
}

#[test]
fn products_should_be_of_f32_when_the_manifest_says_nothing() {
	let plain = compile(&Manifest::parse(LENET).unwrap()).unwrap();
	let said = with(LENET, "forward = \"f32\"\nbackward = \"f32\"");
	let said = compile(&Manifest::parse(&said).unwrap()).unwrap();
	assert_eq!(plain.program, said.program);
	assert_eq!(products(&plain.program)[1..], [0, 0]);
}

#[test]
fn both_directions_should_have_the_arithmetic_that_the_manifest_names() {
	for text in [LENET, GPT] {
		let plain = compile(&Manifest::parse(text).unwrap()).unwrap();
		let forward = products(&plain.forward.program)[0];
		let backward = products(&plain.program)[0] - forward;
		let mixed = with(text, "forward = \"i8\"\nbackward = \"q15x3\"");
		let mixed = compile(&Manifest::parse(&mixed).unwrap()).unwrap();
		assert_eq!(products(&mixed.program), [0, backward, forward]);
		assert_eq!(products(&mixed.forward.program), [0, 0, forward]);
		let one = compile(&Manifest::parse(&with(text, "backward = \"i8\"")).unwrap()).unwrap();
		assert_eq!(products(&one.program), [forward, 0, backward]);
	}
}

#[test]
fn precision_should_be_refused_when_it_does_not_exist() {
	let text = with(LENET, "forward = \"bf16\"");
	let error = Manifest::parse(&text).unwrap_err();
	let known = "f32, q15x3, i8";
	let found = "bf16".to_string();
	assert_eq!(error.kind, ErrorKind::UnknownKind { what: "precision", found, known });
	assert_eq!(&text[error.span.clone().unwrap()], "\"bf16\"");
}
