//! The first message of a worker.

use assay_host_functions::Text;
use assay_ops::OPSET_VERSION;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};

/// Version of the messages. Part of [`Hello`]; any change of a message needs a new one.
pub const PROTOCOL_VERSION: u32 = 3;

/// What a worker is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub struct Hello {
	/// Its [`PROTOCOL_VERSION`].
	pub protocol: u32,
	/// The operation set that it computes.
	pub opset: u16,
	/// Name and version, for people.
	pub build: Text<128>,
}

/// Why a host does not work with a worker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
	/// They speak different versions.
	#[error("worker `{build}` speaks protocol {theirs}, this node {ours}")]
	Protocol {
		/// The worker's version.
		theirs: u32,
		/// The host's version.
		ours: u32,
		/// The worker.
		build: String,
	},
	/// They give operations different meanings.
	#[error("worker `{build}` computes operation set {theirs}, this node needs {ours}")]
	Opset {
		/// The worker's version.
		theirs: u16,
		/// The host's version.
		ours: u16,
		/// The worker.
		build: String,
	},
}

impl Hello {
	/// What this build says.
	pub fn current(build: &str) -> Self {
		Self { protocol: PROTOCOL_VERSION, opset: OPSET_VERSION, build: build.into() }
	}

	/// Refuses a worker that is not of this host's versions.
	pub fn check(&self) -> Result<(), HandshakeError> {
		let build = || self.build.to_string();
		if self.protocol != PROTOCOL_VERSION {
			let (theirs, ours) = (self.protocol, PROTOCOL_VERSION);
			return Err(HandshakeError::Protocol { theirs, ours, build: build() });
		}
		if self.opset != OPSET_VERSION {
			let (theirs, ours) = (self.opset, OPSET_VERSION);
			return Err(HandshakeError::Opset { theirs, ours, build: build() });
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn handshake_should_name_both_versions_when_they_differ() {
		let hello = Hello::current("test 1.0");
		assert_eq!(hello.check(), Ok(()));
		let old = Hello { protocol: 0, ..hello.clone() };
		let error = old.check().unwrap_err();
		assert_eq!(error.to_string(), "worker `test 1.0` speaks protocol 0, this node 3");
		let other = Hello { opset: 9, ..hello };
		assert!(matches!(other.check(), Err(HandshakeError::Opset { theirs: 9, .. })));
	}
}
