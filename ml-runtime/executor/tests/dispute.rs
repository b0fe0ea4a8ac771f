//! Re-execution gives states, traces and evidence that the referee accepts, and that convict a liar.

mod common;

use std::{ops::ControlFlow, time::Duration};

use assay_backend_cpu::{CpuKernels, KernelError, Kernels, RecordSource, ReferenceKernels};
use assay_commitment::{list, program_root, ListTag, ProgramTree, TensorTree};
use assay_executor::{CheckpointPolicy, Focus, Prepared, Replay, Session, Storage, Trace};
use assay_ops::{eval::StepContext, step::run_reference, NodeId, NodeSpec, Op};
use assay_referee::{
	judge_block, judge_join_in, judge_join_out, judge_partials_join, judge_tile, Around,
	ProvenNode, ProvenSlot, Referee, Step, Verdict,
};
use common::{prepare, quantised, Training, BERT, GPT, LENET, LLAMA, RESNET, VISION};

fn job() -> Prepared {
	prepare(Training::new(LENET).job(7, 3))
}

/// What the chain knows of a step when the trace is the claimed one.
fn step_of(job: &Prepared, trace: &Trace) -> Step {
	Step {
		referee: Referee::V1,
		program: program_root(job.program()).unwrap(),
		trace: trace.list().root(),
		context: *trace.context(),
		data: job.job().data.root(),
	}
}

/// Judges one tile of a node with evidence from `values` about the trace `claimed`.
fn judge(job: &Prepared, claimed: &Trace, values: &Trace, node: NodeId, tile: u32) -> Verdict {
	let step = step_of(job, claimed);
	let tree = ProgramTree::new(job.program()).unwrap();
	let path = tree.prove_node(node).unwrap();
	let spec = values.spec(node).unwrap();
	let proven = ProvenNode::verify(&step.program, spec, &path).unwrap();
	let prover = values.prover_against(claimed.list());
	let claimed_tree = claimed.tree(node).unwrap();
	if spec.blocks() == 1 {
		let evidence = prover.tile(spec, &claimed_tree, tile).unwrap();
		return judge_tile(&step, proven, tile, &evidence).unwrap();
	}
	let (partials, posted) = values.partials(node, tile).unwrap();
	for block in 0..spec.blocks() {
		let previous = block.checked_sub(1).map(|block| &partials[block as usize]);
		let evidence = prover.block(spec, tile, block, previous).unwrap();
		let around = Around::of(&posted, block).unwrap();
		let verdict = judge_block(&step, proven, tile, block, around, &evidence).unwrap();
		assert_eq!(verdict, Verdict::Correct);
	}
	let output = prover.output(node, &claimed_tree, tile).unwrap();
	judge_partials_join(&step, proven, tile, &posted, &output).unwrap()
}

#[test]
fn every_node_should_be_judged_correct_when_honest() {
	for manifest in [LENET, RESNET, GPT, BERT, LLAMA, VISION, &quantised(LENET)] {
		let job = prepare(Training::new(manifest).job(7, 3));
		let mut replay = Replay::new(job.clone(), CpuKernels::new(2).unwrap(), None);
		for spec in job.program().specs.iter().filter(|s| !matches!(s.op, Op::State { .. })) {
			let trace = replay.trace(4, Focus::Node(spec.id)).unwrap();
			let last = (spec.ty.tiles() - 1) as u32;
			for tile in [0, last / 2, last] {
				let verdict = judge(&job, &trace, &trace, spec.id, tile);
				assert_eq!(verdict, Verdict::Correct, "{spec:?}");
			}
		}
	}
}

#[test]
fn trace_should_be_that_of_the_reference_when_replayed() {
	let job = job();
	let mut replay = Replay::new(job.clone(), CpuKernels::new(1).unwrap(), None);
	let trace = replay.trace(2, Focus::Tiles).unwrap();
	let slots: Vec<_> = replay.slots(2).unwrap().into_iter().map(<[u32]>::to_vec).collect();
	let data = job.job().data.bytes();
	let expected = run_reference(job.program(), &job.context(2), &slots, data).unwrap();
	for (spec, output) in job.program().specs.iter().zip(&expected.outputs) {
		let around = replay.trace(2, Focus::Node(spec.id)).unwrap();
		assert_eq!(around.value(spec.id).unwrap(), output);
		for operand in &spec.inputs {
			let value = &expected.outputs[usize::from(operand.id)];
			assert_eq!(around.value(operand.id).unwrap(), value);
		}
		let tree = TensorTree::from_words(spec.ty, output).unwrap();
		assert_eq!(tree.tree().values(), around.tree(spec.id).unwrap().tree().values());
		assert_eq!(tree.tree().values(), trace.tree(spec.id).unwrap().tree().values());
		assert_eq!(trace.roots()[usize::from(spec.id)], tree.root());
		assert_eq!((around.roots(), around.after()), (trace.roots(), trace.after()));
	}
	assert!(trace.value(0).is_err());
	assert!(replay
		.trace(2, Focus::Node(0))
		.unwrap()
		.tree(expected.outputs.len() as NodeId - 1)
		.is_err());
	assert!(replay.trace(2, Focus::Node(expected.outputs.len() as NodeId)).is_err());
	assert_eq!(trace.before(), &replay.state(2).unwrap());
	assert_eq!(trace.after(), &replay.state(3).unwrap());
}

#[test]
fn joins_should_be_judged_correct_when_honest() {
	let job = job();
	let trace =
		Replay::new(job.clone(), CpuKernels::new(1).unwrap(), None).trace(5, Focus::Tiles).unwrap();
	let (step, tree) = (step_of(&job, &trace), ProgramTree::new(job.program()).unwrap());
	for (index, slot) in (0..).zip(&job.program().slots) {
		let evidence = trace.join_out(index).unwrap();
		let path = tree.prove_slot(index).unwrap();
		let proven = ProvenSlot::verify(&step.program, index, *slot, &path).unwrap();
		let verdict = judge_join_out(&step, &proven, &trace.after().root(), &evidence);
		assert_eq!(verdict, Ok(Verdict::Correct));
	}
	for spec in &job.program().specs {
		let Op::State { slot } = spec.op else { continue };
		let path = tree.prove_node(spec.id).unwrap();
		let node = ProvenNode::verify(&step.program, spec, &path).unwrap();
		let evidence = trace.join_in(slot).unwrap();
		let verdict = judge_join_in(&step, node, &trace.before().root(), &evidence);
		assert_eq!(verdict, Ok(Verdict::Correct));
	}
}

#[test]
fn inner_states_should_end_in_the_committed_state_when_replayed_from_anchors() {
	let dir = tempfile::tempdir().unwrap();
	let job = job();
	let policy = CheckpointPolicy {
		interval: Duration::MAX,
		anchor: 1,
		closest: Duration::ZERO,
		..Default::default()
	};
	let storage = Some(Storage { dir: dir.path().into(), policy });
	let mut session = Session::start(job.clone(), CpuKernels::new(1).unwrap(), storage).unwrap();
	session.run(|_| ControlFlow::Continue(())).unwrap();
	let mut near = Replay::new(job.clone(), CpuKernels::new(1).unwrap(), Some(dir.path()));
	let mut far = Replay::new(job, CpuKernels::new(1).unwrap(), None);
	for (stride, length) in [(2, 1), (0, 3), (1, 3)] {
		let states = near.inner_states(stride).unwrap();
		assert_eq!(states.len(), length);
		assert_eq!(states.last(), session.claim().states().get(stride as usize + 1));
		assert_eq!(states, far.inner_states(stride).unwrap());
	}
	assert!(near.inner_states(3).is_err());
	assert!(near.trace(7, Focus::Tiles).is_err());
}

#[test]
fn committed_state_should_be_proven_when_asked() {
	let mut session = Session::start(job(), CpuKernels::new(1).unwrap(), None).unwrap();
	session.run(|_| ControlFlow::Continue(())).unwrap();
	let (claim, states) = (session.claim(), session.claim().states());
	let path = claim.prove(states.len(), 2).unwrap();
	let len = states.len() as u32;
	assert!(list::verify(ListTag::States, &claim.root(), len, 2, &states[2], &path));
}

/// Kernels that change one word of one node in one step.
struct Liar {
	node: NodeId,
	step: u64,
	word: usize,
}

impl Kernels for Liar {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		ReferenceKernels.run(spec, ctx, operands, records, out)?;
		if spec.id == self.node && ctx.step == self.step {
			out[self.word] ^= 1;
		}
		Ok(())
	}
}

#[test]
fn liar_should_be_convicted_when_one_word_of_any_operation_is_changed() {
	let job = job();
	let honest = CpuKernels::new(2).unwrap();
	let mut replay = Replay::new(job.clone(), &honest, None);
	for spec in job.program().specs.iter().filter(|spec| !matches!(spec.op, Op::State { .. })) {
		let word = (spec.ty.words() / 2) as usize;
		let liar = Liar { node: spec.id, step: 1, word };
		let mine = replay.trace(1, Focus::Node(spec.id)).unwrap();
		let claimed = Replay::new(job.clone(), liar, None).trace(1, Focus::Tiles).unwrap();
		// The first node that differs, and the tile in it.
		let pairs = mine.roots().iter().zip(claimed.roots());
		let node = pairs.clone().position(|(a, b)| a != b).unwrap() as NodeId;
		assert_eq!(node, spec.id);
		let (row, col) = (word as u32 / spec.ty.cols, word as u32 % spec.ty.cols);
		let (tile, _) = spec.ty.tile_of(row, col).unwrap();
		assert_eq!(judge(&job, &claimed, &mine, node, tile), Verdict::Wrong, "{spec:?}");
	}
}
