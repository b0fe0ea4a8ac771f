//! The host functions, and their wrappers for the caller's convenience.

use alloc::{vec, vec::Vec};

use codec::{DecodeAll, Encode};
use sp_runtime_interface::{
	pass_by::{
		PassFatPointerAndRead, PassFatPointerAndWrite, PassPointerAndReadCopy, PassPointerAndWrite,
	},
	runtime_interface,
};

#[cfg(not(substrate_runtime))]
use alloc::boxed::Box;
#[cfg(not(substrate_runtime))]
use sp_externalities::ExternalitiesExt;

use crate::{limits, Job, JobStatus, Root, SubmitError};

/// First guess of a status' size: everything but a move with openings fits.
const USUAL_STATUS_BYTES: usize = 4096;

/// What `poll` answers where there is no executor.
#[cfg(not(substrate_runtime))]
const NO_EXECUTOR: i64 = -1;

/// What a node must be able to do for the host functions. No method may block on the work itself.
#[cfg(not(substrate_runtime))]
pub trait Executor: Send + Sync + 'static {
	/// Queues an encoded [`Job`] unless it is known already; its id is below 2⁶³.
	fn submit(&self, job: &[u8]) -> Result<u64, SubmitError>;
	/// Where the job stands. Whoever polls it wants it, as whoever submits it does.
	fn poll(&self, id: u64) -> JobStatus;
	/// Stops and forgets a job that has no result yet; says whether there was one.
	fn cancel(&self, id: u64) -> bool;
	/// Root of the list of the first `states` states of a list with this root; `None` where the node does not have it, or
	/// it is shorter.
	fn prefix(&self, list: &Root, states: u32) -> Option<Root>;
}

#[cfg(not(substrate_runtime))]
sp_externalities::decl_extension! {
	/// Gives the off-chain workers of a node access to its executor.
	pub struct ExecutorExt(Box<dyn Executor>);
}

#[cfg(not(substrate_runtime))]
impl ExecutorExt {
	/// Wraps an executor, ready to be registered as an extension.
	pub fn new(executor: impl Executor) -> Self {
		Self(Box::new(executor))
	}
}

/// The raw host functions: integers and caller-owned buffers. Call the wrappers of this crate instead.
#[runtime_interface]
pub trait AssayExecutor {
	/// Queues a job; answers its id, or the negative code of a [`SubmitError`].
	fn submit(&mut self, job: PassFatPointerAndRead<&[u8]>) -> i64 {
		let Some(executor) = self.extension::<ExecutorExt>() else {
			return SubmitError::Unavailable.code();
		};
		match executor.submit(job) {
			Ok(id) => i64::try_from(id).unwrap_or(SubmitError::Unavailable.code()),
			Err(error) => error.code(),
		}
	}

	/// Writes the encoded status of a job into `out` if it fits, and answers its size; a negative number
	/// where there is no executor.
	fn poll(&mut self, id: u64, out: PassFatPointerAndWrite<&mut [u8]>) -> i64 {
		let Some(executor) = self.extension::<ExecutorExt>() else { return NO_EXECUTOR };
		let status = executor.poll(id).encode();
		if let Some(room) = out.get_mut(..status.len()) {
			room.copy_from_slice(&status);
		}
		i64::try_from(status.len()).unwrap_or(NO_EXECUTOR)
	}

	/// Stops and forgets a job; answers whether there was one to stop.
	fn cancel(&mut self, id: u64) -> bool {
		self.extension::<ExecutorExt>().is_some_and(|executor| executor.cancel(id))
	}

	/// Writes into `out` the root of the first `states` states of a list; answers whether the node has so many.
	fn prefix(
		&mut self,
		list: PassPointerAndReadCopy<Root, 32>,
		states: u32,
		out: PassPointerAndWrite<&mut Root, 32>,
	) -> bool {
		let executor = self.extension::<ExecutorExt>();
		match executor.and_then(|executor| executor.prefix(&list, states)) {
			Some(root) => {
				*out = root;
				true
			},
			None => false,
		}
	}
}

/// Queues an encoded [`Job`] and answers its id. Equal bytes have equal ids, and a job that is known is
/// not run twice, unless its status [may change](JobStatus::may_change).
pub fn submit(job: &[u8]) -> Result<u64, SubmitError> {
	let answer = assay_executor::submit(job);
	u64::try_from(answer).map_err(|_| SubmitError::from_code(answer))
}

/// The encoded [`JobStatus`] of a job, or `None` where there is no executor.
pub fn poll(id: u64) -> Option<Vec<u8>> {
	let mut room = USUAL_STATUS_BYTES;
	// A status may grow between two looks; the last look has room for the largest.
	for _ in 0..2 {
		let mut out = vec![0; room];
		let size = usize::try_from(assay_executor::poll(id, &mut out)).ok()?;
		if size <= room {
			out.truncate(size);
			return Some(out);
		}
		room = usize::try_from(limits::MAX_STATUS_BYTES).ok()?;
	}
	None
}

/// Stops and forgets a job that has no result yet; says whether there was one.
pub fn cancel(id: u64) -> bool {
	assay_executor::cancel(id)
}

/// Root of the list of the first `states` states of the list with this root, which a training has published; `None` where
/// the node does not have it, it is shorter, or there is no executor.
pub fn prefix(list: &Root, states: u32) -> Option<Root> {
	let mut root = [0; 32];
	assay_executor::prefix(*list, states, &mut root).then_some(root)
}

/// [`submit`], encoding the job.
pub fn submit_job(job: &Job) -> Result<u64, SubmitError> {
	submit(&job.encode())
}

/// [`poll`], decoding the status; `None` also where this runtime does not know what the node says.
pub fn poll_status(id: u64) -> Option<JobStatus> {
	JobStatus::decode_all(&mut poll(id)?.as_slice()).ok()
}
