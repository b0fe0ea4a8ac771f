"""The few forms of TOML that a manifest needs, written."""

from __future__ import annotations

import json
from typing import Any


def value(data: Any) -> str:  # noqa: ANN401 - any TOML value
    """A value on one line."""
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, str):
        return json.dumps(data, ensure_ascii=False)
    if isinstance(data, dict):
        return "{ " + ", ".join(f"{key} = {value(one)}" for key, one in data.items()) + " }"
    if isinstance(data, list | tuple):
        return "[" + ", ".join(map(value, data)) + "]"
    if isinstance(data, int | float):
        return repr(data)
    raise TypeError(f"{type(data).__name__} has no form in TOML")


def table(name: str, entries: dict[str, Any], *, array: bool = False) -> str:
    """`[name]`, or `[[name]]` as an element of an array, and its entries."""
    head = f"[[{name}]]" if array else f"[{name}]"
    return "\n".join([head, *(f"{key} = {value(data)}" for key, data in entries.items())]) + "\n"
