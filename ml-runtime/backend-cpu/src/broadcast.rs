//! How the second operand of an elementwise operation is read: in runs of consecutive words of the
//! result for which it is consecutive words, too, or a single one.

use std::{borrow::Cow, ops::Range};

use assay_ops::Broadcast;

use crate::value::Value;
use crate::KernelError;

/// Fewest words in a repeated pattern, so that short rows still fill vectors.
const PATTERN: usize = 256;

/// Most words of an operand whose rows were repeated.
const MOST_WIDENED: usize = 1 << 17;

/// Runs that are shorter than this are put together first.
const SHORT: usize = 32;

/// Words that are put together at a time.
const TOGETHER: usize = 512;

/// The second operand, spread over the whole result.
pub(crate) enum Second<'a> {
	/// One word for each word of the result.
	Same(&'a [u32]),
	/// One word for all.
	Word(u32),
	/// The words repeat.
	Repeat(Cow<'a, [u32]>),
	/// Everything else.
	Grid(Grid<'a>),
}

/// A matrix of `words.len() / period × period`: see [`Broadcast::Periodic`]. Here the period need not
/// divide the columns.
pub(crate) struct Grid<'a> {
	words: Cow<'a, [u32]>,
	period: usize,
	each: usize,
	cols: usize,
}

/// What belongs to a run of words of the result.
pub(crate) enum Run<'a> {
	/// As many words.
	Words(&'a [u32]),
	/// One word for all.
	Word(u32),
}

impl<'a> Second<'a> {
	/// The operand `b` for a result with rows of `cols`, as the broadcast says.
	pub(crate) fn new(
		b: &Value<'a>,
		broadcast: Broadcast,
		cols: usize,
	) -> Result<Self, KernelError> {
		let each = match broadcast {
			Broadcast::None => return Ok(Self::Same(b.words)),
			Broadcast::Periodic { each: 0 } => return Err(KernelError::Shape),
			Broadcast::Periodic { each } => each as usize,
			Broadcast::Row | Broadcast::Col | Broadcast::Scalar => 1,
		};
		Ok(match b.words {
			[word] => Self::Word(*word),
			words if each == 1 && b.cols == cols => Self::Repeat(pattern(words)),
			words => {
				let (words, period) = widened(words, b.cols, cols);
				Self::Grid(Grid { words, period, each, cols })
			},
		})
	}

	/// Runs that together are the words from `first` to `first + length` of the result.
	pub(crate) fn runs(&'a self, first: usize, length: usize) -> Runs<'a> {
		Runs { cursor: Cursor::new(self, first), at: 0, length, buffer: [0; TOGETHER] }
	}
}

/// The runs of some words of the result.
pub(crate) struct Runs<'a> {
	cursor: Cursor<'a>,
	at: usize,
	length: usize,
	/// Short runs that were put together.
	buffer: [u32; TOGETHER],
}

impl Runs<'_> {
	/// The next run, and which of the words it belongs to.
	pub(crate) fn next(&mut self) -> Option<(Range<usize>, Run<'_>)> {
		if self.at == self.length {
			return None;
		}
		let (run, words) = self.cursor.take(self.length - self.at, &mut self.buffer);
		let range = self.at..self.at + words;
		self.at = range.end;
		Some((range, run))
	}
}

/// The words as often as needed to be worth a loop.
fn pattern(words: &[u32]) -> Cow<'_, [u32]> {
	match PATTERN.div_ceil(words.len().max(1)) {
		1 => Cow::Borrowed(words),
		times => Cow::Owned(words.repeat(times)),
	}
}

/// Rows of `period` words as often as needed to be worth a loop, and how long they are then, if that
/// does not take much memory.
fn widened(words: &[u32], period: usize, cols: usize) -> (Cow<'_, [u32]>, usize) {
	let times = PATTERN.div_ceil(period).min(cols / period);
	if period == 1 || times == 1 || words.len() * times > MOST_WIDENED {
		return (Cow::Borrowed(words), period);
	}
	let rows = words.chunks_exact(period).map(|row| row.repeat(times));
	(Cow::Owned(rows.collect::<Vec<_>>().concat()), period * times)
}

/// A place in the result, and what belongs to it in the second operand.
enum Cursor<'a> {
	Same(&'a [u32]),
	Word(u32),
	Repeat(&'a [u32], usize),
	Grid(GridCursor<'a>),
}

impl<'a> Cursor<'a> {
	fn new(second: &'a Second<'_>, first: usize) -> Self {
		match second {
			Second::Same(words) => Self::Same(&words[first..]),
			Second::Word(word) => Self::Word(*word),
			Second::Repeat(words) => Self::Repeat(words, first % words.len()),
			Second::Grid(grid) => Self::Grid(GridCursor::new(grid, first)),
		}
	}

	/// The next run, of at most `most` words, and its length.
	fn take<'b>(&'b mut self, most: usize, buffer: &'b mut [u32]) -> (Run<'b>, usize) {
		match self {
			Self::Same(words) => {
				let (run, rest) = words.split_at(most);
				*words = rest;
				(Run::Words(run), most)
			},
			Self::Word(word) => (Run::Word(*word), most),
			Self::Repeat(words, at) => {
				let run = &words[*at..words.len().min(*at + most)];
				*at = (*at + run.len()) % words.len();
				(Run::Words(run), run.len())
			},
			Self::Grid(cursor) if cursor.grid.run() >= SHORT => cursor.take(most),
			Self::Grid(cursor) => {
				let run = &mut buffer[..most.min(TOGETHER)];
				cursor.fill(run);
				(Run::Words(run), run.len())
			},
		}
	}
}

impl Grid<'_> {
	/// Length of a run.
	fn run(&self) -> usize {
		if self.period == 1 {
			self.cols
		} else {
			self.period
		}
	}
}

struct GridCursor<'a> {
	grid: &'a Grid<'a>,
	/// First word of the row of the operand.
	line: usize,
	/// Rows of the result that the row still stands for, this one included.
	rows: usize,
	/// Column of the result.
	col: usize,
}

impl<'a> GridCursor<'a> {
	fn new(grid: &'a Grid<'_>, first: usize) -> Self {
		let (row, col) = (first / grid.cols, first % grid.cols);
		let line = row / grid.each * grid.period % grid.words.len();
		Self { grid, line, rows: grid.each - row % grid.each, col }
	}

	fn take(&mut self, most: usize) -> (Run<'a>, usize) {
		let Grid { ref words, period, each, cols } = *self.grid;
		let (run, length) = if period == 1 {
			let length = most.min(cols - self.col);
			(Run::Word(words[self.line]), length)
		} else {
			let phase = self.col % period;
			let length = most.min(period - phase).min(cols - self.col);
			(Run::Words(&words[self.line + phase..][..length]), length)
		};
		self.col += length;
		if self.col == cols {
			self.col = 0;
			self.rows -= 1;
		}
		if self.rows == 0 {
			self.rows = each;
			self.line += period;
		}
		if self.line == words.len() {
			self.line = 0;
		}
		(run, length)
	}

	fn fill(&mut self, mut out: &mut [u32]) {
		while !out.is_empty() {
			let (run, length) = self.take(out.len());
			let (now, later) = out.split_at_mut(length);
			match run {
				Run::Word(word) => now.iter_mut().for_each(|out| *out = word),
				Run::Words(words) => now.iter_mut().zip(words).for_each(|(out, word)| *out = *word),
			}
			out = later;
		}
	}
}
