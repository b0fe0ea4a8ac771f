"""Encoders and language models, imported from ONNX, against the evaluator of ONNX."""

import numpy as np
import pytest

from onnx_graphs import Graph, TensorProto, compare

LENGTH, WIDTH, HEADS = 6, 8, 2
EACH = WIDTH // HEADS
INF = np.float32(-np.inf)


def tokens(opset=20, batch="batch", **options):
    return Graph(LENGTH, kind=TensorProto.INT64, opset=opset, batch=batch, **options)


def embedded(g, vocab=30):
    table = g.const(g.draw(vocab, WIDTH, scale=1.0))
    return g.op("Gather", table, "x"), table


def mean_head(g, y, classes=5):
    return g.linear(g.op("ReduceMean", y, np.array([1]), keepdims=0), WIDTH, classes)


def layer_norm(g, x, kind="op"):
    """In the forms that exporters write."""
    weight, bias, eps = g.draw(WIDTH), g.draw(WIDTH), np.float32(1e-3)
    last = np.array([-1])
    if kind == "op":
        return g.op("LayerNormalization", x, weight, bias, epsilon=1e-3)
    if kind.startswith("rms"):
        square = g.op("Pow", x, np.float32(2)) if kind == "rms" else g.op("Mul", x, x)
        mean = g.op("Add", g.op("ReduceMean", square, last), eps)
        if kind == "rms":
            unit = g.op("Mul", x, g.op("Reciprocal", g.op("Sqrt", mean)))
        else:
            unit = g.op("Mul", x, g.op("Pow", mean, np.float32(-0.5)))
        return g.op("Mul", weight, unit)
    centred = g.op("Sub", x, g.op("ReduceMean", x, last))
    square = g.op("Pow", centred, np.float32(2)) if kind == "pow" else g.op("Mul", centred, centred)
    below = g.op("Sqrt", g.op("Add", g.op("ReduceMean", square, last), eps))
    unit = g.op("Div", centred, below)
    return g.op("Add", g.op("Mul", unit, weight), bias)


def causal(g, scores, how):
    past = np.tri(LENGTH, dtype=bool)
    if how == "add":
        mask = np.where(past, np.float32(0), INF)
        return g.op("Add", scores, mask[None, None])
    if how == "where":
        shown = g.op("Cast", g.op("Trilu", np.ones((LENGTH,) * 2, np.float32), upper=0), to=9)
        return g.op("Where", shown, scores, np.float32(-1e9))
    return scores


def by_head(g, x):
    y = g.op("Reshape", x, np.array([0, 0, HEADS, EACH]))
    return g.op("Transpose", y, perm=[0, 2, 1, 3])


def turned(g, x, base=100.0):
    """Rotary positions on batch × heads × length × width."""
    step = base ** (-np.arange(0, EACH, 2) / EACH)
    angle = np.tile(np.outer(np.arange(LENGTH), step), (1, 2)).astype(np.float32)
    low = g.op("Slice", x, np.array([0]), np.array([EACH // 2]), np.array([-1]))
    high = g.op("Slice", x, np.array([EACH // 2]), np.array([2**60]), np.array([3]))
    crossed = g.op("Concat", g.op("Neg", high), low, axis=-1)
    straight = g.op("Mul", x, np.cos(angle))
    return g.op("Add", straight, g.op("Mul", crossed, np.sin(angle)))


def attention(g, x, *, bias=True, mask=None, rope=False, scale="scores", packed=False):
    """Self-attention by head; `scale` says where the usual factor is."""
    if packed:
        all_three = g.linear(x, WIDTH, 3 * WIDTH, bias)
        q, k, v = g.op("Split", all_three, np.array([WIDTH] * 3), outputs=3, axis=-1)
    else:
        q, k, v = (g.linear(x, WIDTH, WIDTH, bias) for _ in range(3))
    factor = np.float32(EACH**-0.5)
    if scale == "linear":
        q = g.op("Mul", q, factor)
    q, k, v = (by_head(g, one) for one in (q, k, v))
    if rope:
        q, k = turned(g, q), turned(g, k)
    k = g.op("Transpose", k, perm=[0, 1, 3, 2])
    if scale == "both":
        q, k = (g.op("Mul", one, np.float32(EACH**-0.25)) for one in (q, k))
    scores = g.op("MatMul", q, k)
    if scale == "scores":
        scores = g.op("Div", scores, np.float32(EACH**0.5))
    weights = g.op("Softmax", causal(g, scores, mask), axis=-1)
    y = g.op("Transpose", g.op("MatMul", weights, v), perm=[0, 2, 1, 3])
    return g.linear(g.op("Reshape", y, np.array([0, 0, WIDTH])), WIDTH, WIDTH, bias)


@pytest.mark.parametrize("kind", ["op", "pow", "mul", "rms", "rms by power"])
def test_norm_should_be_recognised_in_steps(tmp_path, kind):
    g = tokens()
    y = layer_norm(g, embedded(g)[0], kind)
    found, raw, _ = compare(g.model(mean_head(g, y)), tmp_path)
    norm = "rms_norm" if "rms" in kind else "layer_norm"
    assert found == ["embedding", norm, "pool", "linear"]
    assert raw["model"]["layer"][1]["eps"] == 0.001


@pytest.mark.parametrize("scale", ["scores", "linear", "both", "none"])
@pytest.mark.parametrize("packed", [False, True])
def test_attention_should_have_its_scale_wherever_it_is_written(tmp_path, scale, packed):
    g = tokens()
    y = attention(g, embedded(g)[0], scale=scale, packed=packed)
    found, *_ = compare(g.model(mean_head(g, y)), tmp_path)
    assert found == ["embedding", "attention", "pool", "linear"]


@pytest.mark.parametrize("mask", ["add", "where"])
@pytest.mark.parametrize("bias", [False, True])
def test_attention_should_be_causal_when_it_is_masked(tmp_path, mask, bias):
    g = tokens()
    y = attention(g, embedded(g)[0], mask=mask, bias=bias)
    _, raw, _ = compare(g.model(mean_head(g, y)), tmp_path)
    assert raw["model"]["layer"][1]["causal"] is True
    assert raw["model"]["layer"][1].get("bias", True) is bias


def sequence_first(g, x):
    """Attention as `MultiheadAttention` writes it: positions first, batch and heads in one axis."""
    length, batch = LENGTH, 3
    y = g.op("Transpose", x, perm=[1, 0, 2])
    packed = g.op("Add", g.op("MatMul", y, g.draw(WIDTH, 3 * WIDTH)), g.draw(3 * WIDTH))
    packed = g.op("Reshape", packed, np.array([length, batch, 3, WIDTH]))
    packed = g.op("Unsqueeze", packed, np.array([0]))
    packed = g.op("Squeeze", g.op("Transpose", packed, perm=[3, 1, 2, 0, 4]), np.array([3]))
    three = [g.op("Gather", packed, np.int64(place), axis=0) for place in range(3)]
    q, k, v = (
        g.op("Transpose", g.op("Reshape", one, np.array([length, -1, EACH])), perm=[1, 0, 2])
        for one in three
    )
    q = g.op("Mul", q, np.float32(EACH**-0.5))
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 1]))
    y = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
    y = g.op("Reshape", g.op("Transpose", y, perm=[1, 0, 2]), np.array([-1, WIDTH]))
    y = g.op("Gemm", y, g.draw(WIDTH, WIDTH), g.draw(WIDTH))
    y = g.op("Reshape", y, np.array([length, batch, WIDTH]))
    return g.op("Transpose", y, perm=[1, 0, 2])


def encoder():
    g = tokens(batch=3)
    words, _ = embedded(g)
    y = g.op("Add", words, g.draw(WIDTH))
    y = g.op("Add", y, g.op("Gather", g.draw(10, WIDTH), np.arange(LENGTH)[None]))
    y = layer_norm(g, y, "pow")
    for _ in range(2):
        y = layer_norm(g, g.op("Add", y, sequence_first(g, y)), "op")
        inner = g.op("Gelu", g.linear(y, WIDTH, 12))
        y = layer_norm(g, g.op("Add", g.linear(inner, 12, WIDTH), y), "mul")
    y = g.op("Gather", y, np.int64(0), axis=1)
    return g.model(g.linear(g.op("Tanh", g.linear(y, WIDTH, WIDTH)), WIDTH, 4))


def test_encoder_should_give_the_same_logits(tmp_path):
    found, raw, result = compare(encoder(), tmp_path)
    mlp = ["linear", "gelu", "linear"]
    repeat = (
        "repeat",
        [("residual", ["attention"]), "layer_norm", ("residual", mlp), "layer_norm"],
    )
    tail = ["pool", "linear", "tanh", "linear"]
    assert found == ["embedding", "position", "layer_norm", repeat, *tail]
    assert raw["model"]["layer"][3]["times"] == 2
    assert "3.1.0.0.q.weight" in result.tensors
    assert raw["data"]["fields"]["input"]["format"] == "token_u8"


def swiglu(g, x):
    gate, up = (g.linear(x, WIDTH, 10, bias=False) for _ in range(2))
    inner = g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), up)
    return g.linear(inner, 10, WIDTH, bias=False)


def gpt():
    g = tokens()
    y, table = embedded(g)
    for _ in range(2):
        inner = attention(g, layer_norm(g, y, "rms"), bias=False, mask="add", rope=True)
        y = g.op("Add", y, inner)
        y = g.op("Add", y, swiglu(g, layer_norm(g, y, "rms by power")))
    y = layer_norm(g, y, "rms")
    return g.model(g.op("MatMul", y, g.op("Transpose", table, perm=[1, 0])))


def test_gpt_should_give_the_same_logits(tmp_path):
    found, raw, _ = compare(gpt(), tmp_path)
    block = [("residual", ["rms_norm", "attention"]), ("residual", ["rms_norm", "swiglu"])]
    assert found == ["embedding", ("repeat", block), "rms_norm", "tied_linear"]
    inner = raw["model"]["layer"][1]["layer"][0]["layer"][1]
    assert inner["rope"] == 100.0 and inner["causal"] is True and inner["heads"] == HEADS
    assert raw["data"]["fields"]["label"]["width"] == LENGTH


def test_attention_operator_should_be_read(tmp_path):
    g = tokens(opset=23)
    x, _ = embedded(g)
    q, k, v = (g.linear(x, WIDTH, WIDTH) for _ in range(3))
    y = g.op("Attention", q, k, v, q_num_heads=HEADS, kv_num_heads=HEADS, is_causal=1)
    found, raw, _ = compare(g.model(mean_head(g, g.linear(y, WIDTH, WIDTH))), tmp_path)
    assert found == ["embedding", "attention", "pool", "linear"]
    assert raw["model"]["layer"][1]["causal"] is True


def test_attention_without_a_projection_should_get_one_that_does_nothing(tmp_path):
    g = tokens()
    x, _ = embedded(g)
    q, k, v = (by_head(g, g.linear(x, WIDTH, WIDTH)) for _ in range(3))
    weights = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])))
    y = g.op("Transpose", g.op("MatMul", weights, v), perm=[0, 2, 1, 3])
    y = g.op("Add", x, g.op("Reshape", y, np.array([0, 0, WIDTH])))
    found, *_ = compare(g.model(mean_head(g, y)), tmp_path)
    assert found == ["embedding", ("residual", ["attention"]), "pool", "linear"]


def test_table_should_be_scaled_when_the_graph_scales_it(tmp_path):
    g = tokens()
    y = g.op("Mul", embedded(g, vocab=300)[0], np.float32(WIDTH**0.5))
    y = g.op("Reshape", y, np.array([0, -1]))
    found, raw, _ = compare(g.model(g.linear(y, LENGTH * WIDTH, 5)), tmp_path)
    assert found == ["embedding", "flatten", "linear"]
    assert raw["data"]["fields"]["input"]["format"] == "token_u32"


def test_sequence_should_be_flattened_in_the_order_of_the_graph(tmp_path):
    g = Graph(LENGTH, WIDTH)
    y = g.op("Transpose", g.op("Relu", g.linear("x", WIDTH, 7)), perm=[0, 2, 1])
    y = g.op("Reshape", y, np.array([-1, 7 * LENGTH]))
    found, raw, _ = compare(g.model(g.linear(y, 7 * LENGTH, 5)), tmp_path)
    assert found == ["linear", "relu", "flatten", "linear"]
    assert raw["model"]["shape"] == [LENGTH, WIDTH]


def test_open_length_should_be_said(tmp_path):
    g = Graph("length", kind=TensorProto.INT64)
    y = attention(g, embedded(g)[0])
    model = g.model(mean_head(g, y))
    _, raw, _ = compare(model, tmp_path, shape=[LENGTH])
    assert raw["model"]["shape"] == [LENGTH]


def test_positions_should_be_added_to_what_takes_none(tmp_path):
    g = tokens()
    words, _ = embedded(g)
    y = g.op("Add", words, g.op("Relu", words))
    y = g.op("Add", y, g.draw(1, LENGTH, WIDTH))
    y = g.op("Add", y, g.draw(WIDTH))
    found, *_ = compare(g.model(mean_head(g, y)), tmp_path)
    assert found == ["embedding", ("residual", ["relu"]), "position", "pool", "linear"]
