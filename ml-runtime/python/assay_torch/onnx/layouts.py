"""Operators that move numbers and compute none."""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto

from . import limits, origins, rotary
from .arithmetic import base
from .network import LAYERS, append, real, settle
from .reader import FLOATS, TOKENS, Call, register
from .values import Expr, Flow, Node, Refused, Value
from .view import (
    REPEATED,
    Atom,
    Axes,
    joined,
    length,
    offsets,
    renumber,
    reshape,
    sizes_shown,
    whole,
)


def moved(call: Call) -> Flow:
    """The first input as a flow; a factor before a change of layout is taken into its layer."""
    return settle(call.flow(0))


@register("Identity")
def nothing(call: Call) -> Value:
    """The input itself."""
    return call.flow(0)


@register("Dropout")
def dropout(call: Call) -> Value:
    """A layer, whether the file is for training or not: it is there for the training."""
    ratio = call.constant(1, "the ratio")
    ratio = call.attribute("ratio", 0.5) if ratio is None else ratio.reshape(())
    p = float(str(np.float32(ratio)))
    if not 0 <= p < 1:
        raise Refused(f"ratio {p:g}; it must be below 1")
    value = call.given(0)
    if isinstance(value, np.ndarray):
        call.note("dropout of a constant: left out, as it does nothing outside of training")
        return value
    kind = base(call.flow(0)).node.kind
    if p == 0:
        return value
    if not call.reader.dropout:
        call.note("dropout: left out, as --no-dropout says")
        return value
    if kind not in LAYERS:
        inside = {"gated": "SwiGLU and GEGLU", "slice": "the parts of a linear layer"}
        call.note(
            f"dropout inside of {inside.get(kind, 'attention')}: left out, as a manifest has none "
            "there; it does nothing outside of training, so the logits are still those of the file"
        )
        return value
    return append(settle(value), "dropout", call.name, p=p)


@register("Cast", "CastLike")
def cast(call: Call) -> Value:
    """Another type of the same numbers: everything here is `f32`, and tokens are tokens."""
    value, to = call.flow(0), call.attribute("to")
    node = value.node if isinstance(value, Flow) else value.base.node
    wanted = TOKENS if node.options.get("tokens") else FLOATS
    if to is not None and to not in wanted:
        raise Refused(f"makes {TensorProto.DataType.Name(to)} of numbers; they stay what they are")
    return value


@register("Shape")
def shape(call: Call) -> Value:
    """A constant, as all shapes are known."""
    sizes = call.flow(0).dims
    start, end = call.attribute("start", 0), call.attribute("end", len(sizes))
    return np.asarray(sizes[start:end], np.int64)


@register("Size")
def size(call: Call) -> Value:
    """A constant."""
    return np.asarray(math.prod(call.flow(0).dims), np.int64)


@register("Transpose")
def transpose(call: Call) -> Value:
    """Axes in another order."""
    flow = moved(call)
    order = call.attribute("perm") or range(len(flow.axes))[::-1]
    # PyTorch writes negative ones, which the standard does not have.
    order = [place % len(flow.axes) for place in order]
    if sorted(order) != list(range(len(flow.axes))):
        raise Refused(f"perm {order} is no order of {len(flow.axes)} axes")
    return as_sequence(Flow(flow.node, tuple(flow.axes[place] for place in order)))


@register("Reshape")
def reshaped(call: Call) -> Value:
    """Axes split and joined."""
    flow, sizes = moved(call), [int(n) for n in call.needed(1, "the shape")]
    have = flow.dims
    if not call.attribute("allowzero", 0):
        sizes = [have[place] if n == 0 else n for place, n in enumerate(sizes)]
    if sizes.count(-1) == 1:
        rest = -math.prod(sizes)
        if rest == 0 or math.prod(have) % rest:
            raise Refused(f"{flow.shown} numbers cannot become {sizes_shown(sizes)}")
        sizes[sizes.index(-1)] = math.prod(have) // rest
    if min(sizes, default=1) < 1:
        raise Refused(f"{sizes_shown(sizes)} is no shape")
    if math.prod(sizes) * call.batch == math.prod(have) and call.batch > 1:
        raise Refused(
            "it is written for a batch of one record; export the model with an open batch"
        )
    return as_sequence(Flow(flow.node, reshape(flow.axes, sizes)))


@register("Flatten")
def flatten(call: Call) -> Value:
    """Two axes."""
    flow, axis = moved(call), call.attribute("axis", 1)
    axis = axis + len(flow.axes) if axis < 0 else axis
    sizes = flow.dims
    return Flow(flow.node, reshape(flow.axes, [math.prod(sizes[:axis]), math.prod(sizes[axis:])]))


@register("Squeeze")
def squeeze(call: Call) -> Value:
    """Without axes of one element."""
    flow, axes = moved(call), call.ints("axes", 1)
    count = len(flow.axes)
    gone = {n % count for n in axes} if axes else {n for n in range(count) if not flow.axes[n]}
    if any(flow.axes[n] for n in gone):
        raise Refused(f"squeezes axes {sorted(gone)} of {flow.shown}")
    return Flow(flow.node, tuple(g for n, g in enumerate(flow.axes) if n not in gone))


@register("Unsqueeze")
def unsqueeze(call: Call) -> Value:
    """With more axes of one element."""
    flow, axes = moved(call), call.ints("axes", 1) or []
    total = len(flow.axes) + len(axes)
    new, old = {n % total for n in axes}, iter(flow.axes)
    return Flow(flow.node, tuple(() if n in new else next(old) for n in range(total)))


def as_sequence(flow: Flow) -> Flow:
    """The pixels of an image as positions, where they are one axis and the channels the last."""
    sizes = flow.node.sizes
    if set(sizes) != {"c", "h", "w"} or flow.axes[-1:] != (whole("c", sizes["c"]),):
        return flow
    pixels = (*whole("h", sizes["h"]), *whole("w", sizes["w"]))
    if len(pixels) != 2 or pixels not in flow.axes:
        return flow
    node, positions = real(flow).node, sizes["h"] * sizes["w"]
    made = node.made.get("sequence") or Node(
        "sequence", (node,), {"t": positions, "c": sizes["c"]}, source=node.source
    )
    node.made["sequence"] = made
    axes = tuple(whole("t", positions) if group == pixels else group for group in flow.axes)
    return Flow(made, axes)


@register("Expand")
def expand(call: Call) -> Value:
    """Nothing, where the shape is that already; else heads that several look at."""
    value, sizes = call.flow(0), [int(n) for n in call.needed(1, "the shape")]
    return _repeated(value, list(np.broadcast_shapes(tuple(value.dims), tuple(sizes))))


@register("Tile")
def tile(call: Call) -> Value:
    """The same, where what is repeated is one element long."""
    value, times = call.flow(0), [int(n) for n in call.needed(1, "the repeats")]
    if any(size > 1 and n > 1 for size, n in zip(value.dims, times, strict=True)):
        raise Refused(f"repeats {value.shown} by {times}")
    return _repeated(value, [size * n for size, n in zip(value.dims, times, strict=True)])


def _repeated(value: Value, sizes: list[int]) -> Value:
    """A tensor whose one axis of one element becomes longer: keys or values of several heads."""
    if sizes == value.dims:
        return value
    flow = settle(value)
    same = len(sizes) == len(flow.axes) and {"t", "c"} <= set(flow.node.sizes)
    longer = [n for n, size in enumerate(sizes) if same and size != flow.dims[n]]
    if len(longer) != 1:
        raise Refused(
            f"repeats {value.shown} to {sizes_shown(sizes)}; only keys and values are repeated, "
            "for heads that share them"
        )
    made = (Atom(REPEATED, 1, sizes[longer[0]]),)
    return Flow(flow.node, (*flow.axes[: longer[0]], made, *flow.axes[longer[0] + 1 :]))


def select(flow: Flow, axis: int, start: int, stop: int, name: str) -> Flow:
    """The elements `start` to `stop` along an axis."""
    group = flow.axes[axis]
    if (start, stop) == (0, length(group)):
        return flow
    if not 0 <= start < stop <= length(group):
        raise Refused(f"takes {start} to {stop} of {length(group)}")
    sizes = flow.node.sizes
    others = (*flow.axes[:axis], (), *flow.axes[axis + 1 :])
    if "t" in sizes and "c" in sizes and group == whole("t", sizes["t"]):
        if stop - start != 1 or start not in (0, sizes["t"] - 1):
            raise Refused(
                "takes some positions of a sequence; pool takes the first, the last or the mean"
            )
        node, take = real(flow).node, "last" if start else "first"
        made = node.made.get(take) or Node(
            "pool", (node,), {"c": sizes["c"]}, source=name, options={"take": take}
        )
        node.made[take] = made
        return Flow(made, others)
    if {atom.axis for atom in group} != {"c"} or len(group) != 1 or "h" in sizes:
        raise Refused(f"takes {start} to {stop} of an axis that is no vector's")
    return _rows(flow, axis, start, stop, name)


def _rows(flow: Flow, axis: int, start: int, stop: int, name: str) -> Flow:
    """Some channels. They become a layer of their own where a linear layer made them."""
    if flow.node.kind == "slice":
        flow = real(flow)
    atom = flow.axes[axis][0]
    taken = offsets((atom,), {"c": 1})[start:stop]
    rest = [a for place, g in enumerate(flow.axes) if place != axis for a in g if a.axis == "c"]
    rows = np.sort((taken[:, None] + offsets(tuple(rest), {"c": 1})).reshape(-1))
    sizes = {**flow.node.sizes, "c": len(rows)}
    made = Node("slice", (flow.node,), sizes, source=name, options={"rows": rows})
    left = joined([atom._replace(size=stop - start)])
    axes: Axes = (*flow.axes[:axis], left, *flow.axes[axis + 1 :])
    return Flow(made, renumber(axes, "c"))


@register("Slice")
def sliced(call: Call) -> Value:
    """Ranges along axes."""
    flow = moved(call)
    starts, ends = call.ints("starts", 1), call.ints("ends", 2)
    if starts is None or ends is None:
        raise Refused("its starts and ends are missing")
    axes = call.ints("axes", 3) or list(range(len(starts)))
    steps = call.ints("steps", 4) or [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis %= len(flow.axes)
        first, last, _ = slice(start, end, 1).indices(length(flow.axes[axis]))
        if step != 1:
            raise Refused(f"takes every {step}th element")
        flow = select(flow, axis, first, last, call.name)
    return flow


@register("Split")
def split(call: Call) -> Value:
    """Ranges one after the other."""
    flow, sizes = moved(call), call.ints("split", 1)
    axis = call.attribute("axis", 0) % len(flow.axes)
    total, count = length(flow.axes[axis]), len(call.one.outputs)
    if sizes is None:
        each = -(-total // count)
        sizes = [min(each, total - each * n) for n in range(count)]
    if sum(sizes) != total:
        raise Refused(f"splits {total} into {sizes}")
    ends = np.cumsum(sizes).tolist()
    return [
        select(flow, axis, end - n, end, f"{call.name}.{place}")
        for place, (n, end) in enumerate(zip(sizes, ends, strict=True))
    ]


@register("Gather")
def gather(call: Call) -> Value:
    """Rows of a table by tokens, or one element along an axis."""
    table, index = call.given(0), call.given(1)
    axis = call.attribute("axis", 0)
    if isinstance(table, np.ndarray) and isinstance(index, Flow | Expr):
        return _embedding(table, settle(index), axis, call)
    if not isinstance(index, np.ndarray) or index.size != 1:
        raise Refused("takes several elements at once, in an order of its own")
    flow = moved(call)
    axis %= len(flow.axes)
    place = int(index.reshape(()))
    place = place + length(flow.axes[axis]) if place < 0 else place
    found = select(flow, axis, place, place + 1, f"{call.name}.{place}")
    shape = ((),) * index.ndim
    return Flow(found.node, (*found.axes[:axis], *shape, *found.axes[axis + 1 :]))


def _embedding(table: np.ndarray, index: Flow, axis: int, call: Call) -> Flow:
    node = index.node
    if not node.options.get("tokens") or table.ndim != 2 or axis not in (0, -2):
        raise Refused("a table is a matrix whose rows are chosen by the model's input of tokens")
    vocab, out = table.shape
    sizes = {"t": node.sizes["t"], "c": out}
    options = {"vocab": vocab, "out": out}
    made = Node(
        "embedding", (node,), sizes, source=call.name, options=options, tensors={"weight": table}
    )
    origins.begin(limits.check(made), "weight", call.root(0))
    return Flow(made, (*index.axes, whole("c", out)))


@register("Concat")
def concat(call: Call) -> Value:
    """The halves of rotary positions."""
    parts = [value for value in call.values if value is not None]
    if len(parts) == 1:
        return call.flow(0)
    if any(isinstance(value, np.ndarray) for value in parts):
        raise Refused("joins a constant with outputs of layers (as class tokens do)")
    if call.attribute("axis") not in (-1, len(parts[0].axes) - 1):
        raise Refused("joins outputs of layers along an axis that is not the last")
    return rotary.rotated(parts, call.name)
