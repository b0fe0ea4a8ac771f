"""What the commands do that need PyTorch: they train, evaluate, compare and export."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from . import bench
from .back import write_names
from .bert import import_bert
from .build import from_manifest
from .checkpoint import CONFIG, FILE, Imported
from .errors import InputError, ManifestError, in_line
from .exporter import export
from .layers import Lora
from .llama import export_llama as llama_of
from .llama import import_llama
from .manifest import Field, Manifest
from .named import named
from .order import seed_bytes, task_batches
from .records import (
    Masks,
    load_masks,
    load_records,
    load_safetensors,
    read_safetensors,
    save_safetensors,
)
from .training import Trainer, batches

#: What a manifest of a BERT checkpoint is without.
BERT_LEFT_OUT = (
    "the pooler and the dropout of the original are left out; add layers of `dropout` to the "
    "manifest if you want some"
)

#: Records whose logits are computed at once.
CHUNK = 256


def logits_of(
    manifest: str, weights: str, data: str, records: int | None
) -> tuple[np.ndarray, Tensor]:
    """Logits of the first `records` (or all) records, and their labels."""
    read = Manifest.read(Path(manifest))
    module = from_manifest(read)
    load_safetensors(module, weights)
    module.eval()
    content = Path(data).read_bytes()
    inputs, labels = load_records(read, content)
    inputs, labels = inputs[:records], labels[:records]
    masks = load_masks(read, content)
    parts = []
    with torch.no_grad():
        for first in range(0, len(inputs), CHUNK):
            rows = slice(first, min(first + CHUNK, len(inputs)))
            parts.append(module(inputs[rows], *masks.of(rows).inputs()))
    return torch.cat(parts).numpy(), labels


def logits(args: argparse.Namespace) -> int:
    """Writes logits to a file of numpy."""
    found, labels = logits_of(args.manifest, args.weights, args.data, args.records)
    np.save(args.out, found)
    read = Manifest.read(Path(args.manifest))
    if read.loss["kind"] == "mse":
        print(f"{args.out}: {' × '.join(map(str, found.shape))}")
        return 0
    counted = load_masks(read, Path(args.data).read_bytes()).counted
    right = found.argmax(-1) == labels.numpy()
    right = (right if counted is None else right[counted[: len(right)].numpy()]).mean()
    print(f"{args.out}: {' × '.join(map(str, found.shape))}, accuracy {right:.4f}")
    return 0


def logits_in(path: str) -> np.ndarray:
    """Logits in a file of numpy, or in one of safetensors that has `logits` or one tensor alone."""
    if path.endswith(".npy"):
        try:
            return np.load(path)
        except (ValueError, EOFError) as error:
            raise InputError(f"{path} is no array of numpy: {in_line(error)}") from error
    found = read_safetensors(path)
    if "logits" not in found and len(found) != 1:
        raise InputError(f"{path} has {len(found)} tensors, of which none is named logits")
    return found.get("logits", next(iter(found.values()))).numpy()


def check(args: argparse.Namespace) -> int:
    """Prints the largest difference to logits from elsewhere."""
    other = logits_in(args.logits)
    count = args.records
    found, _ = logits_of(args.manifest, args.weights, args.data, count)
    if found.size != other.size:
        raise InputError(
            f"{args.logits} has {' × '.join(map(str, other.shape))} logits, but these records have "
            f"{' × '.join(map(str, found.shape))}"
        )
    difference = float(np.abs(found - other.reshape(found.shape)).max())
    print(f"largest difference {difference:.3e} of logits up to {np.abs(found).max():.3e}")
    return 0 if difference <= args.tolerance else 1


def require_labels(
    path: str, module: nn.Module, inputs: Tensor, labels: Tensor, masks: Masks
) -> None:
    """Raises unless every label that counts has a logit."""
    with torch.no_grad():
        classes = module.eval()(inputs[:1], *masks.of(slice(1)).inputs()).shape[-1]
    counted = labels if masks.counted is None else labels[masks.counted[: len(labels)]]
    if counted.numel() and counted.max() >= classes:
        raise InputError(f"{path} has the label {counted.max()}, but a model has {classes} logits")


def require_targets(
    path: str, module: nn.Module, inputs: Tensor, targets: Tensor, masks: Masks
) -> None:
    """Raises unless there is a target for every number that a model makes, and each is one."""
    with torch.no_grad():
        made = module.eval()(inputs[:1], *masks.of(slice(1)).inputs())
    width = targets.shape[1]
    if made.numel() != width:
        raise ManifestError(f"the model makes {made.numel()} numbers, but a record has {width}")
    rows = targets.reshape(len(targets), -1, made.shape[-1])
    if masks.counted is not None:
        rows = rows[masks.counted[: len(rows)].reshape(rows.shape[:2])]
    if not rows.isfinite().all():
        raise InputError(f"{path} has targets that are infinite, or no numbers")


#: What data must have, by the loss.
REQUIRED = {"cross_entropy": require_labels, "mse": require_targets}


def train(args: argparse.Namespace) -> int:
    """Trains and writes a loss per step."""
    manifest = Manifest.read(Path(args.manifest))
    if args.threads:
        torch.set_num_threads(args.threads)
    module = from_manifest(manifest, seed=args.seed)
    if args.weights:
        load_safetensors(module, args.weights)
    content = Path(args.data).read_bytes()
    inputs, labels = load_records(manifest, content)
    inputs, labels = inputs[: manifest.data.records], labels[: manifest.data.records]
    batch = manifest.task["batch"]
    order = batches(len(inputs), batch, args.seed)
    if args.task_order:
        order = task_batches(seed_bytes(manifest.task["seed"]), len(inputs), batch)
    masks = load_masks(manifest, content)
    REQUIRED[manifest.loss["kind"]](args.data, module, inputs, labels, masks)
    trainer = Trainer(manifest, module, inputs, labels, order, masks=masks)
    with Path(args.out).open("w", encoding="utf-8") as file:
        file.write("step,loss\n")
        for step in range(args.steps or manifest.task["steps"]):
            loss = trainer.step().item()
            file.write(f"{step},{loss:.9g}\n")
    if args.save:
        save_safetensors(module, args.save)
    print(f"{args.out}: last loss {loss:.6f}")
    return 0


def manifest(args: argparse.Namespace) -> int:
    """Prints the manifest of a module; everything but the layers is that of another manifest."""
    like = Manifest.read(Path(args.like))
    start = {"field": like.model.input, "shape": args.shape or _numbers(like)}
    sections = {"task": like.task, "loss": like.loss, "optimizer": like.optimizer}
    made = export(named(args.module), input=start, data=like.data, **sections)
    if args.weights:
        save_safetensors(made.tensors, args.weights)
    if args.names:
        write_names(made.names, args.names)
    for note in made.notes:
        print(f"note: {note}", file=sys.stderr)
    print(made.manifest.to_toml(), end="")
    return 0


def _numbers(like: Manifest) -> list[int]:
    return list(dataclasses.astuple(like.model.shape))


def tokens_field(like: Manifest, path: str, name: str) -> Field:
    """The field of a manifest that a model of tokens is fed."""
    fields = like.data.fields
    if name not in fields:
        known = ", ".join(f"{one} ({field.format})" for one, field in fields.items())
        raise ManifestError(
            f"there is no field {name!r} in {path}, which has {known}: say by --input which one "
            "has the tokens"
        )
    if not fields[name].format.startswith("token"):
        raise ManifestError(
            f"the field {name!r} in {path} has {fields[name].format}; tokens have token_u8 or "
            "token_u32"
        )
    return fields[name]


def bert(args: argparse.Namespace) -> int:
    """Prints the manifest of a checkpoint; everything but the model is that of another manifest."""
    like = Manifest.read(Path(args.like))
    found = import_bert(
        *checkpoint_in(args.checkpoint),
        length=tokens_field(like, args.like, args.input).width,
        input=args.input,
        pool=args.pool,
        classes=args.classes,
        lora=adapters(args),
        frozen=not args.whole,
    )
    code = print_task(args, like, found)
    print(f"note: {BERT_LEFT_OUT}", file=sys.stderr)
    return code


def llama(args: argparse.Namespace) -> int:
    """The same for a language model."""
    like = Manifest.read(Path(args.like))
    found = import_llama(
        *checkpoint_in(args.checkpoint),
        length=tokens_field(like, args.like, args.input).width,
        input=args.input,
        lora=adapters(args),
        frozen=args.rank is not None,
    )
    return print_task(args, like, found)


def export_llama(args: argparse.Namespace) -> int:
    """Writes a trained model, or its adapters, as HuggingFace's libraries load it."""
    manifest = Manifest.read(Path(args.manifest))
    module = from_manifest(manifest)
    load_safetensors(module, args.weights)
    out = Path(args.out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists already; choose another folder: nothing is overwritten")
    found = llama_of(manifest.model, module.state_dict(), base=args.base)
    out.mkdir(parents=True, exist_ok=True)
    tensors = {name: one.contiguous() for name, one in found.tensors.items()}
    name = FILE if found.adapters is None else "adapter_model.safetensors"
    save_file(tensors, out / name, metadata={"format": "pt"})
    if found.adapters is not None:
        settings = json.dumps(found.adapters, indent=2)
        (out / "adapter_config.json").write_text(settings + "\n", encoding="utf-8")
    print(f"{out / name}: {len(tensors)} tensors")
    return 0


def checkpoint_in(path: str) -> tuple[Path, Path]:
    """Where the tensors and the configuration of a checkpoint are."""
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(
            f"{folder} is no folder; name the one with model.safetensors and config.json"
        )
    return folder, folder / CONFIG


def adapters(args: argparse.Namespace) -> Lora | None:
    """Those that the command line asks for."""
    return Lora(args.rank, args.alpha or float(args.rank)) if args.rank else None


def print_task(args: argparse.Namespace, like: Manifest, found: Imported) -> int:
    """Prints a manifest, and writes the starting weights if they are asked for."""
    made = dataclasses.replace(like, model=dataclasses.replace(found.model, mask=like.model.mask))
    if args.weights:
        # What the checkpoint does not have starts as in any task.
        module = from_manifest(made, seed=args.seed)
        module.load_state_dict(found.tensors, strict=False)
        save_safetensors(module, args.weights)
    print(made.to_toml(), end="")
    return 0


def serve(_: argparse.Namespace) -> int:
    """Answers requests for steps."""
    bench.serve()
    return 0
