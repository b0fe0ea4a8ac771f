//! How much memory this machine has.

use assay_executor::Prepared;
use sysinfo::System;

use super::fault::Fault;

/// Bytes that this process may use: all of the machine's, or of the container it is in. `None` where that is not known.
pub(crate) fn total() -> Option<u64> {
	let mut system = System::new();
	system.refresh_memory();
	let limits = system.cgroup_limits().map(|limits| limits.total_memory);
	let all = [Some(system.total_memory()), limits];
	all.into_iter().flatten().filter(|bytes| *bytes > 0).min()
}

/// Refuses a run that takes more than there is.
pub(crate) fn check(job: &Prepared) -> Result<(), Fault> {
	match (job.memory_bytes(), total()) {
		(needed, Some(most)) if needed > most => Err(Fault::Memory { needed, most }),
		_ => Ok(()),
	}
}

/// Bytes for people.
pub(crate) fn bytes(bytes: u64) -> String {
	indicatif::BinaryBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn memory_should_be_more_than_a_little_when_asked_for() {
		assert!(total().is_some_and(|bytes| bytes > 64 << 20), "{:?}", total());
	}
}
