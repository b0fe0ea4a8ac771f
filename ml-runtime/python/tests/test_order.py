"""The order of a task's records, and PyTorch's training in that order from the same start."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from assay_torch import Manifest, Trainer, from_manifest, load_records, load_safetensors
from assay_torch.order import epoch, seed_bytes, task_batches
from test_onnx_worker import WORKER

RUNTIME = Path(__file__).parents[2]
SEED = bytes([9] * 32)


def test_epoch_should_be_what_the_operations_say():
    # `shuffle_should_not_change` in primitives/ops/tests/shuffle.rs has the same numbers.
    assert epoch(SEED, 1, 8).tolist() == [4, 7, 6, 5, 2, 0, 3, 1]


@pytest.mark.parametrize("records", [0, 1, 2, 3, 16, 17, 1000])
def test_epoch_should_have_every_record_once(records):
    for number in [0, 1, 2**40]:
        assert sorted(epoch(SEED, number, records)) == list(range(records))


def test_batches_should_go_on_into_the_next_epoch():
    batches = task_batches(SEED, 5, 3)
    found = np.concatenate([next(batches).numpy() for _ in range(5)])
    wanted = np.concatenate([epoch(SEED, number, 5) for number in range(3)])
    assert found.tolist() == wanted.tolist()


def test_seed_should_be_a_number_or_bytes():
    assert seed_bytes(258) == bytes([2, 1, *[0] * 30])
    assert seed_bytes("0x" + "07" * 32) == bytes([7] * 32)


@pytest.mark.skipif(not WORKER.exists(), reason="the worker is not built")
def test_losses_should_be_those_of_the_worker_from_the_same_start(tmp_path):
    text = (RUNTIME / "compiler/examples/lenet-digits.toml").read_text(encoding="utf-8")
    (tmp_path / "task.toml").write_text(text, encoding="utf-8")
    manifest = Manifest.read(text)
    size = manifest.data.records * manifest.data.record_size
    digits = (RUNTIME / "executor/testdata/digits.bin").read_bytes()[:size]
    (tmp_path / "data").write_bytes(digits)

    def work(*arguments):
        made = subprocess.run([WORKER, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr + made.stdout

    work("compile", "task.toml", "--data", "data", "--out", "task")
    start = json.loads((tmp_path / "task/task.json").read_text())["work"]["initSlots"]
    slots = f"task/blobs/04-{start.removeprefix('0x')}"
    out = ["--blobs", "task/blobs", "--out", "start.safetensors"]
    work("export", "task.toml", "--step", "0", "--slots", slots, *out)
    work("train", "task.toml", "--data", "data", "--steps", "60", "--out", "run")
    theirs = np.loadtxt(tmp_path / "run/losses.csv", delimiter=",", skiprows=1)[:, 1]

    module = from_manifest(manifest)
    load_safetensors(module, tmp_path / "start.safetensors")
    inputs, labels = load_records(manifest, digits)
    seed = seed_bytes(manifest.task["seed"])
    order = task_batches(seed, len(inputs), manifest.task["batch"])
    trainer = Trainer(manifest, module, inputs, labels, order)
    ours = np.array([trainer.step().item() for _ in range(60)])
    assert theirs[-1] < theirs[0] / 2
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
