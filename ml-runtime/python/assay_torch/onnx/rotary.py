"""Rotary positions, as they are exported: halves of heads exchanged, two tables, a sum."""

from __future__ import annotations

import math

import numpy as np

from .network import real
from .values import Expr, Flow, Node, Refused
from .view import Atom, joined, whole

Array = np.ndarray

#: Largest difference of a table of `f32` from the exact one, at positions up to thousands.
CLOSE = 2e-3


def rotated(parts: list[Flow | Expr], source: str) -> Flow:
    """`concat(−high, low)` of the halves of each head."""
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
    x, y = real(Flow(straight, left.axes)).node, real(Flow(crossed.inputs[0], left.axes)).node
    if x is not y:
        raise Refused("rotary positions turn one layer's output, and not two")
    width = crossed.options["width"]
    cos, sin = (one.node.tensors["table"] for one in (left, right))
    options = {"width": width, "rope": base_of(cos, sin, width)}
    return Flow(Node("rope", (x,), x.sizes, source=source, options=options), left.axes)


def base_of(cos: Array, sin: Array, width: int) -> float:
    """The base of tables of positions × channels."""
    half, base = width // 2, 10000.0
    length = cos.shape[0]
    if length > 1 and half > 1:
        steps = np.arctan2(sin[1, 1:half], cos[1, 1:half])
        if (steps <= 0).any():
            raise Refused("tables of rotary positions that no base has")
        each = -np.log(steps) * width / (2 * np.arange(1, half))
        # The first one has the least error; bases are round numbers.
        base = float(f"{math.exp(float(each[0])):.5g}")
    step = base ** (-2.0 * np.arange(half) / width)
    angle = np.tile(np.outer(np.arange(length), step), (1, 2 * cos.shape[1] // width))
    gap = max(np.abs(np.cos(angle) - cos).max(), np.abs(np.sin(angle) - sin).max())
    if gap > CLOSE or not 1 < base <= 1e9:
        raise Refused(
            f"tables of rotary positions that are {gap:.2g} away from those of the closest base "
            f"({base:g}); columns i and i + width/2 of a head must turn together"
        )
    return base
