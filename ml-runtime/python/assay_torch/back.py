"""A trained model by the names that its parameters had where it came from; needs no PyTorch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from .errors import InputError, in_line

#: Names in a line, at most.
SHOWN = 6


def write_names(names: Mapping[str, str], path: str | Path) -> None:
    """Writes which tensor of our model files each parameter is, for `renamed`."""
    Path(path).write_text(json.dumps(dict(names), indent=2) + "\n", encoding="utf-8")


def read_names(path: str | Path) -> dict[str, str]:
    """What `write_names` wrote."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {in_line(error)}") from error
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise InputError(f"{path} has no names; `manifest` and `import-onnx` write some by --names")
    return found


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """All tensors of a model file."""
    try:
        return load_file(path)
    except SafetensorError as error:
        reason = in_line(error)
        raise InputError(f"{path} is no safetensors file, or cut short: {reason}") from error
    except (AttributeError, KeyError, TypeError) as error:
        # Types that numpy does not have.
        reason = "it has numbers of another type than model files of a training, which have F32"
        raise InputError(f"{path} cannot be read: {reason}: {in_line(error)}") from error


def renamed(
    tensors: Mapping[str, np.ndarray], names: Mapping[str, str]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The tensors by the names of before, and those that have none.

    Raises if some are missing, or have two names.
    """
    first: dict[str, str] = {}
    for theirs, ours in names.items():
        if (other := first.setdefault(ours, theirs)) != theirs:
            raise InputError(f"the names {other} and {theirs} are both {ours}: each has its own")
    lost = sorted(set(names.values()) - tensors.keys())
    if lost:
        raise InputError(f"the names are those of another model: this one has no {listed(lost)}")
    left = sorted(tensors.keys() - set(names.values()))
    return {theirs: tensors[ours] for theirs, ours in names.items()}, left


def write_tensors(tensors: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Writes a file that `load_state_dict` takes."""
    try:
        save_file(dict(tensors), path, metadata={"format": "pt"})
    except SafetensorError as error:
        raise InputError(f"{path} cannot be written: {in_line(error)}") from error


def listed(names: list[str]) -> str:
    """Some names, and how many more."""
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
