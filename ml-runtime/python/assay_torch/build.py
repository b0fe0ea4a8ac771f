"""A manifest's network as modules of torch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from . import modules
from .errors import ManifestError
from .layers import Layer
from .manifest import Manifest
from .shapes import Features, Image, Sequence, Shape, Tokens

#: The usual standard deviation of tables.
TABLE_STD = 0.02
FUNCTIONS = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "relu6": nn.ReLU6,
    "hardswish": nn.Hardswish,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


def from_manifest(source: Manifest | str | Path, *, seed: int | None = None) -> nn.Sequential:
    """The network of a manifest (an object, a path or the text).

    Its `state_dict` has the names and shapes of our model files. It takes batches as `load_records`
    makes them and returns logits, `batch × classes` or `batch × positions × vocab`. If the model
    has a mask, it is a `Masked` and takes that as well, as `load_masks` makes it. Parameters
    start with our distributions, drawn from torch's generator, after `torch.manual_seed` if `seed`
    is given.
    """
    manifest = source if isinstance(source, Manifest) else Manifest.read(source)
    if seed is not None:
        torch.manual_seed(seed)
    builder = Builder(manifest.model.shape)
    stack = builder.stack(manifest.model.layers)
    mask = manifest.model.mask
    return stack if mask is None else modules.Masked(*stack, field=mask)


def uniform(parameter: nn.Parameter, std: float) -> None:
    """Uniform around 0 with a standard deviation."""
    bound = math.sqrt(3.0) * std
    nn.init.uniform_(parameter, -bound, bound)


def _draw(module: nn.Linear | nn.Conv2d, std: float | None, gain: float) -> None:
    """Weights with `std`, else with `gain / sqrt(terms of a sum)`; a bias of 0."""
    terms = module.weight[0].numel()
    uniform(module.weight, std if std is not None else gain / math.sqrt(terms))
    if module.bias is not None:
        nn.init.zeros_(module.bias)
    if isinstance(module, modules.LoRALinear):
        uniform(module.lora_A.weight, HE / math.sqrt(terms))


#: He et al. (2015), for layers before a ReLU.
HE = math.sqrt(2.0)


class Builder:
    """Builds layers one after the other; knows the shape that the next one gets."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.embedding: nn.Embedding | None = None

    def stack(self, layers: Iterable[Layer]) -> nn.Sequential:
        """A list of layers."""
        return nn.Sequential(*[self.layer(one) for one in layers])

    def layer(self, layer: Layer) -> nn.Module:
        """One layer; moves `shape` on."""
        if isinstance(self.shape, Tokens) and layer.kind not in ("embedding", *_LISTS):
            raise ManifestError(f"{layer.kind} gets tokens; an embedding must come before it")
        if layer.kind in FUNCTIONS:
            return FUNCTIONS[layer.kind](**layer.options)
        module = getattr(self, f"_{layer.kind}")(layer)
        if layer.std is not None:
            # The modules do not need it; `to_manifest` writes it back.
            module.initial_std = layer.std
        if layer.frozen:
            modules.freeze(module)
        return module

    def _wrong(self, layer: Layer) -> ManifestError:
        return ManifestError(f"{layer.kind} cannot get {self.shape}")

    def _width(self, layer: Layer) -> int:
        if isinstance(self.shape, Features | Sequence):
            return self.shape.features
        raise self._wrong(layer)

    def _as_sequence(self, layer: Layer) -> Sequence:
        if isinstance(self.shape, Sequence):
            return self.shape
        raise self._wrong(layer)

    def _image(self, layer: Layer) -> Image:
        if isinstance(self.shape, Image):
            return self.shape
        raise self._wrong(layer)

    def _widen(self, features: int) -> None:
        if isinstance(self.shape, Sequence):
            self.shape = Sequence(self.shape.length, features)
        else:
            self.shape = Features(features)

    def _linear(self, layer: Layer) -> nn.Module:
        inputs, lora = self._width(layer), layer["lora"]
        adapters = None if lora is None else (lora.rank, lora.alpha)
        module = modules.projection(inputs, layer["out"], bias=layer["bias"], lora=adapters)
        _draw(module, layer.std, HE)
        self._widen(layer["out"])
        return module

    def _tied_linear(self, layer: Layer) -> nn.Module:
        if self.embedding is None:
            raise ManifestError("tied_linear needs an embedding before it")
        if self._width(layer) != self.embedding.embedding_dim:
            raise self._wrong(layer)
        self._widen(self.embedding.num_embeddings)
        return modules.TiedLinear(self.embedding)

    def _conv2d(self, layer: Layer) -> nn.Module:
        image = self._image(layer)
        kernel, stride, pad = layer["kernel"], layer["stride"], layer["pad"]
        groups, out = layer["groups"], layer["out"]
        if image.channels % groups or out % groups:
            raise ManifestError(f"{groups} groups do not divide {image.channels} or {out} channels")
        options = {"groups": groups, "bias": layer["bias"]}
        module = nn.Conv2d(image.channels, out, kernel, stride, pad, **options)
        _draw(module, layer.std, HE)
        self.shape = Image(*image.windows(kernel, stride, pad), layer["out"])
        return module

    def _pooled(self, layer: Layer, kind: type[nn.Module]) -> nn.Module:
        image = self._image(layer)
        kernel, stride, pad = layer["kernel"], layer["stride"], layer["pad"]
        if any(2 * wide > side for wide, side in zip(pad, kernel, strict=True)):
            raise ManifestError(f"PyTorch pools with padding up to half of the kernel, not {pad}")
        self.shape = Image(*image.windows(kernel, stride, pad), image.channels)
        return kind(kernel, stride, pad)

    def _max_pool(self, layer: Layer) -> nn.Module:
        return self._pooled(layer, nn.MaxPool2d)

    def _avg_pool(self, layer: Layer) -> nn.Module:
        return self._pooled(layer, nn.AvgPool2d)

    def _sequence(self, layer: Layer) -> nn.Module:
        image = self._image(layer)
        self.shape = Sequence(image.height * image.width, image.channels)
        return modules.PixelSequence()

    def _flatten(self, layer: Layer) -> nn.Module:
        match self.shape:
            case Image(height, width, channels):
                self.shape = Features(height * width * channels)
            case Sequence(length, features):
                self.shape = Features(length * features)
            case _:
                raise self._wrong(layer)
        return nn.Flatten()

    def _dropout(self, layer: Layer) -> nn.Module:
        return nn.Dropout(layer["p"])

    def _embedding(self, layer: Layer) -> nn.Module:
        if not isinstance(self.shape, Tokens):
            raise self._wrong(layer)
        module = nn.Embedding(layer["vocab"], layer["out"])
        uniform(module.weight, layer.std or TABLE_STD)
        self.embedding = self.embedding or module
        self.shape = Sequence(self.shape.length, layer["out"])
        return module

    def _position(self, layer: Layer) -> nn.Module:
        sequence = self._as_sequence(layer)
        module = modules.Position(sequence.length, sequence.features)
        uniform(module.weight, layer.std or TABLE_STD)
        return module

    def _last(self) -> int:
        return self.shape.channels if isinstance(self.shape, Image) else self.shape.features

    def _layer_norm(self, layer: Layer) -> nn.Module:
        kind = modules.PixelLayerNorm if isinstance(self.shape, Image) else nn.LayerNorm
        return kind(self._last(), layer["eps"], bias=layer["bias"])

    def _rms_norm(self, layer: Layer) -> nn.Module:
        kind = modules.PixelRMSNorm if isinstance(self.shape, Image) else nn.RMSNorm
        return kind(self._last(), layer["eps"])

    def _attention(self, layer: Layer) -> nn.Module:
        options = dict(layer.options)
        if (lora := options["lora"]) is not None:
            options["lora"] = (lora.rank, lora.alpha)
        try:
            module = modules.Attention(self._as_sequence(layer).features, **options)
        except ValueError as error:
            raise ManifestError(str(error)) from error
        for name in ("q", "k", "v", "o"):
            _draw(module.get_submodule(name), layer.std, 1.0)
        return module

    def _swiglu(self, layer: Layer) -> nn.Module:
        return self._gated(layer, modules.SwiGLU)

    def _geglu(self, layer: Layer) -> nn.Module:
        return self._gated(layer, modules.GEGLU)

    def _gated(self, layer: Layer, kind: type[nn.Module]) -> nn.Module:
        options = dict(layer.options)
        module = kind(self._width(layer), options.pop("hidden"), **options)
        for name in ("gate", "up", "down"):
            _draw(module.get_submodule(name), layer.std, 1.0)
        return module

    def _pool(self, layer: Layer) -> nn.Module:
        self.shape = Features(self._as_sequence(layer).features)
        return modules.Pool(layer["take"])

    def _residual(self, layer: Layer) -> nn.Module:
        before = self.shape
        branch = self.stack(layer.layers)
        after, self.shape = self.shape, before
        skip = self.stack(layer.skip)
        if self.shape != after:
            raise ManifestError(f"residual: the branch makes {after}, past it comes {self.shape}")
        return modules.Residual(*branch, skip=skip)

    def _repeat(self, layer: Layer) -> nn.Module:
        return nn.Sequential(*[self.stack(layer.layers) for _ in range(layer["times"])])


_LISTS = ("residual", "repeat")
