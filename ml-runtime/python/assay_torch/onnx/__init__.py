"""ONNX graphs to layers of a manifest and their weights; needs neither PyTorch nor the runtime.

A graph is read from its input to its output. Of every tensor it is known which layer it comes from
and in which layout (`view`), so that transposes and reshapes need no patterns; a function that is
written out in steps is recognised by its values (`functions`); attention is put together from its
products (`attention`, `rotary`). What has no form in a manifest is gathered, and nothing is made.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import Missing, OnnxError, Unsupported
from ..manifest import Model
from ..shapes import Shape
from . import arithmetic, layouts, operators, origins  # noqa: F401 - they register what they read
from .emit import Emitter, Item, last_node, numbered, repeated
from .limits import MAX_LAYERS
from .load import Graph, load
from .masks import is_used, unseen
from .network import settle
from .reader import NOTES, Reader
from .values import Expr, Flow, Node, Refused

__all__ = ["Imported", "OnnxError", "import_onnx"]


class Imported(NamedTuple):
    """What a file says, in our words."""

    model: Model
    tensors: dict[str, np.ndarray]
    """`float32`, by their names in the manifest's network."""
    output: Shape
    """Of the logits of one record."""
    softmax: str
    """The softmax at the end that is left out, as the loss does it; nothing if there is none."""
    vocab: int
    """Rows of the first table, 0 for a model of numbers."""
    is_bytes: bool
    """Whether the graph takes bytes and not floats."""
    scale: float
    """The graph works on `x · scale + shift`, which the data section says."""
    shift: float
    notes: list[str]
    """What differs from the file, for a person."""
    names: dict[str, str]
    """Of `tensors`, by the names of the file's own that are each of them, unchanged and alone."""


def import_onnx(
    path: str | Path,
    *,
    input: str = "input",
    mask: str = "mask",
    shape: list[int] | None = None,
    output: str | None = None,
    channels_last: bool = False,
    dropout: bool = True,
    first_position: int = 0,
    with_names: bool = True,
) -> Imported:
    """The layers and weights of an ONNX file.

    `input` is the name of the field that the model is to be fed, and `mask` that of the one that
    marks padding, for a graph that has an input for that (`attention_mask`). `shape` is that of one
    record, in the order of the graph, where the file leaves it open. `output` names the logits
    where there are several outputs. With `channels_last`, the graph's images are rows × columns ×
    channels; without `dropout`, the graph's is left out. An input of positions gets these from
    `first_position` on. Without `with_names`, `names` stays empty, and the graph is not read twice
    for it. Raises `OnnxError` for a file that is broken and `Unsupported` with all that has no form
    in a manifest.
    """
    graph = load(Path(path), output)
    options = {
        "shape": shape,
        "channels_last": channels_last,
        "dropout": dropout,
        "first_position": first_position,
    }
    read = _read(graph, options)
    reader, emitter, last, notes = read.reader, read.emitter, read.last, read.notes
    source, items = emitter.order[0], read.items
    missing = [Missing(one.source, one.kind, reason) for one, reason in unseen(emitter.order)]
    if missing:
        raise Unsupported(missing)
    has_mask = is_used(emitter.order)
    notes += [
        f"{', '.join(names)}: {text}"
        for text, names in reader.notes.items()
        if has_mask or text != NOTES["mask"]
    ]
    notes += origins.shared(emitter.order, emitter.tied)
    notes += origins.scaled(emitter.order) + origins.constant(emitter.order)
    arrays = numbered(items)
    tensors = {
        name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()
    }
    broken = [
        Missing(name, "weights", "some are infinite, or no number, as float32")
        for name, array in tensors.items()
        if not np.isfinite(array).all()
    ]
    if not tensors:
        broken.append(Missing(graph.output, "output", "no layer has weights to train"))
    if broken:
        raise Unsupported(broken)
    tables = [one for one in emitter.order if one.kind == "embedding"]
    return Imported(
        Model(
            input,
            reader.shape,
            tuple(one.layer for one in items),
            mask if has_mask else None,
        ),
        tensors,
        last.shape,
        read.softmax,
        max((one.options["vocab"] for one in tables), default=0),
        bool(source.options.get("bytes")),
        source.options.get("scale", 1.0),
        source.options.get("shift", 0.0),
        notes,
        _names(graph, options, read) if with_names else {},
    )


class _Read(NamedTuple):
    """A graph that was read."""

    reader: Reader
    emitter: Emitter
    last: Node
    items: list[Item]
    notes: list[str]
    softmax: str


def _read(graph: Graph, options: dict[str, Any]) -> _Read:
    """The layers of a graph; raises `Unsupported` if some of it has none."""
    reader = Reader(graph, **options)
    value = reader.run()
    notes: list[str] = []
    try:
        if not isinstance(value, Flow | Expr):
            raise Refused("it does not depend on the input")
        last, softmax = last_node(settle(value))
        if softmax:
            notes.append(f"{softmax}: the softmax at the end is left out; the loss does it")
        emitter = Emitter(last)
        if missing := origins.twice(emitter.order):
            raise Unsupported(missing)
        items = emitter.chain(last, emitter.order[0])
        if not items or emitter.count > MAX_LAYERS:
            raise Refused(f"a model has 1 to {MAX_LAYERS} layers, not {emitter.count}")
    except Refused as error:
        where = (error.at.name, error.at.title) if error.at else (graph.output, "output")
        raise Unsupported([Missing(*where, str(error))]) from error
    return _Read(reader, emitter, last, repeated(items), notes, softmax)


def _names(graph: Graph, options: dict[str, Any], read: _Read) -> dict[str, str]:
    """Parameters by the tensors of the file that they are, whatever their numbers.

    Zeros stay zeros when they are turned or scaled, so the graph is read once more with tensors in
    which every number is another one.
    """
    order, tied = read.emitter.order, read.emitter.tied
    names = origins.named(order, numbered(read.items), read.reader.takers, tied)
    if not names:
        return {}
    other = origins.others(graph.constants, names)
    try:
        again = _read(replace(graph, constants={**graph.constants, **other}), options)
    except Unsupported:
        return {}
    if [one.layer for one in again.items] != [one.layer for one in read.items]:
        return {}
    return origins.unchanged(names, numbered(again.items), other)
