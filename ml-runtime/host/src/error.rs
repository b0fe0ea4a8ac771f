//! Why a host cannot work.

use std::{io, path::Path};

use assay_worker_protocol::HandshakeError;

/// Why a host cannot work, or a worker cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
	/// The disk.
	#[error("{path}: {source}")]
	Io {
		/// What was accessed.
		path: String,
		/// What happened.
		source: io::Error,
	},
	/// The worker could not be started.
	#[error("cannot start worker {path}: {source}")]
	Spawn {
		/// Its executable.
		path: String,
		/// What happened.
		source: io::Error,
	},
	/// The worker is not of this node's versions.
	#[error(transparent)]
	Handshake(#[from] HandshakeError),
	/// The worker did not begin with a greeting.
	#[error("the worker did not say hello: {0}")]
	NoHello(String),
}

/// Names the path in an error of the disk.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> HostError + '_ {
	move |source| HostError::Io { path: path.display().to_string(), source }
}
