//! Memory that notices what real memory forgives: words outside a buffer, words that nobody wrote, and
//! two threads at the same word with nothing that orders them.

/// A buffer starts at its number, plus one, times this.
const BUFFER_BYTES: u64 = 1 << 40;

/// What is in a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
	Unwritten,
	/// Written before this launch.
	Settled,
	/// Written by this thread of this launch.
	Written(u64),
}

struct Buffer {
	words: Vec<u32>,
	/// Empty for operands, which are only read.
	states: Vec<State>,
}

/// The memory of an [`Emulator`](super::Emulator), by addresses. Whatever a device's memory does not notice is an error.
#[derive(Default)]
pub struct EmulatedMemory {
	buffers: Vec<Buffer>,
}

impl EmulatedMemory {
	/// A buffer that is only read; gives its address.
	pub(super) fn upload(&mut self, words: &[u32]) -> u64 {
		self.push(words.to_vec(), Vec::new())
	}

	/// A buffer that nobody has written yet.
	pub fn allocate(&mut self, count: usize) -> u64 {
		self.push(vec![0xDEAD_BEEF; count], vec![State::Unwritten; count])
	}

	/// Gives a buffer back that begins at this address. From now on it has no words.
	pub fn free(&mut self, address: u64) -> Result<(), String> {
		let (buffer, word) = Self::locate(address)?;
		let buffer = self.buffers.get_mut(buffer).filter(|_| word == 0).ok_or("no such buffer")?;
		if buffer.words.is_empty() {
			return Err("it has no words, or not any more".into());
		}
		*buffer = Buffer { words: Vec::new(), states: Vec::new() };
		Ok(())
	}

	/// Writes words from this address on, as the host does between launches.
	pub fn write(&mut self, address: u64, words: &[u32]) -> Result<(), String> {
		let (buffer, first) = Self::locate(address)?;
		let buffer = self.buffers.get_mut(buffer).ok_or("no such buffer")?;
		let range = first..first.saturating_add(words.len());
		let (count, states) = (buffer.states.len(), buffer.states.get_mut(range.clone()));
		states.ok_or(format!("words {range:?} of {count} are written"))?.fill(State::Settled);
		buffer.words[range].copy_from_slice(words);
		Ok(())
	}

	/// The words from this address on, as many, all of which must have been written.
	pub fn read(&self, address: u64, words: &mut [u32]) -> Result<(), String> {
		let (buffer, first) = self.find(address)?;
		let range = first..first.saturating_add(words.len());
		let (count, states) = (buffer.states.len(), buffer.states.get(range.clone()));
		let states = states.ok_or(format!("words {range:?} of {count} are read"))?;
		if states.contains(&State::Unwritten) {
			return Err(format!("words {range:?} are read, and not all were written"));
		}
		words.copy_from_slice(&buffer.words[range]);
		Ok(())
	}

	fn push(&mut self, words: Vec<u32>, states: Vec<State>) -> u64 {
		self.buffers.push(Buffer { words, states });
		self.buffers.len() as u64 * BUFFER_BYTES
	}

	/// A launch has ended: what it wrote may be read by all threads of the next.
	pub(super) fn settle(&mut self) {
		let states = self.buffers.iter_mut().flat_map(|buffer| &mut buffer.states);
		states
			.filter(|state| **state != State::Unwritten)
			.for_each(|state| *state = State::Settled);
	}

	/// The content of a buffer of which every word must have been written.
	pub(super) fn download(&self, address: u64) -> Result<&[u32], String> {
		let (buffer, _) = self.find(address)?;
		match buffer.states.iter().position(|state| *state == State::Unwritten) {
			Some(word) => Err(format!("word {word} of the result was never written")),
			None => Ok(&buffer.words),
		}
	}

	fn locate(address: u64) -> Result<(usize, usize), String> {
		let buffer = (address / BUFFER_BYTES).checked_sub(1);
		match buffer {
			Some(buffer) if address.is_multiple_of(4) => {
				Ok((buffer as usize, (address % BUFFER_BYTES / 4) as usize))
			},
			_ => Err(format!("{address:#x} is no address of a word")),
		}
	}

	fn find(&self, address: u64) -> Result<(&Buffer, usize), String> {
		let (buffer, word) = Self::locate(address)?;
		Ok((self.buffers.get(buffer).ok_or("no such buffer")?, word))
	}

	pub(super) fn load(&self, address: u64, thread: u64) -> Result<u32, String> {
		let (buffer, word) = self.find(address)?;
		match buffer.states.get(word) {
			Some(State::Unwritten) => return Err(format!("word {word} is read but never written")),
			Some(State::Written(writer)) if *writer != thread => {
				return Err(format!("word {word} is read while another thread writes it"));
			},
			_ => {},
		}
		let size = buffer.words.len();
		buffer.words.get(word).copied().ok_or(format!("word {word} of {size} is read"))
	}

	pub(super) fn store(&mut self, address: u64, thread: u64, value: u32) -> Result<(), String> {
		let (buffer, word) = Self::locate(address)?;
		let buffer = self.buffers.get_mut(buffer).ok_or("no such buffer")?;
		let size = buffer.states.len();
		match buffer.states.get_mut(word) {
			None => return Err(format!("word {word} of {size} is written")),
			Some(State::Written(writer)) if *writer != thread => {
				return Err(format!("word {word} is written by two threads"));
			},
			Some(state) => *state = State::Written(thread),
		}
		buffer.words[word] = value;
		Ok(())
	}
}

/// Who touched a word of shared memory since the last barrier.
#[derive(Clone, Copy, Default)]
struct Touched {
	/// The barrier, counted from 1; 0 is never.
	writer: (u64, u32),
	reader: (u64, u32),
	/// More than one thread has read it.
	many: bool,
	/// A copy has begun that has not arrived.
	awaited: bool,
	/// When it was written, by the clock of the memory.
	at: u64,
}

/// The shared memory of a block.
pub(super) struct Shared {
	words: Vec<u32>,
	touched: Vec<Touched>,
	barrier: u64,
	/// Writes until now.
	clock: u64,
	/// When threads made their writes known to products of groups.
	fences: Vec<Fence>,
}

/// When a thread last made its writes known, by the clock: before the barrier, and since then.
#[derive(Clone, Copy, Default)]
struct Fence {
	settled: u64,
	/// With the number of the barrier.
	last: (u64, u64),
}

/// The reader of what a product of a group of warps reads.
const A_GROUP: u32 = u32::MAX;

impl Fence {
	/// When the thread last made its writes known before this barrier.
	fn before(self, barrier: u64) -> u64 {
		let (at, clock) = self.last;
		if at < barrier {
			clock
		} else {
			self.settled
		}
	}
}

impl Shared {
	pub(super) fn new(bytes: usize) -> Self {
		let count = bytes.div_ceil(4);
		let touched = vec![Touched::default(); count];
		Self { words: vec![0; count], touched, barrier: 1, clock: 0, fences: Vec::new() }
	}

	/// All threads have met.
	pub(super) fn barrier(&mut self) {
		self.barrier += 1;
	}

	pub(super) fn load(&mut self, address: u64, thread: u32) -> Result<u32, String> {
		let word = (address / 4) as usize;
		let touched = self.touched.get_mut(word).ok_or("outside shared memory")?;
		if touched.awaited {
			return Err(format!("shared word {word} is read before its copy has arrived"));
		}
		if touched.writer.0 == 0 {
			return Err(format!("shared word {word} is read but never written"));
		}
		if touched.writer.0 == self.barrier && touched.writer.1 != thread {
			return Err(format!("shared word {word} is read with no barrier after its write"));
		}
		let again = touched.reader.0 == self.barrier;
		touched.many = again && (touched.many || touched.reader.1 != thread);
		touched.reader = (self.barrier, thread);
		Ok(self.words[word])
	}

	pub(super) fn store(&mut self, address: u64, thread: u32, value: u32) -> Result<(), String> {
		let word = (address / 4) as usize;
		let touched = self.touched.get_mut(word).ok_or("outside shared memory")?;
		let written = touched.writer.0 == self.barrier && touched.writer.1 != thread;
		let read = touched.reader.0 == self.barrier && (touched.many || touched.reader.1 != thread);
		if written || read || touched.awaited {
			return Err(format!("shared word {word} is written with no barrier after another use"));
		}
		self.clock += 1;
		(touched.writer, touched.at) = ((self.barrier, thread), self.clock);
		self.words[word] = value;
		Ok(())
	}

	/// A thread makes what it wrote known to products of groups.
	pub(super) fn fence(&mut self, thread: u32) {
		let index = thread as usize;
		if self.fences.len() <= index {
			self.fences.resize(index + 1, Fence::default());
		}
		let fence = &mut self.fences[index];
		*fence = Fence { settled: fence.before(self.barrier), last: (self.barrier, self.clock) };
	}

	/// A word for a product of a group of warps.
	pub(super) fn load_by_group(&mut self, address: u64) -> Result<u32, String> {
		let value = self.load(address, A_GROUP)?;
		let touched = &self.touched[(address / 4) as usize];
		let fence = self.fences.get(touched.writer.1 as usize).copied().unwrap_or_default();
		match fence.before(self.barrier) >= touched.at {
			true => Ok(value),
			false => Err(format!(
				"shared word {} is read by a product with no fence and barrier after its write",
				address / 4
			)),
		}
	}

	/// A thread begins to copy to a word.
	pub(super) fn begin(&mut self, address: u64, thread: u32) -> Result<(), String> {
		self.store(address, thread, 0xDEAD_BEEF)?;
		self.await_copy(address, true);
		Ok(())
	}

	/// What a thread began to copy to a word is there.
	pub(super) fn arrive(&mut self, address: u64, thread: u32, value: u32) -> Result<(), String> {
		self.await_copy(address, false);
		self.store(address, thread, value)
	}

	fn await_copy(&mut self, address: u64, awaited: bool) {
		if let Some(touched) = self.touched.get_mut((address / 4) as usize) {
			touched.awaited = awaited;
		}
	}
}
