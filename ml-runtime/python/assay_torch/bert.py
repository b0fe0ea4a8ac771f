"""Checkpoints of BERT and its smaller relatives, recognised by the names of their tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from .checkpoint import Imported, Tensors, numbers, read_json, read_tensors
from .errors import Missing, Unsupported
from .layers import Layer, Lora, layer, repeat, residual
from .manifest import Model
from .shapes import Tokens

#: Tensors that are no part of the encoder.
IGNORED = ("pooler.", "cls.", "embeddings.position_ids")

#: Numbers of a configuration, with what they are where it does not say them.
DEFAULTS: dict[str, float | None] = {
    "vocab_size": None,
    "hidden_size": None,
    "num_hidden_layers": None,
    "num_attention_heads": None,
    "intermediate_size": None,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
}

#: Modules of one encoder layer: here (without `encoder.layer.N.`) and in our block.
BLOCK = {
    "attention.self.query": "0.0.q",
    "attention.self.key": "0.0.k",
    "attention.self.value": "0.0.v",
    "attention.output.dense": "0.0.o",
    "attention.output.LayerNorm": "1",
    "intermediate.dense": "2.0",
    "output.dense": "2.2",
    "output.LayerNorm": "3",
}


class Sizes(NamedTuple):
    """The numbers of a configuration by HuggingFace's names."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int
    layer_norm_eps: float


def import_bert(
    checkpoint: str | Path | Mapping[str, Tensor],
    config: str | Path | Mapping[str, Any],
    *,
    length: int,
    input: str = "tokens",
    pool: str | None = "mean",
    classes: int | None = None,
    lora: Lora | None = None,
    frozen: bool = True,
) -> Imported:
    """A BERT encoder for sequences of `length` tokens.

    All are attended to, unless a `mask` of the manifest marks some as padding.

    `checkpoint` is HuggingFace's `model.safetensors`, a folder with it or with its parts, or the
    tensors, and `config` its `config.json` or what is in it. The table of positions is cut to
    `length` rows, and the vector of token type 0 is added to each of them. Behind the blocks come
    `pool` (`"first"`, `"mean"` or nothing) and a linear head with `classes`, whose weights are new.
    With `frozen`, the encoder stays as it is but for the adapters that `lora` adds to the queries
    and values; without it, everything learns. The pooler and the dropout are left out. Raises
    `Unsupported` with all that is missing, and `InputError` for a file that is not what its name
    says.
    """
    settings = dict(config) if isinstance(config, Mapping) else read_json(config)
    found = checkpoint if isinstance(checkpoint, Mapping) else read_tensors(checkpoint)
    missing = _check(settings)
    sizes = _sizes(settings, length, missing)
    if sizes is None:
        raise Unsupported(missing)
    state = {_modern(name): tensor for name, tensor in found.items()}
    tensors = _rename(state, sizes, length, missing)
    if missing:
        raise Unsupported(missing)
    stack = _encoder(sizes, lora, frozen=frozen)
    if pool is not None:
        stack.append(layer("pool", take=pool))
    if classes is not None:
        stack.append(layer("linear", out=classes))
    return Imported(Model(input, Tokens(length), tuple(stack)), tensors)


def _modern(name: str) -> str:
    """Without the prefix of models with a head, and with today's names of a norm's parameters."""
    name = name.removeprefix("bert.")
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


def _check(config: Mapping[str, Any]) -> list[Missing]:
    """What the configuration asks for and a manifest cannot say; raises for another model."""
    missing = []
    kind = config.get("model_type", "bert")
    if kind != "bert":
        reason = "only 'bert' is there; export another encoder to ONNX and use `import-onnx`"
        # What else differs follows from this.
        raise Unsupported([Missing("model_type", repr(kind), reason)])
    wanted = {"hidden_act": "gelu", "position_embedding_type": "absolute"}
    for key, value in wanted.items():
        if config.get(key, value) != value:
            missing.append(Missing(key, repr(config[key]), f"only {value!r} is there"))
    if config.get("is_decoder", False):
        missing.append(Missing("is_decoder", "True", "only encoders are there"))
    return missing


def _sizes(config: Mapping[str, Any], length: int, missing: list[Missing]) -> Sizes | None:
    """Sizes as the configuration says them; nothing, and what is missing, if it does not."""
    found = numbers(config, DEFAULTS, missing)
    if found is None:
        return None
    made = Sizes(**found)
    heads, width, most = made.num_attention_heads, made.hidden_size, made.max_position_embeddings
    if width % heads:
        missing.append(Missing("num_attention_heads", str(heads), f"they do not divide {width}"))
    if not 1 <= length <= most:
        missing.append(Missing("length", str(length), f"the table has positions 1 to {most}"))
    return made


def _encoder(sizes: Sizes, lora: Lora | None, *, frozen: bool) -> list[Layer]:
    """Layers from tokens to the last block."""
    width, eps = sizes.hidden_size, float(sizes.layer_norm_eps)
    norm = layer("layer_norm", eps=eps, frozen=frozen)
    heads = sizes.num_attention_heads
    attention = layer("attention", heads=heads, lora=lora, frozen=frozen and lora is None)
    mlp = [
        layer("linear", out=sizes.intermediate_size, frozen=frozen),
        layer("gelu"),
        layer("linear", out=width, frozen=frozen),
    ]
    block = [residual([attention]), norm, residual(mlp), norm]
    return [
        layer("embedding", vocab=sizes.vocab_size, out=width, frozen=frozen),
        layer("position", frozen=frozen),
        norm,
        repeat(sizes.num_hidden_layers, block),
    ]


def _rename(
    state: Mapping[str, Tensor], sizes: Sizes, length: int, missing: list[Missing]
) -> dict[str, Tensor]:
    """The encoder's tensors by our names; notes those that are missing, misshapen or left over."""
    tensors = Tensors(state, missing)
    width, inner = sizes.hidden_size, sizes.intermediate_size
    tables = {"word": sizes.vocab_size, "position": sizes.max_position_embeddings}
    tables["token_type"] = sizes.type_vocab_size
    words, positions, types = (
        tensors.take(f"embeddings.{name}_embeddings.weight", rows, width)
        for name, rows in tables.items()
    )
    made = {"0.weight": words}
    if not missing:
        made["1.weight"] = positions[:length] + types[:1]
    modules = {"embeddings.LayerNorm": "2"}
    for block in range(sizes.num_hidden_layers):
        modules |= {
            f"encoder.layer.{block}.{name}": f"3.{block}.{ours}" for name, ours in BLOCK.items()
        }
    for name, ours in modules.items():
        out = inner if "intermediate" in name else width
        inputs = inner if name.endswith("output.dense") and "attention" not in name else width
        matrix = () if name.endswith("LayerNorm") else (inputs,)
        made[f"{ours}.weight"] = tensors.take(f"{name}.weight", out, *matrix)
        made[f"{ours}.bias"] = tensors.take(f"{name}.bias", out)
    tensors.refuse_rest("a BERT encoder", IGNORED)
    return made
