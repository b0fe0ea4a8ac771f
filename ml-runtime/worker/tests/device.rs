//! Jobs on devices that fail or compute something else, with the processor to go on with.

mod bench;
mod task;

use assay_backend_cpu::{KernelError, Kernels, RecordSource};
use assay_ops::{eval::StepContext, NodeSpec, Op};
use assay_worker::{CpuKernels, Honest, Means};
use assay_worker_protocol::{
	Checked, Fault, JobResult, Side, TaskContext, Trained, Work, WorkerMessage,
};
use bench::{claim_of, cpu, Bench, Place};
use task::{task, MLP};

/// What is wrong with a device.
#[derive(Clone, Copy, PartialEq)]
enum Defect {
	None,
	/// It fails in this step.
	Fails(u64),
	/// From this step on a bit of each gradient is wrong.
	Errs(u64),
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
		let errs = matches!(self.defect, Defect::Errs(from) if ctx.step >= from);
		if errs && matches!(spec.op, Op::MatMul { transpose_a: true, .. }) {
			out[0] ^= 1 << 20;
		}
		Ok(())
	}
}

/// The last word of a worker with such a device, in a folder of its own.
fn end(place: &Place, name: &str, defect: Defect, with_spare: bool, work: Work) -> WorkerMessage {
	let bench = match with_spare {
		true => self::with_spare(defect),
		false => Bench::start(Device { kernels: cpu(), defect }, Honest),
	};
	place.attend(bench, name, &context(place), work).1
}

/// A worker with such a device, and with the processor to go on with.
fn with_spare(defect: Defect) -> Bench {
	let means = Means { spare: Some(cpu()), ..Means::default() };
	Bench::start_with(means, Device { kernels: cpu(), defect }, Honest)
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
	let defects = [
		("first", Defect::Fails(0)),
		("late", Defect::Fails(7)),
		("errs", Defect::Errs(0)),
		("errs late", Defect::Errs(7)),
	];
	for (name, defect) in defects {
		assert_eq!(trained(end(&place, name, defect, true, Work::Train)), right, "{name}");
	}
	let alone = end(&place, "alone", Defect::Fails(7), false, Work::Train);
	let WorkerMessage::Failed(Fault::Machine(why)) = alone else { panic!("{alone:?}") };
	assert_eq!(why.to_string(), "the device failed: it is gone");
}

#[test]
fn training_should_go_on_from_its_checkpoint_when_the_device_fails() {
	let place = Place::new();
	let whole = context(&place);
	place.train("solver", &TaskContext { steps: 8, ..whole.clone() });
	let bench = with_spare(Defect::Fails(9));
	let (reports, end) = place.attend(bench, "solver", &whole, Work::Train);
	assert_eq!(trained(end), place.train("right", &whole));
	// Both find eight steps done.
	let steps: Vec<_> = reports.iter().map(|report| report.step).collect();
	assert!(steps.iter().all(|step| *step >= 8) && steps.len() >= 2, "{steps:?}");
}

#[test]
fn training_should_begin_again_when_the_device_was_wrong_before() {
	let place = Place::new();
	let right = place.train("right", &context(&place));
	let run = |name, from, with_spare, work| {
		trained(end(&place, name, Defect::Errs(from), with_spare, work))
	};
	// Nobody looks at it.
	assert_ne!(run("solver", 0, false, Work::Train), right);
	// What was done so is not handed in.
	run("handed", 7, false, Work::Train);
	let handed = end(&place, "handed", Defect::Errs(7), true, Work::HandIn);
	assert!(matches!(handed, WorkerMessage::Finished(JobResult::Wait { .. })), "{handed:?}");
	assert_eq!(trained(end(&place, "right", Defect::None, true, Work::HandIn)), right);
	for (name, from) in [("solver", 0), ("late", 7)] {
		assert_eq!(run(name, from, true, Work::Train), right);
		// From then on, whoever asks.
		assert_eq!(run(name, from, false, Work::HandIn), right);
	}
}

#[test]
fn true_claim_should_not_be_accused_when_the_device_errs() {
	let place = Place::new();
	let claim = claim_of(&place.train("right", &context(&place)));
	let check = |name, from, with_spare| {
		let end = end(&place, name, Defect::Errs(from), with_spare, Work::Check(claim));
		let WorkerMessage::Finished(JobResult::Checked(checked)) = end else { panic!("{end:?}") };
		checked
	};
	assert_eq!(check("checker", 0, true), Checked::Agrees);
	assert_eq!(check("late", 7, true), Checked::Agrees);
	assert_eq!(check("alone", 0, false), Checked::Differs { first_state: 1 });
	assert_eq!(check("late alone", 7, false), Checked::Differs { first_state: 2 });
}

#[test]
fn move_should_be_left_to_the_processor_when_the_device_errs() {
	let place = Place::new();
	let nonsense =
		Work::Play { side: Side::Defender, game: Default::default(), public: Default::default() };
	for (name, defect) in [("right", Defect::None), ("wrong", Defect::Errs(0))] {
		let end = end(&place, name, defect, true, nonsense.clone());
		assert!(matches!(end, WorkerMessage::Failed(Fault::Task(_))), "{end:?}");
		assert_eq!(place.folder.path().join(name).join("again").exists(), defect != Defect::None);
	}
}
