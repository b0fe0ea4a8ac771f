//! Downloads against peers that lie, vanish or are slow. They live in memory: what is tested is compiled
//! into this file, without the network.

use assay_blobs::{
	bytes_key, serve, BlobKey, BlobRequest, BlobResponse, BlobStore, ChunkIndex, ChunkResponse,
	Limits, ListTag, CHUNK_BYTES,
};
use fetch::{Answer, FetchError, Fetcher, Patience, Peers, Watcher};
use std::{
	collections::HashMap,
	sync::{
		atomic::{AtomicBool, AtomicU32, Ordering},
		Arc, Mutex,
	},
	time::{Duration, Instant},
};

/// Target of log lines, as in the node.
const LOG: &str = "assay-blobs";

#[allow(dead_code, reason = "the node uses all of it")]
#[path = "../src/blobs/downloads.rs"]
mod downloads;
#[allow(dead_code, reason = "the node uses all of it")]
#[path = "../src/blobs/fetch.rs"]
mod fetch;
#[path = "../src/blobs/news.rs"]
mod news;
#[path = "../src/blobs/rate.rs"]
mod rate;

/// What a peer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
	Honest,
	/// Has nothing.
	Empty,
	/// Changes a byte of every chunk.
	Forges,
	/// Says that chunks are not there which it must have.
	Denies,
	/// Sends what is no response.
	Babbles,
	/// Answers so many requests, then nothing.
	Vanishes(u32),
	/// Answers nothing for so many requests, then is honest.
	Returns(u32),
	/// Says it has a blob larger than anybody takes.
	Boasts,
	/// Takes long.
	Slow,
	/// Sends the last chunk of any list, and has no other.
	Teases,
	/// Sends the last chunk of any list, and then nothing.
	Hushes,
	/// Sends any list, which is long, but takes its time.
	Drips,
}

/// What liars send of a list that they do not have.
fn invented(chunks: u32) -> Answer {
	let len = CHUNK_BYTES as usize;
	Answer::Response(BlobResponse::Chunk(ChunkResponse {
		total_len: u64::from(chunks) * u64::from(CHUNK_BYTES),
		bytes: vec![1; len].try_into().unwrap(),
		siblings: Default::default(),
	}))
}

const SLOW: Duration = Duration::from_millis(100);

struct Network {
	/// What honest peers have.
	source: Arc<BlobStore>,
	manners: Vec<Manner>,
	asked: Mutex<HashMap<usize, u32>>,
	reported: Mutex<Vec<usize>>,
}

impl Network {
	fn answer(&self, peer: usize, request: &BlobRequest) -> (Answer, Duration) {
		let before = {
			let mut asked = self.asked.lock().unwrap();
			let count = asked.entry(peer).or_default();
			*count += 1;
			*count - 1
		};
		let quick = Duration::from_millis(1);
		let honest = Answer::Response(serve(&self.source, request));
		let answer = match self.manners[peer] {
			Manner::Honest => honest,
			Manner::Slow => return (honest, SLOW),
			Manner::Empty => Answer::Response(BlobResponse::NotFound),
			Manner::Teases | Manner::Hushes if request.chunk == ChunkIndex::Last => invented(2),
			Manner::Teases => Answer::Response(BlobResponse::NotFound),
			Manner::Hushes => Answer::Silence,
			Manner::Drips => {
				std::thread::sleep(SLOW / 2);
				return (invented(250), SLOW / 2);
			},
			Manner::Forges | Manner::Boasts => match honest {
				Answer::Response(BlobResponse::Chunk(mut chunk)) => {
					if self.manners[peer] == Manner::Forges {
						chunk.bytes[0] ^= 1;
					} else {
						chunk.total_len = u64::MAX;
					}
					Answer::Response(BlobResponse::Chunk(chunk))
				},
				other => other,
			},
			Manner::Denies if request.chunk == ChunkIndex::Last => honest,
			Manner::Denies => Answer::Response(BlobResponse::OutOfRange),
			Manner::Babbles => Answer::Nonsense,
			Manner::Vanishes(after) if before < after => honest,
			Manner::Vanishes(_) => Answer::Silence,
			Manner::Returns(after) if before < after => Answer::Silence,
			Manner::Returns(_) => honest,
		};
		(answer, quick)
	}

	fn asked(&self, peer: usize) -> u32 {
		self.asked.lock().unwrap().get(&peer).copied().unwrap_or_default()
	}

	fn reported(&self) -> Vec<usize> {
		self.reported.lock().unwrap().clone()
	}
}

impl Peers for Arc<Network> {
	type Id = usize;

	fn connected(&self) -> Vec<usize> {
		(0..self.manners.len()).collect()
	}

	fn ask(&self, requests: &[(usize, BlobRequest)]) -> Vec<(Answer, Duration)> {
		requests.iter().map(|(peer, request)| self.answer(*peer, request)).collect()
	}

	fn report_liar(&self, peer: usize) {
		self.reported.lock().unwrap().push(peer);
	}
}

#[derive(Default)]
struct Watch {
	gone: AtomicBool,
	have: AtomicU32,
}

impl Watcher for Watch {
	fn is_gone(&self) -> bool {
		self.gone.load(Ordering::Relaxed)
	}

	fn progress(&self, have: u32, _total: Option<u32>) {
		self.have.store(have, Ordering::Relaxed);
	}
}

struct Scene {
	network: Arc<Network>,
	fetcher: Arc<Fetcher<Arc<Network>>>,
	_folders: [tempfile::TempDir; 2],
}

/// Soon gives up.
fn impatience() -> Patience {
	Patience { stall: Duration::from_millis(300), ..patience() }
}

fn patience() -> Patience {
	Patience {
		stall: Duration::from_secs(10),
		first_pause: Duration::from_millis(5),
		longest_pause: Duration::from_millis(20),
		slow: SLOW / 2,
		turn: SLOW / 4,
		per_chunk: SLOW / 10,
	}
}

fn scene(manners: &[Manner]) -> Scene {
	scene_of(manners, patience())
}

fn scene_of(manners: &[Manner], patience: Patience) -> Scene {
	let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
	let open = |i: usize| Arc::new(BlobStore::open(folders[i].path(), Limits::default()).unwrap());
	let network = Arc::new(Network {
		source: open(0),
		manners: manners.to_vec(),
		asked: Mutex::default(),
		reported: Mutex::default(),
	});
	let fetcher = Arc::new(Fetcher::new(open(1), network.clone(), patience));
	Scene { network, fetcher, _folders: folders }
}

impl Scene {
	fn content(chunks: u32) -> Vec<u8> {
		(0..chunks * CHUNK_BYTES - 7).map(|i| (i / 5) as u8).collect()
	}

	/// A blob that honest peers have.
	fn blob(&self, chunks: u32) -> BlobKey {
		self.network.source.put_bytes(&Self::content(chunks)).unwrap()
	}

	fn list(&self) -> BlobKey {
		let leaves: Vec<_> = (0..20_000u32).map(|i| [i as u8; 32]).collect();
		self.network.source.put_list(ListTag::States, &leaves).unwrap()
	}

	fn fetch(&self, key: &BlobKey) -> Result<Vec<u8>, FetchError> {
		self.fetcher.fetch(key, &Watch::default()).map(|path| std::fs::read(path).unwrap())
	}
}

#[test]
fn fetch_should_bring_the_blob_when_some_peer_is_honest() {
	use Manner::*;
	for bad in [Empty, Forges, Denies, Babbles, Vanishes(0), Vanishes(2), Boasts, Slow, Returns(3)]
	{
		for manners in [[bad, bad, Honest], [Honest, bad, bad], [bad, Honest, bad]] {
			let scene = scene(&manners);
			let key = scene.blob(9);
			let got = scene.fetch(&key).unwrap_or_else(|error| panic!("{manners:?}: {error}"));
			assert!(got == Scene::content(9), "{manners:?}");
		}
	}
}

#[test]
fn fetch_should_bring_a_list_when_some_peer_is_honest() {
	use Manner::*;
	let silent = [Empty, Babbles, Vanishes(0), Vanishes(1), Returns(3)];
	for bad in [Forges, Boasts, Slow, Teases, Hushes, Drips].into_iter().chain(silent) {
		for manners in [[bad, bad, Honest], [Honest, bad, bad], [bad, Honest, bad]] {
			let scene = scene(&manners);
			let key = scene.list();
			scene.fetch(&key).unwrap_or_else(|error| panic!("{manners:?}: {error}"));
			let store = scene.fetcher.store();
			store.verify(&key).unwrap_or_else(|error| panic!("{manners:?}: {error}"));
		}
	}
}

#[test]
fn liars_should_be_reported_once_and_not_asked_again() {
	use Manner::*;
	let scene = scene(&[Forges, Babbles, Denies, Empty, Slow, Vanishes(1), Boasts, Honest]);
	let first = scene.blob(9);
	scene.fetch(&first).unwrap();
	let asked: Vec<_> = (0..3).map(|liar| scene.network.asked(liar)).collect();
	let second = scene.blob(5);
	scene.fetch(&second).unwrap();
	let reported = scene.network.reported();
	for (liar, before) in (0..3).zip(asked) {
		let times = reported.iter().filter(|peer| **peer == liar).count();
		assert!(times <= 1, "{liar}: {reported:?}");
		if times == 1 && before > 0 {
			assert_eq!(scene.network.asked(liar), before, "peer {liar}");
		}
	}
	assert!(reported.contains(&0) && reported.contains(&1), "{reported:?}");
	assert!(reported.iter().all(|peer| *peer < 3), "honest peers were reported: {reported:?}");
}

#[test]
fn fetch_should_give_up_and_say_why_when_nobody_has_the_blob() {
	use Manner::*;
	let scene = scene_of(&[Empty, Forges, Vanishes(0), Boasts], impatience());
	let key = scene.blob(3);
	let start = Instant::now();
	let error = scene.fetch(&key).unwrap_err();
	let FetchError::NotFound { asked, liars, refused, .. } = &error else { panic!("{error}") };
	assert_eq!((*asked, *liars), (4, 1));
	assert!(refused.is_some());
	assert!(start.elapsed() >= impatience().stall, "{:?}", start.elapsed());
	assert!(error.to_string().contains(&key.to_string()), "{error}");
	assert!(!scene.fetcher.store().has(&key));
}

/// Says that nobody wants the blob any more when it should have been given up long ago.
struct Enough(Instant);

impl Watcher for Enough {
	fn is_gone(&self) -> bool {
		self.0.elapsed() > 30 * impatience().stall
	}
}

#[test]
fn list_should_be_given_up_when_peers_send_parts_of_it() {
	use Manner::*;
	let all: &[&[Manner]] = &[
		&[Teases],
		&[Hushes],
		&[Drips],
		&[Hushes, Hushes, Hushes],
		&[Teases, Hushes, Empty, Drips, Vanishes(1)],
	];
	for manners in all {
		let scene = scene_of(manners, impatience());
		let key = BlobKey::List { tag: ListTag::States, root: [5; 32] };
		let fetch = || scene.fetcher.fetch(&key, &Enough(Instant::now()));
		let error = fetch().unwrap_err();
		assert!(matches!(error, FetchError::NotFound { .. }), "{manners:?}: {error}");
		// Two that wait for each other end too.
		std::thread::scope(|scope| {
			for other in [scope.spawn(fetch), scope.spawn(fetch)] {
				let error = other.join().unwrap().unwrap_err();
				assert!(matches!(error, FetchError::NotFound { .. }), "{manners:?}: {error}");
			}
		});
	}
}

#[test]
fn list_should_be_given_up_when_the_same_part_comes_again_and_again() {
	let generous = Patience { per_chunk: Duration::from_secs(3600), ..impatience() };
	let scene = scene_of(&[Manner::Hushes], generous);
	let key = BlobKey::List { tag: ListTag::States, root: [5; 32] };
	let error = scene.fetcher.fetch(&key, &Enough(Instant::now())).unwrap_err();
	assert!(matches!(error, FetchError::NotFound { .. }), "{error}");
	assert!(scene.network.asked(0) > 4, "it was asked again and again");
}

#[test]
fn peer_should_not_be_asked_again_when_it_had_a_part_of_a_list_and_no_more() {
	let scene = scene_of(&[Manner::Teases], impatience());
	let key = BlobKey::List { tag: ListTag::States, root: [5; 32] };
	assert!(scene.fetch(&key).is_err());
	assert_eq!(scene.network.asked(0), 2, "for the last chunk, and for one more");
	assert_eq!(scene.network.reported(), [], "it may have lost the rest");
}

#[test]
fn fetch_should_not_ask_anybody_when_the_blob_is_here() {
	let scene = scene(&[Manner::Honest]);
	let key = scene.fetcher.store().put_bytes(b"here").unwrap();
	assert_eq!(scene.fetch(&key).unwrap(), b"here");
	assert_eq!(scene.network.asked(0), 0);
}

#[test]
fn fetch_should_stop_when_nobody_wants_the_blob_any_more() {
	let scene = scene(&[Manner::Empty]);
	let watch = Watch::default();
	watch.gone.store(true, Ordering::Relaxed);
	let result = scene.fetcher.fetch(&bytes_key(b"x"), &watch);
	assert!(matches!(result, Err(FetchError::Stopped(_))));
}

#[test]
fn fetch_should_go_on_when_it_was_interrupted() {
	let scene = scene_of(&[Manner::Vanishes(5)], impatience());
	let key = scene.blob(9);
	let watch = Watch::default();
	assert!(scene.fetcher.fetch(&key, &watch).is_err());
	assert_eq!(watch.have.load(Ordering::Relaxed), 5);
	let network = Arc::new(Network {
		source: scene.network.source.clone(),
		manners: vec![Manner::Honest],
		asked: Mutex::default(),
		reported: Mutex::default(),
	});
	let fetcher = Fetcher::new(scene.fetcher.store().clone(), network.clone(), patience());
	fetcher.fetch(&key, &Watch::default()).unwrap();
	assert_eq!(network.asked(0), 4, "only what was missing");
}

#[test]
fn fetch_should_prefer_quick_peers_when_others_are_slow() {
	let scene = scene(&[Manner::Slow, Manner::Honest, Manner::Honest]);
	let key = scene.blob(33);
	scene.fetch(&key).unwrap();
	assert!(scene.network.asked(0) <= 3, "{}", scene.network.asked(0));
}

#[test]
fn fetch_should_bring_the_blob_to_all_when_several_want_it_at_once() {
	let scene = scene(&[Manner::Honest, Manner::Honest]);
	let key = scene.blob(9);
	std::thread::scope(|scope| {
		let fetches: Vec<_> = (0..4).map(|_| scope.spawn(|| scene.fetch(&key))).collect();
		for fetch in fetches {
			assert!(fetch.join().unwrap().unwrap() == Scene::content(9));
		}
	});
}

#[test]
fn downloads_should_say_failure_once_and_then_start_anew() {
	use downloads::{Download, Downloads};
	let scene = scene_of(&[Manner::Honest], impatience());
	let downloads = Downloads::new(scene.fetcher.clone());
	let end = |key| loop {
		match downloads.fetch(key).unwrap() {
			Download::Running(..) => std::thread::sleep(Duration::from_millis(5)),
			end => return end,
		}
	};
	let key = bytes_key(&Scene::content(2));
	assert!(matches!(end(key), Download::Failed(why) if why.contains("no peer")));
	scene.blob(2);
	assert_eq!(end(key), Download::Here(u64::from(2 * CHUNK_BYTES - 7)));
}

#[test]
fn downloads_should_be_refused_when_too_many_run() {
	use downloads::{Downloads, NotStarted};
	let scene = scene(&[Manner::Empty]);
	let downloads = Downloads::new(scene.fetcher.clone());
	let start = |i: u8| downloads.fetch(bytes_key(&[i]));
	assert!((0..8).all(|i| start(i).is_ok()));
	assert_eq!(start(8), Err(NotStarted::TooMany));
	assert!(start(7).is_ok(), "a running one may be asked about");
}

#[test]
fn allowance_should_refill_for_each_peer_by_itself() {
	let mut allowances = rate::Allowances::new(3, 10);
	let now = Instant::now();
	let taken =
		|n: &mut rate::Allowances<u8>, peer, now| (0..9).filter(|_| n.take(peer, now)).count();
	assert_eq!(taken(&mut allowances, 1, now), 3);
	assert_eq!(taken(&mut allowances, 2, now), 3);
	assert_eq!(taken(&mut allowances, 1, now + Duration::from_millis(210)), 2);
	assert_eq!(taken(&mut allowances, 1, now + Duration::from_secs(60)), 3, "no more than a burst");
}
