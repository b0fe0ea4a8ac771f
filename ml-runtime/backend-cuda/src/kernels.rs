//! The backend: nodes to plans, plans to a device.

use std::sync::Arc;

use assay_backend_cpu::{CpuKernels, KernelError, Kernels, Memory, RecordSource};
use assay_ops::{eval::StepContext, NodeSpec, Op};

use crate::{
	plan::{step_words, Plan},
	resident::Resident,
	warmup, Device, DeviceError, Emulator, Gpu,
};

/// Kernels on a device. A run keeps its values in the device's [`Memory`]; single nodes have their operands copied
/// to it and the result back.
///
/// Loads and step indices are computed by the host, which has the records.
pub struct CudaKernels<D> {
	device: D,
	host: Arc<CpuKernels>,
}

impl CudaKernels<Gpu> {
	/// Kernels on the NVIDIA device with this number, from 0. Where there is none that can run them, the error
	/// [is an absence](DeviceError::is_absence).
	pub fn new(index: usize) -> Result<Self, DeviceError> {
		Self::on(Gpu::new(index)?)
	}
}

impl CudaKernels<Emulator> {
	/// The same kernels, executed by the [`Emulator`].
	pub fn emulated() -> Result<Self, DeviceError> {
		Self::on(Emulator::new()?)
	}
}

impl<D: Device> CudaKernels<D> {
	/// Kernels on a device.
	pub fn on(device: D) -> Result<Self, DeviceError> {
		let host = CpuKernels::new(1).map_err(|error| DeviceError::Fault(error.to_string()))?;
		Ok(Self { device, host: Arc::new(host) })
	}

	/// Has the device do once, on values that are thrown away, what it does in a job: whatever its driver opens or starts
	/// only then is there when this returns.
	pub fn warm_up(&self) -> Result<(), KernelError> {
		warmup::perform(&mut self.resident()?)
	}

	fn resident(&self) -> Result<Resident, KernelError> {
		Resident::new(self.device.memory()?, self.host.clone())
	}

	/// The device.
	pub fn device(&self) -> &D {
		&self.device
	}
}

/// Whether all values have the words that their types say.
fn fits(spec: &NodeSpec, operands: &[&[u32]], out: &[u32]) -> bool {
	let sizes = spec.inputs.iter().map(|input| input.ty.words());
	operands.iter().map(|words| words.len() as u64).eq(sizes)
		&& out.len() as u64 == spec.ty.words()
		&& !out.is_empty()
}

impl<D: Device> Kernels for CudaKernels<D> {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		if matches!(spec.op, Op::Load { .. } | Op::State { .. } | Op::StepIndex { .. }) {
			return self.host.run(spec, ctx, operands, records, out);
		}
		if !fits(spec, operands, out) {
			return Err(KernelError::Shape);
		}
		let plan = Plan::of_node(spec, ctx)?;
		let step = step_words(ctx.step);
		let given = Plan::reads_step(&spec.op).then_some(&step[..]);
		let operands: Vec<&[u32]> = operands.iter().copied().chain(given).collect();
		Ok(self.device.execute(&plan, &operands, out)?)
	}

	fn memory(&self) -> Result<Option<Box<dyn Memory>>, KernelError> {
		Ok(Some(Box::new(self.resident()?)))
	}
}
