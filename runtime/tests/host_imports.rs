//! Which host functions the wasm asks for, in one committed file: `host_imports.txt`.
//!
//! Every name in it is a promise of all nodes for ever: a block that was valid must stay executable.
//! Rewrite it with `UPDATE_SNAPSHOT=1 cargo test --release -p assay-runtime --test host_imports`.

use std::path::PathBuf;

const IMPORT_SECTION: u8 = 2;

/// The folder of this package, where it is now: what another clone has built, in a folder of builds that both use, may be run.
fn package() -> PathBuf {
	let now = std::env::var_os("CARGO_MANIFEST_DIR");
	now.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// Reads the binary format of WebAssembly, as far as the import section needs it.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
	fn take(&mut self, len: usize) -> &'a [u8] {
		let (head, tail) = self.0.split_at(len);
		self.0 = tail;
		head
	}

	fn byte(&mut self) -> u8 {
		self.take(1)[0]
	}

	/// An unsigned LEB128.
	fn number(&mut self) -> usize {
		let mut value = 0;
		let mut shift = 0;
		loop {
			let byte = self.byte();
			value |= usize::from(byte & 0x7f) << shift;
			shift += 7;
			if byte & 0x80 == 0 {
				return value;
			}
		}
	}

	fn name(&mut self) -> String {
		let len = self.number();
		String::from_utf8(self.take(len).to_vec()).expect("names are UTF-8")
	}

	fn limits(&mut self) {
		let flags = self.byte();
		self.number();
		if flags & 1 == 1 {
			self.number();
		}
	}
}

/// The functions that a module imports, sorted.
fn imported_functions(wasm: &[u8]) -> Vec<String> {
	let mut module = Reader(wasm);
	assert_eq!(module.take(8), b"\0asm\x01\0\0\0", "this is no WebAssembly module");
	while !module.0.is_empty() {
		let id = module.byte();
		let len = module.number();
		let mut section = Reader(module.take(len));
		if id != IMPORT_SECTION {
			continue;
		}
		let mut names = Vec::new();
		for _ in 0..section.number() {
			let (from, name) = (section.name(), section.name());
			match section.byte() {
				0 => {
					section.number();
					assert_eq!(from, "env", "{name} comes from elsewhere");
					names.push(name);
				},
				1 => {
					section.byte();
					section.limits();
				},
				2 => section.limits(),
				3 => {
					section.take(2);
				},
				other => panic!("unknown kind of import {other}"),
			}
		}
		names.sort();
		return names;
	}
	Vec::new()
}

#[test]
fn wasm_should_import_exactly_the_listed_host_functions() {
	let wasm = assay_runtime::WASM_BINARY_BLOATY
		.expect("the wasm was not built: run this test without SKIP_WASM_BUILD");
	let now = imported_functions(wasm).join("\n") + "\n";
	let file = package().join("tests/host_imports.txt");
	if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
		std::fs::write(&file, &now).expect("the list can be written");
	}
	let before = std::fs::read_to_string(&file).unwrap_or_default();
	let file = file.display();
	assert_eq!(before, now, "{file} differs (see this file's head for what to do)");
}

#[test]
fn parser_should_find_functions_and_skip_other_imports() {
	let wasm = [
		&b"\0asm\x01\0\0\0"[..],
		&[0, 2, 1, b'x'], // a custom section
		&[2, 23, 2],      // two imports
		&[3, b'e', b'n', b'v', 6, b'm', b'e', b'm', b'o', b'r', b'y', 2, 0, 16],
		&[3, b'e', b'n', b'v', 1, b'f', 0, 0],
	]
	.concat();
	assert_eq!(imported_functions(&wasm), ["f"]);
}
