"""Weights that go back to the module that they are from, whatever they were at the start."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from torch import nn

from assay_torch.back import renamed
from onnx_graphs import imported
from reference import Network
from test_onnx_torch import exported

WIDTH, LENGTH = 6, 4


class Of(nn.Module):
    """What `forward` says, with these parts."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.f = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.f(self, x)


def linear(out=WIDTH):
    return nn.Linear(WIDTH, out)


def zero(module):
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


def square(start):
    return Of(lambda m, x: m.l(torch.relu(x @ m.w)), w=nn.Parameter(start), l=linear(3))


def attention(scale):
    """Written out, with a factor on the products that is not the usual one."""

    def forward(m, x):
        q, k, v = (one(x).reshape(-1, LENGTH, 2, 3).transpose(1, 2) for one in (m.q, m.k, m.v))
        y = (q @ k.transpose(-1, -2) * scale).softmax(-1) @ v
        return m.h(m.o(y.transpose(1, 2).reshape(-1, LENGTH, WIDTH)).mean(1))

    parts = {name: linear() for name in "qkvo"}
    for one in parts.values():
        nn.init.zeros_(one.bias)
    return Of(forward, **parts, h=linear(3))


def gated():
    def forward(m, x):
        return m.h(m.down(nn.functional.silu(m.gate(x)) * m.up(x)))

    parts = {name: nn.Linear(WIDTH, WIDTH, bias=False) for name in ("gate", "up", "down")}
    nn.init.zeros_(parts["down"].weight)
    return Of(forward, **parts, h=linear(3))


def batch_normed():
    return nn.Sequential(linear(), nn.BatchNorm1d(WIDTH), nn.ReLU(), linear(3))


IMAGE, FEATURES, SEQUENCE, TOKENS = [3, 6, 6], [WIDTH], [LENGTH, WIDTH], None

#: Modules before any training, the shape of what they take, and which parameters are not named.
MODULES = {
    "zero head of channels innermost": (
        lambda: Of(
            lambda m, x: m.h(torch.relu(m.c(x)).permute(0, 2, 3, 1).flatten(1)),
            c=nn.Conv2d(3, 4, 3), h=zero(nn.Linear(64, 5)),
        ),
        IMAGE, {"h.weight"},
    ),
    "zero head": (
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), zero(nn.Linear(64, 5))),
        IMAGE, set(),
    ),
    "zeros": (lambda: square(torch.zeros(WIDTH, WIDTH)), FEATURES, {"w"}),
    "eye": (lambda: square(torch.eye(WIDTH)), FEATURES, {"w"}),
    "factor behind a norm": (
        lambda: nn.Sequential(linear(), Of(lambda m, x: m.n(x) * 0.5, n=nn.LayerNorm(WIDTH)),
                              linear(3)),
        FEATURES, {"1.n.weight", "1.n.bias"},
    ),
    "factor that learns": (
        lambda: Of(
            lambda m, x: m.l(torch.relu(m.a(x) * m.g)),
            a=zero(linear()), g=nn.Parameter(torch.ones(WIDTH)), l=linear(3),
        ),
        FEATURES, {"a.weight", "a.bias", "g"},
    ),
    "difference": (
        lambda: Of(
            lambda m, x: m.l(torch.relu(m.a(x) - m.p)),
            a=nn.Linear(WIDTH, WIDTH, bias=False), p=nn.Parameter(torch.zeros(WIDTH)), l=linear(3),
        ),
        FEATURES, {"p"},
    ),
    "row that learns": (
        lambda: Of(
            lambda m, x: m.l((m.e(x) + m.p).mean(1)),
            e=zero(nn.Embedding(50, WIDTH)), p=nn.Parameter(torch.ones(WIDTH)), l=linear(3),
        ),
        TOKENS, {"e.weight", "p"},
    ),
    "two tables of positions": (
        lambda: Of(
            lambda m, x: m.l((torch.relu(m.e(x)) + m.p + m.q).mean(1)),
            e=nn.Embedding(50, WIDTH), p=nn.Parameter(torch.zeros(LENGTH, WIDTH)),
            q=nn.Parameter(torch.ones(LENGTH, WIDTH)), l=linear(3),
        ),
        TOKENS, {"p", "q"},
    ),
    "norms alike": (
        lambda: Of(
            lambda m, x: m.l(m.n2(m.a(m.n1(x) * 0.5))),
            n1=nn.LayerNorm(WIDTH), a=linear(), n2=nn.LayerNorm(WIDTH), l=linear(3),
        ),
        FEATURES, {"n1.weight", "n1.bias", "n2.weight", "n2.bias"},
    ),
    "one norm twice": (
        lambda: Of(
            lambda m, x: m.l(m.n(torch.relu(m.a(m.n(x))))), a=linear(), n=nn.LayerNorm(WIDTH),
            l=linear(3),
        ),
        FEATURES, {"n.weight", "n.bias"},
    ),
    "norm over the batch": (
        batch_normed, FEATURES, {"0.weight", "0.bias", "1.weight", "1.bias"},
    ),
    "attention": (
        lambda: attention(1.0), SEQUENCE,
        {f"{name}.{part}" for name in "qkvo" for part in ("weight", "bias")} - {"o.bias"},
    ),
    "swiglu": (gated, FEATURES, set()),
}  # fmt: skip


#: But for a norm over the batch that dynamo puts into weights which keep their names.
EXPORTS = [
    *((name, "open batch") for name in MODULES if name != "norm over the batch"),
    *((name, "traced") for name in MODULES),
]


@pytest.mark.parametrize(("name", "how"), EXPORTS)
@pytest.mark.filterwarnings("ignore")
def test_module_should_give_the_same_logits_when_what_was_trained_goes_back(tmp_path, name, how):
    make, shape, unnamed = MODULES[name]
    torch.manual_seed(4)
    module = make().eval()
    x = torch.randint(0, 50, (3, LENGTH)) if shape is None else torch.randn(3, *shape)
    raw, tensors, found = imported(exported(module, x, tmp_path, how), tmp_path)
    parameters = {one for one, _ in module.named_parameters()}
    assert set() < found.names.keys() <= parameters - unnamed
    # As if these had learned, and what does not go back had not.
    random = np.random.default_rng(5)
    for one in found.names.values():
        tensors[one] += random.standard_normal(tensors[one].shape).astype(np.float32)
    back, _ = renamed(tensors, found.names)
    state = {one: torch.from_numpy(array) for one, array in back.items()}
    module.load_state_dict({**module.state_dict(), **state}, strict=True)
    given = np.moveaxis(x.numpy(), 1, -1) if x.dim() == 4 else x.numpy()
    ours = Network(tensors).stack(raw["model"]["layer"], given)
    with torch.no_grad():
        wanted = module(x).numpy()
    np.testing.assert_allclose(ours, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("how", ["open batch", "traced"])
@pytest.mark.filterwarnings("ignore")
def test_names_should_be_all_when_nothing_is_changed(tmp_path, how):
    torch.manual_seed(4)
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 7), nn.LayerNorm(7), nn.GELU(),
        nn.Linear(7, 5),
    )  # fmt: skip
    nn.init.zeros_(module[6].weight)
    *_, found = imported(exported(module.eval(), torch.randn(3, *IMAGE), tmp_path, how), tmp_path)
    assert found.names == {name: name for name in module.state_dict()}
