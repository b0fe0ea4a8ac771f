//! The log of a worker: lines on standard error, which the host keeps.

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Stderr;

impl Log for Stderr {
	fn enabled(&self, metadata: &Metadata) -> bool {
		metadata.level() <= Level::Info
	}

	fn log(&self, record: &Record) {
		if self.enabled(record.metadata()) {
			eprintln!("{} {}", record.level(), record.args());
		}
	}

	fn flush(&self) {}
}

/// Writes the log to standard error, from level `info` on. Does nothing if a logger is there already.
pub fn log_to_stderr() {
	if log::set_logger(&Stderr).is_ok() {
		log::set_max_level(LevelFilter::Info);
	}
}
