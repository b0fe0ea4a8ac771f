"""What a user can get wrong ends in one line that says what, and nothing is written."""

import json
import re
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from assay_torch.__main__ import main
from cases import CASES, EMBEDDING, HEAD, MEAN, manifest

BERT = {
    "vocab_size": 20,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 10,
}


def checkpoint():
    """Tensors of the smallest BERT that `BERT` describes."""
    tables = {"word": 20, "position": 10, "token_type": 2}
    made = {f"embeddings.{name}_embeddings.weight": (rows, 8) for name, rows in tables.items()}
    block = "encoder.layer.0."
    shapes = {f"{block}attention.self.{one}": (8, 8) for one in ("query", "key", "value")}
    shapes |= {f"{block}attention.output.dense": (8, 8), f"{block}intermediate.dense": (12, 8)}
    shapes |= {f"{block}output.dense": (8, 12), "embeddings.LayerNorm": (8,)}
    shapes |= {f"{block}{one}output.LayerNorm": (8,) for one in ("", "attention.")}
    for name, shape in shapes.items():
        made |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return {name: torch.ones(shape) for name, shape in made.items()}


MINE = """
from torch import nn
number = 3
def make():
    return nn.Sequential(nn.Linear(12, 5))
def needs(width):
    return nn.Linear(width, 5)
def lists():
    return [nn.Linear(12, 5)]
def wrong():
    return nn.Linear("12", 5)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a task of features, one of tokens, modules of a user and a checkpoint."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("mine", "broken", "needy"):
        sys.modules.pop(name, None)
    tokens = 'tokens = { offset = 0, width = 6, format = "token_u32" }'
    task = manifest(tokens, [6], [EMBEDDING, MEAN, HEAD]).replace('input = "x"', 'input = "tokens"')
    (tmp_path / "features.toml").write_text(CASES["linear"])
    (tmp_path / "tokens.toml").write_text(task)
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "broken.py").write_text("import mine\nmine.make(\n")
    (tmp_path / "needy.py").write_text("import no_such_package\n")
    (tmp_path / "text.safetensors").write_text("no tensors at all")
    (tmp_path / "empty.npy").write_text("")
    (tmp_path / "data.bin").write_bytes(bytes(20 * 406))
    save_file({"other": torch.ones(3)}, tmp_path / "other.safetensors")
    bert = tmp_path / "bert"
    bert.mkdir()
    (bert / "config.json").write_text(json.dumps(BERT))
    save_file(checkpoint(), bert / "model.safetensors")
    return tmp_path


def run(capsys, monkeypatch, line):
    monkeypatch.setattr(sys, "argv", ["assay_torch", *line.split()])
    try:
        code = main()
    except SystemExit as error:
        code = error.code
    return code, capsys.readouterr()


def files(folder):
    return {path: path.stat().st_size for path in folder.rglob("*") if path.suffix != ".pyc"}


MODULES = {
    "manifest mine": "'mine' does not say .*: write it as mine:make",
    "manifest :make": "write it as package.module:make",
    "manifest nothing.there:make": "there is no module nothing.there in .* PYTHONPATH",
    "manifest mine.py:make": "there is no module mine.py in .* without .py",
    "manifest mine:nothing": "mine has no nothing; of its own it has lists, make, needs, wrong",
    "manifest mine:number": "mine:number is a int",
    "manifest mine:needs": "mine:needs cannot be called: TypeError: .*'width'",
    "manifest mine:lists": "mine:lists makes a list",
    "manifest mine:wrong": r"mine:wrong cannot be called: TypeError: .*mine.py:11\)",
    "manifest broken:make": "broken cannot be imported: SyntaxError: .*broken.py, line 2",
    "manifest needy:make": "needy imports no_such_package, which is not installed",
    "manifest mine:make --shape 1 2 3 4": r"\[1, 2, 3, 4\] is no shape of numbers",
}


FILES = {
    "manifest mine:make --like bert": "Is a directory",
    "manifest mine:make --like other.safetensors": "other.safetensors: malformed manifest",
    "manifest mine:make --like no.toml": "No such file .*no.toml",
    "manifest mine:make --like features.toml --weights no/w.safetensors": "cannot be written",
    "bert bert --classes 3 --like features.toml": (
        r"no field 'tokens' in features.toml, which has x \(u8\), label .*: say by --input which"
    ),
    "bert bert --classes 3 --like tokens.toml --input label": "label_u8; tokens have token_u8",
    "bert nowhere --classes 3 --like tokens.toml": "nowhere is no folder; name the one with",
    "bert . --classes 3 --like tokens.toml": "No such file .*config.json",
    "bert bert --classes 0 --like tokens.toml": "'0' is no whole number above 0",
    "logits features.toml text.safetensors data.bin --out l.npy": "no safetensors file, or cut",
    "logits features.toml bert data.bin --out l.npy": "bert is a folder",
    "logits features.toml other.safetensors data.bin --out l.npy": (
        "does not fit the manifest: it lacks 0.bias, 0.weight; the manifest has no other"
    ),
    "train features.toml --data data.bin --weights text.safetensors --out o.csv": "or cut short",
}


def refused(folder, capsys, monkeypatch, line, word):
    before = files(folder)
    code, said = run(capsys, monkeypatch, line)
    assert code == 2 and said.out == ""
    last = said.err.splitlines()[-1]
    # Wrong usage is said behind the usage.
    assert said.err.startswith("usage: ") or said.err == f"{last}\n"
    assert "error: " in last and re.search(word, last), said.err
    assert files(folder) == before


@pytest.mark.parametrize("module", MODULES)
def test_module_should_be_refused_when_it_is_none(folder, capsys, monkeypatch, module):
    line = f"{module} --like features.toml --weights new.safetensors"
    refused(folder, capsys, monkeypatch, line, MODULES[module])


@pytest.mark.parametrize("line", FILES)
def test_file_should_be_refused_when_it_is_not_what_a_command_takes(
    folder, capsys, monkeypatch, line
):
    refused(folder, capsys, monkeypatch, line, FILES[line])


CHECKPOINT = "bert bert --classes 3 --like tokens.toml --weights new.safetensors"


def test_checkpoint_should_be_imported_when_all_is_there(folder, capsys, monkeypatch):
    code, said = run(capsys, monkeypatch, CHECKPOINT)
    assert code == 0 and 'kind = "repeat"' in said.out
    assert said.out.count("frozen = true") == 8
    assert said.err.startswith("note: the pooler and the dropout of the original are left out")
    assert (folder / "new.safetensors").exists()


def test_checkpoint_should_learn_as_a_whole_when_that_is_asked_for(folder, capsys, monkeypatch):
    code, said = run(capsys, monkeypatch, f"{CHECKPOINT} --whole")
    assert code == 0 and "frozen" not in said.out
    refused(folder, capsys, monkeypatch, f"{CHECKPOINT} --whole --rank 2", "not allowed with")


def test_checkpoint_should_be_refused_in_one_line_when_it_is_no_bert(folder, capsys, monkeypatch):
    (folder / "bert" / "config.json").write_text(json.dumps({"model_type": "albert"}))
    code, said = run(capsys, monkeypatch, CHECKPOINT)
    assert code == 2 and said.err.startswith("error: 1 not supported:\n  model_type: 'albert'")


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("config.json", "{", "config.json is no JSON"),
        ("config.json", "[1, 2]", "no configuration of a model"),
        ("model.safetensors", "a file of text", "is no safetensors file, or cut short"),
        ("model.safetensors", None, "No such file .*model.safetensors"),
    ],
)
def test_checkpoint_should_be_refused_when_a_file_is_broken(
    folder, capsys, monkeypatch, name, content, word
):
    path = folder / "bert" / name
    path.unlink() if content is None else path.write_text(content)
    refused(folder, capsys, monkeypatch, CHECKPOINT, word)


def test_checkpoint_should_be_refused_when_it_is_cut_short(folder, capsys, monkeypatch):
    path = folder / "bert" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    refused(folder, capsys, monkeypatch, CHECKPOINT, "cut short")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"vocab_size": 30522}, "word_embeddings.weight: a tensor of 20×8: .* makes it 30522×8"),
        ({"hidden_size": None}, "hidden_size: not there: the configuration must have a number"),
        ({"num_hidden_layers": "six"}, "num_hidden_layers: 'six': the configuration must have"),
        ({"num_attention_heads": 3}, "num_attention_heads: 3: they do not divide 8"),
        ({"num_attention_heads": 10**30}, "num_attention_heads: 10{19}…: it may be up to 1024"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers: 1000000000: it may be up to 512"),
        ({"hidden_size": 65536, "vocab_size": 1 << 20}, "makes it 1048576×65536"),
        ({"layer_norm_eps": float("inf")}, "layer_norm_eps: inf: it may be up to"),
        ({"num_hidden_layers": 2}, "layer.1.output.dense.bias: no tensor"),
        ({"max_position_embeddings": 5}, "length: 6: the table has positions 1 to 5"),
    ],
)
def test_checkpoint_should_be_refused_with_a_list_when_it_is_another(
    folder, capsys, monkeypatch, change, line
):
    (folder / "bert" / "config.json").write_text(json.dumps({**BERT, **change}))
    before = files(folder)
    code, said = run(capsys, monkeypatch, CHECKPOINT)
    assert code == 2 and said.out == "" and files(folder) == before
    assert "not supported:\n  " in said.err and re.search(line, said.err), said.err


def test_logits_should_be_refused_when_their_file_is_none(folder, capsys, monkeypatch):
    code, said = run(
        capsys, monkeypatch, "train features.toml --data data.bin --steps 1 --out o --save w"
    )
    assert code == 0, said.err
    save_file({"a": torch.ones(3), "b": torch.ones(3)}, folder / "two.safetensors")
    np.save(folder / "three.npy", np.ones(3))
    for file, word in [
        ("empty.npy", "empty.npy is no array of numpy"),
        ("text.safetensors", "or cut short"),
        ("two.safetensors", "2 tensors, of which none is named logits"),
        ("three.npy", "three.npy has 3 logits, but these records have 20 × 5"),
    ]:
        line = f"check features.toml w data.bin --logits {file}"
        refused(folder, capsys, monkeypatch, line, word)


@pytest.mark.parametrize(
    ("task", "value", "word"),
    [
        ("features.toml", 5, "data.bin has the label 5, but a model has 5 logits"),
        ("tokens.toml", 255, "has the token 4294967295, but its table has 256 rows"),
    ],
)
def test_data_should_be_refused_when_it_is_out_of_range(
    folder, capsys, monkeypatch, task, value, word
):
    (folder / "data.bin").write_bytes(bytes([value] * 20 * 406))
    refused(folder, capsys, monkeypatch, f"train {task} --data data.bin --out o.csv", word)


def test_task_should_be_refused_when_a_key_is_missing(folder, capsys, monkeypatch):
    text = CASES["linear"]
    line = "train task.toml --data data.bin --out o.csv"
    adamw = 'kind = "adamw"'
    for change, word in [
        (text.replace("batch = 4", ""), r"\[task\] needs batch"),
        (text.replace("lr = 0.1", ""), r"\[optimizer\] needs lr"),
        (text.replace('kind = "sgd"', adamw), r"\[optimizer\] needs beta1, beta2, eps"),
        (text.replace('kind = "sgd"', 'kind = "lion"'), "no optimizer 'lion'"),
        (text.replace("compiler = 1", ""), "task.toml: malformed manifest: it has no compiler"),
        (text.replace("[task]", "[task"), "malformed manifest: TOMLDecodeError"),
    ]:
        (folder / "task.toml").write_text(change)
        refused(folder, capsys, monkeypatch, line, word)


MSE = ('kind = "cross_entropy"\nlabels = "label"', 'kind = "mse"\ntargets = "goal"')
GOAL = 'goal = { offset = 100, width = 5, format = "f32" }'


@pytest.mark.parametrize(
    ("goal", "value", "word"),
    [
        (GOAL.replace("5", "4"), 0, "error: the model makes 5 numbers, but a record has 4"),
        (GOAL, 255, "error: data.bin has targets that are infinite, or no numbers"),
        (GOAL.replace("f32", "label_u8"), 0, "goal has label_u8; targets have u8 or f32"),
    ],
)
def test_targets_should_be_refused_when_no_model_can_be_right(
    folder, capsys, monkeypatch, goal, value, word
):
    (folder / "data.bin").write_bytes(bytes([value] * 20 * 406))
    text = CASES["linear"].replace(*MSE)
    (folder / "task.toml").write_text(text.replace("[data.fields]", f"[data.fields]\n{goal}"))
    refused(folder, capsys, monkeypatch, "train task.toml --data data.bin --out o.csv", word)


def test_targets_should_not_be_looked_at_when_they_do_not_count(folder, capsys, monkeypatch):
    content = np.full((20, 406), 255, np.uint8)
    content[::2, :] = 0
    (folder / "data.bin").write_bytes(content.tobytes())
    counts = '\ncount = { offset = 399, width = 1, format = "u8", scale = -1.0, shift = 255.0 }'
    text = (
        CASES["linear"]
        .replace(*MSE)
        .replace('targets = "goal"', 'targets = "goal"\nmask = "count"')
    )
    text = text.replace("[data.fields]", f"[data.fields]\n{GOAL}{counts}")
    (folder / "task.toml").write_text(text)
    line = "train task.toml --data data.bin --out o.csv --steps 2"
    code, said = run(capsys, monkeypatch, line)
    assert code == 0 and "last loss" in said.out, said.err


def test_labels_should_be_refused_when_their_format_is_that_of_numbers(folder, capsys, monkeypatch):
    (folder / "task.toml").write_text(CASES["linear"].replace("label_u8", "u8"))
    word = "the field label has u8; labels have label_u8 or label_u32"
    refused(folder, capsys, monkeypatch, "train task.toml --data data.bin --out o.csv", word)


def test_model_should_not_go_back_when_its_file_or_names_are_wrong(folder, capsys, monkeypatch):
    save_file({"0.weight": torch.ones(3, dtype=torch.float8_e4m3fn)}, folder / "half.safetensors")
    save_file({"0.weight": torch.ones(3)}, folder / "whole.safetensors")
    (folder / "one.json").write_text('{"a": "0.weight"}')
    (folder / "two.json").write_text('{"a": "0.weight", "b": "0.weight"}')
    line = "back whole.safetensors two.json new.safetensors"
    refused(folder, capsys, monkeypatch, line, "the names a and b are both 0.weight")
    line = "back half.safetensors one.json new.safetensors"
    refused(folder, capsys, monkeypatch, line, "half.safetensors cannot be read: .* have F32")
