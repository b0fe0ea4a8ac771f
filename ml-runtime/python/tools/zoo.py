"""Imports models of HuggingFace's `transformers` and compares their logits with PyTorch's.

Each is built small, with random weights, exported by `torch.onnx.export` as it is, imported by
`import_onnx`, and computed by the network of the manifest. `scripts/python.sh --zoo` runs it; with
names, only these. A line for each: the largest difference of a logit and the largest logit, or why
the model is refused. The exit code is 1 if one that should be imported is not, or has other logits.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

# Nothing is downloaded: all weights are drawn.
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers as hf
from safetensors.torch import load_file
from torch import Tensor, nn

import assay_torch
from assay_torch.onnx import import_onnx
from assay_torch.onnx.write import write

VOCAB, WIDTH, LAYERS, HEADS, LENGTH = 256, 64, 2, 4, 64
#: Largest difference of logits, as a share of the largest (or of 1).
TOLERANCE = 2e-6


def sized(**options: object) -> dict[str, object]:
    """The sizes, by the names that most configurations have."""
    usual = {
        "vocab_size": VOCAB,
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": 3 * WIDTH,
        "max_position_embeddings": LENGTH,
    }
    return {**usual, **options}


GROUPED = {"num_key_value_heads": 2}
STAGES = {"hidden_sizes": [16, 32, 64, 128], "depths": [1, 1, 1, 1]}


def language(name: str, **options: object) -> Callable[[], nn.Module]:
    """A model that names the next token."""
    return lambda: getattr(hf, f"{name}ForCausalLM")(getattr(hf, f"{name}Config")(**options))


def encoder(
    name: str, head: str = "ForSequenceClassification", **options: object
) -> Callable[[], nn.Module]:
    """A model that reads a whole text."""
    return lambda: getattr(hf, name + head)(getattr(hf, f"{name}Config")(**options))


def vision(name: str, **options: object) -> Callable[[], nn.Module]:
    """A model that names an image."""
    return encoder(name, "ForImageClassification", **options)


MODERN = {"cls_token_id": 1, "bos_token_id": 1, "sep_token_id": 2, "eos_token_id": 2}
IMPORTED: dict[str, Callable[[], nn.Module]] = {
    "albert": encoder("Albert", **sized(embedding_size=WIDTH)),
    "bert": encoder("Bert", **sized()),
    "bert, masked words": encoder("Bert", "ForMaskedLM", **sized()),
    "distilbert": encoder(
        "DistilBert",
        vocab_size=VOCAB,
        dim=WIDTH,
        n_layers=LAYERS,
        n_heads=HEADS,
        hidden_dim=4 * WIDTH,
        max_position_embeddings=LENGTH,
    ),
    "electra": encoder("Electra", **sized(embedding_size=WIDTH)),
    "modernbert": encoder("ModernBert", **sized(pad_token_id=0, **MODERN)),
    "gemma": language("Gemma", **sized(num_key_value_heads=1, head_dim=16)),
    "gpt2": lambda: hf.GPT2LMHeadModel(
        hf.GPT2Config(
            vocab_size=VOCAB, n_positions=LENGTH, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS
        )
    ),
    "gpt-neox": language("GPTNeoX", **sized(rotary_pct=1.0)),
    "pythia": language("GPTNeoX", **sized(rotary_pct=0.25)),
    "granite": language(
        "Granite",
        **sized(
            **GROUPED,
            embedding_multiplier=12.0,
            logits_scaling=8.0,
            residual_multiplier=0.22,
            attention_multiplier=0.015625,
        ),
    ),
    "llama": language("Llama", **sized(**GROUPED)),
    "mistral": language("Mistral", **sized(**GROUPED)),
    "olmo": language("Olmo", **sized()),
    "opt": language(
        "OPT",
        vocab_size=VOCAB,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        ffn_dim=4 * WIDTH,
        max_position_embeddings=LENGTH,
        word_embed_proj_dim=WIDTH,
    ),
    "phi": language("Phi", **sized(partial_rotary_factor=0.5)),
    "phi3": language("Phi3", **sized(**GROUPED, pad_token_id=0)),
    "qwen2": language("Qwen2", **sized(**GROUPED)),
    "qwen3": language("Qwen3", **sized(**GROUPED, head_dim=16)),
    "smollm3": language("SmolLM3", **sized(**GROUPED, pad_token_id=0, num_hidden_layers=4)),
    "stablelm": language("StableLm", **sized(num_key_value_heads=HEADS)),
    "starcoder2": language("Starcoder2", **sized(**GROUPED)),
    "convnext": vision("ConvNext", **STAGES),
    "regnet": vision("RegNet", **STAGES, embedding_size=16, groups_width=16, layer_type="x"),
    "resnet": vision("ResNet", **STAGES, embedding_size=16, layer_type="basic"),
}
#: With words of the reason.
REFUSED: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "bloom": (
        "differs between heads",
        language("Bloom", vocab_size=VOCAB, hidden_size=WIDTH, n_layer=LAYERS, n_head=HEADS),
    ),
    "gemma2": ("other than attention", language("Gemma2", **sized(**GROUPED, head_dim=16))),
    "mobilenet_v2": ("not the same on both sides", vision("MobileNetV2", depth_multiplier=0.35)),
    "olmo2": ("over all numbers of a head", language("Olmo2", **sized())),
    "poolformer": ("InstanceNormalization", vision("PoolFormer", **STAGES)),
    "roberta": ("position_ids", encoder("Roberta", **sized(max_position_embeddings=LENGTH + 2))),
    "vit": ("class tokens", vision("ViT", **sized(image_size=32, patch_size=8))),
}


class Logits(nn.Module):
    """A model as a function of tokens or of an image alone."""

    def __init__(self, model: nn.Module, given: str) -> None:
        super().__init__()
        self.model, self.given = model, given
        speaks = isinstance(model, hf.GPT2LMHeadModel) or "CausalLM" in type(model).__name__
        self.options = {"use_cache": False} if speaks else {}

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.model(**{self.given: x}, **self.options).logits


def built(make: Callable[[], nn.Module]) -> tuple[Logits, Tensor]:
    """A model whose norms and biases are drawn as well, and what it is asked about."""
    torch.manual_seed(1)
    model = make().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() < 2:
                parameter += torch.randn_like(parameter) * 0.1
    if "Image" in type(model).__name__:
        side = 32 if isinstance(model, hf.ViTForImageClassification) else 64
        return Logits(model, "pixel_values"), torch.randn(2, 3, side, side)
    return Logits(model, "input_ids"), torch.randint(3, VOCAB, (2, LENGTH))


def exported(module: Logits, x: Tensor, path: Path) -> None:
    """The file, with an open batch where the exporter can."""
    options = {"external_data": False, "verbose": False}
    silent = io.StringIO()
    with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
        try:
            shapes = ({0: torch.export.Dim("batch")},)
            torch.onnx.export(module, (x,), path, dynamic_shapes=shapes, **options)
        except Exception:
            # Whatever it says: without an open batch, too?
            torch.onnx.export(module, (x,), path, **options)


def difference(module: Logits, x: Tensor, folder: Path) -> tuple[float, float]:
    """The largest difference of a logit, and the largest logit."""
    path, out = folder / "model.onnx", folder / "out"
    exported(module, x, path)
    write(import_onnx(path), path, out, None)
    network = assay_torch.from_manifest(out / "task.toml").eval()
    network.load_state_dict(load_file(out / "weights.safetensors"))
    with torch.no_grad():
        wanted, found = module(x), network(x)
    return float((found.reshape(wanted.shape) - wanted).abs().max()), float(wanted.abs().max())


def main(names: list[str]) -> int:
    """The exit code."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    hf.logging.set_verbosity_error()
    unknown = [name for name in names if name not in IMPORTED | REFUSED]
    if unknown:
        known = ", ".join(IMPORTED | REFUSED)
        print(f"error: there is no {unknown[0]!r}; known: {known}", file=sys.stderr)
        return 2
    wrong = 0
    models = {name: ("", make) for name, make in IMPORTED.items()} | REFUSED
    for name, (word, make) in models.items():
        if names and name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                gap, most = difference(*built(make), Path(folder))
                found = f"{gap:.1e} of {most:.2f}"
                fine = name in IMPORTED and gap <= TOLERANCE * max(1.0, most)
            except assay_torch.Unsupported as error:
                found = "refused: " + str(error).splitlines()[1].strip()
                fine = name in REFUSED and word in str(error)
        wrong += not fine
        print(f"{name:20} {found}{'' if fine else '   UNEXPECTED'}", flush=True)
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
