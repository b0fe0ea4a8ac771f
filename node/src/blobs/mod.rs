//! Blobs on this node's disk and between nodes.
//!
//! Data sets, tensors and lists are files named by their hash ([`assay_blobs`]). A node keeps those of a
//! chain in `<base>/chains/<id>/blobs`, serves them to other nodes in verified chunks, and downloads what
//! its worker or an operator asks for. Everything is checked against its name, so nobody has to be
//! trusted.
//!
//! | part | does |
//! |---|---|
//! | `command` | `assay-node blob …`, whether or not a node runs on the same folder |
//! | `server` | answers `/<genesis hash>/assay/blob/1` |
//! | `fetch` | downloads one blob from peers that may lie, vanish or be slow |
//! | `news` | what came of it, and whether too slowly |
//! | `downloads` | downloads that an RPC started, and where they stand |
//! | `network` | connects `fetch` with the node's network |

mod ask_node;
mod command;
mod downloads;
mod fetch;
mod network;
mod news;
mod rate;
mod server;

pub(crate) use command::BlobCmd;
pub(crate) use downloads::Download;
pub(crate) use fetch::Watcher;
pub(crate) use network::NetworkPeers;
pub(crate) use server::{protocol, Requests};

use assay_blobs::{BlobStore, Limits};
use fetch::Patience;
use polkadot_sdk::sc_service::{config::Configuration, Error, TaskManager};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Target of log lines.
const LOG: &str = "assay-blobs";

/// Downloads over the node's network.
pub(crate) type Fetcher = fetch::Fetcher<NetworkPeers>;
/// Downloads that an RPC started.
pub(crate) type Downloads = downloads::Downloads<NetworkPeers>;

/// Where the blobs of this chain lie; workers, which run in folders of their own, are told paths in it.
pub(crate) fn folder(config: &Configuration) -> PathBuf {
	let folder = config.base_path.config_dir(config.chain_spec.id()).join("blobs");
	std::path::absolute(&folder).unwrap_or(folder)
}

/// Opens the store of this chain, or makes it.
pub(crate) fn open(config: &Configuration) -> Result<Arc<BlobStore>, Error> {
	BlobStore::open(folder(config), Limits::default())
		.map(Arc::new)
		.map_err(|error| Error::Application(error.into()))
}

/// Serves blobs to peers from now on; what is answered fetches blobs from them.
pub(crate) fn start(
	tasks: &TaskManager,
	store: Arc<BlobStore>,
	peers: NetworkPeers,
	requests: Requests,
	patience: Duration,
) -> Downloads {
	let server = server::serve(store.clone(), requests, peers.runtime.clone());
	tasks.spawn_handle().spawn("blob-server", Some("assay"), server);
	Downloads::new(Arc::new(Fetcher::new(store, peers, Patience::of(patience))))
}
