"""Layers out of flows: each function appends a layer and gives its output."""

from __future__ import annotations

import numpy as np

from ..layers import KINDS
from ..shapes import Image
from ..words import in_words
from . import functions, limits, origins
from .values import Expr, Flow, Node, Refused, axes_of
from .view import Group, cover, length, spread, whole

Array = np.ndarray

#: Kinds of nodes that are layers; the others become part of one.
LAYERS = frozenset(["input", "add", "softmax", "missing", *KINDS]) - {"residual", "repeat"}
#: An RMS norm of each head, which becomes part of attention.
HEAD_NORM = "head_norm"
#: Gated layers by the function of their gate.
GATED = {"silu": "swiglu", "gelu": "geglu"}
#: Layers that take in a factor and a summand for each of their outputs: names of the parameters.
FOLDS = {
    "linear": ("weight", "bias"),
    "conv2d": ("weight", "bias"),
    "layer_norm": ("weight", "bias"),
    "rms_norm": ("weight", ""),
    "attention": ("o.weight", "o.bias"),
    "swiglu": ("down.weight", "down.bias"),
    "geglu": ("down.weight", "down.bias"),
    "embedding": ("weight", ""),
    HEAD_NORM: ("weight", ""),
}

#: What is said of parameters that are none here.
TAKEN_IN = "taken into the layer before it, which learns without it"


def flow_like(node: Node, flow: Flow) -> Flow:
    """The output of a layer that keeps the shape, in the layout of what it got."""
    return Flow(node, flow.axes)


def append(flow: Flow, kind: str, source: str, **options: object) -> Flow:
    """A layer without parameters that keeps the shape."""
    node = real(flow).node
    return flow_like(Node(kind, (node,), node.sizes, source=source, options=options), flow)


def real(flow: Flow) -> Flow:
    """The flow, of a layer: what was pending is finished, or refused."""
    node = flow.node
    if node.kind in LAYERS:
        return flow
    made = node.made.get("real")
    if made is None:
        made = node.made["real"] = _finish(node)
    return Flow(made, flow.axes)


def _finish(node: Node) -> Node:
    match node.kind:
        case "slice" if node.inputs[0].kind == "linear":
            inner, rows = node.inputs[0], node.options["rows"]
            tensors = {name: array[rows] for name, array in inner.tensors.items()}
            options = {**inner.options, "out": len(rows)}
            made = inner.change(sizes=node.sizes, tensors=tensors, options=options)
            made.made["cut from"] = node
            return origins.cut(made, rows)
        case "slice":
            raise Refused("only the outputs of a linear layer can be cut into parts")
        case "context":
            return _attended(node, np.eye(node.sizes["c"], dtype=np.float32), node.source, None)
        case "scores" | "weights" | "masked":
            raise Refused("these products of vectors are used for something other than attention")
        case "seen" | "seen_sum":
            raise Refused("vectors times a mask are there only for their mean over positions")
        case "head_norm":
            raise Refused("norms of each head are there only of the queries and keys of attention")
        case "gated":
            raise Refused(
                "a product of two layers is there only as SwiGLU or GEGLU: before a linear layer"
            )
    raise Refused("factors per position are there only as rotary positions of attention")


def layer_of(flow: Flow) -> Node:
    """The layer of a flow, or the norm of heads that attention takes."""
    return flow.node if flow.node.kind == HEAD_NORM else real(flow).node


def settle(value: Flow | Expr) -> Flow:
    """The output of the layers that a function stands for."""
    if isinstance(value, Flow):
        return value
    if value.settled is None:
        found = _settle(value)
        if found is None:
            reason = f"a function of numbers that is no layer: {functions.nearest(value)}"
            raise Refused(reason, value.maker)
        value.settled = found
    return value.settled


def _settle(expr: Expr) -> Flow | None:
    if expr.lost:
        return None
    expr.settled = expr.settled or _tried(expr)
    expr.lost = expr.settled is None
    return expr.settled


def _tried(expr: Expr) -> Flow | None:
    found = _named(expr, expr.base)
    if found is None and expr.op == "Add":
        left, right = expr.args
        if not isinstance(left, float) and not isinstance(right, float):
            return add(settle(left), settle(right))
    if found is not None:
        return found
    for part in functions.parts(expr):
        if not part.reduced and functions.depends_on(expr, part):
            inner = part.settled or _settle(part)
            if inner is not None:
                part.settled = inner
                if (found := _named(expr, inner, part)) is not None:
                    return found
    return None


def shorter(value: Flow | Expr, to: Flow | None = None) -> Flow | Expr:
    """The same function of the output of a layer, which its largest part is that can be one.

    With `to`, only of that output; it stays as it is where none of its parts has it.
    """
    if isinstance(value, Flow):
        return value
    for part in [value, *functions.parts(value)]:
        if to is not None and not (part.settled and part.settled.same(to)):
            continue
        if not part.reduced and (part is value or functions.depends_on(value, part)):
            found = part.settled if to is not None else _layer(part)
            if found is not None:
                return functions.rebased(value, {id(part): found})
    return value if to is not None else settle(value)


def both_shorter(left: Flow | Expr, right: Flow | Expr) -> tuple[Flow | Expr, ...] | None:
    """The same of two functions, for a part of both; nothing if there is none."""
    if isinstance(left, Flow) or isinstance(right, Flow):
        return None
    mine, theirs = ([one, *functions.parts(one)] for one in (left, right))
    known = {id(part) for part in theirs}
    for part in mine:
        ways = [one for one in (left, right) if one is not part]
        shared = id(part) in known and not part.reduced
        if shared and all(functions.depends_on(one, part) for one in ways):
            found = _layer(part)
            if found is not None:
                return tuple(functions.rebased(one, {id(part): found}) for one in (left, right))
    return None


def _layer(part: Expr) -> Flow | None:
    """What `settle` gives, or nothing where it refuses."""
    try:
        return part.settled or _settle(part)
    except Refused:
        part.lost = True
        return None


def _named(expr: Expr, base: Flow, cut: Expr | None = None) -> Flow | None:
    """One layer for all of a function, of `cut` (whose output is `base`) where that is given."""
    source = expr.maker.name if expr.maker else ""
    if layer := functions.pointwise(expr, cut):
        return append(base, layer.kind, source, **layer.options)
    width = vectors(base.axes[-1], base.node)
    if width and (found := functions.norm(expr, width, cut)):
        return norm(base, found.kind, found.eps, np.ones(width), None, source)
    if line := functions.affine(expr, cut):
        a, b = line
        return scaled(base, np.float64(a), np.float64(b), source)
    return None


def norm(
    flow: Flow,
    kind: str,
    eps: float,
    weight: Array,
    bias: Array | None,
    source: str,
    roots: tuple[str | None, str | None] = (None, None),
) -> Flow:
    """A norm over the channels; `roots` are the tensors of the file that its parameters are."""
    node = real(flow).node
    if not eps > 0:
        raise Refused("eps must be above 0")
    if len(weight) < node.sizes["c"]:
        if node.kind != "linear" or kind != "rms_norm":
            raise Refused(
                f"a norm of {flow.shown} over other axes than the channels; over those of a head, "
                "attention has RMS norms of queries and keys"
            )
        kind = HEAD_NORM
    options: dict[str, object] = {"eps": eps}
    tensors = {"weight": weight}
    if kind == "layer_norm":
        options["bias"] = bias is not None
    if bias is not None:
        tensors["bias"] = bias
    made = Node(kind, (node,), node.sizes, source=source, options=options, tensors=tensors)
    for name, root in zip(("weight", "bias"), roots, strict=True):
        if root is not None and name in tensors:
            origins.begin(made, name, root)
    return flow_like(made, flow)


def scaled(flow: Flow, factor: Array, summand: Array, source: str, root: str | None = None) -> Flow:
    """`flow · factor + summand`, taken into the layer; both are numbers or one per channel.

    `root` is the tensor of the file that has them, or nothing if these are no parameters: a bias
    that is one is kept where it is 0 everywhere, as it may still learn.
    """
    node = layer_of(flow)
    weight, bias = FOLDS.get(node.kind, ("", ""))
    is_factor, is_summand = np.ndim(factor) > 0, np.ndim(summand) > 0
    learns = root is not None and weight and (is_factor or (is_summand and bias))
    changes = np.any(summand) or np.any(factor != 1)
    if not (changes or learns) or node.kind == "missing":
        return flow
    if node.kind == "input":
        if np.ndim(factor) or np.ndim(summand):
            raise Refused("a factor or summand per channel of the input; put it into the data")
        options = dict(node.options)
        options["scale"] = float(factor) * options.get("scale", 1.0)
        options["shift"] = float(factor) * options.get("shift", 0.0) + float(summand)
        return flow_like(node.change(options=options), flow)
    if node.kind == HEAD_NORM:
        factor = _by_head(factor, len(node.tensors["weight"]))
    if node.kind not in FOLDS:
        hint = "put it into a linear layer, a convolution or a norm"
        if node.kind == "dropout":
            hint += ", or import with --no-dropout"
        raise Refused(f"a factor or summand after {node.kind}, which takes none; {hint}")
    if not bias and node.kind != "embedding" and np.any(summand):
        raise Refused(f"a summand after {node.kind}, which has no bias; use a layer norm")
    tensors, options, names = dict(node.tensors), dict(node.options), dict(node.names)
    old = tensors[weight]
    width = old.shape[1] if node.kind == "embedding" else old.shape[0]
    each = np.broadcast_to(factor, width).astype(np.float64)
    if node.kind == "embedding":
        tensors[weight] = old * each + np.broadcast_to(summand, width)
    else:
        tensors[weight] = old * each.reshape(-1, *[1] * (old.ndim - 1))
        if bias in tensors or np.any(summand) or (learns and is_summand and bias):
            total = tensors.get(bias, np.zeros(width)) * each + np.broadcast_to(summand, width)
            tensors[bias] = total
            options["bias"] = True
            all_biases(tensors, bias)
    if root is not None and (is_factor or is_summand):
        # What two tensors of the file went into is neither.
        is_row = node.kind == "embedding"
        for name, given in ((weight, is_factor or is_row), (bias, is_summand)):
            if given and name:
                names[name] = "" if name in names else root
        if is_factor and not is_summand and bias in names:
            names[bias] = ""
    gains = dict(node.gains)
    if root is None and not is_factor:
        gains[weight] = gains.get(weight, 1.0) * float(factor)
    source = node.source or source
    made = node.change(tensors=tensors, options=options, names=names, gains=gains, source=source)
    if learns and not made.origins:
        origins.begin(made, weight, None)
    return flow_like(made, flow)


def _by_head(factor: Array, width: int) -> Array:
    """A factor per channel as the one that all heads have in common."""
    if np.ndim(factor) == 0:
        return factor
    each = factor.reshape(-1, width)
    if (each != each[0]).any():
        raise Refused("factors behind the norm of each head that differ between heads")
    return each[0]


def vectors(group: Group, node: Node) -> int:
    """The width of the vectors along an axis: all channels or those of a head; 0 for others."""
    channels, width = node.sizes.get("c", 0), length(group)
    fits = width > 1 and channels % width == 0 and group == whole("c", width)
    return width if fits and (width == channels or "t" in node.sizes) else 0


def all_biases(tensors: dict[str, Array], given: str) -> None:
    """Modules of several linear ones have a bias in each or in none."""
    if "." in given:
        for name in [name for name in tensors if name.endswith(".weight") and "norm" not in name]:
            bias = name.removesuffix("weight") + "bias"
            tensors.setdefault(bias, np.zeros(tensors[name].shape[0]))


def product(flow: Flow, matrix: Array, source: str, root: str | None) -> Flow:
    """`flow · matrix`, where `matrix` is inputs × outputs: a linear layer, flattened before.

    `root` is the tensor of the file that the matrix is made of.
    """
    group, lead = flow.axes[-1], flow.axes[:-1]
    out = matrix.shape[1]
    axes = (*lead, whole("c", out))
    node = flow.node
    if node.kind == "gated":
        return Flow(_down(node, group, matrix, source, root), axes)
    sizes = node.sizes
    order = cover(group, {"c": sizes["c"]}) if "c" in sizes else None
    if node.kind == "context" and order is not None:
        return Flow(_attended(node, matrix[_inverse(order)].T, source, root), axes)
    node = real(flow).node
    match node.shape:
        case Image(h, w, _) if order is not None and h * w > 1:
            weight = matrix[_inverse(order)].T[:, :, None, None]
            return Flow(_conv(node, weight, {"source": source, "root": root}), axes)
    if order is None or isinstance(node.shape, Image):
        order = cover(group, {axis: sizes[axis] for axis in sizes})
        if order is None:
            raise Refused(_no_vectors(flow))
        node = flattened(node)
    weight = matrix[_inverse(order)].T
    made = Node(
        "linear",
        (node,),
        {**node.sizes, "c": out},
        source=source,
        options={"out": out, "bias": False},
        tensors={"weight": weight},
    )
    return Flow(origins.begin(limits.check(made), "weight", root), axes)


def _attended(context: Node, matrix: Array, source: str, root: str | None) -> Node:
    """Attention, whose last projection is `matrix`, out × in."""
    from .attention import attention

    made = attention(context, matrix, None, source)
    if root is not None:
        origins.begin(made, "o.weight", root)
    return origins.absorb(made, dict(zip("qkv", context.inputs, strict=True)))


def _no_vectors(flow: Flow) -> str:
    if flow.node.kind == "input" and flow.node.options.get("tokens"):
        return "tokens; an embedding must come before it"
    return f"its last axis is not all numbers of {in_words(flow.node.shape)}"


def _inverse(order: Array) -> Array:
    """Rows of a matrix from the layout of the graph to the order of the layer."""
    rows = np.empty(len(order), np.int64)
    rows[order] = np.arange(len(order))
    return rows


def _down(gated: Node, group: Group, matrix: Array, source: str, root: str | None) -> Node:
    gate, up = gated.inputs
    order = cover(group, {"c": gated.sizes["c"]})
    if order is None:
        raise Refused("its last axis is not all numbers of a vector")
    tensors = {f"gate.{name}": array for name, array in gate.tensors.items()}
    tensors |= {f"up.{name}": array for name, array in up.tensors.items()}
    tensors["down.weight"] = matrix[_inverse(order)].T
    has_bias = "gate.bias" in tensors or "up.bias" in tensors
    if has_bias:
        all_biases(tensors, "down.bias")
    if matrix.shape[1] != gate.tensors["weight"].shape[1]:
        raise Refused("SwiGLU and GEGLU give vectors of the width that they take")
    own = dict(gated.options)
    kind = GATED[own.pop("function")]
    options = {"hidden": gated.sizes["c"], "bias": has_bias, **own}
    sizes = {**gated.sizes, "c": matrix.shape[1]}
    inputs = gate.inputs
    made = Node(kind, inputs, sizes, source=source, options=options, tensors=tensors)
    return origins.absorb(origins.begin(made, "down.weight", root), {"gate": gate, "up": up})


def flattened(node: Node) -> Node:
    """Image or sequence to features."""
    if "flat" not in node.made:
        total = int(np.prod(list(node.sizes.values())))
        made = Node("flatten", (node,), {"c": total}, source=node.source)
        node.made["flat"] = limits.check(made)
    return node.made["flat"]


def _conv(node: Node, weight: Array, about: dict[str, object]) -> Node:
    image = node.shape
    source, root = str(about.pop("source")), about.pop("root")
    options = {"kernel": weight.shape[2:], "stride": (1, 1), "pad": (0, 0), **about}
    h, w = image.windows(options["kernel"], options["stride"], options["pad"])
    if h < 1 or w < 1:
        raise Refused(_too_large(options["kernel"], image))
    out = weight.shape[0]
    made = Node(
        "conv2d",
        (node,),
        {"c": out, "h": h, "w": w},
        source=source,
        options={"out": out, "bias": False, **options},
        tensors={"weight": weight},
    )
    return origins.begin(limits.check(made), "weight", root)


def _too_large(kernel: tuple[int, int], image: Image) -> str:
    return f"a window of {kernel[0]} × {kernel[1]} does not fit into {in_words(image)}"


def image_of(flow: Flow, batch: int) -> Node:
    """The node of a flow that is an image with channels first."""
    node = real(flow).node
    if isinstance(node.shape, Image) and flow.axes == axes_of(node.sizes, batch):
        return node
    hint = "give the input as batch × channels × height × width"
    if isinstance(node.shape, Image):
        hint = "if the graph's input has channels last, import with --channels-last"
    raise Refused(f"takes images with channels first, but gets {in_words(node.shape)}; {hint}")


def conv(flow: Flow, weight: Array, batch: int, **about: object) -> Flow:
    """A convolution of an image."""
    node, groups = image_of(flow, batch), about.get("groups", 1)
    if weight.ndim != 4 or weight.shape[1] * groups != node.sizes["c"] or len(weight) % groups:
        raise Refused(f"a weight of {list(weight.shape)} on {in_words(node.shape)}")
    made = _conv(node, weight, about)
    return Flow(made, axes_of(made.sizes, batch))


def windowed(flow: Flow, kind: str, batch: int, source: str, **options: tuple[int, int]) -> Flow:
    """A pooling of an image."""
    node = image_of(flow, batch)
    h, w = node.shape.windows(**options)
    if h < 1 or w < 1:
        raise Refused(_too_large(options["kernel"], node.shape))
    sizes = {"c": node.sizes["c"], "h": h, "w": w}
    made = Node(kind, (node,), sizes, source=source, options=options)
    return Flow(limits.check(made), axes_of(sizes, batch))


def add(left: Flow, right: Flow) -> Flow:
    """The sum of two outputs."""
    left, right = real(left), real(right)
    if left.axes != right.axes or left.node.sizes != right.node.sizes:
        both = " and ".join(in_words(one.node.shape) for one in (left, right))
        raise Refused(f"adds {both} in another layout")
    if left.node is right.node:
        raise Refused("adds a value to itself")
    return flow_like(Node("add", (left.node, right.node), left.node.sizes), left)


def shifted(flow: Flow, table: Array, source: str, root: str | None) -> Flow:
    """`flow + table`, a row per position, which is made of a tensor of the file."""
    node = real(flow).node
    if node.kind == "position":
        names = node.names if root is None else {"weight": ""}
        made = node.change(tensors={"weight": node.tensors["weight"] + table}, names=names)
    else:
        made = Node("position", (node,), node.sizes, source=source, tensors={"weight": table})
        origins.begin(made, "weight", root)
    return flow_like(made, flow)


def constant(array: Array, flow: Flow) -> tuple[str, Array] | None:
    """A constant broadcast against a flow: one number per channel (`"c"`) or per position too."""
    sizes = flow.node.sizes
    if "c" not in sizes:
        return None
    found = spread(array, flow.axes, {"c": sizes["c"]})
    if found is not None:
        return "c", found.astype(np.float64)
    if "t" in sizes:
        found = spread(array, flow.axes, {"t": sizes["t"], "c": sizes["c"]})
        if found is not None:
            return "tc", found.astype(np.float64)
    return None
