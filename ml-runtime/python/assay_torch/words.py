"""What is said to a person of shapes."""

from __future__ import annotations

from .shapes import Features, Image, Sequence, Shape, Tokens


def in_words(shape: Shape) -> str:
    """A shape, of one record."""
    match shape:
        case Features(features):
            return f"a vector of {features}"
        case Tokens(length):
            return f"{length} tokens"
        case Sequence(length, features):
            return f"{length} vectors of {features}"
        case Image(height, width, channels):
            return f"an image of {height} × {width} with {channels} channel{'s'[: channels - 1]}"
