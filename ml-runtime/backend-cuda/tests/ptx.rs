//! The checked-in PTX belongs to the checked-in sources, and holds nothing whose bits the spec leaves open.

mod translate;

use std::path::PathBuf;

use assay_backend_cuda::ptx::{faults, Module, HOPPER, MODULES};
use sha2::{Digest, Sha256};

/// The folder of this package, where it is now: what another clone has built, in a folder of builds that both use, may be run.
fn package() -> PathBuf {
	let now = std::env::var_os("CARGO_MANIFEST_DIR");
	now.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

fn kernels() -> PathBuf {
	package().join("kernels")
}

/// The modules for all devices and for one generation, by name.
fn modules() -> Vec<Module> {
	let mut modules = [&MODULES[..], &[HOPPER.module]].concat();
	modules.sort_by_key(|module| module.name);
	modules
}

fn files(ending: &str) -> Vec<PathBuf> {
	let entries = std::fs::read_dir(kernels()).expect("the folder is there");
	let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
	files.retain(|path| path.extension().is_some_and(|found| found == ending));
	files.sort();
	files
}

#[test]
fn ptx_should_name_its_source_when_checked_in() {
	for module in modules() {
		let mut digest = Sha256::new();
		let source = kernels().join(module.name).with_extension("cu");
		digest.update(std::fs::read(source).expect("the source is beside the PTX"));
		for header in files("cuh") {
			digest.update(std::fs::read(header).expect("readable"));
		}
		let stamp = format!("// source sha256 {:x}", digest.finalize());
		let first = module.text.lines().next().unwrap_or_default();
		assert_eq!(first, stamp, "{}.cu has changed: run scripts/ptx.sh", module.name);
	}
}

#[test]
fn modules_should_be_all_sources_when_listed() {
	let stems = |ending| -> Vec<String> {
		let stem = |path: &PathBuf| path.file_stem().unwrap_or_default().display().to_string();
		files(ending).iter().map(stem).collect()
	};
	let listed: Vec<_> = modules().iter().map(|module| module.name.to_owned()).collect();
	assert_eq!(stems("cu"), listed);
	assert_eq!(stems("ptx"), listed);
}

#[test]
fn ptx_should_have_no_faults_when_checked_in() {
	for module in modules() {
		assert_eq!(faults(module.text), Vec::<String>::new(), "{}", module.name);
		let (major, minor) = HOPPER.capability;
		let target = match module.name == HOPPER.module.name {
			true => format!("\n.target sm_{major}{minor}a\n"),
			false => "\n.target sm_80\n".to_owned(),
		};
		assert!(module.text.contains(&target), "{}", module.name);
	}
}

#[test]
fn faults_should_be_found_when_rounding_is_open() {
	let bad = [
		"add.f32 	%f1, %f2, %f3;",
		"mul.f32 	%f1, %f2, %f3;",
		"@%p1 sub.f32 	%f1, %f2, %f3;",
		"fma.rz.f32 	%f1, %f2, %f3, %f4;",
		"mad.f32 	%f1, %f2, %f3, %f4;",
		"add.rn.ftz.f32 	%f1, %f2, %f3;",
		"div.full.f32 	%f1, %f2, %f3;",
		"div.approx.f32 	%f1, %f2, %f3;",
		"sqrt.approx.f32 	%f1, %f2;",
		"rsqrt.approx.f32 	%f1, %f2;",
		"ex2.approx.ftz.f32 	%f1, %f2;",
		"max.f32 	%f1, %f2, %f3;",
		"mul.f64 	%fd1, %fd2, %fd3;",
		"cvt.rz.f32.f64 	%f1, %fd1;",
		"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1}, {%r1}, {%r2}, {%f1};",
		"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f1}, %rd1, %rd2, p, 1, 1, 0, 0;",
		"add.rn.f32 	%f1, %f2, %f3; mul.f32 %f1, %f2, %f3;",
		"{ mul.f32 	%f1, %f2, %f3; }",
		"$L_1: @%p1 mul.f32 	%f1, %f2, %f3;",
	];
	for line in bad {
		assert_eq!(faults(&format!("\n\t{line}\n")).len(), 1, "{line}");
	}
	let good = [
		"add.rn.f32 %f1, %f2, %f3;",
		"add.s32 %r1, %r2, %r3;",
		"max.u32 %r1, %r2, %r3;",
		"cvt.rn.f32.f64 %f1, %fd1;",
		"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r1}, {%r2}, {%r3}, {%r1};",
		"wgmma.mma_async.sync.aligned.m64n8k32.s32.s8.s8 {%r1}, %rd1, %rd2, p;",
		"wgmma.wait_group.sync.aligned 0;",
	];
	for line in good {
		assert_eq!(faults(line), Vec::<String>::new());
	}
}

fn formulas() -> String {
	let source = package().join("../../primitives/ops/src/functions/generic.rs");
	std::fs::read_to_string(source).expect("the formulas are there")
}

#[test]
fn functions_should_be_the_rust_formulas_when_translated() {
	let translated =
		translate::translate(&formulas()).unwrap_or_else(|unknown| panic!("{}", unknown.0));
	let header = std::fs::read_to_string(kernels().join("functions.cuh")).expect("it is there");
	assert_eq!(translated, header, "the formulas have changed: run scripts/ptx.sh");
}

#[test]
fn translation_should_differ_when_a_constant_does() {
	let changed = formulas().replace("0x3FB8_AA3B", "0x3FB8_AA3C");
	let (one, other) = (translate::translate(&formulas()), translate::translate(&changed));
	assert_ne!(one.expect("known"), other.expect("known"));
}

#[test]
fn translation_should_say_where_when_it_does_not_know() {
	let source = "\nfn f(x: u32) -> u32 {\n\twhile x > 1 {}\n\tx\n}";
	let error = translate::translate(source).expect_err("a loop is unknown").0;
	assert!(error.starts_with("line 3"), "{error}");
}
