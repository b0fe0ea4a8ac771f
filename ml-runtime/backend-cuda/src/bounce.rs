//! Copies between a device and memory that is only borrowed.

use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::{CudaContext, CudaSlice, CudaStream, DriverError, PinnedHostSlice};

use crate::DeviceError;

/// Words that are copied at once.
const WORDS: usize = 1 << 20;

/// Memory of the host through which all copies go that are waited for. With the borrowed memory itself a call could not
/// end before the device had done its copy, which one that does not answer never does; and the driver waits without
/// limit in a call that copies to memory that is not pinned.
#[derive(Default)]
pub(crate) struct Bounce(Mutex<Option<PinnedHostSlice<u32>>>);

impl Bounce {
	/// Copies words to the beginning of a buffer that has room for them; `wait` waits for the stream.
	pub(crate) fn send(
		&self,
		stream: &Arc<CudaStream>,
		words: &[u32],
		to: &mut CudaSlice<u32>,
		wait: impl Fn() -> Result<(), DeviceError>,
	) -> Result<(), DeviceError> {
		self.with(stream.context(), |bounce| {
			for (words, at) in words.chunks(WORDS).zip((0..).step_by(WORDS)) {
				let bounce = &mut bounce[..words.len()];
				bounce.copy_from_slice(words);
				let queued = stream.memcpy_htod(bounce, &mut to.slice_mut(at..at + words.len()));
				wait()?;
				queued?;
			}
			Ok(())
		})
	}

	/// Copies the beginning of a buffer, which has as many words.
	pub(crate) fn fetch(
		&self,
		stream: &Arc<CudaStream>,
		from: &CudaSlice<u32>,
		words: &mut [u32],
		wait: impl Fn() -> Result<(), DeviceError>,
	) -> Result<(), DeviceError> {
		self.with(stream.context(), |bounce| {
			for (words, at) in words.chunks_mut(WORDS).zip((0..).step_by(WORDS)) {
				let bounce = &mut bounce[..words.len()];
				let queued = stream.memcpy_dtoh(&from.slice(at..at + words.len()), bounce);
				wait()?;
				queued?;
				words.copy_from_slice(bounce);
			}
			Ok(())
		})
	}

	/// Does something with [`WORDS`] words of pinned memory, which no copy uses then.
	fn with(
		&self,
		context: &Arc<CudaContext>,
		work: impl FnOnce(&mut [u32]) -> Result<(), DeviceError>,
	) -> Result<(), DeviceError> {
		let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
		let memory = match &mut *memory {
			Some(memory) => memory,
			none => none.insert(allocate(context)?),
		};
		// No copy of it is left to `cudarc` to wait for.
		work(memory.as_mut_slice()?)
	}
}

/// Pinned memory that the host also reads: write-combined memory, as `CudaContext::alloc_pinned` gives, is slow to read.
#[allow(unsafe_code)]
fn allocate(context: &Arc<CudaContext>) -> Result<PinnedHostSlice<u32>, DriverError> {
	// SAFETY: words are valid whatever their bits are, and none is read before it has been written.
	unsafe { context.alloc_pinned_with_flags(WORDS, 0) }
}
