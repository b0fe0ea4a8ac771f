"""Reads a graph from its input to its output, one operation after the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from ..errors import Missing, OnnxError, Unsupported
from ..shapes import Features, Image, Sequence, Shape, Tokens
from . import fold, limits
from .load import ROLES, Graph, Operation, Source
from .masks import samples
from .standin import Shapes, stand_in
from .values import Expr, Flow, Mask, Node, Refused, Unknown, Value, axes_of, sizes_of
from .view import BATCH, Axes, ViewError, whole

#: Types of numbers that tokens have, and those that pixels and features have.
TOKENS = (TensorProto.INT64, TensorProto.INT32)
FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)
NUMBERS = (*FLOATS, TensorProto.UINT8)
MASKS = (*TOKENS, *FLOATS, TensorProto.BOOL, TensorProto.UINT8, TensorProto.INT8)

#: What torch's exporter calls tensors that it made: matrices are weights that it turned, and
#: vectors are constants, as those of a norm without parameters.
OWN = re.compile(r"val_\d+")

#: Operators of the model's own data that may take what is made of a mask.
WITH_MASK = frozenset(["Add", "Sub", "Sum", "Mul", "Div", "Where", "Attention"])


class Call:
    """One operation with what arrives at it."""

    def __init__(self, one: Operation, values: list[Value | None], reader: Reader) -> None:
        self.one, self.values, self.reader = one, values, reader
        self.batch, self.opset, self.name = reader.batch, reader.graph.opset, one.name

    def note(self, text: str) -> None:
        """Says something about this operation to a person; what is alike becomes one line."""
        self.reader.notes.setdefault(text, []).append(self.name)

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

    def root(self, place: int) -> str | None:
        """The tensor of the file that an input was made of; nothing for what is no parameter."""
        names = self.one.inputs
        root = self.reader.roots.get(names[place]) if place < len(names) else None
        if root:
            takers = self.reader.takers
            takers[root] = takers.get(root, 0) + 1
        return root

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
    "PRelu": "use leaky_relu, whose slope stays as it is",
    "LRN": "use a layer norm over the channels",
    "Pad": "give zeros to the convolution, or to a mean that counts them; a maximum has none",
    "Equal": "no layer compares tokens; give positions that depend on them as position_ids",
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

    def __init__(
        self,
        graph: Graph,
        shape: list[int] | None,
        *,
        channels_last: bool,
        dropout: bool,
        first_position: int,
    ) -> None:
        self.graph, self.dropout = graph, dropout
        self.missing: list[Missing] = []
        #: What a person should know, with the operations that it is about.
        self.notes: dict[str, list[str]] = {}
        source = graph.source
        self.batch, sizes = _dims(source, shape)
        self.shape, axes = _input(source, sizes, self.batch, channels_last=channels_last)
        tokens = isinstance(self.shape, Tokens)
        options = {"tokens": tokens, "bytes": source.elem == TensorProto.UINT8}
        node = Node("input", (), sizes_of(self.shape), source=source.name, options=options)
        self.values: dict[str, Value] = dict(graph.constants)
        self.values[source.name] = Flow(node, axes)
        #: Numbers that may have learned, with the tensor of the file that they are made of, if it
        #: is one alone.
        self.roots = {
            name: "" if OWN.fullmatch(name) else name
            for name, one in graph.constants.items()
            if is_number(one) and (one.ndim > 1 or not OWN.fullmatch(name))
        }
        #: How many operations take each of these tensors as a parameter.
        self.takers: dict[str, int] = {}
        dims = {source.name: [self.batch, *sizes]}
        for one in graph.others:
            try:
                self.values[one.name] = _other(
                    one, node.sizes.get("t", 0), self.batch, first_position
                )
            except Refused as error:
                self.missing.append(Missing(one.name, "input", str(error)))
                self.values[one.name] = Unknown()
                continue
            dims[one.name] = [self.batch, node.sizes["t"]]
            text = NOTES[ROLES[one.name]].format(*range(first_position, first_position + 3))
            self.notes.setdefault(text, []).append(one.name)
        self.shapes = Shapes(graph, dims)

    def run(self) -> Value:
        """What the output is, if everything is supported."""
        last = {
            name: place
            for place, one in enumerate(self.graph.operations)
            for name in one.inputs
            if name
        }
        for place, one in enumerate(self.graph.operations):
            values = [self.values[name] if name else None for name in one.inputs]
            made = self._one(one, values)
            for name, value in zip(one.outputs, made, strict=False):
                if name:
                    self.values[name] = value
            for name in one.outputs[len(made) :]:
                self.values[name] = Unknown()
            # What is computed of masks is large.
            for name in one.inputs:
                if last.get(name) == place and isinstance(self.values[name], Mask):
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
        of_mask = all(value is None or isinstance(value, np.ndarray | Mask) for value in values)
        try:
            if of_mask and not is_constant:
                return self._of_mask(one, values)
            if one.domain == "" and is_constant and one.op in fold.KNOWN:
                return self._rooted(one, fold.fold(one, values, self.graph.opset))
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
            if one.op not in WITH_MASK and any(isinstance(value, Mask) for value in values):
                raise Refused(
                    "the mask hides padding from attention and means; nothing else takes it"
                )
            made = handler(call)
        except (Refused, ViewError) as error:
            self.miss(getattr(error, "at", None) or one, str(error))
            return [stand_in(one, values, self.shapes, self.batch)]
        except (IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
            self.miss(one, f"its inputs do not fit the operator: {error}")
            return unknown
        if isinstance(made, Expr) and made.maker is None:
            made.maker = one
        return self._rooted(one, made if isinstance(made, list) else [made])

    def _rooted(self, one: Operation, made: list[Value]) -> list[Value]:
        """The outputs of an operation; notes of constants which tensors they are made of."""
        roots = {self.roots[name] for name in one.inputs if name in self.roots}
        # By `Identity`, exporters make one tensor of several that are alike at the start.
        root = next(iter(roots)) if len(roots) == 1 and one.op != "Identity" else ""
        for name, value in zip(one.outputs, made, strict=False):
            if roots and isinstance(value, np.ndarray) and is_number(value):
                self.roots[name] = root
        return made

    def _of_mask(self, one: Operation, values: list[Value | None]) -> list[Value]:
        """What is computed of the mask alone, for each of the masks that are tried."""
        if one.domain or one.op not in fold.KNOWN:
            raise Refused("no mask is made by this operator; export the model without it")
        masks = [value for value in values if isinstance(value, Mask)]
        found = [
            fold.fold(
                one,
                [value.arrays[place] if isinstance(value, Mask) else value for value in values],
                self.graph.opset,
            )
            for place in range(len(masks[0].arrays))
        ]
        if one.op in ("Shape", "Size"):
            return found[0]
        return [Mask(list(arrays), masks[0].seen) for arrays in zip(*found, strict=True)]

    def _unknown(self, one: Operation) -> str:
        if one.domain:
            return "an operator that is not of the standard set; export the model without it"
        return HINTS.get(one.op, "no layer of a manifest does what this operator does")


def is_number(array: np.ndarray) -> bool:
    """Whether it may be a parameter: it has no whole numbers and no truths."""
    return array.dtype.kind not in "biu"


#: What a person should know of inputs by what they are for.
NOTES = {
    "mask": "marks padding; here a field of each record does, the mask that the manifest names",
    "types": "taken as 0 everywhere",
    "positions": (
        "taken as {}, {}, {}, …; --first-position says where they begin, which is 2 for RoBERTa"
    ),
}


def _other(one: Source, length: int, batch: int, first: int) -> Value:
    """What an input beside the data is."""
    role = ROLES.get(one.name)
    if role is None:
        raise Refused(
            "a model has one input of data; beside it, there are a mask for padding named "
            "attention_mask, and token_type_ids and position_ids that are always the same"
        )
    sizes = [batch, length]
    fits = one.dims is not None and len(one.dims) == 2 and length > 0
    if not fits or any(
        isinstance(have, int) and have != want
        for have, want in zip(one.dims or [], sizes, strict=True)
    ):
        raise Refused(f"it is {one.shown}; it must be the batch × the positions of a sequence")
    if one.elem not in MASKS or (role != "mask" and one.elem not in TOKENS):
        kind = TensorProto.DataType.Name(one.elem) if one.elem else "no type"
        raise Refused(f"it has {kind}; it must have whole numbers")
    if batch * length > fold.MOST:
        raise Refused(f"it has {batch * length} numbers; at most {fold.MOST}")
    kind = helper.tensor_dtype_to_np_dtype(one.elem)
    if role == "mask":
        seen = samples(batch, length)
        return Mask([array.astype(kind) for array in seen], seen)
    row = (
        np.zeros(length, kind) if role == "types" else np.arange(first, first + length, dtype=kind)
    )
    return np.broadcast_to(row, sizes).copy()


def _dims(source: Source, shape: list[int] | None) -> tuple[int, list[int]]:
    """The batch and the shape of one record."""
    dims, shown = source.dims, source.shown
    if len(dims) < 2:
        raise OnnxError(f"the input {source.name} is {shown}; its first axis must be the batch")
    batch = dims[0] if isinstance(dims[0], int) else BATCH
    if shape is not None:
        fits = len(shape) == len(dims) - 1 and all(
            not isinstance(have, int) or have == want
            for have, want in zip(dims[1:], shape, strict=True)
        )
        if not fits:
            raise OnnxError(f"--shape {shape} does not fit the input {source.name}, {shown}")
        dims = [batch, *shape]
    if any(not isinstance(size, int) for size in dims[1:]):
        raise OnnxError(
            f"the input {source.name} is {shown}: only the batch may be open; say by --shape how "
            "large one record is, or export the model with that shape"
        )
    if batch < 1 or min(dims[1:]) < 1:
        raise OnnxError(f"the input {source.name} is {shown}; all sizes must be above 0")
    total = int(np.prod([float(n) for n in dims[1:]]))
    if total > limits.MAX_FIELD or batch > limits.MAX_FIELD:
        most = limits.MAX_FIELD
        raise OnnxError(f"the input {source.name} is {shown}; a record has at most {most} numbers")
    return batch, dims[1:]


def _input(
    source: Source, sizes: list[int], batch: int, *, channels_last: bool
) -> tuple[Shape, Axes]:
    """What one record is, and the layout in which the graph gets it."""
    if source.elem in TOKENS:
        if len(sizes) != 1:
            raise OnnxError(f"the input {source.name} has tokens of {sizes}; they have one axis")
        shape: Shape = Tokens(sizes[0])
    elif source.elem not in NUMBERS:
        kind = TensorProto.DataType.Name(source.elem) if source.elem else "no type"
        raise OnnxError(f"the input {source.name} has {kind}; it must have floats, bytes or tokens")
    elif len(sizes) == 1:
        shape = Features(sizes[0])
    elif len(sizes) == 2:
        shape = Sequence(*sizes)
    elif len(sizes) == 3:
        c, h, w = (sizes[2], *sizes[:2]) if channels_last else sizes
        if max(h, w, c) > limits.MAX_SIDE:
            raise OnnxError(f"the input {source.name} has a side above {limits.MAX_SIDE}")
        if channels_last:
            return Image(h, w, c), tuple(
                whole(axis, size) for axis, size in zip("bhwc", (batch, h, w, c), strict=True)
            )
        shape = Image(h, w, c)
    else:
        raise OnnxError(f"the input {source.name} has {len(sizes) + 1} axes; images have four")
    return shape, axes_of(sizes_of(shape), batch)
