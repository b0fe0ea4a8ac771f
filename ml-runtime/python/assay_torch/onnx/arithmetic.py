"""Operators that compute: functions in steps, sums of outputs, products."""

from __future__ import annotations

import numpy as np

from . import attention, functions, masks, network, rotary
from .network import constant, real, scaled, settle, shifted
from .reader import Call, register
from .values import Expr, Flow, Mask, Node, Refused, Value, axes_of
from .view import sizes_shown, spread, whole

Array = np.ndarray


def base(value: Flow | Expr) -> Flow:
    """The flow that a function is of."""
    return value if isinstance(value, Flow) else value.base


def step(op: str, *args: Flow | Expr | float) -> Expr:
    """One more step of a function, whose arguments are of one flow."""
    first = next(arg for arg in args if not isinstance(arg, float))
    rest = [arg for arg in args if not isinstance(arg, float) and arg is not first]
    if not rest and isinstance(first, Expr) and first.size >= Expr.MOST:
        short = network.shorter(first)
        args, first = tuple(short if arg is first else arg for arg in args), short
    return Expr(op, args, base(first))


def _alike(left: Flow | Expr, right: Flow | Expr) -> tuple[Flow | Expr, Flow | Expr] | None:
    """Both as functions of one flow that are not too long; nothing if they are no such functions.

    Where one was shortened already, the other starts from the same layer.
    """
    if not base(left).same(base(right)):
        left, right = network.shorter(left, to=base(right)), network.shorter(right, to=base(left))
    if not base(left).same(base(right)):
        return None
    if sum(one.size for one in (left, right) if isinstance(one, Expr)) < Expr.MOST:
        return left, right
    return network.both_shorter(left, right)


@register("Neg", "Abs", "Exp", "Log", "Sqrt", "Reciprocal", "Erf", "Tanh", "Sigmoid", "Relu",
          "Softplus")  # fmt: skip
def unary(call: Call) -> Value:
    """A step of a function."""
    return step(call.one.op, call.flow(0))


@register("Gelu")
def gelu(call: Call) -> Value:
    """The exact one is a layer."""
    kind = call.attribute("approximate", "none")
    if kind not in ("none", "tanh"):
        raise Refused(f"approximate {kind!r}; it must be none or tanh")
    return step("Gelu" if kind == "none" else "GeluTanh", call.flow(0))


@register("LeakyRelu", "Elu")
def with_a_number(call: Call) -> Value:
    """A function with a number of its own below 0."""
    usual = 0.01 if call.one.op == "LeakyRelu" else 1.0
    return step(call.one.op, call.flow(0), float(call.attribute("alpha", usual)))


@register("HardSigmoid")
def hard_sigmoid(call: Call) -> Value:
    """`min(max(alpha · x + beta, 0), 1)`, a part of hardswish."""
    alpha, beta = call.attribute("alpha", 0.2), call.attribute("beta", 0.5)
    return step("HardSigmoid", call.flow(0), float(alpha), float(beta))


@register("HardSwish")
def hard_swish(call: Call) -> Value:
    """`x · min(max(x / 6 + 1 / 2, 0), 1)`."""
    x = settle(call.flow(0))
    return step("Mul", x, step("HardSigmoid", x, 1 / 6, 0.5))


@register("Swish")
def swish(call: Call) -> Value:
    """`x · sigmoid(alpha · x)`."""
    x = settle(call.flow(0))
    return step("Mul", x, step("Sigmoid", step("Mul", x, float(call.attribute("alpha", 1.0)))))


@register("Clip")
def clip(call: Call) -> Value:
    """Limits."""
    value = call.flow(0)
    for place, name, op in ((1, "min", "Max"), (2, "max", "Min")):
        limit = call.constant(place, name)
        limit = call.attribute(name) if limit is None else limit
        if limit is not None:
            value = step(op, value, float(np.asarray(limit).reshape(())))
    return value


@register("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum")
def binary(call: Call) -> Value:
    """Two operands; `Sum` and its like may have more."""
    op = "Add" if call.one.op == "Sum" else call.one.op
    made = call.values[0]
    for place in range(1, len(call.values)):
        made = _pair(op, made, call.values[place], call, place)
    return made


def _pair(op: str, left: Value, right: Value, call: Call, place: int) -> Value:
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return functions.STEPS[op](left, right)
    if isinstance(left, Mask) or isinstance(right, Mask):
        return _with_mask(op, left, right, call.name)
    if isinstance(right, np.ndarray):
        return _with_constant(op, left, right, call, call.root(place))
    if isinstance(left, np.ndarray):
        return _with_constant(op, left, right, call, call.root(0))
    if both := _alike(left, right):
        return step(op, *both)
    return _two(op, settle(left), settle(right), call.name)


def _with_mask(op: str, left: Value, right: Value, name: str) -> Value:
    if isinstance(left, Mask) and op in ("Add", "Mul"):
        left, right = right, left
    if isinstance(left, Flow | Expr) and isinstance(right, Mask):
        is_scores = base(left).node.kind == "scores"
        if is_scores and op in ("Add", "Sub"):
            return attention.masked(left, right if op == "Add" else masks.negative(right))
        if op == "Mul":
            return masks.times(left, right, name)
        if op == "Div":
            return masks.divided(left, right, name)
    raise Refused("what is made of the mask hides padding from attention and means, nothing else")


def _with_constant(op: str, left: Value, right: Value, call: Call, root: str | None) -> Value:
    array, value = (left, right) if isinstance(left, np.ndarray) else (right, left)
    is_scores = base(value).node.kind == "scores" and op == "Add"
    if array.size == 1 and not is_scores:
        if array.ndim > len(value.axes):
            raise Refused("a constant with more axes than what it works on")
        number = functions.number(array)
        return step(op, *[number if one is array else one for one in (left, right)])
    if is_scores:
        return attention.masked(value, array)
    if op not in ("Add", "Sub", "Mul", "Div") or (op == "Div" and left is array):
        raise Refused("a constant per channel that neither scales nor shifts")
    flow = settle(value)
    if flow.node.kind == "slice":
        flow = real(flow)
    found = constant(array, flow)
    if found is None:
        raise Refused(
            f"a constant of {sizes_shown(array.shape)} on {flow.shown}, which is none per channel"
        )
    over, each = found
    is_normed = over == "c" and flow.node.kind == network.HEAD_NORM
    if is_normed and array.size > len(flow.node.tensors["weight"]):
        raise Refused("factors behind the norm of each head that may differ between heads")
    if over == "tc" and op == "Mul":
        return rotary.times(flow, each.astype(np.float64), call.name)
    factor = np.float64(1)
    if op == "Mul":
        factor, each = each, np.float64(0)
    elif op == "Div":
        factor, each = 1 / each, np.float64(0)
    elif op == "Sub":
        factor, each = (np.float64(-1), each) if left is array else (factor, -each)
    alone = op in ("Add", "Sub") and _by_position(array, flow)
    if alone:
        call.note("a number at every position: here a table whose numbers learn apart")
    return _affine(flow, over, factor, each, call, root)


def _by_position(array: Array, flow: Flow) -> bool:
    """Whether a constant has one number for each position."""
    sizes = flow.node.sizes
    if array.size == 1 or "t" not in sizes or sizes["c"] == 1:
        return False
    return spread(array, flow.axes, {"t": sizes["t"]}) is not None


def _affine(
    flow: Flow, over: str, factor: Array, summand: Array, call: Call, root: str | None
) -> Flow:
    """A factor and a summand per channel, or only a summand per position."""
    node = network.layer_of(flow)
    is_shift = "t" in node.sizes and np.ndim(summand) > 0 and np.all(factor == 1)
    takes = node.kind in network.FOLDS and (network.FOLDS[node.kind][1] or node.kind == "embedding")
    if is_shift and (over == "tc" or not takes):
        table = np.broadcast_to(summand, (node.sizes["t"], node.sizes["c"]))
        if over == "c":
            call.note("a vector at every position: here a table whose rows learn apart")
        elif functions.is_sinusoidal(table):
            call.note("positions by sines and cosines: here a table of these that learns")
        if root is not None and node.kind == "position":
            call.note(f"a summand that may learn: {network.TAKEN_IN}")
        return shifted(flow, table, call.name, root)
    if over == "tc":
        raise Refused("a factor per position, which no layer has")
    if root is not None:
        _note_taken(node, factor, summand, call)
    return scaled(flow, factor, summand, call.name, root)


def _note_taken(node: Node, factor: Array, summand: Array, call: Call) -> None:
    """Says where a tensor of the file that may learn becomes none of its own."""
    weight, bias = network.FOLDS.get(node.kind, ("", ""))
    is_factor, is_summand = np.ndim(factor) > 0, np.ndim(summand) > 0
    if node.kind == "embedding" and is_summand:
        call.note(f"a summand that may learn: taken into all rows of {ROWS}")
    elif not weight or (is_summand and not bias):
        if np.all(factor == 1) and not np.any(summand):
            call.note("factors or summands that may learn, but do nothing yet: left out")
    # Of a norm that is written in steps, it is the weight itself.
    elif is_factor and weight in node.names:
        call.note(f"a factor that may learn: {network.TAKEN_IN}")
    elif is_summand and bias in node.names:
        call.note(f"a summand that may learn: {network.TAKEN_IN}")


#: What is said of a table that a vector is added to.
ROWS = "the table before it, which learn apart and without it"


def _two(op: str, left: Flow, right: Flow, name: str) -> Value:
    if op == "Add":
        if left.node.kind == right.node.kind == "times":
            return rotary.turned(left, right, name)
        made = network.add(left, right)
        made.node.source = name
        return made
    if op == "Mul":
        for gate, up in ((left, right), (right, left)):
            if gate.node.kind in network.GATED:
                return _gated(gate, up, name)
        raise Refused(
            "a product of two outputs; there are SwiGLU and GEGLU, whose gates have silu and gelu"
        )
    raise Refused(
        "two outputs of layers can be added, and multiplied in SwiGLU, GEGLU and attention"
    )


def _gated(gate: Flow, up: Flow, name: str) -> Flow:
    """`f(gate(x)) · up(x)`."""
    first, second = real(Flow(gate.node.inputs[0], gate.axes)).node, real(up).node
    alike = first.kind == second.kind == "linear" and first.inputs[0] is second.inputs[0]
    if not alike or gate.axes != up.axes:
        raise Refused("a product of two outputs that are no linear layers of the same input")
    options = {"function": gate.node.kind, **gate.node.options}
    made = Node("gated", (first, second), first.sizes, source=name, options=options)
    return Flow(made, gate.axes)


@register("MatMul")
def matmul(call: Call) -> Value:
    """A linear layer, or a product of attention."""
    left, right = call.given(0), call.given(1)
    if isinstance(right, np.ndarray):
        while right.ndim > 2 and right.shape[0] == 1:
            right = right[0]
        if right.ndim != 2:
            raise Refused(f"a weight of {list(right.shape)}; it must be a matrix")
        return network.product(settle(left), right, call.name, call.root(1))
    if isinstance(left, np.ndarray):
        raise Refused("a constant times the model's data; exchange them")
    if isinstance(left, Flow) and left.node.kind == "weights":
        return attention.context(left, right, call.name)
    return attention.scores(left, right, call.name)


@register("Gemm")
def gemm(call: Call) -> Value:
    """A linear layer."""
    flow, matrix = settle(call.flow(0)), call.needed(1, "the weight")
    if call.attribute("transA", 0):
        raise Refused("its input is transposed")
    matrix = matrix.T if call.attribute("transB", 0) else matrix
    matrix = matrix * np.float32(call.attribute("alpha", 1.0))
    made = network.product(flow, matrix, call.name, call.root(1))
    bias = call.constant(2, "the bias")
    if bias is None:
        return made
    bias = bias * np.float32(call.attribute("beta", 1.0))
    if bias.size == 1:
        bias = np.full(made.node.sizes["c"], bias.reshape(()))
    found = constant(bias, made)
    if found is None or found[0] != "c":
        raise Refused(f"a bias of {list(bias.shape)}, which is not one number per output")
    return scaled(made, np.float64(1), found[1], call.name, call.root(2))


@register("Where")
def where(call: Call) -> Value:
    """A mask on scores, or the guard of a softmax against rows without numbers."""
    condition, one, other = call.values
    guards = isinstance(condition, Flow) and condition.node.kind == "isnan"
    if guards and isinstance(other, Flow) and condition.node.inputs[0] is other.node:
        return other
    for shown, value, hidden in ((True, one, other), (False, other, one)):
        known = isinstance(value, Flow | Expr) and isinstance(hidden, np.ndarray)
        if known and hidden.size == 1 and base(value).node.kind == "scores":
            number = np.float32(hidden.reshape(()))
            if isinstance(condition, Mask):
                mask = masks.additive(condition, number, shown=shown)
                return attention.masked(value, mask)
            if isinstance(condition, np.ndarray):
                return attention.masked(value, np.where(condition == shown, 0.0, number))
    raise Refused("chooses between numbers; only the mask of attention does that")


@register("IsNaN")
def is_nan(call: Call) -> Value:
    """The guard of a softmax."""
    flow = call.flow(0)
    if isinstance(flow, Flow) and flow.node.kind == "weights":
        return Flow(Node("isnan", (flow.node,), flow.node.sizes), flow.axes)
    raise Refused("no layer of a manifest looks for numbers that are none")


@register("Softmax", "LogSoftmax")
def softmax(call: Call) -> Value:
    """That of attention, or the last operation, which the loss does itself."""
    value = call.flow(0)
    axis = call.attribute("axis", 1 if call.opset < 13 else -1)
    node = base(value).node
    last = len(value.axes) - 1
    if call.opset < 13 and axis % (last + 1) < last and any(value.axes[axis:last]):
        raise Refused("softmax over several axes, as before opset 13")
    if node.kind == "scores":
        if axis % (last + 1) != last:
            raise Refused("softmax of scores over another axis than the keys")
        return attention.softmax(value, call.name)
    flow = settle(value)
    if flow.axes[axis] != whole("c", flow.node.sizes.get("c", 0)):
        raise Refused("softmax over another axis than the classes")
    return network.append(flow, "softmax", call.name)


@register("ReduceMean", "ReduceSum")
def reduce(call: Call) -> Value:
    """A step of a norm, or a pooling."""
    op = "mean" if call.one.op == "ReduceMean" else "sum"
    value, axes = call.flow(0), call.ints("axes", 1)
    count = len(value.axes)
    places = sorted(n % count for n in axes) if axes else list(range(count))
    kept = bool(call.attribute("keepdims", 1))
    atoms = {atom.axis for place in places for atom in value.axes[place]}
    sizes = base(value).node.sizes
    if isinstance(value, Flow) and value.node.kind == "seen":
        if op != "sum" or len(places) != 1 or value.axes[places[0]] != whole("t", sizes["t"]):
            raise Refused("vectors times a mask are there only for their mean over positions")
        return masks.total(value, made_axes(value, places, kept=kept), call.name)
    if places == [count - 1] and network.vectors(value.axes[-1], base(value).node) and kept:
        return step(op, value)
    if op == "sum" or atoms not in ({"t"}, {"h", "w"}, {"h"}, {"w"}):
        raise Refused(
            f"a {op} over axes {places} of {value.shown}, which is no norm and no pooling"
        )
    flow = settle(value)
    if atoms == {"t"} and flow.axes[places[0]] == whole("t", sizes["t"]) and len(places) == 1:
        node = real(flow).node
        made: Node = Node(
            "pool", (node,), {"c": sizes["c"]}, source=call.name, options={"take": "mean"}
        )
        left = made_axes(flow, places, kept=kept)
        return Flow(made, left)
    if any(sizes.get(axis, 0) != 1 for axis in {"h", "w"} - atoms):
        raise Refused("a mean over a part of the pixels")
    pooled = global_mean(flow, call)
    return Flow(pooled.node, made_axes(flow, places, kept=kept))


def made_axes(flow: Flow, places: list[int], *, kept: bool) -> tuple:
    """The layout without some axes."""
    return tuple(
        () if place in places else group
        for place, group in enumerate(flow.axes)
        if kept or place not in places
    )


def global_mean(flow: Flow, call: Call) -> Flow:
    """The mean over all pixels."""
    node = real(flow).node
    kernel = (node.sizes["h"], node.sizes["w"])
    image = Flow(node, axes_of(node.sizes, call.batch))
    return network.windowed(image, "avg_pool", call.batch, call.name, kernel=kernel, stride=kernel)
