//! Methods of Assay's own: blobs and the executor.

use super::jobs::ExecutorJob;
use crate::blobs::{Download, Downloads};
use assay_blobs::BlobKey;
use assay_executor_host::Host;
use jsonrpsee::{
	core::{async_trait, RpcResult},
	proc_macros::rpc,
	types::{error::ErrorCode, ErrorObjectOwned},
	Extensions,
};
use polkadot_sdk::sc_rpc_api::check_if_safe;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Blobs in one answer of `assay_blobList` at most.
const MAX_LISTED: u32 = 1000;

/// Where a download stands.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FetchState {
	/// The blob is in the node's store.
	Here,
	/// It is being downloaded.
	Running,
	/// It was given up; the next call starts anew.
	Failed,
}

/// Answer of `assay_blobFetch`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FetchStatus {
	/// Where it stands.
	pub(crate) state: FetchState,
	/// Chunks that came (running only).
	pub(crate) have: u32,
	/// Chunks in all, once that is known (running only).
	pub(crate) total: Option<u32>,
	/// Size in bytes, when it is here.
	pub(crate) size: Option<u64>,
	/// Why it was given up.
	pub(crate) reason: Option<String>,
}

impl From<Download> for FetchStatus {
	fn from(download: Download) -> Self {
		let state = FetchState::Running;
		let status = Self { state, have: 0, total: None, size: None, reason: None };
		match download {
			Download::Here(size) => Self { state: FetchState::Here, size: Some(size), ..status },
			Download::Running(have, total) => Self { have, total, ..status },
			Download::Failed(why) => {
				Self { state: FetchState::Failed, reason: Some(why), ..status }
			},
		}
	}
}

/// A blob in the node's store.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BlobInfo {
	key: String,
	size: u64,
}

/// Answer of `assay_executorStats`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutorStats {
	queued: usize,
	running: usize,
	finished: usize,
	failed_attempts: u64,
}

/// Blobs and the executor.
#[rpc(server)]
pub(crate) trait AssayApi {
	/// Starts to download a blob from the node's peers unless it is here or under way, and answers at
	/// once where that stands. That a download failed is said once; the next call starts anew.
	#[method(name = "assay_blobFetch", with_extensions, blocking)]
	fn blob_fetch(&self, key: String) -> RpcResult<FetchStatus>;

	/// The blobs in the node's store in order of key, after the one that is named, at most 1000.
	#[method(name = "assay_blobList", with_extensions, blocking)]
	fn blob_list(&self, after: Option<String>, most: Option<u32>) -> RpcResult<Vec<BlobInfo>>;

	/// How busy the executor is; null where there is none.
	#[method(name = "assay_executorStats")]
	fn executor_stats(&self) -> RpcResult<Option<ExecutorStats>>;

	/// The jobs that the executor knows, by task, attempt and kind, with how far each is; null where
	/// there is no executor.
	#[method(name = "assay_executorJobs", with_extensions, blocking)]
	fn executor_jobs(&self) -> RpcResult<Option<Vec<ExecutorJob>>>;
}

/// What the methods need of the node.
#[derive(Clone)]
pub(crate) struct Assay {
	/// Downloads that were started here.
	pub(crate) downloads: Arc<Downloads>,
	/// The executor.
	pub(crate) executor: Option<Host>,
}

fn failed(error: impl ToString) -> ErrorObjectOwned {
	ErrorObjectOwned::owned(ErrorCode::InternalError.code(), error.to_string(), None::<()>)
}

fn parse(key: &str) -> RpcResult<BlobKey> {
	key.parse().map_err(|error: assay_blobs::KeyError| {
		ErrorObjectOwned::owned(ErrorCode::InvalidParams.code(), error.to_string(), None::<()>)
	})
}

#[async_trait]
impl AssayApiServer for Assay {
	fn blob_fetch(&self, ext: &Extensions, key: String) -> RpcResult<FetchStatus> {
		check_if_safe(ext)?;
		self.downloads.fetch(parse(&key)?).map(Into::into).map_err(failed)
	}

	fn blob_list(
		&self,
		ext: &Extensions,
		after: Option<String>,
		most: Option<u32>,
	) -> RpcResult<Vec<BlobInfo>> {
		check_if_safe(ext)?;
		let after = after.as_deref().map(parse).transpose()?;
		let most = most.unwrap_or(MAX_LISTED).min(MAX_LISTED) as usize;
		let blobs = self.downloads.fetcher().store().ls().map_err(failed)?;
		let blobs = blobs.into_iter().filter(|blob| after.is_none_or(|after| blob.key > after));
		let info =
			|blob: assay_blobs::BlobEntry| BlobInfo { key: blob.key.to_string(), size: blob.len };
		Ok(blobs.take(most).map(info).collect())
	}

	fn executor_stats(&self) -> RpcResult<Option<ExecutorStats>> {
		Ok(self.executor.as_ref().map(Host::stats).map(|stats| ExecutorStats {
			queued: stats.queued,
			running: stats.running,
			finished: stats.finished,
			failed_attempts: stats.failed_attempts,
		}))
	}

	fn executor_jobs(&self, ext: &Extensions) -> RpcResult<Option<Vec<ExecutorJob>>> {
		check_if_safe(ext)?;
		let executor = self.executor.as_ref();
		Ok(executor.map(|host| host.jobs().into_iter().map(ExecutorJob::from).collect()))
	}
}
