"""Shapes of what flows between layers, for one record."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import ManifestError


@dataclass(frozen=True)
class Features:
    """A vector; a batch of them is `batch × features`."""

    features: int


@dataclass(frozen=True)
class Tokens:
    """Rows of an embedding's table; a batch is `batch × length`, `int64`."""

    length: int


@dataclass(frozen=True)
class Sequence:
    """Vectors, one per position; a batch is `batch × length × features`."""

    length: int
    features: int


@dataclass(frozen=True)
class Image:
    """Pixels; a batch is `batch × channels × height × width`, as torch has it."""

    height: int
    width: int
    channels: int

    def windows(self, kernel: Pair, stride: Pair, pad: Pair = (0, 0)) -> tuple[int, int]:
        """Rows and columns of windows that fit."""
        rows = (self.height + 2 * pad[0] - kernel[0]) // stride[0] + 1
        cols = (self.width + 2 * pad[1] - kernel[1]) // stride[1] + 1
        return rows, cols


Shape = Features | Tokens | Sequence | Image
Pair = tuple[int, int]


def input_shape(numbers: list[int], *, tokens: bool) -> Shape:
    """The shape that a manifest writes as a list of numbers; raises `ManifestError` for others."""
    match tokens, numbers:
        case True, [length]:
            return Tokens(length)
        case False, [features]:
            return Features(features)
        case False, [length, features]:
            return Sequence(length, features)
        case False, [height, width, channels]:
            return Image(height, width, channels)
    raise ManifestError(f"{numbers} is no shape of {'tokens' if tokens else 'numbers'}")


def numbers_of(shape: Shape) -> list[int]:
    """The inverse of `input_shape`."""
    match shape:
        case Features(n) | Tokens(n):
            return [n]
        case Sequence(length, features):
            return [length, features]
        case Image(height, width, channels):
            return [height, width, channels]
