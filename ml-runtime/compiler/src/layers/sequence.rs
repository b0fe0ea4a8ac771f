//! The way into sequences, and out of them.

use assay_ops::{Binary, Broadcast, NodeId, Op, Window};

use super::{Network, Place, Table};
use crate::{
	error::ErrorKind,
	graph::Refusal,
	init::Init,
	manifest::{Pooling, Shape},
	mask::Mask,
};

/// 0.02, the usual standard deviation of tables.
const STD: u32 = 0x3CA3_D70A;

/// Largest window of one pooling step: of 32 results, it makes 33 tiles to judge.
const WINDOW: u32 = 32;

impl Network<'_> {
	/// Tokens to the rows of a table.
	pub(super) fn embed(&mut self, place: Place, vocab: u32, out: u32) -> Result<(), ErrorKind> {
		let Shape::Tokens(length) = self.shape else {
			let found = self.shape.to_string();
			return Err(ErrorKind::NotTokens { layer: place.layer, found });
		};
		let init = Init::deviating(place.std.unwrap_or(STD));
		let table = self.parameter(place, "weight", vec![vocab, out], (vocab, out), init);
		let table = table.map_err(place.refused())?;
		self.value = self.graph.add(Op::Gather, &[table, self.value]).map_err(place.refused())?;
		self.embedding.get_or_insert(Table { node: table, features: out });
		self.shape = Shape::Sequence { length, features: out };
		Ok(())
	}

	/// Adds a table with a row per position.
	pub(super) fn position(&mut self, place: Place) -> Result<(), ErrorKind> {
		let (length, features) = self.sequence(place.layer)?;
		let (shape, init) = ((length, features), Init::deviating(place.std.unwrap_or(STD)));
		let table = self.parameter(place, "weight", vec![length, features], shape, init);
		let table = table.map_err(place.refused())?;
		let spread = Broadcast::Periodic { each: 1 };
		let sum = self.graph.binary(Binary::Add, spread, self.value, table);
		self.value = sum.map_err(place.refused())?;
		Ok(())
	}

	pub(super) fn pool(&mut self, place: Place, take: Pooling) -> Result<(), ErrorKind> {
		let (length, features) = self.sequence(place.layer)?;
		let done = match take {
			Pooling::First => self.one(length, 0),
			Pooling::Last if self.mask.is_some() => {
				Err("the last position may be padding; pool the mean, or put the padding first"
					.into())
			},
			Pooling::Last => self.one(length, length - 1),
			Pooling::Mean => self.mean(length, features),
		};
		done.map_err(place.refused())?;
		self.shape = Shape::Features(features);
		Ok(())
	}

	/// The vector at one position.
	fn one(&mut self, length: u32, first: u32) -> Result<(), Refusal> {
		let rows = self.graph.batch();
		let index = self.graph.add(Op::Iota { rows, first, stride: length }, &[])?;
		self.value = self.graph.add(Op::Gather, &[self.value, index])?;
		Ok(())
	}

	/// The mean over positions; with a mask, over those that are not padding.
	fn mean(&mut self, length: u32, features: u32) -> Result<(), Refusal> {
		let Some(mask) = self.mask else {
			self.value = self.averages(self.value, length, features)?;
			return Ok(());
		};
		let column = mask.column(self.graph)?;
		let value = self.graph.binary(Binary::Mul, Broadcast::Col, self.value, column)?;
		let value = self.averages(value, length, features)?;
		let share = self.averages(column, length, 1)?;
		let share = Mask::at_least_some(self.graph, share)?;
		self.value = self.graph.binary(Binary::Div, Broadcast::Col, value, share)?;
		Ok(())
	}

	/// Means over `length` rows each, as means of means of equally many: each step is a pooling of images that
	/// are one pixel wide, with a window small enough to be judged.
	fn averages(
		&mut self,
		mut value: NodeId,
		length: u32,
		features: u32,
	) -> Result<NodeId, Refusal> {
		let channels = u16::try_from(features).map_err(|_| "more than 65535 features")?;
		let mut rest = length;
		while rest > 1 {
			let height = u16::try_from(rest).map_err(|_| "more than 65535 positions")?;
			let divides = |n: &u32| rest.is_multiple_of(*n);
			let size = (2..=WINDOW).rev().find(divides).unwrap_or(rest);
			let kernel_h = u8::try_from(size).map_err(|_| {
				format!("the mean over {length} positions: {size} is prime and above 255")
			})?;
			let window = Window {
				height,
				width: 1,
				channels,
				kernel_h,
				kernel_w: 1,
				stride_h: kernel_h,
				stride_w: 1,
				pad_h: 0,
				pad_w: 0,
			};
			value = self.graph.add(Op::AvgPool(window), &[value])?;
			rest /= size;
		}
		Ok(value)
	}
}
