"""Ranges that the compiler of manifests enforces, so that nothing is made that it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .layers import Layer
from .shapes import Image, Sequence, Shape

MAX_WIDTH = 1 << 16
MAX_VOCAB = 1 << 20
MAX_CHANNELS = 4096
MAX_KERNEL = 31
MAX_HEADS = 1024
#: Heads that share keys and values, and the side of the tiles that are judged.
MAX_SHARING = 32
TILE = 32
MAX_SIDE = 4096
MAX_FLAT_SIDE = 255
#: Elements of a field.
MAX_FIELD = 1 << 24
MAX_LAYERS = 512
MAX_DEPTH = 8

#: Sizes by the kind of the layer and their key, with what they are and how large they may be.
SIZES = {
    ("linear", "out"): ("outputs of a linear layer", MAX_WIDTH),
    ("embedding", "vocab"): ("rows of an embedding", MAX_VOCAB),
    ("embedding", "out"): ("numbers of a row of an embedding", MAX_WIDTH),
    ("conv2d", "out"): ("channels", MAX_CHANNELS),
    ("swiglu", "hidden"): ("hidden numbers of SwiGLU", MAX_WIDTH),
    ("geglu", "hidden"): ("hidden numbers of GEGLU", MAX_WIDTH),
    ("attention", "heads"): ("heads", MAX_HEADS),
}


def fault(kind: str, options: Mapping[str, Any], arrives: Shape | None) -> str | None:
    """Why a layer is out of range that gets a shape; nothing for one that is in range."""
    sizes = [(what, options[key], most) for (of, key), (what, most) in SIZES.items() if of == kind]
    if kind == "flatten" and isinstance(arrives, Image):
        side = max(arrives.height, arrives.width)
        sizes.append(("rows and columns of an image that is flattened", side, MAX_FLAT_SIDE))
    if "kernel" in options:
        for size in (*options["kernel"], *options["stride"]):
            sizes.append(("rows and columns of a kernel or a stride", size, MAX_KERNEL))
    for what, found, most in sizes:
        if not 1 <= found <= most:
            return f"{what} may be 1 to {most}, not {found}"
    if any(
        pad >= size
        for pad, size in zip(options.get("pad", ()), options.get("kernel", ()), strict=False)
    ):
        return f"padding {options['pad']} must be below the kernel {options['kernel']}"
    if not 0 <= options.get("negative_slope", 0) < 1:
        return f"a slope below 0 of {options['negative_slope']} is not at least 0 and below 1"
    if kind == "elu" and not options["alpha"] > 0:
        return f"alpha of {options['alpha']} is not above 0"
    if kind == "attention" and isinstance(arrives, Sequence):
        return heads_fault(options, arrives.features)
    return None


def heads_fault(options: Mapping[str, Any], features: int) -> str | None:
    """Why heads cannot share keys and values, or be normalised."""
    heads = options["heads"]
    kv_heads = options.get("kv_heads") or heads
    width = options.get("head_dim") or features // heads
    if width * heads > MAX_WIDTH:
        return f"{heads} heads of width {width} are more than {MAX_WIDTH} numbers"
    group, fits = heads // kv_heads, width % TILE == 0 or TILE % width == 0
    if group > 1 and (group > MAX_SHARING or not fits):
        return (
            f"{group} heads of width {width} share keys and values; at most {MAX_SHARING} do, of a "
            f"width that is a multiple of {TILE} or divides it"
        )
    if options.get("qk_norm") is not None and not fits:
        return f"heads of width {width} have norms; widths are multiples of {TILE} or divide it"
    return None


def count(layers: Iterable[Layer]) -> int:
    """Layers, as often as they are repeated."""
    return sum(
        1 + one.options.get("times", 1) * (count(one.layers) + count(one.skip)) for one in layers
    )


def depth(layers: Iterable[Layer]) -> int:
    """How deep layers are inside of others."""
    return max(
        (1 + depth((*one.layers, *one.skip)) for one in layers if one.layers or one.skip), default=0
    )
