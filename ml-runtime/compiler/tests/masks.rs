//! Padding: the gradients where some positions are hidden, and that nothing depends on what they hold.

mod common;

use assay_compiler::{ErrorKind, Manifest};
use common::{difference, reference::Run};

const RECORDS: usize = 12;
const LENGTH: usize = 8;
const VOCAB: u8 = 11;

/// Positions of a record that are not padding, at its start: from 1 to all.
fn used(record: usize) -> usize {
	record * 5 % LENGTH + 1
}

/// Tokens, then the mask, then labels: one, or one per position. What belongs to padding is made of `padding`.
fn records(labels: usize, padding: impl Fn(usize) -> u8) -> Vec<u8> {
	let record = |record: usize| {
		let seen = move |place: usize| place < used(record);
		let token = move |place: usize| (record * 5 + place * place * 3 + place) as u8 % VOCAB;
		let class = move |place: usize| (token(place) + place as u8 / 2) % 3;
		let mut bytes = Vec::new();
		for place in 0..LENGTH {
			bytes.push(if seen(place) { token(place) } else { padding(place) % VOCAB });
		}
		// Any number but 0 will do.
		bytes.extend((0..LENGTH).map(|place| if seen(place) { 1 + place as u8 } else { 0 }));
		for place in 0..labels {
			let counts = labels == 1 || seen(place);
			bytes.push(if counts { class(place) } else { padding(place) });
		}
		bytes
	};
	(0..RECORDS).flat_map(record).collect()
}

/// A task whose model has a mask, if it is `masked`.
fn task(labels: usize, masked: bool, loss: &str, layers: &[&str]) -> String {
	let layers: String = layers
		.iter()
		.map(|keys| format!("[[model.layer]]\n{}\n", keys.replace("; ", "\n")))
		.collect();
	let mask = if masked { "mask = \"seen\"\n" } else { "" };
	format!(
		"compiler = 1\n[task]\nname = \"t\"\nsteps = 1\nstride = 1\nbatch = 3\nseed = 3\n\
		[data]\nrecords = {RECORDS}\nrecord_size = {}\n[data.fields]\n\
		x = {{ offset = 0, width = {LENGTH}, format = \"token_u8\" }}\n\
		seen = {{ offset = {LENGTH}, width = {LENGTH}, format = \"u8\" }}\n\
		first = {{ offset = {LENGTH}, width = 1, format = \"u8\" }}\n\
		y = {{ offset = {}, width = {labels}, format = \"label_u8\" }}\n\
		[model]\ninput = \"x\"\nshape = [{LENGTH}]\n{mask}{layers}\
		[loss]\nkind = \"cross_entropy\"\nlabels = \"y\"\n{loss}\n[optimizer]\nkind = \"sgd\"\nlr = 1\n",
		2 * LENGTH + labels,
		2 * LENGTH,
	)
}

const EMBED: &str = "kind = \"embedding\"; vocab = 11; out = 12; std = 0.5";
const ATTENTION: &str = "kind = \"attention\"; heads = 3; std = 0.6";
const CAUSAL: &str = "kind = \"attention\"; heads = 2; causal = true; rope = 100; std = 0.6";
const MEAN: &str = "kind = \"pool\"; take = \"mean\"";
const OUT: &str = "kind = \"linear\"; out = 3";

/// Models with one label a record, and with one per position.
const MODELS: [(usize, &[&str]); 4] = [
	(1, &[EMBED, ATTENTION, MEAN, OUT]),
	(1, &[EMBED, ATTENTION, ATTENTION, "kind = \"pool\"; take = \"first\"", OUT]),
	(LENGTH, &[EMBED, ATTENTION, OUT]),
	(LENGTH, &[EMBED, CAUSAL, CAUSAL, OUT]),
];

#[test]
fn gradients_should_be_those_of_the_definition_when_positions_are_hidden() {
	for (labels, layers) in MODELS {
		difference::check(&task(labels, true, "", layers), records(labels, |_| 0));
	}
}

#[test]
fn gradients_should_be_those_of_the_definition_when_the_loss_alone_is_masked() {
	let layers = [EMBED, ATTENTION, OUT];
	let text = task(LENGTH, false, "mask = \"seen\"", &layers);
	difference::check(&text, records(LENGTH, |_| 1));
}

/// Loss and slots after a step.
fn step(text: &str, data: Vec<u8>) -> (u32, Vec<Vec<u32>>) {
	let mut run = Run::new(text, data);
	let loss = run.step().to_bits();
	(loss, run.slots)
}

#[test]
fn nothing_should_depend_on_padding_when_it_is_masked() {
	for (labels, layers) in MODELS {
		let text = task(labels, true, "", layers);
		let (some, other) = (records(labels, |_| 0), records(labels, |place| 200 + place as u8));
		assert_ne!(some, other);
		assert_eq!(step(&text, some.clone()), step(&text, other.clone()), "{layers:?}");
		let open = task(labels, false, "", layers);
		assert_ne!(step(&open, some), step(&open, other), "{layers:?}");
	}
}

#[test]
fn loss_should_be_the_mean_of_what_counts_when_it_is_masked() {
	// Equal logits: each label that counts costs ln 3, and those that do not cost nothing.
	let layers = [EMBED, "kind = \"linear\"; out = 3; std = 0.0000001"];
	let (loss, _) = step(&task(LENGTH, true, "", &layers), records(LENGTH, |_| 255));
	assert!((f32::from_bits(loss) - 3f32.ln()).abs() < 1e-5);
	// Records without a single label that counts: no loss, and no gradient.
	let mut data = records(LENGTH, |_| 255);
	data.chunks_exact_mut(3 * LENGTH).for_each(|record| record[LENGTH..2 * LENGTH].fill(0));
	let text = task(LENGTH, true, "", &[EMBED, ATTENTION, OUT]);
	let before = Run::new(&text, data.clone()).slots;
	assert_eq!(step(&text, data), (0, before));
}

#[test]
fn mask_should_be_refused_when_it_does_not_fit() {
	let layers = [EMBED, MEAN, OUT];
	let masked = task(1, true, "", &layers);
	let refused = |text: &str, from: &str, to: &str| {
		assert!(text.contains(from));
		Manifest::parse(&text.replace(from, to)).unwrap_err()
	};
	let named = |error: assay_compiler::Error| (error.kind.code(), error.span.is_some());
	let found = refused(&masked, "mask = \"seen\"", "mask = \"none\"");
	assert_eq!(found.kind, ErrorKind::NoSuchField { field: "none".into() });
	for field in ["x", "y"] {
		let found = refused(&masked, "mask = \"seen\"", &format!("mask = \"{field}\""));
		assert_eq!(named(found), ("assay::manifest::wrong_format", true));
	}
	let found = refused(&masked, "mask = \"seen\"", "mask = \"first\"");
	let expected = LENGTH as u32;
	assert_eq!(found.kind, ErrorKind::MaskWidth { field: "first".into(), width: 1, expected });
	let numbers = masked.replace("token_u8", "u8").replace(EMBED, "kind = \"relu\"");
	let found = Manifest::parse(&numbers).unwrap_err();
	assert_eq!(named(found), ("assay::model::not_a_sequence", true));
	let flat = task(1, true, "", &[EMBED, "kind = \"flatten\"", OUT]);
	let found = assay_compiler::compile(&Manifest::parse(&flat).unwrap()).unwrap_err();
	assert_eq!(found.kind.code(), "assay::model::layer");
	assert!(found.to_string().contains("padding"), "{found}");
	let loss = Manifest::parse(&task(1, false, "mask = \"seen\"", &layers)).unwrap();
	let found = assay_compiler::compile(&loss).unwrap_err();
	let width = LENGTH as u32;
	assert_eq!(found.kind, ErrorKind::MaskWidth { field: "seen".into(), width, expected: 1 });
}
