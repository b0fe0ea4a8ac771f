"""Dropout of a graph is a layer, or a line that says where it was left out."""

import numpy as np
import pytest

from assay_torch import Unsupported
from assay_torch.__main__ import main
from assay_torch.onnx import import_onnx
from onnx_graphs import Graph, TensorProto, compare, imported, kinds
from test_onnx_sequences import WIDTH, attention, by_head, embedded, mean_head, tokens


def dropped(g, x, ratio=0.1):
    """Dropout as exporters write it since opset 12."""
    return g.op("Dropout", x, np.float32(ratio))


def between(g, how):
    y = g.op("Relu", g.linear("x", 12, 9))
    y = {
        "inference": lambda: dropped(g, y),
        "training": lambda: g.op("Dropout", y, np.float32(0.1), np.array(True)),
        "attribute": lambda: g.op("Dropout", y, ratio=0.1),
        "usual": lambda: g.op("Dropout", y),
        "nothing": lambda: dropped(g, y, 0),
    }[how]()
    return g.model(g.linear(y, 9, 5))


@pytest.mark.parametrize(
    ("how", "opset", "p"),
    [
        ("inference", 20, 0.1),
        ("training", 20, 0.1),
        ("attribute", 10, 0.1),
        ("usual", 20, 0.5),
        ("nothing", 20, None),
    ],
)
def test_dropout_should_be_a_layer_with_its_ratio(tmp_path, how, opset, p):
    model = between(Graph(12, opset=opset), how)
    if how == "training":
        # The evaluator would draw numbers.
        raw, _, found = imported(model, tmp_path)
        layers = kinds(raw["model"]["layer"])
    else:
        layers, raw, found = compare(model, tmp_path)
    assert layers == ["linear", "relu", *(["dropout"] if p else []), "linear"]
    assert [one["p"] for one in raw["model"]["layer"] if one["kind"] == "dropout"] == [p] * bool(p)
    assert not found.notes


def block(g, x):
    """A block of BERT in training, with dropout wherever it has it."""
    q, k, v = (by_head(g, g.linear(x, WIDTH, WIDTH)) for _ in range(3))
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    weights = dropped(g, g.op("Softmax", scores, axis=-1))
    y = g.op("Transpose", g.op("MatMul", weights, v), perm=[0, 2, 1, 3])
    y = g.linear(g.op("Reshape", y, np.array([0, 0, WIDTH])), WIDTH, WIDTH)
    return g.op("Add", x, dropped(g, y))


def test_dropout_inside_of_attention_should_be_left_out_and_said(tmp_path):
    g = tokens()
    y = dropped(g, embedded(g)[0])
    model = g.model(mean_head(g, block(g, block(g, y))))
    layers, _, found = compare(model, tmp_path)
    blocks = ("repeat", [("residual", ["attention", "dropout"])])
    assert layers == ["embedding", "dropout", blocks, "pool", "linear"]
    inner = [node.name for node in model.graph.node if node.op_type == "Softmax"]
    places = [[one.name for one in model.graph.node].index(name) + 1 for name in inner]
    names = ", ".join(f"dropout_{place}" for place in places)
    assert found.notes[:-1] == [
        f"{names}: dropout inside of attention: left out, as a manifest has none there; it does "
        "nothing outside of training, so the logits are still those of the file"
    ]
    assert "attention.q.weight × 2" in found.notes[-1]


def test_dropout_of_a_constant_should_be_left_out_and_said(tmp_path):
    g = tokens()
    table = g.draw(6, WIDTH)
    y = g.op("Add", embedded(g)[0], g.op("Dropout", table, np.float32(0.1), np.array(True)))
    _, _, found = imported(g.model(mean_head(g, attention(g, y))), tmp_path)
    assert np.array_equal(found.tensors["1.weight"], table)
    assert found.notes == [
        "dropout_1: dropout of a constant: left out, as it does nothing outside of training"
    ]


@pytest.mark.parametrize("with_dropout", [False, True])
def test_dropout_should_not_be_drawn_twice_when_ways_cross(tmp_path, with_dropout):
    g = Graph(12)
    x = g.linear("x", 12, 9)
    first, second = g.op("Relu", x), g.op("Tanh", x)
    first = dropped(g, first) if with_dropout else first
    y = g.op("Add", g.op("Relu", g.op("Add", first, second)), g.op("Tanh", first))
    model = g.model(g.linear(y, 9, 5))
    if with_dropout:
        with pytest.raises(Unsupported, match="two ways that cross"):
            imported(model, tmp_path)
    else:
        compare(model, tmp_path)


def scaled_behind():
    g = Graph(12)
    y = dropped(g, g.linear("x", 12, 9))
    return g.model(g.linear(g.op("Mul", y, np.float32(2)), 9, 5))


def projected_behind():
    g = Graph(6, kind=TensorProto.INT64)
    x, _ = embedded(g)
    q = dropped(g, g.linear(x, WIDTH, WIDTH))
    scores = g.op("MatMul", q, g.op("Transpose", g.linear(x, WIDTH, WIDTH), perm=[0, 2, 1]))
    y = g.op("MatMul", g.op("Softmax", scores), g.linear(x, WIDTH, WIDTH))
    return g.model(mean_head(g, g.linear(y, WIDTH, WIDTH)))


@pytest.mark.parametrize("make", [scaled_behind, projected_behind])
def test_dropout_should_be_left_out_when_that_is_asked_for(tmp_path, make):
    model = make()
    with pytest.raises(Unsupported, match="--no-dropout"):
        imported(model, tmp_path)
    layers, _, found = compare(model, tmp_path, dropout=False)
    assert "dropout" not in layers
    assert len(found.notes) == 2 and found.notes[0].endswith("left out, as --no-dropout says")
    assert found.notes[1].endswith("learn as at another rate for it")


def test_command_should_say_what_it_left_out(tmp_path, capsys, monkeypatch):
    path = tmp_path / "model.onnx"
    g = Graph(12)
    path.write_bytes(between(g, "inference").SerializeToString())
    monkeypatch.setattr("sys.argv", ["assay_torch", "import-onnx", str(path), str(tmp_path / "a")])
    assert main() == 0
    said = capsys.readouterr()
    assert "linear, relu, dropout, linear" in said.out and not said.err
    argv = ["assay_torch", "import-onnx", str(path), str(tmp_path / "b"), "--no-dropout"]
    monkeypatch.setattr("sys.argv", argv)
    assert main() == 0
    said = capsys.readouterr()
    assert "linear, relu, linear" in said.out
    assert said.err == "note: dropout_3: dropout: left out, as --no-dropout says\n"


@pytest.mark.parametrize("ratio", [1.0, -0.5, np.nan])
def test_dropout_should_be_refused_when_its_ratio_is_none(tmp_path, ratio):
    g = Graph(12)
    y = dropped(g, g.linear("x", 12, 9), ratio)
    path = tmp_path / "model.onnx"
    path.write_bytes(g.model(g.linear(y, 9, 5)).SerializeToString())
    with pytest.raises(Unsupported, match="it must be below 1"):
        import_onnx(path)
