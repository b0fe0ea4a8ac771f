//! The mean square of differences from targets: its gradients, its masks, and what is refused.

mod common;

use assay_compiler::{compile, Error, ErrorKind, Manifest};
use common::{difference, reference::Run};

const RECORDS: usize = 12;
const LENGTH: usize = 6;

/// Numbers as bytes: `inputs` of a record, a mask for its positions, then `targets`.
fn records(inputs: usize, targets: usize) -> Vec<u8> {
	let record = |record: usize| {
		let used = record * 5 % LENGTH + 1;
		let number = move |place: usize| (record * 37 + place * place * 11 + place * 5) as u8;
		let mask = (0..LENGTH).map(move |place| u8::from(place < used));
		(0..inputs).map(number).chain(mask).chain((0..targets).map(move |i| number(i + 7)))
	};
	(0..RECORDS).flat_map(record).collect()
}

/// A task of such records, with plain SGD of rate 1.
fn task(shape: &str, inputs: usize, targets: usize, loss: &str, layers: &[&str]) -> String {
	let layers: String = layers
		.iter()
		.map(|keys| format!("[[model.layer]]\n{}\n", keys.replace("; ", "\n")))
		.collect();
	let scale = "scale = 0.01, shift = -1";
	format!(
		"compiler = 1\n[task]\nname = \"t\"\nsteps = 1\nstride = 1\nbatch = 3\nseed = 3\n\
		[data]\nrecords = {RECORDS}\nrecord_size = {}\n[data.fields]\n\
		x = {{ offset = 0, width = {inputs}, format = \"u8\", {scale} }}\n\
		seen = {{ offset = {inputs}, width = {LENGTH}, format = \"u8\" }}\n\
		y = {{ offset = {}, width = {targets}, format = \"u8\", {scale} }}\n\
		[model]\ninput = \"x\"\nshape = {shape}\n{layers}\
		[loss]\nkind = \"mse\"\ntargets = \"y\"\n{loss}\n[optimizer]\nkind = \"sgd\"\nlr = 1\n",
		inputs + LENGTH + targets,
		inputs + LENGTH,
	)
}

const HIDDEN: &str = "kind = \"linear\"; out = 7";
const TANH: &str = "kind = \"tanh\"";

fn out(count: usize) -> String {
	format!("kind = \"linear\"; out = {count}")
}

#[test]
fn gradients_should_be_those_of_the_definition() {
	for targets in [1, 5] {
		let text = task("[9]", 9, targets, "", &[HIDDEN, TANH, &out(targets)]);
		difference::check(&text, records(9, targets));
	}
	let shape = format!("[{LENGTH}, 3]");
	let (inputs, targets) = (3 * LENGTH, 2 * LENGTH);
	for loss in ["", "mask = \"seen\""] {
		let text = task(&shape, inputs, targets, loss, &[HIDDEN, TANH, &out(2)]);
		difference::check(&text, records(inputs, targets));
	}
}

#[test]
fn loss_should_be_the_mean_square_by_hand() {
	// Nothing leaves the model but its last bias, which is 0.
	let zeros = "kind = \"linear\"; out = 4; std = 1e-30";
	let run = Run::new(&task("[9]", 9, 4, "", &[zeros]), records(9, 4));
	let outputs = run.look().outputs;
	let found = f64::from(f32::from_bits(outputs[usize::from(run.program().loss)][0]));
	let data = records(9, 4);
	let order: Vec<u64> = (0..3)
		.map(|place| assay_ops::shuffle::record_at(&run.context.seed, place, RECORDS as u64))
		.collect();
	let size = 9 + LENGTH + 4;
	let target = |record: u64, i: usize| {
		f64::from(data[record as usize * size + 9 + LENGTH + i]) * 0.01 - 1.0
	};
	let squares = order.iter().flat_map(|record| (0..4).map(move |i| target(*record, i).powi(2)));
	let wanted = squares.sum::<f64>() / 12.0;
	assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
}

#[test]
fn nothing_should_depend_on_targets_that_do_not_count() {
	let shape = format!("[{LENGTH}, 3]");
	let (inputs, targets) = (3 * LENGTH, 2 * LENGTH);
	let text = task(&shape, inputs, targets, "mask = \"seen\"", &[HIDDEN, &out(2)]);
	let some = records(inputs, targets);
	let mut other = some.clone();
	for (record, bytes) in other.chunks_mut(inputs + LENGTH + targets).enumerate() {
		let used = record * 5 % LENGTH + 1;
		bytes[inputs + LENGTH + 2 * used..].fill(255);
	}
	assert_ne!(some, other);
	let step = |data| {
		let mut run = Run::new(&text, data);
		(run.step().to_bits(), run.slots)
	};
	assert_eq!(step(some), step(other));
}

#[test]
fn sequences_should_be_compared_where_they_can_be_judged() {
	let made = |width: usize| {
		let text = task("[40, 3]", 120, 40 * width, "", &[&out(width)]);
		let text = text.replace("batch = 3", "batch = 12");
		Manifest::parse(&text).and_then(|manifest| compile(&manifest)).map(|_| text)
	};
	for width in [1, 8, 32, 64, 96] {
		assert!(made(width).is_ok(), "{width}: {:?}", made(width).err());
	}
	let error = made(50).unwrap_err();
	let ErrorKind::Program { message, advice } = &error.kind else { panic!("{error:?}") };
	assert!(message.contains("Reshape") && advice.contains("divides 32"), "{message} {advice}");
}

#[test]
fn targets_should_be_refused_when_they_do_not_fit() {
	let refused = |text: &str| -> Error {
		match Manifest::parse(text).and_then(|manifest| compile(&manifest)) {
			Ok(_) => panic!("accepted:\n{text}"),
			Err(error) => error,
		}
	};
	let good = task("[9]", 9, 4, "", &[&out(4)]);
	assert!(Manifest::parse(&good).and_then(|manifest| compile(&manifest)).is_ok());
	let error = refused(&task("[9]", 9, 4, "", &[&out(3)]));
	assert_eq!(error.kind, ErrorKind::TargetWidth { field: "y".into(), width: 4, expected: 3 });
	let labels = good.replace(
		"width = 4, format = \"u8\", scale = 0.01, shift = -1",
		"width = 4, format = \"label_u8\"",
	);
	assert!(matches!(refused(&labels).kind, ErrorKind::WrongFormat { .. }));
	let error = refused(&good.replace("targets = \"y\"", "labels = \"y\""));
	assert_eq!(error.kind, ErrorKind::UnusedKey { kind: "mse".into(), key: "labels" });
	let error = refused(&good.replace("targets = \"y\"\n", ""));
	assert_eq!(error.kind, ErrorKind::MissingKey { kind: "mse".into(), key: "targets" });
	let error = refused(&good.replace("\"mse\"", "\"mae\""));
	assert!(matches!(error.kind, ErrorKind::UnknownKind { what: "loss", .. }));
}
