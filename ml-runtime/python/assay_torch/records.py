"""Records of a data set as tensors, and model files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .errors import InputError, ManifestError, in_line
from .layers import Layer
from .manifest import FORMATS, Data, Manifest
from .shapes import Image, numbers_of

#: Names of parameters in an error, at most.
SHOWN = 4


def _field(data: Data, name: str, records: np.ndarray) -> np.ndarray:
    """The elements of a field, `records × width`; `records` is `records × record_size` bytes."""
    field = data.fields[name]
    kind = np.dtype(FORMATS[field.format])
    end = field.offset + field.width * kind.itemsize
    if end > data.record_size:
        raise ManifestError(f"field {name} ends at byte {end} of {data.record_size}")
    return np.ascontiguousarray(records[:, field.offset : end]).view(kind)


def load_records(manifest: Manifest, content: bytes | np.ndarray) -> tuple[Tensor, Tensor]:
    """Inputs and labels, or targets, of all records in `content`, a whole number of them.

    Inputs are `float32` (`records × features`, `× length × features`, or for images, whose records
    have channels innermost, `× channels × height × width`), or `int64` tokens (`× length`). Labels
    are `int64`, `records` or, with one per position, `records × length`; targets are `float32`,
    `records × numbers`.
    """
    data, model = manifest.data, manifest.model
    flat = np.frombuffer(content, np.uint8)
    if flat.size == 0 or flat.size % data.record_size:
        raise ManifestError(f"{flat.size} bytes are no records of {data.record_size}")
    records = flat.reshape(-1, data.record_size)
    found = _field(data, manifest.wanted, records)
    if manifest.loss["kind"] == "mse":
        goal = data.fields[manifest.wanted]
        labels = torch.from_numpy(found.astype(np.float32)) * goal.scale + goal.shift
    else:
        labels = torch.from_numpy(found.astype(np.int64)).squeeze(1)
    field = data.fields[model.input]
    values = _field(data, model.input, records)
    if field.format.startswith("token"):
        rows = _rows(model.layers)
        if rows is not None and values.max() >= rows:
            raise ManifestError(
                f"field {model.input} has the token {values.max()}, but its table has {rows} rows"
            )
        return torch.from_numpy(values.astype(np.int64)), labels
    numbers = torch.from_numpy(values.astype(np.float32)) * field.scale + field.shift
    numbers = numbers.reshape(-1, *numbers_of(model.shape))
    if isinstance(model.shape, Image):
        numbers = numbers.permute(0, 3, 1, 2).contiguous()
    return numbers, labels


def _rows(layers: Iterable[Layer]) -> int | None:
    """Those of the first table of tokens."""
    for one in layers:
        found = one["vocab"] if one.kind == "embedding" else _rows(one.layers)
        if found is not None:
            return found
    return None


class Masks(NamedTuple):
    """Which positions and labels of each record count."""

    seen: Tensor | None
    """`records × length`, false for padding; nothing if the model has no mask."""
    counted: Tensor | None
    """As the labels, false for those that do not count; nothing if all do."""

    def of(self, index: Tensor | slice) -> Masks:
        """Those of some records."""
        return Masks(*(None if one is None else one[index] for one in self))

    def inputs(self) -> tuple[Tensor, ...]:
        """What a network takes behind its inputs."""
        return () if self.seen is None else (self.seen,)


#: Everything counts.
NO_MASKS = Masks(None, None)


def load_masks(manifest: Manifest, content: bytes | np.ndarray) -> Masks:
    """The masks of all records in `content`."""
    data = manifest.data
    records = np.frombuffer(content, np.uint8).reshape(-1, data.record_size)

    def seen(name: str | None) -> Tensor | None:
        if name is None:
            return None
        field = data.fields[name]
        numbers = _field(data, name, records).astype(np.float32)
        return torch.from_numpy(numbers * np.float32(field.scale) + np.float32(field.shift) != 0)

    padding, own = seen(manifest.model.mask), seen(manifest.loss.get("mask"))
    if own is not None:
        return Masks(padding, own.squeeze(1))
    # Labels of positions are padded where the positions are.
    sequence = _is_sequence(manifest)
    return Masks(padding, padding if sequence else None)


def _is_sequence(manifest: Manifest) -> bool:
    """Whether what leaves the model is one: without a pool, and not flattened, it stays one."""

    def ends(layers: Iterable[Layer]) -> bool:
        return any(one.kind in ("pool", "flatten") or ends(one.layers) for one in layers)

    return not ends(manifest.model.layers)


def save_safetensors(parameters: nn.Module | Mapping[str, Tensor], path: str | Path) -> None:
    """Writes a model file that a task with the same layers may start from.

    Takes a network of `from_manifest`, or tensors by their names in a manifest's network, as
    `to_manifest` and `import_bert` make them.
    """
    named = parameters.state_dict() if isinstance(parameters, nn.Module) else parameters
    tensors = {name: one.detach().float().contiguous().clone() for name, one in named.items()}
    try:
        save_file(tensors, str(path))
    except SafetensorError as error:
        raise InputError(f"{path} cannot be written: {in_line(error)}") from error


def read_safetensors(path: str | Path) -> dict[str, Tensor]:
    """All tensors of a file; raises `InputError` for one that is no such file, or is cut short."""
    if Path(path).is_dir():
        raise InputError(f"{path} is a folder; name the .safetensors file in it")
    try:
        return load_file(str(path))
    except SafetensorError as error:
        reason = in_line(error)
        raise InputError(f"{path} is no safetensors file, or cut short: {reason}") from error


def load_safetensors(module: nn.Module, path: str | Path) -> None:
    """Fills a network of `from_manifest` from a model file with exactly its parameters."""
    found, wanted = read_safetensors(path), module.state_dict()
    shapes = {name: tuple(one.shape) for name, one in found.items()}
    differences = {
        "it lacks": wanted.keys() - found.keys(),
        "the manifest has no": found.keys() - wanted.keys(),
        "it has another shape of": {
            name for name in wanted.keys() & found.keys() if shapes[name] != wanted[name].shape
        },
    }
    lines = [f"{what} {_some(names)}" for what, names in differences.items() if names]
    if lines:
        raise ManifestError(f"{path} does not fit the manifest: {'; '.join(lines)}")
    module.load_state_dict(found)


def _some(names: Collection[str]) -> str:
    first, rest = sorted(names)[:SHOWN], len(names) - SHOWN
    return ", ".join(first) + (f" and {rest} more" if rest > 0 else "")
