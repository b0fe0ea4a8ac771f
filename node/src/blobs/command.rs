//! `assay-node blob …`: the store of a node's base path, whether or not the node runs.

use super::ask_node::Node;
use crate::rpc::assay::{FetchState, FetchStatus};
use assay_blobs::{BlobKey, BlobStore, StoreError};
use clap::{Args, Subcommand};
use polkadot_sdk::sc_cli::{self, CliConfiguration, SharedParams};
use serde_json::json;
use std::{
	fs,
	path::{Path, PathBuf},
	thread,
	time::Duration,
};

const WHERE: &str = "\
The store is the folder <base-path>/chains/<chain id>/blobs: give the --base-path and --chain that the
node has. A running node sees at once what is put or removed here.";

/// What to do with blobs.
#[derive(Debug, Subcommand)]
#[command(after_help = WHERE)]
pub(crate) enum BlobCmd {
	/// Copy files into the store and print their keys, one a line. A file that is named as a blob, as
	/// `assay-worker compile` names it, must be that blob.
	#[command(after_help = WHERE)]
	Put(Put),

	/// Copy a blob out of the store; with --url, have a running node download it first.
	#[command(after_help = WHERE)]
	Get(Get),

	/// List the blobs in the store: key and size in bytes.
	#[command(after_help = WHERE)]
	Ls(Ls),

	/// Read blobs and compare them with their keys; damaged ones are moved aside and no longer served.
	#[command(after_help = WHERE)]
	Verify(Verify),

	/// Remove blobs from the store.
	#[command(after_help = WHERE)]
	Rm(Rm),
}

/// Options of `put`.
#[derive(Args, Debug)]
pub(crate) struct Put {
	/// Files to copy.
	#[arg(required = true, value_name = "FILE")]
	files: Vec<PathBuf>,

	#[command(flatten)]
	shared: SharedParams,
}

/// Options of `get`.
#[derive(Args, Debug)]
pub(crate) struct Get {
	/// Key of the blob: 64 hexadecimal digits, for lists after `TT-`.
	key: BlobKey,

	/// Where to write it.
	#[arg(long, short, value_name = "FILE")]
	out: PathBuf,

	/// RPC of a node that runs on this base path, http://HOST:PORT: if the blob is not here, it is told
	/// to download it from its peers (an unsafe method), and this waits.
	#[arg(long)]
	url: Option<String>,

	#[command(flatten)]
	shared: SharedParams,
}

/// Options of `ls`.
#[derive(Args, Debug)]
pub(crate) struct Ls {
	#[command(flatten)]
	shared: SharedParams,
}

/// Options of `verify`.
#[derive(Args, Debug)]
pub(crate) struct Verify {
	/// Keys of the blobs; all without any.
	#[arg(value_name = "KEY")]
	keys: Vec<BlobKey>,

	#[command(flatten)]
	shared: SharedParams,
}

/// Options of `rm`.
#[derive(Args, Debug)]
pub(crate) struct Rm {
	/// Keys of the blobs.
	#[arg(required = true, value_name = "KEY")]
	keys: Vec<BlobKey>,

	#[command(flatten)]
	shared: SharedParams,
}

impl CliConfiguration for BlobCmd {
	fn shared_params(&self) -> &SharedParams {
		match self {
			Self::Put(Put { shared, .. })
			| Self::Get(Get { shared, .. })
			| Self::Ls(Ls { shared })
			| Self::Verify(Verify { shared, .. })
			| Self::Rm(Rm { shared, .. }) => shared,
		}
	}
}

fn input(error: impl ToString) -> sc_cli::Error {
	sc_cli::Error::Input(error.to_string())
}

impl BlobCmd {
	/// Says why there is no store to work on.
	pub(crate) fn check(&self) -> sc_cli::Result<()> {
		let shared = self.shared_params();
		match shared.is_dev() && shared.base_path.is_none() {
			true => Err(input("with --dev, name the node's --base-path: there is no usual one")),
			false => Ok(()),
		}
	}

	/// Does it.
	pub(crate) fn run(&self, store: &BlobStore) -> sc_cli::Result<()> {
		match self {
			Self::Put(put) => put.run(store),
			Self::Get(get) => get.run(store),
			Self::Ls(_) => {
				for entry in store.ls().map_err(input)? {
					println!("{} {}", entry.key, entry.len);
				}
				Ok(())
			},
			Self::Verify(verify) => verify.run(store),
			Self::Rm(rm) => {
				for key in &rm.keys {
					if !store.remove(key).map_err(input)? {
						return Err(input(StoreError::Missing(*key)));
					}
				}
				Ok(())
			},
		}
	}
}

impl Put {
	fn run(&self, store: &BlobStore) -> sc_cli::Result<()> {
		for file in &self.files {
			println!("{}", put(store, file).map_err(input)?);
		}
		Ok(())
	}
}

/// A file that has the name of a blob is put as that blob, if it is one, any other as a string of bytes.
fn put(store: &BlobStore, file: &Path) -> Result<BlobKey, StoreError> {
	let name = file.file_name().and_then(|name| name.to_str());
	match name.and_then(|name| name.parse::<BlobKey>().ok()) {
		Some(key) => store.put_file_as(&key, file).map(|()| key),
		None => store.put_file(file),
	}
}

impl Verify {
	fn run(&self, store: &BlobStore) -> sc_cli::Result<()> {
		let mut keys = self.keys.clone();
		if keys.is_empty() {
			keys.extend(store.ls().map_err(input)?.iter().map(|entry| entry.key));
		}
		let mut bad = 0;
		for key in &keys {
			if let Err(error) = store.verify(key) {
				eprintln!("{error}");
				bad += 1;
			}
		}
		match bad {
			0 => {
				println!("{} blobs verified", keys.len());
				Ok(())
			},
			bad => Err(input(format!("{bad} of {} blobs are not as they should be", keys.len()))),
		}
	}
}

impl Get {
	fn run(&self, store: &BlobStore) -> sc_cli::Result<()> {
		if !store.has(&self.key) {
			let Some(url) = &self.url else {
				return Err(input(format!(
					"blob {} is not in the store; with --url, a node that runs on this base path can \
					download it",
					self.key
				)));
			};
			self.fetch(&Node::at(url).map_err(input)?)?;
		}
		store.verify(&self.key).map_err(|error| match (error, &self.url) {
			(error @ StoreError::Missing(_), Some(url)) => input(format!(
				"{error}, although the node at {url} has it: that node has another --base-path or --chain"
			)),
			(error, _) => input(error),
		})?;
		let blob = store.path(&self.key).ok_or_else(|| input(StoreError::Missing(self.key)))?;
		copy(&blob, &self.out).map_err(|error| input(format!("{}: {error}", self.out.display())))
	}

	/// Has the node download the blob, and waits.
	fn fetch(&self, node: &Node) -> sc_cli::Result<()> {
		let mut shown = None;
		loop {
			let status = node
				.call("assay_blobFetch", &json!([self.key.to_string()]))
				.and_then(|status| {
					serde_json::from_value::<FetchStatus>(status).map_err(|error| error.to_string())
				})
				.map_err(input)?;
			match status.state {
				FetchState::Here => return Ok(()),
				FetchState::Failed => {
					return Err(input(status.reason.unwrap_or_else(|| "it failed".into())));
				},
				FetchState::Running => {
					let now = (status.have, status.total);
					if shown.replace(now) != Some(now) {
						match status.total {
							Some(total) => eprintln!("{} of {total} chunks", status.have),
							None => eprintln!("looking for a peer that has it"),
						}
					}
					thread::sleep(Duration::from_millis(250));
				},
			}
		}
	}
}

/// Copies a file so that the copy appears complete or not at all.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
	let name = to.file_name().ok_or(std::io::ErrorKind::InvalidInput)?;
	let mut part = name.to_owned();
	part.push(".part");
	let part = to.with_file_name(part);
	fs::copy(from, &part)?;
	fs::rename(&part, to)
}
