//! Jobs on devices that fail or compute something else, with the processor to go on with.

mod bench;
mod task;

use assay_backend_cpu::{KernelError, Kernels, RecordSource};
use assay_ops::{eval::StepContext, NodeSpec, Op};
use assay_worker::{CpuKernels, Honest, Means};
use assay_worker_protocol::{Checked, Fault, JobResult, TaskContext, Trained, Work, WorkerMessage};
use bench::{claim_of, cpu, Bench, Place};
use task::{task, MLP};

/// What is wrong with a device.
#[derive(Clone, Copy, PartialEq)]
enum Defect {
	/// It fails in this step.
	Fails(u64),
	/// A bit of each gradient is wrong.
	Errs,
}

struct Device {
	kernels: CpuKernels,
	defect: Defect,
}

impl Kernels for Device {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		if self.defect == Defect::Fails(ctx.step) {
			return Err(KernelError::Device("it is gone".into()));
		}
		self.kernels.run(spec, ctx, operands, records, out)?;
		if self.defect == Defect::Errs && matches!(spec.op, Op::MatMul { transpose_a: true, .. }) {
			out[0] ^= 1 << 20;
		}
		Ok(())
	}
}

/// The last word of a worker with such a device, in a folder of its own.
fn end(place: &Place, name: &str, defect: Defect, with_spare: bool, work: Work) -> WorkerMessage {
	let means = Means { spare: with_spare.then(cpu), ..Means::default() };
	let bench = Bench::start_with(means, Device { kernels: cpu(), defect }, Honest);
	place.attend(bench, name, &context(place), work).1
}

fn context(place: &Place) -> TaskContext {
	task(&place.store, MLP, 10, 4)
}

fn trained(end: WorkerMessage) -> Trained {
	let WorkerMessage::Finished(JobResult::Trained(trained)) = end else { panic!("{end:?}") };
	trained
}

#[test]
fn training_should_have_the_right_claim_when_the_device_fails_or_errs() {
	let place = Place::new();
	let right = place.train("right", &context(&place));
	let defects = [("first", Defect::Fails(0)), ("late", Defect::Fails(7)), ("errs", Defect::Errs)];
	for (name, defect) in defects {
		assert_eq!(trained(end(&place, name, defect, true, Work::Train)), right, "{name}");
	}
	let alone = end(&place, "alone", Defect::Fails(7), false, Work::Train);
	let WorkerMessage::Failed(Fault::Machine(why)) = alone else { panic!("{alone:?}") };
	assert_eq!(why.to_string(), "the device failed: it is gone");
	assert_ne!(trained(end(&place, "errs-alone", Defect::Errs, false, Work::Train)), right);
}

#[test]
fn true_claim_should_not_be_accused_when_the_device_errs() {
	let place = Place::new();
	let claim = claim_of(&place.train("right", &context(&place)));
	let check = |name, with_spare| {
		let end = end(&place, name, Defect::Errs, with_spare, Work::Check(claim.clone()));
		let WorkerMessage::Finished(JobResult::Checked(checked)) = end else { panic!("{end:?}") };
		checked
	};
	assert_eq!(check("checker", true), Checked::Agrees);
	assert_eq!(check("alone", false), Checked::Differs { first_state: 1 });
}
