"""Imported models by way of the files: the worker compiles and evaluates them, as a solver does."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from onnx_graphs import Graph, evaluated, imported
from test_onnx_images import channels_innermost, lenet, residual
from test_onnx_masks import expanded, mean_of_seen, network
from test_onnx_sequences import LENGTH, encoder, gpt

CACHE = Path(os.environ.get("ASSAY_CACHE", Path.home() / ".cache" / "assay"))
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", CACHE / "target"))
WORKER = TARGET / "release" / "assay-worker"
RECORDS = 1024

pytestmark = pytest.mark.skipif(not WORKER.exists(), reason="the worker is not built")


def flattened_innermost():
    g = Graph(3, 8, 9)
    return g.model(lenet(g, channels_innermost))


def scaled():
    g = Graph(12)
    y = g.op("Mul", g.op("Sub", "x", np.float32(0.5)), np.float32(3))
    y = g.op("Gelu", g.op("Gemm", y, g.draw(9, 12), g.draw(9), transB=1))
    return g.model(g.linear(y, 9, 5))


NETWORKS = {
    "mlp": (scaled, [12], None),
    "lenet": (flattened_innermost, [8, 9, 3], None),
    "residual": (lambda: residual("layer", "GlobalAveragePool"), [8, 8, 3], None),
    "residual, folded": (lambda: residual("batch", "ReduceMean"), [8, 8, 3], None),
    "encoder": (encoder, [LENGTH], 30),
    "gpt": (gpt, [LENGTH], 30),
    "masked encoder": (lambda: network(expanded, mean_of_seen), [LENGTH], 30),
}


def work(folder, *arguments):
    made = subprocess.run([WORKER, *arguments], cwd=folder, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr + made.stdout


@pytest.mark.parametrize("name", NETWORKS)
def test_worker_should_give_the_logits_of_the_graph(tmp_path, name):
    make, shape, vocab = NETWORKS[name]
    model = make()
    raw, _, _ = imported(model, tmp_path)
    random = np.random.default_rng(9)
    labels = raw["data"]["fields"]["label"]["width"]
    if vocab:
        x = random.integers(0, vocab, (RECORDS, *shape)).astype(np.uint8)
        theirs = x.astype(np.int64)
    else:
        x = random.standard_normal((RECORDS, *shape)).astype("<f4")
        theirs = np.moveaxis(x, -1, 1) if x.ndim == 4 else x
    parts, others = [x.reshape(RECORDS, -1).view(np.uint8)], {}
    if "mask" in raw["model"]:
        parts.append(np.arange(LENGTH) < random.integers(1, LENGTH + 1, (RECORDS, 1)))
        others["attention_mask"] = parts[-1][:3].astype(np.int64)
    parts.append(np.zeros((RECORDS, labels)))
    parts = [part.astype(np.uint8) for part in parts]
    (tmp_path / "data.bin").write_bytes(np.concatenate(parts, 1).tobytes())
    (tmp_path / "some.bin").write_bytes(np.concatenate(parts, 1)[:3].tobytes())
    task, weights = "out/task.toml", "out/weights.safetensors"
    work(tmp_path, "compile", task, "--data", "data.bin", "--weights", weights, "--out", "compiled")
    files = ["--model", weights, "--data", "some.bin", "--logits", "l.safetensors"]
    work(tmp_path, "eval", task, *files)
    wanted = evaluated(model, np.ascontiguousarray(theirs[:3]), **others)
    found = load_file(tmp_path / "l.safetensors")["logits"].reshape(wanted.shape)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-5 * max(1, np.abs(wanted).max()))
