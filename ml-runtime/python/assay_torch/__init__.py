"""PyTorch modules to task manifests and back, with the same names, shapes and numbers.

```python
import assay_torch

network = assay_torch.from_manifest("task.toml")     # nested torch.nn.Sequential
text = assay_torch.to_manifest(network, input=…, data=…, task=…, loss=…, optimizer=…)
```
"""

import importlib
from typing import TYPE_CHECKING

from .errors import InputError, ManifestError, Missing, OnnxError, Unsupported
from .layers import Layer, Lora, RopeScaling
from .manifest import Data, Field, Manifest, Model

if TYPE_CHECKING:
    from .bert import import_bert
    from .build import from_manifest
    from .checkpoint import Imported
    from .exporter import Exported, export, to_manifest
    from .llama import export_llama, import_llama
    from .modules import (
        GEGLU,
        Attention,
        LoRALinear,
        Masked,
        PixelLayerNorm,
        PixelRMSNorm,
        Pool,
        Position,
        Residual,
        SwiGLU,
        TiedLinear,
    )
    from .onnx import import_onnx
    from .records import load_masks, load_records, load_safetensors, save_safetensors
    from .training import Trainer, batches, cross_entropy

#: What needs PyTorch (or onnx), by the module that has it: loaded when it is first asked for.
_LATER = {
    "bert": ("import_bert",),
    "build": ("from_manifest",),
    "checkpoint": ("Imported",),
    "exporter": ("Exported", "export", "to_manifest"),
    "llama": ("export_llama", "import_llama"),
    "modules": (
        "Attention",
        "GEGLU",
        "LoRALinear",
        "Masked",
        "PixelLayerNorm",
        "PixelRMSNorm",
        "Pool",
        "Position",
        "Residual",
        "RopeScaling",
        "SwiGLU",
        "TiedLinear",
    ),
    "onnx": ("import_onnx",),
    "records": ("load_masks", "load_records", "load_safetensors", "save_safetensors"),
    "training": ("Trainer", "batches", "cross_entropy"),
}
_HOMES = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = found
    return found


__all__ = [
    "GEGLU",
    "Attention",
    "Data",
    "Exported",
    "Field",
    "Imported",
    "InputError",
    "Layer",
    "LoRALinear",
    "Lora",
    "Manifest",
    "ManifestError",
    "Masked",
    "Missing",
    "Model",
    "OnnxError",
    "PixelLayerNorm",
    "PixelRMSNorm",
    "Pool",
    "Position",
    "Residual",
    "RopeScaling",
    "SwiGLU",
    "TiedLinear",
    "Trainer",
    "Unsupported",
    "batches",
    "cross_entropy",
    "export",
    "export_llama",
    "from_manifest",
    "import_bert",
    "import_llama",
    "import_onnx",
    "load_masks",
    "load_records",
    "load_safetensors",
    "save_safetensors",
    "to_manifest",
]
