"""Encoders with a mask for padding and token types, imported from ONNX."""

import numpy as np
import pytest

from assay_torch import Manifest, Unsupported
from assay_torch.__main__ import main
from assay_torch.errors import OnnxError
from cases import CASES
from onnx_graphs import Graph, TensorProto, evaluated, imported, kinds, numpy_helper
from reference import Network
from test_onnx_changed import CHANGES
from test_onnx_sequences import EACH, LENGTH, WIDTH, by_head, embedded, layer_norm, mean_head

LEAST = np.finfo(np.float32).min
FLOAT, BOOL = TensorProto.FLOAT, TensorProto.BOOL


def masked(batch="batch", opset=20, kind=TensorProto.INT64):
    g = Graph(LENGTH, kind=TensorProto.INT64, opset=opset, batch=batch)
    g.input("attention_mask", LENGTH, kind=kind)
    return g


def by_key(g, mask="attention_mask"):
    """Batch × 1 × 1 × length."""
    return g.op("Unsqueeze", mask, np.array([1, 2]))


def inverted(g, mask):
    return g.op("Sub", np.float32(1), g.op("Cast", mask, to=FLOAT))


def added(g, scores):
    return g.op("Add", scores, g.op("Mul", inverted(g, by_key(g)), LEAST))


def subtracted(g, scores):
    return g.op("Sub", scores, g.op("Mul", inverted(g, by_key(g)), np.float32(1e4)))


def expanded(g, scores):
    batch = g.op("Shape", "attention_mask", end=1)
    sizes = g.op("Concat", batch, np.array([1, LENGTH, LENGTH]), axis=0)
    hidden = inverted(g, g.op("Expand", by_key(g), sizes))
    return g.op("Add", scores, g.op("Where", g.op("Cast", hidden, to=BOOL), LEAST, hidden))


def filled(g, scores):
    padding = g.op("Equal", by_key(g), np.int64(0))
    whole = g.op("Expand", padding, g.op("Shape", scores))
    return g.op("Where", whole, np.float32(-np.inf), scores)


def shown(g, scores):
    return g.op("Where", g.op("Cast", by_key(g), to=BOOL), scores, LEAST)


def gathered(g, scores):
    """By the indices of each record and each key."""
    rows = g.op("Range", np.int64(0), g.op("Squeeze", g.op("Shape", "x", end=1)), np.int64(1))
    rows = g.op("Unsqueeze", rows, np.array([1, 2, 3]))
    keys = np.arange(LENGTH).reshape(1, 1, 1, LENGTH)
    sizes = g.op("Shape", g.op("Max", rows, keys))
    pair = [g.op("Unsqueeze", g.op("Expand", one, sizes), np.array([-1])) for one in (rows, keys)]
    seen = g.op("GatherND", g.op("Cast", "attention_mask", to=BOOL), g.op("Concat", *pair, axis=-1))
    seen = g.op("And", np.ones((1, 1, LENGTH, 1), bool), seen)
    return g.op("Add", scores, g.op("Where", seen, np.float32(0), LEAST))


def both_ways(g, scores):
    """Queries of padding are masked as well."""
    seen = g.op("Cast", "attention_mask", to=FLOAT)
    keys = g.op("Unsqueeze", seen, np.array([1, 2]))
    pairs = g.op("Mul", keys, g.op("Unsqueeze", seen, np.array([1, 3])))
    return g.op("Add", scores, g.op("Mul", g.op("Sub", np.float32(1), pairs), np.float32(-1e9)))


def causal(g, scores):
    past = np.tri(LENGTH, dtype=bool)[None, None]
    seen = g.op("And", past, g.op("Cast", by_key(g), to=BOOL))
    return g.op("Add", scores, g.op("Where", seen, np.float32(0), LEAST))


def attention(g, x, mask):
    q, k, v = (by_head(g, g.linear(x, WIDTH, WIDTH)) for _ in range(3))
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = mask(g, g.op("Div", scores, np.float32(EACH**0.5)))
    y = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
    y = g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), np.array([0, 0, WIDTH]))
    return g.linear(y, WIDTH, WIDTH)


def column(g):
    """Batch × length × 1."""
    return g.op("Unsqueeze", "attention_mask", np.array([-1]))


def mean_of_seen(g, x, how="clip", weight=None):
    """The sum of vectors by a weight, which is the mask's if not given, and by their count."""
    seen = g.op("Cast", column(g), to=FLOAT)
    if how == "expand":
        seen = g.op("Expand", seen, g.op("Shape", x))
    total = g.op("ReduceSum", g.op("Mul", x, weight or seen), np.array([1]), keepdims=0)
    count = g.op("Clip", g.op("ReduceSum", seen, np.array([1]), keepdims=0), np.float32(1e-9))
    if how == "reciprocal":
        return g.op("Mul", total, g.op("Reciprocal", count))
    return g.op("Div", total, count)


def first(g, x):
    return g.op("Gather", x, np.int64(0), axis=1)


def network(mask, pool, **options):
    """Two blocks of an encoder and a head."""
    g = masked(**options)
    y, _ = embedded(g)
    for _ in range(2):
        y = layer_norm(g, g.op("Add", y, attention(g, y, mask)))
    return g.model(g.linear(pool(g, y), WIDTH, 5))


def compare(model, folder, batch=4, types=False, **options):
    """Asserts that both give the same logits; returns kinds of layers, the manifest, the rest."""
    raw, tensors, found = imported(model, folder, **options)
    random = np.random.default_rng(7)
    x = random.integers(0, found.vocab, (batch, LENGTH))
    seen = np.arange(LENGTH) < random.integers(1, LENGTH + 1, (batch, 1))
    seen[-1] = random.random(LENGTH) < 0.5
    seen[-1, 0] = True
    others = {"attention_mask": seen.astype(np.int64)}
    if types:
        others["token_type_ids"] = np.zeros_like(x)
    alike(raw, tensors, x, seen, evaluated(model, x, **others))
    assert raw["model"]["mask"] == "mask"
    assert raw["data"]["fields"]["mask"] == {"offset": LENGTH, "width": LENGTH, "format": "u8"}
    return kinds(raw["model"]["layer"]), raw, found


def alike(raw, tensors, x, seen, wanted):
    """Asserts that a manifest's network has these logits, where they are not those of padding."""
    parts = Network(tensors, seen if "mask" in raw["model"] else None)
    ours = parts.stack(raw["model"]["layer"], x)
    assert parts.used == tensors.keys()
    if ours.ndim == 3:
        ours, wanted = ours[seen], wanted[seen]
    np.testing.assert_allclose(ours, wanted, rtol=0, atol=2e-5 * max(1, np.abs(wanted).max()))


FORMS = [added, subtracted, expanded, filled, shown, gathered, both_ways, causal]


@pytest.mark.parametrize("mask", FORMS)
def test_mask_should_be_known_in_whatever_form_it_is_written(tmp_path, mask):
    layers, raw, found = compare(network(mask, first), tmp_path)
    block = ("repeat", [("residual", ["attention"]), "layer_norm"])
    assert layers == ["embedding", block, "pool", "linear"]
    inner = raw["model"]["layer"][1]["layer"][0]["layer"][0]
    assert inner.get("causal", False) is (mask is causal)
    assert len(found.notes) == 1 and found.notes[0].startswith("attention_mask: marks padding;")


@pytest.mark.parametrize("how", ["clip", "expand", "reciprocal"])
def test_mean_should_be_of_what_is_seen(tmp_path, how):
    _, raw, _ = compare(network(added, lambda g, x: mean_of_seen(g, x, how)), tmp_path)
    assert raw["model"]["layer"][2] == {"kind": "pool", "take": "mean"}


@pytest.mark.parametrize("mask", [added, causal])
def test_mask_should_be_known_when_the_batch_is_one_record(tmp_path, mask):
    _, raw, _ = compare(network(mask, mean_of_seen, batch=1), tmp_path, batch=1)
    inner = raw["model"]["layer"][1]["layer"][0]["layer"][0]
    assert inner.get("causal", False) is (mask is causal)


def test_mask_should_be_known_when_there_is_a_label_per_position(tmp_path):
    _, raw, _ = compare(network(expanded, lambda g, x: x), tmp_path)
    fields = raw["data"]["fields"]
    assert fields["label"]["width"] == LENGTH and fields["label"]["offset"] == 2 * LENGTH


@pytest.mark.parametrize("floats", [False, True])
def test_mask_of_the_attention_operator_should_be_known(tmp_path, floats):
    g = masked(opset=23)
    x, _ = embedded(g)
    q, k, v = (by_head(g, g.linear(x, WIDTH, WIDTH)) for _ in range(3))
    mask = g.op("Mul", inverted(g, by_key(g)), LEAST) if floats else by_key(g)
    mask = mask if floats else g.op("Cast", mask, to=BOOL)
    y = g.op("Transpose", g.op("Attention", q, k, v, mask), perm=[0, 2, 1, 3])
    y = g.linear(g.op("Reshape", y, np.array([0, 0, WIDTH])), WIDTH, WIDTH)
    compare(g.model(g.linear(first(g, y), WIDTH, 5)), tmp_path)


def test_bert_with_three_inputs_should_be_imported(tmp_path):
    g = masked()
    types = g.op("Gather", g.draw(2, WIDTH), g.input("token_type_ids", LENGTH))
    y = g.op("Add", g.op("Add", embedded(g)[0], types), g.draw(1, LENGTH, WIDTH))
    y = layer_norm(g, y)
    y = layer_norm(g, g.op("Add", y, attention(g, y, added)))
    model = g.model(g.linear(g.op("Tanh", g.linear(first(g, y), WIDTH, WIDTH)), WIDTH, 3))
    layers, _, found = compare(model, tmp_path, types=True)
    assert layers[:3] == ["embedding", "position", "layer_norm"]
    assert found.notes[1] == "token_type_ids: taken as 0 everywhere"


def test_positions_of_an_input_should_be_those_of_the_sequence(tmp_path):
    g = Graph(LENGTH, kind=TensorProto.INT64)
    table = g.draw(9, WIDTH)
    places = g.op("Gather", table, g.input("position_ids", LENGTH))
    y = g.op("Add", embedded(g)[0], places)
    _, tensors, found = imported(g.model(mean_head(g, y)), tmp_path)
    assert np.array_equal(tensors["1.weight"], table[:LENGTH])
    assert len(found.notes) == 1 and found.notes[0].startswith("position_ids: taken as 0, 1, 2, …")
    assert found.model.mask is None


def test_positions_should_begin_where_it_is_said(tmp_path):
    g = Graph(LENGTH, kind=TensorProto.INT64)
    table = g.draw(9, WIDTH)
    places = g.op("Gather", table, g.input("position_ids", LENGTH))
    model = g.model(mean_head(g, g.op("Add", embedded(g)[0], places)))
    _, tensors, found = imported(model, tmp_path, first_position=2)
    assert np.array_equal(tensors["1.weight"], table[2 : LENGTH + 2])
    assert found.notes[0].startswith("position_ids: taken as 2, 3, 4, …; --first-position")
    with pytest.raises(Unsupported, match="out of bounds"):
        imported(model, tmp_path, first_position=4)


def test_types_should_be_read_when_a_buffer_is_gathered_by_positions(tmp_path):
    # As BERT of HuggingFace's library does where it is not given any: more rows than indices.
    g = Graph(LENGTH, kind=TensorProto.INT64)
    rows = np.tile(np.array([[0, 0, 1, 1, 0, 1, 0, 0, 0]]), (3, 1))
    types = g.op("GatherElements", rows, np.arange(LENGTH)[None], axis=1)
    y = g.op("Add", embedded(g)[0], g.op("Gather", g.draw(2, WIDTH), types))
    table = g.tensors[-1]
    raw, tensors, _ = imported(g.model(mean_head(g, y)), tmp_path)
    assert kinds(raw["model"]["layer"]) == ["embedding", "position", "pool", "linear"]
    wanted = numpy_helper.to_array(table)[rows[0, :LENGTH]]
    assert np.array_equal(tensors["1.weight"], wanted)


def refused(name):
    g = masked()
    x, _ = embedded(g)
    key = g.op("Cast", by_key(g), to=FLOAT)
    ends = g.op("Split", key, np.array([5, 1]), outputs=2, axis=-1)
    rolled = g.op("Concat", *reversed(ends), axis=-1)

    def attend(mask):
        return first(g, attention(g, x, lambda g, scores: g.op("Add", scores, mask)))

    return g.model(
        {
            "shifted": lambda: attend(g.op("Mul", inverted(g, rolled), LEAST)),
            "inverted": lambda: attend(g.op("Mul", key, LEAST)),
            "weak": lambda: attend(g.op("Mul", inverted(g, key), np.float32(-3))),
            "bias": lambda: attend(g.op("Sub", g.op("Mul", inverted(g, key), LEAST), key)),
            "of all records": lambda: attend(
                g.op("Mul", inverted(g, g.op("ReduceMin", key, np.array([0]))), LEAST)
            ),
            "by query": lambda: attend(
                g.op("Mul", inverted(g, g.op("Transpose", key, perm=[0, 1, 3, 2])), LEAST)
            ),
            "per head": lambda: attend(
                g.op("Mul", inverted(g, key), np.array([LEAST, 0]).reshape(1, 2, 1, 1))
            ),
            "numbers": lambda: first(
                g, g.linear(g.op("Mul", x, g.op("Squeeze", key, np.array([1, 2]))), WIDTH, 5)
            ),
            "vectors": lambda: g.linear(
                g.op("Mul", x, g.op("Transpose", g.op("Squeeze", key, np.array([1])),
                                    perm=[0, 2, 1])), WIDTH, 5,
            ),
            "unmasked mean": lambda: mean_head(g, attention(g, x, added)),
            "unmasked attention": lambda: mean_of_seen(g, attention(g, x, lambda g, s: s)),
            "flattened": lambda: g.linear(
                g.op("Reshape", attention(g, x, added), np.array([0, -1])), LENGTH * WIDTH, 5
            ),
            "half counted": lambda: g.op(
                "Div", mean_of_seen(g, attention(g, x, added)),
                g.op("ReduceSum", g.op("Squeeze", key, np.array([1, 2])), np.array([1])),
            ),
            "mean of padding": lambda: g.linear(
                mean_of_seen(g, attention(g, x, added), weight=inverted(g, column(g))), WIDTH, 5
            ),
            "looked up": lambda: first(
                g, g.op("Add", x, g.op("Gather", g.draw(2, WIDTH), "attention_mask"))
            ),
            "another operator": lambda: attend(
                g.op("Mul", g.op("Elu", inverted(g, key)), LEAST)
            ),
        }[name]()
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("shifted", "does more than hide"),
        ("inverted", "does more than hide"),
        ("weak", "-10000 or less to padding"),
        ("bias", "does more than hide"),
        ("of all records", "not one for each record"),
        ("by query", "does more than hide"),
        ("per head", "does more than hide|alike for all heads"),
        ("numbers", "is not 1 for what it shows"),
        ("vectors", "only for their mean"),
        ("unmasked mean", "take that of what the mask shows"),
        ("unmasked attention", "give it the mask"),
        ("flattened", "padding cannot be flattened"),
        ("half counted", "only the mean over positions does"),
        ("mean of padding", "is not 1 for what it shows"),
        ("looked up", "hides padding from attention and means, nothing else"),
        ("another operator", "no mask is made by this operator"),
    ],
)
def test_mask_should_be_refused_when_it_is_for_something_else(tmp_path, name, word):
    with pytest.raises(Unsupported, match=word):
        imported(refused(name), tmp_path)


def test_everything_should_be_listed_at_once(tmp_path):
    g = masked()
    g.input("token_type_ids", LENGTH, kind=FLOAT)
    g.input("position_ids", LENGTH + 1)
    g.input("head_mask", 2, kind=FLOAT)
    x, _ = embedded(g)
    for name in ("token_type_ids", "position_ids"):
        x = g.op("Add", x, g.op("Gather", g.draw(9, WIDTH), name))
    y = g.op("Softsign", embedded(g)[0])
    y = g.op("GroupNormalization", attention(g, y, added), g.draw(2), g.draw(2), num_groups=2)
    model = g.model(g.op("Add", g.op("Add", x, y), "head_mask"))
    with pytest.raises(Unsupported) as caught:
        imported(model, tmp_path)
    found = {one.path: one.reason for one in caught.value.missing}
    assert list(found)[:3] == ["token_type_ids", "position_ids", "head_mask"]
    assert found["token_type_ids"] == "it has FLOAT; it must have whole numbers"
    assert found["position_ids"].startswith(f"it is [batch, {LENGTH + 1}]; it must be the batch")
    assert "named attention_mask" in found["head_mask"]
    assert [name.split("_")[0] for name in list(found)[3:]] == ["softsign", "groupnormalization"]


def test_huge_mask_should_not_be_made(tmp_path):
    g = Graph(2**20, kind=TensorProto.INT64, batch=2**20)
    weight = g.op("Cast", g.op("Unsqueeze", g.input("mask", 2**20), np.array([-1])), to=FLOAT)
    y = g.op("Mul", embedded(g)[0], weight)
    with pytest.raises(Unsupported, match="mask: input: it has 1099511627776 numbers"):
        imported(g.model(g.linear(first(g, y), WIDTH, 5)), tmp_path)


def test_mask_should_not_be_there_when_only_its_shape_is_used(tmp_path):
    g = masked()
    y = g.op("Reshape", embedded(g)[0], np.array([0, -1]))
    rows = g.op("Concat", g.op("Shape", "attention_mask", end=1), np.array([-1]), axis=0)
    model = g.model(g.linear(g.op("Reshape", y, rows), LENGTH * WIDTH, 5))
    raw, _, found = imported(model, tmp_path)
    assert "mask" not in raw["model"] and not found.notes


def test_mask_should_be_refused_when_the_input_has_no_positions(tmp_path):
    g = Graph(12)
    y = g.op("Add", g.linear("x", 12, 5), g.op("Cast", g.input("mask", 12), to=FLOAT))
    with pytest.raises(Unsupported, match=r"mask: input: it is .* it must be the batch"):
        imported(g.model(y), tmp_path)


def test_changed_graph_should_compute_the_same_or_be_refused(tmp_path):
    random = np.random.default_rng(12)
    same, refusals = 0, 0
    for number in range(120):
        model = network(FORMS[number % len(FORMS)], [first, mean_of_seen][number // 8 % 2])
        node = model.graph.node[random.integers(len(model.graph.node))]
        CHANGES[random.integers(len(CHANGES))](random, model.graph, node)
        folder = tmp_path / str(number)
        folder.mkdir()
        x = random.integers(0, 30, (4, LENGTH))
        seen = np.arange(LENGTH) < random.integers(1, LENGTH + 1, (4, 1))
        try:
            with np.errstate(all="ignore"):
                wanted = evaluated(model, x, attention_mask=seen.astype(np.int64))
        except Exception:
            continue
        if not np.isfinite(wanted).all():
            continue
        try:
            raw, tensors, _ = imported(model, folder)
        except (OnnxError, Unsupported):
            refusals += 1
            continue
        alike(raw, tensors, x, seen, wanted)
        same += 1
    assert same > 50 and refusals > 0


LIKE = (
    CASES["embedding"]
    .replace("width = 6", "width = 6")
    .replace("[data.fields]", '[data.fields]\nseen = { offset = 20, width = 6, format = "u8" }')
)


@pytest.mark.parametrize(
    ("change", "options", "field"),
    [
        (("", ""), ["--mask", "seen"], "seen"),
        (('input = "x"', 'input = "x"\nmask = "seen"'), [], "seen"),
        (("", ""), [], None),
        (("", ""), ["--mask", "x"], None),
        (("", ""), ["--mask", "label"], None),
    ],
)
def test_command_should_take_the_mask_from_another_manifest(
    tmp_path, capsys, monkeypatch, change, options, field
):
    assert LENGTH == 6
    (tmp_path / "m.onnx").write_bytes(network(added, first).SerializeToString())
    (tmp_path / "like.toml").write_text(LIKE.replace(*change) if change[0] else LIKE)
    monkeypatch.chdir(tmp_path)
    argv = ["assay_torch", "import-onnx", "m.onnx", "out", "--like", "like.toml", *options]
    monkeypatch.setattr("sys.argv", argv)
    code = main()
    said = capsys.readouterr()
    assert (code == 0) is (field is not None), said.err
    if field is None:
        assert "mask" in said.err and said.err.count("\n") == 1
        assert not (tmp_path / "out").exists()
    else:
        assert Manifest.read(tmp_path / "out/task.toml").model.mask == field
