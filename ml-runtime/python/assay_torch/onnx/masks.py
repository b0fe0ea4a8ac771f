"""Masks for padding: what a graph computes of one, recognised by its values.

However an exporter writes a mask, what it adds to scores for a given mask is a matter of numbers:
all that a graph computes of its mask alone is computed, for several masks, and compared with what
a manifest's mask means where it meets the model's own data.
"""

from __future__ import annotations

import numpy as np

from .network import real, settle
from .values import Expr, Flow, Mask, Node, Refused
from .view import Axes, length, offsets, whole

Array = np.ndarray

#: Below this, a mask hides.
HIDDEN = -1e4
#: What is said about others.
OTHER = (
    "a mask on scores that does more than hide what the graph's mask marks as padding: it adds 0 "
    f"to what is seen, and {HIDDEN:g} or less to padding"
)
#: Records whose masks are tried, at least.
RECORDS = 32


def samples(batch: int, positions: int) -> list[Array]:
    """Masks of batches, each `batch × positions`, false for padding; every record has some text."""
    random = np.random.default_rng(2)
    made = []
    for _ in range(-(-RECORDS // batch)):
        seen = random.random((batch, positions)) < random.random((batch, 1))
        seen[np.arange(batch), random.integers(0, positions, batch)] = True
        made.append(seen)
    return made


def _spread(array: Array, axes: Axes, weights: dict[str, int]) -> tuple[Array, Array] | None:
    """An array with an axis for each of a tensor, and for each of its elements an index.

    The index is in an order where axes of the layer have these weights. `None` if the array cannot
    be broadcast, or is where it would repeat along an axis that has a weight.
    """
    if array.ndim > len(axes):
        return None
    array = array.reshape((1,) * (len(axes) - array.ndim) + array.shape)
    index = np.zeros(1, np.int32)
    for size, group in zip(array.shape, axes, strict=True):
        each: Array | None = np.zeros(1, np.int64)
        if size == length(group):
            each = offsets(group, weights)
        elif size != 1 or any(weights.get(atom.axis, 1) for atom in group):
            return None
        if each is None:
            return None
        index = (index[:, None] + each.astype(np.int32)).reshape(-1)
    return array, index.reshape(array.shape)


def hide(flow: Flow, mask: Mask) -> Flow:
    """Scores to which a mask is added."""
    node, positions = flow.node, flow.node.sizes["t"]
    if flow.axes[-2:] != (whole("t", positions), whole("k", positions)):
        raise Refused("a mask on scores in another layout")
    pairs = zip(mask.arrays, mask.seen, strict=True)
    causal = {_hides(array, flow.axes, seen) for array, seen in pairs} - {None}
    if len(causal) > 1:
        raise Refused(OTHER)
    options = {**node.options, "padding": True}
    options["causal"] |= True in causal
    return Flow(node.change(options=options), flow.axes)


def _hides(array: Array, axes: Axes, seen: Array) -> bool | None:
    """Whether a mask that hides padding also hides what is later.

    `None` where these records do not show it. Raises if it is another mask.
    """
    positions = seen.shape[1]
    lead = array.reshape((1,) * (len(axes) - array.ndim) + array.shape)
    found = _spread(lead[..., 0, 0], axes[:-2], {"b": 1, "n": 0})
    if found is None:
        raise Refused("a mask on scores that is not one for each record, alike for all heads")
    rows = seen[found[1].reshape(-1)]
    queries = lead.shape[-2]
    body = lead.reshape(-1, *lead.shape[-2:])
    body = np.broadcast_to(body, (len(rows), queries, positions))
    shown, low = body == 0, body <= HIDDEN
    # What queries of padding see goes nowhere.
    asked = rows[:, :, None] if queries > 1 else np.ones((1, 1, 1), bool)
    keys, past = rows[:, None, :], np.tri(positions, dtype=bool)
    if queries == 1:
        past = np.ones((1, positions), bool)
    hides = (low | keys | ~asked).all() and (shown | ~keys | ~past | ~asked).all()
    ahead = keys & ~past & asked
    causal = bool((low | ~ahead).all())
    if not hides or not (causal or (shown | ~ahead).all()):
        raise Refused(OTHER)
    return causal if ahead.any() else None


def times(value: Flow | Expr, mask: Mask, source: str) -> Flow:
    """Vectors with 0 for those of padding, on their way to a mean."""
    flow = settle(value)
    if flow.node.kind == "seen_sum":
        return _mean(flow, mask, source, power=-1)
    sizes = flow.node.sizes
    if set(sizes) != {"t", "c"}:
        raise Refused("a mask is there for attention and for means over positions only")
    node = real(flow).node
    for array, seen in zip(mask.arrays, mask.seen, strict=True):
        found = _spread(array, flow.axes, {"b": sizes["t"], "t": 1, "c": 0})
        if found is None or not np.array_equal(found[0], seen.reshape(-1)[found[1]]):
            raise Refused("a factor that is made of the mask, but is not 1 for what it shows")
    return Flow(Node("seen", (node,), sizes, source=source), flow.axes)


def total(flow: Flow, axes: Axes, source: str) -> Flow:
    """The sum over positions of what is seen."""
    inner = flow.node.inputs[0]
    return Flow(Node("seen_sum", (inner,), {"c": inner.sizes["c"]}, source=source), axes)


def divided(value: Flow | Expr, mask: Mask, source: str) -> Flow:
    """A sum over positions by how many they are."""
    flow = settle(value)
    if flow.node.kind != "seen_sum":
        raise Refused("it divides by what is made of the mask; only the mean over positions does")
    return _mean(flow, mask, source, power=1)


def _mean(flow: Flow, mask: Mask, source: str, *, power: int) -> Flow:
    """The layer, if the mask has counts (or their reciprocals, of `power` −1)."""
    for array, seen in zip(mask.arrays, mask.seen, strict=True):
        found = _spread(array, flow.axes, {"b": 1, "c": 0})
        counts = seen.sum(1).astype(np.float64) ** power
        if found is None or not np.allclose(found[0], counts[found[1]], rtol=1e-5, atol=0):
            raise Refused("a mean over positions that is not by how many the mask shows")
    options = {"take": "mean", "padding": True}
    made = Node("pool", flow.node.inputs, flow.node.sizes, source=source, options=options)
    return Flow(made, flow.axes)


def additive(mask: Mask, hidden: float, *, shown: bool) -> Mask:
    """What a choice by a condition adds to scores: `hidden` where it is not `shown`."""
    return mask.map(lambda array: np.where(array == shown, np.float32(0), np.float32(hidden)))


def negative(mask: Mask) -> Mask:
    """With the other sign."""
    return mask.map(np.negative)


def unseen(order: list[Node]) -> list[tuple[Node, str]]:
    """Nodes that look at padding in a model where others do not, each with the reason."""
    if not is_used(order):
        return []
    hints = {
        "attention": "give it the mask",
        "mean": "take that of what the mask shows",
        "last": "the last position may be padding; take the first, or the mean of what it shows",
    }
    found = []
    for one in order:
        hint = hints.get(one.options.get("take", one.kind))
        if hint and not one.options.get("padding"):
            reason = "it looks at padding, and a manifest's mask is for all attention and means"
            found.append((one, f"{reason}: {hint}"))
    flat = [one for one in order if one.kind == "flatten" and "t" in one.inputs[0].sizes]
    return found + [
        (one, "padding cannot be flattened; take the mean or a position") for one in flat
    ]


def is_used(order: list[Node]) -> bool:
    """Whether anything looks at a mask."""
    return any(one.options.get("padding") for one in order)
