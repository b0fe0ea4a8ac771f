"""What a module of torch is called in a manifest: the leaves.

Each function gets a module and the shape that arrives (`None` where something unsupported came
before) and returns the layer and the shape that leaves, or raises `ValueError` with the reason why
the module has no form in a manifest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from . import modules
from .layers import Layer, Lora, layer
from .shapes import Features, Image, Pair, Sequence, Shape, Tokens
from .words import in_words

Described = tuple[Layer, Shape | None]


def frozen(module: nn.Module) -> bool:
    """Whether the parameters stay as they are; a part of them cannot."""
    states = {one.requires_grad for one in module.parameters()}
    if len(states) > 1:
        raise ValueError("some of its parameters are frozen and some are not")
    return states == {False}


def drawn(kind: str, module: nn.Module, **options: Any) -> Layer:  # noqa: ANN401 - as many types as keys
    """A layer with weights: with `std` if the module remembers it."""
    std = getattr(module, "initial_std", None)
    learns = getattr(module, "lora_A", None) or module
    return layer(kind, frozen=frozen(learns), std=std, **options)


def require(fits: bool, reason: str) -> None:
    """Raises the reason."""
    if not fits:
        raise ValueError(reason)


def arrives(shape: Shape | None, fits: bool, wanted: str) -> None:
    """Raises unless a shape fits, or is unknown."""
    if shape is not None and not fits:
        raise ValueError(f"takes {wanted}, but gets {in_words(shape)}")


def pair(value: int | tuple[int, ...]) -> Pair:
    """A size for both directions."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def widen(shape: Shape | None, inputs: int, out: int) -> Shape | None:
    """The shape after a product with a weight of `out × inputs`."""
    match shape:
        case None:
            return None
        case Features(n) if n == inputs:
            return Features(out)
        case Sequence(length, n) if n == inputs:
            return Sequence(length, out)
    raise ValueError(f"takes vectors of {inputs}, but gets {in_words(shape)}")


def vectors(shape: Shape | None, features: int) -> None:
    """Raises unless vectors of `features` arrive, or something unknown."""
    widen(shape, features, features)


def image(shape: Shape | None, channels: int | None = None) -> None:
    """Raises unless an image arrives, or something unknown."""
    is_image = isinstance(shape, Image) and channels in (None, shape.channels)
    wanted = f"an image of {channels} channels" if channels else "an image"
    arrives(shape, is_image, wanted)


def adapters(module: nn.Module) -> Lora | None:
    """The adapters of a linear module, whose own weight must be frozen."""
    if not isinstance(module, modules.LoRALinear):
        return None
    own = module.parameters(recurse=False)
    require(
        not any(one.requires_grad for one in own), "the weight under its adapters must be frozen"
    )
    return Lora(module.rank, float(module.alpha))


def linear(module: nn.Linear, shape: Shape | None) -> Described:
    """`nn.Linear`, and ours with adapters."""
    if isinstance(module, modules.LoRALinear):
        frozen_a, frozen_b = frozen(module.lora_A), frozen(module.lora_B)
        require(frozen_a == frozen_b, "one of its adapters is frozen and one is not")
    after = widen(shape, module.in_features, module.out_features)
    bias, lora = module.bias is not None, adapters(module)
    return drawn("linear", module, out=module.out_features, bias=bias, lora=lora), after


def conv2d(module: nn.Conv2d, shape: Shape | None) -> Described:
    """`nn.Conv2d` without dilation, padded with zeros."""
    require(pair(module.dilation) == (1, 1), "dilation is not there")
    require(module.padding_mode == "zeros", f"padding with {module.padding_mode} is not there")
    kernel, stride = pair(module.kernel_size), pair(module.stride)
    pad = module.padding
    if pad == "same":
        require(kernel[0] % 2 == kernel[1] % 2 == 1, "padding 'same' needs odd kernels")
        pad = (kernel[0] // 2, kernel[1] // 2)
    pad = (0, 0) if pad == "valid" else pair(pad)
    image(shape, module.in_channels)
    after = windows(shape, kernel, stride, pad, module.out_channels)
    options = {"out": module.out_channels, "kernel": kernel, "stride": stride, "pad": pad}
    options["groups"] = module.groups
    return drawn("conv2d", module, bias=module.bias is not None, **options), after


def windows(
    shape: Image | None, kernel: Pair, stride: Pair, pad: Pair, channels: int | None
) -> Image | None:
    """The image that windows make; raises if there is none."""
    if shape is None:
        return None
    rows, cols = shape.windows(kernel, stride, pad)
    shown = " × ".join(map(str, kernel))
    require(min(rows, cols) > 0, f"a window of {shown} does not fit into {in_words(shape)}")
    return Image(rows, cols, channels)


def adaptive(module: nn.AdaptiveAvgPool2d, shape: Shape | None) -> Described:
    """Means over as many pixels each, where they divide the image."""
    image(shape)
    if shape is None:
        return layer("avg_pool", kernel=1), None
    sides = (shape.height, shape.width)
    wanted = module.output_size
    given = wanted if isinstance(wanted, tuple) else (wanted, wanted)
    out = [side if size is None else size for size, side in zip(given, sides, strict=True)]
    shown = " × ".join(map(str, out))
    require(
        all(size > 0 and side % size == 0 for size, side in zip(out, sides, strict=True)),
        f"{shown} means do not divide {in_words(shape)}, so that their windows overlap",
    )
    kernel = (sides[0] // out[0], sides[1] // out[1])
    return layer("avg_pool", kernel=kernel), Image(*out, shape.channels)


def pool2d(module: nn.MaxPool2d | nn.AvgPool2d, shape: Shape | None) -> Described:
    """Pooling of images; means count their padding."""
    require(not module.ceil_mode, "ceil_mode is not there")
    require(getattr(module, "divisor_override", None) is None, "divisor_override is not there")
    require(pair(getattr(module, "dilation", 1)) == (1, 1), "dilation is not there")
    require(not getattr(module, "return_indices", False), "return_indices is not there")
    kernel, stride = pair(module.kernel_size), pair(module.stride or module.kernel_size)
    pad = pair(module.padding)
    counts = getattr(module, "count_include_pad", True)
    require(counts or pad == (0, 0), "count_include_pad = False is not there: means count padding")
    image(shape)
    after = windows(shape, kernel, stride, pad, shape and shape.channels)
    kind = "max_pool" if isinstance(module, nn.MaxPool2d) else "avg_pool"
    return layer(kind, kernel=kernel, stride=stride, pad=pad), after


def elementwise(kind: str, *options: str) -> Callable[[nn.Module, Shape | None], Described]:
    """Functions of one number."""

    def describe(module: nn.Module, shape: Shape | None) -> Described:
        return layer(kind, **{name: getattr(module, name) for name in options}), shape

    return describe


def flatten(module: nn.Flatten, shape: Shape | None) -> Described:
    """Everything but the batch into one dimension."""
    require(
        (module.start_dim, module.end_dim) == (1, -1), "only start_dim = 1, end_dim = -1 is there"
    )
    match shape:
        case Image(height, width, channels):
            return layer("flatten"), Features(height * width * channels)
        case Sequence(length, features):
            return layer("flatten"), Features(length * features)
    arrives(shape, False, "an image or a sequence")
    return layer("flatten"), None


def dropout(module: nn.Dropout, shape: Shape | None) -> Described:
    """Dropout of single elements."""
    require(module.p < 1, "p must be below 1")
    return layer("dropout", p=module.p), shape


def embedding(module: nn.Embedding, shape: Shape | None) -> Described:
    """A table that every token reads one row of."""
    require(
        module.padding_idx is None, "padding_idx, which keeps a row from learning, is not there"
    )
    require(module.max_norm is None, "max_norm is not there")
    require(not module.scale_grad_by_freq, "scale_grad_by_freq is not there")
    arrives(shape, isinstance(shape, Tokens), "tokens")
    options = {"vocab": module.num_embeddings, "out": module.embedding_dim}
    after = shape and Sequence(shape.length, module.embedding_dim)
    return drawn("embedding", module, **options), after


def position(module: modules.Position, shape: Shape | None) -> Described:
    """Our table of positions."""
    found = Sequence(*module.weight.shape)
    arrives(shape, shape == found, in_words(found))
    return drawn("position", module), shape


def norm(module: nn.LayerNorm | nn.RMSNorm, shape: Shape | None) -> Described:
    """Norms over the last dimension of vectors, or over the channels of pixels."""
    require(len(module.normalized_shape) == 1, "a norm is over one dimension")
    require(module.elementwise_affine, "a norm has a weight (elementwise_affine)")
    if isinstance(module, modules.PixelLayerNorm | modules.PixelRMSNorm):
        image(shape, module.normalized_shape[0])
    else:
        require(
            not isinstance(shape, Image), f"use assay_torch.Pixel{type(module).__name__} on images"
        )
        vectors(shape, module.normalized_shape[0])
    stays = frozen(module)
    if isinstance(module, nn.LayerNorm):
        bias = module.bias is not None
        return layer("layer_norm", eps=module.eps, bias=bias, frozen=stays), shape
    eps = torch.finfo(module.weight.dtype).eps if module.eps is None else module.eps
    return layer("rms_norm", eps=eps, frozen=stays), shape


def attention(module: modules.Attention, shape: Shape | None) -> Described:
    """Our attention."""
    arrives(shape, isinstance(shape, Sequence), "a sequence")
    vectors(shape, module.features)
    options = {"heads": module.heads, "causal": module.causal, "rope": module.rope}
    options |= {"kv_heads": module.kv_heads, "rope_scaling": module.rope_scaling}
    options |= {"rope_dims": module.rope_dims}
    if module.head_dim * module.heads != module.features:
        options["head_dim"] = module.head_dim
    norms = {norm.eps for norm in module.norms}
    require(len(norms) <= 1, "the norms of queries and keys have the same eps")
    options["qk_norm"] = max(norms, default=None)
    bias = module.o.bias is not None
    std = getattr(module, "initial_std", None)
    if module.lora is None:
        stays = frozen(module)
        return layer("attention", bias=bias, frozen=stays, std=std, **options), shape
    lora = adapters(module.q)
    require(lora is not None and lora == adapters(module.v), "q and v need the same adapters")
    others = (module.k, module.o, *module.norms)
    require(all(map(frozen, others)), "k, o and norms must be frozen beside adapters")
    learning = nn.ModuleList([module.q.lora_A, module.q.lora_B, module.v.lora_A, module.v.lora_B])
    stays = frozen(learning)
    return layer("attention", bias=bias, lora=lora, frozen=stays, std=std, **options), shape


def pixels(_: modules.PixelSequence, shape: Shape | None) -> Described:
    """Our way from images to sequences."""
    arrives(shape, shape is None or isinstance(shape, Image), "an image")
    after = shape and Sequence(shape.height * shape.width, shape.channels)
    return layer("sequence"), after


def gated(module: modules.SwiGLU | modules.GEGLU, shape: Shape | None) -> Described:
    """Our gated layers."""
    vectors(shape, module.gate.in_features)
    options = {"hidden": module.gate.out_features, "bias": module.gate.bias is not None}
    if isinstance(module, modules.SwiGLU):
        return drawn("swiglu", module, **options), shape
    return drawn("geglu", module, approximate=module.approximate, **options), shape


def pool(module: modules.Pool, shape: Shape | None) -> Described:
    """Our way out of sequences."""
    arrives(shape, isinstance(shape, Sequence), "a sequence")
    return layer("pool", take=module.take), shape and Features(shape.features)


Describe = Callable[[Any, Shape | None], Described]

#: By exact class: a subclass may compute something else.
LEAVES: dict[type[nn.Module], Describe] = {
    nn.Linear: linear,
    modules.LoRALinear: linear,
    nn.Conv2d: conv2d,
    nn.ReLU: elementwise("relu"),
    nn.GELU: elementwise("gelu", "approximate"),
    nn.LeakyReLU: elementwise("leaky_relu", "negative_slope"),
    nn.ELU: elementwise("elu", "alpha"),
    nn.ReLU6: elementwise("relu6"),
    nn.Hardswish: elementwise("hardswish"),
    nn.SiLU: elementwise("silu"),
    nn.Tanh: elementwise("tanh"),
    nn.Sigmoid: elementwise("sigmoid"),
    nn.MaxPool2d: pool2d,
    nn.AvgPool2d: pool2d,
    nn.AdaptiveAvgPool2d: adaptive,
    nn.Flatten: flatten,
    nn.Dropout: dropout,
    nn.Embedding: embedding,
    modules.Position: position,
    nn.LayerNorm: norm,
    modules.PixelLayerNorm: norm,
    nn.RMSNorm: norm,
    modules.PixelRMSNorm: norm,
    modules.Attention: attention,
    modules.SwiGLU: gated,
    modules.GEGLU: gated,
    modules.PixelSequence: pixels,
    modules.Pool: pool,
}
