"""Checkpoints of BERT and its smaller relatives, recognised by the names of their tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from .errors import Missing, Unsupported
from .layers import Layer, Lora, layer, repeat, residual
from .manifest import Model
from .shapes import Tokens

#: Tensors that are no part of the encoder.
IGNORED = ("pooler.", "cls.", "embeddings.position_ids")

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


class Imported(NamedTuple):
    """A model section and the tensors of its encoder."""

    model: Model
    """Embedding, positions, norm, the blocks, and what was asked for behind them."""
    tensors: dict[str, Tensor]
    """By their names in the network. Adapters and a new head are not among them."""


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

    `checkpoint` and `config` are HuggingFace's `model.safetensors` and `config.json`, or their
    content. The table of positions is cut to `length` rows, and the vector of token type 0 is
    added to each of them. Behind the blocks come `pool` (`"first"`, `"mean"` or nothing) and a
    linear head with `classes`, whose weights are new. With `frozen`, the encoder stays as it is but
    for the adapters that `lora` adds to the queries and values. Raises `Unsupported` with all that
    is missing.
    """
    settings = dict(config) if isinstance(config, Mapping) else _json(config)
    found = checkpoint if isinstance(checkpoint, Mapping) else load_file(str(checkpoint))
    missing = _check(settings, length)
    state = {_modern(name): tensor for name, tensor in found.items()}
    tensors = _rename(state, int(settings.get("num_hidden_layers", 0)), length, missing)
    if missing:
        raise Unsupported(missing)
    stack = _encoder(settings, lora, frozen=frozen)
    if pool is not None:
        stack.append(layer("pool", take=pool))
    if classes is not None:
        stack.append(layer("linear", out=classes))
    return Imported(Model(input, Tokens(length), tuple(stack)), tensors)


def _json(path: str | Path) -> dict[str, Any]:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def _modern(name: str) -> str:
    """Without the prefix of models with a head, and with today's names of a norm's parameters."""
    name = name.removeprefix("bert.")
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace(
        "LayerNorm.beta", "LayerNorm.bias"
    )


def _check(config: Mapping[str, Any], length: int) -> list[Missing]:
    """What the configuration asks for and a manifest cannot say."""
    missing = []
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for key, value in wanted.items():
        if config.get(key, value) != value:
            missing.append(Missing(key, repr(config[key]), f"only {value!r} is there"))
    if config.get("is_decoder", False):
        missing.append(Missing("is_decoder", "True", "only encoders are there"))
    needed = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads")
    for key in (*needed, "intermediate_size"):
        if key not in config:
            missing.append(Missing(key, "nothing", "the configuration must say it"))
    most = config.get("max_position_embeddings", length)
    if not 1 <= length <= most:
        missing.append(Missing("length", str(length), f"the table has positions 1 to {most}"))
    return missing


def _encoder(config: Mapping[str, Any], lora: Lora | None, *, frozen: bool) -> list[Layer]:
    """Layers from tokens to the last block."""
    width, eps = config["hidden_size"], float(config.get("layer_norm_eps", 1e-12))
    norm = layer("layer_norm", eps=eps, frozen=frozen)
    heads = config["num_attention_heads"]
    attention = layer("attention", heads=heads, lora=lora, frozen=frozen and lora is None)
    mlp = [
        layer("linear", out=config["intermediate_size"], frozen=frozen),
        layer("gelu"),
        layer("linear", out=width, frozen=frozen),
    ]
    block = [residual([attention]), norm, residual(mlp), norm]
    return [
        layer("embedding", vocab=config["vocab_size"], out=width, frozen=frozen),
        layer("position", frozen=frozen),
        norm,
        repeat(config["num_hidden_layers"], block),
    ]


def _rename(
    state: Mapping[str, Tensor], blocks: int, length: int, missing: list[Missing]
) -> dict[str, Tensor]:
    """The encoder's tensors by our names; notes those that are not there, and those left over."""
    taken: set[str] = set()

    def take(name: str) -> Tensor:
        taken.add(name)
        if name in state:
            return state[name].float()
        missing.append(Missing(name, "no tensor", "the checkpoint does not have it"))
        return torch.zeros(1, 1)

    positions = take("embeddings.position_embeddings.weight")[:length]
    made = {
        "0.weight": take("embeddings.word_embeddings.weight"),
        "1.weight": positions + take("embeddings.token_type_embeddings.weight")[:1],
    }
    modules = {"embeddings.LayerNorm": "2"}
    for block in range(blocks):
        modules |= {
            f"encoder.layer.{block}.{name}": f"3.{block}.{ours}" for name, ours in BLOCK.items()
        }
    for name, ours in modules.items():
        for part in ("weight", "bias"):
            made[f"{ours}.{part}"] = take(f"{name}.{part}")
    for name in sorted(state.keys() - taken):
        if not name.startswith(IGNORED):
            shape = "×".join(map(str, state[name].shape))
            missing.append(Missing(name, f"a tensor of {shape}", "no part of a BERT encoder"))
    return made
