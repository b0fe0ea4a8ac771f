//! The data set of a task: a byte string of records of equal size.

use std::{fs, path::Path, sync::Arc};

use assay_backend_cpu::{RecordSource, Records};

use crate::{ExecError, MachineFault, TaskFault};

/// Records in memory, shared between everything that reads them.
#[derive(Clone, Debug)]
pub struct DataSet {
	bytes: Arc<Vec<u8>>,
	record_size: u32,
}

impl DataSet {
	/// Records of `record_size` bytes each, one after the other.
	pub fn new(bytes: impl Into<Vec<u8>>, record_size: u32) -> Result<Self, TaskFault> {
		let bytes = bytes.into();
		let whole = record_size > 0 && bytes.len() % record_size as usize == 0;
		if bytes.is_empty() || !whole {
			return Err(TaskFault::BadData { bytes: bytes.len(), record_size });
		}
		Ok(Self { bytes: Arc::new(bytes), record_size })
	}

	/// Reads a whole file.
	pub fn from_file(path: &Path, record_size: u32) -> Result<Self, ExecError> {
		let bytes = fs::read(path).map_err(MachineFault::io("read", path))?;
		Ok(Self::new(bytes, record_size)?)
	}

	/// The byte string.
	pub fn bytes(&self) -> &[u8] {
		&self.bytes
	}

	/// Bytes of a record.
	pub fn record_size(&self) -> u32 {
		self.record_size
	}

	/// Number of records, at least 1.
	pub fn records(&self) -> u64 {
		self.bytes.len() as u64 / u64::from(self.record_size)
	}

	/// What the chain calls `data_root`: plain BLAKE3 of the byte string.
	pub fn root(&self) -> [u8; 32] {
		blake3::hash(self.bytes()).into()
	}
}

impl RecordSource for DataSet {
	fn record(&self, index: u64) -> Option<&[u8]> {
		Records { bytes: &self.bytes, size: self.record_size as usize }.get(index)
	}
}
