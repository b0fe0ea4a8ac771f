"""Networks of `from_manifest` against formulas in numpy."""

import tomllib

import numpy as np
import pytest
import torch

from assay_torch import Manifest, ManifestError, from_manifest, load_records
from assay_torch.layers import KINDS
from cases import CASES, HEAD, features, image, manifest, sequence
from reference import Network


def records(seed, count=3, size=406):
    """Bytes of records; those that are read as floats are small numbers."""
    random = np.random.default_rng(seed)
    content = random.integers(0, 256, (count, size), dtype=np.uint8)
    content[:, 400:] %= 5
    return content


def kinds_of(layers):
    for layer in layers:
        yield layer["kind"]
        yield from kinds_of(layer.get("layer", []))
        yield from kinds_of(layer.get("skip", []))


def expected(raw, parameters, content):
    """Logits by numpy, and the names that they took."""
    field = raw["data"]["fields"]["x"]
    shape, width = raw["model"]["shape"], field["width"]
    if field["format"] == "f32":
        x = np.ascontiguousarray(content[:, : 4 * width]).view("<f4").astype(np.float64)
    else:
        x = content[:, :width]
    if not field["format"].startswith("token"):
        x = x.reshape(-1, *shape) * field.get("scale", 1.0) + field.get("shift", 0.0)
    network = Network(parameters)
    return network.stack(raw["model"]["layer"], x), network.used


@pytest.mark.parametrize("name", CASES)
def test_forward_should_be_the_formula(name):
    text = CASES[name]
    raw = tomllib.loads(text)
    module = from_manifest(text, seed=5)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += torch.randn_like(parameter) * 0.3
    content = records(1)
    if raw["data"]["fields"]["x"]["format"] == "f32":
        floats = np.random.default_rng(2).standard_normal((3, 12)).astype("<f4")
        content[:, :48] = floats.view(np.uint8)
    inputs, _ = load_records(Manifest.read(text), content.tobytes())
    found = module.eval()(inputs).detach().numpy()
    state = {name: value.numpy() for name, value in module.state_dict().items()}
    wanted, used = expected(raw, state, content)
    assert used == state.keys()
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=2e-5)


def test_cases_should_have_every_kind():
    found = {
        kind for text in CASES.values() for kind in kinds_of(tomllib.loads(text)["model"]["layer"])
    }
    assert found == KINDS.keys()


def test_parameters_should_start_with_the_usual_deviations():
    module = from_manifest(
        sequence(
            'kind = "attention"\nheads = 2\nlora = { rank = 250, alpha = 1 }',
            'kind = "swiglu"\nhidden = 4000',
            'kind = "linear"\nout = 4000',
            'kind = "linear"\nout = 4000\nstd = 0.5',
        ),
        seed=1,
    )
    state = module.state_dict()
    wanted = {
        "0.weight": 0.02,
        "1.q.weight": 8**-0.5,
        "1.q.lora_A.weight": (2 / 8) ** 0.5,
        "2.up.weight": 8**-0.5,
        "2.down.weight": 4000**-0.5,
        "3.weight": (2 / 8) ** 0.5,
        "4.weight": 0.5,
    }
    for name, deviation in wanted.items():
        # The deviation of few numbers varies: the smallest projection has 64.
        limit = 0.25 if state[name].numel() < 100 else 0.05
        assert state[name].std().item() == pytest.approx(deviation, rel=limit), name
        bound = deviation * 3**0.5
        assert state[name].abs().max().item() <= bound * 1.0001, name
    for name in ("1.q.bias", "1.q.lora_B.weight", "2.gate.bias", "3.bias"):
        assert not state[name].any(), name


def test_frozen_should_reach_what_is_inside_lists():
    module = from_manifest(CASES["repeat"])
    learned = {name for name, one in module.named_parameters() if one.requires_grad}
    assert learned == {"0.weight", "3.weight", "3.bias"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (sequence('kind = "conv2d"\nout = 3\nkernel = 2'), "conv2d cannot get"),
        (image('kind = "linear"\nout = 3'), "linear cannot get"),
        (features('kind = "pool"\ntake = "mean"'), "pool cannot get"),
        (features('kind = "tied_linear"'), "embedding"),
        (features('kind = "warp"'), "no layer 'warp'"),
        (features('kind = "relu"\nout = 3'), "relu takes no out"),
        (features('kind = "linear"'), "linear needs out"),
        (sequence('kind = "attention"\nheads = 3'), "do not divide"),
        (sequence('kind = "attention"\nheads = 8\nrope = 100'), "even width"),
        (
            sequence('kind = "attention"\nheads = 2\nrope = 100\nrope_dims = 6'),
            "pairs turn of the 4",
        ),
        (
            sequence('kind = "attention"\nheads = 2\nrope = 100\nrope_dims = 3'),
            "pairs turn of the 4",
        ),
        (sequence('kind = "attention"\nheads = 2\nrope_dims = 2'), "needs a rope that turns"),
        (sequence('kind = "attention"\nheads = 4\nkv_heads = 3'), "3 heads of keys and values do"),
        (manifest('y = { offset = 0, width = 1, format = "u8" }', [1], [HEAD]), "no field 'x'"),
    ],
)
def test_manifest_should_be_refused_when_layers_do_not_fit(text, word):
    with pytest.raises(ManifestError, match=word):
        from_manifest(text)
