"""Training as a manifest says it, by PyTorch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .errors import ManifestError
from .manifest import Manifest
from .records import NO_MASKS, Masks


def cross_entropy(logits: Tensor, labels: Tensor, counted: Tensor | None = None) -> Tensor:
    """Mean over records, and over positions where there are any; only over those that count."""
    rows, classes = logits.flatten(0, -2), labels.flatten()
    if counted is None:
        return F.cross_entropy(rows, classes)
    classes = classes.masked_fill(~counted.flatten(), -100)
    return F.cross_entropy(rows, classes, reduction="sum") / counted.sum().clamp(min=1)


def mean_square(outputs: Tensor, targets: Tensor, counted: Tensor | None = None) -> Tensor:
    """Mean over records, positions where there are any, and numbers; only over rows that count."""
    rows = outputs.flatten(0, -2)
    targets = targets.reshape(rows.shape)
    if counted is None:
        return F.mse_loss(rows, targets)
    seen = counted.flatten()
    errors = F.mse_loss(rows[seen], targets[seen], reduction="none").mean(-1)
    return errors.sum() / seen.sum().clamp(min=1)


#: Losses by their kinds.
LOSSES = {"cross_entropy": cross_entropy, "mse": mean_square}


def rate(schedule: dict[str, Any], lr: float, updates: int, update: int) -> float:
    """The learning rate of an update, counted from 0, in a task of `updates`."""
    warmup = schedule.get("warmup", 0)
    if update < warmup:
        return lr * (update + 1) / warmup
    whole = max(schedule.get("steps", updates) - warmup, 1)
    done = min((update - warmup) / whole, 1.0)
    low = schedule.get("min", 0.0)
    match schedule["kind"]:
        case "constant":
            return lr
        case "linear":
            return low + (lr - low) * (1 - done)
        case "cosine":
            return low + (lr - low) * (1 + math.cos(math.pi * done)) / 2
    raise ManifestError(f"there is no schedule {schedule['kind']!r}")


def make_optimizer(
    module: nn.Module, section: dict[str, Any], *, fused: bool = False
) -> torch.optim.Optimizer:
    """`torch.optim.SGD` or `AdamW` over what learns; `fused` is torch's faster implementation."""
    decay = section.get("weight_decay", 0.0)
    learned = [one for one in module.parameters() if one.requires_grad]
    groups = [{"params": learned, "weight_decay": decay}]
    if section.get("decay", "all") == "matrices":
        flat = [one for one in learned if one.dim() < 2]
        matrices = [one for one in learned if one.dim() >= 2]
        groups = [
            {"params": matrices, "weight_decay": decay},
            {"params": flat, "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
    if section["kind"] == "sgd":
        momentum = section.get("momentum", 0.0)
        return torch.optim.SGD(groups, lr=section["lr"], momentum=momentum, fused=fused)
    if section["kind"] == "adamw":
        lost = [key for key in ("beta1", "beta2", "eps") if key not in section]
        if lost:
            raise ManifestError(f"[optimizer] needs {', '.join(lost)}")
        betas = (section["beta1"], section["beta2"])
        eps = section["eps"]
        return torch.optim.AdamW(groups, lr=section["lr"], betas=betas, eps=eps, fused=fused)
    raise ManifestError(f"there is no optimizer {section['kind']!r}")


def batches(records: int, batch: int, seed: int) -> Iterator[Tensor]:
    """Indices of batches without end.

    Every record comes once per epoch, each epoch in an order of its own. Epochs follow each other
    without a gap, so that a batch may have records of two.
    """
    generator = torch.Generator().manual_seed(seed)
    rest = torch.empty(0, dtype=torch.int64)
    while True:
        while len(rest) < batch:
            rest = torch.cat([rest, torch.randperm(records, generator=generator)])
        yield rest[:batch]
        rest = rest[batch:]


@dataclass
class Trainer:
    """A network on its way through a task."""

    manifest: Manifest
    module: nn.Module
    inputs: Tensor
    labels: Tensor
    order: Iterator[Tensor]
    fused: bool = False
    masks: Masks = NO_MASKS
    done: int = 0

    def __post_init__(self) -> None:
        section = self.manifest.optimizer
        self.accumulate: int = section.get("accumulate", 1)
        self.updates = math.ceil(self.manifest.task["steps"] / self.accumulate)
        self.optimizer = make_optimizer(self.module, section, fused=self.fused)
        self.learned = [one for one in self.module.parameters() if one.requires_grad]
        self.module.train()

    def step(self) -> Tensor:
        """One batch forward and backward, and an update where one is due. The loss, a scalar."""
        index = next(self.order)
        masks = self.masks.of(index)
        logits = self.module(self.inputs[index], *masks.inputs())
        loss = LOSSES[self.manifest.loss["kind"]](logits, self.labels[index], masks.counted)
        (loss / self.accumulate if self.accumulate > 1 else loss).backward()
        self.done += 1
        if self.done % self.accumulate == 0:
            self._update(self.done // self.accumulate - 1)
        return loss.detach()

    def _update(self, update: int) -> None:
        section = self.manifest.optimizer
        if schedule := section.get("schedule"):
            for group in self.optimizer.param_groups:
                group["lr"] = rate(schedule, section["lr"], self.updates, update)
        if (clip := section.get("clip")) is not None:
            nn.utils.clip_grad_norm_(self.learned, clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
