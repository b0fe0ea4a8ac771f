//! Answers other nodes' requests for chunks.

use super::{rate::Allowances, LOG};
use crate::service::Block;
use assay_blobs::{BlobRequest, BlobResponse, BlobStore};
use assay_runtime::Hash;
use codec::{DecodeAll, Encode, MaxEncodedLen};
use futures::StreamExt;
use polkadot_sdk::sc_network::{
	config::{IncomingRequest, OutgoingResponse},
	NetworkBackend, ProtocolName, ReputationChange,
};
use std::{
	sync::{Arc, Mutex, PoisonError},
	time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// Bytes of a request at most; ours are under 50.
const MAX_REQUEST_BYTES: u64 = 256;
/// Time for an answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Requests that may wait; further ones are refused.
const QUEUED: usize = 256;
/// Requests that are answered at the same time.
const AT_ONCE: usize = 8;
/// Requests of one peer at once (64 MiB), and a second (32 MiB).
const BURST: u32 = 256;
const PER_SECOND: u32 = 128;

const MALFORMED: ReputationChange = ReputationChange::new(-(1 << 20), "malformed blob request");

/// Requests that come in.
pub(crate) type Requests = async_channel::Receiver<IncomingRequest>;

/// Name of the protocol, on one chain.
fn name(genesis: &Hash) -> ProtocolName {
	format!(
		"/{}/assay/blob/1",
		genesis.as_ref().iter().map(|b| format!("{b:02x}")).collect::<String>()
	)
	.into()
}

/// The protocol: its name, what the network has to know, and what comes in.
pub(crate) fn protocol<N: NetworkBackend<Block, Hash>>(
	genesis: &Hash,
) -> (ProtocolName, N::RequestResponseProtocolConfig, Requests) {
	let name = name(genesis);
	let (queue, requests) = async_channel::bounded(QUEUED);
	let config = N::request_response_config(
		name.clone(),
		Vec::new(),
		MAX_REQUEST_BYTES,
		BlobResponse::max_encoded_len() as u64,
		TIMEOUT,
		Some(queue),
	);
	(name, config, requests)
}

/// Answers requests until the network ends; reads the disk on the pool for blocking work.
pub(crate) async fn serve(store: Arc<BlobStore>, requests: Requests, pool: Handle) {
	let allowances = Mutex::new(Allowances::new(BURST, PER_SECOND));
	let answer = |incoming: IncomingRequest| {
		let allowed = allowances
			.lock()
			.unwrap_or_else(PoisonError::into_inner)
			.take(incoming.peer, Instant::now());
		let (store, pool) = (store.clone(), pool.clone());
		async move {
			// Dropping a request refuses it.
			if !allowed {
				return log::trace!(target: LOG, "{} asks too much", incoming.peer);
			}
			let (result, reputation_changes) =
				match BlobRequest::decode_all(&mut &incoming.payload[..]) {
					Ok(request) => {
						let read =
							pool.spawn_blocking(move || assay_blobs::serve(&store, &request));
						(read.await.map(|response| response.encode()).map_err(drop), Vec::new())
					},
					Err(_) => (Err(()), vec![MALFORMED]),
				};
			let response = OutgoingResponse { result, reputation_changes, sent_feedback: None };
			let _ = incoming.pending_response.send(response);
		}
	};
	requests.for_each_concurrent(AT_ONCE, answer).await;
}
