"""What is not supported is listed whole, and broken files give one error."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assay_torch import Manifest, Unsupported
from assay_torch.errors import OnnxError
from assay_torch.onnx import import_onnx
from assay_torch.onnx.tensors import MOST
from assay_torch.onnx.write import like
from onnx_graphs import Graph, TensorProto, helper, imported, numpy_helper


def read(model, folder, **options):
    path = folder / "model.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    return import_onnx(path, **options)


def mlp():
    g = Graph(12)
    y = g.op("Relu", g.linear("x", 12, 9))
    return g.model(g.linear(y, 9, 5))


def test_unsupported_should_list_every_node_and_what_to_do(tmp_path):
    g = Graph(3, 8, 8)
    y = g.op("Conv", "x", g.draw(6, 3, 3, 3), pads=[1, 1, 0, 0])
    y = g.op("PRelu", g.op("InstanceNormalization", y, g.draw(6), g.draw(6)), g.draw(6, 1, 1))
    y = g.op("AveragePool", y, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])
    y = g.op("Conv", y, g.draw(4, 6, 3, 3), dilations=[2, 2], pads=[2] * 4)
    y = g.op("Conv", g.op("Softplus", y), g.draw(4, 4, 1, 1))
    y = g.op("Gelu", g.op("FusedThing", y, domain="com.example"))
    y = g.op("Relu", g.op("Conv", y, g.draw(4, 4, 3, 3), pads=[1, 0, 0, 1]))
    y = g.linear(g.op("Flatten", y), 4, 5)
    with pytest.raises(Unsupported) as caught:
        read(g.model(y), tmp_path)
    found = [(one.path, one.what) for one in caught.value.missing]
    assert found == [
        ("conv_0", "Conv"),
        ("instancenormalization_1", "InstanceNormalization"),
        ("prelu_2", "PRelu"),
        ("averagepool_3", "AveragePool"),
        ("conv_4", "Conv"),
        ("softplus_5", "Softplus"),
        ("fusedthing_7", "com.example.FusedThing"),
        ("conv_9", "Conv"),
    ]
    text = str(caught.value)
    assert text.startswith("8 not supported:\n  conv_0: Conv: pads [1, 1, 0, 0]")
    for hint in ("use a layer norm", "use leaky_relu", "count_include_pad", "without it"):
        assert hint in text


def refused_image(name):
    g = Graph(3, 8, 8)
    draw, size = g.draw, {"kernel_shape": [3, 3]}
    square = draw(4, 3, 3, 3)
    made = {
        "asymmetric": lambda: g.op("Conv", "x", square, pads=[0, 0, 1, 1]),
        "wide padding": lambda: g.op("Conv", "x", square, pads=[3, 3, 3, 3]),
        "same upper": lambda: g.op("Conv", "x", square, auto_pad="SAME_UPPER", strides=[2, 2]),
        "conv1d": lambda: g.op("Conv", g.op("Reshape", "x", np.array([0, 3, 64])), draw(4, 3, 3)),
        "large kernel": lambda: g.op("Conv", "x", draw(4, 3, 40, 40), pads=[20] * 4),
        "too large a window": lambda: g.op("AveragePool", "x", kernel_shape=[9, 9]),
        "ceil": lambda: g.op("MaxPool", "x", strides=[2, 2], ceil_mode=1, **size),
        "pool padding": lambda: g.op("AveragePool", "x", pads=[1] * 4, **size),
        "batch norm first": lambda: g.op(
            "BatchNormalization", "x", *[np.ones(3, np.float32) for _ in range(4)]
        ),
        "norm over rows": lambda: g.op("LayerNormalization", "x", draw(8), axis=-1),
        "shift of channels": lambda: g.op("Mul", "x", draw(3, 1, 1)),
        "concat": lambda: g.op("Concat", g.op("Relu", "x"), g.op("Tanh", "x"), axis=1),
        "rows only": lambda: g.op("ReduceMean", "x", np.array([2])),
        "product": lambda: g.op("Mul", g.op("Relu", "x"), g.op("Conv", "x", draw(3, 3, 1, 1))),
        "prelu": lambda: g.op("PRelu", "x", draw(3, 1, 1)),
        "relu5": lambda: g.op("Conv", g.op("Clip", "x", np.float32(0), np.float32(5)), square),
        "mish": lambda: g.op("Conv", g.op("Mul", "x", g.op("Tanh", g.op("Softplus", "x"))), square),
        "softmax inside": lambda: g.linear(g.op("Flatten", g.op("Softmax", "x", axis=1)), 192, 5),
        "channels": lambda: g.op("Conv", "x", draw(4, 5, 3, 3)),
        "channels last": lambda: g.op(
            "Conv", g.op("Transpose", "x", perm=[0, 3, 1, 2]), draw(4, 8, 3, 3)
        ),
        "weights of the input": lambda: g.op("Conv", "x", g.op("Relu", "x")),
        "output image": lambda: g.op("Conv", "x", square),
        "transposed output": lambda: g.op("Transpose", g.op("Flatten", "x"), perm=[1, 0]),
        "no weights": lambda: g.op("Flatten", "x"),
        "infinite": lambda: (
            g.linear(g.op("Flatten", "x"), 192, 5)
            and g.op("Gemm", g.op("Flatten", "x"), np.full((192, 5), np.inf, np.float32))
        ),
        "one record": lambda: g.op("Reshape", g.op("Relu", "x"), np.array([1, 192])),
        "mixed": lambda: g.op("Reshape", g.op("Relu", "x"), np.array([192, -1])),
    }[name]()
    return g.model(made)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("asymmetric", "not the same on both sides"),
        ("wide padding", "must be below the kernel"),
        ("same upper", "give explicit pads"),
        ("conv1d", "images have two"),
        ("large kernel", "may be 1 to 31, not 40"),
        ("too large a window", "9 × 9 does not fit into an image of 8 × 8 with 3 channels"),
        ("ceil", "ceil_mode"),
        ("pool padding", "count_include_pad = 1"),
        ("batch norm first", "use a layer norm"),
        ("norm over rows", "other axes than the channels"),
        ("shift of channels", "per channel of the input"),
        ("concat", "not the last"),
        ("rows only", "part of the pixels"),
        ("product", "SwiGLU"),
        ("prelu", "use leaky_relu"),
        ("relu5", "closest layer is relu6"),
        ("mish", "closest layer is silu, which differs by up to 0.1"),
        ("softmax inside", "only in attention and at the end"),
        ("channels", "a weight of"),
        ("channels last", "--channels-last"),
        ("weights of the input", "must be a constant"),
        ("output image", "batch × classes"),
        ("transposed output", "batch × classes"),
        ("no weights", "no layer has weights"),
        ("infinite", "infinite"),
        ("one record", "batch of one record"),
        ("mixed", "mixes axes"),
    ],
)
def test_graph_of_images_should_be_refused_with_the_reason(tmp_path, name, word):
    with pytest.raises(Unsupported, match=word):
        read(refused_image(name), tmp_path)


def refused_sequence(name):
    g = Graph(6, kind=TensorProto.INT64)
    x = g.op("Gather", g.draw(30, 8), "x")
    q, k, v = (g.linear(x, 8, 8) for _ in range(3))
    other = g.linear(g.op("Relu", x), 8, 8)

    def attend(q, k, v, mask=None, axis=-1):
        scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 1]))
        scores = scores if mask is None else g.op("Add", scores, mask)
        return g.linear(g.op("MatMul", g.op("Softmax", scores, axis=axis), v), 8, 8)

    def normed(y, weight=None):
        """The two heads of y, each divided by the root of its mean square."""
        heads = g.op("Reshape", y, np.array([0, 0, 2, 4]))
        square = g.op("ReduceMean", g.op("Mul", heads, heads), np.array([-1]))
        root = g.op("Sqrt", g.op("Add", square, np.float32(1e-3)))
        heads = g.op("Div", heads, root)
        return heads if weight is None else g.op("Mul", heads, weight)

    def attend_heads(q, k, v):
        q, v = (g.op("Transpose", one, perm=[0, 2, 1, 3]) for one in (q, v))
        scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 3, 1]))
        y = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
        y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), np.array([0, 0, 8]))
        return g.linear(y, 8, 8)

    def by_head(y, heads=2):
        return g.op("Reshape", y, np.array([0, 0, heads, 8 // heads]))

    def in_part(y, mixed=False):
        """Of the 8 numbers of a head the first 4 turn."""
        heads = g.op("Reshape", y, np.array([0, 0, 1, 8]))
        front, rest = g.op("Split", heads, np.array([4, 4]), outputs=2, axis=-1)
        low, high = g.op("Split", front, np.array([2, 2]), outputs=2, axis=-1)
        angle = np.outer(np.arange(6), 10.0 ** -np.arange(0, 1, 0.5))
        cos, sin = (np.tile(f(angle), (1, 2)).reshape(6, 1, 4) for f in (np.cos, np.sin))
        crossed = g.op("Concat", g.op("Neg", high), low, axis=-1)
        front = g.op("Add", g.op("Mul", front, cos), g.op("Mul", crossed, sin))
        if mixed:
            rest = g.op("Reshape", rest, np.array([0, 0, 1, 2, 2]))
            rest = g.op("Transpose", rest, perm=[0, 1, 2, 4, 3])
            rest = g.op("Reshape", rest, np.array([0, 0, 1, 4]))
        return g.op("Concat", front, rest, axis=-1)

    window = np.where(np.tri(6, k=1, dtype=bool), 0, -np.inf).astype(np.float32)
    made = {
        "cross": lambda: attend(q, other, v),
        "padding mask": lambda: attend(q, k, v, window),
        "bias of scores": lambda: attend(q, k, v, g.draw(6, 6)),
        "softmax of queries": lambda: attend(q, k, v, axis=1),
        "no linear layers": lambda: attend(q, k, g.op("Relu", x)),
        "scores alone": lambda: g.op(
            "Relu", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 1]))
        ),
        "some tokens": lambda: g.op("Slice", x, np.array([1]), np.array([3]), np.array([1])),
        "class token": lambda: g.op("Concat", g.draw(1, 1, 8), x, axis=1),
        "tokens as numbers": lambda: g.linear(g.op("Cast", "x", to=TensorProto.FLOAT), 6, 5),
        "lstm": lambda: g.op("LSTM", x, g.draw(1, 32, 8), g.draw(1, 32, 8), hidden_size=8),
        "crossing ways": lambda: crossing(g, x),
        "normed values": lambda: attend_heads(by_head(q), by_head(k), normed(v)),
        "normed queries alone": lambda: attend_heads(normed(q), by_head(k), by_head(v)),
        "norms that differ by head": lambda: attend_heads(
            normed(q, g.draw(2, 4)), normed(k), by_head(v)
        ),
        "turns in part": lambda: attend_heads(in_part(q), in_part(k), by_head(v, 1)),
        "what does not turn in another order": lambda: attend_heads(
            in_part(q, mixed=True), in_part(k), by_head(v, 1)
        ),
        "two norms": lambda: attend_heads(
            normed(g.op("Reshape", normed(q), np.array([0, 0, 8]))), normed(k), by_head(v)
        ),
        "alike norms of each head": lambda: attend_heads(
            normed(q, np.ones((2, 4), np.float32)), normed(k), by_head(v)
        ),
        "norms of heads alone": lambda: g.op("Reshape", normed(q), np.array([0, 0, 8])),
        "norms over all heads": lambda: attend_heads(
            by_head(g.op("RMSNormalization", q, g.draw(8))),
            by_head(g.op("RMSNormalization", k, g.draw(8))),
            by_head(v),
        ),
    }[name]()
    if name not in ("lstm", "tokens as numbers"):
        made = g.op("ReduceMean", made, np.array([1]), keepdims=0)
    return g.model(made)


def crossing(g, x):
    """Two ways that share a layer, but no fork from which both come whole."""
    first, second = g.linear(x, 8, 8), g.op("Tanh", x)
    third = g.op("Add", first, second)
    return g.op("Add", g.op("Relu", third), g.op("Tanh", first))


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("cross", "only self-attention"),
        ("padding mask", "not causal"),
        ("bias of scores", "not causal"),
        ("softmax of queries", "another axis than the keys"),
        ("no linear layers", "linear layers of the same sequence"),
        ("scores alone", "other than attention"),
        ("some tokens", "the first, the last or the mean"),
        ("class token", "class tokens"),
        ("tokens as numbers", "they stay what they are"),
        ("lstm", "use attention"),
        ("crossing ways", "two ways that cross"),
        ("normed values", "values have no rotary positions, and no norms"),
        ("normed queries alone", "or neither has"),
        ("norms that differ by head", "differ between heads"),
        ("what does not turn in another order", "halves of rotary positions"),
        ("two norms", "only of the queries and keys"),
        ("alike norms of each head", "differ between heads"),
        ("norms of heads alone", "only of the queries and keys"),
        ("norms over all heads", "over all numbers of a head"),
    ],
)
def test_graph_of_sequences_should_be_refused_with_the_reason(tmp_path, name, word):
    with pytest.raises(Unsupported, match=word):
        read(refused_sequence(name), tmp_path)


def test_heads_should_turn_in_part_when_nothing_is_in_another_order(tmp_path):
    raw, _, _ = imported(refused_sequence("turns in part"), tmp_path)
    attention = raw["model"]["layer"][1]
    assert (attention["rope"], attention["rope_dims"]) == (10.0, 4)


def test_open_batch_should_be_called_so(tmp_path):
    g = Graph(6, 8)
    y = g.op("Reshape", g.linear("x", 8, 8), np.array([0, 7, -1]))
    with pytest.raises(
        Unsupported, match=r"\[batch, 6, 8\] numbers cannot become \[batch, 7, -1\]"
    ):
        read(g.model(y), tmp_path)
    g = Graph(6, 8)
    rows = g.op("Reshape", g.linear("x", 8, 8), np.array([-1, 8]))
    y = g.op("Mul", rows, g.draw(6, 1))
    with pytest.raises(Unsupported, match=r"a constant of \[6, 1\] on \[batch · 6, 8\]"):
        read(g.model(y), tmp_path)


def test_what_follows_should_not_be_refused_when_positions_are_rows(tmp_path):
    # As GPT-2 has its linear layers: on the positions of all records one below the other.
    g = Graph(6, kind=TensorProto.INT64)
    x = g.op("Reshape", g.op("Gather", g.draw(30, 8), "x"), np.array([-1, 8]))
    y = g.op("Abs", g.op("Gemm", x, g.draw(8, 12), g.draw(12)))
    y = g.op("Reshape", g.op("Gemm", y, g.draw(12, 8)), np.array([-1, 6, 8]))
    model = g.model(g.linear(y, 8, 5))
    with pytest.raises(Unsupported) as caught:
        read(model, tmp_path)
    assert [one.what for one in caught.value.missing] == ["Abs"]


def with_dims(*dims, kind=TensorProto.FLOAT):
    model = mlp()
    del model.graph.input[:]
    model.graph.input.append(helper.make_tensor_value_info("x", kind, dims))
    return model


def cyclic():
    model = mlp()
    model.graph.node[0].input[0] = model.graph.node[2].output[0]
    return model


def edited(change):
    def make():
        model = mlp()
        change(model)
        return model

    return make


def set_dims(model, *dims):
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend(dims)


def external(model, **about):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in about.items():
        tensor.external_data.add(key=key, value=str(value))


def bomb():
    g = Graph(12)
    shape = np.array([2**30, 2**10])
    y = g.op("Add", g.linear("x", 12, 5), g.op("ConstantOfShape", shape))
    return g.model(y)


def two_inputs():
    model = mlp()
    g = Graph(12)
    model.graph.input.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", 5]))
    model.graph.node.append(helper.make_node("Add", [model.graph.node[-1].output[0], "y"], ["z"]))
    model.graph.output[0].name = "z"
    assert g
    return model


BROKEN = {
    "empty": (lambda: b"", "not an ONNX model"),
    "text": (lambda: b"a file of text, which is no model at all\n" * 9, "not an ONNX model"),
    "truncated": (lambda: mlp().SerializeToString()[:-40], "cut short|has .* bytes|not an ONNX"),
    "cycle": (cyclic, "a cycle goes through"),
    "unknown tensor": (
        edited(lambda m: m.graph.node[0].input.__setitem__(0, "nothing")),
        "which nothing makes",
    ),
    "made twice": (
        edited(lambda m: m.graph.node[1].output.__setitem__(0, m.graph.node[0].output[0])),
        "twice",
    ),
    "future opset": (
        edited(lambda m: m.opset_import[0].__setattr__("version", 999)),
        "opset 999 is unknown",
    ),
    "no opset": (edited(lambda m: m.ClearField("opset_import")), "which opset"),
    "huge tensor": (edited(lambda m: set_dims(m, 2**40, 2**20)), "at most"),
    "wrong size": (edited(lambda m: set_dims(m, 12, 10)), "numbers take"),
    "negative": (edited(lambda m: set_dims(m, -1, 9)), "has the shape"),
    "unknown type": (
        edited(lambda m: m.graph.initializer[0].__setattr__("data_type", 77)),
        "77.* is unknown",
    ),
    "data missing": (edited(lambda m: external(m, location="weights.bin")), "not beside the model"),
    "data outside": (edited(lambda m: external(m, location="../../etc/passwd")), "outside of"),
    "data short": (
        edited(lambda m: external(m, location="model.onnx", offset=500)),
        "are wanted of",
    ),
    "open features": (lambda: with_dims("batch", "features"), "say by --shape"),
    "no batch": (lambda: with_dims(12), "must be the batch"),
    "zero": (lambda: with_dims("batch", 0), "above 0"),
    "huge input": (lambda: with_dims("batch", 2**40), "at most"),
    "huger input": (lambda: with_dims("batch", 2**62, 2**62), "at most"),
    "five axes": (lambda: with_dims("batch", 2, 2, 2, 2), "images have four"),
    "text input": (lambda: with_dims("batch", 12, kind=TensorProto.STRING), "STRING"),
    "no input": (edited(lambda m: m.graph.node[0].input.__setitem__(0, "c1")), "depends on none"),
    "two outputs": (
        edited(lambda m: m.graph.output.append(helper.make_empty_tensor_value_info("x"))),
        "say by --output",
    ),
}


def test_second_input_should_be_refused_by_its_name(tmp_path):
    with pytest.raises(
        Unsupported, match="not supported:\n  y: input: a model has one input of data"
    ):
        read(two_inputs(), tmp_path)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_should_be_one_clear_error(tmp_path, name):
    make, word = BROKEN[name]
    with pytest.raises(OnnxError, match=word) as caught:
        read(make(), tmp_path)
    assert "\n" not in str(caught.value)


def test_every_cut_of_a_file_should_be_an_error_that_is_expected(tmp_path):
    content = mlp().SerializeToString()
    for end in range(0, len(content), 7):
        with pytest.raises((OnnxError, Unsupported)):
            read(content[:end], tmp_path)


def test_every_damaged_byte_should_be_read_or_refused(tmp_path):
    content = bytearray(mlp().SerializeToString())
    random = np.random.default_rng(3)
    for place in random.integers(0, len(content), 200):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(random.integers(8))
        try:
            read(bytes(damaged), tmp_path)
        except (OnnxError, Unsupported):
            continue


def test_huge_constants_should_not_be_computed(tmp_path):
    with pytest.raises(Unsupported, match="computes a constant of 1099511627776 numbers"):
        read(bomb(), tmp_path)
    assert MOST < 2**40


def test_external_data_should_be_read_from_beside_the_model(tmp_path):
    model = mlp()
    wanted = numpy_helper.to_array(model.graph.initializer[0])
    content = model.graph.initializer[0].raw_data
    (tmp_path / "weights.bin").write_bytes(b"\0" * 16 + content)
    external(model, location="weights.bin", offset=16, length=len(content))
    found = read(model, tmp_path)
    assert np.array_equal(found.tensors["0.weight"], wanted.T)


def test_output_should_be_chosen_by_name(tmp_path):
    model = mlp()
    inner = model.graph.node[2].output[0]
    model.graph.output.append(helper.make_tensor_value_info(inner, TensorProto.FLOAT, None))
    found = read(model, tmp_path, output=inner)
    assert [layer.kind for layer in found.model.layers] == ["linear", "relu"]


BLOCK_TORCH = """
import sys
sys.modules["torch"] = None
from assay_torch.__main__ import main
sys.exit(main())
"""


def command(folder, *arguments):
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", BLOCK_TORCH, "import-onnx", *arguments],
        cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


def test_command_should_write_a_folder_without_torch(tmp_path):
    (tmp_path / "Two Layers.onnx").write_bytes(mlp().SerializeToString())
    made = command(tmp_path, "Two Layers.onnx", "out")
    assert made.returncode == 0, made.stderr
    assert "out/weights.safetensors: 4 tensors, 167 numbers" in made.stdout
    written = Manifest.read(tmp_path / "out" / "task.toml")
    assert written.task["name"] == "two-layers"
    assert [layer.kind for layer in written.model.layers] == ["linear", "relu", "linear"]
    again = command(tmp_path, "Two Layers.onnx", "out")
    assert again.returncode == 2 and "is there already" in again.stderr


def test_command_should_take_the_rest_from_another_manifest(tmp_path):
    from cases import CASES

    (tmp_path / "m.onnx").write_bytes(mlp().SerializeToString())
    (tmp_path / "task.toml").write_text(CASES["linear"])
    made = command(tmp_path, "m.onnx", "out", "--like", "task.toml")
    assert made.returncode == 0, made.stderr
    written, other = (Manifest.read(tmp_path / p) for p in ("out/task.toml", "task.toml"))
    assert (written.task, written.data) == (other.task, other.data)
    (tmp_path / "image.toml").write_text(CASES["max_pool"])
    other = command(tmp_path, "m.onnx", "new", "--like", "image.toml")
    assert other.returncode == 2 and "the model takes 12 numbers" in other.stderr
    assert not (tmp_path / "new").exists()


MSE = """compiler = 1
[task]
name = "t"
steps = 1
stride = 1
batch = 2
seed = 1
[data]
records = 4
record_size = 68
[data.fields]
input = { offset = 0, width = 12, format = "f32", scale = 2.0 }
goal = { offset = 48, width = 5, format = "f32" }
[model]
input = "input"
shape = [12]
[[model.layer]]
kind = "linear"
out = 12
[loss]
kind = "mse"
targets = "input"
[optimizer]
kind = "sgd"
lr = 0.1
"""


def test_targets_should_keep_their_scale_when_the_model_takes_another(tmp_path):
    g = Graph(12)
    scaled = g.op("Sub", g.op("Mul", "x", np.float32(0.25)), np.float32(1))
    (tmp_path / "m.onnx").write_bytes(g.model(g.linear(scaled, 12, 12)).SerializeToString())
    found = import_onnx(tmp_path / "m.onnx")
    other = Manifest.read(MSE)
    made = like(found, other)
    assert made.model.input == "input" and made.loss["targets"] == "targets"
    assert made.data.fields["targets"] == other.data.fields["input"]
    source = made.data.fields["input"]
    assert (source.scale, source.shift) == (0.5, -1.0)
    plain = like(found._replace(scale=1.0, shift=0.0), other)
    assert (plain.loss, plain.data) == (other.loss, other.data)


def test_softmax_at_the_end_should_be_refused_when_the_loss_does_none(tmp_path):
    g = Graph(12)
    y = g.op("Softmax", g.linear("x", 12, 5), axis=-1)
    (tmp_path / "m.onnx").write_bytes(g.model(y).SerializeToString())
    (tmp_path / "task.toml").write_text(MSE.replace('targets = "input"', 'targets = "goal"'))
    made = command(tmp_path, "m.onnx", "out", "--like", "task.toml")
    assert made.returncode == 2 and not (tmp_path / "out").exists()
    assert made.stderr.startswith("error: the graph ends in softmax_2, a softmax"), made.stderr


@pytest.mark.parametrize("names", ["no/names.json", "names.json", "out/names.json"])
def test_command_should_write_names_with_the_folder_or_nothing(tmp_path, names):
    (tmp_path / "m.onnx").write_bytes(mlp().SerializeToString())
    made = command(tmp_path, "m.onnx", "out", "--names", names)
    if names.startswith("no/"):
        assert made.returncode == 2 and made.stderr.startswith("error: "), made.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]
    else:
        assert made.returncode == 0, made.stderr
        assert (tmp_path / "out" / "task.toml").exists() and (tmp_path / names).exists()


@pytest.mark.parametrize("options", [[], ["--like", "task.toml"]])
def test_command_should_refuse_the_field_of_labels_as_the_input(tmp_path, options):
    from cases import CASES

    (tmp_path / "m.onnx").write_bytes(mlp().SerializeToString())
    (tmp_path / "task.toml").write_text(CASES["linear"])
    made = command(tmp_path, "m.onnx", "out", "--input", "label", *options)
    assert made.returncode == 2 and not (tmp_path / "out").exists()
    assert made.stderr.startswith("error: the field 'label' has the labels")


def test_command_should_write_nothing_when_something_is_missing(tmp_path):
    (tmp_path / "m.onnx").write_bytes(refused_image("prelu").SerializeToString())
    made = command(tmp_path, "m.onnx", "out")
    assert made.returncode == 2
    assert made.stderr.startswith("error: 1 not supported:\n  prelu_0: PRelu: use leaky_relu")
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]
