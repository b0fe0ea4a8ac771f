"""An ONNX file as a graph of plain values, or one error that says what is wrong with the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from ..errors import OnnxError
from .tensors import array_of, inside

#: Operators are read as these versions of the standard set define them.
OLDEST, NEWEST = 7, onnx.defs.onnx_opset_version()
STANDARD = ("", "ai.onnx")
#: Names of tokens, where there are several inputs of data.
TOKENS = ("input_ids", "tokens")
#: What inputs of encoders beside their tokens are for, by the names that exporters give them.
ROLES = {
    "attention_mask": "mask",
    "input_mask": "mask",
    "mask": "mask",
    "token_type_ids": "types",
    "segment_ids": "types",
    "position_ids": "positions",
}


@dataclass
class Operation:
    """A node of the graph."""

    name: str
    op: str
    domain: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its operator, with the domain if that is not the standard."""
        return f"{self.domain}.{self.op}" if self.domain else self.op


@dataclass
class Source:
    """An input of a graph."""

    name: str
    elem: int
    """Type of its numbers, of `TensorProto.DataType`; 0 where the file has none."""
    dims: list[int | str] | None
    """Its shape; names and `"?"` stand for what is open, nothing for one that is not said."""

    @property
    def shown(self) -> str:
        """The shape, for a person."""
        return "without a shape" if self.dims is None else f"[{', '.join(map(str, self.dims))}]"


@dataclass
class Graph:
    """What an output needs: operations in an order in which each has its inputs."""

    operations: list[Operation]
    constants: dict[str, np.ndarray]
    source: Source
    """The input that has the data."""
    others: list[Source]
    """Further inputs: masks, and what is not supported."""
    output: str
    opset: int
    model: ModelProto


def load(path: Path, output: str | None = None) -> Graph:
    """Reads a file. `output` names the output that is wanted where there are several."""
    model = _parse(path)
    opset = _opset(model)
    if model.functions:
        try:
            model = onnx.inliner.inline_local_functions(model)
        except Exception as error:
            raise OnnxError(f"{path}: its functions cannot be put in line: {error}") from error
    graph = model.graph
    constants = {}
    for tensor in graph.initializer:
        constants[tensor.name] = _array(tensor, path, f"the tensor {tensor.name}")
    for sparse in graph.sparse_initializer:
        raise OnnxError(f"{path}: {sparse.values.name} is sparse; save it as a dense tensor")
    operations = [_operation(node, index, path) for index, node in enumerate(graph.node)]
    wanted = _output(graph, output, path)
    needed, used = _order(operations, wanted, constants, {one.name for one in graph.input}, path)
    sources = [one for one in graph.input if one.name in used and one.name not in constants]
    if not sources:
        raise OnnxError(f"{path}: a model has an input, but the output {wanted} depends on none")
    source = min(sources, key=lambda one: (one.name in ROLES, one.name not in TOKENS))
    others = [_source(one) for one in sources if one is not source]
    source = _source(source)
    if source.dims is None:
        raise OnnxError(f"{path}: the input {source.name} has no shape; export it with one")
    return Graph(needed, constants, source, others, wanted, opset, model)


def _source(value: ValueInfoProto) -> Source:
    tensor = value.type.tensor_type
    if not value.type.HasField("tensor_type") or not tensor.HasField("shape"):
        return Source(value.name, tensor.elem_type, None)
    dims = [
        dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?"
        for dim in tensor.shape.dim
    ]
    return Source(value.name, tensor.elem_type, dims)


def _parse(path: Path) -> ModelProto:
    content = path.read_bytes()
    model = ModelProto()
    try:
        model.ParseFromString(content)
    except (DecodeError, RecursionError) as error:
        raise OnnxError(f"{path}: not an ONNX model, or cut short: {error}") from error
    if not model.graph.node:
        raise OnnxError(f"{path}: not an ONNX model, or one without operations")
    return model


def _opset(model: ModelProto) -> int:
    versions = [one.version for one in model.opset_import if one.domain in STANDARD]
    if not versions:
        raise OnnxError("the model does not say which opset it is written in")
    if not OLDEST <= versions[0] <= NEWEST:
        reason = f"opsets {OLDEST} to {NEWEST} are known (onnx {onnx.__version__})"
        raise OnnxError(f"opset {versions[0]} is unknown: {reason}; export for one of them")
    return versions[0]


def _array(tensor: TensorProto, path: Path, what: str) -> np.ndarray:
    try:
        if tensor.data_location == TensorProto.EXTERNAL:
            return inside(tensor, path.parent)
        return array_of(tensor)
    except (ValueError, TypeError, OSError) as error:
        raise OnnxError(f"{path}: {what}: {error}") from error


def _operation(node: NodeProto, index: int, path: Path) -> Operation:
    name = node.name or (node.output[0] if node.output else f"node {index}")
    if isinstance(name, bytes):
        # What protobuf has of a name that is no text.
        name = name.decode("utf-8", "replace")
    attributes: dict[str, Any] = {}
    for one in node.attribute:
        if one.type == AttributeProto.TENSOR:
            attributes[one.name] = _array(one.t, path, f"{one.name} of {name}")
        elif one.type == AttributeProto.STRING:
            attributes[one.name] = one.s.decode("utf-8", "replace")
        elif one.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
            attributes[one.name] = None
        else:
            attributes[one.name] = helper.get_attribute_value(one)
    domain = "" if node.domain in STANDARD else node.domain
    inputs, outputs = list(node.input), list(node.output)
    return Operation(name, node.op_type, domain, inputs, outputs, attributes)


def _output(graph: onnx.GraphProto, output: str | None, path: Path) -> str:
    names = [one.name for one in graph.output]
    if output is None and len(names) == 1:
        return names[0]
    if output in names:
        return output
    asked = "say by --output which one has the logits" if output is None else f"none is {output}"
    raise OnnxError(f"{path}: its outputs are {', '.join(names) or 'none'}: {asked}")


def _order(
    operations: list[Operation],
    output: str,
    constants: Iterable[str],
    inputs: set[str],
    path: Path,
) -> tuple[list[Operation], set[str]]:
    """What the output needs, in order, and all names in it."""
    makers: dict[str, Operation] = {}
    for one in operations:
        for name in filter(None, one.outputs):
            if name in makers or name in inputs or name in constants:
                raise OnnxError(f"{path}: {name} is made twice, again by {one.name}")
            makers[name] = one
    order: list[Operation] = []
    state: dict[int, bool] = {}  # whether it is done; absent where it was not met
    used: set[str] = {output}
    todo = [(output, "the graph")]
    while todo:
        name, user = todo[-1]
        used.add(name)
        one = makers.get(name)
        if one is None:
            if name not in inputs and name not in constants:
                raise OnnxError(f"{path}: {user} uses {name}, which nothing makes")
            todo.pop()
            continue
        if state.get(id(one)):
            todo.pop()
            continue
        waiting = [
            (found, one.name)
            for found in filter(None, one.inputs)
            if not (found in makers and state.get(id(makers[found])))
            and not (found not in makers and found in used)
        ]
        if not waiting:
            state[id(one)] = True
            order.append(one)
            todo.pop()
            continue
        for found, _ in waiting:
            if found in makers and state.get(id(makers[found])) is False:
                raise OnnxError(f"{path}: a cycle goes through {one.name} and {found}")
        state[id(one)] = False
        todo += waiting
    return order, used
