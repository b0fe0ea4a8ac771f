"""Modules to manifests."""

from pathlib import Path

import pytest
import torch
from torch import nn

from assay_torch import (
    Attention,
    LoRALinear,
    Manifest,
    PixelLayerNorm,
    Pool,
    Position,
    Residual,
    SwiGLU,
    TiedLinear,
    Unsupported,
    export,
    from_manifest,
    to_manifest,
)
from cases import CASES, LABELS, TOKENS, image, manifest

EXAMPLES = sorted(Path(__file__).parents[2].joinpath("compiler/examples").glob("*.toml"))


def sections(text):
    read = Manifest.read(text)
    shape = Manifest.read(text).to_toml().split("shape = ")[1].splitlines()[0]
    return {
        "input": {
            "field": read.model.input,
            "shape": [int(n) for n in shape.strip("[]").split(",")],
        },
        "data": read.data,
        "task": read.task,
        "loss": read.loss,
        "optimizer": read.optimizer,
    }


IMAGE, SEQUENCE = sections(image()), sections(CASES["embedding"])
PER_POSITION = sections(manifest(TOKENS, [6], ['kind = "relu"'], LABELS))


def same(text):
    """What a manifest means after a way there and back."""
    return Manifest.read(to_manifest(from_manifest(text), **sections(text)))


@pytest.mark.parametrize("name", CASES)
def test_manifest_should_be_the_same_when_it_comes_back(name):
    assert same(CASES[name]) == Manifest.read(CASES[name])


def test_toml_should_leave_out_what_is_the_default():
    text = Manifest.read(CASES["max_pool"]).to_toml()
    assert 'kind = "max_pool"\nkernel = 2\n\n' in text
    assert "frozen" not in text and "bias" not in text


def test_examples_should_be_found():
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_should_be_the_same_when_it_comes_back(path):
    assert same(path.read_text()) == Manifest.read(path)


def test_toml_should_read_back_with_all_keys():
    text = CASES["floats"].replace(
        "lr = 0.1",
        'lr = 0.1\nclip = 1.0\naccumulate = 2\n[optimizer.schedule]\nkind = "cosine"\nwarmup = 3',
    )
    read = Manifest.read(text)
    assert read.optimizer["schedule"] == {"kind": "cosine", "warmup": 3}
    assert Manifest.read(read.to_toml()) == read


def test_user_module_should_become_the_manifest_with_its_weights():
    torch.manual_seed(3)
    module = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3, padding="same"), nn.ReLU(inplace=True), nn.Identity()),
        PixelLayerNorm(4),
        nn.MaxPool2d(2),
        nn.Sequential(nn.Flatten(), nn.Linear(24, 5)),
    )
    made = export(module, **IMAGE)
    kinds = [layer.kind for layer in made.manifest.model.layers]
    assert kinds == ["conv2d", "relu", "layer_norm", "max_pool", "flatten", "linear"]
    assert made.manifest.model.layers[0]["pad"] == (1, 1)
    again = from_manifest(made.manifest)
    again.load_state_dict(made.tensors)
    x = torch.randn(2, 3, 7, 4)
    assert torch.equal(again(x), module(x))


def test_gpt_should_become_the_manifest_with_its_weights():
    torch.manual_seed(4)

    def block():
        return nn.Sequential(
            Residual(nn.RMSNorm(8, eps=1e-6), Attention(8, 2, causal=True, rope=1e4, bias=False)),
            Residual(nn.RMSNorm(8, eps=1e-6), SwiGLU(8, 20, bias=False)),
        )

    table = nn.Embedding(256, 8)
    stack = nn.Sequential(block(), block(), block())
    module = nn.Sequential(table, Position(6, 8), stack, nn.LayerNorm(8), TiedLinear(table))
    made = export(module, **PER_POSITION)
    repeat = made.manifest.model.layers[2]
    assert (repeat.kind, repeat["times"]) == ("repeat", 3)
    assert made.tensors.keys() == module.state_dict().keys()
    again = from_manifest(Manifest.read(made.manifest.to_toml()))
    again.load_state_dict(made.tensors)
    x = torch.randint(0, 256, (2, 6))
    assert torch.allclose(again(x), module(x), atol=1e-6)


def test_lists_should_be_put_in_line_when_they_are_not_alike():
    lists = [nn.Sequential(nn.Linear(12, 12)), nn.Sequential(nn.Linear(12, 12, bias=False))]
    made = export(nn.Sequential(nn.Sequential(*lists)), **sections(CASES["linear"]))
    assert list(made.tensors) == ["0.weight", "0.bias", "1.weight"]


def test_names_should_lead_back_to_the_module():
    module = nn.Sequential(nn.Sequential(nn.Flatten(), nn.Linear(84, 9)), nn.Identity(), nn.ReLU())
    module.append(Residual(nn.Linear(9, 9), skip=nn.Sequential(nn.Linear(9, 9))))
    made = export(module, **IMAGE)
    assert made.names["0.1.weight"] == "1.weight"
    assert made.names["3.skip.0.bias"] == "3.skip.0.bias"
    again = {theirs: made.tensors[ours] + 1 for theirs, ours in made.names.items()}
    module.load_state_dict(again)
    assert torch.equal(module[0][1].weight, again["0.1.weight"])


@pytest.mark.parametrize(
    "last", [nn.Softmax(-1), nn.LogSoftmax(1), nn.Sequential(nn.LogSoftmax(-1))]
)
def test_softmax_at_the_end_should_be_left_out_with_a_note(last):
    made = export(nn.Sequential(nn.Flatten(), nn.Linear(84, 5), last), **IMAGE)
    assert [layer.kind for layer in made.manifest.model.layers] == ["flatten", "linear"]
    assert len(made.notes) == 1 and "left out at the end; the loss does it" in made.notes[0]


def test_softmax_at_the_end_should_be_refused_when_the_loss_does_none():
    module = nn.Sequential(nn.Flatten(), nn.Linear(84, 84), nn.Softmax(-1))
    with pytest.raises(Unsupported, match="where the loss cross_entropy does it"):
        export(module, **{**IMAGE, "loss": {"kind": "mse", "targets": "x"}})


def test_flatten_of_features_should_be_nothing():
    made = export(
        nn.Sequential(nn.Flatten(), nn.Linear(12, 9), nn.Flatten(), nn.Linear(9, 5)),
        **sections(CASES["linear"]),
    )
    assert list(made.tensors) == ["0.weight", "0.bias", "1.weight", "1.bias"]


@pytest.mark.parametrize(
    ("size", "kernel"), [(1, (7, 4)), ((1, 2), (7, 2)), ((None, 1), (1, 4)), ((7, 4), (1, 1))]
)
def test_adaptive_pooling_should_be_that_of_the_image(size, kernel):
    pool = nn.AdaptiveAvgPool2d(size)
    module = nn.Sequential(pool, nn.Flatten(), nn.LazyLinear(5))
    x = torch.randn(2, 3, 7, 4)
    module(x)
    made = export(module, **IMAGE)
    assert made.manifest.model.layers[0]["kernel"] == kernel
    again = from_manifest(made.manifest)
    again.load_state_dict(made.tensors)
    torch.testing.assert_close(again(x), module(x))


def test_repetition_should_be_refused_when_its_shapes_make_it_none():
    lists = [nn.Sequential(nn.Conv2d(3, 3, 1), nn.AdaptiveAvgPool2d((1, 2))) for _ in range(2)]
    module = nn.Sequential(nn.Sequential(*lists), nn.Flatten(), nn.Linear(6, 5))
    with pytest.raises(Unsupported, match="not alike for the shapes"):
        export(module, **IMAGE)


class Custom(nn.Module):
    """A forward that only Python knows."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(8, 8), nn.CELU())
        self.gate = nn.GRUCell(8, 8)

    def forward(self, x):
        return self.inner(x) * 2


def test_unsupported_should_list_every_module_and_why():
    module = nn.Sequential(
        nn.Embedding(256, 8, padding_idx=0),
        nn.Sequential(nn.SELU(), nn.Linear(8, 8)),
        Residual(nn.BatchNorm1d(8), nn.Linear(8, 8), skip=nn.Sequential(nn.Softmax(-1))),
        Custom(),
        Pool("mean"),
        nn.Linear(8, 5),
    )
    with pytest.raises(Unsupported) as caught:
        to_manifest(module, **SEQUENCE)
    found = {one.path: (one.what, one.reason) for one in caught.value.missing}
    assert list(found) == [
        "0",
        "1.0",
        "2.0",
        "2.skip.0",
        "3",
        "3.inner.1",
        "3.gate",
    ]
    assert found["0"][1].startswith("padding_idx")
    assert found["1.0"][0] == "SELU"
    assert "LayerNorm" in found["2.0"][1] and "import-onnx" in found["3"][1]
    assert all(f"{path}: {what}" in str(caught.value) for path, (what, _) in found.items())


def frozen(module):
    return module.requires_grad_(False)


def broken(module):
    with torch.no_grad():
        module.bias[2] = torch.nan
    return module


def deep(levels):
    made = nn.Conv2d(3, 3, 1)
    for _ in range(levels):
        made = Residual(made)
    return nn.Sequential(made, nn.Flatten(), nn.Linear(84, 5))


def frozen_half():
    module = nn.Linear(84, 5)
    module.bias.requires_grad_(False)
    return nn.Sequential(nn.Flatten(), module)


def hooked():
    module = nn.Sequential(nn.Flatten(), nn.Linear(84, 5))
    module[1].register_forward_hook(lambda *_: None)
    return module


def twice():
    shared = nn.Linear(84, 84)
    return nn.Sequential(nn.Flatten(), shared, nn.ReLU(), shared)


def thawed():
    module = LoRALinear(84, 5, rank=2, alpha=1.0)
    module.weight.requires_grad_(True)
    return nn.Sequential(nn.Flatten(), module)


@pytest.mark.parametrize(
    ("module", "path", "word"),
    [
        (nn.Conv2d(3, 6, 3, dilation=2), "0", "dilation"),
        (nn.Conv2d(3, 6, 3, padding=1, padding_mode="reflect"), "0", "reflect"),
        (nn.Conv2d(4, 6, 3), "0", "4 channels"),
        (nn.AvgPool2d(3, padding=1, count_include_pad=False), "0", "means count padding"),
        (nn.AvgPool2d(2, ceil_mode=True), "0", "ceil_mode"),
        (nn.AvgPool2d(2, divisor_override=3), "0", "divisor_override"),
        (nn.Flatten(2), "0", "start_dim"),
        (nn.AvgPool2d(8), "0", "8 × 8 does not fit into an image of 7 × 4 with 3 channels"),
        (nn.Conv2d(3, 6, 3, padding=3), "0", "must be below the kernel"),
        (nn.Conv2d(3, 5000, 1), "0", "channels may be 1 to 4096, not 5000"),
        (nn.MaxPool2d(1, stride=32), "0", "may be 1 to 31, not 32"),
        (nn.AdaptiveAvgPool2d(2), "0", "2 × 2 means do not divide an image of 7 × 4"),
        (nn.Sequential(nn.Softmax(1), nn.Flatten(), nn.Linear(84, 5)), "0", "at the end"),
        (nn.Sequential(nn.Flatten(), nn.Linear(84, 5), nn.Softmax(0)), "2", "the classes"),
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(5)), "1", "has not been called yet"),
        (nn.Sequential(nn.Flatten(), nn.Linear(84, 70000)), "1", "1 to 65536, not 70000"),
        (nn.Sequential(nn.Flatten(), frozen(nn.Linear(84, 5))), "", "nothing in it learns"),
        (nn.Sequential(nn.Flatten(), broken(nn.Linear(84, 5))), "1.bias", "infinite, or none"),
        (deep(9), "", "at most 8 deep"),
        (nn.Sequential(nn.Flatten(), *[nn.ReLU() for _ in range(520)]), "", "at most 512"),
        (nn.LayerNorm(4), "0", "PixelLayerNorm"),
        (nn.LayerNorm(3, elementwise_affine=False), "0", "weight"),
        (nn.Linear(4, 5), "0", "gets an image of 7 × 4 with 3 channels"),
        (nn.Sequential(), "", "no layer"),
        (nn.Sequential(Residual(nn.Conv2d(3, 4, 1))), "0", "past it comes"),
        (nn.Sequential(nn.Flatten(), nn.Linear(80, 5)), "1", "vectors of 80"),
        (nn.Sequential(TiedLinear(nn.Embedding(5, 8))), "0", "first embedding"),
        (frozen_half(), "1", "some of its parameters"),
        (hooked(), "1", "hooks"),
        (twice(), "3.weight", "1.weight as well"),
        (thawed(), "1", "must be frozen"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_module_should_be_refused_when_it_has_no_form_in_a_manifest(module, path, word):
    whole = module if isinstance(module, nn.Sequential) else nn.Sequential(module)
    with pytest.raises(Unsupported, match=word) as caught:
        to_manifest(whole, **IMAGE)
    assert path in [one.path for one in caught.value.missing]
