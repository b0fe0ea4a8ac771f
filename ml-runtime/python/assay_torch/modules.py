"""Modules that `torch.nn` has not, with the names of parameters that our model files have.

B is records of a batch, T positions, C features of a vector, H heads.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import RopeScaling


class LoRALinear(nn.Linear):
    """`x · Wᵀ + b` with `W` and `b` frozen, plus `((x · Aᵀ) · Bᵀ) · (alpha / rank)`.

    Parameters: `weight` (out × in), `bias` (out), `lora_A.weight` (rank × in), `lora_B.weight`
    (out × rank).
    """

    def __init__(
        self, inputs: int, out: int, *, rank: int, alpha: float, bias: bool = True
    ) -> None:
        super().__init__(inputs, out, bias)
        self.rank, self.alpha = rank, alpha
        self.lora_A = nn.Linear(inputs, rank, bias=False)
        self.lora_B = nn.Linear(rank, out, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        freeze(self, only_own=True)

    def forward(self, x: Tensor) -> Tensor:
        """`… × in` to `… × out`."""
        return super().forward(x) + self.lora_B(self.lora_A(x) * (self.alpha / self.rank))


def freeze(module: nn.Module, *, only_own: bool = False) -> None:
    """Lets parameters stay as they are; `only_own` leaves out those of modules inside it."""
    for parameter in module.parameters(recurse=not only_own):
        parameter.requires_grad_(False)


def projection(inputs: int, out: int, *, bias: bool, lora: tuple[int, float] | None) -> nn.Linear:
    """A linear module, with adapters of (rank, alpha) if there are any."""
    if lora is None:
        return nn.Linear(inputs, out, bias)
    return LoRALinear(inputs, out, rank=lora[0], alpha=lora[1], bias=bias)


class TiedLinear(nn.Module):
    """`x · Eᵀ` with the table of an embedding, which stays the only one that has the parameter."""

    def __init__(self, embedding: nn.Embedding) -> None:
        super().__init__()
        # In a tuple, so that it is not registered, and saved, a second time.
        self._table = (embedding,)

    @property
    def embedding(self) -> nn.Embedding:
        """The embedding whose table it is."""
        return self._table[0]

    def forward(self, x: Tensor) -> Tensor:
        """`… × C` to `… × vocab`."""
        return F.linear(x, self.embedding.weight)


class Position(nn.Module):
    """Adds a learned vector per position. Parameter: `weight` (T × C)."""

    def __init__(self, length: int, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(length, features) * 0.02)

    def forward(self, x: Tensor) -> Tensor:
        """B × T × C."""
        return x + self.weight


class PixelLayerNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel: B × channels × height × width."""

    def forward(self, x: Tensor) -> Tensor:
        """B × channels × height × width."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class PixelRMSNorm(nn.RMSNorm):
    """RMS norm over the channels of each pixel: B × channels × height × width."""

    def forward(self, x: Tensor) -> Tensor:
        """B × channels × height × width."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class PixelSequence(nn.Module):
    """An image as the sequence of its pixels, row by row."""

    def forward(self, x: Tensor) -> Tensor:
        """B × channels × height × width to B × height · width × channels."""
        return x.flatten(2).transpose(1, 2)


def turns(
    width: int, base: float, scaling: RopeScaling | None = None, dims: int | None = None
) -> Tensor:
    """Angles per position of the pairs of a head, float64: `base^(−2i / dims)`, scaled, then 0."""
    dims = dims or width
    usual = base ** (-torch.arange(0, dims, 2, dtype=torch.float64) / dims)
    if dims < width:
        usual = torch.cat([usual, usual.new_zeros((width - dims) // 2)])
    if scaling is None:
        return usual
    slow = usual / scaling.factor
    if scaling.kind == "linear":
        return slow
    low, high = scaling.low_freq_factor, scaling.high_freq_factor
    rounds = scaling.original_max_position_embeddings * usual / (2 * math.pi)
    share = ((rounds - low) / (high - low)).clamp(0, 1)
    return slow + (usual - slow) * share


def angles(length: int, steps: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines of rotary positions, each T × width.

    The angle of columns `i` and `i + width / 2` at position `t` is `t` times what `turns` says.
    """
    found = torch.outer(torch.arange(length, dtype=torch.float64), steps).repeat(1, 2)
    return found.cos().float(), found.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """`x · cos + rotate_half(x) · sin` on B × H × T × width."""
    low, high = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-high, low), dim=-1) * sin


class Attention(nn.Module):
    """Multi-head self-attention, `o(softmax(q · kᵀ / sqrt(width)) · v)`.

    Parameters: those of the linear modules `q` (H · width × C), `k` and `v` (kv_heads · width × C)
    and `o` (C × H · width). The width of a head is `head_dim`, or C / H. Where there are fewer
    `kv_heads` than heads, neighbouring heads share one. `rope` is the base of rotary positions, and
    `rope_scaling` makes them slower; with `rope_dims` only so many numbers of a head turn, those of
    the first pairs (i, i + width / 2). With `qk_norm`, the modules `q_norm` and `k_norm` divide
    each head of queries and keys by the root of its mean square plus so much, times a weight
    (width).
    `lora` is (rank, alpha) of adapters of `q` and `v`; then all else is frozen.
    """

    def __init__(
        self,
        features: int,
        heads: int,
        *,
        kv_heads: int | None = None,
        head_dim: int | None = None,
        causal: bool = False,
        rope: float | None = None,
        rope_scaling: RopeScaling | None = None,
        rope_dims: int | None = None,
        qk_norm: float | None = None,
        bias: bool = True,
        lora: tuple[int, float] | None = None,
    ) -> None:
        super().__init__()
        if head_dim is None and features % heads:
            raise ValueError(f"{heads} heads do not divide {features} features")
        width = head_dim or features // heads
        if rope is not None and width % 2:
            raise ValueError(f"rotary positions need heads of even width, not {width}")
        if rope_dims is not None and (rope_dims % 2 or not 0 < rope_dims <= width):
            raise ValueError(f"pairs turn of the {width} numbers of a head, not {rope_dims}")
        kv_heads = kv_heads or heads
        if heads % kv_heads:
            raise ValueError(f"{kv_heads} heads of keys and values do not divide {heads} heads")
        self.features, self.heads, self.kv_heads = features, heads, kv_heads
        self.head_dim = width
        self.causal, self.rope = causal, rope
        self.rope_scaling, self.rope_dims = rope_scaling, rope_dims
        self.lora = lora
        self.q = projection(features, heads * width, bias=bias, lora=lora)
        self.k = nn.Linear(features, kv_heads * width, bias)
        self.v = projection(features, kv_heads * width, bias=bias, lora=lora)
        if qk_norm is not None:
            self.q_norm = nn.RMSNorm(width, qk_norm)
            self.k_norm = nn.RMSNorm(width, qk_norm)
        self.o = nn.Linear(heads * width, features, bias)
        self.tables: tuple[Tensor, Tensor] | None = None
        #: B × T, false for padding; set by `Masked`.
        self.seen: Tensor | None = None
        if lora is not None:
            for module in (self.k, self.o, *self.norms):
                freeze(module)

    @property
    def norms(self) -> list[nn.RMSNorm]:
        """The norms of queries and keys, where there are any."""
        found = (self._modules.get(name) for name in ("q_norm", "k_norm"))
        return [norm for norm in found if norm is not None]

    def _turned(self, x: Tensor) -> Tensor:
        if self.rope is None:
            return x
        length, width = x.shape[-2:]
        if self.tables is None or self.tables[0].shape[0] != length:
            steps = turns(width, self.rope, self.rope_scaling, self.rope_dims)
            self.tables = angles(length, steps)
        cos, sin = self.tables
        return rotate(x, cos.to(x), sin.to(x))

    def _scores(self, q: Tensor) -> Tensor:
        """What is added to scores, B × 1 × T or 1 × T.

        It is the least finite number for padding, so that a sequence of nothing else still has a
        softmax, and minus infinity for what comes later, if that is hidden.
        """
        hidden = q.new_zeros(self.seen.shape).masked_fill(~self.seen, torch.finfo(q.dtype).min)
        scores = hidden[:, None, None, :]
        if self.causal:
            later = torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool, device=q.device).triu(1)
            scores = scores.expand(-1, -1, q.shape[-2], -1).masked_fill(later, -torch.inf)
        return scores

    def forward(self, x: Tensor) -> Tensor:
        """B × T × C."""
        batch, length, _ = x.shape

        def by_head(y: Tensor, heads: int) -> Tensor:
            return y.view(batch, length, heads, -1).transpose(1, 2)

        k, v = (by_head(y, self.kv_heads) for y in (self.k(x), self.v(x)))
        q = by_head(self.q(x), self.heads)
        if self.norms:
            q, k = self.q_norm(q), self.k_norm(k)
        q, k = self._turned(q), self._turned(k)
        group = self.heads // self.kv_heads
        if group > 1:
            k, v = (y.repeat_interleave(group, dim=1) for y in (k, v))
        if self.seen is None:
            context = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        else:
            context = F.scaled_dot_product_attention(q, k, v, attn_mask=self._scores(q))
        return self.o(context.transpose(1, 2).reshape(batch, length, -1))


class _Gated(nn.Module):
    """`down(f(gate(x)) · up(x))`, each of them a linear module."""

    def __init__(self, features: int, hidden: int, *, bias: bool = True) -> None:
        super().__init__()
        self.gate = nn.Linear(features, hidden, bias)
        self.up = nn.Linear(features, hidden, bias)
        self.down = nn.Linear(hidden, features, bias)

    def function(self, x: Tensor) -> Tensor:
        """That of the gate."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """`… × C`."""
        return self.down(self.function(self.gate(x)) * self.up(x))


class SwiGLU(_Gated):
    """`down(silu(gate(x)) · up(x))`, each of them a linear module."""

    def function(self, x: Tensor) -> Tensor:
        """That of the gate."""
        return F.silu(x)


class GEGLU(_Gated):
    """`down(gelu(gate(x)) · up(x))`, each a linear module; `approximate` is that of `nn.GELU`."""

    def __init__(
        self, features: int, hidden: int, *, bias: bool = True, approximate: str = "none"
    ) -> None:
        super().__init__(features, hidden, bias=bias)
        self.approximate = approximate

    def function(self, x: Tensor) -> Tensor:
        """That of the gate."""
        return F.gelu(x, approximate=self.approximate)


class Pool(nn.Module):
    """A sequence to features: the vector at the `first` or `last` position, or the `mean`."""

    def __init__(self, take: str) -> None:
        super().__init__()
        if take not in ("first", "last", "mean"):
            raise ValueError(f"{take!r} is none of 'first', 'last' and 'mean'")
        self.take = take
        #: B × T, false for padding; set by `Masked`.
        self.seen: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """B × T × C to B × C."""
        if self.take == "last" and self.seen is not None:
            raise ValueError("the last position may be padding")
        if self.take != "mean":
            return x[:, 0 if self.take == "first" else -1]
        if self.seen is None:
            return x.mean(1)
        weight = self.seen.to(x)[:, :, None]
        return (x * weight).sum(1) / weight.sum(1).clamp(min=1e-9)


class Masked(nn.Sequential):
    """A list whose attentions and means do not look at padding, which `field` of a record marks."""

    def __init__(self, *layers: nn.Module, field: str) -> None:
        super().__init__(*layers)
        self.field = field

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """What the layers take, and B × T, false for padding."""
        for module in self.modules():
            if isinstance(module, Attention | Pool):
                module.seen = seen
        return super().forward(x)


class Residual(nn.Module):
    """`layers(x) + skip(x)`; the layers are its modules `0`, `1`, …, the way past is `skip`."""

    def __init__(self, *layers: nn.Module, skip: nn.Sequential | None = None) -> None:
        super().__init__()
        self.depth = len(layers)
        for index, module in enumerate(layers):
            self.add_module(str(index), module)
        if skip is not None and len(skip):
            self.add_module("skip", skip)

    @property
    def branch(self) -> list[nn.Module]:
        """The layers, in order."""
        return [self.get_submodule(str(index)) for index in range(self.depth)]

    @property
    def past(self) -> nn.Module | None:
        """The way past them, where it is not nothing."""
        return self._modules.get("skip")

    def forward(self, x: Tensor) -> Tensor:
        """Any shape that the layers take."""
        y = x
        for module in self.branch:
            y = module(y)
        return y + (x if self.past is None else self.past(x))
