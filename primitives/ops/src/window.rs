//! Geometry of sliding windows.

use crate::{op::Window, shape::ShapeError};

impl Window {
	/// Pixels of an image.
	pub fn pixels(&self) -> u32 {
		u32::from(self.height).saturating_mul(u32::from(self.width))
	}

	/// Positions of the window in an image.
	pub fn positions(&self) -> u32 {
		self.out_height().saturating_mul(self.out_width())
	}

	/// Entries of the kernel, per channel.
	pub fn kernel(&self) -> u32 {
		u32::from(self.kernel_h).saturating_mul(u32::from(self.kernel_w))
	}

	/// Columns of a matrix of patches: `channels · kernel_h · kernel_w`.
	pub fn patch(&self) -> u32 {
		self.kernel().saturating_mul(u32::from(self.channels))
	}

	/// Vertical positions of the window; 0 where [`Window::validate`] fails.
	pub fn out_height(&self) -> u32 {
		positions_along(self.height, self.kernel_h, self.stride_h, self.pad_h)
	}

	/// Horizontal positions of the window; 0 where [`Window::validate`] fails.
	pub fn out_width(&self) -> u32 {
		positions_along(self.width, self.kernel_w, self.stride_w, self.pad_w)
	}

	/// Checks that all sizes and strides are at least 1, that the kernel fits into the padded image,
	/// and that the padding is smaller than the kernel (so that every window sees a pixel).
	pub fn validate(&self) -> Result<(), ShapeError> {
		let zero = self.height == 0
			|| self.width == 0
			|| self.channels == 0
			|| self.kernel_h == 0
			|| self.kernel_w == 0
			|| self.stride_h == 0
			|| self.stride_w == 0;
		let padding = self.pad_h >= self.kernel_h || self.pad_w >= self.kernel_w;
		let fits = self.out_height() > 0 && self.out_width() > 0;
		if zero || padding || !fits {
			return Err(ShapeError::BadWindow { window: *self });
		}
		Ok(())
	}
}

/// `(size + 2 · pad − kernel) / stride + 1`, or 0 if the kernel does not fit or the stride is 0.
fn positions_along(size: u16, kernel: u8, stride: u8, pad: u8) -> u32 {
	let padded = u32::from(size).saturating_add(u32::from(pad).saturating_mul(2));
	padded
		.checked_sub(u32::from(kernel))
		.and_then(|room| room.checked_div(u32::from(stride)))
		.map_or(0, |steps| steps.saturating_add(1))
}

/// A row of an image matrix, taken apart.
#[derive(Clone, Copy)]
pub(crate) struct Place {
	/// Image of the batch.
	pub(crate) image: u32,
	/// Row in the grid of pixels or positions.
	pub(crate) y: u32,
	/// Column in it.
	pub(crate) x: u32,
}

/// Splits a row number over images of `height × width`.
pub(crate) fn place(row: u32, height: u32, width: u32) -> Option<Place> {
	let per_image = height.checked_mul(width)?;
	let rest = row.checked_rem(per_image)?;
	Some(Place {
		image: row.checked_div(per_image)?,
		y: rest.checked_div(width)?,
		x: rest.checked_rem(width)?,
	})
}

/// The row number of a place.
pub(crate) fn row_of(place: Place, height: u32, width: u32) -> Option<u32> {
	place.image.checked_mul(height)?.checked_add(place.y)?.checked_mul(width)?.checked_add(place.x)
}

/// The pixel coordinate that kernel entry `k` of window position `o` covers; `None` in the padding.
pub(crate) fn pixel(o: u32, k: u32, stride: u8, pad: u8, size: u16) -> Option<u32> {
	let padded = o.checked_mul(u32::from(stride))?.checked_add(k)?;
	padded.checked_sub(u32::from(pad)).filter(|p| *p < u32::from(size))
}

/// The window position that covers pixel `p` with kernel entry `k`; `None` if there is none.
pub(crate) fn position(p: u32, k: u32, stride: u8, pad: u8, positions: u32) -> Option<u32> {
	let from_start = p.checked_add(u32::from(pad))?.checked_sub(k)?;
	if from_start.checked_rem(u32::from(stride))? != 0 {
		return None;
	}
	from_start.checked_div(u32::from(stride)).filter(|o| *o < positions)
}
