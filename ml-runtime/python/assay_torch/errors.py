"""What is refused, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class ManifestError(ValueError):
    """A manifest that says something that no manifest may say."""


class InputError(ValueError):
    """A file, or a name on the command line, that a command cannot work with."""


class OnnxError(ValueError):
    """A file that is no ONNX model, or a broken one."""


def in_line(error: BaseException) -> str:
    """What an error of somebody else says, on one line, with its kind."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


class Missing(NamedTuple):
    """One thing that cannot be said in a manifest."""

    path: str
    """Name of the module (or tensor, or key) within what was to be converted."""
    what: str
    """Its class or value."""
    reason: str
    """Why it cannot be converted, and where there is one, what to use instead."""


class Unsupported(ValueError):  # noqa: N818 - the name says it
    """Everything that kept a conversion from happening, not only the first thing."""

    def __init__(self, missing: Iterable[Missing]) -> None:
        self.missing = list(missing)
        lines = [f"  {one.path or '(root)'}: {one.what}: {one.reason}" for one in self.missing]
        super().__init__("\n".join([f"{len(lines)} not supported:", *lines]))
