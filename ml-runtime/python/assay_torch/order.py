"""The order in which a task's own workers read its records, from the seed in its manifest.

As `primitives/ops/src/shuffle.rs` has it: each epoch is a permutation of the records, by a Feistel
network of Philox whose outputs that are no record go through it again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Words = NDArray[np.uint64]

_LOW = np.uint64(0xFFFF_FFFF)
_SHUFFLE = 3
_ROUNDS = 8
_MAX_WALKS = 1024


def _philox(counter: list[Words], key: tuple[int, int]) -> list[Words]:
    """Philox4x32-10 of many counters: a word of 32 bits in each of four arrays."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        first, second = np.uint64(0xD251_1F53) * c0, np.uint64(0xCD9E_8D57) * c2
        c0, c1 = (second >> np.uint64(32)) ^ c1 ^ np.uint64(k0), second & _LOW
        c2, c3 = (first >> np.uint64(32)) ^ c3 ^ np.uint64(k1), first & _LOW
        k0, k1 = (k0 + 0x9E37_79B9) & 0xFFFF_FFFF, (k1 + 0xBB67_AE85) & 0xFFFF_FFFF
    return [c0, c1, c2, c3]


def seed_bytes(seed: int | str) -> bytes:
    """The 32 bytes that a manifest's `seed` means: a number, or 64 hexadecimal digits."""
    if isinstance(seed, int):
        return seed.to_bytes(8, "little").ljust(32, b"\0")
    return bytes.fromhex(seed.removeprefix("0x"))


def _key(seed: bytes) -> tuple[int, int]:
    state = [np.zeros(1, np.uint64) for _ in range(4)]
    for half in np.frombuffer(seed, "<u4").astype(np.uint64).reshape(2, 4):
        state = _philox([one ^ word for one, word in zip(state, half, strict=True)], (_SHUFFLE, 0))
    return int(state[0][0]), int(state[1][0])


def epoch(seed: bytes, number: int, records: int) -> NDArray[np.int64]:
    """All records in the order of an epoch, counted from 0."""
    if records < 2:
        return np.zeros(records, np.int64)
    key = _key(seed)
    half = np.uint64(((records - 1).bit_length() + 1) // 2)
    mask = (np.uint64(1) << half) - np.uint64(1)
    places = np.arange(records, dtype=np.uint64)
    values, walking = places.copy(), np.ones(records, bool)
    for _ in range(_MAX_WALKS):
        left, right = values[walking] >> half, values[walking] & mask
        for turn in range(_ROUNDS):
            low, high = (np.full_like(right, part) for part in (number & 0xFFFF_FFFF, number >> 32))
            word = _philox([right & _LOW, np.full_like(right, turn), low, high], key)[0]
            left, right = right, left ^ (word & mask)
        values[walking] = (left << half) | right
        walking = values >= records
        if not walking.any():
            break
    return np.where(walking, places, values).astype(np.int64)


def task_batches(seed: bytes, records: int, batch: int) -> Iterator[Tensor]:
    """Indices of the batches of a task, without end."""
    rest, number = np.empty(0, np.int64), 0
    while True:
        while len(rest) < batch:
            rest, number = np.concatenate([rest, epoch(seed, number, records)]), number + 1
        yield torch.from_numpy(rest[:batch].copy())
        rest = rest[batch:]
