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

/// Inserts Bob's key into a folder.
fn insert(base: Option<&Path>, more: &[&str]) -> Output {
	let base = base.and_then(Path::to_str);
	let base: Vec<_> = base.map(|base| vec!["--base-path", base]).unwrap_or_default();
	node(&[&["key", "insert", "--suri", "//Bob"], &base[..], more].concat())
}

#[test]
fn key_should_be_in_the_keystore_when_it_is_one_that_a_node_uses() {
	let folder = tempfile::tempdir().expect("a folder");
	let base = Some(folder.path());
	for (kind, scheme) in [("asol", "sr25519"), ("achl", "sr25519"), ("gran", "ed25519")] {
		let made = insert(base, &["--key-type", kind, "--scheme", scheme, "--chain", "local"]);
		let said = String::from_utf8_lossy(&made.stdout).into_owned();
		assert!(made.status.success() && said.contains("chains/assay_local/keystore"), "{said}");
	}
	let keystore = folder.path().join("chains/assay_local/keystore");
	assert_eq!(std::fs::read_dir(keystore).expect("made").count(), 3);
}

#[test]
fn key_should_be_refused_when_no_node_would_use_it() {
	let folder = tempfile::tempdir().expect("a folder");
	let base = Some(folder.path());
	let chain = ["--chain", "local"];
	let with = |kind, scheme| {
		insert(base, &[&["--key-type", kind, "--scheme", scheme], &chain[..]].concat())
	};
	let error = refusal(&with("asoI", "sr25519"));
	assert!(error.contains("asol (solver)") && error.contains("achl (challenger)"), "{error}");
	let error = refusal(&with("asol", "ed25519"));
	assert!(error.contains("--scheme sr25519"), "{error}");
	let error = refusal(&insert(None, &["--dev", "--key-type", "asol", "--scheme", "sr25519"]));
	assert!(error.contains("--base-path"), "{error}");
	assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 0);
}

#[test]
fn chain_should_be_refused_with_those_that_there_are_when_it_is_unknown() {
	let error = refusal(&export("staging"));
	assert!(error.contains("staging") && error.contains("mainnet:LAUNCH.json"), "{error}");
}
