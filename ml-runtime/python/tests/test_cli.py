"""The commands, as a user runs them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from assay_torch import Manifest
from cases import CASES
from test_forward import records


def run(folder, *arguments):
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "assay_torch", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )


@pytest.fixture
def folder(tmp_path):
    tmp_path.joinpath("task.toml").write_text(CASES["linear"])
    tmp_path.joinpath("data.bin").write_bytes(records(3, 20).tobytes())
    return tmp_path


def test_train_logits_and_check_should_work_on_each_others_files(folder):
    trained = run(
        folder, "train", "task.toml", "--data", "data.bin", "--steps", "7", "--seed", "3",
        "--out", "losses.csv", "--save", "model.safetensors",
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    lines = folder.joinpath("losses.csv").read_text().splitlines()
    assert lines[0] == "step,loss" and len(lines) == 8 and lines[7].startswith("6,")
    files = ["task.toml", "model.safetensors", "data.bin"]
    made = run(folder, "logits", *files, "--out", "logits.npy")
    assert made.returncode == 0 and "20 × 5" in made.stdout, made.stderr
    assert run(folder, "check", *files, "--logits", "logits.npy").returncode == 0
    logits = np.load(folder / "logits.npy")
    logits[4, 2] += 0.5
    save_file({"logits": logits}, str(folder / "logits.safetensors"))
    differs = run(folder, "check", *files, "--logits", "logits.safetensors")
    assert differs.returncode == 1 and "5.000e-01" in differs.stdout


def test_help_should_name_every_command(folder):
    text = run(folder, "--help").stdout
    commands = ("manifest", "bert", "train", "logits", "check", "import-onnx", "bench")
    assert set(commands) <= set(re.findall(r"^    ([a-z-]+)", text, re.MULTILINE))


def test_manifest_should_be_printed_for_a_function(folder):
    code = "from torch import nn\ndef make():\n    return nn.Sequential(nn.Linear(12, 9), nn.{})\n"
    folder.joinpath("mine.py").write_text(code.format("Tanh()"))
    made = run(folder, "manifest", "mine:make", "--like", "task.toml", "--weights", "w.safetensors")
    assert made.returncode == 0, made.stderr
    kinds = [layer.kind for layer in Manifest.read(made.stdout).model.layers]
    assert kinds == ["linear", "tanh"] and folder.joinpath("w.safetensors").exists()
    folder.joinpath("mine.py").write_text(code.format("Softplus()"))
    refused = run(folder, "manifest", "mine:make", "--like", "task.toml")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: 1 not supported:\n  1: Softplus:")
