//! What workers write to their error output.

use std::{
	collections::VecDeque,
	io::{BufRead, BufReader, Read},
	sync::{Arc, Mutex, PoisonError},
};

/// Bytes of a line; longer ones are broken.
const MAX_LINE: u64 = 1024;

/// Writes the lines of a stream into the books until it ends.
pub(crate) fn follow(stream: impl Read, books: &[Arc<Logbook>; 2]) {
	let mut stream = BufReader::new(stream);
	let mut line = Vec::new();
	while let Ok(1..) = (&mut stream).take(MAX_LINE).read_until(b'\n', &mut line) {
		let text = String::from_utf8_lossy(&line);
		// Control characters would let a worker play tricks on the reader's terminal.
		let text = text.trim_end().replace(|c: char| c.is_control() && c != '\t', "\u{fffd}");
		line.clear();
		log::info!(target: "assay-worker", "{text}");
		books.iter().for_each(|book| book.push(text.clone()));
	}
}

/// The last lines.
#[derive(Debug)]
pub(crate) struct Logbook {
	lines: Mutex<VecDeque<String>>,
	room: usize,
}

impl Logbook {
	pub(crate) fn new(room: usize) -> Self {
		Self { lines: Mutex::default(), room: room.max(1) }
	}

	fn push(&self, line: String) {
		let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
		if lines.len() >= self.room {
			lines.pop_front();
		}
		lines.push_back(line);
	}

	/// The last `most` lines, oldest first.
	pub(crate) fn last(&self, most: usize) -> Vec<String> {
		let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
		lines.iter().skip(lines.len().saturating_sub(most)).cloned().collect()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn logbook_should_keep_the_last_lines_when_many_are_written() {
		let books = [Arc::new(Logbook::new(3)), Arc::new(Logbook::new(9))];
		follow(&b"one\ntwo\nthr\x1bee\nfour"[..], &books);
		assert_eq!(books[0].last(9), ["two", "thr\u{fffd}ee", "four"]);
		assert_eq!(books[0].last(1), ["four"]);
		assert_eq!(books[1].last(9).len(), 4);
		follow(&vec![b'x'; 5000][..], &books);
		assert!(books[1].last(9).iter().all(|line| line.len() <= MAX_LINE as usize));
	}
}
