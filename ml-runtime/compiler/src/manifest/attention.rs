//! Attention: what a manifest says of it.

use toml::Spanned;

use super::{
	number::{Domain, Source},
	raw::{RawLayer, RawScaling},
	read_layers::{bias, lora, MAX_WIDTH},
	section::Section,
	Bits, Lora,
};
use crate::error::{Error, ErrorKind};

const SCALINGS: &str = "linear, llama3";

const MAX_HEADS: u64 = 1024;
/// Most positions that a model was made for before its rotary positions were scaled.
const MAX_POSITIONS: u64 = 1 << 24;

/// Multi-head self-attention with the projections `q`, `k`, `v` and `o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
	/// Heads.
	pub heads: u16,
	/// Heads of keys and values; divides `heads`. As many neighbouring heads as it is contained in `heads` look at
	/// each (Ainslie et al., 2023).
	pub kv_heads: u16,
	/// Features of a head; `None` for its share of what arrives, which the heads then divide.
	pub head_dim: Option<u32>,
	/// Whether a position sees only itself and what comes before it.
	pub causal: bool,
	/// Rotary position embedding (Su et al., 2021), if there is any.
	pub rope: Option<Rope>,
	/// What is added to mean squares where each head's queries and keys are normalised before they are turned: divided
	/// by the root of their mean square, then times a weight that all heads share.
	pub qk_norm: Option<Bits>,
	/// Whether the projections have a bias.
	pub bias: bool,
	/// Adapters of `q` and `v`, which learn in place of all four projections.
	pub lora: Option<Lora>,
}

/// Rotary positions: the pair `i` of a head, its features `i` and `i + width / 2`, turns by `base^(−2i / dims)` per position
/// if `i < dims / 2`, and else not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rope {
	/// Base.
	pub base: Bits,
	/// Features of a head that turn, an even number up to its width; all where it is `None`.
	pub dims: Option<u32>,
	/// What makes the turns slower, for sequences longer than those that a model was made for.
	pub scaling: Option<RopeScaling>,
}

/// Slower turns of rotary positions, as HuggingFace's configurations name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RopeScaling {
	/// All turns divided by `factor`.
	Linear {
		/// At least 1.
		factor: Bits,
	},
	/// Turns of which `original` positions see less than `low` whole rounds are divided by `factor`, those of which they see
	/// more than `high` stay, and between them is a straight line.
	Llama3 {
		/// At least 1.
		factor: Bits,
		/// Rounds, below `high`.
		low: Bits,
		/// Rounds.
		high: Bits,
		/// Positions.
		original: u32,
	},
}

impl Attention {
	pub(super) fn read(section: &Section, raw: &mut RawLayer) -> Result<Self, Error> {
		let source = section.source;
		let heads = section.integer("heads", raw.heads.take(), MAX_HEADS)?;
		let kv_heads = raw.kv_heads.take();
		let widest = MAX_WIDTH / u64::from(heads);
		let head_dim = raw.head_dim.take();
		let head_dim = head_dim.map(|width| source.integer("head_dim", &width, 1..=widest));
		let eps = raw.qk_norm.take();
		let eps = eps.map(|eps| source.decimal("qk_norm", &eps, Domain::Positive));
		Ok(Self {
			heads,
			kv_heads: kv_heads
				.map_or(Ok(heads), |count| source.integer("kv_heads", &count, 1..=MAX_HEADS))?,
			head_dim: head_dim.transpose()?,
			causal: raw.causal.take().is_some_and(Spanned::into_inner),
			rope: Rope::read(source, raw)?,
			qk_norm: eps.transpose()?,
			bias: bias(raw),
			lora: lora(section, raw.lora.take())?,
		})
	}
}

impl Rope {
	/// Leaves `rope_dims` and `rope_scaling` where there is no `rope` that they could say more of.
	fn read(source: &Source, raw: &mut RawLayer) -> Result<Option<Self>, Error> {
		let Some(base) = raw.rope.take() else { return Ok(None) };
		let base = source.decimal("rope", &base, Domain::Base)?;
		let scaling =
			raw.rope_scaling.take().map(|raw| RopeScaling::read(source, raw.into_inner()));
		let dims = raw.rope_dims.take();
		let dims =
			dims.map(|dims| source.integer("rope_dims", &dims, 2..=MAX_WIDTH)).transpose()?;
		Ok(Some(Self { base, dims, scaling: scaling.transpose()? }))
	}
}

impl RopeScaling {
	fn read(source: &Source, mut raw: RawScaling) -> Result<Self, Error> {
		let section = Section { source, kind: raw.kind.clone() };
		let factor = section.required("factor", raw.factor.take(), Domain::Factor)?;
		let made = match raw.kind.get_ref().as_str() {
			"linear" => Self::Linear { factor },
			"llama3" => {
				let low = section.required("low_freq_factor", raw.low.take(), Domain::Factor)?;
				let high = section.need("high_freq_factor", raw.high.take())?;
				let place = high.span();
				let high = source.decimal("high_freq_factor", &high, Domain::Factor)?;
				if f32::from_bits(high) <= f32::from_bits(low) {
					let (found, expected) =
						(f32::from_bits(high).to_string(), "above low_freq_factor".into());
					let kind = ErrorKind::OutOfRange { key: "high_freq_factor", found, expected };
					return Err(source.error(kind, place));
				}
				let original = raw.original.take();
				let key = "original_max_position_embeddings";
				let original = section.integer(key, original, MAX_POSITIONS)?;
				Self::Llama3 { factor, low, high, original }
			},
			_ => return Err(section.unknown("scaling", SCALINGS)),
		};
		section.unused("low_freq_factor", &raw.low)?;
		section.unused("high_freq_factor", &raw.high)?;
		section.unused("original_max_position_embeddings", &raw.original)?;
		Ok(made)
	}
}
