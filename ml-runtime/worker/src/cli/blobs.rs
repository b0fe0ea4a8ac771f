//! A folder of blobs: files whose names are their keys.

use std::{
	collections::BTreeSet,
	path::{Path, PathBuf},
};

use assay_blobs::BlobKey;
use serde_json::{json, Value};

use super::fault::Fault;

/// The file of a blob, in a plain folder or in the folder of a blob store.
pub(crate) fn find(folder: &Path, key: &BlobKey) -> Result<PathBuf, Fault> {
	let name = key.to_string();
	let places = [folder.join(&name), folder.join("blobs").join(&name)];
	places
		.into_iter()
		.find(|place| place.is_file())
		.ok_or_else(|| Fault::NoBlob { key: name, folder: folder.display().to_string() })
}

/// The blobs of a result, each once: tensors of zeros are equal, for example.
#[derive(Default)]
pub(crate) struct Listing {
	keys: BTreeSet<BlobKey>,
	entries: Vec<Value>,
}

impl Listing {
	/// Lists a blob. Returns the name of its file, unless it is there already.
	pub(crate) fn add(&mut self, what: &str, key: &BlobKey, bytes: &[u8]) -> Option<PathBuf> {
		let new = self.keys.insert(*key);
		let name = key.to_string();
		new.then(|| {
			self.entries.push(json!({ "what": what, "key": name, "bytes": bytes.len() }));
			PathBuf::from("blobs").join(name)
		})
	}

	/// The blobs as they are written to a JSON file.
	pub(crate) fn entries(self) -> Vec<Value> {
		self.entries
	}
}
