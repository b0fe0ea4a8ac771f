"""Which weights of a file are whose, and that none become two that learn apart unseen."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from assay_torch import Unsupported
from assay_torch.__main__ import main
from assay_torch.onnx.functions import is_sinusoidal
from onnx_graphs import Graph, compare, imported, kinds, numpy_helper
from test_onnx_sequences import (
    EACH,
    LENGTH,
    WIDTH,
    by_head,
    embedded,
    layer_norm,
    mean_head,
    tokens,
)

ONES = np.ones(6, np.float32)


def fixed(g, array):
    """A constant of the graph, and no tensor of the file."""
    return g.op("Constant", value=numpy_helper.from_array(np.asarray(array, np.float32)))


def used_twice(name):
    g = Graph(12)
    h = g.linear("x", 12, 6)
    relu = g.op("Relu", h)
    two = {
        "factor": lambda: g.op("Add", relu, g.op("Mul", h, np.float32(2))),
        "factor of one way": lambda: g.op("Add", g.op("Relu", g.op("Mul", h, ONES * 2)), h),
        "summand": lambda: g.op("Add", relu, g.op("Add", h, g.draw(6))),
        "batch norm": lambda: g.op(
            "Add", h, g.op("Relu", g.op("BatchNormalization", h, *[g.draw(6) ** 2] * 4))
        ),
        "norm": lambda: scaled_norm(g, h),
        "a part": lambda: g.op(
            "Add", g.op("Slice", h, np.array([0]), np.array([3]), np.array([1])),
            g.op("Slice", h, np.array([2]), np.array([5]), np.array([1])),
        ),
    }[name]()  # fmt: skip
    return g.model(g.linear(two, 3 if name == "a part" else 6, 5))


def scaled_norm(g, h):
    y = g.op("LayerNormalization", h, g.draw(6), g.draw(6))
    return g.op("Add", g.op("Tanh", y), g.op("Mul", y, np.float32(3)))


@pytest.mark.parametrize(
    "name", ["factor", "factor of one way", "summand", "batch norm", "norm", "a part"]
)
def test_layer_should_be_refused_when_it_would_become_two(tmp_path, name):
    with pytest.raises(Unsupported, match="two layers that learn apart") as caught:
        imported(used_twice(name), tmp_path)
    (one,) = caught.value.missing
    assert one.what == ("layer_norm" if name == "norm" else "linear")


def test_layer_should_be_refused_when_it_is_both_keys_and_values(tmp_path):
    g = tokens()
    x, _ = embedded(g)
    q, k = (by_head(g, g.linear(x, WIDTH, WIDTH)) for _ in range(2))
    weights = g.op("Softmax", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])))
    y = g.op("Transpose", g.op("MatMul", weights, k), perm=[0, 2, 1, 3])
    y = g.linear(g.op("Reshape", y, np.array([0, 0, WIDTH])), WIDTH, WIDTH)
    with pytest.raises(Unsupported, match="two layers that learn apart"):
        imported(g.model(mean_head(g, y)), tmp_path)


def test_layer_should_be_one_when_it_is_used_twice_as_it_is(tmp_path):
    g = Graph(12)
    h = g.op("Mul", g.linear("x", 12, 6), np.float32(2))
    found, *_ = compare(g.model(g.linear(g.op("Add", g.op("Relu", h), h), 6, 5)), tmp_path)
    assert found == ["linear", ("residual", ["relu"]), "linear"]


def head(g, table, y, *, bias=False, factor=None):
    y = g.op("MatMul", y, g.op("Transpose", table, perm=[1, 0]))
    return g.op("Add", y, g.draw(30)) if bias else y


@pytest.mark.parametrize(
    ("options", "last"),
    [({}, "tied_linear"), ({"bias": True}, "linear"), ({"factor": 2.0}, "linear")],
)
def test_tied_table_should_be_said_when_it_is_not_tied_here(tmp_path, options, last):
    g = tokens()
    y, table = embedded(g)
    if "factor" in options:
        y = g.op("Mul", y, np.float32(options["factor"]))
    found, _, result = compare(g.model(head(g, table, layer_norm(g, y), **options)), tmp_path)
    assert found == ["embedding", "layer_norm", last]
    if last == "tied_linear":
        assert result.notes == []
    else:
        note, *scaled = result.notes
        assert note.startswith("gather_0 and matmul_") and "the same table in the file" in note
        assert len(scaled) == ("factor" in options)


def test_shared_weights_should_be_said_in_one_line(tmp_path):
    g = tokens()
    x, _ = embedded(g)
    weights = [(g.const(g.draw(WIDTH, WIDTH)), g.const(g.draw(WIDTH))) for _ in range(5)]

    def dense(y, place):
        return g.op("Add", g.op("MatMul", y, weights[place][0]), weights[place][1])

    for _ in range(2):
        q, k, v = (by_head(g, dense(x, place)) for place in range(3))
        scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
        scores = g.op("Mul", scores, np.float32(EACH**-0.5))
        y = g.op("Transpose", g.op("MatMul", g.op("Softmax", scores), v), perm=[0, 2, 1, 3])
        x = g.op("Add", x, dense(g.op("Reshape", y, np.array([0, 0, WIDTH])), 3))
        x = g.op("Add", x, g.op("Relu", dense(x, 4)))
    _, _, found = compare(g.model(mean_head(g, x)), tmp_path)
    (note,) = found.notes
    assert note.count(" and matmul_") == 2 and "the same weights in the file" in note


def test_bias_should_be_kept_when_it_starts_at_0(tmp_path):
    g = Graph(12)
    y = g.op("Relu", g.op("Gemm", "x", g.draw(12, 6), np.zeros(6, np.float32)))
    y = g.op("Add", g.op("MatMul", y, g.draw(6, 5)), np.zeros(5, np.float32))
    _, tensors, _ = imported(g.model(y), tmp_path)
    assert not tensors["0.bias"].any() and not tensors["2.bias"].any()


def test_norm_should_have_no_bias_when_that_is_a_constant_of_0(tmp_path):
    g = Graph(12)
    y = g.op("LayerNormalization", g.linear("x", 12, 6), g.draw(6), fixed(g, np.zeros(6)))
    y = g.op("LayerNormalization", g.linear(y, 6, 6), g.draw(6), np.zeros(6, np.float32))
    _, raw, found = compare(g.model(g.linear(y, 6, 5)), tmp_path)
    norms = [layer for layer in raw["model"]["layer"] if layer["kind"] == "layer_norm"]
    assert [layer.get("bias", True) for layer in norms] == [False, True]
    assert not found.notes


def sines():
    angle = np.outer(np.arange(LENGTH), 100.0 ** (-np.arange(0, WIDTH, 2) / WIDTH))
    return np.stack([np.sin(angle), np.cos(angle)], -1).reshape(1, LENGTH, WIDTH)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda g: g.draw(1, LENGTH, WIDTH), []),
        (lambda g: sines(), ["positions by sines and cosines"]),
        (lambda g: fixed(g, g.draw(1, LENGTH, WIDTH)), ["not a parameter of the file"]),
    ],
)
def test_positions_should_be_said_to_learn_when_they_are_fixed_in_the_file(tmp_path, make, words):
    g = tokens()
    y = g.op("Add", embedded(g)[0], make(g))
    found, _, result = compare(g.model(mean_head(g, y)), tmp_path)
    assert found == ["embedding", "position", "pool", "linear"]
    assert len(result.notes) == len(words)
    assert all(word in note for word, note in zip(words, result.notes, strict=True))


def test_tables_of_sines_should_be_known_by_their_values():
    assert is_sinusoidal(sines()[0]) and is_sinusoidal(np.roll(sines()[0], 3, axis=1))
    random = np.random.default_rng(1)
    assert not is_sinusoidal(random.standard_normal((LENGTH, WIDTH)))
    assert not is_sinusoidal(np.zeros((LENGTH, WIDTH)))


def test_vector_should_be_said_to_become_a_table_behind_a_function(tmp_path):
    g = tokens()
    y = g.op("Add", g.op("Relu", embedded(g)[0]), g.draw(WIDTH))
    _, tensors, found = imported(g.model(mean_head(g, y)), tmp_path)
    assert tensors["2.weight"].shape == (LENGTH, WIDTH)
    assert len(found.notes) == 1 and "a table whose rows learn apart" in found.notes[0]


def test_factor_should_be_said_to_be_taken_in_when_it_learns_in_the_file(tmp_path):
    g = Graph(12)
    y = g.op("BatchNormalization", g.linear("x", 12, 6), *[g.draw(6) ** 2 + 1 for _ in range(4)])
    y = g.op("Mul", g.linear(g.op("Relu", y), 6, 6), g.draw(6))
    y = g.op("Mul", g.linear(g.op("Relu", y), 6, 6), np.float32(3))
    *_, found = compare(g.model(g.linear(g.op("Relu", y), 6, 5)), tmp_path)
    assert [note.split(":")[1] for note in found.notes] == [
        " a norm over the batch", " a factor that may learn",
        " a number of the graph is in these weights, which learn as at another rate for it",
    ]  # fmt: skip
    assert all(note.endswith("which learns without it") for note in found.notes[:2])


def summed(name):
    """Vectors and numbers that are added to, or multiplied with, what has its own already."""
    g = Graph(12) if name == "two biases" else tokens()
    x = "x" if name == "two biases" else embedded(g)[0]
    match name:
        case "two biases":
            return g.model(g.linear(g.op("Relu", g.op("Add", g.linear(x, 12, 6), ONES)), 6, 5))
        case "row":
            x = g.op("Add", x, g.draw(WIDTH))
        case "column":
            x = g.op("Add", x, g.draw(LENGTH, 1))
        case "two tables":
            x = g.op("Add", g.op("Add", x, g.draw(LENGTH, WIDTH)), g.draw(1, LENGTH, WIDTH))
        case "number":
            x = g.op("Mul", x, np.float32(WIDTH**0.5))
        case "ones":
            x = g.op("Mul", g.op("Relu", x), np.ones(WIDTH, np.float32))
        case "square root taken back":
            x = g.op("Mul", g.op("Mul", x, np.float32(3)), np.float32(1 / 3))
    return g.model(mean_head(g, x))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("two biases", "a summand that may learn: taken into the layer before it"),
        ("row", "a summand that may learn: taken into all rows of the table before it"),
        ("column", "a number at every position: here a table whose numbers learn apart"),
        ("two tables", "a summand that may learn: taken into the layer before it"),
        ("number", "(embedding.weight × 2.828): a number of the graph is in these weights"),
        ("ones", "factors or summands that may learn, but do nothing yet: left out"),
        ("square root taken back", ""),
    ],
)
def test_what_learns_otherwise_should_be_said(tmp_path, name, words):
    *_, found = compare(summed(name), tmp_path)
    assert len(found.notes) == bool(words)
    assert all(words in note for note in found.notes)


def test_norms_should_be_said_to_learn_apart_when_they_are_one_tensor(tmp_path):
    g = Graph(6)
    weight, bias, other = g.const(ONES), g.const(0 * ONES), g.const(ONES)
    another = g.const(0 * ONES)
    y = g.op("LayerNormalization", g.linear("x", 6, 6), weight, bias)
    y = g.op("LayerNormalization", g.linear(y, 6, 6), other, another)
    y = g.op("LayerNormalization", g.linear(y, 6, 6), weight, bias)
    *_, found = compare(g.model(g.linear(y, 6, 5)), tmp_path)
    (note,) = found.notes
    assert note.startswith("layernormalization_2 and layernormalization_8: the same weights")
    assert "or alike at the start" in note
    assert found.names.get(other) == "3.weight" and weight not in found.names


def test_bias_should_be_said_to_learn_apart_when_two_layers_have_it(tmp_path):
    g = Graph(6)
    vector = g.const(g.draw(6))
    y = g.op("Relu", g.op("Add", g.linear("x", 6, 6, bias=False), vector))
    y = g.op("Tanh", g.op("Add", g.linear(y, 6, 6, bias=False), vector))
    *_, found = compare(g.model(g.linear(y, 6, 5)), tmp_path)
    (note,) = found.notes
    assert note.startswith("matmul_0 and matmul_3: the same weights in the file")


def test_constants_of_the_exporter_should_be_no_parameters(tmp_path):
    g = Graph(6)
    g.const(g.draw(6, 6)), g.const(ONES)
    for one, name in zip(g.tensors, ("val_1", "val_2"), strict=True):
        one.name = name
    y = g.op("LayerNormalization", g.op("MatMul", "x", "val_1"), "val_2")
    *_, found = compare(g.model(g.linear(y, 6, 5)), tmp_path)
    (note,) = found.notes
    assert note.startswith("layernormalization_1 (layer_norm.weight): not a parameter of the file")
    assert found.names.keys() == {"c3"}


def named_graph():
    """A layer as torch names it, one that is turned, one with a norm, and one used twice."""
    g = Graph(12)
    y = g.op("Gemm", "x", g.const(g.draw(6, 12)), g.const(np.zeros(6)), transB=1)
    y = g.op("Add", g.op("MatMul", g.op("Relu", y), g.draw(6, 6)), g.draw(6))
    y = g.op("Gemm", g.op("Tanh", y), g.const(g.draw(6, 6)), g.const(g.draw(6)), transB=1)
    y = g.op("BatchNormalization", y, *[g.draw(6) ** 2 + 1 for _ in range(4)])
    twice = g.const(g.draw(6, 6))
    for _ in range(2):
        y = g.op("Gemm", g.op("Relu", y), twice, transB=1)
    return g.model(g.op("Gemm", y, g.draw(5, 6), transB=1))


def test_names_should_be_those_of_what_is_unchanged(tmp_path):
    _, tensors, found = imported(named_graph(), tmp_path)
    ours = {"0.weight", "0.bias", "2.bias", "9.weight"}
    assert {*found.names.values()} == ours
    file = {one.name: numpy_helper.to_array(one) for one in named_graph().graph.initializer}
    assert all(np.array_equal(file[name], tensors[one]) for name, one in found.names.items())


def test_trained_model_should_go_back_to_the_names_of_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.onnx").write_bytes(named_graph().SerializeToString())

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["assay_torch", *arguments])
        return main(), capsys.readouterr()

    code, said = run("import-onnx", "m.onnx", "out", "--names", "names.json")
    assert code == 0 and "note: 2.weight, 4.bias, 4.weight, 6.weight, 8.weight: no way back" in (
        said.err
    ), said.err
    names = json.loads((tmp_path / "names.json").read_text())
    code, said = run("back", "out/weights.safetensors", "names.json", "back.safetensors")
    assert code == 0 and "back.safetensors: 4 tensors" in said.out and "left out" in said.err
    back, ours = load_file("back.safetensors"), load_file("out/weights.safetensors")
    assert back.keys() == names.keys()
    assert all(np.array_equal(back[name], ours[one]) for name, one in names.items())
    (tmp_path / "names.json").write_text(json.dumps({"a": "0.weight", "b": "77.weight"}))
    code, said = run("back", "out/weights.safetensors", "names.json", "other.safetensors")
    assert code == 2 and "this one has no 77.weight" in said.err
    for text in ("[]", '{"a": 3}', "{"):
        (tmp_path / "names.json").write_text(text)
        code, said = run("back", "out/weights.safetensors", "names.json", "other.safetensors")
        assert code == 2 and said.err.startswith("error: names.json ")
    assert not (tmp_path / "other.safetensors").exists()


def exact_gelu(g, x, kind):
    def one(value):
        return g.op("Constant", value=numpy_helper.from_array(np.array(value).astype(kind)))

    inner = g.op("Add", g.op("Erf", g.op("Div", x, one(2**0.5))), one(1.0))
    return g.op("Mul", g.op("Mul", x, inner), one(0.5))


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_gelu_should_be_exact_when_its_constants_are_rounded(tmp_path, kind):
    types = pytest.importorskip("ml_dtypes")
    g = Graph(12)
    y = exact_gelu(g, g.linear("x", 12, 6), np.dtype(getattr(types, kind, kind)))
    raw, *_ = imported(g.model(g.linear(y, 6, 5)), tmp_path)
    assert kinds(raw["model"]["layer"]) == ["linear", "gelu", "linear"]
    half = g.op("Constant", value=numpy_helper.from_array(np.array(1.5, np.float16)))
    y = g.op("Erf", g.op("Div", g.linear("x", 12, 6), half))
    with pytest.raises(Unsupported, match="a function of numbers that is no layer"):
        imported(g.model(g.linear(y, 6, 5)), tmp_path)
