"""Checkpoints of Llama and of language models built like it: Mistral, Qwen2 and Qwen3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import limits
from .checkpoint import Imported, Tensors, numbers, read_json, read_tensors, short
from .errors import Missing, Unsupported
from .layers import Layer, Lora, RopeScaling, layer, repeat, residual
from .manifest import Model
from .shapes import Tokens

#: Models that this knows, and whether their q, k and v have a bias though their o has none.
BIASED = {"llama": False, "mistral": False, "qwen2": True, "qwen3": False}

#: Models whose queries and keys are normalised by head.
NORMED = ("qwen3",)

#: Models whose `sliding_window` counts only where another setting says so.
CHOOSING = ("qwen2", "qwen3")

#: Numbers of a configuration, with what they are where it does not say them.
DEFAULTS: dict[str, float | None] = {
    "vocab_size": None,
    "hidden_size": None,
    "num_hidden_layers": None,
    "num_attention_heads": None,
    "intermediate_size": None,
    "rms_norm_eps": 1e-6,
}

#: Base of rotary positions where a configuration does not say it.
ROPE = 10_000.0
#: The largest base.
MOST_ROPE = 1e9

#: Scalings of rotary positions, each with its numbers.
SCALINGS = {
    "default": (),
    "linear": ("factor",),
    "llama3": (
        "factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
    ),
}

#: Tensors that are no parameters.
IGNORED = (".rotary_emb.inv_freq",)


class Sizes(NamedTuple):
    """What a configuration says, by HuggingFace's names."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    rms_norm_eps: float
    num_key_value_heads: int
    head_dim: int
    normed: bool
    """Whether queries and keys are normalised by head."""
    rope: tuple[float, RopeScaling | None]
    """Base and scaling of rotary positions."""
    attention_bias: bool
    """Of q, k and v."""
    output_bias: bool
    """Of o."""
    mlp_bias: bool
    tie_word_embeddings: bool


def import_llama(
    checkpoint: str | Path | Mapping[str, Tensor],
    config: str | Path | Mapping[str, Any],
    *,
    length: int,
    input: str = "tokens",
    lora: Lora | None = None,
    frozen: bool = True,
) -> Imported:
    """A language model for sequences of `length` tokens, whose logits name the next token.

    `checkpoint` is HuggingFace's `model.safetensors`, a folder with it or with its parts, or the
    tensors, and `config` its `config.json` or what is in it. With `frozen`, the model stays as it
    is but for the adapters that `lora` adds to the queries and values. Raises `Unsupported` with
    all that is missing, and `InputError` for a file that is not what its name says.
    """
    settings = dict(config) if isinstance(config, Mapping) else read_json(config)
    state = checkpoint if isinstance(checkpoint, Mapping) else read_tensors(checkpoint)
    missing: list[Missing] = []
    sizes = _sizes(settings, length, missing)
    if sizes is None:
        raise Unsupported(missing)
    if not frozen and sizes.attention_bias != sizes.output_bias:
        reason = "a manifest would have its o learn a bias, too: train adapters instead"
        missing.append(Missing("model_type", repr(settings["model_type"]), reason))
    tensors = _rename(state, sizes, missing)
    if missing:
        raise Unsupported(missing)
    stack = tuple(_layers(sizes, lora, frozen=frozen))
    return Imported(Model(input, Tokens(length), stack), tensors)


def _sizes(config: Mapping[str, Any], length: int, missing: list[Missing]) -> Sizes | None:
    """What the configuration says; nothing, and what is missing, if a manifest cannot say it."""
    kind = config.get("model_type", "llama")
    if not isinstance(kind, str) or kind not in BIASED:
        # What else another model lacks says nothing.
        raise Unsupported([Missing("model_type", repr(kind), f"known: {', '.join(BIASED)}")])
    found = numbers(config, DEFAULTS, missing)
    if config.get("hidden_act", "silu") != "silu":
        missing.append(Missing("hidden_act", repr(config["hidden_act"]), "only 'silu' is there"))
    rope = _rope(config, missing)
    window = config.get("sliding_window")
    slides = config.get("use_sliding_window", kind not in CHOOSING)
    if window is not None and slides and not (type(window) is int and window >= length):
        reason = f"attention is over all {length} tokens, a window would have to be as long"
        missing.append(Missing("sliding_window", repr(window), reason))
    if found is None:
        return None
    heads, width = found["num_attention_heads"], found["hidden_size"]
    shared = config.get("num_key_value_heads") or heads
    head_dim = config.get("head_dim")
    if head_dim is None and width % heads:
        missing.append(Missing("num_attention_heads", str(heads), f"they do not divide {width}"))
        return None
    if head_dim is not None and (type(head_dim) is not int or head_dim < 1 or head_dim % 2):
        missing.append(Missing("head_dim", repr(head_dim), "rotary positions turn pairs"))
        return None
    if type(shared) is not int or shared < 1 or heads % shared:
        reason = f"it must divide the {heads} heads"
        missing.append(Missing("num_key_value_heads", repr(shared), reason))
        return None
    options = {
        "heads": heads,
        "kv_heads": shared,
        "head_dim": head_dim,
        "qk_norm": found["rms_norm_eps"] if kind in NORMED else None,
    }
    if reason := limits.heads_fault(options, width):
        missing.append(Missing("num_key_value_heads", str(shared), reason))
        return None
    own = bool(config.get("attention_bias", False))
    return Sizes(
        **found,
        num_key_value_heads=shared,
        head_dim=head_dim or width // heads,
        normed=kind in NORMED,
        rope=rope,
        attention_bias=own or BIASED[kind],
        output_bias=own and not BIASED[kind],
        mlp_bias=bool(config.get("mlp_bias", False)),
        tie_word_embeddings=bool(config.get("tie_word_embeddings", False)),
    )


def _rope(config: Mapping[str, Any], missing: list[Missing]) -> tuple[float, RopeScaling | None]:
    """Base and scaling of rotary positions, which newer configurations have in one section."""
    section = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if not isinstance(section, dict):
        section = {"rope_type": section}
    kind = section.get("rope_type", section.get("type", "default"))
    scaling = None
    if not isinstance(kind, str) or kind not in SCALINGS:
        missing.append(Missing("rope_scaling", repr(kind), f"known: {', '.join(SCALINGS)}"))
    elif kind != "default":
        found = {name: section.get(name) for name in SCALINGS[kind]}
        wrong = {name: one for name, one in found.items() if type(one) not in (int, float)}
        for name, one in wrong.items():
            reason = f"positions scaled by {kind!r} need it as a number"
            missing.append(Missing(f"rope_scaling.{name}", repr(one), reason))
        scaling = None if wrong else RopeScaling(kind, **found)
    base = section.get("rope_theta", config.get("rope_theta", ROPE))
    if type(base) not in (int, float) or not 1 < base <= MOST_ROPE:
        reason = f"it must be a number above 1, up to {MOST_ROPE:g}"
        missing.append(Missing("rope_theta", short(base), reason))
        base = ROPE
    return float(base), scaling


def _layers(sizes: Sizes, lora: Lora | None, *, frozen: bool) -> list[Layer]:
    """From tokens to logits."""
    usual = sizes.head_dim * sizes.num_attention_heads == sizes.hidden_size
    base, scaling = sizes.rope
    norm = layer("rms_norm", eps=float(sizes.rms_norm_eps), frozen=frozen)
    attention = layer(
        "attention",
        heads=sizes.num_attention_heads,
        kv_heads=sizes.num_key_value_heads,
        head_dim=None if usual else sizes.head_dim,
        causal=True,
        rope=base,
        rope_scaling=scaling,
        qk_norm=float(sizes.rms_norm_eps) if sizes.normed else None,
        bias=sizes.attention_bias,
        lora=lora,
        frozen=frozen and lora is None,
    )
    inner = layer("swiglu", hidden=sizes.intermediate_size, bias=sizes.mlp_bias, frozen=frozen)
    head = layer("linear", out=sizes.vocab_size, bias=False, frozen=frozen)
    return [
        layer("embedding", vocab=sizes.vocab_size, out=sizes.hidden_size, frozen=frozen),
        repeat(sizes.num_hidden_layers, [residual([norm, attention]), residual([norm, inner])]),
        norm,
        layer("tied_linear") if sizes.tie_word_embeddings else head,
    ]


def _modules(blocks: int, *, tied: bool, normed: bool) -> dict[str, str]:
    """Modules by our names, with HuggingFace's."""
    made = {"0": "model.embed_tokens"}
    for block in range(blocks):
        ours, theirs = f"1.{block}", f"model.layers.{block}"
        made[f"{ours}.0.0"] = f"{theirs}.input_layernorm"
        made |= {f"{ours}.0.1.{one}": f"{theirs}.self_attn.{one}_proj" for one in "qkvo"}
        if normed:
            made |= {f"{ours}.0.1.{one}_norm": f"{theirs}.self_attn.{one}_norm" for one in "qk"}
        made[f"{ours}.1.0"] = f"{theirs}.post_attention_layernorm"
        made |= {f"{ours}.1.1.{one}": f"{theirs}.mlp.{one}_proj" for one in ("gate", "up", "down")}
    made["2"] = "model.norm"
    return made if tied else {**made, "3": "lm_head"}


def _rename(state: Mapping[str, Tensor], sizes: Sizes, missing: list[Missing]) -> dict[str, Tensor]:
    """The tensors by our names."""
    tensors = Tensors(state, missing)
    width, inner, vocab = sizes.hidden_size, sizes.intermediate_size, sizes.vocab_size
    own = sizes.head_dim * sizes.num_attention_heads
    shared = sizes.head_dim * sizes.num_key_value_heads
    qkv, o, mlp = sizes.attention_bias, sizes.output_bias, sizes.mlp_bias
    #: Shape of a module's weight, by the last part of its name, and whether it has a bias.
    kinds = {
        "q": ((own, width), qkv),
        "k": ((shared, width), qkv),
        "v": ((shared, width), qkv),
        "o": ((width, own), o),
        "q_norm": ((sizes.head_dim,), False),
        "k_norm": ((sizes.head_dim,), False),
        "gate": ((inner, width), mlp),
        "up": ((inner, width), mlp),
        "down": ((width, inner), mlp),
    }
    made = {}
    tied, normed = sizes.tie_word_embeddings, sizes.normed
    for ours, theirs in _modules(sizes.num_hidden_layers, tied=tied, normed=normed).items():
        usual = (vocab, width) if ours in ("0", "3") else (width,)
        shape, bias = kinds.get(ours.rsplit(".", 1)[-1], (usual, False))
        made[f"{ours}.weight"] = tensors.take(f"{theirs}.weight", *shape)
        if bias:
            made[f"{ours}.bias"] = tensors.take(f"{theirs}.bias", shape[0])
        elif qkv and ours.endswith(".o"):
            # A manifest gives all four projections a bias, or none.
            made[f"{ours}.bias"] = torch.zeros(width)
    if tied:
        # Some files have the table a second time.
        tensors.taken.add("lm_head.weight")
    tensors.refuse_rest("a model like Llama", IGNORED)
    return made


class Exported(NamedTuple):
    """A trained model, or what it learned, by HuggingFace's names."""

    tensors: dict[str, Tensor]
    adapters: dict[str, Any] | None
    """What PEFT's `adapter_config.json` says, if the tensors are adapters and nothing else."""


def export_llama(model: Model, tensors: Mapping[str, Tensor], *, base: str = "") -> Exported:
    """What a training made of an imported model, as HuggingFace's libraries load it.

    With adapters these alone, in the form of PEFT, for the checkpoint named `base`; else all
    parameters. Raises `Unsupported` for a model that `import_llama` does not make, and for what the
    original has no place for.
    """
    stack = _stack(model)
    normed = stack.attention["qk_norm"] is not None
    names = _modules(stack.blocks, tied=stack.tied, normed=normed)
    lora = stack.attention["lora"]
    made, missing = {}, []
    if lora is not None and not all(one.frozen for one in stack.others):
        reason = "adapters alone would lack what the layers beside them learned: freeze these"
        missing.append(Missing("model.layer", "layers that learn", reason))
    for name, tensor in tensors.items():
        module, _, parameter = name.rpartition(".")
        module, _, adapter = module.partition(".lora_")
        theirs = names.get(module)
        if theirs is None:
            missing.append(Missing(name, "a tensor", "the original has no such one"))
        elif adapter:
            made[f"base_model.model.{theirs}.lora_{adapter}.{parameter}"] = tensor
        elif lora is None:
            made[f"{theirs}.{parameter}"] = tensor
    if missing:
        raise Unsupported(missing)
    if lora is None:
        return Exported(made, None)
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": lora.rank,
        "lora_alpha": lora.alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": ["q_proj", "v_proj"],
        "inference_mode": True,
    }
    return Exported(made, settings)


class Stack(NamedTuple):
    """The parts of an imported model that its names depend on."""

    blocks: int
    tied: bool
    attention: Layer
    others: tuple[Layer, ...]
    """All other layers with parameters."""


def _stack(model: Model) -> Stack:
    """Takes apart what `_layers` puts together."""
    kinds = [one.kind for one in model.layers]
    heads = (["embedding", "repeat", "rms_norm", one] for one in ("linear", "tied_linear"))
    if kinds in heads:
        block = model.layers[1]
        inside = [[one.kind for one in part.layers] for part in block.layers]
        if inside == [["rms_norm", "attention"], ["rms_norm", "swiglu"]]:
            (norm, attention), inner = block.layers[0].layers, block.layers[1].layers
            others = (model.layers[0], norm, *inner, *model.layers[2:])
            tied = kinds[-1] == "tied_linear"
            return Stack(block["times"], tied, attention, others[: -1 if tied else None])
    reason = "only a model that `llama` made of a checkpoint goes back to one"
    raise Unsupported([Missing("model.layer", ", ".join(kinds), reason)])
