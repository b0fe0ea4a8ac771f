//! Task manifests with every kind of mistake: an error that can be shown to a person, or a program
//! that passes its check and comes out the same every time.

mod edit;

use assay_compiler::{compile, initial_slots, Compiled, Error, Manifest};
use assay_ops::Limits;
use codec::Encode;
use miette::{Diagnostic, NarratableReportHandler};

use crate::Source;

/// The first byte chooses an example; edits follow. Or the text itself follows.
pub fn check(bytes: &[u8]) {
	let mut source = Source::new(bytes);
	let example = source.below(edit::EXAMPLES.len() as u32 + 1) as usize;
	let text = match edit::EXAMPLES.get(example) {
		Some(example) => edit::edited(&mut source, example),
		None => String::from_utf8_lossy(source.rest()).into_owned(),
	};
	manifest(&text);
}

/// What must hold of any text.
pub fn manifest(text: &str) {
	let manifest = match Manifest::parse(text) {
		Ok(manifest) => manifest,
		Err(error) => return shows(&error, text),
	};
	// Compiling is linear in what is written; two bounds keep single runs short.
	let field = manifest.data.fields.values().map(|field| field.width).max();
	if field.is_none_or(|width| width > 1 << 24) {
		return;
	}
	match (compile(&manifest), compile(&manifest)) {
		(Ok(once), Ok(twice)) => {
			assert_eq!(hash(&once), hash(&twice), "two programs from one manifest");
			compiled(&manifest, &once);
		},
		(Err(once), Err(twice)) => {
			assert_eq!(once.to_string(), twice.to_string());
			shows(&once, text);
		},
		(once, twice) => panic!("compiled once only: {:?} {:?}", once.err(), twice.err()),
	}
}

fn hash(compiled: &Compiled) -> [u8; 32] {
	let slots = format!("{:?} {:?}", compiled.inits, compiled.parameters);
	(compiled.program.encode(), compiled.forward.program.encode(), slots)
		.using_encoded(|bytes| *blake3::hash(bytes).as_bytes())
}

/// An error names itself, and its place lies within the text.
fn shows(error: &Error, text: &str) {
	assert!(!error.to_string().is_empty() && error.code().is_some());
	if let Some(span) = &error.span {
		let whole = text.get(span.clone()).is_some();
		assert!(whole, "{error} is said to be at {span:?} of {} bytes", text.len());
	}
	let mut report = String::new();
	let shown = NarratableReportHandler::new().render_report(&mut report, error);
	assert!(shown.is_ok(), "{error:?} cannot be shown");
}

fn compiled(manifest: &Manifest, compiled: &Compiled) {
	let limits = Limits::new(manifest.data.record_size);
	let checked = compiled.program.check(&limits).expect("a compiled program passes");
	compiled.forward.program.check(&limits).expect("so does its evaluation");
	assert_eq!(compiled.inits.len(), checked.slots.len());
	assert!(compiled.parameters.len() <= checked.slots.len());
	let words: u64 = checked.slots.iter().map(|slot| slot.ty.words()).sum();
	if words > 1 << 18 {
		return;
	}
	let slots = initial_slots(compiled, &manifest.task.seed);
	assert_eq!(slots, initial_slots(compiled, &manifest.task.seed), "two initial states");
	for (slot, words) in checked.slots.iter().zip(&slots) {
		assert_eq!(slot.ty.words(), words.len() as u64);
	}
}
