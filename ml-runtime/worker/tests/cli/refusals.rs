//! What commands refuse: by name, with an exit code, and without leaving anything.

use serde_json::Value;

use super::{names, results::idx, text, Desk, GPT, MLP, RECORD};

const REFUSED: i32 = 3;

fn refused(name: &str) -> (String, i32) {
	(name.into(), REFUSED)
}

#[test]
fn commands_should_be_refused_when_a_file_is_missing() {
	let desk = Desk::new(MLP);
	for line in [
		"compile none.toml --data train.bin --out out",
		"compile task.toml --data none.bin --out out",
		"train task.toml --data none.bin --out out",
		"eval task.toml --model none --data test.bin",
		"export task.toml --slots none --blobs . --out out",
		"idx2bin --images none --labels none --out out",
		"inspect none",
	] {
		assert_eq!(desk.refused(line), refused("assay::file::unreadable"), "{line}");
	}
}

#[test]
fn data_should_be_refused_when_its_size_is_not_the_manifests() {
	let desk = Desk::new(MLP);
	let mut data = desk.get("train.bin");
	data.pop();
	desk.put("short.bin", &data);
	let wrong = refused("assay::data::wrong_size");
	assert_eq!(desk.refused("compile task.toml --data short.bin --out out"), wrong);
	assert_eq!(desk.refused("compile task.toml --data test.bin --out out"), wrong);
	assert_eq!(desk.refused("train task.toml --data short.bin --out out"), wrong);
	desk.run("train task.toml --data train.bin --out run --steps 1");
	let line = "eval task.toml --model run/model.safetensors --data short.bin";
	assert_eq!(desk.refused(line), refused("assay::data::partial_record"));
	desk.put("empty.bin", &[]);
	let line = "eval task.toml --model run/model.safetensors --data empty.bin";
	assert_eq!(desk.refused(line), refused("assay::data::partial_record"));
}

#[test]
fn manifest_should_be_refused_at_its_place_when_a_key_is_unknown() {
	let desk = Desk::new(&MLP.replace("batch = 32", "batch = 32\nbacth = 3"));
	let malformed = refused("assay::manifest::malformed");
	assert_eq!(desk.refused("compile task.toml --data train.bin --out out"), malformed);
	assert_eq!(desk.refused("inspect task.toml"), malformed);
	let output = desk.command("inspect task.toml").output().unwrap();
	let shown = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(shown.contains("unknown field `bacth`") && shown.contains("bacth = 3"), "{shown}");
	desk.put("task.toml", MLP.replace("\"relu\"", "\"celu\"").as_bytes());
	assert_eq!(desk.refused("inspect task.toml"), refused("assay::manifest::unknown_kind"));
	desk.put("task.toml", &[0xff; 10]);
	let line = "compile task.toml --data train.bin --out out";
	assert_eq!(desk.refused(line), refused("assay::manifest::not_text"));
	desk.put("task.toml", &vec![b'#'; (1 << 20) + 1]);
	assert_eq!(desk.refused(line), refused("assay::file::too_large"));
}

#[test]
fn compile_should_be_refused_when_the_folder_holds_something() {
	let desk = Desk::new(MLP);
	let line = "compile task.toml --data train.bin --out out";
	desk.run(line);
	let before = desk.get("out/task.json");
	assert_eq!(desk.refused(line), refused("assay::file::exists"));
	assert_eq!(desk.get("out/task.json"), before);
	let file = "compile task.toml --data train.bin --out task.toml";
	assert_eq!(desk.refused(file), refused("assay::file::exists"));
}

#[test]
fn results_should_be_refused_when_they_cannot_be_written() {
	let desk = Desk::new(MLP);
	desk.put("images", &idx(&[1, 2], &[1, 2]));
	desk.put("labels", &idx(&[1], &[0]));
	std::fs::create_dir(desk.path("folder")).unwrap();
	for line in [
		"idx2bin --images images --labels labels --out folder",
		"compile task.toml --data train.bin --out task.toml/out",
		"idx2bin --images images --labels labels --out task.toml/out",
		"train task.toml --data train.bin --out task.toml/out --steps 1",
	] {
		assert_eq!(desk.refused(line).1, 4, "{line}");
	}
}

#[test]
fn idx_should_be_refused_when_truncated_or_of_other_length() {
	let desk = Desk::new(MLP);
	let images = idx(&[2, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8]);
	desk.put("images", &images);
	desk.put("labels", &idx(&[2], &[0, 1]));
	desk.put("three", &idx(&[3], &[0, 1, 2]));
	let line = |images: &str, labels: &str| {
		desk.refused(&format!("idx2bin --images {images} --labels {labels} --out out"))
	};
	for length in [0, 3, 7, 15, images.len() - 1] {
		desk.put("cut", &images[..length]);
		assert_eq!(line("cut", "labels"), refused("assay::idx::malformed"), "{length} bytes");
	}
	assert_eq!(line("labels", "images"), refused("assay::idx::malformed"));
	assert_eq!(line("images", "three"), refused("assay::idx::count"));
	desk.put("zipped", &[0x1f, 0x8b, 8, 0]);
	assert_eq!(line("zipped", "labels"), refused("assay::idx::malformed"));
}

#[test]
fn model_should_be_refused_when_it_is_of_another_manifest() {
	let desk = Desk::new(MLP);
	desk.put("wide.toml", MLP.replace("out = 32", "out = 33").as_bytes());
	desk.run("train wide.toml --data train.bin --out run --steps 1");
	let model = refused("assay::model::refused");
	let line = "eval task.toml --model run/model.safetensors --data test.bin";
	assert_eq!(desk.refused(line), model);
	desk.put("noise", &[0xf7; 5 * RECORD]);
	assert_eq!(desk.refused("eval task.toml --model noise --data test.bin"), model);
	assert_eq!(desk.refused("inspect noise"), refused("assay::inspect::unknown"));
}

#[test]
fn export_should_be_refused_when_a_tensor_is_missing_or_changed() {
	let desk = Desk::new(MLP);
	let result = desk.run("train task.toml --data train.bin --out run --steps 5");
	let artefact = text(&result["claim"]["artifactRoot"])[2..].to_owned();
	let tensor = |blob: &&Value| text(&blob["what"]) == "tensor";
	let tensor = result["blobs"].as_array().unwrap().iter().find(tensor).unwrap();
	let tensor = format!("run/blobs/{}", text(&tensor["key"]));
	let line = format!(
		"export task.toml --slots run/blobs/04-{artefact} --step 5 --blobs run/blobs --out out"
	);
	let mut bytes = desk.get(&tensor);
	bytes[5] ^= 1;
	desk.put(&tensor, &bytes);
	assert_eq!(desk.refused(&line), refused("assay::model::refused"));
	std::fs::remove_file(desk.path(&tensor)).unwrap();
	assert_eq!(desk.refused(&line), refused("assay::blob::missing"));
	let line = "export task.toml --slots task.toml --blobs run --out out";
	assert_eq!(desk.refused(line), refused("assay::inspect::unknown"));
}

#[test]
fn evaluation_should_fail_with_its_own_code_when_nothing_is_tolerated() {
	let desk = Desk::new(MLP);
	desk.run("train task.toml --data train.bin --out run --steps 50");
	let line = "eval task.toml --model run/model.safetensors --data test.bin --tolerance 0";
	assert_eq!(desk.refused(line), ("assay::eval::disagreement".into(), 5));
}

#[test]
fn training_should_be_refused_when_the_folder_is_of_another_one() {
	let desk = Desk::new(MLP);
	desk.run("train task.toml --data train.bin --out run --steps 40");
	// A longer one goes on from it; another seed is another training.
	desk.run("train task.toml --data train.bin --out run --steps 41");
	let (before, kept) = (desk.get("run/result.json"), names(&desk.path("run")));
	let other = String::from_utf8(desk.get("task.toml")).unwrap().replace("seed = 1", "seed = 2");
	desk.put("task.toml", other.as_bytes());
	let line = "train task.toml --data train.bin --out run";
	assert_eq!(desk.refused(line), refused("assay::file::other_training"));
	assert_eq!((desk.get("run/result.json"), names(&desk.path("run"))), (before, kept));
	// Earlier versions left no note, but the result says it too.
	std::fs::remove_file(desk.path("run/training.txt")).unwrap();
	assert_eq!(desk.refused(line), refused("assay::file::other_training"));
	desk.put("task.toml", MLP.as_bytes());
	desk.run(line);
	assert!(desk.path("run/training.txt").exists());
}

#[test]
fn folder_should_be_free_when_a_training_was_refused_there() {
	let desk = Desk::new(MLP);
	desk.put("run", b"a file, not a folder");
	let line = "train task.toml --data train.bin --out run --steps 5";
	assert_eq!(desk.refused(line).1, 4);
	std::fs::remove_file(desk.path("run")).unwrap();
	desk.run(line);
	// A stride longer than the steps is still the task's: the whole training goes on from there.
	desk.run("train task.toml --data train.bin --out run --steps 45");
}

#[test]
fn mistake_should_be_shown_in_its_file_when_a_manifest_is_refused() {
	let desk = Desk::new(&MLP.replace("kind = \"relu\"", "kind = \"rellu\""));
	let output = desk.command("inspect task.toml").output().unwrap();
	let told = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(told.contains("task.toml:"), "{told}");
}

#[test]
fn usage_should_be_refused_when_words_are_unknown() {
	let desk = Desk::new(MLP);
	for line in ["", "trian", "compile task.toml", "train task.toml --data x --out y --steps no"] {
		assert_eq!(desk.command(line).output().unwrap().status.code(), Some(2), "{line}");
	}
	let line = "train task.toml --data train.bin --out out --steps 0";
	assert_eq!(desk.refused(line), refused("assay::train::steps"));
}

#[test]
fn data_should_be_refused_when_a_record_holds_what_becomes_nan() {
	let bad = refused("assay::data::bad_record");
	// Ten digits, of which the model tells five apart.
	let desk = Desk::new(&MLP.replace("out = 10", "out = 5"));
	assert_eq!(desk.refused("compile task.toml --data train.bin --out out"), bad);
	assert_eq!(desk.refused("train task.toml --data train.bin --out out"), bad);
	let output = desk.command("train task.toml --data train.bin --out out").output().unwrap();
	let shown = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(shown.contains("record 5 (counted from 0) has label 5 in `digit`"), "{shown}");
	assert!(shown.contains("classes 0 to 4"), "{shown}");
	// A test set of its own.
	let desk = Desk::new(MLP);
	desk.run("train task.toml --data train.bin --out run --steps 1");
	let mut wrong = desk.get("test.bin");
	wrong[3 * RECORD + 64] = 10;
	desk.put("wrong.bin", &wrong);
	let line = "eval task.toml --model run/model.safetensors --data";
	assert_eq!(desk.refused(&format!("{line} wrong.bin")), bad);
	desk.run(&format!("{line} test.bin"));
	// Tokens beyond the vocabulary.
	let records = [b'a'; 64 * 33];
	let desk = Desk::new(&GPT.replace("vocab = 128", "vocab = 97"));
	desk.put("text.bin", &records);
	assert_eq!(desk.refused("compile task.toml --data text.bin --out out"), bad);
	desk.put("task.toml", GPT.replace("vocab = 128", "vocab = 98").as_bytes());
	desk.run("compile task.toml --data text.bin --out out");
	// Numbers that are none.
	let floats = MLP
		.replace("record_size = 65", "record_size = 257")
		.replace("offset = 64", "offset = 256")
		.replace("\"u8\", scale = 0.0625", "\"f32\"");
	let desk = Desk::new(&floats);
	let mut records: Vec<u8> = vec![0; 1437 * 257];
	desk.put("floats.bin", &records);
	desk.run("compile task.toml --data floats.bin --out out");
	records[5 * 257 + 8..][..4].copy_from_slice(&f32::NEG_INFINITY.to_le_bytes());
	desk.put("floats.bin", &records);
	assert_eq!(desk.refused("compile task.toml --data floats.bin --out other"), bad);
}

#[test]
fn labels_should_be_free_where_they_do_not_count() {
	let masked = GPT
		.replace("record_size = 33", "record_size = 65")
		.replace(
			"[data.fields]",
			"[data.fields]\nseen = { offset = 33, width = 32, format = \"u8\" }",
		)
		.replace("[model]", "[model]\nmask = \"seen\"");
	let desk = Desk::new(&masked);
	let mut records: Vec<u8> = (0..64 * 65).map(|at| if at % 65 < 33 { b'a' } else { 1 }).collect();
	desk.put("text.bin", &records);
	desk.run("compile task.toml --data text.bin --out out");
	// The last byte of a text is the label of position 31, and no token.
	records[2 * 65 + 32] = 200;
	desk.put("text.bin", &records);
	let bad = refused("assay::data::bad_record");
	assert_eq!(desk.refused("compile task.toml --data text.bin --out other"), bad);
	records[2 * 65 + 33 + 31] = 0;
	desk.put("text.bin", &records);
	desk.run("compile task.toml --data text.bin --out other");
	// Another name for the same bytes changes nothing.
	let twice =
		masked.replace("seen =", "all = { offset = 1, width = 32, format = \"u8\" }\nseen =");
	desk.put("task.toml", twice.as_bytes());
	desk.run("compile task.toml --data text.bin --out again");
	// Labels that are the tokens themselves are excused as labels alone.
	let same = masked.replace("offset = 1, width = 32", "offset = 0, width = 32");
	assert_ne!(same, masked);
	desk.put("task.toml", same.as_bytes());
	records[2 * 65 + 31] = 200;
	desk.put("text.bin", &records);
	assert_eq!(desk.refused("compile task.toml --data text.bin --out last"), bad);
}

/// Two positions of two numbers, a target and a mark for each.
const TARGETS: &str = r#"
compiler = 1
[task]
name = "targets"
steps = 4
stride = 2
batch = 2
seed = 1
[data]
records = 4
record_size = 26
[data.fields]
x = { offset = 0, width = 4, format = "f32" }
y = { offset = 16, width = 2, format = "f32" }
seen = { offset = 24, width = 2, format = "u8" }
[model]
input = "x"
shape = [2, 2]
[[model.layer]]
kind = "linear"
out = 1
[loss]
kind = "mse"
targets = "y"
mask = "seen"
[optimizer]
kind = "sgd"
lr = 0.1
"#;

#[test]
fn targets_should_be_refused_when_one_that_counts_is_no_number() {
	let desk = Desk::new(TARGETS);
	let mut records = Vec::new();
	for record in 0..4u8 {
		for number in 0..6u8 {
			records.extend((f32::from(record * 6 + number) / 20.0).to_le_bytes());
		}
		// Of the third record, only the first position.
		records.extend([1, u8::from(record != 2)]);
	}
	let place = |record: usize, target: usize| record * 26 + 16 + 4 * target;
	let nan = f32::NAN.to_le_bytes();
	records[place(2, 1)..][..4].copy_from_slice(&nan);
	desk.put("data.bin", &records);
	let line = "train task.toml --data data.bin --out run";
	let found = desk.run(line);
	assert!(found["loss"].as_f64().is_some_and(f64::is_finite), "{found}");
	let found = desk.run("eval task.toml --model run/model.safetensors --data data.bin");
	let null = Value::Null;
	assert_eq!((&found["accuracy"], &found["correct"]), (&null, &null));
	assert_eq!(found["labels"], 7);
	assert!(found["loss"].as_f64().is_some_and(|loss| loss > 0.0 && loss < 1.0), "{found}");
	records[place(2, 0)..][..4].copy_from_slice(&nan);
	desk.put("data.bin", &records);
	let bad = refused("assay::data::bad_record");
	assert_eq!(desk.refused("train task.toml --data data.bin --out other"), bad);
	let output = desk.command("train task.toml --data data.bin --out other").output().unwrap();
	let shown = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(shown.contains("record 2 (counted from 0) has NaN in `y`"), "{shown}");
	desk.put("task.toml", TARGETS.replace("out = 1", "out = 2").as_bytes());
	assert_eq!(desk.refused("inspect task.toml"), refused("assay::manifest::target_width"));
}

#[test]
fn training_should_be_refused_when_the_folder_holds_more_steps() {
	let desk = Desk::new(MLP);
	desk.run("train task.toml --data train.bin --out run --steps 40");
	let (model, table) = (desk.get("run/model.safetensors"), desk.get("run/losses.csv"));
	let line = "train task.toml --data train.bin --out run --steps";
	assert_eq!(desk.refused(&format!("{line} 39")), refused("assay::file::longer_training"));
	assert_eq!((desk.get("run/model.safetensors"), desk.get("run/losses.csv")), (model, table));
	desk.run(&format!("{line} 60"));
	assert_eq!(desk.get("run/losses.csv").iter().filter(|byte| **byte == b'\n').count(), 61);
}

#[test]
fn result_should_be_refused_where_it_would_replace_what_is_read() {
	let desk = Desk::new(MLP);
	desk.run("train task.toml --data train.bin --out run --steps 1");
	let own = refused("assay::file::own_input");
	let line = "eval task.toml --model run/model.safetensors --data test.bin --logits";
	for name in ["run/model.safetensors", "test.bin", "run/../task.toml"] {
		assert_eq!(desk.refused(&format!("{line} {name}")), own, "{name}");
	}
	desk.put("images", &idx(&[1, 2, 2], &[0; 4]));
	desk.put("labels", &idx(&[1], &[0]));
	for name in ["images", "./labels"] {
		let line = format!("idx2bin --images images --labels labels --out {name}");
		assert_eq!(desk.refused(&line), own, "{name}");
	}
}

#[test]
fn usage_should_be_refused_in_json_when_it_is_asked_for() {
	let desk = Desk::new(MLP);
	let usage = ("assay::usage".to_owned(), 2);
	for line in [
		"train task.toml",
		"compile task.toml --data train.bin --out out --reward 0",
		"eval task.toml --model m --data d --tolerance NaN",
		"--threads 1025 inspect task.toml",
		"--threads 0 inspect task.toml",
	] {
		assert_eq!(desk.refused(line), usage, "{line}");
	}
	let output = desk.command("train --help --json").output().unwrap();
	assert!(output.status.success());
	assert!(String::from_utf8_lossy(&output.stdout).contains("Example:"));
}

#[test]
fn seed_should_be_refused_in_words_when_it_is_none() {
	let desk = Desk::new(&MLP.replace("seed = 1", "seed = -1"));
	let output = desk.command("inspect task.toml").output().unwrap();
	let shown = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(shown.contains("an integer of at least 0"), "{shown}");
}
