//! Where threads that share a result write.

#![allow(unsafe_code, reason = "threads write different columns of the same rows")]

use std::marker::PhantomData;

/// A `&mut [u32]`, but that other threads may read and write other words of the same range at the same time.
pub(super) struct Out<'a> {
	words: *mut u32,
	len: usize,
	lifetime: PhantomData<&'a mut [u32]>,
}

// SAFETY: what it does is what a `&mut [u32]` does, which may be sent.
unsafe impl Send for Out<'_> {}

// SAFETY: nothing is read or written through a shared reference.
unsafe impl Sync for Out<'_> {}

impl<'a> Out<'a> {
	/// All words of `words`.
	pub(super) fn new(words: &'a mut [u32]) -> Self {
		Self { words: words.as_mut_ptr(), len: words.len(), lifetime: PhantomData }
	}

	/// The same words once more.
	///
	/// # Safety
	///
	/// While both are there, no word that is read or written through one may be written through the other.
	pub(super) unsafe fn again(&self) -> Out<'_> {
		Out { words: self.words, len: self.len, lifetime: PhantomData }
	}

	/// The words from `first` on. Panics if there are fewer.
	#[inline(always)]
	pub(super) fn from(&mut self, first: usize) -> Out<'_> {
		assert!(first <= self.len, "a result ends before its tiles do");
		Out { words: self.words.wrapping_add(first), len: self.len - first, lifetime: PhantomData }
	}

	/// The first word, if there are all words to `last`; panics if not.
	#[inline(always)]
	pub(super) fn to(&mut self, last: usize) -> *mut u32 {
		assert!(last < self.len, "a tile ends before its result does");
		self.words
	}

	/// Where the first word is, if there is one.
	#[inline(always)]
	pub(super) fn place(&self) -> *const u32 {
		self.words
	}

	/// A word. Panics if there is none.
	#[inline(always)]
	pub(super) fn word(&mut self, at: usize) -> &mut u32 {
		let words = self.to(at);
		// SAFETY: the word is there, and borrowed through this alone.
		unsafe { &mut *words.add(at) }
	}
}
