//! How much memory this machine has.

use assay_executor::Memory;
use sysinfo::System;

use super::{fault::Fault, task::Task, Machine};

/// Bytes that this process may use: all of the machine's, or of the container it is in. `None` where that is not known.
pub(crate) fn total() -> Option<u64> {
	let mut system = System::new();
	system.refresh_memory();
	let all = Some(system.total_memory()).filter(|bytes| *bytes > 0)?;
	// The limits of a container are taken to be within it.
	let limit = system.cgroup_limits().map_or(all, |limits| limits.total_memory);
	Some(if limit > 0 { all.min(limit) } else { all })
}

/// Refuses to train what takes more than there is; a GPU says itself what it has room for.
pub(crate) fn check(task: &Task, machine: Machine) -> Result<(), Fault> {
	let data = &task.manifest.data;
	let records = u64::from(data.records) * u64::from(data.record_size);
	let needed = Memory::of(&task.program, records).run;
	match total().filter(|most| machine.gpu.is_none() && needed > *most) {
		Some(most) => Err(Fault::Memory { needed, most }),
		None => Ok(()),
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
