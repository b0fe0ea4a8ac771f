//! What a task is made of.

use assay_case::testing::{mlp, Execution};
use assay_primitives::{
	Assurance, Claim, ClaimEnds, Heartbeat, ProgramInfo, TaskSpec, Terms, Work,
};
use codec::Encode;

/// Adds them.
pub(super) fn add(add: &mut impl FnMut(&str, Vec<u8>)) {
	let task = mlp(4, 2);
	let honest = Execution::new(&task, Vec::new());
	let commitment = task.tree.commitment();
	let program = ProgramInfo {
		root: commitment.root,
		len: 500,
		opset: 1,
		nodes: commitment.nodes,
		slots: commitment.slots,
		batch: 2,
		flops: task.program.cost.flops,
		bytes: task.program.cost.bytes,
		words: task.program.cost.words,
	};
	let work = Work {
		data_root: task.data_root(),
		records: task.records(),
		record_size: task.record_size,
		first_step: 0,
		init_root: task.init_root(),
		init_slots: task.init_slots(),
		seed: task.seed,
		steps: task.steps,
		stride: task.stride,
	};
	let terms = Terms {
		reward: 1_000_000_000_000u128,
		bidding: 10u32,
		training: 100,
		heartbeat: 20,
		challenge: 50,
		assurance: Assurance::Challenge,
		hardware: None,
	};
	add("Work", work.encode());
	add("TaskSpec", TaskSpec { program, work, terms }.encode());
	let [first, last] = honest.ends();
	add("ClaimEnds", ClaimEnds { first, last }.encode());
	let root = honest.claim_root();
	let (final_state, artifact_root) = (honest.state(4), honest.artifact());
	add("Claim", Claim { root, states: 3, final_state, artifact_root, steps: 4 }.encode());
	add("Heartbeat", Heartbeat { states: 2, root }.encode());
}
