//! Bytes as the chain's clients write them.

use std::fmt::Write;

/// `0x` and two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
	let mut text = String::with_capacity(2 + 2 * bytes.len());
	text.push_str("0x");
	for byte in bytes {
		let _ = write!(text, "{byte:02x}"); // Writing to a string does not fail.
	}
	text
}
