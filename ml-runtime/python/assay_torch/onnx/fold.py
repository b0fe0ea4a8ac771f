"""Operations on constants, computed while the graph is read."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from .load import Operation
from .values import Refused

#: Most numbers of a constant that is computed: a larger one is an attempt to fill the memory.
MOST = 1 << 26

#: Results that are as large as their inputs, broadcast, or smaller.
_PLAIN = """
    Abs Add And ArgMax ArgMin Cast CastLike Ceil Clip Cos CumSum Div Equal Erf Exp EyeLike
    Flatten Floor Gelu Greater GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Log Max Mean Min
    Mod Mul Neg Not Or Pow Reciprocal ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare Relu Reshape Round Shape Sigmoid Sign Sin Size Slice Softmax Split Sqrt Squeeze
    Sub Sum Tan Tanh Transpose Trilu Unsqueeze Where Xor
"""
_GROWING = """
    Concat ConstantOfShape Einsum Expand Gather GatherElements GatherND Gemm MatMul Range Tile
"""
KNOWN = frozenset(["Constant", *_PLAIN.split(), *_GROWING.split()])


def constant(one: Operation) -> np.ndarray:
    """What a `Constant` holds."""
    for name, value in one.attributes.items():
        if name == "value":
            return value
        if name in ("value_float", "value_floats"):
            return np.asarray(value, np.float32)
        if name in ("value_int", "value_ints"):
            return np.asarray(value, np.int64)
    raise Refused("a constant that is neither a tensor nor numbers")


def _size(one: Operation, inputs: list[np.ndarray | None]) -> int:
    """Numbers of the result, at most."""
    given = [array for array in inputs if array is not None]
    first = given[0] if given else np.zeros(0)
    match one.op:
        case "ConstantOfShape":
            return math.prod(int(n) for n in first)
        case "Expand":
            return math.prod(max(int(n), 1) for n in given[1]) * max(first.size, 1)
        case "Range":
            start, limit, step = (float(n) for n in given[:3])
            return int(abs((limit - start) / step)) + 1 if step else MOST + 1
        case "Tile":
            return first.size * math.prod(int(n) for n in given[1])
        case "Concat":
            return sum(array.size for array in given)
        case "Gather":
            return first.size * max(given[1].size, 1)
        case "GatherElements":
            return given[1].size
        case "GatherND":
            depth = int(given[1].shape[-1]) + int(one.attributes.get("batch_dims", 0))
            return given[1].size * math.prod(first.shape[depth:])
        case "Einsum":
            return math.prod(max(array.size, 1) for array in given)
        case "MatMul" | "Gemm":
            return math.prod(max(array.size, 1) for array in given[:2])
    try:
        return math.prod(np.broadcast_shapes(*[array.shape for array in given]))
    except ValueError:
        return max(array.size for array in given)


def fold(one: Operation, inputs: list[np.ndarray | None], opset: int) -> list[Any]:
    """The outputs of an operation on constants."""
    if one.op == "Constant":
        return [constant(one)]
    size = _size(one, inputs)
    if one.op in ("MatMul", "Gemm", "Gather", "Expand"):
        size = min(size, _exact(one, inputs))
    if size > MOST:
        raise Refused(f"it computes a constant of {size} numbers; at most {MOST}")
    if one.op == "GatherElements":
        return [_elements(one, *inputs)]
    names = [f"i{place}" if array is not None else "" for place, array in enumerate(inputs)]
    attributes = {
        name: numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
        for name, value in one.attributes.items()
    }
    outputs = [f"o{place}" if name else "" for place, name in enumerate(one.outputs)]
    node = helper.make_node(one.op, names, outputs, **attributes)
    given = {n: a for n, a in zip(names, inputs, strict=True) if a is not None}
    blank = [helper.make_value_info(name, onnx.TypeProto()) for name in given]
    results = [helper.make_value_info(name, onnx.TypeProto()) for name in outputs if name]
    graph = helper.make_graph([node], "fold", blank, results)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    try:
        with np.errstate(all="ignore"):
            found = iter(ReferenceEvaluator(model).run(None, given))
    except Exception as error:
        raise Refused(f"it cannot be computed: {error}") from error
    return [np.asarray(next(found)) if name else None for name in outputs]


def _elements(one: Operation, data: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Elements along an axis; the library's own evaluator has them wrong for some shapes."""
    axis = one.attributes.get("axis", 0)
    try:
        # As much of the other axes as there are indices for.
        parts = [
            slice(None) if n == axis % data.ndim else slice(k) for n, k in enumerate(index.shape)
        ]
        return np.take_along_axis(data[tuple(parts)], index, axis)
    except (IndexError, ValueError) as error:
        raise Refused(f"it cannot be computed: {error}") from error


def _exact(one: Operation, inputs: list[np.ndarray | None]) -> int:
    left, right = inputs[0], inputs[1]
    if left is None or right is None:
        return 0
    if one.op == "Gather":
        axis = left.shape[one.attributes.get("axis", 0)] if left.ndim else 1
        return left.size // max(axis, 1) * right.size
    if one.op == "Expand":
        try:
            return math.prod(np.broadcast_shapes(left.shape, tuple(int(n) for n in right)))
        except ValueError:
            return 0
    if left.ndim < 2 or right.ndim < 2:
        return max(left.size, right.size)
    batch = max(left.size // max(left.shape[-1] * left.shape[-2], 1), 1)
    return batch * left.size // max(left.shape[-1], 1) * right.shape[-1]
