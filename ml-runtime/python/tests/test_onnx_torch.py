"""Networks of torch, exported by torch.onnx, imported, and compared with torch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from torch import nn

from assay_torch import (
    GEGLU,
    Attention,
    PixelLayerNorm,
    Pool,
    Position,
    Residual,
    SwiGLU,
    TiedLinear,
    Unsupported,
)
from onnx_graphs import compare, imported, kinds
from reference import Network

LENGTH, WIDTH = 6, 8


def block(*, rope=None, causal=False):
    return nn.Sequential(
        Residual(nn.LayerNorm(WIDTH), Attention(WIDTH, 2, rope=rope, causal=causal)),
        Residual(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 16), nn.GELU(), nn.Linear(16, WIDTH)),
    )


def gpt():
    def one():
        return nn.Sequential(
            Residual(
                nn.RMSNorm(WIDTH, 1e-6), Attention(WIDTH, 2, causal=True, rope=1e4, bias=False)
            ),
            Residual(nn.RMSNorm(WIDTH, 1e-6), SwiGLU(WIDTH, 20, bias=False)),
        )

    table = nn.Embedding(50, WIDTH)
    return nn.Sequential(table, one(), one(), nn.RMSNorm(WIDTH, 1e-6), TiedLinear(table))


class Encoder(nn.Module):
    """torch's own encoder, with learned positions."""

    def __init__(self, *, norm_first):
        super().__init__()
        self.words, self.places = nn.Embedding(50, WIDTH), nn.Embedding(LENGTH, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, 2, 16, activation="gelu", batch_first=True, norm_first=norm_first
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, 5)

    def forward(self, x):
        y = self.words(x) + self.places(torch.arange(LENGTH))
        return self.head(self.encoder(y).mean(1))


class Padded(nn.Module):
    """torch's own encoder with a mask for padding and a mean of what is seen."""

    def __init__(self):
        super().__init__()
        self.words, self.head = nn.Embedding(50, WIDTH), nn.Linear(WIDTH, 5)
        layer = nn.TransformerEncoderLayer(WIDTH, 2, 16, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x, mask):
        y = self.encoder(self.words(x), src_key_padding_mask=mask == 0)
        weight = mask[:, :, None].to(y.dtype)
        return self.head((y * weight).sum(1) / weight.sum(1).clamp(min=1e-9))


class Residuals(nn.Module):
    """A residual network in the usual way, with norms over the batch."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.first, self.one = (
            nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(6),
        )
        self.second, self.two = nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.past = nn.Conv2d(4, 6, 1, stride=2)
        self.mean, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(6, 5)

    def forward(self, x):
        x = self.stem(x).relu()
        y = self.one(self.first(x)).relu()
        y = (self.two(self.second(y)) + self.past(x)).relu()
        return self.head(self.mean(y).flatten(1))


class Grouped(nn.Module):
    """Causal attention whose heads share keys and values, in the ways that people write it."""

    def __init__(self, how):
        super().__init__()
        self.how, self.words, self.head = how, nn.Embedding(50, 12), nn.Linear(12, 5)
        self.q, self.o = nn.Linear(12, 16), nn.Linear(16, 12)
        self.k, self.v = nn.Linear(12, 8), nn.Linear(12, 8)

    def shared(self, y):
        batch, heads, length, width = y.shape
        if self.how == "expand":
            y = y[:, :, None].expand(batch, heads, 2, length, width)
            return y.reshape(batch, 2 * heads, length, width)
        if self.how == "repeat":
            return y.repeat(1, 2, 1, 1)
        return y.repeat_interleave(2, dim=1) if self.how == "interleave" else y

    def forward(self, x):
        x = self.words(x)
        q, k, v = (
            one(x).view(x.shape[0], LENGTH, -1, 4).transpose(1, 2)
            for one in (self.q, self.k, self.v)
        )
        y = nn.functional.scaled_dot_product_attention(
            q, self.shared(k), self.shared(v), is_causal=True, enable_gqa=self.how == "op"
        )
        x = x + self.o(y.transpose(1, 2).reshape(x.shape[0], LENGTH, 16))
        return self.head(x[:, -1])


class Vision(nn.Module):
    """Patches of an image as a sequence, then attention, in the ways that people write it."""

    def __init__(self, how):
        super().__init__()
        self.how, self.patches = how, nn.Conv2d(3, WIDTH, 4, stride=4)
        self.places = nn.Parameter(torch.randn(6, WIDTH) * 0.1)
        layer = nn.TransformerEncoderLayer(WIDTH, 2, 16, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, 5)

    def forward(self, x):
        y = self.patches(x)
        if self.how == "flatten":
            y = y.flatten(2).transpose(1, 2)
        else:
            y = y.permute(0, 2, 3, 1).reshape(y.shape[0], 6, WIDTH)
        return self.head(self.encoder(y + self.places).mean(1))


class Front(nn.Module):
    """As GPT-NeoX and Qwen3 have it: heads of which the first numbers turn, or with norms."""

    def __init__(self, *, normed):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.o = nn.Linear(WIDTH, WIDTH)
        width = WIDTH // 2
        self.dims = width if normed else width // 4 * 2
        self.normed = normed
        if normed:
            self.q_norm = nn.Parameter(torch.rand(width) + 0.5)
            self.k_norm = nn.Parameter(torch.rand(width) + 0.5)
        angles = torch.outer(
            torch.arange(LENGTH), 50.0 ** (-torch.arange(0, self.dims, 2) / self.dims)
        )
        self.register_buffer("cos", angles.repeat(1, 2).cos())
        self.register_buffer("sin", angles.repeat(1, 2).sin())

    def turned(self, x):
        front, rest = x[..., : self.dims], x[..., self.dims :]
        low, high = front.chunk(2, -1)
        front = front * self.cos + torch.cat((-high, low), -1) * self.sin
        return torch.cat((front, rest), -1) if rest.shape[-1] else front

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).view(batch, length, 2, -1).transpose(1, 2).chunk(3, -1)
        if self.normed:
            q, k = (
                y * (y.pow(2).mean(-1, keepdim=True) + 1e-4).rsqrt() * weight
                for y, weight in ((q, self.q_norm), (k, self.k_norm))
            )
        q, k = self.turned(q), self.turned(k)
        # A scale of its own.
        weights = (q @ k.transpose(-1, -2) * 0.3).softmax(-1)
        return x + self.o((weights @ v).transpose(1, 2).reshape(batch, length, -1))


def mobile():
    """Depthwise separable convolutions."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.Hardswish(),
        nn.Conv2d(8, 12, 1), nn.ReLU6(), nn.Conv2d(12, 6, 3, groups=3),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5),
    )  # fmt: skip


NETWORKS = {
    "vision": (lambda: Vision("flatten"), [3, 8, 12]),
    "vision, permuted": (lambda: Vision("permute"), [3, 8, 12]),
    "mobile": (mobile, [3, 12, 12]),
    "grouped": (
        lambda: nn.Sequential(
            nn.Embedding(50, WIDTH),
            Residual(Attention(WIDTH, 4, kv_heads=2, rope=100.0, causal=True, bias=False)),
            Residual(Attention(WIDTH, 4, kv_heads=1)), Pool("last"), nn.Linear(WIDTH, 5),
        ),
        None,
    ),
    "wide heads": (
        lambda: nn.Sequential(
            nn.Embedding(50, WIDTH), Residual(Attention(WIDTH, 3, head_dim=4, rope=100.0)),
            Pool("mean"), nn.Linear(WIDTH, 5),
        ),
        None,
    ),
    "heads that turn in part": (
        lambda: nn.Sequential(
            nn.Embedding(50, WIDTH), Residual(Attention(WIDTH, 2, rope=100.0, rope_dims=4)),
            Pool("mean"), nn.Linear(WIDTH, 5),
        ),
        None,
    ),
    "heads that turn in front": (
        lambda: nn.Sequential(
            nn.Embedding(50, WIDTH), Front(normed=False), Pool("last"), nn.Linear(WIDTH, 5)
        ),
        None,
    ),
    "normed heads": (
        lambda: nn.Sequential(
            nn.Embedding(50, WIDTH), Front(normed=True), Pool("last"), nn.Linear(WIDTH, 5)
        ),
        None,
    ),
    "ours with normed heads": (
        lambda: nn.Sequential(
            nn.Embedding(50, WIDTH),
            Residual(Attention(WIDTH, 3, head_dim=4, qk_norm=1e-3, rope=100.0, bias=False)),
            Residual(Attention(WIDTH, 3, head_dim=4, kv_heads=1, qk_norm=1e-3)),
            Pool("mean"), nn.Linear(WIDTH, 5),
        ),
        None,
    ),
    "gates": (
        lambda: nn.Sequential(
            nn.Embedding(50, WIDTH), Residual(GEGLU(WIDTH, 9)),
            Residual(GEGLU(WIDTH, 9, bias=False, approximate="tanh")), Pool("mean"),
            nn.Linear(WIDTH, 5),
        ),
        None,
    ),
    "shared by expand": (lambda: Grouped("expand"), None),
    "shared by repeat_interleave": (lambda: Grouped("interleave"), None),
    "mlp": (
        lambda: nn.Sequential(nn.Linear(12, 9), nn.SiLU(), nn.Dropout(0.5), nn.Linear(9, 5)),
        [12],
    ),
    "lenet": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 8, 5), nn.ReLU(), nn.AvgPool2d(2),
            nn.Flatten(), nn.Linear(32, 12), nn.ReLU(), nn.Linear(12, 5),
        ),
        [1, 16, 16],
    ),
    "pixel norm": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3), PixelLayerNorm(4), nn.GELU(),
            Residual(nn.Conv2d(4, 4, 3, padding=1), nn.Tanh()), nn.Flatten(), nn.Linear(144, 5),
        ),
        [3, 8, 8],
    ),
    "residual": (Residuals, [3, 8, 8]),
    "encoder": (lambda: Encoder(norm_first=False), None),
    "encoder, norm first": (lambda: Encoder(norm_first=True), None),
    "ours": (
        lambda: nn.Sequential(
            nn.Embedding(50, WIDTH), Position(LENGTH, WIDTH), block(), block(), Pool("first"),
            nn.Linear(WIDTH, 5), nn.Sigmoid(), nn.Linear(5, 4),
        ),
        None,
    ),
    "rotary": (
        lambda: nn.Sequential(
            nn.Embedding(50, WIDTH), block(rope=100.0, causal=True),
            Pool("mean"), nn.Linear(WIDTH, 5),
        ),
        None,
    ),
    "gpt": (gpt, None),
}  # fmt: skip


def exported(module, example, folder, how):
    path = folder / "model.onnx"
    if how == "one record":
        # As a user calls it who says nothing: the batch is that of the example, weights are beside.
        torch.onnx.export(module, (example,), path, input_names=["x"], verbose=False)
    elif how == "open batch":
        batch = torch.export.Dim("batch", min=2)
        torch.onnx.export(
            module, (example,), path, dynamo=True, input_names=["x"], dynamic_shapes=({0: batch},),
            external_data=False, verbose=False,
        )  # fmt: skip
    else:
        torch.onnx.export(
            module, (example,), path, dynamo=False, input_names=["x"], opset_version=17,
            dynamic_axes={"x": {0: "batch"}},
        )  # fmt: skip
    return path.read_bytes()


#: What has torch's RMS norm, which the exporter by tracing has not.
RMS = ("gpt", "ours with normed heads")
#: Three networks are enough for the batch of an example.
EXPORTS = [
    *((name, "open batch") for name in NETWORKS),
    *((name, "traced") for name in NETWORKS if name not in RMS),
    *((name, "one record") for name in ("lenet", "encoder", "gpt")),
]


@pytest.mark.parametrize(("name", "how"), EXPORTS)
@pytest.mark.filterwarnings("ignore")
def test_exported_network_should_give_torchs_logits(tmp_path, name, how):
    make, shape = NETWORKS[name]
    torch.manual_seed(5)
    module = make()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += torch.randn_like(parameter) * 0.2
        for buffer_name, buffer in module.named_buffers():
            if "running" in buffer_name:
                buffer += torch.rand_like(buffer)
    module.eval()
    batch = 1 if how == "one record" else 3
    tokens = shape is None
    example = torch.randint(0, 50, (batch, LENGTH)) if tokens else torch.randn(batch, *shape)
    content = exported(module, example, tmp_path, how)

    def by_torch(_, x):
        with torch.no_grad():
            return module(torch.from_numpy(np.ascontiguousarray(x))).numpy()

    found, raw, _ = compare(content, tmp_path, run=by_torch, batch=batch)
    if name == "gpt":
        assert found[1] == ("repeat", [("residual", ["rms_norm", "attention"]),
                                       ("residual", ["rms_norm", "swiglu"])])  # fmt: skip
        assert found[-1] == "tied_linear"
        attention = raw["model"]["layer"][1]["layer"][0]["layer"][1]
        assert attention["rope"] == 10000.0 and attention["causal"] is True


@pytest.mark.filterwarnings("ignore")
def test_shared_heads_should_be_found_in_the_operator_of_attention(tmp_path):
    torch.manual_seed(8)
    module, x = Grouped("op").eval(), torch.randint(0, 50, (3, LENGTH))
    path, batch = tmp_path / "model.onnx", torch.export.Dim("batch", min=2)
    torch.onnx.export(
        module, (x,), path, dynamo=True, input_names=["x"], dynamic_shapes=({0: batch},),
        external_data=False, verbose=False, opset_version=23,
    )  # fmt: skip
    raw, tensors, _ = imported(path.read_bytes(), tmp_path)
    attention = raw["model"]["layer"][1]["layer"][0]
    assert (attention["heads"], attention["kv_heads"], attention["head_dim"]) == (4, 2, 4)
    assert raw["model"]["layer"][2]["take"] == "last"
    ours = Network(tensors).stack(raw["model"]["layer"], x.numpy())
    with torch.no_grad():
        wanted = module(x).numpy()
    np.testing.assert_allclose(ours, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_heads_should_be_refused_when_they_are_repeated_in_another_order(tmp_path):
    module, x = Grouped("repeat").eval(), torch.randint(0, 50, (3, LENGTH))
    content = exported(module, x, tmp_path, "traced")
    with pytest.raises(Unsupported, match="repeats"):
        imported(content, tmp_path)


@pytest.mark.parametrize("how", ["open batch", "traced"])
@pytest.mark.filterwarnings("ignore")
def test_exported_encoder_should_keep_its_mask(tmp_path, how):
    torch.manual_seed(6)
    module, x = Padded().eval(), torch.randint(0, 50, (3, LENGTH))
    seen = torch.arange(LENGTH) < torch.tensor([[4], [LENGTH], [1]])
    names, path = ["input_ids", "attention_mask"], tmp_path / "model.onnx"
    if how == "open batch":
        shapes = ({0: torch.export.Dim("batch", min=2)},) * 2
        options = {"dynamic_shapes": shapes, "verbose": False, "external_data": False}
    else:
        options = {"dynamo": False, "dynamic_axes": {name: {0: "batch"} for name in names}}
    torch.onnx.export(module, (x, seen.long()), path, input_names=names, **options)
    raw, tensors, _ = imported(path.read_bytes(), tmp_path)
    assert kinds(raw["model"]["layer"])[-2:] == ["pool", "linear"]
    ours = Network(tensors, seen.numpy()).stack(raw["model"]["layer"], x.numpy())
    with torch.no_grad():
        wanted = module(x, seen.long()).numpy()
    np.testing.assert_allclose(ours, wanted, rtol=0, atol=2e-5 * max(1, np.abs(wanted).max()))
