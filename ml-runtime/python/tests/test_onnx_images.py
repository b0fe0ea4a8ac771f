"""Networks of features and images, imported from ONNX, against the evaluator of ONNX."""

import numpy as np
import pytest

from assay_torch import Unsupported
from onnx_graphs import Graph, TensorProto, compare, evaluated, imported


def softened(g, x, kind):
    """Functions in the steps in which exporters write them."""
    half = np.float32(0.5)
    match kind:
        case "gelu":
            return g.op("Gelu", x)
        case "gelu by erf":
            inner = g.op("Add", g.op("Erf", g.op("Div", x, np.float32(2**0.5))), np.float32(1))
            return g.op("Mul", g.op("Mul", x, inner), half)
        case "gelu by erf, halved first":
            inner = g.op("Add", np.float32(1), g.op("Erf", g.op("Mul", x, np.float32(0.5**0.5))))
            return g.op("Mul", g.op("Mul", half, x), inner)
        case "silu":
            return g.op("Mul", x, g.op("Sigmoid", x))
        case "silu by exp":
            below = g.op("Add", g.op("Exp", g.op("Neg", x)), np.float32(1))
            return g.op("Div", x, below)
        case "relu by max":
            return g.op("Max", x, np.float32(0))
        case "relu by clip":
            return g.op("Clip", x, np.float32(0))
        case "gelu by tanh":
            return g.op("Gelu", x, approximate="tanh")
        case "gelu by steps":
            cube = g.op("Mul", np.float32(0.044715), g.op("Pow", x, np.float32(3)))
            inner = g.op("Mul", np.float32((2 / np.pi) ** 0.5), g.op("Add", x, cube))
            return g.op(
                "Mul", g.op("Mul", x, half), g.op("Add", np.float32(1), g.op("Tanh", inner))
            )
        case "leaky by max":
            return g.op("Max", x, g.op("Mul", x, np.float32(0.2)))
        case "leaky":
            return g.op("LeakyRelu", x, alpha=0.3)
        case "elu":
            return g.op("Elu", x, alpha=0.7)
        case "relu6":
            return g.op("Clip", x, np.float32(0), np.float32(6))
        case "hardswish by steps":
            inner = g.op("Clip", g.op("Add", x, np.float32(3)), np.float32(0), np.float32(6))
            return g.op("Div", g.op("Mul", x, inner), np.float32(6))
        case "sigmoid by exp":
            below = g.op("Add", g.op("Exp", g.op("Neg", x)), np.float32(1))
            return g.op("Reciprocal", below)
    return g.op(kind, x)


@pytest.mark.parametrize(
    ("kind", "layer"),
    [
        ("gelu", "gelu"),
        ("gelu by erf", "gelu"),
        ("gelu by erf, halved first", "gelu"),
        ("silu", "silu"),
        ("silu by exp", "silu"),
        ("relu by max", "relu"),
        ("relu by clip", "relu"),
        ("sigmoid by exp", "sigmoid"),
        ("Relu", "relu"),
        ("Tanh", "tanh"),
        ("Sigmoid", "sigmoid"),
        ("gelu by tanh", "gelu"),
        ("gelu by steps", "gelu"),
        ("leaky by max", "leaky_relu"),
        ("leaky", "leaky_relu"),
        ("LeakyRelu", "leaky_relu"),
        ("elu", "elu"),
        ("relu6", "relu6"),
        ("HardSwish", "hardswish"),
        ("hardswish by steps", "hardswish"),
    ],
)
def test_mlp_should_give_the_same_logits(tmp_path, kind, layer):
    g = Graph(12)
    y = g.op("Gemm", "x", g.draw(9, 12), g.draw(9), transB=1)
    y = g.linear(softened(g, y, kind), 9, 5)
    found, *_ = compare(g.model(y, ["batch", 5]), tmp_path)
    assert found == ["linear", layer, "linear"]


def test_gemm_should_have_its_factors(tmp_path):
    g = Graph(12, batch=3)
    y = g.op("Gemm", "x", g.draw(12, 6), g.draw(1, 6), alpha=0.5, beta=2.0)
    y = g.op("Dropout", g.op("Identity", y))
    found, raw, _ = compare(g.model(g.linear(y, 6, 5, bias=False)), tmp_path)
    assert found == ["linear", "dropout", "linear"]
    assert raw["model"]["layer"][2]["bias"] is False


def lenet(g, flat):
    """`flat` gets an image of 6 channels, 2 × 3 pixels, and makes 36 features of it."""
    y = g.op("Conv", "x", g.draw(4, 3, 3, 3), g.draw(4), pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    y = g.op("MaxPool", g.op("Relu", y), kernel_shape=[2, 2], strides=[2, 2])
    y = g.op("Conv", y, g.draw(6, 4, 3, 2), strides=[1, 2], pads=[0, 1, 0, 1])
    y = g.op("Relu", y)
    y = g.op("AveragePool", y, kernel_shape=[1, 1])
    return g.linear(flat(g, y), 36, 5)


def by_shape(g, x):
    """The batch is read from the tensor, as older exporters do it."""
    batch = g.op("Unsqueeze", g.op("Gather", g.op("Shape", x), np.int64(0)), np.array([0]))
    return g.op("Reshape", x, g.op("Concat", batch, np.array([-1]), axis=0))


def channels_innermost(g, x):
    y = g.op("Transpose", x, perm=[0, 2, 3, 1])
    return g.op("Reshape", y, np.array([-1, 36]))


def columns_first(g, x):
    y = g.op("Transpose", x, perm=[0, 3, 1, 2])
    return g.op("Flatten", y)


@pytest.mark.parametrize(
    "flat",
    [lambda g, x: g.op("Flatten", x), by_shape, channels_innermost, columns_first],
    ids=["flatten", "shape", "channels innermost", "columns first"],
)
def test_lenet_should_give_the_same_logits_however_it_is_flattened(tmp_path, flat):
    g = Graph(3, 8, 9)
    found, raw, _ = compare(g.model(lenet(g, flat)), tmp_path)
    assert found == [
        "conv2d",
        "relu",
        "max_pool",
        "conv2d",
        "relu",
        "avg_pool",
        "flatten",
        "linear",
    ]
    assert raw["model"]["shape"] == [8, 9, 3]
    assert raw["model"]["layer"][3]["kernel"] == [3, 2]


def test_images_should_come_channels_last_when_the_graph_gets_them_so(tmp_path):
    g = Graph(7, 4, 3)
    y = g.op("Transpose", "x", perm=[0, 3, 1, 2])
    y = g.op("Relu", g.op("Conv", y, g.draw(5, 3, 2, 2)))
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 3, 1]), np.array([0, -1]))
    found, raw, _ = compare(g.model(g.linear(y, 90, 4)), tmp_path, channels_last=True)
    assert found == ["conv2d", "relu", "flatten", "linear"]
    assert raw["model"]["shape"] == [7, 4, 3]


def normed(g, x, channels, kind):
    if kind == "batch":
        statistics = [g.draw(channels) for _ in range(3)] + [np.abs(g.draw(channels)) + 0.5]
        return g.op("BatchNormalization", x, *statistics, epsilon=1e-3)
    y = g.op("Transpose", x, perm=[0, 2, 3, 1])
    y = g.op("LayerNormalization", y, g.draw(channels), g.draw(channels), axis=-1, epsilon=1e-4)
    return g.op("Transpose", y, perm=[0, 3, 1, 2])


def block(g, x, inputs, out, kind, *, project):
    stride = 2 if project else 1
    y = g.op("Conv", x, g.draw(out, inputs, 3, 3), pads=[1] * 4, strides=[stride] * 2)
    y = g.op("Relu", normed(g, y, out, kind))
    y = normed(g, g.op("Conv", y, g.draw(out, out, 3, 3), pads=[1] * 4), out, kind)
    past = g.op("Conv", x, g.draw(out, inputs, 1, 1), strides=[2, 2]) if project else x
    return g.op("Relu", g.op("Add", y, past))


def residual(kind, mean):
    g = Graph(3, 8, 8)
    y = g.op("Conv", "x", g.draw(4, 3, 3, 3), g.draw(4), pads=[1] * 4)
    y = g.op("MaxPool", y, kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2])
    y = block(g, g.op("Relu", y), 4, 4, kind, project=False)
    y = block(g, y, 4, 6, kind, project=True)
    if mean == "GlobalAveragePool":
        y = g.op("Flatten", g.op(mean, y))
    elif mean == "ReduceMean":
        y = g.op(mean, y, np.array([2, 3]), keepdims=0)
    else:
        y = g.op("Squeeze", g.op(mean, y, kernel_shape=[2, 2]), np.array([2, 3]))
    return g.model(g.linear(y, 6, 5))


@pytest.mark.parametrize("kind", ["batch", "layer"])
@pytest.mark.parametrize("mean", ["GlobalAveragePool", "ReduceMean", "AveragePool"])
def test_residual_network_should_give_the_same_logits(tmp_path, kind, mean):
    found, *_ = compare(residual(kind, mean), tmp_path)
    norm = ["layer_norm"] if kind == "layer" else []
    branch = ["conv2d", *norm, "relu", "conv2d", *norm]
    first, second = ("residual", branch), ("residual", branch, ["conv2d"])
    tail = ["relu", "avg_pool", "flatten", "linear"]
    assert found == ["conv2d", "max_pool", "relu", first, "relu", second, *tail]


def test_padding_of_pools_should_be_kept_where_means_count_it(tmp_path):
    g = Graph(3, 7, 8)
    y = g.op("MaxPool", "x", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0], ceil_mode=1)
    y = g.op("Conv", y, g.draw(4, 3, 1, 3), pads=[0, 1, 0, 1])
    y = g.op("AveragePool", y, kernel_shape=[2, 3], pads=[1] * 4, count_include_pad=1)
    found, raw, _ = compare(g.model(g.linear(g.op("Flatten", y), 80, 5)), tmp_path)
    assert found == ["max_pool", "conv2d", "avg_pool", "flatten", "linear"]
    pads = [one.get("pad") for one in raw["model"]["layer"]]
    assert pads == [[1, 0], [0, 1], 1, None, None]


def test_linear_over_channels_should_be_a_convolution(tmp_path):
    g = Graph(3, 4, 2)
    y = g.op("Transpose", "x", perm=[0, 2, 3, 1])
    y = g.op("Tanh", g.linear(y, 3, 7))
    y = g.linear(g.op("Reshape", y, np.array([0, -1])), 56, 5)
    found, *_ = compare(g.model(y), tmp_path)
    assert found == ["conv2d", "tanh", "flatten", "linear"]


def test_input_should_be_scaled_by_the_data_section(tmp_path):
    g = Graph(1, 6, 6)
    y = g.op("Div", g.op("Sub", "x", np.float32(0.5)), np.float32(0.25))
    y = g.op("Conv", y, g.draw(3, 1, 3, 3), g.draw(3), pads=[1] * 4)
    found, raw, _ = compare(g.model(g.linear(g.op("Flatten", y), 108, 5)), tmp_path)
    assert found == ["conv2d", "flatten", "linear"]
    assert raw["data"]["fields"]["input"]["scale"] == 4.0
    assert raw["data"]["fields"]["input"]["shift"] == -2.0


def test_residual_around_a_function_should_be_no_function(tmp_path):
    g = Graph(6)
    y = g.linear("x", 6, 6)
    y = g.op("Add", y, g.op("Tanh", g.op("Relu", y)))
    found, *_ = compare(g.model(g.linear(y, 6, 5)), tmp_path)
    assert found == ["linear", ("residual", ["relu", "tanh"]), "linear"]


def test_softmax_at_the_end_should_be_left_to_the_loss(tmp_path):
    g = Graph(6)
    logits = g.linear("x", 6, 5)
    model = g.model(g.op("Softmax", logits, axis=-1))
    g.nodes.pop()
    bare = g.model(logits)
    found, _, result = compare(model, tmp_path, run=lambda _, x: evaluated(bare, x))
    assert found == ["linear"] and "softmax" in result.notes[0]


def test_weights_in_common_should_be_told(tmp_path):
    g = Graph(6)
    weight = g.const(g.draw(6, 6))
    y = g.op("Relu", g.op("MatMul", "x", weight))
    y = g.op("MatMul", y, weight)
    *_, found = compare(g.model(y), tmp_path)
    assert any("matmul_0 and matmul_2" in note for note in found.notes)
    assert list(found.tensors) == ["0.weight", "2.weight"]


def test_bytes_should_be_a_field_of_bytes(tmp_path):
    g = Graph(6, kind=TensorProto.UINT8)
    y = g.op("Div", g.op("Cast", "x", to=TensorProto.FLOAT), np.float32(255))
    raw, _, _ = imported(g.model(g.linear(y, 6, 300)), tmp_path)
    field = raw["data"]["fields"]["input"]
    assert field["format"] == "u8" and field["scale"] == pytest.approx(1 / 255)
    assert raw["data"]["fields"]["label"] == {"offset": 6, "width": 1, "format": "label_u32"}
    assert raw["data"]["record_size"] == 10


@pytest.mark.parametrize("many", [1, 4, 5, 6, 9])
def test_function_should_stay_itself_when_there_are_many_steps(tmp_path, many):
    g = Graph(12)
    y = g.op("Mul", g.linear("x", 12, 6), np.float32(40))
    for _ in range(many):
        y = g.op("Mul", y, g.op("Sigmoid", y))
    y = g.op("Max", y, g.op("Mul", y, np.float32(0.2)))
    found, *_ = compare(g.model(g.linear(y, 6, 5)), tmp_path)
    assert found == ["linear", *["silu"] * many, "leaky_relu", "linear"]


def test_functions_should_be_two_when_one_is_not_of_the_other(tmp_path):
    g = Graph(12)
    y = g.linear("x", 12, 6)
    a, b = y, y
    for _ in range(6):
        a, b = g.op("Mul", a, g.op("Sigmoid", a)), g.op("Tanh", b)
    found, *_ = compare(g.model(g.linear(g.op("Add", a, b), 6, 5)), tmp_path)
    assert found == ["linear", ("residual", ["silu"] * 6, ["tanh"] * 6), "linear"]
    (tmp_path / "max").mkdir()
    with pytest.raises(Unsupported, match="two outputs of layers"):
        imported(g.model(g.linear(g.op("Max", a, b), 6, 5)), tmp_path / "max")


@pytest.mark.parametrize("alpha", [0.7, 123.456789, 1 / 3])
def test_number_below_0_should_be_that_of_the_graph(tmp_path, alpha):
    g = Graph(12)
    y = g.op("Elu", g.linear("x", 12, 6), alpha=alpha)
    if alpha < 1:
        y = g.op("LeakyRelu", g.linear(y, 6, 6), alpha=alpha)
    _, raw, _ = compare(g.model(g.linear(y, 6, 5)), tmp_path)
    layers = raw["model"]["layer"]
    assert np.float32(layers[1]["alpha"]) == np.float32(alpha)
    if alpha < 1:
        assert np.float32(layers[3]["negative_slope"]) == np.float32(alpha)


def test_gelu_should_be_refused_when_it_is_an_unknown_one(tmp_path):
    g = Graph(12)
    y = g.op("Gelu", g.linear("x", 12, 6), approximate="foo")
    with pytest.raises(Unsupported, match="approximate 'foo'; it must be none or tanh"):
        imported(g.model(g.linear(y, 6, 5)), tmp_path)
