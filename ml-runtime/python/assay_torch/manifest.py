"""Task manifests: TOML to objects and back."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import layers
from .errors import ManifestError, in_line
from .layers import Layer
from .shapes import Shape, input_shape, numbers_of
from .toml import table

COMPILER_VERSION = 1

#: numpy types of the formats of a field.
FORMATS = {
    "u8": "u1",
    "f32": "<f4",
    "label_u8": "u1",
    "label_u32": "<u4",
    "token_u8": "u1",
    "token_u32": "<u4",
}

#: Losses, with the key of the field that each compares with.
WANTED = {"cross_entropy": "labels", "mse": "targets"}

#: Formats of these fields.
WANTED_FORMATS = {"cross_entropy": ("label_u8", "label_u32"), "mse": ("u8", "f32")}

#: Keys that commands here use, of sections that are kept as they are.
NEEDED = {
    "task": ("steps", "batch", "seed"),
    "loss": ("kind",),
    "optimizer": ("kind", "lr"),
}


@dataclass(frozen=True)
class Field:
    """A part of a record."""

    offset: int
    """First byte."""
    width: int
    """Elements."""
    format: str
    """A key of `FORMATS`."""
    scale: float = 1.0
    """Numbers are `x · scale + shift`."""
    shift: float = 0.0


@dataclass(frozen=True)
class Data:
    """What the records of a data set look like."""

    records: int
    record_size: int
    """Bytes."""
    fields: dict[str, Field]


@dataclass(frozen=True)
class Model:
    """A network: the field that it is fed, its shape, the layers, and where padding is marked."""

    input: str
    shape: Shape
    layers: tuple[Layer, ...]
    mask: str | None = None
    """A field with a number per position of the sequence; those that are 0 are padding."""

    def to_toml(self) -> str:
        """`[model]` and everything below it."""
        head = {"input": self.input, "shape": numbers_of(self.shape)}
        if self.mask is not None:
            head["mask"] = self.mask
        head = table("model", head)
        return head + "".join("\n" + _layer("model.layer", one) for one in self.layers)


@dataclass(frozen=True)
class Manifest:
    """All that a task says."""

    task: dict[str, Any]
    """`name`, `steps`, `stride`, `batch`, `seed`."""
    data: Data
    model: Model
    loss: dict[str, Any]
    """`kind`, `labels` or `targets`, and `mask` where it has one of its own."""
    optimizer: dict[str, Any]
    """`kind` and the keys of that kind; `schedule` is a dictionary of its own."""
    compiler: int = field(default=COMPILER_VERSION)
    numerics: dict[str, Any] = field(default_factory=dict)
    """`forward`, `backward`: arithmetic of our products. PyTorch always computes with `f32`."""

    @property
    def wanted(self) -> str:
        """The field of labels, or of targets."""
        return self.loss[WANTED[self.loss["kind"]]]

    @staticmethod
    def read(source: str | Path) -> Manifest:
        """From a path, or from the text itself, which has more than one line."""
        is_text = isinstance(source, str) and "\n" in source
        where = "malformed manifest" if is_text else f"{source}: malformed manifest"
        try:
            text = source if is_text else Path(source).read_text(encoding="utf-8")
            return _manifest(tomllib.loads(text))
        except ManifestError:
            raise
        except KeyError as error:
            raise ManifestError(f"{where}: it has no {error.args[0]}") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise ManifestError(f"{where}: {in_line(error)}") from error

    def to_toml(self) -> str:
        """The text, which reads back as an equal manifest."""
        fields = {name: _field(value) for name, value in self.data.fields.items()}
        sizes = {"records": self.data.records, "record_size": self.data.record_size}
        optimizer = dict(self.optimizer)
        schedule = optimizer.pop("schedule", None)
        parts = [
            f"compiler = {self.compiler}\n",
            table("task", self.task),
            table("data", sizes),
            table("data.fields", fields),
            self.model.to_toml(),
            *([table("numerics", self.numerics)] if self.numerics else []),
            table("loss", self.loss),
            table("optimizer", optimizer),
        ]
        if schedule:
            parts.append(table("optimizer.schedule", schedule))
        return "\n".join(parts)


def _manifest(raw: dict[str, Any]) -> Manifest:
    if raw["compiler"] != COMPILER_VERSION:
        raise ManifestError(f"compiler {raw['compiler']} is not {COMPILER_VERSION}")
    known = {"compiler", "task", "data", "model", "numerics", "loss", "optimizer"}
    unknown = raw.keys() - known
    if unknown:
        raise ManifestError(f"unknown sections: {', '.join(sorted(unknown))}")
    for section, keys in NEEDED.items():
        _require(raw, section, keys)
    data = data_section(raw["data"])
    model = raw["model"]
    source = _named(data, model["input"])
    shape = input_shape(list(model["shape"]), tokens=source.format.startswith("token"))
    kind = raw["loss"]["kind"]
    if kind not in WANTED:
        raise ManifestError(f"there is no loss {kind!r}; known: {', '.join(WANTED)}")
    _require(raw, "loss", (WANTED[kind],))
    name, formats = raw["loss"][WANTED[kind]], WANTED_FORMATS[kind]
    if (found := _named(data, name).format) not in formats:
        raise ManifestError(
            f"the field {name} has {found}; {WANTED[kind]} have {' or '.join(formats)}"
        )
    for mask in (model.get("mask"), raw["loss"].get("mask")):
        if mask is not None:
            _named(data, mask)
    stack = tuple(layers.parse(one) for one in model["layer"])
    network = Model(model["input"], shape, stack, model.get("mask"))
    return Manifest(
        raw["task"],
        data,
        network,
        raw["loss"],
        raw["optimizer"],
        raw["compiler"],
        raw.get("numerics", {}),
    )


def _require(raw: dict[str, Any], section: str, keys: tuple[str, ...]) -> None:
    lost = [key for key in keys if key not in raw[section]]
    if lost:
        raise ManifestError(f"[{section}] needs {', '.join(lost)}")


def data_section(raw: dict[str, Any]) -> Data:
    """`[data]` as TOML has it."""
    fields = {name: Field(**value) for name, value in raw["fields"].items()}
    for name, found in fields.items():
        if found.format not in FORMATS:
            raise ManifestError(f"field {name} has the unknown format {found.format!r}")
    return Data(raw["records"], raw["record_size"], fields)


def _named(data: Data, name: str) -> Field:
    if name not in data.fields:
        raise ManifestError(f"there is no field {name!r}")
    return data.fields[name]


def _field(value: Field) -> dict[str, Any]:
    written = {"offset": value.offset, "width": value.width, "format": value.format}
    if value.scale != 1.0:
        written["scale"] = value.scale
    if value.shift != 0.0:
        written["shift"] = value.shift
    return written


def _layer(path: str, one: Layer) -> str:
    """`[[path]]`: what differs from the defaults, then the lists inside."""
    written: dict[str, Any] = {"kind": one.kind}
    defaults = layers.KINDS[one.kind]
    for key, value in one.options.items():
        usual = defaults[key] if defaults[key] is not None else None
        if key == "stride" and usual is None:
            usual = one["kernel"]
        if value != usual:
            written[key] = _plain(value)
    if one.frozen:
        written["frozen"] = True
    if one.std is not None:
        written["std"] = one.std
    text = table(path, written, array=True)
    text += "".join("\n" + _layer(f"{path}.layer", inner) for inner in one.layers)
    return text + "".join("\n" + _layer(f"{path}.skip", inner) for inner in one.skip)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a key holds
    if isinstance(value, layers.RopeScaling):
        return value.entries()
    if isinstance(value, layers.Lora):
        return {"rank": value.rank, "alpha": value.alpha}
    if isinstance(value, tuple):
        return value[0] if value[0] == value[1] else list(value)
    return value
