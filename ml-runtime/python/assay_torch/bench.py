"""A server of training steps, so that a bench elsewhere can take turns with PyTorch.

Reads a JSON object per line, answers with one per line, until the input ends:

    {"manifest": "lenet.toml", "data": "mnist.bin", "threads": 2, "steps": 50}
    {"seconds": 0.41, "loss": 0.113}

A network is kept between requests with the same manifest, data, threads and `fused` (default
`false`: torch's fused optimizer). `seconds` is the time of the steps alone, and `loss` that of the
last one. What goes wrong is answered as `{"error": "…"}`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import torch

from .build import from_manifest
from .manifest import Manifest
from .records import load_masks, load_records
from .training import Trainer, batches


class Server:
    """Networks by what was asked for."""

    def __init__(self) -> None:
        self.trainers: dict[tuple[str, str, int, bool], Trainer] = {}

    def trainer(self, manifest: str, data: str, threads: int, *, fused: bool) -> Trainer:
        """The network of a request."""
        key = (manifest, data, threads, fused)
        if key not in self.trainers:
            read = Manifest.read(Path(manifest))
            content = Path(data).read_bytes()
            inputs, labels = load_records(read, content)
            masks = load_masks(read, content)
            count = read.data.records
            inputs, labels = inputs[:count], labels[:count]
            order = batches(len(inputs), read.task["batch"], seed=0)
            module = from_manifest(read, seed=0)
            self.trainers[key] = Trainer(read, module, inputs, labels, order, fused, masks)
        return self.trainers[key]

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Runs the steps of one request."""
        threads, steps = int(request["threads"]), int(request["steps"])
        if steps < 1:
            raise ValueError(f"{steps} steps cannot be timed")
        fused = bool(request.get("fused", False))
        trainer = self.trainer(request["manifest"], request["data"], threads, fused=fused)
        torch.set_num_threads(threads)
        begin = time.perf_counter()
        for _ in range(steps):
            loss = trainer.step()
        seconds = time.perf_counter() - begin
        return {"seconds": seconds, "loss": loss.item()}


def serve(requests: TextIO = sys.stdin, answers: TextIO = sys.stdout) -> None:
    """Answers each line of `requests`."""
    server = Server()
    for line in requests:
        if not line.strip():
            continue
        try:
            answer = server.answer(json.loads(line))
        except (KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
