"""How a tensor of ONNX lies over a layer's output: its axes are made of parts of the layer's.

A layer's output has the axes b (batch), t (positions), c (channels or features), h and w (rows and
columns of an image); scores of attention have n (heads) and k (positions of keys) as well. An axis
of a tensor is a tuple of atoms, outermost first. `Reshape` splits and joins atoms, `Transpose`
exchanges axes, and what a tensor of any layout means for the layer stays known.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

#: Stands for a batch that the file leaves open: a prime, so that no reshape divides it by accident.
BATCH = 101


class Atom(NamedTuple):
    """A digit of the index along `axis`: it has the weight `stride` and `size` values."""

    axis: str
    stride: int
    size: int


#: The axis of what is repeated: along its digits all is the same.
REPEATED = "r"

Group = tuple[Atom, ...]
Axes = tuple[Group, ...]


class ViewError(ValueError):
    """A reshape that cuts through what belongs together."""


def whole(axis: str, size: int) -> Group:
    """An axis of a tensor that is all of a layer's axis."""
    return (Atom(axis, 1, size),) if size > 1 else ()


def joined(group: Group | list[Atom]) -> Group:
    """The same digits in as few atoms as possible."""
    made: list[Atom] = []
    for atom in group:
        if atom.size == 1:
            continue
        last = made[-1] if made else None
        if last and last.axis == atom.axis and last.stride == atom.stride * atom.size:
            made[-1] = Atom(atom.axis, atom.stride, last.size * atom.size)
        else:
            made.append(atom)
    return tuple(made)


def length(group: Group) -> int:
    """Elements along an axis of a tensor."""
    return math.prod(atom.size for atom in group)


def dims(axes: Axes) -> list[int]:
    """The shape of a tensor."""
    return [length(group) for group in axes]


def shown(axes: Axes) -> str:
    """The shape of a tensor, for a person."""
    parts = []
    for group in axes:
        rest = math.prod(atom.size for atom in group if atom.axis != "b")
        batch = ["batch"] if any(atom.axis == "b" for atom in group) else []
        parts.append(" · ".join([*batch, *([str(rest)] if rest > 1 or not batch else [])]))
    return f"[{', '.join(parts)}]"


def sizes_shown(sizes: list[int]) -> str:
    """The shape that a graph asks for, in which an open batch is a number."""
    parts = []
    for size in sizes:
        rest, above = divmod(size, BATCH)
        is_batch = rest > 0 and above == 0
        parts.append(f"batch · {rest}".removesuffix(" · 1") if is_batch else str(size))
    return f"[{', '.join(parts)}]"


def reshape(axes: Axes, sizes: list[int]) -> Axes:
    """The axes after a reshape to `sizes`, all of them positive."""
    rest = [atom for group in axes for atom in group][::-1]
    made = []
    for size in sizes:
        group: list[Atom] = []
        while size > 1:
            if not rest:
                raise ViewError(f"{shown(axes)} has fewer numbers than {sizes_shown(sizes)}")
            atom = rest.pop()
            if size % atom.size == 0:
                group.append(atom)
                size //= atom.size
                continue
            if atom.size % size:
                raise ViewError(f"a reshape of {shown(axes)} to {sizes_shown(sizes)} mixes axes")
            inner = atom.size // size
            group.append(Atom(atom.axis, atom.stride * inner, size))
            rest.append(Atom(atom.axis, atom.stride, inner))
            size = 1
        made.append(joined(group))
    if rest:
        raise ViewError(f"{shown(axes)} has more numbers than {sizes_shown(sizes)}")
    return tuple(made)


def offsets(group: Group, weights: dict[str, int]) -> np.ndarray | None:
    """For each index along the axis, the index in an order where axes have these weights.

    `None` if the axis has parts of an axis that is not among them.
    """
    found = np.zeros(1, np.int64)
    for atom in group:
        if atom.axis not in weights:
            return None
        step = weights[atom.axis] * atom.stride
        found = (found[:, None] + np.arange(atom.size, dtype=np.int64) * step).reshape(-1)
    return found


def cover(group: Group, sizes: dict[str, int]) -> np.ndarray | None:
    """A permutation: where each index along the axis lies in the row-major order of `sizes`.

    `None` unless the axis has exactly all the numbers of these axes.
    """
    total = math.prod(sizes.values())
    if length(group) != total:
        return None
    weights, below = {}, total
    for axis, size in sizes.items():
        below //= size
        weights[axis] = below
    found = offsets(group, weights)
    if found is None or not np.array_equal(np.sort(found), np.arange(total)):
        return None
    return found


def renumber(axes: Axes, axis: str) -> Axes:
    """New strides for the digits of an axis of which some are gone, in the order they had."""
    left = sorted({a for group in axes for a in group if a.axis == axis}, key=lambda a: a.stride)
    stride, strides = 1, {}
    for atom in left:
        strides[atom] = Atom(axis, stride, atom.size)
        stride *= atom.size
    return tuple(joined([strides.get(atom, atom) for atom in group]) for group in axes)


def spread(array: np.ndarray, axes: Axes, sizes: dict[str, int]) -> np.ndarray | None:
    """A constant that is broadcast against a tensor, as an array over the layer's axes `sizes`.

    `None` if it varies along other axes. A batch along which all is the same does not count.
    """
    padded = array.reshape((1,) * (len(axes) - array.ndim) + array.shape)
    if padded.ndim != len(axes):
        return None
    atoms: list[Atom] = []
    parts: list[int] = []
    for place, group in enumerate(axes):
        size = padded.shape[place]
        if size == 1:
            continue
        if size != length(group):
            return None
        if {atom.axis for atom in group} == {"b"}:
            first = padded.take([0], axis=place)
            if not np.array_equal(np.broadcast_to(first, padded.shape), padded):
                return None
            padded = first
            continue
        atoms += group
        parts += [atom.size for atom in group]
    if any(atom.axis not in sizes for atom in atoms):
        return None
    return _placed(padded.reshape(parts), atoms, sizes)


def _placed(array: np.ndarray, atoms: list[Atom], sizes: dict[str, int]) -> np.ndarray:
    """From a dimension per atom to one per axis; along digits that are missing all is alike."""
    order, shape = [], []
    for axis, size in sizes.items():
        mine = sorted((a for a in atoms if a.axis == axis), key=lambda a: -a.stride)
        rest = size
        for atom in mine:
            gap = rest // (atom.stride * atom.size)
            if gap > 1:
                shape.append((1, gap))
            order.append(atoms.index(atom))
            shape.append((atom.size, atom.size))
            rest = atom.stride
        shape.append((1, rest))
    array = array.transpose(order).reshape([have for have, _ in shape])
    return np.broadcast_to(array, [want for _, want in shape]).reshape(list(sizes.values()))
