//! Sections with a `kind`: layers and optimisers. Each kind takes the keys it knows; a key that is
//! left over is an error.

use toml::Spanned;

use super::{
	number::{Domain, Source},
	raw::{Decimal, RawLayer, RawOptimizer},
	Bits, Layer, LayerKind, Optimizer, Size,
};
use crate::error::{Error, ErrorKind};

const LAYERS: &str = "linear, conv2d, relu, max_pool, avg_pool, flatten, dropout";
const OPTIMIZERS: &str = "sgd, adamw";

const ONE: Size = Size { height: 1, width: 1 };
const ZERO: Size = Size { height: 0, width: 0 };

/// Errors of one section.
struct Section<'a> {
	source: &'a Source,
	kind: Spanned<String>,
}

impl Section<'_> {
	fn need<T>(&self, key: &'static str, value: Option<T>) -> Result<T, Error> {
		let missing = || ErrorKind::MissingKey { kind: self.kind.get_ref().clone(), key };
		value.ok_or_else(|| self.source.error(missing(), self.kind.span()))
	}

	fn unused<T>(&self, key: &'static str, value: &Option<Spanned<T>>) -> Result<(), Error> {
		match value {
			None => Ok(()),
			Some(value) => {
				let kind = ErrorKind::UnusedKey { kind: self.kind.get_ref().clone(), key };
				Err(self.source.error(kind, value.span()))
			},
		}
	}

	fn unknown(&self, what: &'static str, known: &'static str) -> Error {
		let found = self.kind.get_ref().clone();
		self.source.error(ErrorKind::UnknownKind { what, found, known }, self.kind.span())
	}

	fn required(
		&self,
		key: &'static str,
		value: Option<Spanned<Decimal>>,
		domain: Domain,
	) -> Result<Bits, Error> {
		self.source.decimal(key, &self.need(key, value)?, domain)
	}

	fn optional(
		&self,
		key: &'static str,
		value: Option<Spanned<Decimal>>,
		domain: Domain,
		default: Bits,
	) -> Result<Bits, Error> {
		value.map_or(Ok(default), |value| self.source.decimal(key, &value, domain))
	}
}

pub(super) fn layer(source: &Source, mut raw: RawLayer) -> Result<Layer, Error> {
	let section = Section { source, kind: raw.kind.clone() };
	let kind = match raw.kind.get_ref().as_str() {
		"linear" => {
			let out = section.need("out", raw.out.take())?;
			LayerKind::Linear {
				out: source.integer("out", &out, 1..=1 << 16)?,
				bias: raw.bias.take().is_none_or(Spanned::into_inner),
			}
		},
		"conv2d" => conv2d(&section, &mut raw)?,
		"relu" => LayerKind::Relu,
		"max_pool" => {
			let (kernel, stride) = pool(&section, &mut raw)?;
			LayerKind::MaxPool { kernel, stride }
		},
		"avg_pool" => {
			let (kernel, stride) = pool(&section, &mut raw)?;
			LayerKind::AvgPool { kernel, stride }
		},
		"flatten" => LayerKind::Flatten,
		"dropout" => {
			LayerKind::Dropout { p: section.required("p", raw.p.take(), Domain::Fraction)? }
		},
		_ => return Err(section.unknown("layer", LAYERS)),
	};
	section.unused("out", &raw.out)?;
	section.unused("kernel", &raw.kernel)?;
	section.unused("stride", &raw.stride)?;
	section.unused("pad", &raw.pad)?;
	section.unused("bias", &raw.bias)?;
	section.unused("p", &raw.p)?;
	Ok(Layer { kind, span: raw.kind.span() })
}

fn conv2d(section: &Section, raw: &mut RawLayer) -> Result<LayerKind, Error> {
	let source = section.source;
	let out = section.need("out", raw.out.take())?;
	let kernel = section.need("kernel", raw.kernel.take())?;
	let kernel = source.size("kernel", &kernel, 1..=31)?;
	let stride = raw.stride.take();
	let pad = raw.pad.take();
	// A window that lies in the padding alone would be a constant.
	let most_pad = u64::from(kernel.height.min(kernel.width)) - 1;
	Ok(LayerKind::Conv2d {
		out: source.integer("out", &out, 1..=4096)?,
		kernel,
		stride: stride.map_or(Ok(ONE), |size| source.size("stride", &size, 1..=31))?,
		pad: pad.map_or(Ok(ZERO), |size| source.size("pad", &size, 0..=most_pad))?,
		bias: raw.bias.take().is_none_or(Spanned::into_inner),
	})
}

fn pool(section: &Section, raw: &mut RawLayer) -> Result<(Size, Size), Error> {
	let kernel = section.need("kernel", raw.kernel.take())?;
	let kernel = section.source.size("kernel", &kernel, 1..=31)?;
	let stride = raw.stride.take();
	let stride = stride.map_or(Ok(kernel), |size| section.source.size("stride", &size, 1..=31))?;
	Ok((kernel, stride))
}

pub(super) fn optimizer(source: &Source, mut raw: RawOptimizer) -> Result<Optimizer, Error> {
	use Domain::{Fraction, NonNegative, Positive};
	let section = Section { source, kind: raw.kind.clone() };
	let optimizer = match raw.kind.get_ref().as_str() {
		"sgd" => Optimizer::Sgd {
			lr: section.required("lr", raw.lr.take(), Positive)?,
			momentum: section.optional("momentum", raw.momentum.take(), Fraction, 0)?,
			weight_decay: section.optional(
				"weight_decay",
				raw.weight_decay.take(),
				NonNegative,
				0,
			)?,
		},
		"adamw" => Optimizer::AdamW {
			lr: section.required("lr", raw.lr.take(), Positive)?,
			beta1: section.required("beta1", raw.beta1.take(), Fraction)?,
			beta2: section.required("beta2", raw.beta2.take(), Fraction)?,
			eps: section.required("eps", raw.eps.take(), Positive)?,
			weight_decay: section.optional(
				"weight_decay",
				raw.weight_decay.take(),
				NonNegative,
				0,
			)?,
		},
		_ => return Err(section.unknown("optimizer", OPTIMIZERS)),
	};
	section.unused("momentum", &raw.momentum)?;
	section.unused("beta1", &raw.beta1)?;
	section.unused("beta2", &raw.beta2)?;
	section.unused("eps", &raw.eps)?;
	Ok(optimizer)
}
