//! `[[model.layer]]` and the lists inside.

use toml::Spanned;

use super::{
	number::{Domain, Source},
	raw::{RawLayer, RawLora},
	section::Section,
	Attention, Bits, Gate, Layer, LayerKind, Lora, Pooling, Size,
};
use crate::{
	error::{Error, ErrorKind},
	MAX_DEPTH, MAX_LAYERS,
};

const LAYERS: &str =
	"linear, conv2d, relu, gelu, silu, tanh, sigmoid, leaky_relu, relu6, elu, hardswish, max_pool, avg_pool, sequence, flatten, \
	dropout, embedding, position, layer_norm, rms_norm, attention, swiglu, geglu, pool, tied_linear, \
	residual, repeat";
const POOLINGS: &str = "first, last, mean";
const APPROXIMATIONS: &str = "none, tanh";

const ONE: Size = Size { height: 1, width: 1 };
const ZERO: Size = Size { height: 0, width: 0 };

/// 10⁻⁵.
const EPS: Bits = 0x3727_C5AC;

/// 0.01.
const HUNDREDTH: Bits = 0x3C23_D70A;

/// 1.
const ONE_AS_F32: Bits = 0x3F80_0000;

/// Most numbers of a vector.
pub(super) const MAX_WIDTH: u64 = 1 << 16;
/// Most rows of an embedding.
const MAX_VOCAB: u64 = 1 << 20;
/// Most channels of an image.
const MAX_CHANNELS: u64 = 4096;
const MAX_KERNEL: u64 = 31;

/// A list of layers, `depth` lists deep.
pub(super) fn layers(
	source: &Source,
	raw: Vec<RawLayer>,
	depth: usize,
) -> Result<Vec<Layer>, Error> {
	raw.into_iter().map(|raw| layer(source, raw, depth)).collect()
}

/// Refuses models without layers or with too many, counted as often as they are repeated.
pub(super) fn check_count(
	source: &Source,
	layers: &[Layer],
	span: std::ops::Range<usize>,
) -> Result<(), Error> {
	let found = layers.iter().fold(0usize, |sum, layer| sum.saturating_add(layer.count()));
	if (1..=MAX_LAYERS).contains(&found) {
		return Ok(());
	}
	let mut sum = 0usize;
	let passes = layers.iter().find(|layer| {
		sum = sum.saturating_add(layer.count());
		sum > MAX_LAYERS
	});
	let span = passes.map_or(span, |layer| layer.span.into());
	Err(source.error(ErrorKind::LayerCount { found, max: MAX_LAYERS }, span))
}

fn layer(source: &Source, mut raw: RawLayer, depth: usize) -> Result<Layer, Error> {
	let section = Section { source, kind: raw.kind.clone() };
	let kind = match raw.kind.get_ref().as_str() {
		"residual" | "repeat" => container(&section, &mut raw, depth)?,
		"embedding" | "position" | "attention" | "swiglu" | "geglu" | "pool" | "tied_linear" => {
			sequential(&section, &mut raw)?
		},
		"conv2d" | "max_pool" | "avg_pool" => spatial(&section, &mut raw)?,
		_ => plain(&section, &mut raw)?,
	};
	let is_container = matches!(kind, LayerKind::Residual { .. } | LayerKind::Repeat { .. });
	let mut frozen = false;
	if kind.has_parameters() || is_container {
		frozen = raw.frozen.take().is_some_and(Spanned::into_inner);
	}
	let norm = matches!(kind, LayerKind::LayerNorm { .. } | LayerKind::RmsNorm { .. });
	let std = if kind.has_parameters() && !norm { raw.std.take() } else { None };
	let std = std.map(|std| source.decimal("std", &std, Domain::Positive)).transpose()?;
	nothing_left(&section, &raw)?;
	Ok(Layer { kind, frozen, std, span: raw.kind.span().into() })
}

fn nothing_left(section: &Section, raw: &RawLayer) -> Result<(), Error> {
	section.unused("out", &raw.out)?;
	section.unused("kernel", &raw.kernel)?;
	section.unused("stride", &raw.stride)?;
	section.unused("pad", &raw.pad)?;
	section.unused("groups", &raw.groups)?;
	section.unused("bias", &raw.bias)?;
	section.unused("p", &raw.p)?;
	section.unused("vocab", &raw.vocab)?;
	section.unused("eps", &raw.eps)?;
	section.unused("heads", &raw.heads)?;
	section.unused("kv_heads", &raw.kv_heads)?;
	section.unused("head_dim", &raw.head_dim)?;
	section.unused("qk_norm", &raw.qk_norm)?;
	section.unused("causal", &raw.causal)?;
	section.unused("rope", &raw.rope)?;
	section.unused("rope_dims", &raw.rope_dims)?;
	section.unused("rope_scaling", &raw.rope_scaling)?;
	section.unused("approximate", &raw.approximate)?;
	section.unused("negative_slope", &raw.negative_slope)?;
	section.unused("alpha", &raw.alpha)?;
	section.unused("hidden", &raw.hidden)?;
	section.unused("take", &raw.take)?;
	section.unused("times", &raw.times)?;
	section.unused("lora", &raw.lora)?;
	section.unused("frozen", &raw.frozen)?;
	section.unused("std", &raw.std)?;
	let first = |list: &Option<Vec<RawLayer>>| {
		list.as_ref().and_then(|list| list.first()).map(|layer| layer.kind.clone())
	};
	section.unused("layer", &first(&raw.layer))?;
	section.unused("skip", &first(&raw.skip))
}

pub(super) fn bias(raw: &mut RawLayer) -> bool {
	raw.bias.take().is_none_or(Spanned::into_inner)
}

pub(super) fn lora(
	section: &Section,
	raw: Option<Spanned<RawLora>>,
) -> Result<Option<Lora>, Error> {
	let Some(raw) = raw.map(Spanned::into_inner) else { return Ok(None) };
	Ok(Some(Lora {
		rank: section.source.integer("rank", &raw.rank, 1..=MAX_WIDTH)?,
		alpha: section.source.decimal("alpha", &raw.alpha, Domain::Positive)?,
	}))
}

/// Layers that work on any shape.
fn plain(section: &Section, raw: &mut RawLayer) -> Result<LayerKind, Error> {
	let eps = |raw: &mut RawLayer| section.optional("eps", raw.eps.take(), Domain::Positive, EPS);
	Ok(match section.kind.get_ref().as_str() {
		"linear" => LayerKind::Linear {
			out: section.integer("out", raw.out.take(), MAX_WIDTH)?,
			bias: bias(raw),
			lora: lora(section, raw.lora.take())?,
		},
		"relu" => LayerKind::Relu,
		"gelu" => LayerKind::Gelu { tanh: approximate(section, raw)? },
		"leaky_relu" => LayerKind::LeakyRelu {
			slope: section.optional(
				"negative_slope",
				raw.negative_slope.take(),
				Domain::Fraction,
				HUNDREDTH,
			)?,
		},
		"elu" => LayerKind::Elu {
			alpha: section.optional("alpha", raw.alpha.take(), Domain::Positive, ONE_AS_F32)?,
		},
		"relu6" => LayerKind::Relu6,
		"hardswish" => LayerKind::HardSwish,
		"silu" => LayerKind::Silu,
		"tanh" => LayerKind::Tanh,
		"sigmoid" => LayerKind::Sigmoid,
		"sequence" => LayerKind::Sequence,
		"flatten" => LayerKind::Flatten,
		"dropout" => {
			LayerKind::Dropout { p: section.required("p", raw.p.take(), Domain::Fraction)? }
		},
		"layer_norm" => LayerKind::LayerNorm { eps: eps(raw)?, bias: bias(raw) },
		"rms_norm" => LayerKind::RmsNorm { eps: eps(raw)? },
		_ => return Err(section.unknown("layer", LAYERS)),
	})
}

/// Whether it is the one by the hyperbolic tangent.
fn approximate(section: &Section, raw: &mut RawLayer) -> Result<bool, Error> {
	let Some(found) = raw.approximate.take() else { return Ok(false) };
	match found.get_ref().as_str() {
		"none" => Ok(false),
		"tanh" => Ok(true),
		_ => Err(section.source.unknown("approximation", &found, APPROXIMATIONS)),
	}
}

/// Layers of images.
fn spatial(section: &Section, raw: &mut RawLayer) -> Result<LayerKind, Error> {
	let source = section.source;
	let kernel = section.need("kernel", raw.kernel.take())?;
	let kernel = source.size("kernel", &kernel, 1..=MAX_KERNEL)?;
	let usual = if section.kind.get_ref() == "conv2d" { ONE } else { kernel };
	let stride = raw.stride.take();
	let stride = stride.map_or(Ok(usual), |size| source.size("stride", &size, 1..=MAX_KERNEL))?;
	// A window that lies in the padding alone would be a constant.
	let most = [kernel.height, kernel.width].map(|side| 0..=u64::from(side) - 1);
	let pad = raw.pad.take();
	let pad = pad.map_or(Ok(ZERO), |size| source.sides("pad", &size, most))?;
	Ok(match section.kind.get_ref().as_str() {
		"max_pool" => LayerKind::MaxPool { kernel, stride, pad },
		"avg_pool" => LayerKind::AvgPool { kernel, stride, pad },
		_ => {
			let out = section.integer("out", raw.out.take(), MAX_CHANNELS)?;
			let groups = raw.groups.take();
			let groups = groups
				.map_or(Ok(1), |groups| source.integer("groups", &groups, 1..=MAX_CHANNELS))?;
			LayerKind::Conv2d { out, kernel, stride, pad, groups, bias: bias(raw) }
		},
	})
}

/// Layers of tokens and sequences.
fn sequential(section: &Section, raw: &mut RawLayer) -> Result<LayerKind, Error> {
	let source = section.source;
	Ok(match section.kind.get_ref().as_str() {
		"embedding" => LayerKind::Embedding {
			vocab: section.integer("vocab", raw.vocab.take(), MAX_VOCAB)?,
			out: section.integer("out", raw.out.take(), MAX_WIDTH)?,
		},
		"position" => LayerKind::Position,
		"attention" => LayerKind::Attention(Attention::read(section, raw)?),
		"swiglu" => gated(section, raw, Gate::Silu)?,
		"geglu" => {
			let tanh = approximate(section, raw)?;
			gated(section, raw, Gate::Gelu { tanh })?
		},
		"pool" => {
			let take = section.need("take", raw.take.take())?;
			let take = match take.get_ref().as_str() {
				"first" => Pooling::First,
				"last" => Pooling::Last,
				"mean" => Pooling::Mean,
				_ => return Err(source.unknown("pooling", &take, POOLINGS)),
			};
			LayerKind::Pool { take }
		},
		_ => LayerKind::TiedLinear,
	})
}

fn gated(section: &Section, raw: &mut RawLayer, gate: Gate) -> Result<LayerKind, Error> {
	let hidden = section.integer("hidden", raw.hidden.take(), MAX_WIDTH)?;
	Ok(LayerKind::Gated { gate, hidden, bias: bias(raw) })
}

/// Layers of layers.
fn container(section: &Section, raw: &mut RawLayer, depth: usize) -> Result<LayerKind, Error> {
	let source = section.source;
	if depth >= MAX_DEPTH {
		return Err(source.error(ErrorKind::TooDeep { max: MAX_DEPTH }, section.kind.span()));
	}
	let list = raw.layer.take().filter(|list| !list.is_empty());
	let inner = layers(source, section.need("layer", list)?, depth + 1)?;
	if section.kind.get_ref() == "repeat" {
		let times = section.integer("times", raw.times.take(), MAX_LAYERS as u64)?;
		return Ok(LayerKind::Repeat { times, layers: inner });
	}
	let skip = layers(source, raw.skip.take().unwrap_or_default(), depth + 1)?;
	Ok(LayerKind::Residual { layers: inner, skip })
}
