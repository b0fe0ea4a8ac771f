//! Short text for people.

use alloc::string::String;
use core::fmt;

use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};

/// UTF-8 of at most `N` bytes.
#[derive(
	Clone, Default, PartialEq, Eq, PartialOrd, Ord, Encode, DecodeWithMemTracking, MaxEncodedLen,
)]
pub struct Text<const N: u32>(BoundedVec<u8, ConstU32<N>>);

impl<const N: u32> Text<N> {
	/// The text, shortened at a character boundary to what fits.
	pub fn shortened(text: &str) -> Self {
		let room = usize::try_from(N).unwrap_or(usize::MAX);
		let mut end = text.len().min(room);
		while !text.is_char_boundary(end) {
			end = end.saturating_sub(1);
		}
		let kept = text.get(..end).unwrap_or_default();
		Self(BoundedVec::truncate_from(kept.as_bytes().to_vec()))
	}

	/// The whole text, or `None` when it is too long.
	pub fn exact(text: &str) -> Option<Self> {
		BoundedVec::try_from(text.as_bytes().to_vec()).ok().map(Self)
	}

	/// The text.
	pub fn as_str(&self) -> &str {
		core::str::from_utf8(&self.0).unwrap_or_default()
	}
}

impl<const N: u32> Decode for Text<N> {
	fn decode<I: codec::Input>(input: &mut I) -> Result<Self, codec::Error> {
		let bytes = BoundedVec::<u8, ConstU32<N>>::decode(input)?;
		match core::str::from_utf8(&bytes) {
			Ok(_) => Ok(Self(bytes)),
			Err(_) => Err("text is not UTF-8".into()),
		}
	}
}

impl<const N: u32> From<&str> for Text<N> {
	fn from(text: &str) -> Self {
		Self::shortened(text)
	}
}

impl<const N: u32> From<String> for Text<N> {
	fn from(text: String) -> Self {
		Self::shortened(&text)
	}
}

impl<const N: u32> fmt::Display for Text<N> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(self.as_str())
	}
}

impl<const N: u32> fmt::Debug for Text<N> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Debug::fmt(self.as_str(), f)
	}
}
