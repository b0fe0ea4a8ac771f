"""A network of torch becomes a task, the worker trains it, and torch computes the same with it."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from assay_torch import (
    Attention,
    LoRALinear,
    Manifest,
    Masked,
    Pool,
    Position,
    Residual,
    export,
    from_manifest,
    load_masks,
    load_records,
    load_safetensors,
    save_safetensors,
)
from assay_torch.__main__ import main
from test_onnx_worker import WORKER

DIGITS = Path(__file__).parents[2] / "executor/testdata/digits.bin"
RECORDS, STEPS = 256, 30

pytestmark = pytest.mark.skipif(not WORKER.exists(), reason="the worker is not built")


def images():
    """A convolutional network on digits, as a user writes it."""
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64, 24), nn.Tanh(), nn.Dropout(0.1), nn.Linear(24, 10),
    )  # fmt: skip
    fields = {
        "pixels": {"offset": 0, "width": 64, "format": "u8", "scale": 0.0625},
        "label": {"offset": 64, "width": 1, "format": "label_u8"},
    }
    content = np.frombuffer(DIGITS.read_bytes()[: RECORDS * 65], np.uint8)
    return module, {"field": "pixels", "shape": [8, 8, 1]}, fields, content


def texts():
    """An encoder with adapters on padded tokens; the label is whether token 7 is there."""
    attention = Attention(16, 2, lora=(2, 4.0))
    mlp = [nn.Linear(16, 24), nn.GELU(), LoRALinear(24, 16, rank=2, alpha=2.0)]
    block = [Residual(attention), nn.LayerNorm(16), Residual(*mlp), nn.LayerNorm(16)]
    stack = [nn.Embedding(50, 16), Position(10, 16), *block, Pool("mean"), nn.Linear(16, 2)]
    fields = {
        "tokens": {"offset": 0, "width": 10, "format": "token_u32"},
        "seen": {"offset": 40, "width": 10, "format": "u8"},
        "label": {"offset": 50, "width": 1, "format": "label_u8"},
    }
    random = np.random.default_rng(6)
    tokens = random.integers(0, 50, (RECORDS, 10)).astype("<u4")
    seen = np.arange(10) < random.integers(1, 11, (RECORDS, 1))
    tokens[::2, 0], tokens[1::2][tokens[1::2] == 7] = 7, 8
    label = ((tokens == 7) & seen).any(1, keepdims=True)
    parts = [tokens.view(np.uint8), seen, label]
    content = np.concatenate([part.astype(np.uint8) for part in parts], 1).reshape(-1)
    return Masked(*stack, field="seen"), {"field": "tokens", "shape": [10]}, fields, content


def made(make, folder):
    """The module, and the files that its task is made of."""
    torch.manual_seed(2)
    module, start, fields, content = make()
    size = content.size // RECORDS
    exported = export(
        module,
        input=start,
        data={"records": RECORDS, "record_size": size, "fields": fields},
        task={"name": "round-trip", "steps": STEPS, "stride": 10, "batch": 32, "seed": 4},
        loss={"kind": "cross_entropy", "labels": "label"},
        optimizer={
            "kind": "adamw", "lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8,
            "weight_decay": 0.01, "clip": 1.0,
        },
    )  # fmt: skip
    (folder / "task.toml").write_text(exported.manifest.to_toml(), encoding="utf-8")
    save_safetensors(exported.tensors, folder / "start.safetensors")
    (folder / "data.bin").write_bytes(content.tobytes())
    return module


def work(folder, *arguments):
    done = subprocess.run([WORKER, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def trained(folder):
    """The model file out of the artefact of a training."""
    files = ["--data", "data.bin", "--weights", "start.safetensors", "--out", "run"]
    work(folder, "train", "task.toml", *files)
    blobs = json.loads((folder / "run/result.json").read_text())["blobs"]
    slots = next(one["key"] for one in blobs if one["what"] == "slots")
    out = ["--blobs", "run/blobs", "--out", "model.safetensors"]
    work(folder, "export", "task.toml", "--slots", f"run/blobs/{slots}", *out)
    assert (folder / "model.safetensors").read_bytes() == (
        folder / "run/model.safetensors"
    ).read_bytes()
    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize("make", [images, texts])
def test_trained_network_should_have_the_same_logits_in_torch(tmp_path, make, capsys, monkeypatch):
    module = made(make, tmp_path)
    after, before = trained(tmp_path), load_file(tmp_path / "start.safetensors")
    learns = {name for name, one in module.named_parameters() if one.requires_grad}
    assert {name for name in before if not np.array_equal(before[name], after[name])} == learns
    losses = np.loadtxt(tmp_path / "run/losses.csv", delimiter=",", skiprows=1)[:, 1]
    assert len(losses) == STEPS and losses[-5:].mean() < losses[:5].mean() * 0.9

    files = ["--model", "model.safetensors", "--data", "data.bin", "--logits", "l.safetensors"]
    said = json.loads(work(tmp_path, "eval", "task.toml", *files, "--json"))
    assert said["records"] == RECORDS and said["largestDifference"] < 1e-4
    theirs = load_file(tmp_path / "l.safetensors")["logits"]

    manifest = Manifest.read(tmp_path / "task.toml")
    content = (tmp_path / "data.bin").read_bytes()
    inputs, labels = load_records(manifest, content)
    given = inputs, *load_masks(manifest, content).inputs()
    # Into a network of the manifest, and into the user's own, whose names are the same.
    network = from_manifest(manifest)
    load_safetensors(network, tmp_path / "model.safetensors")
    module.load_state_dict({name: torch.from_numpy(one) for name, one in after.items()})
    for one in (network, module):
        with torch.no_grad():
            ours = one.eval()(*given).numpy()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)
    assert (ours.argmax(1) == labels.numpy()).mean() == pytest.approx(said["accuracy"], abs=0.01)

    monkeypatch.chdir(tmp_path)
    line = "check task.toml model.safetensors data.bin --logits l.safetensors"
    monkeypatch.setattr("sys.argv", ["assay_torch", *line.split()])
    assert main() == 0 and "largest difference" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["assay_torch", *line.replace("model", "start").split()])
    assert main() == 1
