"""What is known of a tensor while a graph is read: its layer, and what is pending."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..shapes import Features, Image, Sequence, Shape, Tokens
from .view import Axes, dims, shown, whole

if TYPE_CHECKING:
    from .load import Operation
    from .origins import Origin


class Refused(ValueError):  # noqa: N818 - the name says it
    """Why a node of the graph has no form in a manifest, and what to do about it.

    `at` is the operation that it is about, where that is not the one that is being read.
    """

    def __init__(self, reason: str, at: Operation | None = None) -> None:
        super().__init__(reason)
        self.at = at


class Node:
    """A layer, or something that becomes part of one: `scores`, `weights`, `context`, ….

    `tensors` are parameters by their names in the layer's module, shaped as torch shapes them.
    """

    def __init__(
        self,
        kind: str,
        inputs: tuple[Node, ...],
        sizes: dict[str, int],
        *,
        source: str = "",
        options: dict[str, Any] | None = None,
        tensors: dict[str, np.ndarray] | None = None,
    ) -> None:
        self.kind, self.inputs, self.sizes = kind, inputs, sizes
        self.source = source
        self.options: dict[str, Any] = options or {}
        self.tensors: dict[str, np.ndarray] = tensors or {}
        #: What of the graph is in the tensors, and which tensor of the file each was, if one alone.
        self.origins: tuple[Origin, ...] = ()
        self.names: dict[str, str] = {}
        #: Numbers of the graph by which tensors were multiplied.
        self.gains: dict[str, float] = {}
        #: What was made of it already, by purpose; and, of a part, what it was cut from.
        self.made: dict[str, Node] = {}

    @property
    def shape(self) -> Shape:
        """What leaves the layer, for one record."""
        match self.sizes:
            case {"c": c, "h": h, "w": w}:
                return Image(h, w, c)
            case {"t": t, "c": c}:
                return Sequence(t, c)
            case {"t": t}:
                return Tokens(t)
            case {"c": c}:
                return Features(c)
        raise Refused(f"{self.kind} is no output of a layer")

    def change(self, **parts: Any) -> Node:  # noqa: ANN401 - as many types as parts
        """A copy with other parts."""
        new = Node(self.kind, self.inputs, self.sizes, source=self.source)
        new.options, new.tensors = self.options, self.tensors
        new.origins, new.names, new.gains = self.origins, self.names, self.gains
        for name, value in parts.items():
            setattr(new, name, value)
        return new


def sizes_of(shape: Shape) -> dict[str, int]:
    """Sizes by axis, in the order in which a tensor of ONNX has them after the batch."""
    match shape:
        case Features(c):
            return {"c": c}
        case Tokens(t):
            return {"t": t}
        case Sequence(t, c):
            return {"t": t, "c": c}
        case Image(h, w, c):
            return {"c": c, "h": h, "w": w}


class Flow:
    """The output of a node, with a layout."""

    def __init__(self, node: Node, axes: Axes) -> None:
        self.node, self.axes = node, axes

    @property
    def dims(self) -> list[int]:
        """Shape of the tensor."""
        return dims(self.axes)

    @property
    def shown(self) -> str:
        """The same, for a person."""
        return shown(self.axes)

    def same(self, other: Flow) -> bool:
        """Whether both are the same numbers in the same places."""
        return self.node is other.node and self.axes == other.axes


class Expr:
    """A function, not named yet, of each number of a flow, or of each vector along its last axis.

    `args` are a flow, expressions over the same flow, and numbers; `reduced` says that it is one
    number per vector.
    """

    #: Steps in the largest function that anybody writes out.
    MOST = 64

    def __init__(self, op: str, args: tuple[Flow | Expr | float, ...], base: Flow) -> None:
        self.op, self.args, self.base = op, args, base
        inner = [arg for arg in args if isinstance(arg, Expr)]
        self.reduces = op in ("mean", "sum") or any(arg.reduces for arg in inner)
        flows = any(isinstance(arg, Flow) for arg in args)
        self.reduced = op in ("mean", "sum") or (
            not flows and bool(inner) and all(arg.reduced for arg in inner)
        )
        self.size = 1 + sum(arg.size for arg in inner)
        self.settled: Flow | None = None
        #: Whether it was tried, and is no layer.
        self.lost = False
        #: The operation of the last step.
        self.maker: Operation | None = None

    @property
    def axes(self) -> Axes:
        """Layout: that of the flow, with a last axis of one element if it is reduced."""
        return (*self.base.axes[:-1], ()) if self.reduced else self.base.axes

    @property
    def dims(self) -> list[int]:
        """Shape of the tensor."""
        return dims(self.axes)

    @property
    def shown(self) -> str:
        """The same, for a person."""
        return shown(self.axes)


class Mask:
    """What a graph computes of its mask alone: an array for each of several masks.

    `seen` are these masks, each `batch × length`, false for padding.
    """

    def __init__(self, arrays: list[np.ndarray], seen: list[np.ndarray]) -> None:
        self.arrays, self.seen = arrays, seen

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Mask:
        """Another one, of each array."""
        return Mask([function(array) for array in self.arrays], self.seen)


class Unknown:
    """Something that comes out of what is not supported."""


Value = np.ndarray | Flow | Expr | Mask | Unknown


def axes_of(sizes: dict[str, int], batch: int) -> Axes:
    """The layout that a node's output has in ONNX: the batch, then `sizes` in order."""
    return (whole("b", batch), *(whole(axis, size) for axis, size in sizes.items()))
