"""Attention, from the products that it is exported as: scores, their softmax, the sum of values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import functions, limits, masks, rotary
from .masks import HIDDEN
from .network import HEAD_NORM, all_biases, layer_of, settle
from .values import Expr, Flow, Mask, Node, Refused
from .view import REPEATED, Atom, Axes, Group, joined, length, whole

Array = np.ndarray

#: Of queries and keys; where there is one head, its norm is over all channels.
NORMS = (HEAD_NORM, "rms_norm")


def operand(value: Flow | Expr) -> tuple[Flow, float]:
    """A flow and the number that it is multiplied with."""
    if isinstance(value, Flow):
        return value, 1.0
    line = functions.affine(value)
    return (settle(value), 1.0) if line is None or line[1] != 0 else (value.base, line[0])


def projection(flow: Flow) -> Node:
    """The linear layer (or a norm of its heads, or rotary positions) whose output a flow is."""
    node = flow.node if flow.node.kind == "rope" else layer_of(flow)
    inner = node
    while inner.kind in ("rope", *NORMS):
        inner = inner.inputs[0]
    if inner.kind == "dropout":
        raise Refused(
            "a product of outputs with dropout: queries, keys and values have none between their "
            "linear layers and attention; import with --no-dropout"
        )
    if inner.kind != "linear" or set(inner.sizes) != {"t", "c"}:
        raise Refused(
            "a product of two layers' outputs is there only as attention, whose queries, keys and "
            "values are linear layers of the same sequence"
        )
    return node


def heads(flow: Flow, last: str) -> tuple[int, int, Axes]:
    """Heads, their width, and the axes of the batch; `last` is the last axis, t or c.

    Where neighbouring heads look at one of the layer's, there are as many as look.
    """
    sizes, axes = flow.node.sizes, flow.axes
    if len(axes) < 3:
        raise Refused(f"a product of {flow.shown} is no attention")
    vector, position = (axes[-1], axes[-2]) if last == "c" else (axes[-2], axes[-1])
    width = math.prod(atom.size for atom in vector)
    fits = vector == whole("c", width) and position == whole("t", sizes["t"])
    own = sizes["c"] // width
    if not fits or own * width != sizes["c"]:
        raise Refused(f"a product of {flow.shown}, which are no heads of vectors side by side")
    times = math.prod(atom.size for group in axes for atom in group if atom.axis == REPEATED)
    if times == 1:
        return own, width, axes[:-2]
    # Each head of the layer is repeated, and not all of them together.
    repeated = (*whole_heads(width, own), Atom(REPEATED, 1, times))
    batch = tuple(
        joined([Atom("c", width, own * times)]) if group == repeated else group
        for group in axes[:-2]
    )
    if batch == axes[:-2]:
        raise Refused(f"heads of {flow.shown} that repeat in another order than one by one")
    return own * times, width, batch


def whole_heads(width: int, count: int) -> Group:
    """An axis of a tensor that is all heads."""
    return joined([Atom("c", width, count)])


def shared(flow: Flow, count: int) -> Flow:
    """Heads of keys or values, for as many neighbouring heads as make it `count`."""
    group = flow.axes[1]
    own = length(group)
    if own == count or count % own:
        return flow
    axes = (flow.axes[0], (*group, Atom(REPEATED, 1, count // own)), *flow.axes[2:])
    return Flow(flow.node, axes)


def _renamed(batch: Axes, old: Atom, new: Atom) -> Axes:
    return tuple(joined([new if atom == old else atom for atom in group]) for group in batch)


def scores(left: Flow | Expr, right: Flow | Expr, source: str) -> Flow:
    """`q · kᵀ`."""
    (q, first), (k, second) = operand(left), operand(right)
    query, key = projection(q), projection(k)
    count, width, batch = heads(q, "c")
    if (count, width, batch) != heads(k, "t") or q.node.sizes["t"] != k.node.sizes["t"]:
        raise Refused(
            f"queries of {q.shown} on keys of {k.shown}: each head has keys, its own or shared "
            "with its neighbours, and none are cached"
        )
    length = query.sizes["t"]
    sizes = {"n": count, "t": length, "k": length}
    options = {"scale": first * second, "heads": count, "causal": False}
    made = Node("scores", (query, key), sizes, source=source, options=options)
    batch = _renamed(batch, Atom("c", width, count), Atom("n", 1, count))
    return Flow(made, (*batch, *_square(length)))


def _square(length: int) -> tuple[Group, Group]:
    return whole("t", length), whole("k", length)


def masked(value: Flow | Expr, mask: Array | Mask) -> Flow:
    """Scores with a mask added, which hides nothing, padding, or what lies right of a query."""
    flow, scale = operand(value)
    if isinstance(mask, Mask):
        found = masks.hide(flow, mask)
        options = {**found.node.options, "scale": found.node.options["scale"] * scale}
        return Flow(found.node.change(options=options), found.axes)
    length = flow.node.sizes["t"]
    if flow.axes[-2:] != _square(length):
        raise Refused("a mask on scores in another layout")
    shape = (*flow.dims[:-2], length, length)
    whole = np.broadcast_to(mask, shape).reshape(-1, length, length)
    if not np.array_equal(np.broadcast_to(whole[:1], whole.shape), whole):
        raise Refused("a mask that differs between heads or records; only a causal one is there")
    options = {**flow.node.options, "scale": flow.node.options["scale"] * scale}
    past = np.tri(length, dtype=bool)
    if whole[0][past].any():
        raise Refused("a mask that is not causal: it changes what lies left of the diagonal")
    ahead = whole[0][~past]
    if (ahead <= HIDDEN).all() and length > 1:
        options["causal"] = True
    elif ahead.any():
        raise Refused(
            "a mask that is not causal: it shows or weighs what lies right of the diagonal"
        )
    return Flow(flow.node.change(options=options), flow.axes)


def softmax(value: Flow | Expr, source: str) -> Flow:
    """Softmax over the keys."""
    flow, scale = operand(value)
    node = flow.node
    if flow.axes[-1] != whole("k", node.sizes["k"]):
        raise Refused("softmax of scores over another axis than the keys")
    options = {**node.options, "scale": node.options["scale"] * scale}
    made = Node("weights", (node,), node.sizes, source=source, options=options)
    return Flow(made, flow.axes)


def context(weights: Flow, value: Flow | Expr, source: str) -> Flow:
    """`softmax · v`: vectors, the heads side by side again."""
    v, factor = operand(value)
    values = projection(v)
    if values.kind in ("rope", *NORMS):
        raise Refused("values have no rotary positions, and no norms")
    count, width, batch = heads(v, "c")
    atom, head = Atom("c", width, count), Atom("n", 1, count)
    scored = weights.node.inputs[0]
    expected = (*_renamed(batch, atom, head), *_square(scored.sizes["t"]))
    if count != scored.options["heads"] or weights.axes != expected:
        raise Refused(
            f"weights of {weights.shown} on values of {v.shown}, which are not by head alike"
        )
    query, key = scored.inputs
    options = {**weights.node.options, "width": width, "factor": factor}
    sizes = {**values.sizes, "c": count * width}
    made = Node("context", (query, key, values), sizes, source=source, options=options)
    return Flow(made, (*batch, v.axes[-2], v.axes[-1]))


def _inner(node: Node) -> tuple[Node, Node, dict[str, Any], list[Node]]:
    """The linear layers of queries and keys, how they turn, and the norms of their heads."""
    query, key, _ = node.inputs
    width, turn = node.options["width"], {}
    if query.kind == "rope" or key.kind == "rope":
        if query.kind != key.kind or query.options != key.options:
            raise Refused("queries and keys have other rotary positions")
        if query.options["width"] != width:
            raise Refused("rotary positions go over all numbers of a head")
        turn = query.options
        query, key = query.inputs[0], key.inputs[0]
    norms: list[Node] = []
    if query.kind in NORMS or key.kind in NORMS:
        norms = [query, key]
        if not (query.kind in NORMS and key.kind in NORMS) or query.options != key.options:
            raise Refused("queries and keys have norms with the same eps, or neither has")
        if any(len(norm.tensors["weight"]) != width for norm in norms):
            raise Refused("norms of queries and keys are over all numbers of a head")
        query, key = query.inputs[0], key.inputs[0]
    if not query.kind == key.kind == "linear":
        raise Refused("queries and keys have one norm, right behind their linear layers")
    return query, key, turn, norms


def attention(node: Node, matrix: Array, bias: Array | None, source: str) -> Node:
    """The layer: `matrix` (out × in) is the projection of a context."""
    query, key, turn, norms = _inner(node)
    values = node.inputs[2]
    rope, dims = turn.get("rope"), turn.get("dims")
    order: slice | Array = slice(None)
    if turn.get("in front"):
        order = rotary.pairs(turn["width"], turn["dims"])
    x = query.inputs[0]
    if key.inputs[0] is not x or values.inputs[0] is not x:
        raise Refused("queries, keys and values come from different sequences; only self-attention")
    if matrix.shape[0] != x.sizes["c"]:
        raise Refused("attention gives vectors of another width than it takes")
    count, width = node.options["heads"], node.options["width"]
    if query.sizes["c"] != count * width:
        raise Refused(
            "queries are not repeated; only keys and values are, for heads that share them"
        )
    if key.sizes["c"] != values.sizes["c"]:
        raise Refused("there are as many heads of values as of keys")
    # What differs from the usual scale is in the weights of the queries, or of their norm, before
    # which a scale is lost.
    scale = node.options["scale"] * math.sqrt(width)
    factors = {"q_norm" if norms else "q": 1.0 if abs(scale - 1) < 1e-6 else scale}
    factors |= {"k": 1.0, "v": node.options["factor"]}
    tensors: dict[str, Array] = {}
    for name, linear in (("q", query), ("k", key), ("v", values)):
        for part, array in linear.tensors.items():
            if name != "v":
                by_head = array.reshape(-1, width, *array.shape[1:])
                array = by_head[:, order].reshape(array.shape)
            factor = factors.get(name, 1.0)
            tensors[f"{name}.{part}"] = array * factor if factor != 1 else array
    tensors["o.weight"] = matrix
    if bias is not None:
        tensors["o.bias"] = bias
    has_bias = any(name.endswith("bias") for name in tensors)
    if has_bias:
        all_biases(tensors, "o.bias")
    for name, norm in zip(("q_norm", "k_norm"), norms, strict=False):
        factor, weight = factors.get(name, 1.0), norm.tensors["weight"]
        tensors[f"{name}.weight"] = weight * factor if factor != 1 else weight
    options = {
        "heads": count,
        "kv_heads": key.sizes["c"] // width,
        "head_dim": None if count * width == x.sizes["c"] else width,
        "causal": node.options["causal"],
        "rope": rope,
        "rope_dims": None if dims == width else dims,
        "qk_norm": norms[0].options["eps"] if norms else None,
        "bias": has_bias,
        "padding": node.options.get("padding", False),
    }
    made = Node("attention", (x,), x.sizes, source=source, options=options, tensors=tensors)
    made.gains = {f"{name}.weight": float(factor) for name, factor in factors.items()}
    return limits.check(made)
