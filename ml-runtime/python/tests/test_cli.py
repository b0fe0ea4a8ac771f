"""The commands, as a user runs them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_torch
from safetensors.torch import save_file as save_torch

from assay_torch import Manifest
from cases import CASES, EMBEDDING, HEAD, MEAN, manifest
from test_forward import records
from test_llama import LLAMA, checkpoint


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
    commands = {"manifest", "bert", "llama", "export-llama", "train", "logits", "check", "bench"}
    commands |= {"import-onnx", "back"}
    assert commands <= set(re.findall(r"^    ([a-z-]+)", text, re.MULTILINE))


def test_llama_should_go_there_and_back(folder):
    original = folder / "original"
    original.mkdir()
    (original / "config.json").write_text(json.dumps(LLAMA))
    save_torch(checkpoint(LLAMA), original / "model.safetensors")
    tokens = 'tokens = { offset = 0, width = 6, format = "token_u32" }'
    task = manifest(tokens, [6], [EMBEDDING, MEAN, HEAD]).replace('input = "x"', 'input = "tokens"')
    (folder / "like.toml").write_text(task)
    line = ["llama", "original", "--like", "like.toml", "--weights", "start.safetensors"]
    for more, made in [([], "model.safetensors"), (["--rank", "2"], "adapter_model.safetensors")]:
        printed = run(folder, *line, *more)
        assert printed.returncode == 0, printed.stderr
        (folder / "llama.toml").write_text(printed.stdout)
        back = ["export-llama", "llama.toml", "start.safetensors", f"back{len(more)}"]
        exported = run(folder, *back, "--base", "original")
        assert exported.returncode == 0 and made in exported.stdout, exported.stderr
        again = run(folder, *back)
        assert again.returncode == 2 and "nothing is overwritten" in again.stderr
    original = load_file(original / "model.safetensors")
    found = load_file(folder / "back0" / "model.safetensors")
    assert found.keys() == original.keys()
    assert all(np.array_equal(found[name], one) for name, one in original.items())
    settings = json.loads((folder / "back2" / "adapter_config.json").read_text())
    assert settings["r"] == 2 and settings["base_model_name_or_path"] == "original"


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


NAMED = """
from torch import nn
def make():
    first = nn.Sequential(nn.Flatten(), nn.Linear(12, 9), nn.Identity())
    return nn.Sequential(first, nn.Tanh(), nn.Linear(9, 5), nn.LogSoftmax(-1))
"""


def test_trained_module_should_go_back_to_its_own_names(folder):
    folder.joinpath("mine.py").write_text(NAMED)
    made = run(
        folder, "manifest", "mine:make", "--like", "task.toml", "--weights", "start.safetensors",
        "--names", "names.json",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert made.stderr == "note: 3: LogSoftmax: left out at the end; the loss does it\n"
    folder.joinpath("mine.toml").write_text(made.stdout)
    trained = run(
        folder, "train", "mine.toml", "--data", "data.bin", "--steps", "3", "--out", "losses.csv",
        "--weights", "start.safetensors", "--save", "model.safetensors",
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    back = run(folder, "back", "model.safetensors", "names.json", "back.safetensors")
    assert back.returncode == 0 and "back.safetensors: 4 tensors" in back.stdout, back.stderr
    scope = {}
    exec(NAMED, scope)
    module = scope["make"]()
    module.load_state_dict(load_torch(folder / "back.safetensors"))
    ours = load_torch(folder / "model.safetensors")
    assert module[0][1].weight.equal(ours["0.weight"]) and module[2].bias.equal(ours["2.bias"])
