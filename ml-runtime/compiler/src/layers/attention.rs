//! Multi-head self-attention.

use assay_ops::{
	soft::{self, MINUS_INFINITY},
	BatchMatMul, Binary, Broadcast, HeadLayout, NodeId, Op, Unary, TILE,
};

use super::{Network, Place};
use crate::{
	error::ErrorKind,
	fixed,
	graph::{Refusal, Role, Shortcut},
	init::Init,
	manifest::{Attention, Lora, Rope},
};

/// Most heads that share keys and values. With more, or with heads of other widths than those that [`TILE`] is a multiple
/// of or divides, a tile of [`Network::share`] or of its gradient would read more tiles than evidence has room for.
const MOST_SHARING: u16 = 32;

/// Sizes of an attention.
#[derive(Clone, Copy)]
pub(super) struct Heads {
	count: u16,
	/// Heads that share keys and values.
	group: u16,
	/// Features of a head.
	width: u32,
	/// Features of a vector of the sequence.
	features: u32,
	length: u32,
}

impl Heads {
	/// Those of keys and values.
	fn shared(self) -> u16 {
		self.count / self.group
	}

	/// Features of so many heads.
	fn wide(self, heads: u16) -> u32 {
		u32::from(heads) * self.width
	}
}

impl Network<'_> {
	/// The sizes, if the heads fit.
	pub(super) fn heads(&self, place: Place, layer: Attention) -> Result<Heads, ErrorKind> {
		let Attention { heads, kv_heads, head_dim, rope, qk_norm, .. } = layer;
		let (length, features) = self.sequence(place.layer)?;
		let width = head_dim.unwrap_or(features / u32::from(heads));
		if head_dim.is_none() && width * u32::from(heads) != features {
			return Err(ErrorKind::Heads { heads, features });
		}
		let group = heads / kv_heads;
		if group * kv_heads != heads {
			return Err(ErrorKind::KvHeads { kv_heads, heads });
		}
		let fits = width.is_multiple_of(TILE) || TILE.is_multiple_of(width);
		if group > 1 && (group > MOST_SHARING || !fits) {
			return Err(ErrorKind::SharedHeads { group, width });
		}
		// By head, vectors have other tiles, of which one would be in too many of those from which it is read.
		if qk_norm.is_some() && !fits {
			return Err(ErrorKind::NormedHeads { width });
		}
		if rope.is_some() && width % 2 == 1 {
			return Err(ErrorKind::OddHeads { width });
		}
		if let Some(dims) = rope.and_then(|rope| rope.dims) {
			if dims > width || dims % 2 == 1 {
				return Err(ErrorKind::RopeDims { dims, width });
			}
		}
		Ok(Heads { count: heads, group, width, features, length })
	}

	/// `softmax(q · kᵀ / sqrt(width)) · v`, by head, then `o`.
	pub(super) fn attention(
		&mut self,
		place: Place,
		heads: Heads,
		layer: Attention,
	) -> Result<(), Refusal> {
		let x = self.value;
		let (all, shared) = (heads.wide(heads.count), heads.wide(heads.shared()));
		let mut q = self.project(place, "q.", x, all, (layer, layer.lora))?;
		let mut k = self.project(place, "k.", x, shared, (layer, None))?;
		let v = self.project(place, "v.", x, shared, (layer, layer.lora))?;
		if let Some(eps) = layer.qk_norm {
			let place = Place { frozen: place.frozen || layer.lora.is_some(), ..place };
			q = self.norm_by_head(place, "q_norm.", q, (heads, eps))?;
			k = self.norm_by_head(place, "k_norm.", k, (heads, eps))?;
		}
		if let Some(rope) = layer.rope {
			let tables = self.angles(heads, rope)?;
			q = self.rotate(q, heads.width, tables)?;
			k = self.rotate(k, heads.width, tables)?;
		}
		let (k, v) = (self.share(k, heads)?, self.share(v, heads)?);
		// The factor on q is one pass over less memory than on the scores.
		let scale = soft::div(soft::ONE, soft::sqrt(soft::from_u32(heads.width)));
		let q = self.graph.with_constant(Binary::Mul, q, scale)?;
		let product = BatchMatMul {
			batch: self.graph.batch(),
			heads: heads.count,
			transpose_a: false,
			transpose_b: true,
			a: HeadLayout::Interleaved,
			b: HeadLayout::Interleaved,
			out: HeadLayout::Stacked,
		};
		let scores = self.graph.add(Op::BatchMatMul(product), &[q, k])?;
		let weights = self.softmax(scores, heads.count, layer.causal)?;
		let product = BatchMatMul {
			transpose_b: false,
			a: HeadLayout::Stacked,
			out: HeadLayout::Interleaved,
			..product
		};
		let context = self.graph.add(Op::BatchMatMul(product), &[weights, v])?;
		self.value = self.project(place, "o.", context, heads.features, (layer, None))?;
		Ok(())
	}

	/// Keys or values as each head has them, where several heads share them: `batch · length × features`.
	fn share(&mut self, x: NodeId, heads: Heads) -> Result<NodeId, Refusal> {
		if heads.group == 1 {
			return Ok(x);
		}
		let rows = self.graph.ty(x).rows;
		// One head of one position per row.
		let vectors =
			rows.checked_mul(u32::from(heads.count)).ok_or("too many heads in a batch")?;
		let (group, width) = (u32::from(heads.group), heads.width);
		let own = self.graph.add(Op::Reshape { rows: vectors / group, cols: width }, &[x])?;
		let ones = self.graph.add(Op::Fill { bits: soft::ONE, rows: vectors, cols: width }, &[])?;
		let spread = Broadcast::Periodic { each: group };
		let shared = self.graph.binary(Binary::Mul, spread, ones, own)?;
		self.graph.add(Op::Reshape { rows, cols: heads.wide(heads.count) }, &[shared])
	}

	/// Each head of queries or keys divided by the root of its mean square, times a weight that the heads have in common.
	fn norm_by_head(
		&mut self,
		place: Place,
		name: &str,
		x: NodeId,
		(heads, eps): (Heads, u32),
	) -> Result<NodeId, Refusal> {
		let ty = self.graph.ty(x);
		let vectors = ty.rows.checked_mul(ty.cols / heads.width);
		let rows = vectors.ok_or("too many heads in a batch")?;
		let own = self.graph.add(Op::Reshape { rows, cols: heads.width }, &[x])?;
		let normed = self.rms(place, name, own, eps)?;
		self.graph.add(Op::Reshape { rows: ty.rows, cols: ty.cols }, &[normed])
	}

	/// One of the four projections, to `out` features. Where the attention has adapters, those without stay as they are.
	fn project(
		&mut self,
		place: Place,
		name: &str,
		x: NodeId,
		out: u32,
		(layer, lora): (Attention, Option<Lora>),
	) -> Result<NodeId, Refusal> {
		let inputs = self.graph.ty(x).cols;
		let init = place.std.map_or(Init::keeping(inputs), Init::deviating);
		let weight = (vec![out, inputs], init);
		if let Some(lora) = lora {
			return self.adapt(place, name, x, weight, layer.bias, lora);
		}
		let place = Place { frozen: place.frozen || layer.lora.is_some(), ..place };
		self.weigh(place, name, x, weight, layer.bias)
	}

	/// Softmax of each row of stacked squares, of which padding is hidden, and by `causal` what lies right of
	/// the diagonal.
	fn softmax(&mut self, scores: NodeId, heads: u16, causal: bool) -> Result<NodeId, Refusal> {
		let mut seen = scores;
		if let Some(mask) = self.mask {
			seen = mask.hide(self.graph, seen, heads)?;
		}
		if causal {
			seen = self.graph.add(Op::Causal { bits: MINUS_INFINITY }, &[seen])?;
		}
		let max = self.graph.add(Op::RowMax, &[seen])?;
		let shifted = self.graph.binary(Binary::Sub, Broadcast::Col, seen, max)?;
		let exp = self.graph.unary(Unary::Exp, shifted)?;
		let sum = self.graph.add(Op::RowSum, &[exp])?;
		let share = self.graph.binary(Binary::Div, Broadcast::Col, exp, sum)?;
		self.graph.shorten(share, Shortcut::Softmax { input: scores });
		Ok(share)
	}

	/// The tables of cosines and sines, shared by all attentions with the same sizes.
	fn angles(&mut self, heads: Heads, rope: Rope) -> Result<[NodeId; 2], Refusal> {
		let key = (heads.length, heads.width, rope);
		if let Some(tables) = self.tables.get(&key) {
			return Ok(*tables);
		}
		let mut made = [0; 2];
		for (node, words) in made.iter_mut().zip(fixed::rotary(heads.length, heads.width, rope)) {
			let init = Init::Table { words: words.into() };
			*node = self.graph.slot(heads.length, heads.width, Role::Table, init)?.node;
		}
		self.tables.insert(key, made);
		Ok(made)
	}

	/// `x · cos + rotate_half(x) · sin`.
	fn rotate(
		&mut self,
		x: NodeId,
		width: u32,
		[cos, sin]: [NodeId; 2],
	) -> Result<NodeId, Refusal> {
		let spread = Broadcast::Periodic { each: 1 };
		let turned = self.graph.add(Op::RotateHalf { width }, &[x])?;
		let straight = self.graph.binary(Binary::Mul, spread, x, cos)?;
		let sum = self.graph.add(Op::Fma(spread), &[turned, sin, straight])?;
		self.graph.shorten(sum, Shortcut::Rotate { input: x, cos, sin, width });
		Ok(sum)
	}
}
