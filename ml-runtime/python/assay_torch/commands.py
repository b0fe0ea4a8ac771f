"""What the commands do that need PyTorch: they train, evaluate, compare and export."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file
from torch import Tensor, nn

from . import bench
from .bert import import_bert
from .build import from_manifest
from .exporter import export
from .layers import Lora
from .manifest import Manifest
from .order import seed_bytes, task_batches
from .records import load_masks, load_records, load_safetensors, save_safetensors
from .training import Trainer, batches

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
    counted = load_masks(Manifest.read(Path(args.manifest)), Path(args.data).read_bytes()).counted
    right = found.argmax(-1) == labels.numpy()
    right = (right if counted is None else right[counted[: len(right)].numpy()]).mean()
    print(f"{args.out}: {' × '.join(map(str, found.shape))}, accuracy {right:.4f}")
    return 0


def check(args: argparse.Namespace) -> int:
    """Prints the largest difference to logits from elsewhere."""
    if args.logits.endswith(".npy"):
        other = np.load(args.logits)
    else:
        file = load_file(args.logits)
        other = file["logits"] if "logits" in file else next(iter(file.values()))
    count = args.records
    found, _ = logits_of(args.manifest, args.weights, args.data, count)
    if found.size != other.size:
        print(f"{other.shape} logits are not the {found.shape} of these records", file=sys.stderr)
        return 2
    difference = float(np.abs(found - other.reshape(found.shape)).max())
    print(f"largest difference {difference:.3e} of logits up to {np.abs(found).max():.3e}")
    return 0 if difference <= args.tolerance else 1


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
    trainer = Trainer(manifest, module, inputs, labels, order, masks=load_masks(manifest, content))
    with Path(args.out).open("w", encoding="utf-8") as file:
        file.write("step,loss\n")
        for step in range(args.steps or manifest.task["steps"]):
            loss = trainer.step().item()
            file.write(f"{step},{loss:.9g}\n")
    if args.save:
        save_safetensors(module, args.save)
    print(f"{args.out}: last loss {loss:.6f}")
    return 0


def named(path: str) -> nn.Module:
    """What `package.module:name` is: a module of torch, or a function that makes one."""
    where, _, name = path.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    made = getattr(importlib.import_module(where), name)
    return made if isinstance(made, nn.Module) else made()


def manifest(args: argparse.Namespace) -> int:
    """Prints the manifest of a module; everything but the layers is that of another manifest."""
    like = Manifest.read(Path(args.like))
    start = {"field": like.model.input, "shape": args.shape or _numbers(like)}
    sections = {"task": like.task, "loss": like.loss, "optimizer": like.optimizer}
    made = export(named(args.module), input=start, data=like.data, **sections)
    if args.weights:
        save_safetensors(made.tensors, args.weights)
    print(made.manifest.to_toml(), end="")
    return 0


def _numbers(like: Manifest) -> list[int]:
    return list(dataclasses.astuple(like.model.shape))


def bert(args: argparse.Namespace) -> int:
    """Prints the manifest of a checkpoint; everything but the model is that of another manifest."""
    like = Manifest.read(Path(args.like))
    folder = Path(args.checkpoint)
    found = import_bert(
        folder / "model.safetensors",
        folder / "config.json",
        length=like.data.fields[args.input].width,
        input=args.input,
        pool=args.pool,
        classes=args.classes,
        lora=Lora(args.rank, args.alpha or float(args.rank)) if args.rank else None,
    )
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
