//! The manifest as TOML holds it: names and types of keys, nothing else. [`super::read`] gives it
//! meaning.

use std::{collections::BTreeMap, fmt};

use serde::{
	de::{Error as _, Visitor},
	Deserialize, Deserializer,
};
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawManifest {
	pub(super) compiler: Spanned<u64>,
	pub(super) task: RawTask,
	pub(super) data: RawData,
	pub(super) model: RawModel,
	#[serde(default)]
	pub(super) numerics: RawNumerics,
	pub(super) loss: RawLoss,
	pub(super) optimizer: RawOptimizer,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNumerics {
	pub(super) forward: Option<Spanned<String>>,
	pub(super) backward: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTask {
	pub(super) name: Spanned<String>,
	pub(super) steps: Spanned<u64>,
	pub(super) stride: Spanned<u64>,
	pub(super) batch: Spanned<u64>,
	pub(super) seed: Spanned<Seed>,
}

/// `42`, or `"0x…"` with 64 digits.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`seed` is an integer of at least 0, or \"0x\" and 64 digits")]
pub(super) enum Seed {
	Integer(u64),
	Hex(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawData {
	pub(super) records: Spanned<u64>,
	pub(super) record_size: Spanned<u64>,
	pub(super) fields: BTreeMap<String, RawField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawField {
	pub(super) offset: Spanned<u64>,
	pub(super) width: Spanned<u64>,
	pub(super) format: Spanned<String>,
	pub(super) scale: Option<Spanned<Decimal>>,
	pub(super) shift: Option<Spanned<Decimal>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawModel {
	pub(super) input: Spanned<String>,
	pub(super) shape: Spanned<Vec<u64>>,
	pub(super) mask: Option<Spanned<String>>,
	pub(super) layer: Vec<RawLayer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLayer {
	pub(super) kind: Spanned<String>,
	pub(super) out: Option<Spanned<u64>>,
	pub(super) kernel: Option<Spanned<Pair>>,
	pub(super) stride: Option<Spanned<Pair>>,
	pub(super) pad: Option<Spanned<Pair>>,
	pub(super) groups: Option<Spanned<u64>>,
	pub(super) bias: Option<Spanned<bool>>,
	pub(super) p: Option<Spanned<Decimal>>,
	pub(super) vocab: Option<Spanned<u64>>,
	pub(super) eps: Option<Spanned<Decimal>>,
	pub(super) heads: Option<Spanned<u64>>,
	pub(super) kv_heads: Option<Spanned<u64>>,
	pub(super) head_dim: Option<Spanned<u64>>,
	pub(super) qk_norm: Option<Spanned<Decimal>>,
	pub(super) causal: Option<Spanned<bool>>,
	pub(super) rope: Option<Spanned<Decimal>>,
	pub(super) rope_dims: Option<Spanned<u64>>,
	pub(super) rope_scaling: Option<Spanned<RawScaling>>,
	pub(super) approximate: Option<Spanned<String>>,
	pub(super) negative_slope: Option<Spanned<Decimal>>,
	pub(super) alpha: Option<Spanned<Decimal>>,
	pub(super) hidden: Option<Spanned<u64>>,
	pub(super) take: Option<Spanned<String>>,
	pub(super) times: Option<Spanned<u64>>,
	pub(super) lora: Option<Spanned<RawLora>>,
	pub(super) frozen: Option<Spanned<bool>>,
	pub(super) std: Option<Spanned<Decimal>>,
	pub(super) layer: Option<Vec<RawLayer>>,
	pub(super) skip: Option<Vec<RawLayer>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLora {
	pub(super) rank: Spanned<u64>,
	pub(super) alpha: Spanned<Decimal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScaling {
	pub(super) kind: Spanned<String>,
	pub(super) factor: Option<Spanned<Decimal>>,
	#[serde(rename = "low_freq_factor")]
	pub(super) low: Option<Spanned<Decimal>>,
	#[serde(rename = "high_freq_factor")]
	pub(super) high: Option<Spanned<Decimal>>,
	#[serde(rename = "original_max_position_embeddings")]
	pub(super) original: Option<Spanned<u64>>,
}

/// `3` for both directions, or `[height, width]`.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "this is an integer of at least 0, or [height, width]")]
pub(super) enum Pair {
	Both(u64),
	Each([u64; 2]),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLoss {
	pub(super) kind: Spanned<String>,
	pub(super) labels: Option<Spanned<String>>,
	pub(super) targets: Option<Spanned<String>>,
	pub(super) mask: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOptimizer {
	pub(super) kind: Spanned<String>,
	pub(super) lr: Option<Spanned<Decimal>>,
	pub(super) momentum: Option<Spanned<Decimal>>,
	pub(super) weight_decay: Option<Spanned<Decimal>>,
	pub(super) beta1: Option<Spanned<Decimal>>,
	pub(super) beta2: Option<Spanned<Decimal>>,
	pub(super) eps: Option<Spanned<Decimal>>,
	pub(super) clip: Option<Spanned<Decimal>>,
	pub(super) accumulate: Option<Spanned<u64>>,
	pub(super) decay: Option<Spanned<String>>,
	pub(super) schedule: Option<RawSchedule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSchedule {
	pub(super) kind: Spanned<String>,
	pub(super) warmup: Option<Spanned<u64>>,
	pub(super) steps: Option<Spanned<u64>>,
	pub(super) min: Option<Spanned<Decimal>>,
}

/// Any TOML number. The value is read from the source text at its span, so that it is rounded once,
/// from decimal to `f32`, and not by way of the `f64` of the TOML reader.
pub(super) struct Decimal;

impl<'de> Deserialize<'de> for Decimal {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		struct Number;
		impl Visitor<'_> for Number {
			type Value = Decimal;

			fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
				f.write_str("a number")
			}
			fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Decimal, E> {
				Ok(Decimal)
			}
			fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Decimal, E> {
				Ok(Decimal)
			}
			fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Decimal, E> {
				if value.is_finite() {
					Ok(Decimal)
				} else {
					Err(E::custom("a number must be finite"))
				}
			}
		}
		deserializer.deserialize_any(Number).map_err(D::Error::custom)
	}
}
