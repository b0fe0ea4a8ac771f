"""Modules of torch that are named as Python finds them: `package.module:name`."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType

from torch import nn

from .errors import InputError, in_line


def named(path: str) -> nn.Module:
    """What `package.module:name` is: a module of torch, or what a function makes.

    Looks into the present folder first. Raises `InputError` where there is no such thing, or where
    the code of the user fails.
    """
    where, _, name = path.partition(":")
    if not where or not name:
        usual = f"{where or 'package.module'}:{name or 'make'}"
        raise InputError(
            f"{path!r} does not say which module and which name in it: write it as {usual}"
        )
    found = _attribute(_imported(where), where, name)
    return found if isinstance(found, nn.Module) else _made(found, path)


def _imported(where: str) -> ModuleType:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{where}.".startswith(f"{error.name}."):
            raise InputError(f"{where} imports {error.name}, which is not installed") from error
        raise InputError(
            f"there is no module {where} in {Path.cwd()} or installed: name it with dots and "
            "without .py, and put its folder into PYTHONPATH"
        ) from error
    except Exception as error:
        raise InputError(f"{where} cannot be imported: {in_line(error)}{_place(error)}") from error


def _attribute(module: ModuleType, where: str, name: str) -> object:
    try:
        return getattr(module, name)
    except AttributeError as error:
        own = [
            known
            for known, value in vars(module).items()
            if isinstance(value, nn.Module) or getattr(value, "__module__", None) == where
        ]
        has = ", ".join(sorted(known for known in own if not known.startswith("_"))) or "nothing"
        raise InputError(f"{where} has no {name}; of its own it has {has}") from error


def _made(found: object, path: str) -> nn.Module:
    """What a function makes, or a class."""
    if not callable(found):
        kind = type(found).__name__
        raise InputError(f"{path} is a {kind}, and no module of torch or function that makes one")
    try:
        made = found()
    except Exception as error:
        raise InputError(f"{path} cannot be called: {in_line(error)}{_place(error)}") from error
    if not isinstance(made, nn.Module):
        raise InputError(f"{path} makes a {type(made).__name__}, and no module of torch")
    return made


def _place(error: Exception) -> str:
    """The last line of the user's own code that an error came by; libraries are not it."""
    places = [
        f" ({frame.filename}:{frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<", sys.prefix, sys.base_prefix, __file__))
    ]
    return places[-1] if places else ""
