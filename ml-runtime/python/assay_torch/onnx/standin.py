"""Stand-ins for what is not supported, so that what comes after it is looked at as well."""

from __future__ import annotations

import onnx

from ..shapes import Image
from .load import Graph, Operation
from .network import LAYERS
from .values import Expr, Flow, Node, Unknown, Value, axes_of
from .view import length, whole


class Shapes:
    """Shapes of tensors as the library of ONNX infers them, when they are first asked for."""

    def __init__(self, graph: Graph, dims: dict[str, list[int]]) -> None:
        self.graph, self.dims = graph, dims
        self.found: dict[str, list[int]] | None = None

    def of(self, name: str) -> list[int] | None:
        """The shape of a tensor, where it is known."""
        if self.found is None:
            self.found = self._infer()
        return self.found.get(name)

    def _infer(self) -> dict[str, list[int]]:
        model = onnx.ModelProto()
        model.CopyFrom(self.graph.model)
        for one in model.graph.input:
            shape = one.type.tensor_type.shape
            for dim, size in zip(shape.dim, self.dims.get(one.name, ()), strict=False):
                dim.dim_value = size
        try:
            graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
        except Exception:
            return {}
        return {
            one.name: [dim.dim_value for dim in one.type.tensor_type.shape.dim]
            for one in [*graph.value_info, *graph.output]
            if all(dim.dim_value > 0 for dim in one.type.tensor_type.shape.dim)
        }


def stand_in(one: Operation, values: list[Value | None], shapes: Shapes, batch: int) -> Value:
    """Something of the shape that an operation's output has, or `Unknown`.

    Only where there can be no doubt which axis is what: a wrong guess would report what is right.
    """
    sources = [value for value in values if isinstance(value, Flow | Expr)]
    if not sources or len(one.outputs) != 1:
        return Unknown()
    flow = sources[0] if isinstance(sources[0], Flow) else sources[0].base
    node, dims = flow.node, shapes.of(one.outputs[0])
    if node.kind not in LAYERS or node.options.get("tokens") or dims is None:
        return Unknown()
    if dims == flow.dims:
        return Flow(Node("missing", (), node.sizes, source=one.name), flow.axes)
    image = isinstance(node.shape, Image) and flow.axes == axes_of(node.sizes, batch)
    if image and len(dims) == 4:
        sizes = dict(zip("chw", dims[1:], strict=True))
    elif len(dims) == 2 and dims[0] == batch:
        sizes = {"c": dims[1]}
    elif len(dims) == 2 and "t" in node.sizes and dims[0] == length(flow.axes[0]):
        # The positions of all records one below the other.
        sizes = {"t": node.sizes["t"], "c": dims[1]}
        made = Node("missing", (), sizes, source=one.name)
        return Flow(made, (flow.axes[0], whole("c", dims[1])))
    else:
        return Unknown()
    return Flow(Node("missing", (), sizes, source=one.name), axes_of(sizes, batch))
