//! `assay-node blob …` on a folder, and between two running nodes.

use serde_json::{json, Value};
use std::{
	fs,
	io::{Read, Write},
	net::TcpStream,
	path::Path,
	process::{Child, Command, Output, Stdio},
	thread,
	time::{Duration, Instant},
};

const NODE: &str = env!("CARGO_BIN_EXE_assay-node");

fn blob(base: &Path, arguments: &[&str]) -> Output {
	let base = base.to_str().expect("UTF-8");
	Command::new(NODE)
		.arg("blob")
		.args(arguments)
		.args(["--chain", "local", "--base-path", base])
		.output()
		.expect("the binary starts")
}

fn said(output: &Output) -> String {
	let error = String::from_utf8_lossy(&output.stderr);
	assert!(output.status.success(), "{error}");
	String::from_utf8(output.stdout.clone()).expect("text").trim_end().to_owned()
}

fn refusal(output: &Output) -> String {
	assert!(!output.status.success());
	String::from_utf8_lossy(&output.stderr).into_owned()
}

fn content(len: u32) -> Vec<u8> {
	(0..len).map(|i| (i / 3) as u8).collect()
}

#[test]
fn put_should_print_the_hash_and_get_should_give_the_file_back() {
	let folder = tempfile::tempdir().expect("a folder");
	let [a, b, out] = ["a", "b", "out"].map(|name| folder.path().join(name));
	fs::write(&a, content(1_000_000)).expect("written");
	fs::write(&b, b"small").expect("written");
	let base = folder.path().join("base");
	let keys = said(&blob(&base, &["put", a.to_str().unwrap(), b.to_str().unwrap()]));
	let keys: Vec<_> = keys.lines().collect();
	assert_eq!(keys[1], blake3::hash(b"small").to_string());
	assert_eq!(keys.len(), 2);
	let mut listed = [format!("{} 1000000", keys[0]), format!("{} 5", keys[1])];
	listed.sort();
	assert_eq!(said(&blob(&base, &["ls"])), listed.join("\n"));
	said(&blob(&base, &["get", keys[0], "--out", out.to_str().unwrap()]));
	assert!(fs::read(&out).expect("there") == content(1_000_000));
	said(&blob(&base, &["rm", keys[0]]));
	let error = refusal(&blob(&base, &["get", keys[0], "--out", out.to_str().unwrap()]));
	assert!(error.contains("not in the store") && error.contains("--url"), "{error}");
	let lies_in = base.join("chains/assay_local/blobs/blobs");
	assert!(lies_in.join(keys[1]).is_file(), "{}", lies_in.display());
}

#[test]
fn verify_should_fail_and_move_the_blob_aside_when_the_disk_changed_it() {
	let folder = tempfile::tempdir().expect("a folder");
	let file = folder.path().join("file");
	fs::write(&file, b"content").expect("written");
	let base = folder.path().join("base");
	let key = said(&blob(&base, &["put", file.to_str().unwrap()]));
	assert_eq!(said(&blob(&base, &["verify"])), "1 blobs verified");
	let place = base.join("chains/assay_local/blobs/blobs").join(&key);
	fs::write(place, b"Content").expect("written");
	let error = refusal(&blob(&base, &["verify", &key]));
	assert!(error.contains(&key) && error.contains("damaged"), "{error}");
	assert_eq!(said(&blob(&base, &["ls"])), "");
}

#[test]
fn blob_should_be_refused_when_the_input_makes_no_sense() {
	let folder = tempfile::tempdir().expect("a folder");
	let base = folder.path();
	let key = "ab".repeat(32);
	for (arguments, complaint) in [
		(&["put", "/no/such/file"][..], "/no/such/file"),
		(&["get", "../../etc/passwd", "--out", "x"], "not a blob key"),
		(&["get", &key, "--out", "x", "--url", "https://host"], "http://HOST:PORT"),
		(&["get", &key, "--out", "x", "--url", "http://127.0.0.1:1"], "127.0.0.1:1"),
		(&["rm", &key], "not in the store"),
	] {
		let error = refusal(&blob(base, arguments));
		assert!(error.contains(complaint), "{arguments:?}: {error}");
	}
	let dev = Command::new(NODE).args(["blob", "ls", "--dev"]).output().expect("it starts");
	assert!(refusal(&dev).contains("--base-path"));
}

#[test]
fn key_should_be_inserted_when_it_is_a_solvers_or_challengers() {
	let folder = tempfile::tempdir().expect("a folder");
	let base = folder.path().to_str().expect("UTF-8");
	for kind in ["asol", "achl"] {
		let done = Command::new(NODE)
			.args(["key", "insert", "--key-type", kind, "--scheme", "sr25519"])
			.args(["--suri", "//Alice", "--chain", "local", "--base-path", base])
			.output()
			.expect("the binary starts");
		said(&done);
	}
	let keys = folder.path().join("chains/assay_local/keystore");
	assert_eq!(fs::read_dir(keys).expect("a keystore").count(), 2);
}

/// A running node; it is stopped when this is dropped.
struct Running {
	process: Child,
	rpc: u16,
}

impl Drop for Running {
	fn drop(&mut self) {
		let _ = self.process.kill();
		let _ = self.process.wait();
	}
}

impl Running {
	fn start(base: &Path, arguments: &[&str]) -> Self {
		let [port, rpc] = [free_port(), free_port()];
		let log = fs::File::create(base.with_extension("log")).expect("a log");
		let process = Command::new(NODE)
			.args(["--chain", "local", "--no-prometheus", "--no-telemetry", "--no-worker"])
			.args(["--base-path", base.to_str().expect("UTF-8")])
			.args(["--listen-addr", &format!("/ip4/127.0.0.1/tcp/{port}"), "--no-mdns"])
			.args(["--rpc-port", &rpc.to_string(), "--blob-patience", "2"])
			.arg("--unsafe-force-node-key-generation")
			.args(arguments)
			.stdout(Stdio::null())
			.stderr(log)
			.spawn()
			.expect("the binary starts");
		let node = Self { process, rpc };
		node.until("the RPC server", |node| node.call("system_health", json!([])).map(drop));
		node
	}

	fn url(&self) -> String {
		format!("http://127.0.0.1:{}", self.rpc)
	}

	fn call(&self, method: &str, params: Value) -> Option<Value> {
		let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
		let request = request.to_string();
		let mut stream = TcpStream::connect(("127.0.0.1", self.rpc)).ok()?;
		write!(
			stream,
			"POST / HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
			Content-Length: {}\r\n\r\n{request}",
			self.rpc,
			request.len()
		)
		.ok()?;
		let mut answer = String::new();
		stream.read_to_string(&mut answer).ok()?;
		let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
		Some(answer.get("result")?.clone())
	}

	fn until<T>(&self, what: &str, look: impl Fn(&Self) -> Option<T>) -> T {
		let end = Instant::now() + Duration::from_secs(150);
		loop {
			if let Some(found) = look(self) {
				return found;
			}
			assert!(Instant::now() < end, "waited too long for {what}");
			thread::sleep(Duration::from_millis(100));
		}
	}

	fn address(&self) -> String {
		let addresses = self.call("system_localListenAddresses", json!([])).expect("addresses");
		addresses[0].as_str().expect("an address").to_owned()
	}
}

fn free_port() -> u16 {
	let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
	socket.local_addr().expect("an address").port()
}

/// Puts a blob into one node and gets it from another, over this backend of the network.
fn fetch_between_nodes(backend: &str) {
	let folder = tempfile::tempdir().expect("a folder");
	let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
	let [file, out] = ["file", "out"].map(|name| folder.path().join(name));
	fs::write(&file, content(20_000_000)).expect("written");
	// Put once while no node runs, once while one does.
	fs::write(folder.path().join("small"), b"small").expect("written");
	let key = said(&blob(&a, &["put", file.to_str().unwrap()]));
	let backend = ["--network-backend", backend];
	let first = Running::start(&a, &[&["--alice"], &backend[..]].concat());
	let small = said(&blob(&a, &["put", folder.path().join("small").to_str().unwrap()]));
	let bootnode = first.address();
	let second = Running::start(&b, &[&["--bob", "--bootnodes", &bootnode], &backend[..]].concat());
	second.until("a peer", |node| {
		let health = node.call("system_health", json!([]))?;
		health["peers"].as_u64().filter(|peers| *peers > 0)
	});
	let out_path = out.to_str().unwrap();
	for (key, expected) in [(&key, content(20_000_000)), (&small, b"small".to_vec())] {
		let get = ["get", key, "--out", out_path, "--url", &second.url()];
		said(&blob(&b, &get));
		assert!(fs::read(&out).expect("there") == expected);
	}
	let listed = second.call("assay_blobList", json!([])).expect("a list");
	assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
	assert_eq!(second.call("assay_executorStats", json!([])), Some(Value::Null));
	assert_eq!(second.call("assay_executorJobs", json!([])), Some(Value::Null));
	let nowhere = "ab".repeat(32);
	let error = refusal(&blob(&b, &["get", &nowhere, "--out", out_path, "--url", &second.url()]));
	assert!(error.contains("no peer brought") && error.contains("1 asked"), "{error}");
}

#[test]
fn blob_should_travel_between_nodes_when_one_is_asked_to_fetch_it() {
	fetch_between_nodes("litep2p");
}

#[test]
fn blob_should_travel_between_nodes_when_they_use_libp2p() {
	fetch_between_nodes("libp2p");
}

#[test]
fn put_should_refuse_a_file_that_is_not_what_its_name_says() {
	let folder = tempfile::tempdir().expect("a folder");
	let base = folder.path().join("base");
	let file = folder.path().join(blake3::hash(b"a tensor").to_string());
	fs::write(&file, b"a tensOr").expect("written");
	refusal(&blob(&base, &["put", file.to_str().unwrap()]));
	assert_eq!(said(&blob(&base, &["ls"])), "");
	fs::write(&file, b"a tensor").expect("written");
	let key = said(&blob(&base, &["put", file.to_str().unwrap()]));
	assert_eq!(Some(key.as_str()), file.file_name().and_then(|name| name.to_str()));
	fs::write(&file, b"a tensOr").expect("written");
	refusal(&blob(&base, &["put", file.to_str().unwrap()]));
	said(&blob(&base, &["verify"]));
}
