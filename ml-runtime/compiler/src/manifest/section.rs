//! Sections with a `kind`. Each kind takes the keys it knows; a key that is left over is an error.

use toml::Spanned;

use super::{
	number::{Domain, Source},
	raw::Decimal,
	Bits,
};
use crate::error::{Error, ErrorKind};

/// A section and how its errors are said.
pub(super) struct Section<'a> {
	pub(super) source: &'a Source,
	pub(super) kind: Spanned<String>,
}

impl Section<'_> {
	pub(super) fn need<T>(&self, key: &'static str, value: Option<T>) -> Result<T, Error> {
		let missing = || ErrorKind::MissingKey { kind: self.kind.get_ref().clone(), key };
		value.ok_or_else(|| self.source.error(missing(), self.kind.span()))
	}

	pub(super) fn unused<T>(
		&self,
		key: &'static str,
		value: &Option<Spanned<T>>,
	) -> Result<(), Error> {
		match value {
			None => Ok(()),
			Some(value) => {
				let kind = ErrorKind::UnusedKey { kind: self.kind.get_ref().clone(), key };
				Err(self.source.error(kind, value.span()))
			},
		}
	}

	pub(super) fn unknown(&self, what: &'static str, known: &'static str) -> Error {
		self.source.unknown(what, &self.kind, known)
	}

	pub(super) fn required(
		&self,
		key: &'static str,
		value: Option<Spanned<Decimal>>,
		domain: Domain,
	) -> Result<Bits, Error> {
		self.source.decimal(key, &self.need(key, value)?, domain)
	}

	pub(super) fn optional(
		&self,
		key: &'static str,
		value: Option<Spanned<Decimal>>,
		domain: Domain,
		default: Bits,
	) -> Result<Bits, Error> {
		value.map_or(Ok(default), |value| self.source.decimal(key, &value, domain))
	}

	/// An integer that must be there.
	pub(super) fn integer<T: TryFrom<u64>>(
		&self,
		key: &'static str,
		value: Option<Spanned<u64>>,
		most: u64,
	) -> Result<T, Error> {
		self.source.integer(key, &self.need(key, value)?, 1..=most)
	}
}
