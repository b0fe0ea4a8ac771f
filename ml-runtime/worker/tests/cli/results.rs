//! What commands write and print when all is well.

use std::{fs, io::Write, process::Stdio, thread, time::Duration};

use assay_blobs::{bytes_key, StateManifest};
use assay_commitment::{list, ListTag};
use assay_ops::{Limits, Program};
use codec::DecodeAll;
use serde_json::{json, Value};

use super::{names, text, Desk, LENET_ADAMW, MLP, RECORD, TRAINED_ON};

#[test]
fn compile_should_write_the_same_bytes_when_run_twice() {
	let desk = Desk::new(LENET_ADAMW);
	let first = desk.run("compile task.toml --data train.bin --out one");
	assert_eq!(desk.run("compile task.toml --data train.bin --out two/"), first);
	let files = |folder: &str| {
		let blobs = names(&desk.path(&format!("{folder}/blobs")));
		let blobs = blobs.into_iter().map(|name| format!("{folder}/blobs/{name}"));
		let rest = ["program.scale", "task.json"].map(|name| format!("{folder}/{name}"));
		blobs.chain(rest).map(|name| desk.get(&name)).collect::<Vec<_>>()
	};
	assert_eq!(files("one"), files("two"));
	assert_eq!(serde_json::from_slice::<Value>(&desk.get("one/task.json")).unwrap(), first);
	assert_eq!(names(&desk.path("one")), ["blobs", "program.scale", "task.json"]);
}

#[test]
fn compile_should_give_what_posting_needs_when_data_fits() {
	let desk = Desk::new(MLP);
	let task = desk.run("compile task.toml --data train.bin --out task");
	let program = desk.get("task/program.scale");
	let digits: String = program.iter().map(|byte| format!("{byte:02x}")).collect();
	assert_eq!(text(&task["program"]), format!("0x{digits}"));
	let checked = Program::decode_all(&mut &program[..]).unwrap().check(&Limits::new(65)).unwrap();
	assert_eq!(task["cost"]["flops"], json!(checked.cost.flops));
	let root = assay_commitment::program_root(&checked).unwrap().root;
	assert_eq!(text(&task["programRoot"])[2..], bytes_hex(&root));

	let work = &task["work"];
	let data_key = bytes_key(&desk.get("train.bin"));
	assert_eq!(text(&work["dataRoot"])[2..], data_key.to_string());
	let slots = format!("04-{}", &text(&work["initSlots"])[2..]);
	let state = desk.get(&format!("task/blobs/{slots}"));
	let state = StateManifest::from_bytes(0, &state).unwrap();
	assert_eq!((state.key().to_string(), &work["firstStep"]), (slots.clone(), &json!(0)));
	assert_eq!(text(&work["initRoot"])[2..], bytes_hex(&state.state_root()));
	assert_eq!((&work["records"], &work["recordSize"]), (&json!(1437), &json!(65)));
	assert_eq!((&work["steps"], &work["stride"]), (&json!(200), &json!(20)));
	assert_eq!(text(&work["seed"]), format!("0x01{}", "00".repeat(31)));
	assert_eq!((&task["allowed"], &task["terms"]["reward"]), (&json!([]), &Value::Null));
	let paid = desk.run("compile task.toml --data train.bin --reward 2.5 --out paid");
	assert_eq!(paid["terms"]["reward"], json!("2500000000000"));
	// Every blob that is listed, or named by the state, is there under its own hash.
	let listed: Vec<_> =
		task["blobs"].as_array().unwrap().iter().map(|b| text(&b["key"])).collect();
	assert_eq!(listed.len(), names(&desk.path("task/blobs")).len());
	let named = state.tensors().map(|key| key.to_string());
	assert!(listed.contains(&slots.as_str()));
	let tensors = listed.iter().map(|key| key.to_string()).filter(|key| *key != slots);
	for key in tensors.chain(named) {
		assert_eq!(bytes_key(&desk.get(&format!("task/blobs/{key}"))).to_string(), key);
	}
}

fn bytes_hex(bytes: &[u8]) -> String {
	bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn training_should_learn_and_commit_when_run_on_digits() {
	let desk = Desk::new(MLP);
	let posted = desk.run("compile task.toml --data train.bin --out task");
	let result = desk.run("train task.toml --data train.bin --out run");
	let claim = &result["claim"];
	assert_eq!((&claim["steps"], &claim["states"]), (&json!(200), &json!(11)));
	assert_eq!(result["initRoot"], posted["work"]["initRoot"]);
	assert_eq!(result["programRoot"], posted["programRoot"]);
	let states: Vec<[u8; 32]> = desk.get("run/claim.states").as_chunks().0.to_vec();
	assert_eq!(states.len(), 11);
	assert_eq!(text(&claim["root"])[2..], bytes_hex(&list::root(ListTag::States, &states)));
	assert_eq!(text(&claim["finalState"])[2..], bytes_hex(&states[10]));
	assert_eq!(serde_json::from_slice::<Value>(&desk.get("run/result.json")).unwrap(), result);

	let found = desk.run("eval task.toml --model run/model.safetensors --data test.bin");
	assert_eq!(found["records"], json!(360));
	assert!(found["accuracy"].as_f64().unwrap() > 0.8, "{found}");
	assert!(found["largestDifference"].as_f64().unwrap() < 1e-4, "{found}");
	assert_eq!(found["correct"], found["candle"]["correct"]);
}

#[test]
fn quantised_model_should_be_evaluated_when_its_logits_are_not_those_of_f32() {
	let desk = Desk::new(&format!("{MLP}\n[numerics]\nforward = \"i8\"\nbackward = \"i8\"\n"));
	desk.run("train task.toml --data train.bin --out run");
	let line =
		"eval task.toml --model run/model.safetensors --data test.bin --logits logits.safetensors";
	let found = desk.run(line);
	assert!(found["accuracy"].as_f64().unwrap() > 0.8, "{found}");
	assert!(found["largestDifference"].as_f64().unwrap() < 1e-4, "{found}");
	assert!(found["largestRounding"].as_f64().unwrap() > 1e-3, "{found}");
	assert_eq!(found["nonFiniteLogits"], json!(0));
	assert!(desk.path("logits.safetensors").exists());
}

#[test]
fn training_should_go_on_or_stop_as_asked_when_it_diverges() {
	let desk = Desk::new(&MLP.replace("lr = 0.1", "lr = 1e30"));
	let run = |more: &str| {
		let line = format!("train task.toml --data train.bin --steps 30 --json {more}");
		let output = desk.command(&line).output().unwrap();
		let told = String::from_utf8_lossy(&output.stderr).into_owned();
		assert!(output.status.success() && told.contains("diverged"), "{told}");
		serde_json::from_slice::<Value>(&output.stdout).unwrap()
	};
	let (whole, stopped) = (run("--out whole"), run("--out stopped --stop-on-nan"));
	let step = whole["nonFiniteStep"].as_u64().unwrap();
	assert_eq!((&whole["claim"]["steps"], &stopped["nonFiniteStep"]), (&json!(30), &json!(step)));
	assert_eq!(stopped["claim"]["steps"], json!(step + 1));
	let found = desk.run("eval task.toml --model whole/model.safetensors --data test.bin");
	assert!(found["nonFiniteLogits"].as_u64().unwrap() > 0, "{found}");
}

#[test]
fn model_should_be_said_to_have_diverged_when_a_parameter_is_no_number() {
	let desk = Desk::new(MLP);
	desk.run("train task.toml --data train.bin --out run --steps 1");
	let mut model = desk.get("run/model.safetensors");
	let line = "eval task.toml --model broken --data test.bin --tolerance";
	desk.put("broken", &model);
	assert_eq!(desk.command(&format!("{line} 0")).output().unwrap().status.code(), Some(5));
	// The first number of the first layer, behind the header and its length; candle's ReLU makes 0 of NaN.
	let at = 8 + u64::from_le_bytes(*model.first_chunk().unwrap()) as usize;
	model[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
	desk.put("broken", &model);
	let found = desk.run(&format!("{line} 0"));
	assert!(found["nonFiniteLogits"].as_u64().unwrap() > 0, "{found}");
}

#[test]
fn training_should_say_where_it_goes_on_when_one_of_fewer_steps_ended_between_states() {
	let desk = Desk::new(MLP);
	desk.run("train task.toml --data train.bin --out run --steps 5");
	let output = desk.command("train task.toml --data train.bin --out run").output().unwrap();
	let told = String::from_utf8_lossy(&output.stderr).into_owned();
	assert!(
		output.status.success() && told.contains("ended there, between two committed"),
		"{told}"
	);
}

#[test]
fn examples_should_compile_when_printed() {
	let desk = Desk::new(MLP);
	let reference = desk.run("manifest");
	assert!(text(&reference["text"]).contains("`[numerics]`"));
	for name in reference["examples"].as_array().unwrap() {
		let output = desk.command(&format!("manifest --example {}", text(name))).output().unwrap();
		desk.put("example.toml", &output.stdout);
		assert_eq!(text(&desk.run("inspect example.toml")["kind"]), "manifest");
	}
}

#[test]
fn stride_should_be_measured_when_asked_for() {
	let desk = Desk::new(MLP);
	let plain = desk.run("compile task.toml --data train.bin --out plain");
	let timed = desk.run("compile task.toml --data train.bin --measure --out timed");
	assert_eq!(desk.get("timed/task.json"), desk.get("plain/task.json"));
	let measured = &timed["measured"];
	assert!(measured["recommendedStride"].as_u64().unwrap() >= 1, "{measured}");
	assert!(measured["stepSeconds"].as_f64().unwrap() > 0.0, "{measured}");
	assert_eq!(plain["measured"], Value::Null);
	// All slots and their next contents at least.
	assert!(plain["cost"]["peakWords"].as_u64().unwrap() > 2 * 2410);
}

#[test]
fn task_should_start_from_a_model_file_when_weights_are_given() {
	let desk = Desk::new(LENET_ADAMW);
	let first = desk.run("train task.toml --data train.bin --out one --steps 5");
	let weights = "--weights one/model.safetensors";
	let task = desk.run(&format!("compile task.toml --data train.bin {weights} --out task"));
	assert_eq!(task["notInWeights"], json!([]));
	// The parameters are those of the first training; its optimiser state is not taken over.
	let roots = |file: String| StateManifest::from_bytes(0, &desk.get(&file)).unwrap().slots;
	let key = |value: &Value| text(value)[2..].to_owned();
	let ended = roots(format!("one/blobs/04-{}", key(&first["claim"]["artifactRoot"])));
	let starts = roots(format!("task/blobs/04-{}", key(&task["work"]["initSlots"])));
	let manifest = desk.run("inspect task.toml");
	let parameters = manifest["task"]["parameters"].as_array().unwrap().len();
	assert_eq!(starts[..parameters], ended[..parameters]);
	assert_ne!(starts, ended);
	let second =
		desk.run(&format!("train task.toml --data train.bin {weights} --out two --steps 5"));
	assert_eq!(second["initRoot"], task["work"]["initRoot"]);
	assert!(second["loss"].as_f64().unwrap() < first["loss"].as_f64().unwrap());
}

#[test]
fn weights_should_be_read_from_a_pipe_when_they_come_from_one() {
	let desk = Desk::new(MLP);
	desk.run("train task.toml --data train.bin --out one --steps 5");
	let line = |weights: &str, out: &str| {
		format!("compile task.toml --data train.bin --weights {weights} --out {out}")
	};
	let from_file = desk.run(&line("one/model.safetensors", "file"));
	let mut command = desk.command(&line("/dev/stdin", "pipe"));
	command.arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped());
	let mut child = command.spawn().unwrap();
	child.stdin.take().unwrap().write_all(&desk.get("one/model.safetensors")).unwrap();
	let output = child.wait_with_output().unwrap();
	assert!(output.status.success());
	let from_pipe: Value = serde_json::from_slice(&output.stdout).unwrap();
	assert_eq!(from_pipe["work"]["initRoot"], from_file["work"]["initRoot"]);
}

#[test]
fn training_should_leave_a_curve_when_it_ends() {
	let desk = Desk::new(MLP);
	let result = desk.run("train task.toml --data train.bin --out run --steps 30");
	let table = String::from_utf8(desk.get("run/losses.csv")).unwrap();
	assert_eq!(table.lines().count(), 31);
	let last: f64 = table.lines().last().unwrap().strip_prefix("30,").unwrap().parse().unwrap();
	assert!((last - result["loss"].as_f64().unwrap()).abs() < 1e-6);
	assert!(desk.get("run/loss.svg").starts_with(b"<svg"));
	assert!(result["measured"]["stepSeconds"].as_f64().unwrap() > 0.0);
}

/// What a training printed, but for the time that it took.
fn timeless(mut result: Value) -> Value {
	result.as_object_mut().unwrap().remove("measured");
	result
}

#[test]
fn threads_should_change_nothing_when_training() {
	let desk = Desk::new(LENET_ADAMW);
	let one = desk.run("train task.toml --data train.bin --out one --steps 7 --threads 1");
	let three = desk.run("train task.toml --data train.bin --out three --steps 7 --threads 3");
	assert_eq!(one["claim"]["states"], json!(2));
	assert_eq!(timeless(one), timeless(three));
}

#[test]
fn export_should_give_the_model_and_roots_of_the_claim_when_blobs_are_whole() {
	let desk = Desk::new(LENET_ADAMW);
	let claim = desk.run("train task.toml --data train.bin --out run --steps 30")["claim"].clone();
	let artefact = &text(&claim["artifactRoot"])[2..];
	let line = format!(
		"export task.toml --slots run/blobs/04-{artefact} --step 30 --blobs run --out new/m.safetensors"
	);
	let found = desk.run(&line);
	assert_eq!(found["stateRoot"], claim["finalState"]);
	assert_eq!(found["artifactRoot"], claim["artifactRoot"]);
	assert_eq!(found["step"], json!(30));
	assert_eq!(desk.get("new/m.safetensors"), desk.get("run/model.safetensors"));
}

#[test]
fn training_should_end_with_the_same_claim_when_killed_and_resumed() {
	let desk = Desk::new(LENET_ADAMW);
	let expected = desk.run("train task.toml --data train.bin --out whole --steps 1000");
	let line = "train task.toml --data train.bin --out cut --steps 1000";
	let mut child = desk.command(line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
	let checkpoints = desk.path("cut/checkpoints");
	let started = || {
		let entries = fs::read_dir(&checkpoints).into_iter().flatten().flatten();
		entries.filter(|e| e.file_name().to_string_lossy().starts_with("checkpoint-")).count() > 0
	};
	while !started() && child.try_wait().unwrap().is_none() {
		thread::sleep(Duration::from_millis(2));
	}
	child.kill().unwrap();
	child.wait().unwrap();
	assert!(!desk.path("cut/result.json").exists(), "it ended before it was killed");
	assert_eq!(timeless(desk.run(line)), timeless(expected));
	assert_eq!(desk.get("cut/losses.csv"), desk.get("whole/losses.csv"));
	let again = desk.command(line).output().unwrap();
	assert!(String::from_utf8_lossy(&again.stdout).contains("resumed at 1000"));
}

#[test]
fn inspect_should_recognise_each_file_when_its_name_says_nothing() {
	let desk = Desk::new(MLP);
	let task = desk.run("compile task.toml --data train.bin --out task");
	let result = desk.run("train task.toml --data train.bin --out run --steps 3");
	let manifest = desk.run("inspect task.toml");
	assert_eq!(
		(text(&manifest["kind"]), &manifest["programRoot"]),
		("manifest", &task["programRoot"])
	);
	assert_eq!(manifest["task"]["parameters"][0], json!({ "name": "0.weight", "shape": [32, 64] }));
	fs::copy(desk.path("task/program.scale"), desk.path("some")).unwrap();
	let program = desk.run("inspect some");
	assert_eq!(
		(text(&program["kind"]), &program["programRoot"]),
		("program", &task["programRoot"])
	);
	assert_eq!(program["cost"], task["cost"]);
	assert_eq!(program["nodes"].as_array().unwrap().len() as u64, task["nodes"].as_u64().unwrap());
	let artefact = &result["claim"]["artifactRoot"];
	let state = desk.run(&format!("inspect run/blobs/04-{}", &text(artefact)[2..]));
	assert_eq!((text(&state["kind"]), &state["artifactRoot"]), ("slots", artefact));
	assert_eq!(state["certain"], json!(true));
	let claim = desk.run("inspect run/claim.states");
	assert_eq!((text(&claim["kind"]), &claim["certain"]), ("slots", &json!(false)));
	let model = desk.run("inspect run/model.safetensors");
	assert_eq!((text(&model["kind"]), &model["numbers"]), ("model", &json!(2410)));
	assert_eq!(model["notedStateRoot"], result["claim"]["finalState"]);
}

/// An IDX file of bytes.
pub(crate) fn idx(sides: &[u32], elements: &[u8]) -> Vec<u8> {
	let mut bytes = vec![0, 0, 8, sides.len() as u8];
	sides.iter().for_each(|side| bytes.extend(side.to_be_bytes()));
	bytes.extend(elements);
	bytes
}

#[test]
fn idx2bin_should_join_images_and_labels_when_counts_agree() {
	let desk = Desk::new(MLP);
	let records: Vec<Vec<u8>> = desk.get("train.bin").chunks(RECORD).map(<[u8]>::to_vec).collect();
	let images: Vec<u8> = records.iter().flat_map(|record| &record[..64]).copied().collect();
	let labels: Vec<u8> = records.iter().map(|record| record[64]).collect();
	desk.put("images", &idx(&[TRAINED_ON as u32, 8, 8], &images));
	desk.put("labels", &idx(&[TRAINED_ON as u32], &labels));
	let all = desk.run("idx2bin --images images --labels labels --out all.bin");
	assert_eq!((&all["records"], &all["recordSize"]), (&json!(1437), &json!(65)));
	assert_eq!(desk.get("all.bin"), desk.get("train.bin"));
	desk.run("idx2bin --images images --labels labels --out some.bin --limit 3");
	assert_eq!(desk.get("some.bin"), desk.get("train.bin")[..3 * RECORD]);
	let root = bytes_key(&desk.get("train.bin")).to_string();
	assert_eq!(text(&all["dataRoot"])[2..], root);
}

#[test]
fn command_should_end_quietly_when_nobody_reads_its_result() {
	let desk = Desk::new(MLP);
	let mut command = desk.command("compile task.toml --data train.bin --reward 1 --out t --json");
	let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
	drop(child.stdout.take());
	let output = child.wait_with_output().unwrap();
	let said = String::from_utf8_lossy(&output.stderr);
	assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn serve_should_greet_and_end_when_the_host_is_gone() {
	let desk = Desk::new(MLP);
	// Without a GPU, too, a worker that was to have one serves.
	for options in ["", "--gpu", "--gpu 77"] {
		let output = desk.command(&format!("serve --threads 1 {options}")).output().unwrap();
		assert!(output.status.success());
		let hello = assay_worker_protocol::read_message(&mut &output.stdout[..]).unwrap();
		assert!(matches!(hello, Some(assay_worker_protocol::WorkerMessage::Hello(_))), "{hello:?}");
	}
}

#[test]
fn training_should_give_the_same_claim_on_a_gpu_or_say_what_is_missing() {
	let desk = Desk::new(MLP);
	let line = "train task.toml --data train.bin --steps 3";
	let output = desk.command(&format!("{line} --out gpu --gpu --json")).output().unwrap();
	let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
	if output.status.success() {
		let result = desk.run(&format!("{line} --out cpu"));
		assert_eq!(answer["claim"], result["claim"]);
	} else {
		let message = text(&answer["error"]["message"]);
		assert_eq!(answer["error"]["code"], "assay::machine::device", "{message}");
		assert!(text(&answer["error"]["help"]).starts_with("without --gpu"));
		assert_eq!(answer["error"]["exitCode"].as_i64(), output.status.code().map(i64::from));
		println!("no GPU: {message}");
	}
}
