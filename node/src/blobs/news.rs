//! What came of the blobs that are being downloaded, and whether it comes too slowly.

use super::fetch::Patience;
use assay_blobs::BlobKey;
use std::{
	collections::HashMap,
	sync::{Mutex, MutexGuard, PoisonError},
	time::{Duration, Instant},
};

/// What came of a blob since somebody downloads it.
#[derive(Debug, Default)]
struct News {
	/// Downloads of it that run.
	downloads: usize,
	/// The most chunks that any of them held.
	most: u32,
	/// When the last of these came.
	at: Option<Instant>,
}

/// The news of all blobs that are being downloaded.
#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<HashMap<BlobKey, News>>);

impl Book {
	fn news(&self) -> MutexGuard<'_, HashMap<BlobKey, News>> {
		self.0.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Begins a download.
	pub(crate) fn begin(&self, key: BlobKey) -> Record<'_> {
		self.news().entry(key).or_default().downloads += 1;
		Record { book: self, key, began: Instant::now() }
	}
}

/// A download in the book. What comes of a blob is news for all its downloads: only one receives at a time.
#[derive(Debug)]
pub(crate) struct Record<'a> {
	book: &'a Book,
	key: BlobKey,
	began: Instant,
}

impl Drop for Record<'_> {
	fn drop(&mut self) {
		let mut book = self.book.news();
		if let Some(news) = book.get_mut(&self.key) {
			news.downloads = news.downloads.saturating_sub(1);
			if news.downloads == 0 {
				book.remove(&self.key);
			}
		}
	}
}

impl Record<'_> {
	/// Takes note that a chunk came, the so-and-so-manieth; says whether that is news. Of a list it is only
	/// where there were never so many: its chunks prove nothing and do not stay.
	pub(crate) fn took(&self, have: u32) -> bool {
		let mut book = self.book.news();
		let news = book.entry(self.key).or_default();
		let is_news = !self.key.is_list() || have > news.most;
		if is_news {
			news.most = news.most.max(have);
			news.at = Some(Instant::now());
		}
		is_news
	}

	/// Time without news, if that is too long; or the time that a list took, if that is.
	pub(crate) fn overdue(&self, patience: &Patience) -> Option<Duration> {
		let (most, at) = self.book.news().get(&self.key).map(|news| (news.most, news.at))?;
		let quiet = at.map_or(self.began, |at| at.max(self.began)).elapsed();
		if quiet >= patience.stall {
			return Some(quiet);
		}
		let limit = patience.stall.saturating_add(patience.per_chunk.saturating_mul(most));
		let taken = self.began.elapsed();
		(self.key.is_list() && taken >= limit).then_some(taken)
	}
}
