//! A safetensors file whose tensors are read one at a time.

use std::{
	collections::BTreeSet,
	io::{Read, Seek, SeekFrom},
};

use assay_compiler::Parameter;
use safetensors::{
	tensor::{Metadata, TensorInfo},
	Dtype, SafeTensorError,
};

use crate::{model::shape, Error};

/// Longest header that is read, as in the format's own library.
const LONGEST_HEADER: u64 = 100_000_000;

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 20;

/// A model file, of which no more than the header is in memory.
pub(crate) struct ModelFile<R> {
	source: R,
	header: Metadata,
	/// Where the tensors begin.
	start: u64,
}

impl<R: Read + Seek> ModelFile<R> {
	/// Reads the header, and checks that the tensors are all that follows it.
	pub(crate) fn open(mut source: R) -> Result<Self, Error> {
		let refused = |error| Err(Error::Safetensors(error));
		let end = source.seek(SeekFrom::End(0)).map_err(Error::Unreadable)?;
		source.rewind().map_err(Error::Unreadable)?;
		let mut length = [0; 8];
		let Some(most) = end.checked_sub(length.len() as u64) else {
			return refused(SafeTensorError::HeaderTooSmall);
		};
		source.read_exact(&mut length).map_err(Error::Unreadable)?;
		let length = u64::from_le_bytes(length);
		if length > LONGEST_HEADER {
			return refused(SafeTensorError::HeaderTooLarge);
		}
		if length > most {
			return refused(SafeTensorError::InvalidHeaderLength);
		}
		let mut header = vec![0; length as usize];
		source.read_exact(&mut header).map_err(Error::Unreadable)?;
		let header = serde_json::from_slice(&header);
		let header: Metadata = match header {
			Ok(header) => header,
			Err(error) => return refused(SafeTensorError::InvalidHeaderDeserialization(error)),
		};
		if header.data_len() as u64 != most - length {
			return refused(SafeTensorError::MetadataIncompleteBuffer);
		}
		Ok(Self { source, header, start: end - (most - length) })
	}

	/// Names everything that does not fit these parameters: tensors of another type or shape, what is no parameter, and
	/// what `missing` says of those that are not there.
	pub(crate) fn faults(
		&self,
		parameters: &[Parameter],
		missing: impl Fn(&Parameter) -> Option<Error>,
	) -> Vec<Error> {
		let fault = |parameter: &Parameter| match self.header.info(&parameter.name) {
			Some(tensor) => misfit(parameter, tensor),
			None => missing(parameter),
		};
		let mut faults: Vec<_> = parameters.iter().filter_map(fault).collect();
		let known: BTreeSet<_> = parameters.iter().map(|known| known.name.as_str()).collect();
		let mut unknown = self.header.offset_keys();
		unknown.retain(|name| !known.contains(name.as_str()));
		unknown.sort_unstable();
		faults.extend(unknown.into_iter().map(|name| Error::UnexpectedTensor { name }));
		faults
	}

	/// The words of a parameter, if the file has it. It must fit.
	pub(crate) fn words(&mut self, parameter: &Parameter) -> Result<Option<Vec<u32>>, Error> {
		let Some(tensor) = self.header.info(&parameter.name) else { return Ok(None) };
		let (first, end) = tensor.data_offsets;
		let mut left = end - first;
		let mut words = Vec::with_capacity(left / 4);
		let mut chunk = vec![0; CHUNK.min(left)];
		self.source.seek(SeekFrom::Start(self.start + first as u64)).map_err(Error::Unreadable)?;
		while left > 0 {
			let part = &mut chunk[..CHUNK.min(left)];
			self.source.read_exact(part).map_err(Error::Unreadable)?;
			words.extend(part.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)));
			left -= part.len();
		}
		Ok(Some(words))
	}
}

/// Why a tensor is not this parameter.
fn misfit(parameter: &Parameter, tensor: &TensorInfo) -> Option<Error> {
	let name = parameter.name.clone();
	let (expected, found) = (shape(parameter), tensor.shape.clone());
	if tensor.dtype != Dtype::F32 {
		Some(Error::WrongDType { name, found: tensor.dtype.to_string() })
	} else if expected != found {
		Some(Error::WrongShape { name, expected, found })
	} else {
		None
	}
}
