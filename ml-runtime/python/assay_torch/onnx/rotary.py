"""Rotary positions, as they are exported: halves of heads exchanged, two tables, a sum."""

from __future__ import annotations

import math

import numpy as np

from .network import layer_of
from .values import Expr, Flow, Node, Refused
from .view import Atom, Axes, joined, whole

Array = np.ndarray

#: Largest difference of a table of `f32` from the exact one, at positions up to thousands.
CLOSE = 2e-3


def rotated(parts: list[Flow | Expr], source: str) -> Flow:
    """`concat(−high, low)` of the halves of each head, or what turns of it and what does not."""
    if len(parts) == 2 and all(isinstance(part, Flow) for part in parts):
        found = _in_part(*parts, source)
        if found is not None:
            return found
    if len(parts) == 2 and isinstance(parts[0], Expr) and isinstance(parts[1], Flow):
        high, low = parts[0].base, parts[1]
        negative = parts[0].op == "Neg" and parts[0].args[0] is high
        halves = high.node.kind == low.node.kind == "slice"
        if negative and halves and high.axes == low.axes:
            found = _joined(high, low, source)
            if found is not None:
                return found
    raise Refused("joins outputs of layers; only the halves of rotary positions can be joined")


def _joined(high: Flow, low: Flow, source: str) -> Flow | None:
    base = high.node.inputs[0]
    half = math.prod(atom.size for atom in low.axes[-1])
    if base is not low.node.inputs[0] or low.axes[-1] != whole("c", half):
        return None
    width = 2 * half
    digit = np.arange(base.sizes["c"]) % width
    rows = [np.flatnonzero(digit >= half), np.flatnonzero(digit < half)]
    given = [high.node.options["rows"], low.node.options["rows"]]
    if not all(np.array_equal(a, b) for a, b in zip(rows, given, strict=True)):
        return None

    def doubled(atom: Atom) -> Atom:
        return Atom("c", atom.stride * 2, atom.size) if atom.axis == "c" else atom

    axes = [joined([doubled(atom) for atom in group]) for group in low.axes[:-1]]
    made = Node("rotated", (base,), base.sizes, source=source, options={"width": width})
    return Flow(made, (*axes, whole("c", width)))


def _in_part(turned: Flow, still: Flow, source: str) -> Flow | None:
    """Heads of which the first numbers turn."""
    if turned.node.kind != "rope" or still.node.kind != "slice":
        return None
    part = turned.node.inputs[0].made.get("cut from")
    if part is None or turned.node.options["in front"]:
        return None
    base = still.node.inputs[0]
    dims, rest = (math.prod(atom.size for atom in one.axes[-1]) for one in (turned, still))
    width = dims + rest
    if part.inputs[0] is not base or base.sizes["c"] % width:
        return None
    digit = np.arange(base.sizes["c"]) % width
    rows = [np.flatnonzero(digit < dims), np.flatnonzero(digit >= dims)]
    given = [part.options["rows"], still.node.options["rows"]]
    if not all(np.array_equal(a, b) for a, b in zip(rows, given, strict=True)):
        return None

    def widened(one: Flow, own: int) -> Axes:
        """The axes of one part as those of whole heads."""
        groups = [
            [atom._replace(stride=atom.stride // own * width) if atom.axis == "c" else atom
             for atom in group]
            for group in one.axes[:-1]
        ]  # fmt: skip
        return (*map(joined, groups), whole("c", width))

    axes = widened(turned, dims)
    if turned.axes[-1] != whole("c", dims) or still.axes[-1] != whole("c", rest):
        return None
    if axes != widened(still, rest) or turned.node.options["dims"] != dims:
        return None
    if rest % 2:
        raise Refused(
            f"heads of {width} numbers; of an odd number, rotary positions have no halves"
        )
    options = {**turned.node.options, "width": width, "in front": True}
    return Flow(Node("rope", (base,), base.sizes, source=source, options=options), axes)


def pairs(width: int, dims: int) -> Array:
    """Numbers of a head of which the first `dims` turn, so that i and i + width / 2 are a pair."""
    front, back = np.arange(dims).reshape(2, -1), np.arange(dims, width).reshape(2, -1)
    return np.concatenate([front, back], 1).reshape(-1)


def times(flow: Flow, table: Array, source: str) -> Flow:
    """A flow with a factor per position and channel."""
    node = Node("times", (flow.node,), flow.node.sizes, source=source, tensors={"table": table})
    return Flow(node, flow.axes)


def turned(left: Flow, right: Flow, source: str) -> Flow:
    """`x · cos + rotated(x) · sin`."""
    if left.node.inputs[0].kind == "rotated":
        left, right = right, left
    straight, crossed = left.node.inputs[0], right.node.inputs[0]
    if crossed.kind != "rotated" or left.axes != right.axes:
        raise Refused("factors per position are there only as rotary positions of attention")
    x, y = (layer_of(Flow(one, left.axes)) for one in (straight, crossed.inputs[0]))
    if x is not y:
        raise Refused("rotary positions turn one layer's output, and not two")
    width = crossed.options["width"]
    cos, sin = (one.node.tensors["table"] for one in (left, right))
    base, dims = base_of(cos, sin, width)
    options = {"width": width, "rope": base, "dims": dims, "in front": False}
    return Flow(Node("rope", (x,), x.sizes, source=source, options=options), left.axes)


def base_of(cos: Array, sin: Array, width: int) -> tuple[float, int]:
    """The base of tables of positions × channels, and how many numbers of a head turn."""
    half, base = width // 2, 10000.0
    turning = half
    length = cos.shape[0]
    if length > 1 and half > 1:
        steps = np.arctan2(sin[1, :half], cos[1, :half])
        turning = int(np.count_nonzero(steps)) or half
        if (steps[:turning] <= 0).any():
            raise Refused("tables of rotary positions that no base has")
    if length > 1 and turning > 1:
        each = -np.log(steps[1:turning]) * turning / np.arange(1, turning)
        # The first one has the least error; bases are round numbers.
        base = float(f"{math.exp(float(each[0])):.5g}")
    step = base ** (-np.arange(turning) / turning)
    step = np.concatenate([step, np.zeros(half - turning)])
    angle = np.tile(np.outer(np.arange(length), step), (1, 2 * cos.shape[1] // width))
    gap = max(np.abs(np.cos(angle) - cos).max(), np.abs(np.sin(angle) - sin).max())
    if gap > CLOSE or not 1 < base <= 1e9:
        raise Refused(
            f"tables of rotary positions that are {gap:.2g} away from those of the closest base "
            f"({base:g}); columns i and i + width/2 of a head must turn together"
        )
    return base, 2 * turning
