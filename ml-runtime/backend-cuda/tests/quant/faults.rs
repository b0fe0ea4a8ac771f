//! Kernels that are wrong are found out.

use assay_backend_cuda::ptx::MODULES;
use assay_backend_cuda::{Device, Emulator};
use assay_ops::QuantFormat;

use crate::case::{Case, Words};
use crate::FORMATS;

/// What the emulator says of a product of three stages by PTX that was tampered with, or a difference
/// to the reference.
fn tampered(format: QuantFormat, words: Words, edit: impl Fn(&str) -> String) -> String {
	let texts = MODULES.map(|module| match module.name {
		"quant" => edit(module.text),
		_ => module.text.to_owned(),
	});
	assert!(!MODULES.iter().zip(&texts).all(|(module, text)| module.text == text), "no change");
	let device = Emulator::with_modules(texts.iter().map(String::as_str));
	let case = Case::new(format, (false, false), (9, 190, 9), words, 3);
	let mut got = vec![0; 81];
	match device.and_then(|device| device.execute(&case.plan(), &case.operands(), &mut got)) {
		Err(error) => error.to_string(),
		Ok(()) => format!("{:?}", case.difference(&got)),
	}
}

#[test]
fn emulator_should_find_a_race_when_copies_are_not_awaited() {
	let late = |text: &str| {
		text.replace("cp.async.wait_group 1", "cp.async.wait_group 2")
			.replace("cp.async.wait_group 0", "cp.async.wait_group 1")
	};
	for format in FORMATS {
		let error = tampered(format, Words::Plain, late);
		assert!(error.contains("before its copy has arrived"), "{error}");
	}
}

#[test]
fn emulator_should_find_a_race_when_the_barrier_is_missing() {
	for format in FORMATS {
		let error = tampered(format, Words::Plain, |text| text.replace("bar.sync \t0;", ""));
		assert!(error.contains("shared word"), "{error}");
	}
}

#[test]
fn emulator_should_differ_when_a_rule_is_broken() {
	let edits = [
		// The limits of both formats: some scales are then too fine, or too coarse.
		(QuantFormat::I8, Words::Plain, "setp.lt.s32", ", 128;", ", 126;"),
		(QuantFormat::Q15, Words::Plain, "setp.lt.s32", ", 16320;", ", 16000;"),
		// The unit of small sums.
		(QuantFormat::I8, Words::Tiny, "add.s32", ", 1023;", ", 1024;"),
		// The NaN of lanes that are not finite.
		(QuantFormat::I8, Words::NotFinite, "selp.b32", "2143289344", "2143289345"),
	];
	for (format, words, opcode, from, to) in edits {
		let difference = tampered(format, words, |text| {
			let line = |line: &str| match line.trim().starts_with(opcode) {
				true => line.replace(from, to),
				false => line.to_owned(),
			};
			text.lines().map(line).collect::<Vec<_>>().join("\n")
		});
		assert!(difference.starts_with("Some"), "{opcode} {from}: {difference}");
	}
}
