"""Checkpoints of Llama and its like against their formulas, by the original names, in numpy."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from assay_torch import (
    InputError,
    Lora,
    Unsupported,
    export_llama,
    from_manifest,
    import_llama,
)
from assay_torch.checkpoint import read_tensors
from reference import scaled, softmax
from test_bert import as_manifest

LENGTH = 7
LLAMA = {
    "model_type": "llama",
    "vocab_size": 40,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "intermediate_size": 20,
    "rms_norm_eps": 1e-5,
    "rope_theta": 500.0,
    "tie_word_embeddings": False,
}
QWEN = {
    **LLAMA,
    "model_type": "qwen2",
    "tie_word_embeddings": True,
    "sliding_window": 4,
    "use_sliding_window": False,
}
BIASED = {**LLAMA, "attention_bias": True, "mlp_bias": True, "num_key_value_heads": 1}
ALIKE = {**LLAMA, "model_type": "mistral", "num_key_value_heads": None, "sliding_window": LENGTH}
QWEN3 = {**LLAMA, "model_type": "qwen3", "head_dim": 8, "use_sliding_window": False}
LLAMA3 = {
    **LLAMA,
    "head_dim": 4,
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    },
}
LINEAR = {
    **LLAMA,
    "rope_parameters": {"rope_type": "linear", "factor": 4, "rope_theta": 300.0},
}


def checkpoint(config):
    """Random tensors of such a model."""
    torch.manual_seed(5)
    width, inner, vocab = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim", width // heads)
    wide, shared = head_dim * heads, head_dim * (config["num_key_value_heads"] or heads)
    own, qkv = config.get("attention_bias", False), config["model_type"] == "qwen2"
    made = {"model.embed_tokens.weight": (vocab, width), "model.norm.weight": (width,)}
    if not config["tie_word_embeddings"]:
        made["lm_head.weight"] = (vocab, width)
    for block in range(config["num_hidden_layers"]):
        name = f"model.layers.{block}"
        if config["model_type"] == "qwen3":
            for one in "qk":
                made[f"{name}.self_attn.{one}_norm.weight"] = (head_dim,)
        shapes = {"q": (wide, width), "k": (shared, width), "v": (shared, width)}
        for one, shape in {**shapes, "o": (width, wide)}.items():
            made[f"{name}.self_attn.{one}_proj.weight"] = shape
            if own or (qkv and one != "o"):
                made[f"{name}.self_attn.{one}_proj.bias"] = shape[:1]
        for one in ("gate", "up", "down"):
            shape = (width, inner) if one == "down" else (inner, width)
            made[f"{name}.mlp.{one}_proj.weight"] = shape
            if config.get("mlp_bias", False):
                made[f"{name}.mlp.{one}_proj.bias"] = shape[:1]
        for one in ("input", "post_attention"):
            made[f"{name}.{one}_layernorm.weight"] = (width,)
    return {name: torch.randn(shape) * 0.3 for name, shape in made.items()}


class Llama:
    """The model, float64."""

    def __init__(self, state, config):
        self.state = {name: value.double().numpy() for name, value in state.items()}
        self.config = config

    def dense(self, x, name):
        y = x @ self.state[f"{name}.weight"].T
        return y + self.state.get(f"{name}.bias", 0.0)

    def norm(self, x, name):
        root = np.sqrt((x**2).mean(-1, keepdims=True) + self.config["rms_norm_eps"])
        return x / root * self.state[f"{name}.weight"]

    def turned(self, x):
        """One head: columns `i` and `i + width / 2` as complex numbers."""
        length, width = x.shape
        half = width // 2
        section = self.config.get("rope_parameters") or self.config.get("rope_scaling") or {}
        base = section.get("rope_theta", self.config["rope_theta"])
        kind = {"kind": section["rope_type"], **section} if section else None
        steps = [scaled(step, kind) for step in base ** (-2 * np.arange(half) / width)]
        angle = np.outer(np.arange(length), steps)
        turned = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * angle)
        return np.concatenate([turned.real, turned.imag], 1)

    def attend(self, x, name):
        length, heads = len(x), self.config["num_attention_heads"]
        width = self.config.get("head_dim", x.shape[1] // heads)
        group = heads // (self.config["num_key_value_heads"] or heads)
        q, k, v = (self.dense(x, f"{name}.{one}_proj") for one in "qkv")
        normed = self.config["model_type"] == "qwen3"

        def prepared(y, one):
            return self.turned(self.norm(y, f"{name}.{one}_norm") if normed else y)

        parts = []
        for head in range(heads):
            mine = slice(head * width, (head + 1) * width)
            theirs = slice(head // group * width, (head // group + 1) * width)
            scores = prepared(q[:, mine], "q") @ prepared(k[:, theirs], "k").T / width**0.5
            scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
            parts.append(softmax(scores) @ v[:, theirs])
        return self.dense(np.concatenate(parts, 1), f"{name}.o_proj")

    def logits(self, row):
        """`length × vocab`."""
        x = self.state["model.embed_tokens.weight"][row]
        for block in range(self.config["num_hidden_layers"]):
            name = f"model.layers.{block}"
            x = x + self.attend(self.norm(x, f"{name}.input_layernorm"), f"{name}.self_attn")
            y = self.norm(x, f"{name}.post_attention_layernorm")
            gate = self.dense(y, f"{name}.mlp.gate_proj")
            inner = gate / (1 + np.exp(-gate)) * self.dense(y, f"{name}.mlp.up_proj")
            x = x + self.dense(inner, f"{name}.mlp.down_proj")
        tied = self.config["tie_word_embeddings"]
        head = "model.embed_tokens" if tied else "lm_head"
        return self.norm(x, "model.norm") @ self.state[f"{head}.weight"].T


def network(state, config, **options):
    found = import_llama(state, config, length=LENGTH, **options)
    module = from_manifest(as_manifest(found.model), seed=1).eval()
    left = module.load_state_dict(found.tensors, strict=False)
    assert not left.unexpected_keys
    return module, left.missing_keys


@pytest.mark.parametrize("config", [LLAMA, QWEN, BIASED, ALIKE, QWEN3, LLAMA3, LINEAR])
def test_network_should_give_the_logits_of_the_model(config):
    state = checkpoint(config)
    module, missing = network(state, config)
    assert not missing
    rows = torch.randint(0, config["vocab_size"], (3, LENGTH))
    with torch.no_grad():
        found = module(rows).numpy()
    reference = Llama(state, config)
    for row, logits in zip(rows.numpy(), found, strict=True):
        np.testing.assert_allclose(logits, reference.logits(row), atol=2e-5, rtol=1e-4)


def test_adapters_should_be_all_that_learns():
    module, missing = network(checkpoint(LLAMA), LLAMA, lora=Lora(4, 8.0))
    wanted = {
        f"1.{block}.0.1.{one}.lora_{part}.weight"
        for block in range(2)
        for one in "qv"
        for part in "AB"
    }
    assert set(missing) == wanted
    assert {name for name, one in module.named_parameters() if one.requires_grad} == wanted


def test_everything_should_learn_when_nothing_is_frozen():
    module, _ = network(checkpoint(LLAMA), LLAMA, frozen=False)
    assert all(one.requires_grad for one in module.parameters())


def test_bases_of_rotary_positions_should_be_found_where_newer_files_have_them():
    new = {key: value for key, value in LLAMA.items() if key != "rope_theta"}
    new["rope_parameters"] = {"rope_type": "default", "rope_theta": 500.0}
    state = checkpoint(LLAMA)
    assert import_llama(state, new, length=4).model == import_llama(state, LLAMA, length=4).model


def test_tensors_should_be_found_when_they_are_spread_over_files(tmp_path):
    state = checkpoint(LLAMA)
    names = sorted(state)
    parts = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, some in parts.items():
        save_file({name: state[name].bfloat16() for name in some}, tmp_path / file)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {n: f for f, some in parts.items() for n in some}}))
    found = import_llama(tmp_path, LLAMA, length=LENGTH).tensors
    wanted = import_llama(state, LLAMA, length=LENGTH).tensors
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], one.bfloat16().float()) for name, one in wanted.items())
    for places in ({}, {"weight_map": {"a": "../elsewhere"}}, {"weight_map": {"a": 1}}):
        index.write_text(json.dumps(places))
        with pytest.raises(InputError, match="does not say in which files"):
            read_tensors(tmp_path)
    index.write_text(json.dumps({"weight_map": {"a": "gone.safetensors"}}))
    with pytest.raises((InputError, FileNotFoundError), match="gone"):
        read_tensors(tmp_path)


@pytest.mark.parametrize("config", [LLAMA, BIASED, QWEN3, {**ALIKE, "tie_word_embeddings": True}])
def test_model_should_have_its_names_again_when_it_goes_back(config):
    state = checkpoint(config)
    found = import_llama(state, config, length=LENGTH, frozen=False)
    back = export_llama(found.model, found.tensors)
    assert back.adapters is None and back.tensors.keys() == state.keys()
    assert all(torch.equal(back.tensors[name], one) for name, one in state.items())


def test_adapters_should_go_back_alone_and_as_peft_names_them():
    module, _ = network(checkpoint(QWEN), QWEN, lora=Lora(4, 8.0))
    model = import_llama(checkpoint(QWEN), QWEN, length=LENGTH, lora=Lora(4, 8.0)).model
    back = export_llama(model, module.state_dict(), base="some/model")
    names = {
        f"base_model.model.model.layers.{block}.self_attn.{one}_proj.lora_{part}.weight"
        for block in range(2)
        for one in "qv"
        for part in "AB"
    }
    assert back.tensors.keys() == names
    shapes = {"q_proj.lora_B": (24, 4), "v_proj.lora_B": (8, 4)}
    for name, shape in shapes.items():
        assert (
            back.tensors[f"base_model.model.model.layers.1.self_attn.{name}.weight"].shape == shape
        )
    assert (back.adapters["r"], back.adapters["lora_alpha"]) == (4, 8.0)
    assert back.adapters["base_model_name_or_path"] == "some/model"


def test_model_should_be_refused_when_it_is_from_no_checkpoint():
    found = import_llama(checkpoint(LLAMA), LLAMA, length=LENGTH, frozen=False)
    short = dataclasses.replace(found.model, layers=found.model.layers[:3])
    with pytest.raises(Unsupported, match="only a model that `llama` made"):
        export_llama(short, found.tensors)
    with pytest.raises(Unsupported, match=r"9\.weight: a tensor: the original has no such one"):
        export_llama(found.model, {**found.tensors, "9.weight": torch.zeros(1)})


def test_adapters_should_not_go_back_alone_when_more_has_learned():
    found = import_llama(checkpoint(LLAMA), LLAMA, length=LENGTH, lora=Lora(4, 8.0), frozen=False)
    with pytest.raises(Unsupported, match="freeze these"):
        export_llama(found.model, found.tensors)


def test_tables_that_older_files_have_should_be_left_out():
    state = checkpoint(LLAMA)
    tables = {f"model.layers.{n}.self_attn.rotary_emb.inv_freq": torch.ones(2) for n in range(2)}
    found = import_llama({**state, **tables}, LLAMA, length=LENGTH)
    assert found.tensors.keys() == import_llama(state, LLAMA, length=LENGTH).tensors.keys()


def test_bias_that_the_original_has_not_should_not_learn():
    with pytest.raises(Unsupported, match="train adapters instead"):
        import_llama(checkpoint(QWEN), QWEN, length=LENGTH, frozen=False)


def test_everything_missing_should_be_listed():
    broken = checkpoint(LLAMA)
    del broken["model.layers.1.mlp.up_proj.weight"]
    broken["model.layers.0.self_attn.q_norm.weight"] = torch.zeros(3)
    settings = {
        **LLAMA,
        "hidden_act": "gelu",
        "sliding_window": LENGTH - 1,
        "rope_scaling": {"rope_type": "llama3", "factor": 8.0},
    }
    with pytest.raises(Unsupported) as caught:
        import_llama(broken, settings, length=LENGTH)
    assert {one.path for one in caught.value.missing} == {
        "hidden_act",
        "sliding_window",
        "rope_scaling.low_freq_factor",
        "rope_scaling.high_freq_factor",
        "rope_scaling.original_max_position_embeddings",
        "model.layers.1.mlp.up_proj.weight",
        "model.layers.0.self_attn.q_norm.weight",
    }


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"num_attention_heads": 5}, "num_attention_heads"),
        ({"num_key_value_heads": 4}, "num_key_value_heads"),
        ({"num_key_value_heads": -2}, "num_key_value_heads"),
        ({"num_key_value_heads": True}, "num_key_value_heads"),
        ({"hidden_size": None}, "hidden_size"),
        ({"model_type": "gemma"}, "model_type"),
        ({"model_type": ["llama"]}, "model_type"),
        ({"rope_scaling": [1]}, "rope_scaling"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, "rope_scaling"),
        ({"rope_scaling": {"rope_type": "linear", "factor": "4"}}, "rope_scaling.factor"),
        ({"head_dim": 3}, "head_dim"),
        ({"head_dim": "wide"}, "head_dim"),
        ({"sliding_window": "wide"}, "sliding_window"),
        ({"rope_theta": 1}, "rope_theta"),
        ({"rope_theta": float("nan")}, "rope_theta"),
    ],
)
def test_configuration_should_be_refused_when_a_value_cannot_be(change, path):
    with pytest.raises(Unsupported) as caught:
        import_llama(checkpoint(LLAMA), {**LLAMA, **change}, length=LENGTH)
    assert path in {one.path for one in caught.value.missing}


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("num_attention_heads", 10**30, "num_attention_heads: 10{19}…: it may be up to 1024"),
        ("num_attention_heads", 1024, "num_attention_heads: 1024: they do not divide 24"),
        ("num_hidden_layers", 10**9, "num_hidden_layers: 1000000000: it may be up to 512"),
        ("head_dim", 10**12, "6 heads of width 1000000000000 are more than 65536 numbers"),
        ("rope_theta", 10**400, "rope_theta: 10{19}…: it must be a number above 1, up to 1e.09"),
        ("intermediate_size", 65536, "a tensor of"),
    ],
    ids=lambda one: str(one)[:30],
)
def test_size_should_be_refused_when_it_is_absurd(key, value, line):
    with pytest.raises(Unsupported, match=line):
        import_llama(checkpoint(LLAMA), {**LLAMA, key: value}, length=LENGTH)
