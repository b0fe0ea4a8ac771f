"""Reads a graph from its input to its output, one operation after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto

from ..errors import Missing, OnnxError, Unsupported
from ..shapes import Features, Image, Sequence, Shape, Tokens
from . import fold, limits
from .load import Graph, Operation
from .standin import Shapes, stand_in
from .values import BATCH, Expr, Flow, Node, Refused, Unknown, Value, axes_of, sizes_of
from .view import Axes, ViewError, whole

#: Types of numbers that tokens have, and those that pixels and features have.
TOKENS = (TensorProto.INT64, TensorProto.INT32)
FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)
NUMBERS = (*FLOATS, TensorProto.UINT8)


class Call:
    """One operation with what arrives at it."""

    def __init__(self, one: Operation, values: list[Value | None], reader: Reader) -> None:
        self.one, self.values = one, values
        self.batch, self.opset, self.name = reader.batch, reader.graph.opset, one.name

    def attribute(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as ONNX has them
        """An attribute, or its default."""
        return self.one.attributes.get(name, default)

    def given(self, place: int) -> Value | None:
        """An input, or `None` where it is left out."""
        return self.values[place] if place < len(self.values) else None

    def constant(self, place: int, what: str) -> np.ndarray | None:
        """An input that must be a constant, or be left out."""
        value = self.given(place)
        if value is None or isinstance(value, np.ndarray):
            return value
        raise Refused(f"{what} is computed from the input; it must be a constant")

    def needed(self, place: int, what: str) -> np.ndarray:
        """An input that must be a constant."""
        value = self.constant(place, what)
        if value is None:
            raise Refused(f"{what} is missing")
        return value

    def flow(self, place: int) -> Flow | Expr:
        """An input that must come from the graph's input."""
        value = self.given(place)
        if isinstance(value, Flow | Expr):
            return value
        raise Refused("it works on a constant here; only the model's own data can be worked on")

    def ints(self, attribute: str, place: int) -> list[int] | None:
        """Integers that older opsets have as an attribute and newer ones as an input."""
        if (found := self.attribute(attribute)) is not None:
            return [int(n) for n in found]
        array = self.constant(place, attribute)
        return None if array is None else [int(n) for n in array.reshape(-1)]


Handler = Callable[[Call], Value | list[Value]]

#: By operator of the standard set; `operators` fills it.
HANDLERS: dict[str, Handler] = {}
#: Checks of attributes alone, so that what comes after something unsupported is looked at as well.
CHECKS: dict[str, Callable[[Call], None]] = {}
#: What to do about operators that people will try.
HINTS = {
    "InstanceNormalization": "use a layer norm over the channels",
    "GroupNormalization": "norms over groups are not there; use a layer norm over the channels",
    "LSTM": "recurrent layers are not there; use attention",
    "GRU": "recurrent layers are not there; use attention",
    "RNN": "recurrent layers are not there; use attention",
    "ConvTranspose": "no layer makes an image larger",
    "Resize": "no layer makes an image larger; resize the data",
    "If": "the graph must be the same for every record; export the model without branches",
    "Loop": "the graph must be the same for every record; export the model without loops",
    "Scan": "the graph must be the same for every record; export the model without loops",
    "Elu": "use relu, gelu, silu, tanh or sigmoid",
    "LeakyRelu": "use relu, gelu, silu, tanh or sigmoid",
    "PRelu": "use relu, gelu, silu, tanh or sigmoid",
    "HardSwish": "use silu",
    "HardSigmoid": "use sigmoid",
    "LRN": "use a layer norm over the channels",
    "Pad": "give the padding to the convolution",
}


def register(*names: str, check: Callable[[Call], None] | None = None) -> Callable:
    """Makes a function the handler of operators."""

    def keep(function: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = function
            if check is not None:
                CHECKS[name] = check
        return function

    return keep


class Reader:
    """Knows what every tensor is; gathers all that is missing."""

    def __init__(self, graph: Graph, shape: list[int] | None, *, channels_last: bool) -> None:
        self.graph = graph
        self.missing: list[Missing] = []
        self.batch, sizes = _dims(graph, shape)
        self.shapes = Shapes(graph, [self.batch, *sizes])
        self.shape, axes = _input(graph, sizes, self.batch, channels_last=channels_last)
        tokens = isinstance(self.shape, Tokens)
        options = {"tokens": tokens, "bytes": graph.elem == TensorProto.UINT8}
        source = Node("input", (), sizes_of(self.shape), source=graph.input, options=options)
        self.values: dict[str, Value] = dict(graph.constants)
        self.values[graph.input] = Flow(source, axes)

    def run(self) -> Value:
        """What the output is, if everything is supported."""
        for one in self.graph.operations:
            values = [self.values[name] if name else None for name in one.inputs]
            made = self._one(one, values)
            for name, value in zip(one.outputs, made, strict=False):
                if name:
                    self.values[name] = value
            for name in one.outputs[len(made) :]:
                self.values[name] = Unknown()
        if self.missing:
            raise Unsupported(self.missing)
        return self.values[self.graph.output]

    def miss(self, one: Operation, reason: str) -> None:
        """Notes, once, an operation that has no form in a manifest."""
        found = Missing(one.name, one.title, reason)
        if found not in self.missing:
            self.missing.append(found)

    def _one(self, one: Operation, values: list[Value | None]) -> list[Value]:
        unknown: list[Value] = [Unknown() for _ in one.outputs]
        is_constant = all(value is None or isinstance(value, np.ndarray) for value in values)
        try:
            if one.domain == "" and is_constant and one.op in fold.KNOWN:
                return fold.fold(one, values, self.graph.opset)
            handler = HANDLERS.get(one.op) if one.domain == "" else None
            lost = any(isinstance(value, Unknown) for value in values)
            if handler is None and lost and one.domain == "" and one.op in fold.KNOWN:
                # Perhaps a constant, if what it is made of were known.
                return unknown
            if handler is None:
                raise Refused(self._unknown(one))
            call = Call(one, values, self)
            if check := CHECKS.get(one.op):
                check(call)
            if lost:
                return unknown
            made = handler(call)
        except (Refused, ViewError) as error:
            self.miss(getattr(error, "at", None) or one, str(error))
            return [stand_in(one, values, self.shapes, self.batch)]
        except (IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
            self.miss(one, f"its inputs do not fit the operator: {error}")
            return unknown
        if isinstance(made, Expr) and made.maker is None:
            made.maker = one
        return made if isinstance(made, list) else [made]

    def _unknown(self, one: Operation) -> str:
        if one.domain:
            return "an operator that is not of the standard set; export the model without it"
        return HINTS.get(one.op, "no layer of a manifest does what this operator does")


def _dims(graph: Graph, shape: list[int] | None) -> tuple[int, list[int]]:
    """The batch and the shape of one record."""
    dims = graph.dims
    shown = "[" + ", ".join(map(str, dims)) + "]"
    if len(dims) < 2:
        raise OnnxError(f"the input {graph.input} is {shown}; its first axis must be the batch")
    batch = dims[0] if isinstance(dims[0], int) else BATCH
    if shape is not None:
        fits = len(shape) == len(dims) - 1 and all(
            not isinstance(have, int) or have == want
            for have, want in zip(dims[1:], shape, strict=True)
        )
        if not fits:
            raise OnnxError(f"--shape {shape} does not fit the input {graph.input}, {shown}")
        dims = [batch, *shape]
    if any(not isinstance(size, int) for size in dims[1:]):
        raise OnnxError(
            f"the input {graph.input} is {shown}: only the batch may be open; say by --shape how "
            "large one record is, or export the model with that shape"
        )
    if batch < 1 or min(dims[1:]) < 1:
        raise OnnxError(f"the input {graph.input} is {shown}; all sizes must be above 0")
    total = int(np.prod([float(n) for n in dims[1:]]))
    if total > limits.MAX_FIELD or batch > limits.MAX_FIELD:
        most = limits.MAX_FIELD
        raise OnnxError(f"the input {graph.input} is {shown}; a record has at most {most} numbers")
    return batch, dims[1:]


def _input(
    graph: Graph, sizes: list[int], batch: int, *, channels_last: bool
) -> tuple[Shape, Axes]:
    """What one record is, and the layout in which the graph gets it."""
    if graph.elem in TOKENS:
        if len(sizes) != 1:
            raise OnnxError(f"the input {graph.input} has tokens of {sizes}; they have one axis")
        shape: Shape = Tokens(sizes[0])
    elif graph.elem not in NUMBERS:
        kind = TensorProto.DataType.Name(graph.elem) if graph.elem else "no type"
        raise OnnxError(f"the input {graph.input} has {kind}; it must have floats, bytes or tokens")
    elif len(sizes) == 1:
        shape = Features(sizes[0])
    elif len(sizes) == 2:
        shape = Sequence(*sizes)
    elif len(sizes) == 3:
        c, h, w = (sizes[2], *sizes[:2]) if channels_last else sizes
        if max(h, w, c) > limits.MAX_SIDE:
            raise OnnxError(f"the input {graph.input} has a side above {limits.MAX_SIDE}")
        if channels_last:
            return Image(h, w, c), tuple(
                whole(axis, size) for axis, size in zip("bhwc", (batch, h, w, c), strict=True)
            )
        shape = Image(h, w, c)
    else:
        raise OnnxError(f"the input {graph.input} has {len(sizes) + 1} axes; images have four")
    return shape, axes_of(sizes_of(shape), batch)
