"""Tensors of an ONNX file, in it or beside it, with sizes checked before they are read."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

#: Most bytes of one tensor: more than any parameter of a task may have.
MOST = 1 << 33

#: Bits of a number, where it is not a whole number of bytes as in numpy.
_PACKED = {
    TensorProto.INT4: 4,
    TensorProto.UINT4: 4,
    TensorProto.FLOAT4E2M1: 4,
}


def _size(tensor: TensorProto) -> int:
    """Bytes of the raw form of a tensor."""
    if any(dim < 0 for dim in tensor.dims):
        raise ValueError(f"it has the shape {list(tensor.dims)}")
    count = math.prod(tensor.dims)
    try:
        kind = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except KeyError as error:
        raise ValueError(f"type {tensor.data_type} of its numbers is unknown") from error
    size = (count * _PACKED.get(tensor.data_type, 8 * kind.itemsize) + 7) // 8
    if size > MOST:
        raise ValueError(f"it has {size} bytes, of the shape {list(tensor.dims)}; at most {MOST}")
    return size


def array_of(tensor: TensorProto) -> np.ndarray:
    """A tensor whose numbers are in the file."""
    if tensor.data_type == TensorProto.STRING:
        raise ValueError("it is text")
    size = _size(tensor)
    if tensor.HasField("raw_data"):
        if len(tensor.raw_data) != size:
            have = len(tensor.raw_data)
            raise ValueError(f"it has {have} bytes, but {list(tensor.dims)} numbers take {size}")
        return numpy_helper.to_array(tensor)
    count = math.prod(tensor.dims)
    field = helper.tensor_dtype_to_field(tensor.data_type)
    have = len(getattr(tensor, field))
    # Complex and packed numbers are no weights; for them the library is the judge.
    if have < count and tensor.data_type not in _PACKED:
        raise ValueError(f"it has {have} numbers, but its shape is {list(tensor.dims)}")
    return numpy_helper.to_array(tensor)


def inside(tensor: TensorProto, folder: Path) -> np.ndarray:
    """A tensor whose numbers are in a file in (never outside of) the model's folder."""
    about = {entry.key: entry.value for entry in tensor.external_data}
    location = about.get("location", "")
    path = (folder / location).resolve()
    if not location or not path.is_relative_to(folder.resolve()):
        raise ValueError(f"its data is in {location!r}, which is outside of the model's folder")
    if not path.is_file():
        raise ValueError(f"its data is in {location}, which is not beside the model")
    size = _size(tensor)
    start = int(about.get("offset", 0))
    given = int(about.get("length", size))
    if given != size or start < 0 or start + size > path.stat().st_size:
        end = path.stat().st_size
        raise ValueError(f"bytes {start} to {start + size} of {location} are wanted of {end}")
    with path.open("rb") as file:
        file.seek(start)
        content = file.read(size)
    whole = TensorProto(data_type=tensor.data_type, dims=tensor.dims, raw_data=content)
    return numpy_helper.to_array(whole)
