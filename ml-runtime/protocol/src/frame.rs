//! Messages as frames in a stream of bytes.

use std::io::{self, Read, Write};

use codec::{DecodeAll, Encode};

/// Bytes of a frame, its length not counted.
pub const MAX_FRAME: u32 = 64 << 20;

/// Memory that is taken for a frame before its bytes have arrived.
const FIRST_ROOM: u32 = 64 << 10;

/// Why a message could not be read or written. The stream is of no use afterwards.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
	/// The pipe.
	#[error(transparent)]
	Io(#[from] io::Error),
	/// The frame is longer than one may be.
	#[error("a frame of {len} bytes is larger than {MAX_FRAME}")]
	TooLarge {
		/// Its length.
		len: u64,
	},
	/// The stream ended within a frame.
	#[error("the stream ended within a frame")]
	Truncated,
	/// The frame is no message.
	#[error("a frame is no message: {0}")]
	Malformed(codec::Error),
}

/// Writes one message and flushes.
pub fn write_message<T: Encode>(writer: &mut impl Write, message: &T) -> Result<(), FrameError> {
	let body = message.encode();
	let len = u32::try_from(body.len()).ok().filter(|len| *len <= MAX_FRAME);
	let len = len.ok_or(FrameError::TooLarge { len: body.len() as u64 })?;
	writer.write_all(&len.to_le_bytes())?;
	writer.write_all(&body)?;
	Ok(writer.flush()?)
}

/// Reads one message; `None` when the stream ends before it.
///
/// Memory grows with the bytes that arrive, not with the length that the frame states.
pub fn read_message<T: DecodeAll>(reader: &mut impl Read) -> Result<Option<T>, FrameError> {
	let Some(len) = read_len(reader)? else { return Ok(None) };
	if len > MAX_FRAME {
		return Err(FrameError::TooLarge { len: len.into() });
	}
	let mut body = Vec::with_capacity(len.min(FIRST_ROOM) as usize);
	reader.take(len.into()).read_to_end(&mut body)?;
	if body.len() != len as usize {
		return Err(FrameError::Truncated);
	}
	T::decode_all(&mut &body[..]).map(Some).map_err(FrameError::Malformed)
}

fn read_len(reader: &mut impl Read) -> Result<Option<u32>, FrameError> {
	let mut len = Vec::with_capacity(4);
	reader.take(4).read_to_end(&mut len)?;
	match <[u8; 4]>::try_from(len) {
		Ok(len) => Ok(Some(u32::from_le_bytes(len))),
		Err(len) if len.is_empty() => Ok(None),
		Err(_) => Err(FrameError::Truncated),
	}
}
