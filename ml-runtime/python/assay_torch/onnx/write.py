"""A new folder with the manifest and the weights of an ONNX file."""

from __future__ import annotations

import dataclasses
import re
import shutil
import tempfile
from pathlib import Path

from safetensors.numpy import save_file

from ..back import write_names
from ..errors import ManifestError
from ..manifest import FORMATS, WANTED, Data, Field, Manifest
from ..shapes import Sequence, numbers_of
from . import Imported

MANIFEST, WEIGHTS = "task.toml", "weights.safetensors"

#: The field of labels, where there is no other manifest that names one.
LABEL = "label"
#: That of targets that are the input, where the model takes another scale of it.
TARGETS = "targets"

HEAD = """# Made from {file} by assay_torch. The sections task, data, loss and optimizer are a
# start: say there what your data is and how it is to be trained.
"""

#: Where there is no other manifest to take them from.
TASK = {"steps": 1000, "stride": 50, "batch": 32, "seed": 1}
RECORDS = 1024
ADAMW = {
    "kind": "adamw",
    "lr": 0.001,
    "beta1": 0.9,
    "beta2": 0.999,
    "eps": 1e-8,
    "weight_decay": 0.01,
    "decay": "matrices",
    "clip": 1.0,
}


def classes(found: Imported) -> int:
    """Logits of one record or position."""
    return numbers_of(found.output)[-1]


def fresh(found: Imported, name: str) -> Manifest:
    """A manifest around a model, whose records are the input, its mask if it has one, the label."""
    sizes = numbers_of(found.model.shape)
    width = 1
    for size in sizes:
        width *= size
    if found.vocab:
        kind = "token_u8" if found.vocab <= 256 else "token_u32"
    else:
        kind = "u8" if found.is_bytes else "f32"
    bytes_of = {name: int(re.sub(r"\D", "", code)) for name, code in FORMATS.items()}
    kind_of_label = "label_u8" if classes(found) <= 256 else "label_u32"
    labels = found.output.length if isinstance(found.output, Sequence) else 1
    start = width * bytes_of[kind]
    if found.model.input == LABEL:
        raise ManifestError(f"the field {LABEL!r} has the labels: give --input another name")
    fields = {found.model.input: Field(0, width, kind, found.scale, found.shift)}
    if found.model.mask is not None:
        if found.model.mask in (found.model.input, LABEL):
            raise ManifestError(
                f"the field {found.model.mask!r} is there already: give --mask another name"
            )
        fields[found.model.mask] = Field(start, sizes[0], "u8")
        start += sizes[0]
    fields[LABEL] = Field(start, labels, kind_of_label)
    data = Data(RECORDS, start + labels * bytes_of[kind_of_label], fields)
    loss = {"kind": "cross_entropy", "labels": LABEL}
    return Manifest({"name": name, **TASK}, data, found.model, loss, ADAMW)


def like(found: Imported, other: Manifest) -> Manifest:
    """The manifest `other` with this model."""
    if other.wanted in (found.model.input, found.model.mask) and other.loss["kind"] != "mse":
        name = other.wanted
        raise ManifestError(
            f"the field {name!r} has the labels: it is no input and no mask as well"
        )
    if found.softmax and other.loss["kind"] == "mse":
        raise ManifestError(
            f"the graph ends in {found.softmax}, a softmax, which the loss cross_entropy does, but "
            "mse does not: export the model without it"
        )
    field = other.data.fields[found.model.input]
    sizes = numbers_of(found.model.shape)
    width = 1
    for size in sizes:
        width *= size
    if field.width != width or field.format.startswith("token") != bool(found.vocab):
        raise ManifestError(
            f"the field {found.model.input} has {field.width} of {field.format}, but the model "
            f"takes {' × '.join(map(str, sizes))} {'tokens' if found.vocab else 'numbers'}"
        )
    _fits_mask(found, other)
    labels = other.data.fields[other.wanted].width
    wanted = found.output.length if isinstance(found.output, Sequence) else 1
    if other.loss["kind"] == "mse":
        wanted *= found.output.features
        if labels != wanted:
            raise ManifestError(f"the model makes {wanted} numbers, but a record has {labels}")
    elif labels != wanted:
        raise ManifestError(f"the model has logits for {wanted} labels, but a record has {labels}")
    scale, shift = field.scale * found.scale, field.shift * found.scale + found.shift
    fields = {**other.data.fields}
    fields[found.model.input] = dataclasses.replace(field, scale=scale, shift=shift)
    loss = other.loss
    if other.wanted == found.model.input and fields[found.model.input] != field:
        # The targets stay what they are.
        name = TARGETS
        while name in fields:
            name += "_"
        fields[name] = field
        loss = {**loss, WANTED[loss["kind"]]: name}
    data = dataclasses.replace(other.data, fields=fields)
    return dataclasses.replace(other, data=data, model=found.model, loss=loss)


def _fits_mask(found: Imported, other: Manifest) -> None:
    """Raises unless the field that marks padding, where the model has a mask, is there for it."""
    name, sizes = found.model.mask, numbers_of(found.model.shape)
    if name is None:
        return
    if name not in other.data.fields or name == found.model.input:
        raise ManifestError(
            f"the graph has a mask, but no field {name!r} of a record is one: say by --mask which "
            f"field marks padding, with {sizes[0]} numbers that are 0 there"
        )
    if other.data.fields[name].width != sizes[0]:
        width = other.data.fields[name].width
        raise ManifestError(
            f"the field {name} has {width} numbers; a mask has one for each of {sizes[0]} positions"
        )


def task_name(path: Path) -> str:
    """A name that a task may have."""
    return re.sub(r"[^a-z0-9_-]+", "-", path.stem.lower()).strip("-")[:64] or "onnx"


def write(
    found: Imported,
    file: Path,
    folder: Path,
    other: Manifest | None,
    names: Path | None = None,
) -> Manifest:
    """Writes `task.toml` and `weights.safetensors` into a folder that is new, or nothing at all.

    With `names`, this file (which may be in the folder) has the names of the parameters.
    """
    if folder.exists():
        raise ManifestError(f"{folder} is there already; name a new folder")
    made = fresh(found, task_name(file)) if other is None else like(found, other)
    text = made.to_toml()
    if Manifest.read(text) != made:
        raise ManifestError("the manifest does not read back; this is a bug")
    if other is None:
        text = HEAD.format(file=file.name) + text
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
        inner = Path(temporary, "made")
        inner.mkdir()
        inner.joinpath(MANIFEST).write_text(text, encoding="utf-8")
        save_file(found.tensors, str(inner / WEIGHTS))
        if names is not None:
            inside = names.resolve().is_relative_to(folder.resolve())
            place = inner / names.resolve().relative_to(folder.resolve()) if inside else names
            write_names(found.names, place)
        shutil.move(inner, folder)
    return made
