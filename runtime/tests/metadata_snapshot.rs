//! What clients see of the runtime, in one committed file: `metadata_snapshot.txt`.
//!
//! A difference here changes encodings that wallets and indexers hold on to. If it is wanted, raise
//! the versions in `VERSION` as their documentation says, and rewrite the file with
//! `UPDATE_SNAPSHOT=1 cargo test --release -p assay-runtime --test metadata_snapshot`.

use assay_runtime::Runtime;
use polkadot_sdk::{
	frame_support::__private::metadata::{v14::RuntimeMetadataV14, RuntimeMetadata},
	sp_io::TestExternalities,
};
use scale_info::{form::PortableForm, Field, TypeDef};
use std::{fmt::Write, path::Path};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/metadata_snapshot.txt");

fn fields(fields: &[Field<PortableForm>]) -> String {
	let one = |field: &Field<PortableForm>| {
		let kind = field.type_name.clone().unwrap_or_default();
		match &field.name {
			Some(name) => format!("{name}: {kind}"),
			None => kind,
		}
	};
	fields.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn variants(metadata: &RuntimeMetadataV14, kind: &str, ty: u32, out: &mut String) {
	let Some(ty) = metadata.types.resolve(ty) else { return };
	let TypeDef::Variant(def) = &ty.type_def else { return };
	let mut variants: Vec<_> = def.variants.iter().collect();
	variants.sort_by_key(|variant| variant.index);
	for variant in variants {
		let fields = fields(&variant.fields);
		writeln!(out, "  {kind} {} {}({fields})", variant.index, variant.name)
			.expect("a string grows");
	}
}

fn render(metadata: &RuntimeMetadataV14) -> String {
	let mut out = String::new();
	for extension in &metadata.extrinsic.signed_extensions {
		writeln!(out, "extension {}", extension.identifier).expect("a string grows");
	}
	for pallet in &metadata.pallets {
		writeln!(out, "pallet {} {}", pallet.index, pallet.name).expect("a string grows");
		let parts = [
			("call", pallet.calls.as_ref().map(|part| part.ty.id)),
			("event", pallet.event.as_ref().map(|part| part.ty.id)),
			("error", pallet.error.as_ref().map(|part| part.ty.id)),
		];
		for (kind, ty) in parts {
			if let Some(ty) = ty {
				variants(metadata, kind, ty, &mut out);
			}
		}
		let entries = pallet.storage.iter().flat_map(|storage| &storage.entries);
		for entry in entries {
			writeln!(out, "  storage {}", entry.name).expect("a string grows");
		}
	}
	out
}

#[test]
fn metadata_should_equal_the_snapshot() {
	let metadata = TestExternalities::default().execute_with(Runtime::metadata);
	let RuntimeMetadata::V14(metadata) = metadata.1 else { panic!("the oldest is V14") };
	let now = render(&metadata);
	if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
		std::fs::write(FILE, &now).expect("the snapshot can be written");
	}
	let before = std::fs::read_to_string(FILE).unwrap_or_default();
	let changes: Vec<_> = before
		.lines()
		.filter(|line| !now.lines().any(|l| l == *line))
		.map(|line| format!("- {line}"))
		.chain(
			now.lines()
				.filter(|line| !before.lines().any(|l| l == *line))
				.map(|line| format!("+ {line}")),
		)
		.collect();
	assert!(
		before == now,
		"{} differs (see this file's head for what to do):\n{}",
		Path::new(FILE).display(),
		changes.join("\n")
	);
}

#[test]
fn metadata_should_be_served_in_all_versions_that_clients_ask_for() {
	let versions = Runtime::metadata_versions();
	for version in [14, 15, 16] {
		assert!(versions.contains(&version), "{versions:?} lacks {version}");
	}
}
