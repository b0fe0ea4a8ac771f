"""Checkpoints as HuggingFace's libraries write them: a configuration and named tensors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import limits
from .errors import InputError, Missing, in_line
from .manifest import Model
from .records import read_safetensors

#: The file with all tensors, and the one that says where they are if there are several.
FILE, INDEX = "model.safetensors", "model.safetensors.index.json"
CONFIG = "config.json"


#: Largest numbers of a configuration; of others, as many as rows of a table.
MOST = {
    "hidden_size": limits.MAX_WIDTH,
    "intermediate_size": limits.MAX_WIDTH,
    "num_attention_heads": limits.MAX_HEADS,
    "num_hidden_layers": limits.MAX_LAYERS,
}


#: Digits of a number in an error, at most.
DIGITS = 20


class Imported(NamedTuple):
    """A model section and the tensors of its network."""

    model: Model
    """The layers of the checkpoint, and what was asked for behind them."""
    tensors: dict[str, Tensor]
    """By their names in the network. Adapters and a new head are not among them."""


def read_json(path: str | Path) -> dict[str, Any]:
    """A file with names and values; raises `InputError` for one that is something else."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {in_line(error)}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} is no configuration of a model, which has names and values")
    return found


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """All tensors of a file, or of a folder, in which they may be spread over several files."""
    path = Path(path)
    if not path.is_dir():
        return read_safetensors(path)
    if (path / FILE).exists() or not (path / INDEX).exists():
        return read_safetensors(path / FILE)
    places = read_json(path / INDEX).get("weight_map")
    if not isinstance(places, dict) or not all(_is_name(one) for one in places.values()):
        raise InputError(f"{path / INDEX} does not say in which files the tensors are")
    found: dict[str, Tensor] = {}
    for name in sorted(set(places.values())):
        found |= read_safetensors(path / name)
    return found


def _is_name(name: object) -> bool:
    """Whether it is a file of the same folder."""
    return isinstance(name, str) and Path(name).name == name


def numbers(
    config: Mapping[str, Any], usual: Mapping[str, float | None], missing: list[Missing]
) -> dict[str, Any] | None:
    """Numbers above 0 as a configuration has them, or as they are where it does not say them.

    Those of `usual` that are no integers may be any number. Returns nothing, and notes what is
    wrong, if one is missing or no such number.
    """
    found, before = {}, len(missing)
    for key, default in usual.items():
        found[key] = value = config.get(key, default)
        kinds = (int, float) if isinstance(default, float) else (int,)
        most = MOST.get(key, limits.MAX_VOCAB)
        if type(value) not in kinds or not value > 0:
            shown = "not there" if value is None else repr(value)
            missing.append(Missing(key, shown, "the configuration must have a number above 0"))
        elif value > most:
            missing.append(Missing(key, short(value), f"it may be up to {most}"))
    return None if len(missing) > before else found


def short(value: object) -> str:
    """A value of a configuration, cut if it is long."""
    text = repr(value)
    return text if len(text) <= DIGITS else f"{text[:DIGITS]}…"


class Tensors:
    """Takes tensors out of a checkpoint, noting what is missing, misshapen or left over."""

    def __init__(self, state: Mapping[str, Tensor], missing: list[Missing]) -> None:
        self.state, self.missing = state, missing
        self.taken: set[str] = set()

    def take(self, name: str, *shape: int) -> Tensor:
        """The tensor of this name, as `f32`; zeros where there is no such one."""
        self.taken.add(name)
        found = self.state.get(name)
        if found is None:
            self.missing.append(Missing(name, "no tensor", "the checkpoint does not have it"))
        elif found.shape != shape:
            reason = f"the configuration makes it {product(shape)}"
            self.missing.append(Missing(name, f"a tensor of {product(found.shape)}", reason))
        else:
            return found.float()
        # Whatever size the configuration asks for, it takes no memory.
        return torch.zeros(()).expand(shape)

    def refuse_rest(self, what: str, ignored: tuple[str, ...]) -> None:
        """Notes every tensor that was not taken, but for those whose names begin or end so."""
        for name in sorted(self.state.keys() - self.taken):
            if not name.startswith(ignored) and not name.endswith(ignored):
                shape = product(self.state[name].shape)
                self.missing.append(Missing(name, f"a tensor of {shape}", f"no part of {what}"))


def product(shape: Iterable[int]) -> str:
    """A shape in words."""
    return "×".join(map(str, shape))
