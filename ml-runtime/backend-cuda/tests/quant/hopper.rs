//! The kernels for Hopper in the place of those for all devices.

use assay_backend_cuda::ptx::{HOPPER, MODULES};
use assay_backend_cuda::Emulator;
use assay_ops::QuantFormat;

use crate::case::{Case, Words};
use crate::{check_large, large, FORMATS};

/// A device whose kernels for Hopper were edited.
fn device(edit: impl Fn(&str) -> String) -> Emulator {
	let hopper = edit(HOPPER.module.text);
	let texts = MODULES.iter().map(|module| module.text).chain([&*hopper]);
	Emulator::with_modules(texts).expect("the PTX is known")
}

#[test]
fn kernels_should_be_some_of_those_for_all_devices() {
	let entry = |name: &str, text: &str| {
		let start = text.find(&format!(".entry {name}("))?;
		let body = text.find(&format!("{name}_param_0"))?;
		let end = start + text[start..].find("\n{")?;
		(body < end).then(|| text[start..end].to_owned())
	};
	assert_eq!(HOPPER.module.kernels().count(), 2);
	for name in HOPPER.module.kernels() {
		let others = MODULES.iter().find_map(|module| entry(name, module.text));
		assert!(others.is_some() && others == entry(name, HOPPER.module.text), "{name}");
	}
}

#[test]
fn large_tiles_should_equal_reference_when_four_warps_multiply() {
	check_large(&device(str::to_owned));
}

/// A product of three stages, whose rows two groups share.
fn small(format: QuantFormat) -> Case {
	Case::new(format, (false, false), (70, 190, 20), Words::Plain, 3)
}

/// What the emulator says of it by an edited kernel.
fn edited(format: QuantFormat, from: &str, to: &str) -> String {
	assert!(HOPPER.module.text.contains(from), "no {from}");
	let case = small(format);
	match large(&device(|text| text.replace(from, to)), &case, format) {
		Err(error) => error.to_string(),
		Ok(got) => format!("{:?}", case.difference(&got)),
	}
}

#[test]
fn emulator_should_find_the_fault_when_an_instruction_is_left_out() {
	let edits = [
		("fence.proxy.async.shared::cta;", "", "with no fence and barrier"),
		("wgmma.fence.sync.aligned;", "", "with no fence for its sums"),
		("wgmma.commit_group.sync.aligned;", "", "that is in no group"),
		("wgmma.wait_group.sync.aligned 0;", "", "before its products are done"),
		("bar.sync \t0;", "", "shared word"),
		("cp.async.wait_group 1;", "cp.async.wait_group 2;", "before its copy has arrived"),
		("cp.async.wait_group 0;", "cp.async.wait_group 1;", "before its copy has arrived"),
	];
	for format in FORMATS {
		for (from, to, error) in edits {
			// Each format has as many buffers as have room.
			if from != other_wait(format) {
				let said = edited(format, from, to);
				assert!(said.contains(error), "{format:?} {from}: {said}");
			}
		}
	}
}

#[test]
fn emulator_should_find_the_fault_when_a_fence_comes_after_the_barrier() {
	let late = |text: &str| {
		let text = text.replace("fence.proxy.async.shared::cta;", "");
		text.replace("bar.sync \t0;", "bar.sync \t0;\n\tfence.proxy.async.shared::cta;")
	};
	for format in FORMATS {
		let error = large(&device(late), &small(format), format).expect_err("it is too late");
		assert!(error.to_string().contains("with no fence and barrier"), "{error}");
	}
}

#[test]
fn results_should_differ_when_lanes_are_looked_for_elsewhere() {
	// The swizzle of 64 bytes, so much from eight lanes to the next, and what the swizzle makes superfluous.
	let descriptor =
		|bytes: u64| (2 << 62 | (bytes / 16) << 32 | 1 << 16_u64).cast_signed().to_string();
	for format in FORMATS {
		let said = edited(format, &descriptor(512), &descriptor(1024));
		assert!(said.starts_with("Some") || said.contains("shared"), "{said}");
		// Copies that do not exchange quarters.
		let said = edited(format, "xor.b32", "or.b32");
		assert!(said.starts_with("Some") || said.contains("shared"), "{said}");
	}
}

/// How the kernel of the other format waits for its copies.
fn other_wait(format: QuantFormat) -> &'static str {
	match format {
		QuantFormat::I8 => "cp.async.wait_group 0;",
		QuantFormat::Q15 => "cp.async.wait_group 1;",
	}
}
