//! The node's network, for downloads.

use super::fetch::{Answer, Peers};
use crate::service::Block;
use assay_blobs::{BlobRequest, BlobResponse};
use codec::{DecodeAll, Encode};
use futures::future::join_all;
use polkadot_sdk::{
	sc_network::{
		service::traits::NetworkService, IfDisconnected, PeerId, ProtocolName, ReputationChange,
	},
	sc_network_sync::SyncingService,
};
use std::{
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// Three lies and the peer is disconnected.
const LIE: ReputationChange = ReputationChange::new(-(1 << 29), "wrong chunk of a blob");

/// The connected peers, asked from threads that may block.
pub(crate) struct NetworkPeers {
	/// Sends requests.
	pub(crate) service: Arc<dyn NetworkService>,
	/// Knows who is connected.
	pub(crate) sync: Arc<SyncingService<Block>>,
	/// The protocol's name.
	pub(crate) protocol: ProtocolName,
	/// Runs what does not block.
	pub(crate) runtime: Handle,
}

impl NetworkPeers {
	async fn request(&self, peer: PeerId, request: &BlobRequest) -> (Answer, Duration) {
		let start = Instant::now();
		let answer = self
			.service
			.request(
				peer,
				self.protocol.clone(),
				request.encode(),
				None,
				IfDisconnected::ImmediateError,
			)
			.await;
		let answer = match answer {
			Ok((bytes, _)) => {
				BlobResponse::decode_all(&mut &bytes[..]).map_or(Answer::Nonsense, Answer::Response)
			},
			Err(error) => {
				log::trace!(target: super::LOG, "{peer} does not answer: {error}");
				Answer::Silence
			},
		};
		(answer, start.elapsed())
	}
}

impl Peers for NetworkPeers {
	type Id = PeerId;

	fn connected(&self) -> Vec<PeerId> {
		let peers = self.runtime.block_on(self.sync.peers_info());
		peers.unwrap_or_default().into_iter().map(|(peer, _)| peer).collect()
	}

	fn ask(&self, requests: &[(PeerId, BlobRequest)]) -> Vec<(Answer, Duration)> {
		let answers = requests.iter().map(|(peer, request)| self.request(*peer, request));
		self.runtime.block_on(join_all(answers))
	}

	fn report_liar(&self, peer: PeerId) {
		self.service.report_peer(peer, LIE);
	}
}
