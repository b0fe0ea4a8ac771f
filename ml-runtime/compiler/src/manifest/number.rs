//! Numbers of a manifest, each checked against its range at the place where it stands.

use std::{
	ops::{Range, RangeInclusive},
	sync::Arc,
};

use toml::Spanned;

use super::{
	raw::{Decimal, Pair, Seed},
	Bits, Size,
};
use crate::error::{Error, ErrorKind};

/// The numbers that a decimal key may hold.
#[derive(Clone, Copy)]
pub(super) enum Domain {
	/// Above 0.
	Positive,
	/// 0 or above.
	NonNegative,
	/// From 0 up to, but not, 1.
	Fraction,
	/// Any but 0.
	NonZero,
	/// Above 1, at most 10⁹.
	Base,
	/// From 1 up to 10⁶.
	Factor,
	/// Any.
	Any,
}

impl Domain {
	fn holds(self, value: f32) -> bool {
		value.is_finite()
			&& match self {
				Self::Positive => value > 0.0,
				Self::NonNegative => value >= 0.0,
				Self::Fraction => (0.0..1.0).contains(&value),
				Self::NonZero => value != 0.0,
				Self::Base => value > 1.0 && value <= 1e9,
				Self::Factor => (1.0..=1e6).contains(&value),
				Self::Any => true,
			}
	}

	fn describe(self) -> &'static str {
		match self {
			Self::Positive => "a finite f32 above 0",
			Self::NonNegative => "a finite f32 of at least 0",
			Self::Fraction => "at least 0 and, as f32, below 1",
			Self::NonZero => "a finite f32 other than 0",
			Self::Base => "above 1 and at most 1e9",
			Self::Factor => "at least 1 and at most 1e6",
			Self::Any => "a finite f32",
		}
	}
}

/// The text of a manifest, for errors and for decimals.
pub(super) struct Source(pub(super) Arc<str>);

impl Source {
	pub(super) fn error(&self, kind: ErrorKind, span: Range<usize>) -> Error {
		Error::new(kind, Some(span), &self.0)
	}

	/// A word that is none of the known ones.
	pub(super) fn unknown(
		&self,
		what: &'static str,
		word: &Spanned<String>,
		known: &'static str,
	) -> Error {
		let found = word.get_ref().clone();
		self.error(ErrorKind::UnknownKind { what, found, known }, word.span())
	}

	/// An integer within `range`.
	pub(super) fn integer<T: TryFrom<u64>>(
		&self,
		key: &'static str,
		value: &Spanned<u64>,
		range: RangeInclusive<u64>,
	) -> Result<T, Error> {
		self.bounded(key, *value.get_ref(), value.span(), range)
	}

	/// The same for a number without a place of its own.
	pub(super) fn bounded<T: TryFrom<u64>>(
		&self,
		key: &'static str,
		value: u64,
		span: Range<usize>,
		range: RangeInclusive<u64>,
	) -> Result<T, Error> {
		let refused = || {
			let expected = format!("{} to {}", range.start(), range.end());
			self.error(ErrorKind::OutOfRange { key, found: value.to_string(), expected }, span)
		};
		match T::try_from(value) {
			Ok(number) if range.contains(&value) => Ok(number),
			_ => Err(refused()),
		}
	}

	/// One number for both directions, or `[height, width]`.
	pub(super) fn size(
		&self,
		key: &'static str,
		value: &Spanned<Pair>,
		range: RangeInclusive<u64>,
	) -> Result<Size, Error> {
		self.sides(key, value, [range.clone(), range])
	}

	/// The same with a range for each direction.
	pub(super) fn sides(
		&self,
		key: &'static str,
		value: &Spanned<Pair>,
		[rows, cols]: [RangeInclusive<u64>; 2],
	) -> Result<Size, Error> {
		let [height, width] = match *value.get_ref() {
			Pair::Both(both) => [both, both],
			Pair::Each(each) => each,
		};
		Ok(Size {
			height: self.bounded(key, height, value.span(), rows)?,
			width: self.bounded(key, width, value.span(), cols)?,
		})
	}

	/// The `f32` nearest to the decimal in the text, within `domain`.
	pub(super) fn decimal(
		&self,
		key: &'static str,
		value: &Spanned<Decimal>,
		domain: Domain,
	) -> Result<Bits, Error> {
		let text = self.0.get(value.span()).unwrap_or_default().replace('_', "");
		match text.parse::<f32>() {
			// `-0.0` and `0.0` are the same decimal, so they must not make different programs.
			Ok(number) if number == 0.0 && domain.holds(0.0) => Ok(0),
			Ok(number) if domain.holds(number) => Ok(number.to_bits()),
			_ => Err(self.error(
				ErrorKind::OutOfRange { key, found: text, expected: domain.describe().into() },
				value.span(),
			)),
		}
	}

	/// An integer, little-endian, or `0x` and the 32 bytes in hexadecimal.
	pub(super) fn seed(&self, value: &Spanned<Seed>) -> Result<[u8; 32], Error> {
		let mut seed = [0; 32];
		let hex = match value.get_ref() {
			Seed::Integer(number) => {
				seed[..8].copy_from_slice(&number.to_le_bytes());
				return Ok(seed);
			},
			Seed::Hex(hex) => hex,
		};
		let digits = hex.strip_prefix("0x").unwrap_or_default().as_bytes();
		let digit = |c: u8| char::from(c).to_digit(16).map(|digit| digit as u8);
		let byte = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
		let bytes = digits.chunks_exact(2).map(byte).collect::<Option<Vec<u8>>>();
		match bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
			Some(seed) if digits.len() == 64 => Ok(seed),
			_ => {
				let expected = "an integer or \"0x\" with 64 hexadecimal digits".into();
				let kind = ErrorKind::OutOfRange { key: "seed", found: hex.clone(), expected };
				Err(self.error(kind, value.span()))
			},
		}
	}

	/// A name of a task or a field.
	pub(super) fn name(&self, name: &str, span: Range<usize>) -> Result<String, Error> {
		let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_');
		if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
			Ok(name.into())
		} else {
			Err(self.error(ErrorKind::BadName { name: name.into() }, span))
		}
	}
}
