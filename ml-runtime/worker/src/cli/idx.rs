//! IDX, the file format of MNIST: `00 00 type dimensions`, a big-endian `u32` per dimension, elements.

/// Type code of unsigned bytes, the only one that is read.
const UNSIGNED_BYTES: u8 = 8;

/// Why bytes are no IDX file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdxError {
	/// It is compressed.
	#[error("it is compressed with gzip; unpack it first")]
	Gzip,
	/// It does not start as IDX files do.
	#[error("it is no IDX file: it starts with {0:02x?} instead of 00 00")]
	Magic(Vec<u8>),
	/// Its elements are not bytes.
	#[error("its elements have type {0:#04x}; only unsigned bytes (0x08) are read")]
	Type(u8),
	/// It has another number of dimensions than is expected here.
	#[error("it has {found} dimensions, {expected} expected")]
	Dimensions { found: usize, expected: &'static str },
	/// A dimension is zero, or all together are too large.
	#[error("its dimensions {0:?} are empty or too large")]
	Size(Vec<u32>),
	/// It ends within its header.
	#[error("it is cut short within its header")]
	Header,
	/// It has another length than its header says.
	#[error("it has {found} bytes of elements, its dimensions ask for {expected}")]
	Length { found: usize, expected: usize },
}

/// An IDX file of bytes: items of equal size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Idx<'a> {
	/// Size of each dimension of an item.
	pub(crate) item: Vec<u32>,
	/// The items, one after the other.
	elements: &'a [u8],
	/// Bytes of an item.
	size: usize,
}

impl<'a> Idx<'a> {
	/// Reads a file of `dimensions` dimensions, the first of which counts items.
	fn parse(
		bytes: &'a [u8],
		accepted: std::ops::RangeInclusive<usize>,
		expected: &'static str,
	) -> Result<Self, IdxError> {
		let (start, rest) = match bytes {
			[0x1f, 0x8b, ..] => return Err(IdxError::Gzip),
			[0, 0, code, dimensions, rest @ ..] => ((*code, usize::from(*dimensions)), rest),
			[0, 0, ..] | [] | [0] => return Err(IdxError::Header),
			_ => return Err(IdxError::Magic(bytes.iter().take(4).copied().collect())),
		};
		let (code, found) = start;
		if code != UNSIGNED_BYTES {
			return Err(IdxError::Type(code));
		}
		if !accepted.contains(&found) {
			return Err(IdxError::Dimensions { found, expected });
		}
		let (header, elements) = rest.split_at_checked(4 * found).ok_or(IdxError::Header)?;
		let sides: Vec<u32> =
			header.as_chunks().0.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect();
		let product = |sides: &[u32]| {
			let mut sides = sides.iter();
			sides.try_fold(1usize, |all, side| all.checked_mul(usize::try_from(*side).ok()?))
		};
		let item = sides.get(1..).unwrap_or_default();
		let (Some(length @ 1..), Some(size)) = (product(&sides), product(item)) else {
			return Err(IdxError::Size(sides));
		};
		if elements.len() != length {
			return Err(IdxError::Length { found: elements.len(), expected: length });
		}
		Ok(Self { item: item.to_vec(), elements, size })
	}

	/// Reads a file of images: any number of dimensions beside that of the images.
	pub(crate) fn images(bytes: &'a [u8]) -> Result<Self, IdxError> {
		Self::parse(bytes, 2..=4, "2 to 4")
	}

	/// Reads a file of labels: one byte each.
	pub(crate) fn labels(bytes: &'a [u8]) -> Result<Self, IdxError> {
		Self::parse(bytes, 1..=1, "1")
	}

	/// Bytes of an item.
	pub(crate) fn size(&self) -> usize {
		self.size
	}

	/// The items.
	pub(crate) fn items(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
		self.elements.chunks_exact(self.size)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn images() -> Vec<u8> {
		let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3];
		bytes.extend(0..12);
		bytes
	}

	#[test]
	fn idx_should_give_items_when_well_formed() {
		let bytes = images();
		let idx = Idx::images(&bytes).unwrap();
		assert_eq!((idx.size(), idx.item.as_slice()), (6, &[2, 3][..]));
		assert_eq!(idx.items().collect::<Vec<_>>(), [&bytes[16..22], &bytes[22..]]);
		let labels =
			Idx::labels(&[0, 0, 8, 1, 0, 0, 0, 2, 7, 9]).unwrap().items().collect::<Vec<_>>();
		assert_eq!(labels, [[7], [9]]);
	}

	#[test]
	fn idx_should_be_refused_when_cut_anywhere_or_too_long() {
		let mut bytes = images();
		for length in 0..bytes.len() {
			assert!(Idx::images(&bytes[..length]).is_err(), "prefix of {length}");
		}
		bytes.push(0);
		assert_eq!(Idx::images(&bytes), Err(IdxError::Length { found: 13, expected: 12 }));
	}

	#[test]
	fn idx_should_name_the_reason_when_header_is_wrong() {
		let changed = |at: usize, value: u8| {
			let mut bytes = images();
			bytes[at] = value;
			Idx::images(&bytes).unwrap_err()
		};
		assert_eq!(changed(0, 7), IdxError::Magic(vec![7, 0, 8, 3]));
		assert_eq!(changed(2, 0x0d), IdxError::Type(0x0d));
		assert_eq!(changed(3, 1), IdxError::Dimensions { found: 1, expected: "2 to 4" });
		assert_eq!(changed(7, 0), IdxError::Size(vec![0, 2, 3]));
		let huge = [0, 0, 8, 4].into_iter().chain([0xff; 16]).collect::<Vec<u8>>();
		assert_eq!(Idx::images(&huge), Err(IdxError::Size(vec![u32::MAX; 4])));
		assert_eq!(Idx::images(&[0x1f, 0x8b, 8]), Err(IdxError::Gzip));
	}
}
