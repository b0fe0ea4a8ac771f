"""Graphs written by hand, and the comparison of what they compute with what is imported."""

import tomllib

import numpy as np
import pytest
from safetensors.numpy import load_file

from reference import Network

pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from assay_torch.onnx import import_onnx
from assay_torch.onnx.write import write


class Graph:
    """Builds a model: `op` appends a node and gives the name of its output."""

    def __init__(self, *dims, kind=TensorProto.FLOAT, opset=20, seed=1, batch="batch"):
        self.nodes, self.tensors = [], []
        self.dims, self.kind, self.opset = [batch, *dims], kind, opset
        self.random = np.random.default_rng(seed)
        self.x = "x"
        self.others = []

    def name(self, op):
        return f"{op.lower()}_{len(self.nodes)}"

    def op(self, op, *inputs, outputs=1, domain="", **attributes):
        """The output, or several; arrays become constants."""
        given = [one if isinstance(one, str) else self.const(one) for one in inputs]
        made = [f"{self.name(op)}.{place}" for place in range(outputs)]
        self.nodes.append(
            helper.make_node(op, given, made, name=self.name(op), domain=domain, **attributes)
        )
        return made[0] if outputs == 1 else made

    def const(self, value):
        array = np.asarray(value)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        self.tensors.append(numpy_helper.from_array(array, f"c{len(self.tensors)}"))
        return self.tensors[-1].name

    def draw(self, *shape, scale=0.4):
        return (self.random.standard_normal(shape) * scale).astype(np.float32)

    def linear(self, x, inputs, out, bias=True):
        y = self.op("MatMul", x, self.draw(inputs, out))
        return self.op("Add", y, self.draw(out)) if bias else y

    def input(self, name, *dims, kind=TensorProto.INT64):
        """One more input beside `x`."""
        dims = [self.dims[0], *dims]
        self.others.append(helper.make_tensor_value_info(name, kind, dims))
        return name

    def model(self, output, dims=None):
        source = helper.make_tensor_value_info("x", self.kind, self.dims)
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, dims)
        graph = helper.make_graph(self.nodes, "g", [source, *self.others], [result], self.tensors)
        opsets = [helper.make_opsetid("", self.opset)]
        for domain in {node.domain for node in self.nodes} - {""}:
            opsets.append(helper.make_opsetid(domain, 1))
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def imported(model, folder, **options):
    """The raw layers, the tensors and what was found, by way of the files."""
    path = folder / "model.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    found = import_onnx(path, **options)
    out = folder / "out"
    write(found, path, out, None)
    raw = tomllib.loads((out / "task.toml").read_text())
    return raw, load_file(out / "weights.safetensors"), found


def inputs_of(raw, found, dims, seed=7):
    """Records of three in our layout, as the graph's dims say whether they are tokens."""
    random = np.random.default_rng(seed)
    shape = [dims[0], *raw["model"]["shape"]]
    if found.vocab:
        return random.integers(0, found.vocab, shape)
    return random.standard_normal(shape).astype(np.float32)


def evaluated(model, x, **others):
    return ReferenceEvaluator(model).run(None, {"x": x, **others})[0]


def kinds(layers):
    """Kinds of layers, nested."""
    made = []
    for layer in layers:
        inner = [kinds(layer[key]) for key in ("layer", "skip") if key in layer]
        made.append((layer["kind"], *inner) if inner else layer["kind"])
    return made


def compare(
    model, folder, *, batch=3, run=evaluated, channels_last=False, tolerance=2e-5, **options
):
    """Asserts that both give the same logits; returns kinds of layers, the manifest, the rest."""
    raw, tensors, found = imported(model, folder, channels_last=channels_last, **options)
    x = inputs_of(raw, found, [batch])
    theirs = x.astype(np.int64) if found.vocab else x
    if x.ndim == 4 and not channels_last:
        theirs = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    wanted = run(model, theirs)
    field = raw["data"]["fields"]["input"]
    if not found.vocab:
        x = x.astype(np.float64) * field.get("scale", 1.0) + field.get("shift", 0.0)
    network = Network(tensors)
    ours = network.stack(raw["model"]["layer"], x)
    assert network.used == tensors.keys()
    assert ours.size == wanted.size
    scale = max(1.0, float(np.abs(wanted).max()))
    np.testing.assert_allclose(ours.reshape(wanted.shape), wanted, rtol=0, atol=tolerance * scale)
    assert float(np.abs(wanted).std()) > 1e-3, "logits that are all alike prove nothing"
    return kinds(raw["model"]["layer"]), raw, found
