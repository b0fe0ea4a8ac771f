//! Downloads blobs from peers that may lie, vanish or be slow.
//!
//! A download goes in rounds. A round asks the connected peers, a few at a time, keeps to those that
//! have the blob, and ends when the blob is complete or nobody is left to ask. Between rounds it waits,
//! longer each time, for other peers or better ones. It gives up when there was no news for a while.
//!
//! The chunks of a list prove nothing, so anybody can send some, in every round anew. Hence news of a list
//! is only what exceeds the most chunks that were ever held; a peer that sent some and has no more is not
//! asked again; and all of it has to come at a [`least rate`](LEAST_RATE). Whatever peers do, a list that
//! does not come is given up in the end.
//!
//! Nothing here knows the network, and everything blocks: run it on a thread of its own.

use super::news::{Book, Record};
use assay_blobs::{
	BlobKey, BlobRequest, BlobResponse, BlobStore, ChunkAssembler, ChunkError, ChunkIndex,
	StoreError, CHUNK_BYTES,
};
use std::{
	collections::{HashSet, VecDeque},
	fmt::Debug,
	hash::Hash,
	path::PathBuf,
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc, Mutex, MutexGuard, PoisonError,
	},
	thread,
	time::{Duration, Instant},
};

/// Peers that one download asks at the same time.
const SOURCES: usize = 2;
/// Chunks asked of each of them at the same time.
const CHUNKS_PER_SOURCE: usize = 2;
/// Liars that are remembered; then all are forgotten, and the network's own memory of them remains.
const MAX_LIARS: usize = 1024;
/// Bytes a second at which a list has to come, beside the time without news that every download has.
const LEAST_RATE: u64 = 64 * 1024;
/// How often a waiting download looks whether it is still wanted.
const TICK: Duration = Duration::from_millis(50);

/// What a peer answered.
#[derive(Debug)]
pub(crate) enum Answer {
	/// This.
	Response(BlobResponse),
	/// Something that is no response.
	Nonsense,
	/// Nothing: it is gone, busy or too slow.
	Silence,
}

/// The network, as a download sees it.
pub(crate) trait Peers: Send + Sync + 'static {
	/// Names a peer.
	type Id: Copy + Eq + Hash + Debug + Send;

	/// Who is connected.
	fn connected(&self) -> Vec<Self::Id>;

	/// Sends all requests at the same time and waits for all answers, each with the time that it took.
	/// The answers are in the order of the requests.
	fn ask(&self, requests: &[(Self::Id, BlobRequest)]) -> Vec<(Answer, Duration)>;

	/// Takes note that a peer sent what no honest one could have sent.
	fn report_liar(&self, peer: Self::Id);
}

/// How long to try.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
	/// Without a new chunk.
	pub(crate) stall: Duration,
	/// Between the first two rounds; doubles with each round that brings nothing.
	pub(crate) first_pause: Duration,
	/// Between rounds at most.
	pub(crate) longest_pause: Duration,
	/// A peer that takes longer than this is asked after the others.
	pub(crate) slow: Duration,
	/// So is one that takes longer than this, and than the least rate allows, for a list.
	pub(crate) turn: Duration,
	/// How much time each chunk of a list earns.
	pub(crate) per_chunk: Duration,
}

impl Patience {
	/// Gives up after this time without a new chunk.
	pub(crate) fn of(stall: Duration) -> Self {
		Self {
			stall,
			first_pause: Duration::from_millis(250),
			longest_pause: Duration::from_secs(10),
			slow: Duration::from_secs(3),
			turn: Duration::from_secs(10),
			per_chunk: Duration::from_secs(CHUNK_BYTES as u64 / LEAST_RATE),
		}
	}
}

/// Who wants a blob.
pub(crate) trait Watcher {
	/// Whether nobody does any more.
	fn is_gone(&self) -> bool;

	/// Chunks that are here, and chunks in all once that is known.
	fn progress(&self, _have: u32, _total: Option<u32>) {}
}

/// Why a blob could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
	/// No peer brought a chunk for too long.
	#[error("no peer brought any of blob {key} for {} s ({asked} asked, {liars} of them lied{})",
		.waited.as_secs(), .refused.as_ref().map_or(String::new(), |why| format!("; {why}")))]
	NotFound {
		/// The blob.
		key: BlobKey,
		/// How long.
		waited: Duration,
		/// Peers that were asked.
		asked: usize,
		/// Those that sent what no honest peer could have sent.
		liars: usize,
		/// Why somebody's blob was not taken.
		refused: Option<String>,
	},
	/// Nobody wants it any more.
	#[error("the download of blob {0} was stopped")]
	Stopped(BlobKey),
	/// This disk, not the peers.
	#[error(transparent)]
	Store(StoreError),
}

/// Downloads blobs into a store.
pub(crate) struct Fetcher<P: Peers> {
	store: Arc<BlobStore>,
	peers: P,
	patience: Patience,
	liars: Mutex<HashSet<P::Id>>,
	/// Downloads started, so that each begins with another peer.
	started: AtomicUsize,
	news: Book,
}

impl<P: Peers> Fetcher<P> {
	/// Downloads into this store.
	pub(crate) fn new(store: Arc<BlobStore>, peers: P, patience: Patience) -> Self {
		let (liars, news, started) = (Mutex::default(), Book::default(), AtomicUsize::new(0));
		Self { store, peers, patience, liars, started, news }
	}

	/// Where blobs go.
	pub(crate) fn store(&self) -> &Arc<BlobStore> {
		&self.store
	}

	/// Time without news after which a download is given up.
	pub(crate) fn gives_up_after(&self) -> Duration {
		self.patience.stall
	}

	fn liars(&self) -> MutexGuard<'_, HashSet<P::Id>> {
		self.liars.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// The file of a blob, downloaded if it is not here. Blocks until that is done or given up.
	pub(crate) fn fetch(
		&self,
		key: &BlobKey,
		watcher: &impl Watcher,
	) -> Result<PathBuf, FetchError> {
		let mut download = Download::new(self, *key, watcher);
		loop {
			if let Some(path) = self.store.path(key) {
				return Ok(path);
			}
			if watcher.is_gone() {
				return Err(FetchError::Stopped(*key));
			}
			match download.round() {
				Ok(Some(path)) => return Ok(path),
				Ok(None) => download.wait()?,
				// Another download of the same blob; its news is this one's too.
				Err(StoreError::Busy(_)) => {
					download.give_up()?;
					thread::sleep(TICK);
				},
				Err(error) => return Err(FetchError::Store(error)),
			}
		}
	}
}

/// One download.
struct Download<'a, P: Peers, W> {
	fetcher: &'a Fetcher<P>,
	key: BlobKey,
	watcher: &'a W,
	turn: usize,
	asked: HashSet<P::Id>,
	/// Peers that this download does not ask again: liars, those whose blob is too large for us, and those
	/// that had a part of a list and no more.
	set_aside: HashSet<P::Id>,
	/// Peers that were too slow with a list once. The second time they may be as slow as they are.
	passed_over: HashSet<P::Id>,
	lied: usize,
	refused: Option<String>,
	record: Record<'a>,
	pause: Duration,
}

/// Peers to ask in a round, the best first.
type Queue<Id> = VecDeque<Id>;

impl<'a, P: Peers, W: Watcher> Download<'a, P, W> {
	fn new(fetcher: &'a Fetcher<P>, key: BlobKey, watcher: &'a W) -> Self {
		Self {
			fetcher,
			key,
			watcher,
			turn: fetcher.started.fetch_add(1, Ordering::Relaxed),
			asked: HashSet::new(),
			set_aside: HashSet::new(),
			passed_over: HashSet::new(),
			lied: 0,
			refused: None,
			record: fetcher.news.begin(key),
			pause: fetcher.patience.first_pause,
		}
	}

	/// Time that is too long, if it is time to give up.
	fn overdue(&self) -> Option<Duration> {
		self.record.overdue(&self.fetcher.patience)
	}

	/// Fails when it is time to give up, or nobody wants the blob any more.
	fn give_up(&mut self) -> Result<(), FetchError> {
		if self.watcher.is_gone() {
			return Err(FetchError::Stopped(self.key));
		}
		self.overdue().map_or(Ok(()), |waited| {
			Err(FetchError::NotFound {
				key: self.key,
				waited,
				asked: self.asked.len(),
				liars: self.lied,
				refused: self.refused.take(),
			})
		})
	}

	/// Whom to ask in a new round.
	fn queue(&self) -> Queue<P::Id> {
		let liars = self.fetcher.liars();
		let usable = |peer: &P::Id| !liars.contains(peer) && !self.set_aside.contains(peer);
		let mut queue: Queue<_> =
			self.fetcher.peers.connected().into_iter().filter(usable).collect();
		let turn = self.turn.checked_rem(queue.len()).unwrap_or_default();
		queue.rotate_left(turn);
		queue
	}

	/// Asks until the blob is complete; `None` when nobody is left to ask, or there was no news for long.
	fn round(&mut self) -> Result<Option<PathBuf>, StoreError> {
		let store = &self.fetcher.store;
		let mut assembler = ChunkAssembler::begin(store, self.key)?;
		let mut queue = self.queue();
		// Of a list only the whole can be checked, so all of it has to come from one peer.
		let is_list = self.key.is_list();
		let mut turn = Instant::now();
		while !self.watcher.is_gone() && (assembler.is_complete() || self.overdue().is_none()) {
			let source = queue.front().copied();
			if assembler.is_complete() {
				match (assembler.finish(), source) {
					(Ok(path), _) => return Ok(Some(path)),
					(Err(StoreError::WrongContent { .. }), Some(peer)) if is_list => {
						self.lied(peer, &mut queue);
					},
					// The disk changed what was written: once more.
					(Err(StoreError::WrongContent { .. }), _) => {},
					(Err(error), _) => return Err(error),
				}
				assembler = ChunkAssembler::begin(store, self.key)?;
				continue;
			}
			let requests = self.requests(&assembler, &queue, is_list);
			if requests.is_empty() {
				return Ok(None);
			}
			self.asked.extend(requests.iter().map(|(peer, _)| *peer));
			let answers = self.fetcher.peers.ask(&requests);
			for ((peer, request), (answer, took)) in requests.into_iter().zip(answers) {
				// An answer before this one may have shown that the peer is of no use.
				if queue.contains(&peer) {
					self.take(&mut assembler, &mut queue, (peer, request.chunk), answer)?;
					if took > self.fetcher.patience.slow && !is_list {
						demote(&mut queue, peer);
					}
				}
			}
			if is_list && queue.front().copied() == source {
				self.pass_over(&assembler, &mut queue, turn);
			}
			if is_list && queue.front().copied() != source {
				drop(assembler);
				assembler = ChunkAssembler::begin(store, self.key)?;
				turn = Instant::now();
			}
		}
		Ok(None)
	}

	/// The next requests, spread over the best peers.
	fn requests(
		&self,
		assembler: &ChunkAssembler,
		queue: &Queue<P::Id>,
		is_list: bool,
	) -> Vec<(P::Id, BlobRequest)> {
		let sources = if is_list { 1 } else { SOURCES }.min(queue.len());
		let sources = queue.iter().take(sources).copied();
		let request = |(peer, chunk)| (peer, BlobRequest { key: self.key, chunk });
		let wanted = assembler.wanted(sources.len() * CHUNKS_PER_SOURCE);
		match wanted[..] {
			// Nobody has shown yet that it has the blob.
			[ChunkIndex::Last] => sources.map(|peer| request((peer, ChunkIndex::Last))).collect(),
			_ => sources.cycle().zip(wanted).map(request).collect(),
		}
	}

	/// Takes an answer; fails when this disk does.
	fn take(
		&mut self,
		assembler: &mut ChunkAssembler,
		queue: &mut Queue<P::Id>,
		(peer, asked): (P::Id, ChunkIndex),
		answer: Answer,
	) -> Result<(), StoreError> {
		let chunk = match answer {
			Answer::Response(BlobResponse::Chunk(chunk)) => chunk,
			Answer::Response(BlobResponse::NotFound | BlobResponse::Failed) => {
				if asked != ChunkIndex::Last && self.key.is_list() {
					self.set_aside.insert(peer);
				}
				queue.retain(|other| *other != peer);
				return Ok(());
			},
			Answer::Silence => {
				queue.retain(|other| *other != peer);
				return Ok(());
			},
			// The last chunk proved how many there are.
			Answer::Response(BlobResponse::OutOfRange) | Answer::Nonsense => {
				self.lied(peer, queue);
				return Ok(());
			},
		};
		match assembler.accept(asked, &chunk) {
			Ok(false) => {},
			Ok(true) => {
				let (have, total) = assembler.progress();
				if self.record.took(have) {
					self.pause = self.fetcher.patience.first_pause;
				}
				self.watcher.progress(have, total);
			},
			Err(ChunkError::Store(error)) => return Err(error),
			Err(error) if error.is_peers_fault() => self.lied(peer, queue),
			Err(error) => {
				self.refused = Some(error.to_string());
				self.set_aside.insert(peer);
				queue.retain(|other| *other != peer);
			},
		}
		Ok(())
	}

	/// Asks the others first when the source of a list, whose turn began then, is too slow.
	fn pass_over(&mut self, assembler: &ChunkAssembler, queue: &mut Queue<P::Id>, turn: Instant) {
		let patience = &self.fetcher.patience;
		let earned = patience.per_chunk.saturating_mul(assembler.progress().0);
		let is_slow = turn.elapsed() > patience.turn.saturating_add(earned);
		let Some(source) = queue.front().filter(|_| is_slow && queue.len() > 1) else { return };
		if !assembler.is_complete() && self.passed_over.insert(*source) {
			queue.rotate_left(1);
		}
	}

	/// Never asks this peer again.
	fn lied(&mut self, peer: P::Id, queue: &mut Queue<P::Id>) {
		log::debug!(target: super::LOG, "peer {peer:?} lied about blob {}", self.key);
		self.lied += 1;
		self.set_aside.insert(peer);
		queue.retain(|other| *other != peer);
		let mut liars = self.fetcher.liars();
		if liars.len() >= MAX_LIARS {
			liars.clear();
		}
		liars.insert(peer);
		drop(liars);
		self.fetcher.peers.report_liar(peer);
	}

	/// Waits for the next round, or gives up.
	fn wait(&mut self) -> Result<(), FetchError> {
		let end = Instant::now() + self.pause;
		self.pause = self.pause.saturating_mul(2).min(self.fetcher.patience.longest_pause);
		loop {
			self.give_up()?;
			let left = end.saturating_duration_since(Instant::now());
			if left.is_zero() {
				return Ok(());
			}
			thread::sleep(left.min(TICK));
		}
	}
}

/// Asks this peer after all others.
fn demote<Id: Copy + Eq>(queue: &mut Queue<Id>, peer: Id) {
	let before = queue.len();
	queue.retain(|other| *other != peer);
	if queue.len() < before {
		queue.push_back(peer);
	}
}
