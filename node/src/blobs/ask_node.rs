//! Calls of a running node's RPC, for commands that need one.

use serde_json::{json, Value};
use std::{
	io::{Read, Write},
	net::TcpStream,
	time::Duration,
};

/// Bytes of an answer at most.
const MAX_ANSWER: u64 = 1 << 20;
/// Time for connecting, and for each part of an answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A node's RPC server.
pub(super) struct Node {
	address: String,
}

impl Node {
	/// From `http://HOST:PORT`; `ws://` is taken too, since a node serves both on one port.
	pub(super) fn at(url: &str) -> Result<Self, String> {
		let address = url.strip_prefix("http://").or_else(|| url.strip_prefix("ws://"));
		let address = address.map(|address| address.trim_end_matches('/'));
		match address {
			Some(address) if address.contains(':') && !address.contains('/') => {
				Ok(Self { address: address.into() })
			},
			_ => Err(format!("{url}: expected http://HOST:PORT")),
		}
	}

	/// Calls a method.
	pub(super) fn call(&self, method: &str, params: &Value) -> Result<Value, String> {
		let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
		let answer = self
			.post(&request.to_string())
			.map_err(|error| format!("node at {}: {error}", self.address))?;
		let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
		let answer: Value = serde_json::from_str(body).map_err(|_| {
			let status = head.lines().next().unwrap_or("nothing");
			format!("node at {}: no JSON-RPC answer: {status}", self.address)
		})?;
		match (answer.get("result"), answer.get("error")) {
			(Some(result), None) => Ok(result.clone()),
			(_, error) => {
				let why = error.and_then(|error| error["message"].as_str());
				Err(format!("{method}: {}", why.unwrap_or("no result")))
			},
		}
	}

	/// One request on a connection of its own. HTTP 1.0, so that the answer comes in one piece.
	fn post(&self, body: &str) -> std::io::Result<String> {
		let mut stream = TcpStream::connect(&self.address)?;
		stream.set_read_timeout(Some(TIMEOUT))?;
		stream.set_write_timeout(Some(TIMEOUT))?;
		write!(
			stream,
			"POST / HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\n\
			Content-Length: {}\r\n\r\n{body}",
			self.address,
			body.len(),
		)?;
		let mut answer = String::new();
		stream.take(MAX_ANSWER).read_to_string(&mut answer)?;
		Ok(answer)
	}
}
