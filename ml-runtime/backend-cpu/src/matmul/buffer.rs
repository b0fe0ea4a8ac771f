//! Room for packed operands, kept by each thread from one product to the next.

use std::cell::RefCell;

/// Room for more words than this (64 MiB) is given back.
const MOST: usize = 1 << 24;

thread_local! {
	static KEPT: RefCell<Vec<Vec<u32>>> = const { RefCell::new(Vec::new()) };
}

/// Calls `work` with `words` words of any content.
pub(crate) fn with<R>(words: usize, work: impl FnOnce(&mut [u32]) -> R) -> R {
	if words == 0 {
		return work(&mut []);
	}
	// Taken, not borrowed: `work` may come here again.
	let mut room = KEPT.with_borrow_mut(Vec::pop).unwrap_or_default();
	if room.len() < words {
		room.resize(words, 0);
	}
	let result = work(&mut room[..words]);
	if room.len() <= MOST {
		KEPT.with_borrow_mut(|kept| kept.push(room));
	}
	result
}
