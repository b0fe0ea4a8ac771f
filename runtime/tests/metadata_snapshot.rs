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
use std::{fmt::Write, path::PathBuf};

/// The folder of this package, where it is now: what another clone has built, in a folder of builds that both use, may be run.
fn package() -> PathBuf {
	let now = std::env::var_os("CARGO_MANIFEST_DIR");
	now.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

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
	let file = package().join("tests/metadata_snapshot.txt");
	if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
		std::fs::write(&file, &now).expect("the snapshot can be written");
	}
	let before = std::fs::read_to_string(&file).unwrap_or_default();
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
		file.display(),
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
