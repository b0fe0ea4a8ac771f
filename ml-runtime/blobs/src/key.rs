//! Names of blobs.

use std::{cmp::Ordering, fmt, hash, str::FromStr};

use assay_commitment::{ListTag, Root};
use codec::{Decode, DecodeAll, DecodeWithMemTracking, Encode, MaxEncodedLen};

/// What a blob is called: what its content hashes to.
///
/// As text (and as file name) it is 64 lower-case hexadecimal digits, for a list after the two digits of
/// its tag and a hyphen, for the tiles of a tensor after `ff-`, their number in eight digits and a hyphen.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub enum BlobKey {
	/// A string of bytes with this BLAKE3 hash.
	#[codec(index = 0)]
	Bytes(Root),
	/// A list of 32-byte leaves with this root.
	#[codec(index = 1)]
	List {
		/// What the list is a list of.
		tag: ListTag,
		/// Its root.
		root: Root,
	},
	/// The hashes of the tiles of a tensor. Their number is part of the name: fewer hashes, of larger
	/// subtrees, have the same root.
	#[codec(index = 2)]
	Tiles {
		/// Number of tiles.
		tiles: u32,
		/// The tensor's root.
		root: Root,
	},
}

/// What stands in place of a list's tag in the name of the tiles of a tensor.
const TILES: u8 = 0xff;

/// A text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
	"not a blob key: expected 64 lower-case hexadecimal digits, for lists after `TT-`, for tiles after \
	 `ff-NNNNNNNN-`"
)]
pub struct KeyError;

impl BlobKey {
	/// The hash in the key.
	pub fn root(&self) -> &Root {
		match self {
			Self::Bytes(root) | Self::List { root, .. } | Self::Tiles { root, .. } => root,
		}
	}

	/// Whether only the whole blob can be checked, not its chunks.
	pub fn is_list(&self) -> bool {
		match self {
			Self::Bytes(_) => false,
			Self::List { .. } | Self::Tiles { .. } => true,
		}
	}

	/// Order and identity: the tag's number, 0 for bytes, the number of tiles, and the root.
	fn parts(&self) -> (u8, u32, &Root) {
		match self {
			Self::Bytes(root) => (0, 0, root),
			Self::List { tag, root } => (tag_code(*tag), 0, root),
			Self::Tiles { tiles, root } => (TILES, *tiles, root),
		}
	}
}

/// The number of a tag: its encoding.
fn tag_code(tag: ListTag) -> u8 {
	tag.encode().first().copied().unwrap_or_default()
}

impl fmt::Display for BlobKey {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Bytes(_) => {},
			Self::List { tag, .. } => write!(f, "{:02x}-", tag_code(*tag))?,
			Self::Tiles { tiles, .. } => write!(f, "{TILES:02x}-{tiles:08x}-")?,
		}
		self.root().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
	}
}

impl fmt::Debug for BlobKey {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "BlobKey({self})")
	}
}

impl FromStr for BlobKey {
	type Err = KeyError;

	fn from_str(text: &str) -> Result<Self, KeyError> {
		let Some((tag, root)) = text.split_once('-') else {
			return Ok(Self::Bytes(hex(text)?));
		};
		let [code] = hex::<1>(tag)?;
		if code == TILES {
			let (tiles, root) = root.split_once('-').ok_or(KeyError)?;
			let tiles = u32::from_be_bytes(hex(tiles)?);
			return Ok(Self::Tiles { tiles, root: hex(root)? });
		}
		let tag = ListTag::decode_all(&mut &[code][..]).map_err(|_| KeyError)?;
		Ok(Self::List { tag, root: hex(root)? })
	}
}

fn hex<const N: usize>(text: &str) -> Result<[u8; N], KeyError> {
	let digits = text.as_bytes();
	if digits.len() != 2 * N {
		return Err(KeyError);
	}
	let digit = |byte: u8| match byte {
		b'0'..=b'9' => Ok(byte - b'0'),
		b'a'..=b'f' => Ok(byte - b'a' + 10),
		_ => Err(KeyError),
	};
	let mut out = [0; N];
	for (out, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
		*out = digit(pair[0])? << 4 | digit(pair[1])?;
	}
	Ok(out)
}

impl Ord for BlobKey {
	fn cmp(&self, other: &Self) -> Ordering {
		self.parts().cmp(&other.parts())
	}
}

impl PartialOrd for BlobKey {
	fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
		Some(self.cmp(other))
	}
}

impl hash::Hash for BlobKey {
	fn hash<H: hash::Hasher>(&self, state: &mut H) {
		self.parts().hash(state);
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn key_should_survive_text_when_parsed_back() {
		let root = std::array::from_fn(|i| i as u8 * 7);
		let tiles = BlobKey::Tiles { tiles: 0x1_0002, root };
		for key in [BlobKey::Bytes(root), BlobKey::List { tag: ListTag::Trace, root }, tiles] {
			assert_eq!(key.to_string().parse(), Ok(key));
		}
		let tiles = BlobKey::Tiles { tiles: 0x1_0002, root: [0xab; 32] };
		assert_eq!(tiles.to_string(), format!("ff-00010002-{}", "ab".repeat(32)));
		let list = BlobKey::List { tag: ListTag::States, root: [0xab; 32] };
		assert_eq!(list.to_string(), format!("01-{}", "ab".repeat(32)));
	}

	#[test]
	fn key_should_be_refused_when_text_is_not_canonical() {
		let good = "ab".repeat(32);
		for bad in [
			String::new(),
			"AB".repeat(32),
			good[1..].to_owned(),
			format!("{good}0"),
			format!("00-{good}"),
			format!("07-{good}"),
			format!("1-{good}"),
			format!("../{}", &good[3..]),
			format!("01-{good}-"),
			format!("ff-{good}"),
			format!("ff-2-{good}"),
			format!("ff-0001000G-{good}"),
			format!("01-00010002-{good}"),
		] {
			assert_eq!(bad.parse::<BlobKey>(), Err(KeyError), "{bad}");
		}
	}
}
