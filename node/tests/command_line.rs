//! The binary does what its command line says, and refuses what makes no sense.

use serde_json::{json, Value};
use std::{
	path::{Path, PathBuf},
	process::{Command, Output},
};

const STASH: &str = "5Dpz3GzZMseo1drT5pWBw3SDyZw58DTRpmNDqdSHLYbebkPT";

fn node(arguments: &[&str]) -> Output {
	Command::new(env!("CARGO_BIN_EXE_assay-node"))
		.args(arguments)
		.output()
		.expect("the binary starts")
}

fn launch_file(name: &str, content: &Value) -> PathBuf {
	let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
	std::fs::write(&path, content.to_string()).expect("the file can be written");
	path
}

fn export(chain: &str) -> Output {
	node(&["export-chain-spec", "--chain", chain])
}

fn spec(chain: &str) -> Value {
	let output = export(chain);
	assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
	serde_json::from_slice(&output.stdout).expect("a specification is JSON")
}

fn refusal(output: &Output) -> String {
	assert!(!output.status.success());
	String::from_utf8_lossy(&output.stderr).into_owned()
}

fn launch(validators: Value) -> Value {
	json!({
		"name": "Test", "id": "test",
		"validators": validators,
		"balances": [[STASH, 7]],
		"bootNodes": [],
	})
}

#[test]
fn help_should_show_examples() {
	let text = String::from_utf8(node(&["--help"]).stdout).expect("help is text");
	assert!(text.matches("\n      assay-node --").count() >= 3, "{text}");
}

#[test]
fn export_should_use_the_preset_when_it_is_named() {
	for (chain, validators, slot) in [("dev", 1, 2_000), ("local", 4, 3_000)] {
		let spec = spec(chain);
		let patch = &spec["genesis"]["runtimeGenesis"]["patch"];
		assert_eq!(patch["session"]["keys"].as_array().map(Vec::len), Some(validators), "{chain}");
		assert_eq!(patch["timing"]["slotDurationMs"], slot, "{chain}");
		assert_eq!(spec["properties"]["ss58Format"], 42, "{chain}");
	}
}

#[test]
fn export_should_extend_the_production_preset_when_a_launch_file_is_given() {
	let validators = json!([{ "stash": STASH, "babe": STASH, "grandpa": STASH, "stake": 5 }]);
	let file = launch_file("good.json", &launch(validators));
	let spec = spec(&format!("mainnet:{}", file.display()));
	let patch = &spec["genesis"]["runtimeGenesis"]["patch"];
	assert_eq!(spec["id"], "test");
	assert_eq!(patch["timing"]["slotDurationMs"], 6_000);
	assert_eq!(patch["staking"]["stakers"], json!([[STASH, STASH, 5, "Validator"]]));
	assert_eq!(
		patch["session"]["keys"],
		json!([[STASH, STASH, { "babe": STASH, "grandpa": STASH }]])
	);
	let balances = patch["balances"]["balances"].as_array().expect("a list");
	assert_eq!(balances.len(), 2, "the treasury's and ours");
	assert_eq!(balances[1], json!([STASH, 7]));
	assert!(patch["sudo"].is_null());
}

#[test]
fn export_should_fail_when_the_launch_file_is_wrong() {
	let unknown = json!({ "name": "Test", "id": "test", "validators": [], "balances": [], "x": 1 });
	for (name, content, complaint) in [
		("nobody.json", launch(json!([])), "names no validators"),
		("incomplete.json", launch(json!([{ "stash": STASH }])), "missing field `babe`"),
		("unknown.json", unknown, "unknown field `x`"),
	] {
		let file = launch_file(name, &content);
		let said = refusal(&export(&format!("mainnet:{}", file.display())));
		assert!(said.contains(complaint) && said.contains(name), "{said}");
	}
	assert!(refusal(&export("mainnet:/no/such/file")).contains("/no/such/file"));
}

#[test]
fn node_should_not_start_when_the_network_has_no_validators() {
	let said =
		refusal(&node(&["--chain", "mainnet", "--tmp", "--no-prometheus", "--rpc-port", "0"]));
	assert!(said.contains("no validators"), "{said}");
}
